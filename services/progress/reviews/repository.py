"""Every statement on review decisions."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, all_, exists, false, func, insert, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import Id
from kernel.ids import new_id
from services.progress.directory.models import membership
from services.progress.reports.models import submission
from services.progress.reviews.models import review_decision


class Turn(NamedTuple):
    """Indicators on which somebody decides for `mine`, with the offices that have a reviewer for them."""

    indicators: Sequence[str]
    mine: frozenset[UUID]
    staffed: frozenset[UUID]


def open_to(query: Select[Any], person: UUID, turns: Sequence[Turn], on: date) -> Select[Any]:
    """Those of the submissions that a person may decide now, the oldest first: his office's turn, and neither his own
    nor his again."""
    below = select(membership.c.organisation).where(
        membership.c.line == "management",
        membership.c.ancestor.in_({office for turn in turns for office in turn.mine}),
        membership.c.valid_from <= on,
        membership.c.valid_to > on,
    )
    decided = exists().where(
        review_decision.c.submission == submission.c.id,
        review_decision.c.round == submission.c.round,
        review_decision.c.reviewer == person,
    )
    # what waits was submitted; a keyset needs an order that cannot be null
    since = func.coalesce(submission.c.submitted_at, submission.c.updated_at)
    return query.where(
        submission.c.waiting_at.in_(below),
        or_(false(), *map(_turn, turns)),
        literal(person, Id) != all_(submission.c.authors),
        ~decided,
    ).order_by(since, submission.c.id)


def _turn(turn: Turn) -> ColumnElement[bool]:
    """It is the turn of the nearest office from the step on that has a reviewer."""
    links = func.unnest(submission.c.chain).table_valued("office", with_ordinality="place", name="link")
    chain = links.render_derived()
    acting = (
        select(chain.c.office)
        .where(chain.c.place > submission.c.step, chain.c.office.in_(turn.staffed))
        .order_by(chain.c.place)
        .limit(1)
        .scalar_subquery()
    )
    return submission.c.indicator.in_(turn.indicators) & acting.in_(turn.mine)


async def reviewers(conn: AsyncConnection, submission: UUID, round_: int) -> list[UUID]:
    """Who has decided in a round already."""
    query = select(review_decision.c.reviewer).where(
        review_decision.c.submission == submission, review_decision.c.round == round_
    )
    return [row.reviewer for row in await conn.execute(query)]


async def add(conn: AsyncConnection, **values: Any) -> None:
    """Keep a decision."""
    await conn.execute(insert(review_decision), {"id": new_id(), **values})
