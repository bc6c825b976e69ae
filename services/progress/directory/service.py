"""Keeping the local copy, and answering from it."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.feed import Entity
from contracts.organisations import OrganisationEntity
from contracts.vocabularies import Role
from kernel.auth import Caller
from kernel.errors import FieldError, NotFound, Said, UnknownReference
from kernel.feed import Follower
from services.progress.directory import repository
from services.progress.directory.catalogue import Catalogue, parse
from services.progress.directory.repository import Named
from services.progress.directory.rules import FOREVER, Member, Unit, spans

SEES_FIGURES = (Role.REPORTER, Role.REVIEWER, Role.PLANNER, Role.SUPERVISOR, Role.VIEWER)
"""Roles that see figures and reports in their subtree; administrators and auditors do not."""

Settle = Callable[[AsyncConnection, Catalogue, Sequence[UUID] | None], Awaitable[None]]
"""Brings figures into line after the directory changed, for some organisations or for all."""


class Directory:
    """The copy as the rest of the service uses it."""

    def __init__(self) -> None:
        self._catalogue = Catalogue()
        self._seen: tuple[UUID, int] | None = None
        self.followers: list[Follower] = []

    async def catalogue(self, conn: AsyncConnection) -> Catalogue:
        """Everything published, parsed anew only when the copy has moved on."""
        now = await repository.cursor(conn, "targets")
        if now != self._seen:
            self._catalogue, self._seen = await read_catalogue(conn), now
        return self._catalogue

    async def catch_up(self) -> None:
        """Copy what is new right now; before refusing a reference as unknown."""
        for follower in self.followers:
            await follower.catch_up()

    async def ready(self) -> bool:
        """Whether both feeds were copied at least once."""
        return bool(self.followers) and all(follower.caught_up for follower in self.followers)


async def read_catalogue(conn: AsyncConnection) -> Catalogue:
    """The catalogue as it stands in this transaction."""
    # the position first: what is committed in between is read again, rather than taken for known
    cursor = await repository.cursor(conn, "targets")
    rows = [(row.kind, row.key, row.body) for row in await repository.entries(conn)]
    return parse(cursor[1] if cursor else -1, rows)


def apply_organisations(
    settle: Settle,
) -> Callable[[AsyncConnection, Sequence[Entity], bool], Awaitable[None]]:
    """How changes of organisations are copied: the rows, who belongs under whom, scopes, figures."""

    async def apply(conn: AsyncConnection, entities: Sequence[Entity], everything: bool) -> None:
        await repository.hold(conn, changing=True)
        latest = {e.key: e.body for e in entities if e.kind == "organisation" and e.body is not None}
        changed = [OrganisationEntity.model_validate(body) for body in latest.values()]
        before = [] if everything else await repository.below(conn, [unit.id for unit in changed])
        await repository.put_organisations(conn, changed, everything)
        affected = None if everything else sorted({*before, *(unit.id for unit in changed)})
        await repository.rebuild_membership(conn, affected)
        catalogue = await read_catalogue(conn)
        await _rebuild_scopes(conn, catalogue, scopes=None, organisations=affected)
        await settle(conn, catalogue, affected)

    return apply


def apply_entries(settle: Settle) -> Callable[[AsyncConnection, Sequence[Entity], bool], Awaitable[None]]:
    """How changes of plans and targets are copied: the rows, scopes, figures."""

    async def apply(conn: AsyncConnection, entities: Sequence[Entity], everything: bool) -> None:
        await repository.hold(conn, changing=True)
        await repository.put_entries(conn, entities, everything)
        catalogue = await read_catalogue(conn)
        touched = {e.key for e in entities if e.kind == "scope"}
        subjects = {e.key for e in entities if e.kind == "subject"}
        touched |= {s.code for s in catalogue.scopes.values() if subjects.intersection(s.subjects)}
        if everything or touched:
            await _rebuild_scopes(conn, catalogue, scopes=None if everything else sorted(touched), organisations=None)
        await settle(conn, catalogue, None)

    return apply


async def _rebuild_scopes(
    conn: AsyncConnection,
    catalogue: Catalogue,
    *,
    scopes: Sequence[str] | None,
    organisations: Sequence[UUID] | None,
) -> None:
    known = await repository.units(conn)
    chosen = list(known.values()) if organisations is None else [known[u] for u in organisations if u in known]
    codes = list(catalogue.scopes) if scopes is None else [s for s in scopes if s in catalogue.scopes]
    rows = [row for code in codes for row in _members(catalogue, code, chosen, known)]
    await repository.replace_scope_members(conn, rows, scopes=scopes, organisations=organisations)


def _members(
    catalogue: Catalogue, code: str, chosen: Sequence[Unit], known: dict[UUID, Unit]
) -> list[tuple[str, UUID, str, Member]]:
    scope = catalogue.scopes[code]
    if scope.subjects:
        owners = {unit.code: unit for unit in chosen}
        asked = [catalogue.subjects[s] for s in scope.subjects if s in catalogue.subjects]
        return [
            (code, owners[s.owner].id, s.code, Member(owners[s.owner].life.start, FOREVER))
            for s in asked
            if s.owner in owners
        ]
    return [(code, unit.id, "", member) for unit in chosen for member in spans(scope, unit, known)]


async def visible(conn: AsyncConnection, caller: Caller, code: str, today: date, items: Collection[str] = ()) -> Named:
    """The organisation with this code, or NotFound when the caller may not see its figures (on these items)."""
    unit = (await repository.by_code(conn, [code])).get(code)
    roots = caller.roots(*SEES_FIGURES, items=items)
    if unit is None or not await repository.under(conn, unit.id, roots, today):
        raise NotFound()
    return unit


async def limits(conn: AsyncConnection, caller: Caller, unit: UUID, today: date, *roles: Role) -> frozenset[str] | None:
    """The items to which the caller's roles at a unit are limited; None when they cover all of it."""
    if await repository.under(conn, unit, caller.roots(*roles), today):
        return None
    above = {unit, *(office.id for office in await repository.chain(conn, unit, today))}
    limited = [grant for grant in caller.limited(*roles) if grant.organisation in above]
    return frozenset(item for grant in limited for item in grant.items or ())


def any_item(caller: Caller) -> frozenset[str]:
    """Every item that any limited grant of the caller names."""
    return frozenset(item for grant in caller.limited(*SEES_FIGURES) for item in grant.items or ())


async def referred(
    conn: AsyncConnection, caller: Caller, code: str, today: date, pointer: str, items: Collection[str] = ()
) -> Named:
    """The same for an organisation named in a body: UnknownReference instead."""
    try:
        return await visible(conn, caller, code, today, items)
    except NotFound:
        raise unknown(pointer) from None


def unknown(pointer: str, suggestion: str | None = None) -> UnknownReference:
    """A reference in a body that leads nowhere the caller may see."""
    zh, en = "不存在或无权查看。", "does not exist or may not be seen"
    if suggestion:
        zh, en = f"{zh}是否为 {suggestion}？", f"{en}; did you mean {suggestion}?"
    return UnknownReference(errors=[FieldError(pointer, "unknown-reference", Said(zh, en))])
