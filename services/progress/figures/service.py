"""Use cases of figures: read, break down, explain; and the compactor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.base import Code
from contracts.figures import Figure, FigureRow, FigureSource, FigureTable, FigureValue, Units
from contracts.plans import Indicator
from contracts.reports import Answer
from contracts.vocabularies import Level, Nature, Series, SubmissionState, Value
from kernel.auth import Caller
from kernel.db import Database
from kernel.errors import NotFound
from services.progress.calendar import repository as calendar_repository
from services.progress.calendar.rules import Interval, interval, today
from services.progress.directory import repository as directory_repository
from services.progress.directory import service as directory_service
from services.progress.directory.catalogue import Catalogue, Tally
from services.progress.directory.repository import Named
from services.progress.directory.rules import Above, Span
from services.progress.directory.service import Directory
from services.progress.figures import repository, rules, settling
from services.progress.figures.repository import SeriesKey, Wanted
from services.progress.figures.rules import NOTHING, Amounts, Judged, Surroundings

FOLD_AT_ONCE = 10_000
BEGINNING = date(1990, 1, 1)


@dataclass(frozen=True)
class Question:
    """Which figure: an indicator over a scope, for a period."""

    indicator: Indicator
    scope: str
    period: Interval

    @property
    def since(self) -> date:
        """From which day on steps count: a flow is the period's own, a stock carries forward."""
        return self.period.starts_on if self.indicator.nature is Nature.FLOW else BEGINNING


async def figure(
    database: Database,
    directory: Directory,
    caller: Caller,
    code: Code,
    indicator: Code,
    scope: Code | None,
    period: str,
) -> Figure:
    """One figure of an area (or institution) the caller may see, with who is missing."""
    async with database.reading() as conn:
        catalogue = await directory.catalogue(conn)
        items = catalogue.items_of(indicator)
        area = await directory_service.visible(conn, caller, code, today(await calendar_repository.now(conn)), items)
        return await read(conn, catalogue, area, question(catalogue, indicator, scope, period))


def question(catalogue: Catalogue, indicator: Code, scope: Code | None, period: str) -> Question:
    """What is asked for, checked; the indicator's first scope when none is named."""
    known, span = catalogue.indicators.get(indicator), interval(period)
    scopes = [tally.scope for tally in catalogue.tallies(indicator) if not tally.rule]
    if known is None or span is None or not scopes or (scope is not None and scope not in scopes):
        raise NotFound()
    return Question(known, scope or scopes[0], span)


async def read(conn: AsyncConnection, catalogue: Catalogue, area: Named, asked: Question) -> Figure:
    """A figure: kept sums and pending deltas in one statement, the base from the period's last day."""
    on = asked.period.ends_on
    if area.kind in directory_repository.AREAS:
        steps = await _area_steps(conn, area, asked)
    else:
        steps = await _own_steps(conn, area, asked)
    base = await repository.bases(conn, [area.id], [asked.scope], on)
    in_scope, _ = base.get((area.id, asked.scope), (0, 0))
    reported, confirmed = (_total(steps, s, asked.since) for s in (Series.REPORTED, Series.CONFIRMED))
    flow = asked.indicator.nature is Nature.FLOW
    plan_start = min((p.starts_on for p in catalogue.plans.values()), default=BEGINNING)
    return Figure(
        organisation=area.code,
        organisation_name=area.name,
        indicator=asked.indicator.code,
        indicator_name=asked.indicator.name,
        unit=asked.indicator.unit,
        nature=asked.indicator.nature,
        scope=asked.scope,
        scope_name=catalogue.scopes[asked.scope].name,
        period=asked.period.code,
        reported=value_of(asked.indicator, reported),
        confirmed=value_of(asked.indicator, confirmed),
        year_to_date=value_of(asked.indicator, _total(steps, Series.CONFIRMED, date(on.year, 1, 1))) if flow else None,
        plan_to_date=value_of(asked.indicator, _total(steps, Series.CONFIRMED, plan_start)) if flow else None,
        units=Units(
            in_scope=in_scope,
            not_applicable=confirmed.excluded,
            reported=reported.units + reported.excluded,
            confirmed=confirmed.units + confirmed.excluded,
            missing=[*await repository.missing(conn, area.id, asked.indicator.code, asked.scope, asked.since, on)],
        ),
        synthetic=area.synthetic or await repository.synthetic(conn, area.id),
    )


Steps = list[tuple[Series, date, Amounts]]


async def _area_steps(conn: AsyncConnection, area: Named, asked: Question) -> Steps:
    wanted = [Wanted(asked.indicator.code, asked.scope, "", BEGINNING)]
    rows = await repository.moments(conn, [area.id], wanted, asked.period.ends_on)
    return [(Series(row.series), row.ends_on, repository.amounts_of(row)) for row in rows]


async def _own_steps(conn: AsyncConnection, unit: Named, asked: Question) -> Steps:
    """What an institution or a department answers for itself, straight from its versions; only areas have kept sums."""
    tally = Tally(asked.scope)
    found: Steps = []
    for subject in await repository.subjects_of(conn, unit.id, asked.scope):
        key = SeriesKey(unit.id, subject, asked.indicator.code)
        around = await settling.surroundings(conn, key, asked.indicator, [tally])
        alone = Surroundings([Above(BEGINNING, date.max, unit.id)], around.scopes, around.facts)
        reports = await settling.reports(conn, key)
        cells = rules.contributions(reports, asked.indicator, [tally], alone, lambda day: day)
        found += [(c.series, c.ends_on, step) for c, step in cells.items() if c.ends_on <= asked.period.ends_on]
    return found


def _total(steps: Steps, series: Series, since: date) -> Amounts:
    return sum((step for which, on, step in steps if which is series and on >= since), NOTHING)


def value_of(indicator: Indicator, amounts: Amounts) -> FigureValue:
    """Amounts as a figure; null where nobody has given a value."""
    given = amounts.units > 0
    ratio = indicator.value is Value.RATIO
    value = amounts.value
    if ratio and amounts.denominator:
        value = (amounts.numerator * 100 / amounts.denominator).quantize(Decimal("0.0001"))
    elif indicator.value is Value.YES_NO:
        value = Decimal(amounts.complying)
    unjudged = indicator.value is Value.JUDGED and not value
    return FigureValue(
        value=value if given and not unjudged and not (ratio and not amounts.denominator) else None,
        numerator=amounts.numerator if given and ratio else None,
        denominator=amounts.denominator if given and ratio else None,
        units=amounts.units,
        complying=amounts.complying,
    )


async def series(
    database: Database,
    directory: Directory,
    caller: Caller,
    code: Code,
    indicator: Code,
    scope: Code | None,
    periods: Sequence[str],
) -> list[Figure]:
    """The same figure over several periods (at most 36)."""
    async with database.reading() as conn:
        catalogue = await directory.catalogue(conn)
        items = catalogue.items_of(indicator)
        area = await directory_service.visible(conn, caller, code, today(await calendar_repository.now(conn)), items)
        return [await read(conn, catalogue, area, question(catalogue, indicator, scope, period)) for period in periods]


async def table(
    database: Database,
    directory: Directory,
    caller: Caller,
    code: Code,
    by: Level,
    indicators: Sequence[Code],
    period: str,
) -> FigureTable:
    """Figures of every area of a level below an organisation, in one statement for all of them."""
    async with database.reading() as conn:
        now = today(await calendar_repository.now(conn))
        catalogue = await directory.catalogue(conn)
        items = frozenset.intersection(*(catalogue.items_of(indicator) for indicator in indicators))
        top = await directory_service.visible(conn, caller, code, now, items)
        asked = [question(catalogue, indicator, None, period) for indicator in dict.fromkeys(indicators)]
        if not asked:
            raise NotFound()
        on = asked[0].period.ends_on
        areas = await directory_repository.areas_below(conn, top.id, by.value, on)
        rows = await _rows(conn, areas, asked, on)
    return FigureTable(organisation=top.code, period=period, by=by, rows=rows)


async def _rows(conn: AsyncConnection, areas: Sequence[Named], asked: Sequence[Question], on: date) -> list[FigureRow]:
    ids = [area.id for area in areas]
    wanted = [Wanted(q.indicator.code, q.scope, "", q.since) for q in asked]
    sums: dict[tuple[UUID, str, str], Amounts] = {}
    for row in await repository.moments(conn, ids, wanted, on):
        key = (row.area, row.indicator, row.series)
        sums[key] = sums.get(key, NOTHING) + repository.amounts_of(row)
    bases = await repository.bases(conn, ids, [q.scope for q in asked], on)
    return [
        FigureRow(
            organisation=area.code,
            organisation_name=area.name,
            level=Level(area.level),
            indicator=q.indicator.code,
            scope=q.scope,
            reported=value_of(q.indicator, sums.get((area.id, q.indicator.code, "reported"), NOTHING)),
            confirmed=value_of(q.indicator, sums.get((area.id, q.indicator.code, "confirmed"), NOTHING)),
            in_scope=bases.get((area.id, q.scope), (0, 0))[0],
        )
        for area in areas
        for q in asked
    ]


async def sources(
    database: Database,
    directory: Directory,
    caller: Caller,
    code: Code,
    indicator: Code,
    scope: Code | None,
    period: str,
) -> list[FigureSource]:
    """Which submissions, in which version, a figure is made of."""
    async with database.reading() as conn:
        catalogue = await directory.catalogue(conn)
        items = catalogue.items_of(indicator)
        area = await directory_service.visible(conn, caller, code, today(await calendar_repository.now(conn)), items)
        asked = question(catalogue, indicator, scope, period)
        flow = asked.indicator.nature is Nature.FLOW
        rows = await repository.sources(
            conn, area.id, indicator, asked.scope, asked.since, asked.period.ends_on, flow=flow
        )
    return [_source(row, asked) for row in rows]


def _source(row: Any, asked: Question) -> FigureSource:
    def said(answer: Any, judgement: str | None) -> FigureValue | None:
        if answer is None:
            return None
        around = Surroundings([Above(BEGINNING, date.max, row.id)], {asked.scope: [Span(BEGINNING)]}, {})
        judged = Judged(Answer.model_validate(answer), judgement)
        return value_of(
            asked.indicator, rules.amounts(judged, asked.indicator, Tally(asked.scope), around, row.ends_on)
        )

    return FigureSource(
        organisation=row.code,
        organisation_name=row.name,
        subject=row.subject or None,
        submission=row.id,
        period=row.period,
        version=row.version,
        state=SubmissionState(row.state),
        in_force_version=row.in_force_version,
        reported=said(row.reported, row.reported_judgement),
        confirmed=said(row.confirmed, row.judgement),
    )


async def fold(database: Database) -> int:
    """One turn of the compactor; how many deltas it folded."""
    async with database.transaction() as conn:
        return await repository.fold(conn, FOLD_AT_ONCE)
