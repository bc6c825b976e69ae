"""What the rows of a file would change, decided without a database: new, changed, the same, or refused."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, TypeVar

from contracts.base import Code
from contracts.imports import Conflict, ImportCounts
from contracts.organisations import Fact, OrganisationCreate
from kernel.errors import Said
from services.auth.imports.nearest import Nearest
from services.auth.organisations import rules as hierarchy
from services.auth.organisations.rules import Fault, Place

Row = TypeVar("Row")
Numbered = tuple[int, Row]

_TWICE = Said("文件中此前已有这一行（行号见建议）。", "the file has this already; the suggestion names the line")
_FIXED = Said(
    "已登记组织的这一项不能用文件修改；隶属变动须另作有日期的变更。",
    "this cannot be changed by a file once registered; a move is a dated event of its own",
)
_RETIRED = Said(
    "该代码曾属其他组织；代码永不重用。",
    "this code belonged to another organisation; codes are never used again",
)
_UNKNOWN = Said("没有此代码的组织。", "no organisation has this code")
_OUT_OF_SCOPE = Said("该组织不在您的管理范围内。", "this organisation is not in the area you administer")


class FactLine(Fact):
    """A fact with the code of the organisation it is about."""

    organisation: Code


class Known(NamedTuple):
    """An organisation as registered; `facts` are those of its first day."""

    place: Place
    name: str
    synthetic: bool
    valid_from: date
    facts: Mapping[str, str]


class Registration(NamedTuple):
    """An organisation to be registered, its division filled in."""

    line: int
    wanted: OrganisationCreate
    place: Place
    facts: list[tuple[str, str]]


class Correction(NamedTuple):
    """What a file changes on a registered organisation."""

    line: int
    wanted: OrganisationCreate
    facts: list[tuple[str, str]]


@dataclass
class OrganisationPlan:
    """What an organisations file would do."""

    new: list[Registration] = field(default_factory=list)
    changed: list[Correction] = field(default_factory=list)
    same: int = 0
    conflicts: list[Conflict] = field(default_factory=list)


@dataclass
class FactPlan:
    """What a facts file would do."""

    new: list[FactLine] = field(default_factory=list)
    changed: list[tuple[FactLine, str]] = field(default_factory=list)
    same: int = 0
    conflicts: list[Conflict] = field(default_factory=list)


def conflict(line: int, column: str | None, code: str, said: Said, suggestion: str | None = None) -> Conflict:
    """One fault of a file."""
    return Conflict(line=line, column=column, code=code, message=said.zh, message_en=said.en, suggestion=suggestion)


def counts(plan: OrganisationPlan | FactPlan) -> ImportCounts:
    """The numbers of a plan; a line with several faults is refused once."""
    refused = {c.line for c in plan.conflicts}
    return ImportCounts(new=len(plan.new), changed=len(plan.changed), same=plan.same, rejected=len(refused))


def plan_organisations(
    rows: Sequence[Numbered[OrganisationCreate]], known: Mapping[str, Known], retired: frozenset[str]
) -> OrganisationPlan:
    """What becomes of each row, given everything registered and the codes that are used up."""
    plan = OrganisationPlan()
    rows = list(_once(rows, lambda row: row.code, "code", plan.conflicts))
    places = {code: registered.place for code, registered in known.items()}
    places |= {r.code: _place(r) for _, r in rows if r.code not in known}
    looping = hierarchy.in_cycles({code: place.parent for code, place in places.items()})
    nearest = Nearest(places)
    for line, wanted in rows:
        registered = known.get(wanted.code)
        if registered:
            _compare(plan, line, wanted, registered)
        else:
            _register(plan, line, wanted, places, retired, looping, nearest)
    return plan


def _place(wanted: OrganisationCreate) -> Place:
    return Place(wanted.code, wanted.level, wanted.kind, wanted.parent, wanted.division)


def _once(
    rows: Iterable[Numbered[Row]], key: Callable[[Row], Hashable], column: str, conflicts: list[Conflict]
) -> Iterator[Numbered[Row]]:
    first: dict[Hashable, int] = {}
    for line, row in rows:
        before = first.setdefault(key(row), line)
        if before == line:
            yield line, row
        else:
            conflicts.append(conflict(line, column, "duplicate-in-file", _TWICE, str(before)))


def _given(wanted: OrganisationCreate) -> list[tuple[str, str]]:
    return hierarchy.given_facts(wanted.tier, wanted.ownership, wanted.tags)


def _register(
    plan: OrganisationPlan,
    line: int,
    wanted: OrganisationCreate,
    places: Mapping[str, Place],
    retired: frozenset[str],
    looping: set[str],
    nearest: Nearest,
) -> None:
    place = hierarchy.settled(places[wanted.code], places)
    found = hierarchy.faults(place, places)
    if wanted.code in looping and not any(fault.code == hierarchy.CYCLE.code for fault in found):
        found.append(hierarchy.CYCLE)
    if wanted.code in retired:
        found.append(Fault("code", "code-retired", _RETIRED))
    found.extend(_fact_faults(wanted))
    for fault in found:
        suggestion = nearest.to(fault.unknown) if fault.unknown else None
        plan.conflicts.append(conflict(line, fault.field, fault.code, fault.said, suggestion))
    if not found:
        plan.new.append(Registration(line, wanted, place, _given(wanted)))


def _fact_faults(wanted: OrganisationCreate) -> Iterator[Fault]:
    for name, value in _given(wanted):
        if fault := hierarchy.fact_fault(name, value):
            yield fault._replace(field=name)


def _compare(plan: OrganisationPlan, line: int, wanted: OrganisationCreate, known: Known) -> None:
    place = _place(wanted)
    fixed = {
        "level": place.level is not known.place.level,
        "kind": place.kind is not known.place.kind,
        "parent": place.parent != known.place.parent,
        "division": place.division is not None and place.division != known.place.division,
        "valid_from": wanted.valid_from != known.valid_from,
    }
    found = [Fault(column, "fixed", _FIXED) for column, differs in fixed.items() if differs]
    found.extend(_fact_faults(wanted))
    if found:
        plan.conflicts.extend(conflict(line, fault.field, fault.code, fault.said) for fault in found)
        return
    facts = [(name, value) for name, value in _given(wanted) if known.facts.get(name) != value]
    if facts or (wanted.name, wanted.synthetic) != (known.name, known.synthetic):
        plan.changed.append(Correction(line, wanted, facts))
    else:
        plan.same += 1


def anchors(plan: OrganisationPlan) -> dict[int, str | None]:
    """For each line that would change something, the registered organisation whose area it lies in; None: a new top."""
    parents = {r.place.code: r.place.parent for r in plan.new}
    found: dict[int, str | None] = {c.line: c.wanted.code for c in plan.changed}
    for registration in plan.new:
        at = registration.place.parent
        while at is not None and at in parents:
            at = parents[at]
        found[registration.line] = at
    return found


def territories(plan: OrganisationPlan) -> dict[int, str]:
    """For each line that registers, the registered division it stands in: what it reports counts there."""
    new = {r.place.code for r in plan.new}
    return {r.line: r.place.division for r in plan.new if r.place.division and r.place.division not in new}


def refuse_foreign(plan: OrganisationPlan, allowed: frozenset[str]) -> None:
    """Refuse the lines outside the area of whoever loads the file."""
    standing = territories(plan)
    for line, anchor in anchors(plan).items():
        if anchor is None or anchor not in allowed:
            plan.conflicts.append(conflict(line, "parent", "out-of-scope", _OUT_OF_SCOPE))
        elif standing.get(line, anchor) not in allowed:
            plan.conflicts.append(conflict(line, "division", "out-of-scope", _OUT_OF_SCOPE))


class RegisteredCodes(NamedTuple):
    """The codes a facts file may name: those its loader may decide about, all others, and superseded ones."""

    allowed: frozenset[str]
    foreign: frozenset[str]
    superseded: Mapping[str, str]


def plan_facts(
    rows: Sequence[Numbered[FactLine]],
    codes: RegisteredCodes,
    known: Mapping[tuple[str, str, date], tuple[str, str]],
) -> FactPlan:
    """What becomes of each fact, given the value and source recorded so far per organisation, fact and day."""
    plan, nearest = FactPlan(), Nearest(codes.allowed | codes.foreign)
    for line, row in _once(rows, lambda r: (r.organisation, r.fact, r.on), "fact", plan.conflicts):
        recorded = known.get((row.organisation, row.fact, row.on))
        if row.organisation in codes.foreign:
            plan.conflicts.append(conflict(line, "organisation", "out-of-scope", _OUT_OF_SCOPE))
        elif row.organisation not in codes.allowed:
            meant = codes.superseded.get(row.organisation) or nearest.to(row.organisation)
            plan.conflicts.append(conflict(line, "organisation", hierarchy.UNKNOWN, _UNKNOWN, meant))
        elif fault := hierarchy.fact_fault(row.fact, row.value):
            plan.conflicts.append(conflict(line, fault.field, fault.code, fault.said))
        elif recorded is None:
            plan.new.append(row)
        elif recorded == (row.value, row.source):
            plan.same += 1
        else:
            plan.changed.append((row, recorded[0]))
    return plan
