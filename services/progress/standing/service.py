"""Use cases of standing: how far each target is in each place on a day."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.catalogue import TargetEntity
from contracts.reports import Answer
from contracts.standings import (
    Assumption,
    Failing,
    FailingUnit,
    Standing,
    StandingCell,
    StandingSummary,
    StandingTable,
)
from contracts.vocabularies import ItemType, Level, Measure
from kernel.auth import Caller
from kernel.errors import NotFound, Said
from services.progress.calendar import repository as calendar_repository
from services.progress.calendar.rules import today
from services.progress.desk import Desk
from services.progress.directory import repository as directory_repository
from services.progress.directory import service as directory_service
from services.progress.directory.catalogue import Catalogue, rule_of
from services.progress.directory.repository import Named
from services.progress.directory.rules import number
from services.progress.figures import repository as figures_repository
from services.progress.figures.rules import deciding_fact
from services.progress.standing import evidence, repository
from services.progress.standing.compliance import complies, lacks
from services.progress.standing.evidence import BEGINNING, Evidence
from services.progress.standing.rules import Judgement, Words, judge

MOST_FAILING = 500


@dataclass(frozen=True)
class Selection:
    """Which targets; empty means all."""

    plan: str | None = None
    targets: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    strengths: list[str] = field(default_factory=list)
    indicators: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scene:
    """A place and a day, with everything published."""

    conn: AsyncConnection
    catalogue: Catalogue
    area: Named
    on: date
    items: frozenset[str] | None = None


async def standings(desk: Desk, caller: Caller, code: str | None, on: date | None, chosen: Selection) -> list[Standing]:
    """The standing of each chosen target in an area on a day, judged on confirmed figures."""
    async with desk.database.reading() as conn:
        scene = await _scene(conn, desk, caller, code, on)
        targets = await _targets(scene, chosen)
        found = await _judge_all(scene, [scene.area], targets)
    return [s for s in found if not chosen.statuses or s.status.value in chosen.statuses]


async def _scene(conn: AsyncConnection, desk: Desk, caller: Caller, code: str | None, on: date | None) -> Scene:
    now = today(await calendar_repository.now(conn))
    catalogue = await desk.directory.catalogue(conn)
    if code is None:
        roots = await directory_repository.by_id(
            conn, caller.roots(*directory_service.SEES_FIGURES, items=directory_service.any_item(caller))
        )
        if not roots:
            raise NotFound()
        order = [level.value for level in Level]
        area = min(roots.values(), key=lambda named: (order.index(named.level), named.code))
    else:
        area = await directory_service.visible(conn, caller, code, now, directory_service.any_item(caller))
    items = await directory_service.limits(conn, caller, area.id, now, *directory_service.SEES_FIGURES)
    return Scene(conn, catalogue, area, on or now, items)


async def _targets(scene: Scene, chosen: Selection) -> list[TargetEntity]:
    """Targets that the area or an organisation above it holds, filtered, in order of code."""
    above = await directory_repository.chain(scene.conn, scene.area.id, scene.on)
    holders = {scene.area.code, *(named.code for named in above)}
    return [
        t
        for t in scene.catalogue.targets.values()
        if t.holder in holders and _seen(scene, t) and _chosen(scene.catalogue, t, chosen)
    ]


def _seen(scene: Scene, target: TargetEntity) -> bool:
    """Whether the caller sees this target: all of them, or those that serve the items he was granted."""
    return scene.items is None or not scene.catalogue.items_above(target.items).isdisjoint(scene.items)


def _chosen(catalogue: Catalogue, target: TargetEntity, chosen: Selection) -> bool:
    return (
        (chosen.plan is None or target.plan == chosen.plan)
        and (not chosen.targets or target.code in chosen.targets)
        and (not chosen.strengths or target.strength.value in chosen.strengths)
        and (not chosen.indicators or target.indicator in chosen.indicators)
        and (not chosen.items or bool(catalogue.items_above(target.items).intersection(chosen.items)))
    )


async def _judge_all(scene: Scene, areas: Sequence[Named], targets: Sequence[TargetEntity]) -> list[Standing]:
    found = await evidence.gather(scene.conn, scene.catalogue, [a.id for a in areas], targets, scene.on)
    invented = {a.id: a.synthetic or await figures_repository.synthetic(scene.conn, a.id) for a in areas}
    return [_standing(scene, area, target, found, invented[area.id]) for area in areas for target in targets]


def _standing(scene: Scene, area: Named, target: TargetEntity, found: Evidence, synthetic: bool) -> Standing:
    judged = _judgement(scene, area, target, found)
    units = target.measure is Measure.UNITS
    return Standing(
        target=target.code,
        target_name=target.name,
        target_name_en=target.name_en,
        target_version=target.version,
        plan=target.plan,
        organisation=area.code,
        organisation_name=area.name,
        on=scene.on,
        status=judged.status,
        status_zh=judged.status.zh,
        status_en=judged.status.en,
        measure=target.measure,
        as_=target.as_,
        comparator=target.comparator,
        actual=judged.actual,
        actual_reported=judged.actual_reported,
        expected=judged.expected,
        final=judged.final,
        upper=target.upper,
        due=target.due,
        met_on=judged.met_on,
        late=judged.late,
        units_in_scope=judged.in_scope,
        units_complying=judged.complying if units else None,
        units_missing=judged.missing,
        inherited=judged.inherited,
        strength=target.strength,
        softening=target.softening,
        items=target.items,
        reason=judged.reason_zh,
        reason_en=judged.reason_en,
        assumptions=[Assumption(setting=code, value=scene.catalogue.settings.get(code)) for code in judged.assumptions],
        synthetic=synthetic,
    )


def _judgement(scene: Scene, area: Named, target: TargetEntity, found: Evidence) -> Judgement:
    catalogue = scene.catalogue
    indicator, scope = catalogue.indicators[target.indicator], catalogue.scopes[target.scope]
    denominator = evidence.denominator_of(found, area.id, target.denominator)
    names = {stage.code: Said(stage.name, stage.name_en or stage.name) for stage in indicator.stages}
    return judge(
        target,
        plan_starts=catalogue.plans[target.plan].starts_on,
        on=scene.on,
        moments=evidence.moments_of(found, catalogue, area.id, target, scene.on),
        base=evidence.base_of(found, area.id, target),
        fact_denominator=denominator,
        denominator_known=denominator is not None,
        own_share=area.code == target.holder,
        choices=evidence.choices_of(catalogue.settings),
        stages=[stage.code for stage in indicator.stages],
        words=Words(Said(f"个单位（{scope.name}）", scope.name_en or "units"), indicator.unit or "", names),
    )


async def summary(desk: Desk, caller: Caller, code: str | None, on: date | None, chosen: Selection) -> StandingSummary:
    """How many targets have each status, in all, by strength and by action."""
    found = await standings(desk, caller, code, on, chosen)
    async with desk.database.reading() as conn:
        scene = await _scene(conn, desk, caller, code, on)
    by_strength: dict[str, Counter[str]] = defaultdict(Counter)
    by_action: dict[str, Counter[str]] = defaultdict(Counter)
    for one in found:
        by_strength[one.strength.value][one.status.value] += 1
        for item in scene.catalogue.items_above(one.items):
            known = scene.catalogue.items.get(item)
            if known is not None and known.type is ItemType.ACTION:
                by_action[item][one.status.value] += 1
    return StandingSummary(
        organisation=scene.area.code,
        on=scene.on,
        counts=dict(Counter(one.status.value for one in found)),
        by_strength={key: dict(counts) for key, counts in sorted(by_strength.items())},
        by_action={key: dict(counts) for key, counts in sorted(by_action.items())},
    )


async def table(
    desk: Desk, caller: Caller, code: str | None, by: Level, on: date | None, chosen: Selection
) -> StandingTable:
    """Targets by areas of a level below an organisation, read in three statements."""
    async with desk.database.reading() as conn:
        scene = await _scene(conn, desk, caller, code, on)
        targets = await _targets(scene, chosen)
        areas = await directory_repository.areas_below(conn, scene.area.id, by.value, scene.on)
        found = await _judge_all(scene, areas, targets)
    return StandingTable(
        organisation=scene.area.code,
        on=scene.on,
        targets=[target.code for target in targets],
        areas=[area.code for area in areas],
        cells=[
            StandingCell(
                target=one.target,
                organisation=one.organisation,
                status=one.status,
                actual=one.actual,
                expected=one.expected,
            )
            for one in found
        ],
    )


async def failing(desk: Desk, caller: Caller, code: str | None, target: str, on: date | None) -> Failing:
    """The units of an area that do not comply with a target, and what each lacks (the first 500)."""
    async with desk.database.reading() as conn:
        scene = await _scene(conn, desk, caller, code, on)
        known = scene.catalogue.targets.get(target)
        if known is None or not _seen(scene, known):
            raise NotFound()
        rows = await repository.units_with_answers(
            conn, scene.area.id, known.indicator, known.scope, BEGINNING, scene.on
        )
        indicator = scene.catalogue.indicators[known.indicator]
        fact = deciding_fact(indicator, rule_of(known))
        facts = await figures_repository.facts(conn, [r.id for r in rows], [fact] if fact else [], scene.on)
    short = [one for row in rows if (one := _short(scene.catalogue, known, row, facts.get((row.id, fact or ""))))]
    return Failing(
        target=target,
        organisation=scene.area.code,
        on=scene.on,
        items=short[:MOST_FAILING],
        truncated=len(short) > MOST_FAILING,
    )


def _short(catalogue: Catalogue, target: TargetEntity, row: Any, fact: str | None) -> FailingUnit | None:
    indicator, tally = catalogue.indicators[target.indicator], rule_of(target)
    answer = Answer.model_validate(row.answer) if row.answer is not None else None
    terms: dict[str, Any] = {
        "threshold": tally.threshold,
        "stage": tally.stage,
        "fact": number(fact),
        "judgement": row.judgement,
    }
    if answer is not None and (answer.not_applicable or complies(indicator, answer, **terms)):
        return None
    said = lacks(indicator, answer, **terms)
    return FailingUnit(
        organisation=row.code,
        organisation_name=row.name,
        subject=row.subject or None,
        lacks=said.zh,
        lacks_en=said.en,
    )
