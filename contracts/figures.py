"""Figures of an area: what was reported and what is confirmed, with who is missing and where each came from."""

from uuid import UUID

from contracts.base import Bool, Code, Int, Line, Model, PeriodCode, Sum
from contracts.vocabularies import Level, Nature, SubmissionState


class FigureValue(Model):
    """One series of a figure: the sum, numerator and denominator, and how many units gave and met it."""

    value: Sum | None
    numerator: Sum | None
    denominator: Sum | None
    units: Int
    complying: Int


class Units(Model):
    """Units in scope, those that have reported and are confirmed, and the first hundred that are missing."""

    in_scope: Int
    not_applicable: Int
    reported: Int
    confirmed: Int
    missing: list[Line]


class Figure(Model):
    """A figure of one area, indicator, scope and period; no report gives null, never zero."""

    organisation: Code
    organisation_name: Line
    indicator: Code
    indicator_name: Line
    unit: Line | None
    nature: Nature
    scope: Code
    scope_name: Line
    period: PeriodCode
    reported: FigureValue
    confirmed: FigureValue
    year_to_date: FigureValue | None = None
    plan_to_date: FigureValue | None = None
    units: Units
    synthetic: Bool


class FigureSeries(Model):
    """The same figure over successive periods."""

    items: list[Figure]


class FigureRow(Model):
    """One area's line of a table."""

    organisation: Code
    organisation_name: Line
    level: Level
    indicator: Code
    scope: Code
    reported: FigureValue
    confirmed: FigureValue
    in_scope: Int


class FigureTable(Model):
    """Figures of all areas of a level below one organisation."""

    organisation: Code
    period: PeriodCode
    by: Level
    rows: list[FigureRow]


class FigureSource(Model):
    """One submission version that a figure is made of."""

    organisation: Code
    organisation_name: Line
    subject: Code | None
    submission: UUID
    period: PeriodCode
    version: Int
    state: SubmissionState
    in_force_version: Int | None
    reported: FigureValue | None
    confirmed: FigureValue | None
