"""Who counts in a scope on which days: a pure reading of filters over dated facts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from uuid import UUID

from contracts.plans import AncestorFilter, FactCondition, Filter, Scope
from contracts.vocabularies import Kind, Level

FOREVER = date.max
NOBODY = UUID(int=0)


@dataclass(frozen=True)
class Span:
    """Days from `start` (inclusive) to `end` (exclusive)."""

    start: date
    end: date = FOREVER

    def holds(self, on: date) -> bool:
        """Whether the day lies in the span."""
        return self.start <= on < self.end


@dataclass(frozen=True)
class Member(Span):
    """A span of belonging to a scope; not `certain` when a fact that decides it is unknown."""

    certain: bool = True


@dataclass(frozen=True)
class Above(Span):
    """An ancestor during a span."""

    organisation: UUID = NOBODY
    distance: int = 0


@dataclass(frozen=True)
class Unit:
    """An organisation with its dated facts and its territorial ancestors."""

    id: UUID
    code: str
    level: Level
    kind: Kind
    life: Span
    facts: Mapping[str, Sequence[tuple[date, str]]] = field(default_factory=dict)
    above: Sequence[Above] = ()

    def fact(self, name: str, on: date) -> str | None:
        """The value in force on a day: the newest one not later than it."""
        known = [value for since, value in self.facts.get(name, ()) if since <= on]
        return known[-1] if known else None


def number(text: str | None) -> Decimal | None:
    """A fact as a number, if it is a finite one."""
    try:
        found = None if text is None else Decimal(text)
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def spans(scope: Scope, unit: Unit, others: Mapping[UUID, Unit]) -> list[Member]:
    """When a unit belongs to a scope, in order, neighbouring spans joined."""
    where = scope.where
    if where is None or not _could(scope, where, unit):
        return []
    found: list[Member] = []
    days = _turning_days(where, unit, others)
    for start, end in zip(days, [*days[1:], unit.life.end], strict=True):
        verdict = _holds(where, unit, others, start)
        if verdict is False or start >= end:
            continue
        certain = verdict is True
        if found and found[-1].end == start and found[-1].certain == certain:
            found[-1] = Member(found[-1].start, end, certain)
        else:
            found.append(Member(start, end, certain))
    return found


def _could(scope: Scope, where: Filter, unit: Unit) -> bool:
    if where.levels and unit.level not in where.levels:
        return False
    if where.organisations and unit.code not in where.organisations:
        return False
    if unit.kind is Kind.FUNCTIONAL_ZONE:
        return scope.zones
    if where.kinds:
        return unit.kind in where.kinds
    if unit.level is Level.INSTITUTION:
        return unit.kind not in (Kind.DIVISION, Kind.DEPARTMENT)
    return unit.kind is Kind.DIVISION or bool(where.organisations)


def _turning_days(where: Filter, unit: Unit, others: Mapping[UUID, Unit]) -> list[date]:
    days = {unit.life.start}
    days |= {on for name in _fact_names(where) for on, _ in unit.facts.get(name, ())}
    if where.ancestor is not None:
        for above in unit.above:
            days |= {above.start, above.end}
            names = [c.fact for c in where.ancestor.facts] + ["tags"]
            other = others.get(above.organisation)
            days |= {on for name in names for on, _ in (other.facts.get(name, ()) if other else ())}
    return sorted(day for day in days if unit.life.holds(day))


def _fact_names(where: Filter) -> Iterable[str]:
    yield from ("tier", "ownership", "tags")
    yield from (condition.fact for condition in where.facts)


def _holds(where: Filter, unit: Unit, others: Mapping[UUID, Unit], on: date) -> bool | None:
    verdicts = [*_own(where, unit, on), _ancestor(where.ancestor, unit, others, on)]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _own(where: Filter, unit: Unit, on: date) -> Iterable[bool | None]:
    if where.tiers:
        tier = number(unit.fact("tier", on))
        yield tier is not None and int(tier) in where.tiers
    if where.ownership:
        yield unit.fact("ownership", on) in where.ownership
    if where.tags:
        yield _tagged(unit, where.tags, on)
    for condition in where.facts:
        yield _within(condition, unit, on)


def _ancestor(asked: AncestorFilter | None, unit: Unit, others: Mapping[UUID, Unit], on: date) -> bool | None:
    if asked is None:
        return True
    above = [others[a.organisation] for a in unit.above if a.holds(on) and a.organisation in others]
    # under a zone a unit has two ancestors of one level: where it stands is decided by the division
    matching = sorted((o for o in above if o.level == asked.level), key=lambda o: o.kind is not Kind.DIVISION)
    if not matching:
        return False
    other = matching[0]
    verdicts = [_within(condition, other, on) for condition in asked.facts]
    verdicts.append(not asked.tags or _tagged(other, asked.tags, on))
    verdicts.append(not asked.organisations or other.code in asked.organisations)
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _tagged(unit: Unit, tags: Sequence[str], on: date) -> bool:
    held = {tag.strip() for tag in (unit.fact("tags", on) or "").split(",")}
    return held.issuperset(tags)


def _within(condition: FactCondition, unit: Unit, on: date) -> bool | None:
    value = number(unit.fact(condition.fact, on))
    if value is None:
        return None
    low, high = condition.at_least, condition.below
    return (low is None or value >= low) and (high is None or value < high)
