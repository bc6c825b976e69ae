"""Every statement on settings."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.settings import Setting
from services.targets.choices.models import setting
from services.targets.schema import entry_version


async def one_load_at_a_time(conn: AsyncConnection) -> None:
    """Wait for other loads of settings to end."""
    await conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('targets.settings'))"))


def settings() -> Select[Any]:
    """All settings in order of code."""
    return select(setting).order_by(setting.c.code)


async def digests(conn: AsyncConnection) -> dict[str, tuple[int, str]]:
    """Version and digest of each setting by code."""
    return {row.code: (row.version, row.digest) for row in await conn.execute(settings())}


async def one(conn: AsyncConnection, code: str) -> Row[Any] | None:
    """A setting."""
    return (await conn.execute(select(setting).where(setting.c.code == code))).first()


async def put(conn: AsyncConnection, fresh: Sequence[tuple[Setting, str]]) -> None:
    """Keep new versions of settings, each with its digest."""
    upsert = insert(setting)
    changed = {name: upsert.excluded[name] for name in ("version", "digest", "body")}
    rows = [
        {"code": one.code, "version": one.version, "digest": digest, "body": one.model_dump(mode="json")}
        for one, digest in fresh
    ]
    await conn.execute(upsert.on_conflict_do_update(index_elements=["code"], set_=changed), rows)
    history = [{**row, "kind": "setting", "plan": "", "plan_version": row["version"]} for row in rows]
    grounds = [one.ground.model_dump(mode="json") for one, _ in fresh]
    await conn.execute(
        insert(entry_version), [{**row, "ground": ground} for row, ground in zip(history, grounds, strict=True)]
    )
