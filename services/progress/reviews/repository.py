"""Every statement on review decisions."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.ids import new_id
from services.progress.reviews.models import review_decision


async def reviewers(conn: AsyncConnection, submission: UUID, round_: int) -> list[UUID]:
    """Who has decided in a round already."""
    query = select(review_decision.c.reviewer).where(
        review_decision.c.submission == submission, review_decision.c.round == round_
    )
    return [row.reviewer for row in await conn.execute(query)]


async def add(conn: AsyncConnection, **values: Any) -> None:
    """Keep a decision."""
    await conn.execute(insert(review_decision), {"id": new_id(), **values})
