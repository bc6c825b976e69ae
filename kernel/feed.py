"""The change feed: written in the change's transaction, read in the order of commits.

The order comes from a counter whose row is held until commit. Transaction snapshots would not do: a transaction
left open anywhere in the cluster hides committed rows behind the snapshot horizon.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.feed import Change, Changes, Entity, Snapshot
from kernel.db import Database, Id, Instant, Json
from kernel.errors import AppError, Gone
from kernel.logs import log
from kernel.upstream import Upstream


class Outbox:
    """The producer's side: three tables of one service."""

    def __init__(self, metadata: MetaData) -> None:
        self.head = Table(
            "feed_head",
            metadata,
            Column(
                "only",
                Boolean,
                CheckConstraint('"only"', name="only_row"),
                primary_key=True,
                server_default="true",
            ),
            Column("feed", Id, nullable=False, server_default=func.gen_random_uuid()),
            Column("position", BigInteger, nullable=False, server_default="0"),
            Column("oldest", BigInteger, nullable=False, server_default="0"),
        )
        self.change = Table(
            "feed_change",
            metadata,
            Column("position", BigInteger, primary_key=True),
            Column("kind", Text, nullable=False),
            Column("key", Text, nullable=False),
            Column("version", Integer, nullable=False),
            Column("body", Json, nullable=True),
            Column("at", Instant, nullable=False, server_default=func.now()),
        )
        self.entity = Table(
            "feed_entity",
            metadata,
            Column("kind", Text, primary_key=True),
            Column("key", Text, primary_key=True),
            Column("version", Integer, nullable=False),
            Column("body", Json, nullable=True),
        )

    async def publish(self, conn: AsyncConnection, entities: Sequence[Entity]) -> None:
        """Tell the other services; call it last in the transaction, for it orders commits one after another."""
        if not entities:
            return
        rows = [e.model_dump(mode="json") for e in entities]
        latest = {(r["kind"], r["key"]): r for r in rows}
        upsert = insert(self.entity)
        await conn.execute(
            upsert.on_conflict_do_update(
                index_elements=["kind", "key"],
                set_={"version": upsert.excluded.version, "body": upsert.excluded.body},
            ),
            list(latest.values()),
        )
        await conn.execute(insert(self.head).values(only=True).on_conflict_do_nothing())
        last = (
            await conn.execute(
                update(self.head)
                .values(position=self.head.c.position + len(rows))
                .returning(self.head.c.position)
            )
        ).scalar_one()
        first = last - len(rows) + 1
        await conn.execute(
            insert(self.change), [{**row, "position": first + at} for at, row in enumerate(rows)]
        )

    async def publish_query(self, conn: AsyncConnection, entities: Select[Any]) -> None:
        """Tell of the entities a query makes (columns kind, key, version, body) without fetching them.

        For thousands at once; call it last in the transaction, as `publish`.
        """
        written = insert(self.entity).from_select(["kind", "key", "version", "body"], entities)
        upsert = written.on_conflict_do_update(
            index_elements=["kind", "key"],
            set_={"version": written.excluded.version, "body": written.excluded.body},
        )
        count = (await conn.execute(upsert)).rowcount
        await conn.execute(insert(self.head).values(only=True).on_conflict_do_nothing())
        moved = update(self.head).values(position=self.head.c.position + count).returning(self.head.c.position)
        last = (await conn.execute(moved)).scalar_one()
        named = entities.subquery()
        place = literal(last - count, BigInteger) + func.row_number().over(order_by=self.entity.c.key)
        told = select(place, self.entity).join(
            named, (named.c.kind == self.entity.c.kind) & (named.c.key == self.entity.c.key)
        )
        columns = ["position", "kind", "key", "version", "body"]
        await conn.execute(insert(self.change).from_select(columns, told))

    async def snapshot(self, conn: AsyncConnection) -> Snapshot:
        """Everything as it stands; `conn` must see one snapshot (Database.reading)."""
        head = (await conn.execute(select(self.head))).first()
        rows = await conn.execute(select(self.entity).where(self.entity.c.body.is_not(None)))
        entities = [Entity.model_construct(**row._mapping) for row in rows]
        return Snapshot(
            feed=head.feed if head else UUID(int=0), position=head.position if head else 0, entities=entities
        )

    async def changes(self, conn: AsyncConnection, *, feed: UUID, after: int, limit: int = 1000) -> Changes:
        """What was committed after a position; raises Gone when the consumer must start over."""
        head = (await conn.execute(select(self.head))).first()
        if head is None or head.feed != feed or after < head.oldest or after > head.position:
            raise Gone()
        query = select(self.change).where(self.change.c.position > after).order_by(self.change.c.position)
        rows = (await conn.execute(query.limit(limit))).all()
        columns = ("position", "kind", "key", "version", "body")
        found = [Change(**{name: row._mapping[name] for name in columns}) for row in rows]
        last = found[-1].position if found else after
        return Changes(feed=head.feed, position=last, changes=found, more=last < head.position)


def cursor_table(metadata: MetaData) -> Table:
    """How far a consumer has copied each feed."""
    return Table(
        "feed_cursor",
        metadata,
        Column("source", Text, primary_key=True),
        Column("feed", Id, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("applied_at", Instant, nullable=False, server_default=func.now()),
    )


class Source(Protocol):
    """Where changes come from."""

    async def snapshot(self) -> Snapshot:
        """Everything."""
        ...

    async def changes(self, feed: UUID, after: int) -> Changes:
        """What came after; raises Gone."""
        ...


class HttpSource:
    """A feed over HTTP."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def snapshot(self) -> Snapshot:
        """Everything."""
        return Snapshot.model_validate_json(await self._upstream.get("/internal/v1/snapshot", patience=60.0))

    async def changes(self, feed: UUID, after: int) -> Changes:
        """What came after; raises Gone."""
        raw = await self._upstream.get("/internal/v1/changes", feed=str(feed), after=after)
        return Changes.model_validate_json(raw)


Apply = Callable[[AsyncConnection, Sequence[Entity], bool], Awaitable[None]]
"""Copies entities into local tables; the flag says that they are everything there is."""


class Follower:
    """The consumer's side: keeps a local copy, each batch applied together with its position."""

    def __init__(
        self,
        name: str,
        source: Source,
        database: Database,
        cursor: Table,
        apply: Apply,
        *,
        every: float = 0.5,
    ) -> None:
        self.name, self._source, self._database = name, source, database
        self._cursor, self._apply, self._every = cursor, apply, every
        self._turn = asyncio.Lock()
        self.caught_up = False

    async def run(self) -> None:
        """Follow until cancelled; a source that is down is tried again."""
        while True:
            try:
                await self.catch_up()
            except asyncio.CancelledError:
                raise
            except AppError as error:
                log().warning("feed.waiting", source=self.name, code=error.code)
            except Exception as error:
                log().error("feed.failed", source=self.name, exc_info=error)
            await asyncio.sleep(self._every)

    async def catch_up(self) -> None:
        """Copy everything committed so far; raises DependencyUnavailable when the source does not answer."""
        async with self._turn:
            with suppress(Gone):
                while await self._step():
                    pass
                self.caught_up = True
                return
            await self._start_over()
            self.caught_up = True

    async def _position(self, conn: AsyncConnection) -> tuple[UUID, int] | None:
        row = (await conn.execute(select(self._cursor).where(self._cursor.c.source == self.name))).first()
        return (row.feed, row.position) if row else None

    async def _step(self) -> bool:
        async with self._database.transaction() as conn:
            known = await self._position(conn)
        if known is None:
            raise Gone()
        found = await self._source.changes(*known)
        if not found.changes:
            return False
        async with self._database.transaction() as conn:
            if await self._advance(conn, found.feed, found.position, known[1]):
                await self._apply(conn, found.changes, False)
        return found.more

    async def _start_over(self) -> None:
        everything = await self._source.snapshot()
        if everything.feed.int == 0:
            return
        async with self._database.transaction() as conn:
            await self._advance(conn, everything.feed, everything.position, None)
            await self._apply(conn, everything.entities, True)

    async def _advance(self, conn: AsyncConnection, feed: UUID, position: int, seen: int | None) -> bool:
        """Move the cursor; False when another worker has moved it already.

        One feed at a time until commit: of two applied at once neither sees the other's rows, and what is derived
        from both would lack them for good.
        """
        await conn.execute(text(f"LOCK TABLE {self._cursor.fullname} IN SHARE ROW EXCLUSIVE MODE"))
        fresh = insert(self._cursor).values(source=self.name, feed=feed, position=position)
        moved = fresh.on_conflict_do_update(
            index_elements=["source"],
            set_={"feed": feed, "position": position, "applied_at": func.now()},
            where=None if seen is None else (self._cursor.c.position == seen) & (self._cursor.c.feed == feed),
        )
        return (await conn.execute(moved.returning(self._cursor.c.source))).first() is not None
