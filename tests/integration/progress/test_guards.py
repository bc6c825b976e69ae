"""What the database refuses whatever the code does, tried directly in SQL."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from migrations.roles import grant
from tests.integration.progress.world import World, id_of

INTEGRITY = "23"
"""The class of every broken integrity constraint, our own triggers' included."""
DENIED = "42501"


@dataclass
class Sql:
    """A transaction that is rolled back, with a submission under review, one judged, and one returned and rewritten."""

    conn: AsyncConnection
    submitted: UUID

    async def run(self, statement: str, **params: Any) -> None:
        """Run a statement."""
        async with self.conn.begin_nested():
            await self.conn.execute(text(statement), params)

    async def refused(self, statement: str, **params: Any) -> str:
        """Run a statement that must fail; the SQLSTATE."""
        with pytest.raises(DBAPIError) as caught:
            await self.run(statement, **params)
        return str(caught.value.orig.sqlstate)  # type: ignore[union-attr]


@pytest.fixture(scope="module")
async def submitted(shared: World) -> dict[str, Any]:
    """A submission under review; beside it one that was judged, and one that was returned and written anew."""
    judged = await shared.report("P", "judgement", "2023-11", progress="机制已建立")
    await shared.take("reviewer-P", judged, "approve", judgement="not_met")
    sent = await shared.report("T112", "departments", "2023-11", value="3")
    returned = await shared.take("reviewer-X11", sent, "return", reason="请核实")
    await shared.take("reporter-T112", returned, "edit", value="4")
    return await shared.report("T111", "departments", "2023-11", value="3")


@pytest.fixture
async def sql(shared: World, submitted: dict[str, Any]) -> AsyncIterator[Sql]:
    """SQL past the service; nothing of it stays."""
    async with shared.database.engine.connect() as conn, conn.begin() as transaction:
        yield Sql(conn, UUID(submitted["id"]))
        await transaction.rollback()


@pytest.mark.parametrize(
    "change",
    ["answer = '{\"value\": \"4\"}'", "author = gen_random_uuid()", "author_name = 'x'", "submitted_at = now()",
     "submitted_at = NULL", "version = 7", "submission = gen_random_uuid()"],
)  # fmt: skip
async def test_a_submitted_version_is_never_changed(sql: Sql, change: str) -> None:
    """Neither what was said nor who said it and when."""
    state = await sql.refused(f"UPDATE progress.submission_version SET {change} WHERE submitted_at IS NOT NULL")
    assert state.startswith(INTEGRITY)


async def test_a_submitted_version_is_never_deleted(sql: Sql) -> None:
    """Not even when a newer one has taken its place; a draft may change and go."""
    gone = "DELETE FROM progress.submission_version WHERE submitted_at IS {} NULL"
    assert (await sql.refused(gone.format("NOT"))).startswith(INTEGRITY)
    await sql.run("UPDATE progress.submission_version SET answer = '{}' WHERE submitted_at IS NULL")
    await sql.run(gone.format(""))


async def test_a_judgement_once_given_stays(sql: Sql) -> None:
    """What a reviewer has judged on the version in force is history too."""
    await sql.refused("UPDATE progress.submission_version SET judgement = 'met' WHERE judgement = 'not_met'")


async def test_a_decision_is_never_changed(sql: Sql) -> None:
    """Who decided what and why is history."""
    await sql.refused("UPDATE progress.review_decision SET decision = 'approve' WHERE decision = 'return'")


DECISION = """
    INSERT INTO progress.review_decision (id, submission, version, round, step, organisation, decision, reason, reviewer,
        reviewer_name)
    VALUES (gen_random_uuid(), :submission, 1, :round, :step, :office, :decision, :reason, :reviewer, 'x')
"""


def decision(sql: Sql, reviewer: str, **more: Any) -> dict[str, Any]:
    """A decision of the county on the first round."""
    base = {"round": 1, "step": 0, "office": id_of("X11"), "decision": "approve", "reason": None}
    return {**base, "submission": sql.submitted, "reviewer": id_of(reviewer), **more}


async def test_nobody_reviews_what_he_wrote(sql: Sql) -> None:
    """The author of any version is no reviewer, not even past the service."""
    assert (await sql.refused(DECISION, **decision(sql, "reporter-T111"))).startswith(INTEGRITY)
    await sql.run(DECISION, **decision(sql, "reviewer-X11"))


async def test_nobody_decides_twice_in_a_round(sql: Sql) -> None:
    """Neither the same person at another step, nor another person at the same step."""
    await sql.run(DECISION, **decision(sql, "reviewer-X11"))
    assert (await sql.refused(DECISION, **decision(sql, "reviewer-X11", step=1))).startswith(INTEGRITY)
    assert (await sql.refused(DECISION, **decision(sql, "second-X11"))).startswith(INTEGRITY)
    await sql.run(DECISION, **decision(sql, "reviewer-X11", round=2))


@pytest.mark.parametrize("more", [{"decision": "void"}, {"decision": "return"}, {"submission": uuid4()}])
async def test_a_decision_is_complete(sql: Sql, more: dict[str, Any]) -> None:
    """One of two words, a return with its reason, and about something that exists."""
    assert (await sql.refused(DECISION, **decision(sql, "reviewer-X11", **more))).startswith(INTEGRITY)


async def test_one_fact_is_one_row(sql: Sql) -> None:
    """The natural key: organisation, subject, indicator, period."""
    copy = """
        INSERT INTO progress.submission (id, organisation, subject, indicator, period, ends_on, state, version, revision,
            authors, author_name)
        SELECT gen_random_uuid(), organisation, subject, indicator, :period, ends_on, 'draft', 1, 1, authors, author_name
        FROM progress.submission
    """
    assert (await sql.refused(copy, period="2023-11")).startswith(INTEGRITY)
    assert (await sql.refused(copy, period="2035-11")).startswith(INTEGRITY), "a period that does not exist"
    await sql.run(copy, period="2023-12")


@pytest.mark.parametrize(
    "change",
    [
        "state = 'void'",
        "waiting_at = NULL",
        "state = 'draft'",
        "state = 'approved', waiting_at = NULL, in_force_version = 7",
        "state = 'approved', waiting_at = NULL, in_force_version = NULL",
    ],
)
async def test_a_head_is_in_a_state_that_exists(sql: Sql, change: str) -> None:
    """It waits somewhere exactly while it is submitted, and what is approved is in force."""
    state = await sql.refused(f"UPDATE progress.submission SET {change} WHERE id = :id", id=sql.submitted)
    assert state.startswith(INTEGRITY)


async def test_a_delta_is_written_once_per_cause(sql: Sql) -> None:
    """The same change cannot be added to the same figure twice."""
    columns = (
        "organisation, subject, indicator, area, scope, rule, series, ends_on, value, numerator, denominator, units,"
        " complying, excluded, reports, cause, cause_revision"
    )
    again = f"INSERT INTO progress.figure_delta ({columns}) SELECT {columns} FROM progress.figure_delta"
    assert (await sql.refused(again)).startswith(INTEGRITY)
    await sql.run(again.replace("reports, cause, cause_revision FROM", "reports, cause, cause_revision + 1000 FROM"))


async def test_one_revision_is_audited_once(sql: Sql) -> None:
    """A second record of the same revision is refused."""
    columns = "actor, actor_kind, actor_name, action, entity, entity_id, entity_version, organisation, trace_id"
    again = f"INSERT INTO progress.audit_event ({columns}) SELECT {columns} FROM progress.audit_event"
    assert (await sql.refused(again)).startswith(INTEGRITY)


async def test_a_period_opens_before_it_closes(sql: Sql) -> None:
    """A window that ends before it begins cannot be kept."""
    assert (await sql.refused("UPDATE progress.period SET closes_at = opens_at")).startswith(INTEGRITY)


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("UPDATE progress.audit_event SET reason = 'x'", False),
        ("DELETE FROM progress.audit_event", False),
        ("TRUNCATE progress.audit_event", False),
        ("UPDATE progress.figure_delta SET value = value + 1", False),
        ("DELETE FROM progress.figure_delta", False),
        ("TRUNCATE progress.figure_delta", False),
        ("ALTER TABLE progress.submission_version DISABLE TRIGGER ALL", False),
        ("DROP TRIGGER separate_duty ON progress.review_decision", False),
        ("CREATE TABLE progress.other (id int)", False),
        ("UPDATE progress.alembic_version SET version_num = 'x'", False),
        ("UPDATE progress.figure_delta SET folded = folded", True),
        ("SELECT count(*) FROM progress.audit_event", True),
        ("UPDATE progress.submission SET updated_at = updated_at", True),
    ],
)
async def test_the_service_cannot_take_back_what_it_wrote(sql: Sql, statement: str, allowed: bool) -> None:
    """With its own rights the service adds to audit and deltas and cannot change them, nor the tables and their guards."""
    role = f"t_progress_{uuid4().hex[:12]}"
    await sql.run(f"CREATE ROLE {role}")
    assert await sql.conn.run_sync(lambda sync: grant(sync, "progress", role))
    await sql.conn.execute(text(f"SET LOCAL ROLE {role}"))
    if allowed:
        await sql.run(statement)
    else:
        assert await sql.refused(statement) == DENIED
