"""Who may stand where: levels, territory, cycles and the spelling of facts."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from contracts.base import NUMBER
from contracts.vocabularies import Kind, Level, Ownership
from kernel.errors import Said

_RANK = {Level.PROVINCE: 0, Level.CITY: 1, Level.COUNTY: 2, Level.INSTITUTION: 3}
_AREAS = {Kind.DIVISION, Kind.FUNCTIONAL_ZONE, Kind.DEPARTMENT}
_WITHOUT_TERRITORY = {Kind.FUNCTIONAL_ZONE, Kind.DEPARTMENT}
_PARENTS = {
    Kind.DIVISION: {Kind.DIVISION},
    Kind.FUNCTIONAL_ZONE: {Kind.DIVISION},
    Kind.DEPARTMENT: {Kind.DIVISION, Kind.FUNCTIONAL_ZONE},
}
_TAGS = re.compile(r"[,;，；、\s]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an organisation stands, all by code."""

    code: str
    level: Level
    kind: Kind
    parent: str | None
    division: str | None

    @classmethod
    def of(cls, code: str, level: str, kind: str, parent: str | None, division: str | None) -> "Place":
        """A place from stored words."""
        return cls(code, Level(level), Kind(kind), parent, division)


class Fault(NamedTuple):
    """What is wrong with one field of an organisation; `unknown` is a code that nothing bears."""

    field: str
    code: str
    said: Said
    unknown: str | None = None


UNKNOWN = "unknown-reference"
_MISSING_PARENT = Said(
    "除省级行政区划外，都须指明上级（parent）。", "everything but a province has a parent; give its code"
)
_UNKNOWN_PARENT = Said("上级（parent）代码不存在。", "no organisation has the code given as parent")
_CYCLE = Said("上下级关系成环。", "the chain of parents leads back to the organisation itself")
_INVERTED = Said("上级的级别低于本单位。", "the parent's level is below the organisation's own")
_SAME_LEVEL = Said("行政区划的上级须为更高一级的行政区划。", "a division's parent must be a division of a higher level")
_WRONG_PARENT = Said(
    "此类组织不能隶属于该上级：部门隶属于政府，功能区与区划隶属于区划。",
    "it cannot belong there: departments hang under a government, zones and divisions under a division",
)
_LEVEL_KIND = Said(
    "级别与类别不符：机构类别用 institution，区划、功能区和部门不用。",
    "level and kind do not fit: institution is the level of institutions only",
)
_NO_TERRITORY = Said(
    "功能区和部门没有辖区，division 须留空。", "zones and departments own no territory; leave division empty"
)
_NOT_ITSELF = Said("行政区划的 division 就是它自己。", "the division of a division is itself")
_MISSING_DIVISION = Said(
    "请指明所在区划（division）：无法由上级推出。",
    "give the division where it stands; it does not follow from the parent",
)
_UNKNOWN_DIVISION = Said("所在区划（division）代码不存在。", "no organisation has the code given as division")
_NOT_A_DIVISION = Said("division 所指不是行政区划。", "the code given as division is not that of a division")


def settled(place: Place, known: Mapping[str, Place]) -> Place:
    """The place with its division filled in where none is given: its own, or that of the nearest parent.

    Nothing follows from a zone or a department, which own no territory.
    """
    if place.division is not None or place.kind in _WITHOUT_TERRITORY:
        return place
    above, seen = place, set[str]()
    while above.kind is not Kind.DIVISION and above.division is None:
        seen.add(above.code)
        parent = known.get(above.parent or "")
        if parent is None or parent.code in seen or parent.kind in _WITHOUT_TERRITORY:
            return place
        above = parent
    return replace(place, division=above.division or above.code)


def faults(place: Place, known: Mapping[str, Place]) -> list[Fault]:
    """What is wrong with where an organisation stands; `known` has everything it may refer to, itself included."""
    found = [*_level_faults(place), *_parent_faults(place, known), *_division_faults(place, known)]
    return found


def _level_faults(place: Place) -> Iterable[Fault]:
    if (place.level is Level.INSTITUTION) == (place.kind in _AREAS):
        yield Fault("level", "level-and-kind", _LEVEL_KIND)


def _parent_faults(place: Place, known: Mapping[str, Place]) -> Iterable[Fault]:
    if place.parent is None:
        if place.level is not Level.PROVINCE or place.kind is not Kind.DIVISION:
            yield Fault("parent", "parent-missing", _MISSING_PARENT)
        return
    parent = known.get(place.parent)
    if place.parent == place.code:
        yield Fault("parent", "cycle", _CYCLE)
    elif parent is None:
        yield Fault("parent", UNKNOWN, _UNKNOWN_PARENT, place.parent)
    elif _RANK[parent.level] > _RANK[place.level]:
        yield Fault("parent", "level-inversion", _INVERTED)
    elif parent.kind not in _PARENTS.get(place.kind, set(Kind)):
        yield Fault("parent", "wrong-parent", _WRONG_PARENT)
    elif place.kind is Kind.DIVISION and parent.level is place.level:
        yield Fault("parent", "level-inversion", _SAME_LEVEL)


def _division_faults(place: Place, known: Mapping[str, Place]) -> Iterable[Fault]:
    if place.kind in _WITHOUT_TERRITORY:
        if place.division is not None:
            yield Fault("division", "division-not-allowed", _NO_TERRITORY)
    elif place.kind is Kind.DIVISION:
        if place.division not in (None, place.code):
            yield Fault("division", "division-not-itself", _NOT_ITSELF)
    elif place.division is None:
        # An unknown parent has been named already; what does not follow from it is no second fault.
        if place.parent in known:
            yield Fault("division", "division-missing", _MISSING_DIVISION)
    elif place.division not in known:
        yield Fault("division", UNKNOWN, _UNKNOWN_DIVISION, place.division)
    elif known[place.division].kind is not Kind.DIVISION:
        yield Fault("division", "not-a-division", _NOT_A_DIVISION)


def in_cycles(parents: Mapping[str, str | None]) -> set[str]:
    """The codes whose chain of parents comes back to them."""
    sound, looping = set[str](), set[str]()
    for start in parents:
        path, at = dict[str, None](), start
        while at in parents and at not in sound and at not in looping and at not in path:
            path[at] = None
            at = parents[at] or ""
        if at in path:
            walked = list(path)
            looping.update(walked[walked.index(at) :])
        sound.update(code for code in path if code not in looping)
    return looping


CYCLE = Fault("parent", "cycle", _CYCLE)


def tidy_tags(given: Iterable[str]) -> str:
    """Tags as one fact: each once, in order, comma-separated."""
    return ",".join(sorted({tag for text in given for tag in _TAGS.split(text) if tag}))


def given_facts(tier: int | None, ownership: str | None, tags: Iterable[str]) -> list[tuple[str, str]]:
    """The facts that are given with an organisation itself; what is not given is not stated."""
    found = [
        ("tier", str(tier) if tier is not None else ""),
        ("ownership", ownership or ""),
        ("tags", tidy_tags(tags)),
    ]
    return [(name, value) for name, value in found if value]


_TIER = Said("等级（tier）须为 1、2 或 3。", "a tier is 1, 2 or 3")
_OWNERSHIP = Said("所有制（ownership）须为 public 或 private。", "ownership is public or private")
_COUNT = Said("人口须为不小于零的十进制数。", "a population is a plain decimal number, zero or more")


def fact_fault(fact: str, value: str) -> Fault | None:
    """What is wrong with the value of a fact; facts nobody computes with may say anything."""
    if fact == "tier" and value not in ("1", "2", "3"):
        return Fault("value", "tier", _TIER)
    if fact == "ownership" and value not in {word.value for word in Ownership}:
        return Fault("value", "ownership", _OWNERSHIP)
    if "population" in fact and not (NUMBER.fullmatch(value) and not value.startswith("-")):
        return Fault("value", "number", _COUNT)
    return None
