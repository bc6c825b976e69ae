"""How far each place is: the standing of targets on a day, with the reason in words."""

from typing import Any

from contracts.base import Bool, Code, Day, Int, Line, Model, Sum
from contracts.vocabularies import As, Comparator, Measure, Status, Strength


class Assumption(Model):
    """A choice (setting) that shaped an answer."""

    setting: Code
    value: Any


class Standing(Model):
    """Where a target stands in an area on a day; judged on confirmed figures."""

    target: Code
    target_name: Line
    target_name_en: Line | None
    target_version: Int
    plan: Code
    organisation: Code
    organisation_name: Line
    on: Day
    status: Status
    status_zh: str
    status_en: str
    measure: Measure
    as_: As
    comparator: Comparator
    actual: Sum | None
    actual_reported: Sum | None
    expected: Sum | None
    final: Sum | None
    upper: Sum | None
    due: Day
    met_on: Day | None
    late: Bool
    units_in_scope: Int | None
    units_complying: Int | None
    units_missing: Int | None
    inherited: Bool
    strength: Strength
    softening: Line | None
    items: list[Code]
    reason: str
    reason_en: str
    assumptions: list[Assumption]
    synthetic: Bool


class StandingSummary(Model):
    """How many targets have each status."""

    organisation: Code
    on: Day
    counts: dict[str, Int]
    by_strength: dict[str, dict[str, Int]]
    by_action: dict[str, dict[str, Int]]


class StandingCell(Model):
    """One target in one area."""

    target: Code
    organisation: Code
    status: Status
    actual: Sum | None
    expected: Sum | None


class StandingTable(Model):
    """Targets by areas."""

    organisation: Code
    on: Day
    targets: list[Code]
    areas: list[Code]
    cells: list[StandingCell]


class FailingUnit(Model):
    """A unit that does not comply, with what it lacks."""

    organisation: Code
    organisation_name: Line
    subject: Code | None
    lacks: str
    lacks_en: str


class Failing(Model):
    """The units of an area that do not comply with a target."""

    target: Code
    organisation: Code
    on: Day
    items: list[FailingUnit]
    truncated: Bool
