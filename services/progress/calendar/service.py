"""Use cases of the calendar."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.reports import Expectation, Extension, ExtensionCreate
from contracts.vocabularies import Rhythm, Role
from kernel import audit, idempotency
from kernel.auth import Caller
from kernel.db import Database
from kernel.errors import FieldError, Forbidden, Invalid, NotFound, Said
from kernel.ids import new_id
from services.progress.calendar import repository, rules
from services.progress.calendar.repository import Standing
from services.progress.directory import repository as directory_repository
from services.progress.directory import service as directory_service
from services.progress.directory.catalogue import Catalogue
from services.progress.directory.service import Directory
from services.progress.schema import audit_events, idempotency_keys

MOST_EXPECTATIONS = 2000


async def ensure_periods(conn: AsyncConnection, catalogue: Catalogue) -> None:
    """Lay out the years of every plan, so that all plans share the same periods."""
    plans = catalogue.plans.values()
    if not plans:
        return
    days = int(catalogue.settings.get("window-days", 10))
    years = rules.of_years(min(p.starts_on.year for p in plans), max(p.ends_on.year for p in plans))
    await repository.ensure(conn, [(one, *rules.window(one, days)) for one in years])


async def window(
    conn: AsyncConnection, period: str, unit: UUID, today: date, *, hold: bool = False
) -> Standing:
    """A period as it stands for a unit; NotFound if there is no such period."""
    found = await repository.window(conn, period, unit, today, hold=hold)
    if found is None:
        raise NotFound()
    return found


def takes_submissions(standing: Standing) -> bool:
    """Whether the unit may submit for the first time now."""
    until = standing.closes_at
    extended = standing.extended_until is not None and standing.now < standing.extended_until
    return extended or rules.is_open(standing.opens_at, until, standing.now)


async def extend(
    database: Database,
    directory: Directory,
    caller: Caller,
    period: str,
    wanted: ExtensionCreate,
    key: idempotency.Key,
) -> tuple[int, object]:
    """Open a period for a unit and all below it until an instant; an act of the level above, with a ground."""
    async with database.transaction(caller.id) as conn:
        now = await repository.now(conn)
        today = rules.today(now)
        unit = await directory_service.referred(conn, caller, wanted.organisation, today, "/organisation")
        await _may_extend(conn, caller, unit.id, today)
        replay = await idempotency.claim(conn, idempotency_keys, caller.id, key)
        if replay is not None:
            return replay.status, replay.body
        _future(wanted.until, now)
        if await repository.hold(conn, period) is None:
            raise NotFound()
        version = await repository.touch(conn, period)
        row = await repository.add_extension(
            conn,
            {
                "id": new_id(),
                "period": period,
                "organisation": unit.id,
                "until": wanted.until,
                "reason": wanted.reason,
                "ground": wanted.ground.model_dump(mode="json"),
                "granted_by": caller.id,
                "granted_by_name": caller.name,
            },
        )
        await audit.record(
            conn,
            audit_events,
            caller=caller,
            action="period.extended",
            entity="period",
            entity_id=period,
            entity_version=version,
            organisation=unit.id,
            reason=wanted.reason,
            detail=wanted.model_dump(mode="json"),
        )
        made = Extension(
            **wanted.model_dump(),
            id=row.id,
            period=period,
            granted_by=row.granted_by_name,
            granted_at=row.granted_at,
        ).model_dump(mode="json")
        await idempotency.remember(conn, idempotency_keys, caller.id, key, 201, made)
    return 201, made


async def _may_extend(conn: AsyncConnection, caller: Caller, unit: UUID, today: date) -> None:
    """The unit itself never extends its own deadline: the grant must lie above it, or at the top."""
    roots = caller.roots(Role.PLANNER, Role.SUPERVISOR)
    if not roots or not await directory_repository.under(conn, unit, roots, today):
        raise Forbidden()
    above = [named.id for named in await directory_repository.chain(conn, unit, today)]
    if above and not set(above) & set(roots):
        raise Forbidden(Said("延期须由上级批准。", "an extension is granted by the level above"))


def _future(until: datetime, now: datetime) -> None:
    if until <= now:
        said = Said("须晚于当前时刻。", "must lie in the future")
        raise Invalid(errors=[FieldError("/until", "in-the-past", said)])


async def expectations(
    database: Database, directory: Directory, caller: Caller, code: str, period: str
) -> list[Expectation]:
    """What an organisation and all below it owe for a period, and whether it came (at most 2,000 lines)."""
    async with database.reading() as conn:
        now = await repository.now(conn)
        unit = await directory_service.visible(conn, caller, code, rules.today(now))
        standing = await window(conn, period, unit.id, rules.today(now))
        catalogue = await directory.catalogue(conn)
        asked = asked_in(catalogue, Rhythm(standing.kind))
        rows = await repository.due(conn, unit.id, period, standing.ends_on, asked, MOST_EXPECTATIONS)
    return [
        Expectation(
            organisation=row.code,
            organisation_name=row.name,
            period=period,
            indicator=row.indicator,
            indicator_name=catalogue.indicators[row.indicator].name,
            subject=row.subject or None,
            state=_state(row.submitted_first_at, standing),
        )
        for row in rows
    ]


def asked_in(catalogue: Catalogue, kind: Rhythm) -> list[tuple[str, str]]:
    """Pairs of indicator and scope that are asked in periods of a kind."""
    return [
        (code, scope)
        for code, scopes in catalogue.asked().items()
        if catalogue.rhythm(catalogue.indicators[code]) is kind
        for scope in scopes
    ]


def _state(submitted_at: datetime | None, standing: Standing) -> str:
    if submitted_at is not None:
        return "reported" if submitted_at < standing.closes_at else "late"
    return "missing" if standing.now >= standing.closes_at else "due"
