"""The figures of the demonstration counted a second time: plain Python over the list of what was done.

Nothing of the services is imported. Organisations come from the CSV files and the demonstration's own list, plan,
scopes and targets from the YAML of the plan pack, answers from the acts.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

DATA = Path(__file__).parents[2] / "data"
TOP = "360000"
REPORTED, CONFIRMED = "reported", "confirmed"

Answer = Mapping[str, Any]


class Fact(NamedTuple):
    """What is reported once: by whom, about what."""

    organisation: str
    indicator: str
    subject: str | None


@dataclass(frozen=True)
class Unit:
    """An organisation as the files describe it."""

    code: str
    level: str
    kind: str
    parent: str | None
    tier: str | None = None
    ownership: str | None = None
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Count:
    """A figure: sums, how many gave a value and how many of them say yes."""

    units: int = 0
    value: Fraction = Fraction(0)
    numerator: Fraction = Fraction(0)
    denominator: Fraction = Fraction(0)
    yes: int = 0


@dataclass
class Said:
    """The answer that counts as reported and the one that is confirmed."""

    reported: Answer | None = None
    confirmed: Answer | None = None

    def of(self, series: str) -> Answer | None:
        """One of the two."""
        return self.reported if series == REPORTED else self.confirmed


def what_stands(acts: Iterable[Mapping[str, Any]]) -> dict[Fact, Said]:
    """The state after all acts: a return takes the reported answer back to the confirmed one; the top confirms."""
    found: dict[Fact, Said] = {}
    for act in acts:
        said = found.setdefault(Fact(act["organisation"], act["indicator"], act["subject"]), Said())
        match act["verb"]:
            case "submitted" | "resubmitted" | "corrected":
                said.reported = act["answer"]
            case "returned":
                said.reported = said.confirmed
            case "approved" if act["office"] == TOP:
                said.reported = said.confirmed = act["answer"]
    return found


@dataclass
class Pack:
    """The plan as written."""

    scopes: dict[str, Any] = field(default_factory=dict)
    indicators: dict[str, Any] = field(default_factory=dict)
    targets: dict[str, Any] = field(default_factory=dict)
    subjects: dict[str, Any] = field(default_factory=dict)


@cache
def read_pack(plan: str) -> Pack:
    """The YAML files of a plan, by code."""
    pack = Pack()
    for file in sorted((DATA / "plans" / plan).glob("*.yaml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        for kind in ("scopes", "indicators", "targets", "subjects"):
            getattr(pack, kind).update({entry["code"]: entry for entry in content.get(kind, [])})
    return pack


@cache
def unrated_are_left_out() -> bool:
    """Whether the settings leave units without a level out of a mean."""
    settings = yaml.safe_load((DATA / "settings.yaml").read_text(encoding="utf-8"))["settings"]
    chosen = {setting["code"]: setting["value"] for setting in settings}
    return bool(chosen["unrated-level-counts-as"] == "excluded")


def read_units(made: Iterable[Mapping[str, Any]]) -> dict[str, Unit]:
    """The organisations of the files, and those the demonstration has made."""
    found = {}
    for file in sorted((DATA / "organisations").glob("*.csv")):
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if "level" in row]
        for row in rows:
            tags = frozenset(tag for tag in row["tags"].split(",") if tag)
            place = (row["level"], row["kind"], row["parent"] or None)
            found[row["code"]] = Unit(row["code"], *place, row["tier"] or None, row["ownership"] or None, tags)
    for new in made:
        tier = str(new["tier"]) if new["tier"] else None
        found[new["code"]] = Unit(
            new["code"], new["level"], new["kind"], new["parent"], tier, new["ownership"], frozenset(new["tags"])
        )
    return found


@dataclass(frozen=True)
class Recount:
    """Everything needed to count a figure of any area."""

    units: Mapping[str, Unit]
    pack: Pack
    said: Mapping[Fact, Said]

    def above(self, code: str) -> Iterator[str]:
        """The organisation and everything above it."""
        at: str | None = code
        while at is not None:
            yield at
            at = self.units[at].parent

    def members(self, scope: str, area: str) -> list[tuple[str, str | None]]:
        """The units (and subjects) of an area that a scope counts."""
        written = self.pack.scopes[scope]
        if written.get("subjects"):
            pairs = [(self.pack.subjects[code]["owner"], code) for code in written["subjects"]]
        else:
            pairs = [(unit.code, None) for unit in self.units.values() if self.counts(written, unit)]
        return [(unit, subject) for unit, subject in pairs if area in self.above(unit)]

    def counts(self, scope: Mapping[str, Any], unit: Unit) -> bool:
        """Whether a unit is in a scope: every condition given must hold."""
        where = scope["where"]
        if unit.kind == "functional_zone" and not scope.get("zones"):
            return False
        if unit.kind == "department" and "department" not in where.get("kinds", []):
            return False
        return (
            _among(unit.level, where.get("levels"))
            and _among(unit.kind, where.get("kinds"))
            and _among(unit.code, where.get("organisations"))
            and _among(unit.tier, [str(tier) for tier in where.get("tiers", [])])
            and _among(unit.ownership, where.get("ownership"))
            and unit.tags.issuperset(where.get("tags", []))
            and not where.get("facts")
            and self._below(unit, where.get("ancestor"))
        )

    def _below(self, unit: Unit, ancestor: Mapping[str, Any] | None) -> bool:
        """Whether a unit lies below an ancestor of a level; conditions on its facts hold nowhere here."""
        if ancestor is None:
            return True
        above = [self.units[code] for code in list(self.above(unit.code))[1:]]
        return any(
            each.level == ancestor["level"]
            and each.tags.issuperset(ancestor.get("tags", []))
            and not ancestor.get("facts")
            for each in above
        )

    def answers(self, indicator: str, scope: str, area: str, series: str) -> list[Answer]:
        """What the units of an area that a scope counts have said."""
        stand = (self.said.get(Fact(unit, indicator, of)) for unit, of in self.members(scope, area))
        return [answer for said in stand if said and (answer := said.of(series)) is not None]

    def figure(self, indicator: str, scope: str, area: str, series: str) -> Count:
        """A figure of an area."""
        given = self.answers(indicator, scope, area, series)
        return Count(
            len(given),
            sum((self._value(indicator, answer) for answer in given), Fraction(0)),
            sum((Fraction(answer.get("numerator", 0)) for answer in given), Fraction(0)),
            sum((Fraction(answer.get("denominator", 0)) for answer in given), Fraction(0)),
            sum(answer.get("complies") is True for answer in given),
        )

    def _value(self, indicator: str, answer: Answer) -> Fraction:
        stages = [stage["code"] for stage in self.pack.indicators[indicator].get("stages", [])]
        if answer.get("stage"):
            return Fraction(stages.index(answer["stage"]) + 1)
        return Fraction(answer.get("value") or answer.get("level") or 0)

    def complying(self, target: Mapping[str, Any], area: str, series: str) -> int:
        """How many units of an area comply with a target that counts them."""
        given = self.answers(target["indicator"], target["scope"], area, series)
        return sum(self._complies(target, answer) for answer in given)

    def _complies(self, target: Mapping[str, Any], answer: Answer) -> bool:
        threshold = target.get("unit_threshold") or {}
        stages = [stage["code"] for stage in self.pack.indicators[target["indicator"]].get("stages", [])]
        asked = threshold.get("stage") or target.get("stage")
        if asked:
            return stages.index(answer["stage"]) >= stages.index(asked)
        if "value" not in threshold:
            return answer.get("complies") is True
        if "numerator" in answer:
            return Fraction(answer["numerator"]) * 100 >= Fraction(threshold["value"]) * Fraction(answer["denominator"])
        return self._value(target["indicator"], answer) >= Fraction(threshold["value"])

    def reached(self, target: Mapping[str, Any], area: str, series: str) -> Fraction | None:
        """What a target is judged on; None where nobody has given a value."""
        base = len(self.members(target["scope"], area))
        count = self.figure(target["indicator"], target["scope"], area, series)
        if not count.units or not base:
            return None
        match target["measure"], target.get("as", "number"):
            case "units", "percent":
                return Fraction(100 * self.complying(target, area, series), base)
            case "units", _:
                return Fraction(self.complying(target, area, series))
            case "mean", _:
                return count.value / (count.units if unrated_are_left_out() else base)
            case "ratio", how:
                return count.numerator / count.denominator * (100 if how == "percent" else 1)
            case _:
                return count.value


def _among(value: str | None, wanted: Iterable[str] | None) -> bool:
    allowed = list(wanted or ())
    return not allowed or value in allowed
