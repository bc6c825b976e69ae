"""Two feeds copied at the same time: what is derived from both is complete, whoever commits last."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import Column, Integer, Text, func, insert, select, text
from sqlalchemy import Table as SqlTable
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.feed import Changes, Entity, Snapshot
from kernel import feed
from kernel.db import Database, metadata

ROUNDS = 20
TABLES = metadata("copies")
CURSOR = feed.cursor_table(TABLES)
COPY = SqlTable("copy", TABLES, Column("source", Text, primary_key=True))
DERIVED = SqlTable("derived", TABLES, Column("sources", Integer, nullable=False))


class Feed:
    """A source that holds one entity and never changes."""

    async def snapshot(self) -> Snapshot:
        """Everything."""
        entity = Entity(kind="thing", key="one", version=1, body={})
        return Snapshot(feed=uuid4(), position=1, entities=[entity])

    async def changes(self, feed: UUID, after: int) -> Changes:
        """Nothing new."""
        return Changes(feed=feed, position=after, changes=[], more=False)


def follower(name: str, database: Database) -> feed.Follower:
    """Copies its feed, then derives how many feeds have been copied."""

    async def apply(conn: AsyncConnection, entities: Sequence[Entity], everything: bool) -> None:
        await conn.execute(insert(COPY).values(source=name))
        known = (await conn.execute(select(func.count()).select_from(COPY))).scalar_one()
        await conn.execute(DERIVED.delete())
        await conn.execute(insert(DERIVED).values(sources=known))

    return feed.Follower(name, Feed(), database, CURSOR, apply)


async def test_two_first_copies_at_once_see_each_other(database: str) -> None:
    found = Database(database)
    async with found.transaction() as conn:
        await conn.execute(text("CREATE SCHEMA copies"))
        await conn.run_sync(TABLES.create_all)
    for _ in range(ROUNDS):
        await asyncio.gather(*(follower(name, found).catch_up() for name in ("auth", "targets")))
        async with found.transaction() as conn:
            assert (await conn.execute(select(DERIVED.c.sources))).scalars().all() == [2]
            for table in (CURSOR, COPY, DERIVED):
                await conn.execute(table.delete())
    await found.close()
