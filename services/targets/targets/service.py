"""Use cases of targets: reading them."""

from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Row

from contracts.base import Page
from contracts.catalogue import TargetEntity, TargetView
from kernel import etags
from kernel.auth import Caller
from kernel.db import Database
from kernel.errors import NotFound
from kernel.paging import PageQuery, paged
from services.targets.plans import visibility
from services.targets.targets import repository

_NAMES = ("indicator_name", "indicator_name_en", "scope_name", "scope_name_en", "holder_name")


@dataclass(frozen=True)
class Filters:
    """Which targets; several values of one filter are OR."""

    plan: list[str] = field(default_factory=list)
    indicator: list[str] = field(default_factory=list)
    holder: list[str] = field(default_factory=list)
    strength: list[str] = field(default_factory=list)
    item: list[str] = field(default_factory=list)


async def list_targets(database: Database, caller: Caller, page: PageQuery, filters: Filters) -> Page[TargetView]:
    """The targets the caller may see, plan by plan in the order of the packs."""
    async with database.reading() as conn:
        drafts = await visibility.drafts(conn, caller)
        query = repository.filtered(repository.targets(drafts), asdict(filters))
        return await paged(conn, query, page, _view)


async def read_target(database: Database, caller: Caller, code: str) -> TargetView:
    """A target; raises NotFound."""
    async with database.reading() as conn:
        row = await repository.one(conn, code, await visibility.drafts(conn, caller))
    if row is None:
        raise NotFound()
    return _view(row)


async def list_versions(database: Database, caller: Caller, code: str, page: PageQuery) -> Page[TargetEntity]:
    """Every version of a target, the newest first; raises NotFound."""
    async with database.reading() as conn:
        if await repository.one(conn, code, await visibility.drafts(conn, caller)) is None:
            raise NotFound()
        return await paged(conn, repository.versions(code), page, lambda row: TargetEntity.model_validate(row.body))


def _view(row: Row[Any]) -> TargetView:
    names = {name: row._mapping[name] for name in _NAMES}
    return TargetView.model_validate({**row.body, **names, "etag": etags.of(row.version, *names.values())})
