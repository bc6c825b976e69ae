"""Use cases of settings: loading and reading them."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.base import Page
from contracts.feed import Entity
from contracts.imports import Conflict, ImportCounts, ImportJob
from contracts.settings import Setting
from contracts.vocabularies import Role
from kernel import audit, etags
from kernel.auth import Caller
from kernel.db import Database
from kernel.errors import Forbidden, NotFound
from kernel.ids import new_id
from kernel.paging import PageQuery, paged
from services.targets.choices import reading, repository
from services.targets.directory import repository as directory
from services.targets.directory import service as organisations
from services.targets.plans.rules import digest_of
from services.targets.schema import audit_events, outbox


async def load(database: Database, caller: Caller, text: str) -> ImportJob:
    """Put the settings written in a text (YAML) in force; what came of it, with every fault.

    With any fault nothing is loaded; loading what is there already changes nothing; a setting the text does not
    name stays as it is. Raises Forbidden when the caller is no planner of the owners.
    """
    wanted, faults = reading.read(text)
    counts = ImportCounts(rejected=len(faults))
    if not faults:
        async with database.transaction(caller.id) as conn:
            await repository.one_load_at_a_time(conn)
            owners = {setting.owner for setting in wanted}
            if owners - await organisations.covered(conn, caller, Role.PLANNER, owners):
                raise Forbidden()
            known = await repository.digests(conn)
            fresh = [_next(one, known) for one in wanted if known.get(one.code, (0, ""))[1] != _digest(one)]
            if fresh:
                await _put_in_force(conn, caller, fresh)
        new = sum(one.version == 1 for one in fresh)
        counts = ImportCounts(new=new, changed=len(fresh) - new, same=len(wanted) - len(fresh))
    return _job(counts, faults)


def _digest(setting: Setting) -> str:
    return digest_of(setting.model_copy(update={"version": 1}))


def _next(setting: Setting, known: dict[str, tuple[int, str]]) -> Setting:
    version, _ = known.get(setting.code, (0, ""))
    return setting.model_copy(update={"version": version + 1})


async def _put_in_force(conn: AsyncConnection, caller: Caller, fresh: list[Setting]) -> None:
    await repository.put(conn, [(setting, _digest(setting)) for setting in fresh])
    owners = await directory.ids(conn, [setting.owner for setting in fresh])
    for setting in fresh:
        await _record(conn, caller, setting, owners.get(setting.owner))
    await outbox.publish(conn, [_told(setting) for setting in fresh])


async def _record(conn: AsyncConnection, caller: Caller, setting: Setting, owner: UUID | None) -> None:
    await audit.record(
        conn,
        audit_events,
        caller=caller,
        action="setting.load",
        entity="setting",
        entity_id=setting.code,
        entity_version=setting.version,
        organisation=owner,
        reason=setting.ground.title,
        detail={"value": setting.value},
    )


def _told(setting: Setting) -> Entity:
    body = setting.model_dump(mode="json")
    return Entity(kind="setting", key=setting.code, version=setting.version, body=body)


def _job(counts: ImportCounts, faults: list[Conflict]) -> ImportJob:
    return ImportJob(
        id=new_id(),
        kind="settings",
        mode="atomic",
        state="refused" if faults else "done",
        counts=counts,
        conflicts=faults,
        conflict_count=len(faults),
        created_at=datetime.now(UTC),
    )


async def list_settings(database: Database, page: PageQuery) -> Page[Setting]:
    """All settings in order of code."""
    async with database.reading() as conn:
        return await paged(conn, repository.settings(), page, lambda row: Setting.model_validate(row.body))


async def read_setting(database: Database, code: str) -> tuple[Setting, str]:
    """A setting and its tag; raises NotFound."""
    async with database.reading() as conn:
        row = await repository.one(conn, code)
    if row is None:
        raise NotFound()
    return Setting.model_validate(row.body), etags.of(row.version)
