"""What a standing is judged from, and what a judgement says. Pure; every number is exact."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from contracts.plans import Target
from contracts.vocabularies import As, Measure, Status
from kernel.errors import Said

ZERO = Decimal(0)

ABOUT = "about-tolerance"
BAND = "band"
UNRATED = "unrated-level-counts-as"
STALE = "stale-after-periods"
INHERIT = "inherit-share-thresholds"

Kind = Literal["number", "percent", "rank", "stage", "yes", "judged"]
"""How a figure is read and spoken of."""
STATES: tuple[Kind, ...] = ("stage", "yes", "judged")
"""States are reached or not: they have no interim values, no tolerance and no bounds."""
_UNITS = Said("个单位", "units")


@dataclass(frozen=True)
class Amounts:
    """One series of an area at one moment, accumulated over the target's window up to that day.

    `units` gave a value, `complying` of them comply; `excluded` are approved as not applicable and leave the base.
    All three count units, not reports: a unit that reported in four quarters counts once.
    """

    value: Decimal = ZERO
    numerator: Decimal = ZERO
    denominator: Decimal = ZERO
    units: int = 0
    complying: int = 0
    excluded: int = 0


@dataclass(frozen=True)
class Own:
    """What the single unit of an `own` target answered; numerator over denominator is a percentage."""

    complies: bool | None = None
    stage: str | None = None
    rank: int | None = None
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    judgement: Literal["met", "partly", "not_met"] | None = None


@dataclass(frozen=True)
class Base:
    """The units a figure is held against.

    `in_scope` certainly count; of `uncertain` ones a missing fact (population) leaves it open whether they do;
    `lacking_fact` count, but their tier cannot be looked up.
    """

    in_scope: int
    uncertain: int = 0
    lacking_fact: int = 0


@dataclass(frozen=True)
class Moment:
    """Both series at the end of `on`, the last day of a period.

    `base` and `fact_denominator` are those of that day where they differ from the judged day's. The newest
    moment is always held against the judged day's.
    """

    on: date
    confirmed: Amounts = Amounts()
    reported: Amounts = Amounts()
    own_confirmed: Own | None = None
    own_reported: Own | None = None
    base: Base | None = None
    fact_denominator: Decimal | None = None


@dataclass(frozen=True)
class Choices:
    """The settings that a standing depends on, because no document decides them. 15 means 15 %."""

    about_tolerance: Decimal
    band: Decimal
    unrated: Literal["lowest", "excluded"]
    stale_after: timedelta | None
    inherit_share_thresholds: bool


@dataclass(frozen=True)
class Words:
    """What the sentences call things: units in scope, the Chinese measure word of a figure, stages."""

    units: Said = _UNITS
    unit: str = ""
    stages: Mapping[str, Said] = field(default_factory=dict)


@dataclass(frozen=True)
class Judgement:
    """How far the target is, and why.

    `in_scope` is the base a percentage is made of (without the units that are not applicable), `missing` how many
    of it have no confirmed value. For yes-or-no `actual` is 1 or 0, for stages the position in the list (from 1);
    a judged state has no number. Steps of whole counts are shown rounded up, and compared exactly.
    `assumptions` are the codes of the settings that decided the answer.
    """

    status: Status
    actual: Decimal | None
    actual_reported: Decimal | None
    expected: Decimal | None
    final: Decimal | None
    met_on: date | None
    late: bool
    complying: int | None
    in_scope: int | None
    missing: int | None
    inherited: bool
    reason_zh: str
    reason_en: str
    assumptions: tuple[str, ...]


def additive(target: Target) -> bool:
    """Whether figures of areas add up to a total, which only an agreed share can divide."""
    return target.measure in (Measure.SUM, Measure.OWN) or (target.measure is Measure.UNITS and target.as_ is As.NUMBER)


def rounded(number: Fraction, places: int) -> Decimal:
    """The number with so many places, halves away from zero (ROUND_HALF_UP); whole numbers without places."""
    scaled = abs(number) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    if whole % 10**places == 0:
        whole, places = whole // 10**places, 0
    return Decimal(-whole if number < 0 else whole).scaleb(-places)


def some(number: int, units: str) -> str:
    """So many units, in English."""
    return f"1 of the {units}" if number == 1 else f"{number} {units}"
