"""Bringing the deltas of a series into line with what its versions say now: new contribution minus old."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.plans import Indicator
from contracts.reports import Answer
from services.progress.calendar.rules import containing
from services.progress.directory.catalogue import Catalogue, Tally
from services.progress.directory.rules import FOREVER, Above, Span
from services.progress.figures import repository, rules
from services.progress.figures.repository import SeriesKey
from services.progress.figures.rules import Judged, Reported, Surroundings


async def settle(conn: AsyncConnection, catalogue: Catalogue, key: SeriesKey, *, cause: UUID, revision: int) -> int:
    """Write what a change of the series, or of its surroundings, changes in every area; the cells touched.

    The caller holds the series (`repository.lock`) and has already written the change itself.
    """
    indicator = catalogue.indicators.get(key.indicator)
    if indicator is None:
        return 0
    tallies = catalogue.tallies(key.indicator)
    kind = catalogue.rhythm(indicator)
    wanted = rules.contributions(
        await reports(conn, key),
        indicator,
        tallies,
        await surroundings(conn, key, indicator, tallies),
        lambda day: containing(day, kind).ends_on,
    )
    steps = rules.difference(wanted, await repository.recorded(conn, key))
    if steps:
        await repository.append(conn, key, steps, cause, revision)
    return len(steps)


async def settle_all(
    conn: AsyncConnection,
    catalogue: Catalogue,
    organisations: Sequence[UUID] | None,
    *,
    cause: UUID,
    revision: int,
) -> None:
    """Settle every series of some organisations, or of all; in a fixed order, so that two never deadlock."""
    for key in sorted(await repository.series_of(conn, organisations)):
        await repository.lock(conn, key)
        await settle(conn, catalogue, key, cause=cause, revision=revision)


async def reports(conn: AsyncConnection, key: SeriesKey) -> list[Reported]:
    """What each submission of a series says, reported and confirmed."""
    found: dict[date, Reported] = {}
    for row in await repository.reports(conn, key):
        said = Judged(Answer.model_validate(row.answer), row.judgement)
        before = found.get(row.ends_on, Reported(row.ends_on, None, None))
        found[row.ends_on] = Reported(
            row.ends_on,
            said if row.version == row.reported else before.reported,
            said if row.version == row.confirmed else before.confirmed,
        )
    return list(found.values())


async def surroundings(
    conn: AsyncConnection, key: SeriesKey, indicator: Indicator, tallies: Sequence[Tally]
) -> Surroundings:
    """Areas, scopes and facts of a unit, all dated."""
    facts = sorted({fact for t in tallies if (fact := rules.deciding_fact(indicator, t)) is not None})
    row = await repository.surroundings(conn, key, sorted({t.scope for t in tallies}), facts)
    return Surroundings(
        areas=[Above(_day(start), _day(end), UUID(area), distance) for area, distance, start, end in row.areas or ()],
        scopes=_grouped(row.scopes, lambda start, end: Span(_day(start), _day(end))),
        facts=_grouped(row.facts, lambda on, value: (_day(on), value)),
    )


def _grouped(rows: Sequence[Any] | None, make: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, *rest in rows or ():
        found.setdefault(name, []).append(make(*rest))
    return found


def _day(text: str) -> date:
    return FOREVER if text == "infinity" else date.fromisoformat(text)
