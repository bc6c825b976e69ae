"""Gathering what standings are judged from: three statements for any number of targets and areas."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.catalogue import TargetEntity
from contracts.plans import FactWeight, Indicator
from contracts.vocabularies import Measure, Nature, Series, Value
from services.progress.directory.catalogue import Catalogue, rule_of
from services.progress.directory.rules import number
from services.progress.figures import repository as figures_repository
from services.progress.figures.repository import Wanted
from services.progress.figures.rules import NOTHING
from services.progress.figures.rules import Amounts as Sums
from services.progress.standing.course import span
from services.progress.standing.terms import Amounts, Base, Choices, Moment, Own

BEGINNING = date(1990, 1, 1)
_JUDGEMENTS = {1: "not_met", 2: "partly", 3: "met"}

Steps = dict[date, dict[Series, Sums]]


@dataclass(frozen=True)
class Evidence:
    """What was found for all areas and targets asked about."""

    steps: Mapping[tuple[UUID, str, str, str], Steps]
    bases: Mapping[tuple[UUID, str], tuple[int, int]]
    lacking: Mapping[tuple[UUID, str, str], int]
    facts: Mapping[tuple[UUID, str], str]


async def gather(
    conn: AsyncConnection,
    catalogue: Catalogue,
    areas: Sequence[UUID],
    targets: Sequence[TargetEntity],
    on: date,
) -> Evidence:
    """Read everything that the targets need in the areas on a day."""
    wanted = {(t.indicator, t.scope, rule_of(t).rule) for t in targets}
    rows = await figures_repository.moments(conn, areas, [Wanted(*key, BEGINNING) for key in sorted(wanted)], on)
    steps: dict[tuple[UUID, str, str, str], Steps] = defaultdict(dict)
    for row in rows:
        by_day = steps[row.area, row.indicator, row.scope, row.rule]
        by_day.setdefault(row.ends_on, {})[Series(row.series)] = figures_repository.amounts_of(row)
    names = {weight.fact for target in targets for weight in target.denominator}
    return Evidence(
        steps,
        await figures_repository.bases(conn, areas, {t.scope for t in targets}, on),
        await _lacking(conn, areas, targets, on),
        await figures_repository.facts(conn, areas, names, on),
    )


async def _lacking(
    conn: AsyncConnection, areas: Sequence[UUID], targets: Sequence[TargetEntity], on: date
) -> dict[tuple[UUID, str, str], int]:
    scopes: dict[str, set[str]] = defaultdict(set)
    for target in targets:
        if target.unit_threshold is not None and target.unit_threshold.fact is not None:
            scopes[target.unit_threshold.fact].add(target.scope)
    found: dict[tuple[UUID, str, str], int] = {}
    for fact, asked in scopes.items():
        counts = await figures_repository.lacking(conn, areas, asked, fact, on)
        found.update({(area, scope, fact): count for (area, scope), count in counts.items()})
    return found


def base_of(evidence: Evidence, area: UUID, target: TargetEntity) -> Base:
    """The units a target is held against in an area."""
    in_scope, uncertain = evidence.bases.get((area, target.scope), (0, 0))
    fact = target.unit_threshold.fact if target.unit_threshold else None
    return Base(in_scope, uncertain, evidence.lacking.get((area, target.scope, fact or ""), 0))


def denominator_of(evidence: Evidence, area: UUID, weights: Sequence[FactWeight]) -> Decimal | None:
    """The weighted sum of an area's facts; None when one of them is unknown."""
    parts = [(number(evidence.facts.get((area, weight.fact))), weight.per) for weight in weights]
    if not parts or any(value is None for value, _ in parts):
        return None
    return sum((value / per for value, per in parts if value is not None), Decimal(0))


def moments_of(evidence: Evidence, catalogue: Catalogue, area: UUID, target: TargetEntity, on: date) -> list[Moment]:
    """The figures of a target in an area at the end of each period, accumulated over its window."""
    indicator = catalogue.indicators[target.indicator]
    steps = evidence.steps.get((area, target.indicator, target.scope, rule_of(target).rule), {})
    since = BEGINNING
    if indicator.nature is Nature.FLOW:
        since, _ = span(target, catalogue.plans[target.plan].starts_on, on)
    sums = dict.fromkeys(Series, NOTHING)
    found = []
    for day in sorted(day for day in steps if since <= day <= on):
        sums = {series: _onward(sums[series], steps[day].get(series, NOTHING), indicator) for series in Series}
        found.append(_moment(day, sums, indicator, target))
    return found


def _onward(before: Sums, step: Sums, indicator: Indicator) -> Sums:
    """The sums a period later. Amounts of a flow add up over its window; its units do not, so the newest count."""
    total = before + step
    if indicator.nature is Nature.FLOW and step:
        return replace(total, units=step.units, complying=step.complying, excluded=step.excluded)
    return total


def _moment(day: date, sums: Mapping[Series, Sums], indicator: Indicator, target: TargetEntity) -> Moment:
    confirmed, reported = sums[Series.CONFIRMED], sums[Series.REPORTED]
    own = target.measure is Measure.OWN
    return Moment(
        on=day,
        confirmed=_plain(confirmed),
        reported=_plain(reported),
        own_confirmed=_own(indicator, confirmed) if own else None,
        own_reported=_own(indicator, reported) if own else None,
    )


def _plain(sums: Sums) -> Amounts:
    return Amounts(sums.value, sums.numerator, sums.denominator, sums.units, sums.complying, sums.excluded)


def _own(indicator: Indicator, sums: Sums) -> Own | None:
    """What the single unit answered, read back from what it adds to the figure."""
    if sums.units != 1:
        return None
    place = int(sums.value)
    match indicator.value:
        case Value.YES_NO:
            return Own(complies=sums.complying > 0)
        case Value.STAGE:
            return Own(stage=indicator.stages[place - 1].code if 0 < place <= len(indicator.stages) else None)
        case Value.RANK:
            return Own(rank=place)
        case Value.RATIO:
            return Own(numerator=sums.numerator, denominator=sums.denominator)
        case Value.JUDGED:
            return Own(judgement=_JUDGEMENTS.get(place))  # type: ignore[arg-type]
        case _:
            return Own(value=sums.value)


def choices_of(settings: Mapping[str, Any]) -> Choices:
    """The settings that standings depend on; a month counts as 31 days for staleness."""
    stale = int(settings.get("stale-after-periods", 2))
    return Choices(
        about_tolerance=Decimal(str(settings.get("about-tolerance", 10))),
        band=Decimal(str(settings.get("band", 10))),
        unrated="excluded" if settings.get("unrated-level-counts-as") == "excluded" else "lowest",
        stale_after=timedelta(days=31 * stale) if stale else None,
        inherit_share_thresholds=bool(settings.get("inherit-share-thresholds", True)),
    )
