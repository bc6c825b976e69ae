"""Figures the slow and obvious way: one unit, one day at a time, in plain numbers.

Knows nothing of steps, spans or deltas: it asks for every single day where the unit stands, what counts it, what it
has said last, and adds that up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

Said = Mapping[str, Any]
"""An answer as it was written: ``{"value": "3"}``."""
Amount = tuple[Decimal, Decimal, Decimal, int, int, int, int]
"""Value, numerator, denominator, units, complying, excluded, and how many reports were given in all."""
NOTHING: Amount = (Decimal(0), Decimal(0), Decimal(0), 0, 0, 0, 0)
Rule = Callable[[Said, Decimal | None], bool]
"""Whether an answer complies, given the fact of the day."""


@dataclass
class Life:
    """One unit: from when until when it lives, where it stands from which day on, and its class and people."""

    opened: date
    closed: date
    counties: dict[date, str] = field(default_factory=dict)
    cities: dict[str, dict[date, str]] = field(default_factory=dict)
    classes: dict[date, str] = field(default_factory=dict)
    people: dict[date, str] = field(default_factory=dict)

    def lives(self, on: date) -> bool:
        """Whether it lives on a day."""
        return self.opened <= on < self.closed

    def areas(self, on: date) -> set[str]:
        """County, city and province on a day."""
        county = latest(self.counties, on) if self.lives(on) else None
        if county is None:
            return set()
        return {county, latest(self.cities[county], on) or "", "P"} - {""}

    def scopes(self, on: date) -> set[str]:
        """The scopes that count it on a day: that of all, and that of its class."""
        return {"all", latest(self.classes, on) or "all"} if self.lives(on) else set()

    def fact(self, on: date) -> Decimal | None:
        """Its people on a day."""
        known = latest(self.people, on)
        return None if known is None else Decimal(known)


def latest(dated: Mapping[date, str], on: date) -> str | None:
    """What holds on a day: the newest of what came before or on it."""
    past = [day for day in dated if day <= on]
    return dated[max(past)] if past else None


@dataclass
class Told:
    """What the unit has said about one period, step by step: what waits for review, and what is in force."""

    waiting: Said | None = None
    in_force: Said | None = None

    def happen(self, event: tuple[str, Said | None]) -> None:
        """One step; steps that make no sense here change nothing."""
        step, said = event
        if step == "submit":
            self.waiting = said
        elif step in ("return", "withdraw"):
            self.waiting = None
        elif step == "approve" and self.waiting is not None:
            self.waiting, self.in_force = None, self.waiting

    def says(self, series: str) -> Said | None:
        """What counts as reported, or as confirmed."""
        return self.in_force if series == "confirmed" or self.waiting is None else self.waiting


def figure(
    life: Life, told: Mapping[date, Told], series: str, area: str, scope: str, on: date, *, flow: bool, rule: Rule | None
) -> Amount:
    """What the unit adds to the figure of an area at the end of a period.

    A stock is the last thing said up to that day; a flow is all that was said in periods up to it, each counted
    where the unit stood at its end.
    """
    days = [day for day in sorted(told) if day <= on and told[day].says(series) is not None]
    if flow:
        found = total([amount(life, told[day].says(series), area, scope, day, rule) for day in days])
    else:
        found = amount(life, told[days[-1]].says(series), area, scope, on, rule) if days else NOTHING
    given = sum(area in life.areas(day) and scope in life.scopes(day) for day in days)
    return (*found[:-1], given)


def amount(life: Life, said: Said | None, area: str, scope: str, on: date, rule: Rule | None) -> Amount:
    """What one answer is worth on a day."""
    if said is None or area not in life.areas(on) or scope not in life.scopes(on):
        return NOTHING
    if said.get("not_applicable"):
        return (Decimal(0), Decimal(0), Decimal(0), 0, 0, 1, 0)
    order = {None: 0, "a": 1, "b": 2, "c": 3}
    number = said.get("value") or said.get("level") or said.get("rank") or order[said.get("stage")]
    top, bottom = said.get("numerator", "0"), said.get("denominator", "0")
    complies = bool(rule and rule(said, life.fact(on)))
    return (Decimal(number), Decimal(top), Decimal(bottom), 1, int(complies), 0, 0)


def total(amounts: Sequence[Amount]) -> Amount:
    """The sum, column by column."""
    found = NOTHING
    for one in amounts:
        found = tuple(a + b for a, b in zip(found, one, strict=True))  # type: ignore[assignment]
    return found


def month_end(day: date) -> date:
    """The last day of a day's month, found by walking."""
    while (day + timedelta(days=1)).month == day.month:
        day += timedelta(days=1)
    return day
