"""Figures counted anew, by other means: from the rows of versions and from what this world knows of its units.

Plain Python over dates and decimals. Nothing here is taken from the service: not its rules, not its directory, not its
sums. `Books` is told of every change of organisations and plans that is sent to the service, and counts for itself.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from contracts.feed import Entity
from contracts.organisations import OrganisationEntity
from tests.integration.progress.world import World

Plain = Mapping[str, Any]
_VERSIONS = """
    SELECT o.code AS unit, s.subject, s.indicator, s.period, s.state, s.version AS head, s.in_force_version AS in_force,
           v.version, v.answer, v.judgement
    FROM progress.submission s JOIN progress.submission_version v ON v.submission = s.id
    JOIN progress.organisation o ON o.id = s.organisation
"""
_SUMS = """
    SELECT area, indicator, scope, rule, series, ends_on, sum(complying) AS complying, sum(units) AS units,
           sum(value) AS value FROM (
        SELECT area, indicator, scope, rule, series, ends_on, complying, units, value FROM progress.figure
        UNION ALL
        SELECT area, indicator, scope, rule, series, ends_on, complying, units, value
        FROM progress.figure_delta WHERE NOT folded) AS parts
    GROUP BY area, indicator, scope, rule, series, ends_on
"""


def span(period: str) -> tuple[date, date]:
    """First and last day of a period."""
    year, part = int(period[:4]), period[5:]
    if not part:
        return date(year, 1, 1), date(year, 12, 31)
    kind, length = part[0], {"Q": 3, "S": 6}.get(part[0], 1)
    first = int(part) if kind.isdigit() else (int(part[1]) - 1) * length + 1
    last = first + length - 1
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


@dataclass(frozen=True)
class Said:
    """What one unit has said for one period: what counts as reported, and as confirmed."""

    ends_on: date
    reported: Plain | None
    confirmed: Plain | None


@dataclass
class Books:
    """What this world knows: its units, indicators, scopes and targets, as they were sent."""

    units: dict[str, OrganisationEntity] = field(default_factory=dict)
    entries: dict[tuple[str, str], Plain] = field(default_factory=dict)
    codes: dict[Any, str] = field(default_factory=dict)

    def learn(self, organisations: Iterable[OrganisationEntity] = (), entries: Iterable[Entity] = ()) -> None:
        """Take note of what is sent to the service."""
        for unit in organisations:
            self.units[unit.code] = unit
            self.codes[unit.id] = unit.code
        for entry in entries:
            if entry.body is None:
                self.entries.pop((entry.kind, entry.key), None)
            else:
                self.entries[entry.kind, entry.key] = entry.body

    def of(self, kind: str) -> dict[str, Plain]:
        """Everything of a kind, by code."""
        return {key: body for (what, key), body in self.entries.items() if what == kind}

    def questions(self) -> list[tuple[str, str]]:
        """Every pair of indicator and scope that a published target names."""
        return sorted({(t["indicator"], t["scope"]) for t in self.of("target").values() if t["published"]})

    # --- where a unit stands, and what counts it ---

    def lives(self, code: str, on: date) -> bool:
        """Whether a unit exists on a day."""
        unit = self.units[code]
        return unit.valid_from <= on and (unit.valid_to is None or on < unit.valid_to)

    def place(self, code: str, on: date) -> tuple[str | None, str | None]:
        """Its manager and its division on a day."""
        for place in self.units[code].placements:
            if place.valid_from <= on and (place.valid_to is None or on < place.valid_to):
                return self.codes.get(place.parent), self.codes.get(place.division)
        return None, None

    def managers(self, code: str, on: date) -> list[str]:
        """Those who manage it, the nearest first."""
        found = []
        above, _ = self.place(code, on)
        while above is not None:
            found.append(above)
            above, _ = self.place(above, on)
        return found

    def grounds(self, code: str, on: date) -> list[str]:
        """The areas it stands in, the nearest first."""
        found = []
        while True:
            parent, division = self.place(code, on)
            above = division if division not in (None, code) else parent
            if above is None:
                return found
            found.append(above)
            code = above

    def areas(self, code: str, on: date) -> set[str]:
        """Everything it counts in: itself, the areas it stands in, and the zones that manage it."""
        if not self.lives(code, on):
            return set()
        zones = {one for one in self.managers(code, on) if self.units[one].kind.value == "functional_zone"}
        return {code, *self.grounds(code, on), *zones}

    def fact(self, code: str, name: str, on: date) -> str | None:
        """A fact in force on a day."""
        known = [(fact.on, fact.value) for fact in self.units[code].facts if fact.fact == name and fact.on <= on]
        return max(known)[1] if known else None

    def members(self, scope: str, on: date) -> list[tuple[str, str]]:
        """Units (and subjects) that certainly count in a scope on a day."""
        body = self.of("scope")[scope]
        if body.get("subjects"):
            known = self.of("subject")
            return sorted((known[code]["owner"], code) for code in body["subjects"])
        living = (code for code in self.units if self.lives(code, on))
        return sorted((code, "") for code in living if self._counts(code, body, on))

    def _counts(self, code: str, scope: Plain, on: date) -> bool:
        unit, where = self.units[code], scope["where"]
        if where.get("levels") and unit.level.value not in where["levels"]:
            return False
        if unit.kind.value == "functional_zone":
            kind_fits = bool(scope.get("zones"))
        elif where.get("kinds"):
            kind_fits = unit.kind.value in where["kinds"]
        else:
            kind_fits = unit.kind.value != "department" and (unit.level.value == "institution") == (
                unit.kind.value != "division"
            )
        owned = not where.get("ownership") or self.fact(code, "ownership", on) in where["ownership"]
        return kind_fits and owned and self._facts_hold(code, where, on) and self._ancestor_holds(code, where, on)

    def _facts_hold(self, code: str, where: Plain, on: date) -> bool:
        for bound in where.get("facts", ()):
            known = self.fact(code, bound["fact"], on)
            if known is None or not Decimal(bound.get("at_least", 0)) <= Decimal(known) < Decimal(
                bound.get("below", "1e30")
            ):
                return False
        return True

    def _ancestor_holds(self, code: str, where: Plain, on: date) -> bool:
        asked = where.get("ancestor")
        if asked is None:
            return True
        above = [one for one in self.grounds(code, on) if self.units[one].level.value == asked["level"]]
        return bool(above) and self._facts_hold(above[0], asked, on)

    # --- figures ---

    def figure(self, said: Mapping[tuple[str, str, str], Sequence[Said]], area: str, question: tuple[str, str],
               period: str) -> dict[str, Any]:  # fmt: skip
        """One figure as the API shows it."""
        indicator, scope = question
        flow = self.of("indicator")[indicator].get("nature") == "flow"
        start, on = span(period)
        since = start if flow else date.min
        members = [m for m in self.members(scope, on) if area in self.areas(m[0], on)]
        own = [one for unit, subject in members for one in said.get((unit, subject, indicator), ())]
        found: dict[str, Any] = {
            "reported": self.value(said, area, question, "reported", since, on),
            "confirmed": self.value(said, area, question, "confirmed", since, on),
            "year_to_date": None,
            "plan_to_date": None,
        }
        if flow:
            found["year_to_date"] = self.value(said, area, question, "confirmed", date(on.year, 1, 1), on)
            found["plan_to_date"] = self.value(said, area, question, "confirmed", date(2023, 1, 1), on)
        silent = [
            (unit, subject) for unit, subject in members
            if not any(since <= one.ends_on <= on for one in said.get((unit, subject, indicator), ()))
        ]  # fmt: skip
        assert flow or len(members) - len(silent) <= len(own)
        names = [f"单位{unit}" + (f" · {subject}" if subject else "") for unit, subject in silent]
        return found | {"in_scope": len(members), "missing": names}

    def value(self, said: Mapping[tuple[str, str, str], Sequence[Said]], area: str, question: tuple[str, str],
              series: str, since: date, on: date) -> dict[str, Any]:  # fmt: skip
        """One series: what all units in scope have said, added up, each as of the last day of its period."""
        counted = list(self.counted(said, area, question, series, since, on))
        given = [answer for _, _, answer in counted if not answer.get("not_applicable")]
        kind = self.of("indicator")[question[0]]
        top = sum((Decimal(a.get("numerator", 0)) for a in given), Decimal(0))
        bottom = sum((Decimal(a.get("denominator", 0)) for a in given), Decimal(0))
        total: Decimal | None = sum((_number(kind, a) for a in given), Decimal(0))
        if kind["value"] == "ratio":
            total = (top * 100 / bottom).quantize(Decimal("0.0001")) if bottom else None
        elif kind["value"] == "judged" and not total:
            total = None
        ratio = kind["value"] == "ratio" and given
        return {
            "value": total if given else None,
            "numerator": top if ratio else None,
            "denominator": bottom if ratio else None,
            "units": len(given),
            "complying": sum(_complies(kind, answer) for answer in given),
            "excluded": len(counted) - len(given),
        }

    def counted(self, said: Mapping[tuple[str, str, str], Sequence[Said]], area: str, question: tuple[str, str],
                series: str, since: date, on: date) -> Iterable[tuple[str, date, Plain]]:  # fmt: skip
        """Every answer that counts, with its unit and the day as of which it counts."""
        indicator, scope = question
        flow = self.of("indicator")[indicator].get("nature") == "flow"
        for (unit, subject, asked), history in said.items():
            if asked != indicator:
                continue
            answers = {one.ends_on: getattr(one, series) for one in history if since <= one.ends_on <= on}
            days = sorted(day for day, answer in answers.items() if answer is not None)
            for day in days if flow else days[-1:]:
                as_of = day if flow else on
                if area in self.areas(unit, as_of) and (unit, subject) in self.members(scope, as_of):
                    yield unit, as_of, answers[day]


def _number(kind: Plain, answer: Plain) -> Decimal:
    match kind["value"]:
        case "number":
            return Decimal(answer["value"])
        case "level":
            return Decimal(answer["level"])
        case "yes_no":
            return Decimal(answer["complies"] is True)
        case "stage":
            return Decimal([stage["code"] for stage in kind["stages"]].index(answer["stage"]) + 1)
        case "judged":
            return Decimal({None: 0, "not_met": 1, "partly": 2, "met": 3}[answer["judgement"]])
    return Decimal(0)


def _complies(kind: Plain, answer: Plain) -> bool:
    if kind["value"] == "yes_no":
        return answer.get("complies") is True
    return kind["value"] == "judged" and answer["judgement"] == "met"


async def told(world: World) -> dict[tuple[str, str, str], list[Said]]:
    """What the rows of versions say, unit by unit."""
    found: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for row in await world.rows(_VERSIONS):
        one = found.setdefault((row.unit, row.subject, row.indicator, row.period), {})
        answer = {**row.answer, "judgement": row.judgement}
        if row.version == row.in_force:
            one["confirmed"] = answer
        counts = row.head if row.state in ("submitted", "approved") else row.in_force
        if row.version == counts:
            one["reported"] = answer
    books: dict[tuple[str, str, str], list[Said]] = {}
    for (unit, subject, indicator, period), one in found.items():
        if one:
            said = Said(span(period)[1], one.get("reported"), one.get("confirmed"))
            books.setdefault((unit, subject, indicator), []).append(said)
    return books


def _shown(part: Plain | None, excluded: int | None = None) -> dict[str, Any] | None:
    if part is None:
        return None
    numbers = {name: None if part[name] is None else Decimal(part[name]) for name in ("value", "numerator", "denominator")}
    return {**numbers, "units": part["units"], "complying": part["complying"], "excluded": excluded}


async def check_figures(
    world: World,
    books: Books,
    areas: Sequence[str],
    periods: Sequence[str],
    questions: Sequence[tuple[str, str]] | None = None,
) -> int:
    """Every area × indicator × scope × period of the API against the count made here; how many were not empty."""
    said = await told(world)
    full = 0
    for area in areas:
        for question in books.questions() if questions is None else questions:
            params = {"organisation": area, "indicator": question[0], "scope": question[1], "period": list(periods)}
            items = (await world.read("viewer-P", "/figures/series", **params))["items"]
            assert [item["period"] for item in items] == list(periods)
            for item in items:
                slow = books.figure(said, area, question, item["period"])
                units = item["units"]
                # the number of those to whom it does not apply is shown with the units, in both series
                shown: dict[str, Any] = {
                    "reported": _shown(item["reported"], units["reported"] - item["reported"]["units"]),
                    "confirmed": _shown(item["confirmed"], units["confirmed"] - item["confirmed"]["units"]),
                    "year_to_date": _shown(item["year_to_date"]),
                    "plan_to_date": _shown(item["plan_to_date"]),
                    "in_scope": units["in_scope"],
                    "missing": units["missing"],
                }
                for name in ("year_to_date", "plan_to_date"):
                    slow[name] = slow[name] and {**slow[name], "excluded": None}
                assert shown == slow, (area, question, item["period"])
                assert units["not_applicable"] == slow["confirmed"]["excluded"]
                full += item["reported"]["units"] > 0 or item["confirmed"]["units"] > 0
    return full


async def check_rules(world: World, books: Books, periods: Sequence[str]) -> None:
    """Units that comply by the rule of a target, in the sums themselves, against the count made here."""
    said = await told(world)
    ids = {unit.id: code for code, unit in books.units.items()}
    rows = await world.rows(_SUMS)
    areas = [code for code, unit in books.units.items() if unit.kind.value in ("division", "functional_zone")]
    for code, body in books.of("target").items():
        rule = _rule(books, body)
        if rule is None or not body["published"]:
            continue
        question = (body["indicator"], body["scope"])
        for period in periods:
            on = span(period)[1]
            for series in ("reported", "confirmed"):
                kept = dict.fromkeys(areas, 0)
                for row in rows:
                    key = (row.indicator, row.scope, row.rule, row.series)
                    if key == (*question, code, series) and row.ends_on <= on:
                        kept[ids[row.area]] += row.complying
                slow = {
                    area: sum(
                        rule(unit, answer, as_of)
                        for unit, as_of, answer in books.counted(said, area, question, series, date.min, on)
                        if not answer.get("not_applicable")
                    )
                    for area in areas
                }
                assert kept == slow, (code, period, series)


def _rule(books: Books, target: Plain) -> Any:
    threshold = target.get("unit_threshold")
    if target["measure"] == "own" and target.get("stage"):
        order = [stage["code"] for stage in books.of("indicator")[target["indicator"]]["stages"]]
        return lambda unit, answer, on: order.index(answer["stage"]) >= order.index(target["stage"])
    if not threshold:
        return None
    if threshold.get("tiers"):
        small, large = threshold["tiers"]

        def by_tier(unit: str, answer: Plain, on: date) -> bool:
            people = books.fact(unit, threshold["fact"], on)
            if people is None:
                return False
            asked = small if Decimal(people) < Decimal(small["below"]) else large
            return Decimal(answer["value"]) >= Decimal(asked["value"])

        return by_tier
    share = Decimal(threshold["value"])
    return lambda unit, answer, on: Decimal(answer["numerator"]) * 100 >= share * Decimal(answer["denominator"])
