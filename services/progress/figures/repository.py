"""Every statement on figures."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabularies import Series
from kernel.db import Json
from services.progress.figures.rules import Amounts, Cell, Place

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:series, 4711))")

_SURROUNDINGS = text("""
    SELECT
      (SELECT json_agg(json_build_array(m.ancestor, m.distance, m.valid_from, m.valid_to))
         FROM progress.membership m JOIN progress.organisation o ON o.id = m.ancestor
        WHERE m.line = 'territory' AND m.organisation = :organisation AND o.level <> 'institution'
          AND o.kind IN ('division', 'functional_zone')) AS areas,
      (SELECT json_agg(json_build_array(s.scope, s.valid_from, s.valid_to)) FROM progress.scope_member s
        WHERE s.organisation = :organisation AND s.subject = :subject AND s.certain
          AND s.scope = ANY(:scopes)) AS scopes,
      (SELECT json_agg(json_build_array(f.fact, f."on", f.value) ORDER BY f."on") FROM progress.fact f
        WHERE f.organisation = :organisation AND f.fact = ANY(:facts)) AS facts
""").columns(areas=Json, scopes=Json, facts=Json)

_REPORTS = text("""
    SELECT s.ends_on,
           CASE WHEN s.state IN ('submitted', 'approved') THEN s.version ELSE s.in_force_version END AS reported,
           s.in_force_version AS confirmed,
           v.version, v.answer, v.judgement
    FROM progress.submission s JOIN progress.submission_version v ON v.submission = s.id
     AND (v.version = s.in_force_version OR (v.version = s.version AND s.state IN ('submitted', 'approved')))
    WHERE s.organisation = :organisation AND s.indicator = :indicator AND s.subject = :subject
""").columns(answer=Json)

_RECORDED = text("""
    SELECT series, area, scope, rule, ends_on, sum(value) AS value, sum(numerator) AS numerator,
           sum(denominator) AS denominator, sum(units) AS units, sum(complying) AS complying,
           sum(excluded) AS excluded, sum(reports) AS reports
    FROM progress.figure_delta
    WHERE organisation = :organisation AND indicator = :indicator AND subject = :subject
    GROUP BY series, area, scope, rule, ends_on
""")

_APPEND = text("""
    INSERT INTO progress.figure_delta (organisation, subject, indicator, cause, cause_revision,
        area, scope, rule, series, ends_on, value, numerator, denominator, units, complying, excluded,
        reports)
    SELECT :organisation, :subject, :indicator, :cause, :revision, d.*
    FROM unnest(CAST(:areas AS uuid[]), CAST(:scopes AS text[]), CAST(:rules AS text[]),
        CAST(:series AS text[]), CAST(:ends AS date[]), CAST(:values AS numeric[]),
        CAST(:numerators AS numeric[]), CAST(:denominators AS numeric[]), CAST(:units AS int[]),
        CAST(:complying AS int[]), CAST(:excluded AS int[]),
        CAST(:reports AS int[])) AS d
""")

_FOLD = text("""
    WITH taken AS (
        UPDATE progress.figure_delta SET folded = true
        WHERE id IN (SELECT id FROM progress.figure_delta WHERE NOT folded ORDER BY id
                     LIMIT :most FOR UPDATE SKIP LOCKED)
        RETURNING *
    ), folded AS (
        INSERT INTO progress.figure AS f (area, indicator, scope, rule, series, ends_on, value, numerator,
            denominator, units, complying, excluded, reports)
        SELECT area, indicator, scope, rule, series, ends_on, sum(value), sum(numerator), sum(denominator),
               sum(units), sum(complying), sum(excluded), sum(reports)
        FROM taken GROUP BY area, indicator, scope, rule, series, ends_on
        ORDER BY area, indicator, scope, rule, series, ends_on
        ON CONFLICT (area, indicator, scope, rule, series, ends_on) DO UPDATE SET
            value = f.value + excluded.value, numerator = f.numerator + excluded.numerator,
            denominator = f.denominator + excluded.denominator, units = f.units + excluded.units,
            complying = f.complying + excluded.complying, excluded = f.excluded + excluded.excluded,
            reports = f.reports + excluded.reports
    )
    SELECT count(*) FROM taken
""")

_MOMENTS = text("""
    WITH asked AS (
        SELECT * FROM unnest(CAST(:indicators AS text[]), CAST(:scopes AS text[]), CAST(:rules AS text[]),
            CAST(:starts AS date[])) AS a(indicator, scope, rule, starts)
    ), found AS (
        SELECT f.area, f.indicator, f.scope, f.rule, f.series, f.ends_on, f.value, f.numerator, f.denominator,
               f.units, f.complying, f.excluded, f.reports
        FROM progress.figure f JOIN asked a USING (indicator, scope, rule)
        WHERE f.area = ANY(CAST(:areas AS uuid[])) AND f.ends_on <= :on AND f.ends_on >= a.starts
        UNION ALL
        SELECT d.area, d.indicator, d.scope, d.rule, d.series, d.ends_on, d.value, d.numerator, d.denominator,
               d.units, d.complying, d.excluded, d.reports
        FROM progress.figure_delta d JOIN asked a USING (indicator, scope, rule)
        WHERE NOT d.folded AND d.area = ANY(CAST(:areas AS uuid[])) AND d.ends_on <= :on AND d.ends_on >= a.starts
    )
    SELECT area, indicator, scope, rule, series, ends_on, sum(value) AS value, sum(numerator) AS numerator,
           sum(denominator) AS denominator, sum(units) AS units, sum(complying) AS complying,
           sum(excluded) AS excluded, sum(reports) AS reports
    FROM found GROUP BY area, indicator, scope, rule, series, ends_on ORDER BY ends_on
""")

_BASES = text("""
    SELECT a.ancestor AS area, m.scope, count(*) FILTER (WHERE m.certain) AS in_scope,
           count(*) FILTER (WHERE NOT m.certain) AS uncertain
    FROM progress.scope_member m
    JOIN progress.membership a ON a.organisation = m.organisation AND a.line = 'territory'
         AND a.ancestor = ANY(CAST(:areas AS uuid[])) AND a.valid_from <= :on AND a.valid_to > :on
    WHERE m.scope = ANY(:scopes) AND m.valid_from <= :on AND m.valid_to > :on
    GROUP BY a.ancestor, m.scope
""")

_LACKING = text("""
    SELECT a.ancestor AS area, m.scope, count(*) AS lacking
    FROM progress.scope_member m
    JOIN progress.membership a ON a.organisation = m.organisation AND a.line = 'territory'
         AND a.ancestor = ANY(CAST(:areas AS uuid[])) AND a.valid_from <= :on AND a.valid_to > :on
    WHERE m.scope = ANY(:scopes) AND m.certain AND m.valid_from <= :on AND m.valid_to > :on
      AND NOT EXISTS (SELECT 1 FROM progress.fact f WHERE f.organisation = m.organisation
                      AND f.fact = :fact AND f."on" <= :on)
    GROUP BY a.ancestor, m.scope
""")

_MISSING = text("""
    SELECT o.name || CASE WHEN m.subject = '' THEN '' ELSE ' · ' || m.subject END AS name
    FROM progress.scope_member m
    JOIN progress.membership a ON a.organisation = m.organisation AND a.line = 'territory'
         AND a.ancestor = :area AND a.valid_from <= :on AND a.valid_to > :on
    JOIN progress.organisation o ON o.id = m.organisation
    WHERE m.scope = :scope AND m.certain AND m.valid_from <= :on AND m.valid_to > :on
      AND NOT EXISTS (SELECT 1 FROM progress.submission s WHERE s.organisation = m.organisation
          AND s.indicator = :indicator AND s.subject = m.subject AND s.ends_on BETWEEN :since AND :on
          AND (s.in_force_version IS NOT NULL OR s.state = 'submitted'))
    ORDER BY o.code, m.subject LIMIT 100
""")

_SOURCES = text("""
    WITH given AS (
        SELECT s.*, o.code, o.name,
               CASE WHEN s.state IN ('submitted', 'approved') THEN s.version ELSE s.in_force_version END AS counts,
               row_number() OVER (PARTITION BY s.organisation, s.subject ORDER BY s.ends_on DESC) AS newest,
               row_number() OVER (PARTITION BY s.organisation, s.subject, s.in_force_version IS NULL
                                  ORDER BY s.ends_on DESC) AS newest_of_its_kind
        FROM progress.scope_member m
        JOIN progress.membership a ON a.organisation = m.organisation AND a.line = 'territory'
             AND a.ancestor = :area AND a.valid_from <= :on AND a.valid_to > :on
        JOIN progress.organisation o ON o.id = m.organisation
        JOIN progress.submission s ON s.organisation = m.organisation AND s.subject = m.subject
             AND s.indicator = :indicator AND s.ends_on BETWEEN :since AND :on
             AND (s.in_force_version IS NOT NULL OR s.state = 'submitted')
        WHERE m.scope = :scope AND m.certain AND m.valid_from <= :on AND m.valid_to > :on
    )
    SELECT g.id, g.code, g.name, g.subject, g.period, g.ends_on, g.version, g.state, g.in_force_version,
           r.answer AS reported, r.judgement AS reported_judgement, c.answer AS confirmed, c.judgement
    FROM given g
    LEFT JOIN progress.submission_version r
      ON r.submission = g.id AND r.version = g.counts AND (:flow OR g.newest = 1)
    LEFT JOIN progress.submission_version c
      ON c.submission = g.id AND c.version = g.in_force_version AND (:flow OR g.newest_of_its_kind = 1)
    WHERE r.answer IS NOT NULL OR c.answer IS NOT NULL
    ORDER BY g.code, g.subject, g.ends_on
""").columns(reported=Json, confirmed=Json)

_SERIES_OF = text("""
    SELECT DISTINCT organisation, subject, indicator FROM progress.submission
    WHERE (state = 'submitted' OR in_force_version IS NOT NULL)
      AND (CAST(:organisations AS uuid[]) IS NULL OR organisation = ANY(CAST(:organisations AS uuid[])))
    ORDER BY organisation, indicator, subject
""")

_SUBJECTS_OF = text("""
    SELECT DISTINCT subject FROM progress.scope_member
    WHERE organisation = :organisation AND scope = :scope ORDER BY subject
""")

_SYNTHETIC = text("""
    SELECT EXISTS (SELECT 1 FROM progress.membership a JOIN progress.organisation o ON o.id = a.organisation
                   WHERE a.line = 'territory' AND a.ancestor = :area AND o.synthetic)
""")

_FACTS = text("""
    SELECT DISTINCT ON (organisation, fact) organisation, fact, value FROM progress.fact
    WHERE organisation = ANY(CAST(:areas AS uuid[])) AND fact = ANY(:facts) AND "on" <= :on
    ORDER BY organisation, fact, "on" DESC
""")


class SeriesKey(NamedTuple):
    """Whose answers to which indicator."""

    organisation: UUID
    subject: str
    indicator: str


class Wanted(NamedTuple):
    """Which sum is read, and from which day on."""

    indicator: str
    scope: str
    rule: str
    since: date


async def lock(conn: AsyncConnection, key: SeriesKey) -> None:
    """Hold the series until the commit; never an area, so that approvals do not queue at the province."""
    await conn.execute(_LOCK, {"series": f"{key.organisation}/{key.subject}/{key.indicator}"})


async def surroundings(conn: AsyncConnection, key: SeriesKey, scopes: Sequence[str], facts: Sequence[str]) -> Row[Any]:
    """Areas, scope spans and facts of a unit."""
    found = await conn.execute(
        _SURROUNDINGS,
        {
            "organisation": key.organisation,
            "subject": key.subject,
            "scopes": list(scopes),
            "facts": list(facts),
        },
    )
    return found.one()


async def reports(conn: AsyncConnection, key: SeriesKey) -> list[Row[Any]]:
    """The versions of a series that count, one row each."""
    return list(await conn.execute(_REPORTS, key._asdict()))


async def recorded(conn: AsyncConnection, key: SeriesKey) -> dict[Cell, Amounts]:
    """What a series has added to anything so far."""
    rows = await conn.execute(_RECORDED, key._asdict())
    return {Cell(Series(r.series), Place(r.area, r.scope, r.rule), r.ends_on): amounts_of(r) for r in rows}


def amounts_of(row: Any) -> Amounts:
    """A row of sums as amounts."""
    return Amounts(
        row.value,
        row.numerator,
        row.denominator,
        int(row.units),
        int(row.complying),
        int(row.excluded),
        int(row.reports),
    )


async def append(
    conn: AsyncConnection, key: SeriesKey, steps: Mapping[Cell, Amounts], cause: UUID, revision: int
) -> None:
    """Write what changed; the same cause can write each cell only once."""
    cells, amounts = list(steps), list(steps.values())
    await conn.execute(
        _APPEND,
        {
            **key._asdict(),
            "cause": cause,
            "revision": revision,
            "areas": [c.place.area for c in cells],
            "scopes": [c.place.scope for c in cells],
            "rules": [c.place.rule for c in cells],
            "series": [c.series.value for c in cells],
            "ends": [c.ends_on for c in cells],
            "values": [a.value for a in amounts],
            "numerators": [a.numerator for a in amounts],
            "denominators": [a.denominator for a in amounts],
            "units": [a.units for a in amounts],
            "complying": [a.complying for a in amounts],
            "excluded": [a.excluded for a in amounts],
            "reports": [a.reports for a in amounts],
        },
    )


async def fold(conn: AsyncConnection, most: int) -> int:
    """Add pending deltas to the kept sums; how many were folded."""
    return int((await conn.execute(_FOLD, {"most": most})).scalar_one())


async def moments(conn: AsyncConnection, areas: Iterable[UUID], wanted: Sequence[Wanted], on: date) -> list[Row[Any]]:
    """Steps per area, sum, series and last day, kept and pending together, up to a day."""
    params = {
        "areas": list(areas),
        "indicators": [w.indicator for w in wanted],
        "scopes": [w.scope for w in wanted],
        "rules": [w.rule for w in wanted],
        "starts": [w.since for w in wanted],
        "on": on,
    }
    return list(await conn.execute(_MOMENTS, params))


async def bases(
    conn: AsyncConnection, areas: Iterable[UUID], scopes: Iterable[str], on: date
) -> dict[tuple[UUID, str], tuple[int, int]]:
    """Units in scope per area on a day: certain, and uncertain for want of a fact."""
    rows = await conn.execute(_BASES, {"areas": list(areas), "scopes": sorted(set(scopes)), "on": on})
    return {(r.area, r.scope): (int(r.in_scope), int(r.uncertain)) for r in rows}


async def lacking(
    conn: AsyncConnection, areas: Iterable[UUID], scopes: Iterable[str], fact: str, on: date
) -> dict[tuple[UUID, str], int]:
    """Units in scope per area whose fact is unknown on a day."""
    params = {"areas": list(areas), "scopes": sorted(set(scopes)), "fact": fact, "on": on}
    return {(r.area, r.scope): int(r.lacking) for r in await conn.execute(_LACKING, params)}


async def missing(conn: AsyncConnection, area: UUID, indicator: str, scope: str, since: date, on: date) -> list[str]:
    """The first hundred units in scope that have given nothing between two days."""
    params = {"area": area, "indicator": indicator, "scope": scope, "since": since, "on": on}
    return [row.name for row in await conn.execute(_MISSING, params)]


async def sources(
    conn: AsyncConnection, area: UUID, indicator: str, scope: str, since: date, on: date, *, flow: bool
) -> list[Row[Any]]:
    """What each unit in scope has given between two days: of a stock the newest only, of a flow everything."""
    params = {"area": area, "indicator": indicator, "scope": scope, "since": since, "on": on, "flow": flow}
    return list(await conn.execute(_SOURCES, params))


async def series_of(conn: AsyncConnection, organisations: Sequence[UUID] | None) -> list[SeriesKey]:
    """Every series that counts, of some organisations or of all."""
    chosen = None if organisations is None else list(organisations)
    return [SeriesKey(*row) for row in await conn.execute(_SERIES_OF, {"organisations": chosen})]


async def synthetic(conn: AsyncConnection, area: UUID) -> bool:
    """Whether invented units stand in an area, so that its figures must say so."""
    return bool((await conn.execute(_SYNTHETIC, {"area": area})).scalar_one())


async def subjects_of(conn: AsyncConnection, unit: UUID, scope: str) -> list[str]:
    """The subjects a unit answers for in a scope; the empty one is the unit itself."""
    rows = await conn.execute(_SUBJECTS_OF, {"organisation": unit, "scope": scope})
    return [row.subject for row in rows]


async def facts(
    conn: AsyncConnection, areas: Iterable[UUID], names: Iterable[str], on: date
) -> dict[tuple[UUID, str], str]:
    """Facts of areas in force on a day."""
    rows = await conn.execute(_FACTS, {"areas": list(areas), "facts": sorted(set(names)), "on": on})
    return {(r.organisation, r.fact): r.value for r in rows}
