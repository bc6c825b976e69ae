"""Two at once: the database decides which one came first, and the other one is told."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import text

from services.progress import work
from services.progress.directory.service import apply_organisations
from services.progress.figures.service import fold
from tests.integration.progress.accounting import Books, check_figures
from tests.integration.progress.invariants import check_rows
from tests.integration.progress.test_moves import POPULOUS, POPULOUS_TARGET, moved, scope
from tests.integration.progress.world import World, bring, entity, plan, province

FOUR = ("departments", "doctors", "record-level", "standard")
ANSWERS: dict[str, dict[str, Any]] = {
    "departments": {"value": "1"}, "doctors": {"value": "1"}, "record-level": {"level": "3"}, "standard": {"complies": True},
}  # fmt: skip
MONTHS = [f"{year}-{month:02}" for year in (2023, 2024, 2025) for month in range(1, 13)]
LOST = {409, 412}
MOVED = moved("T111", date(2023, 6, 1), "X21", "X21")


async def at_once(*calls: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Start all calls at the same moment; their answers in order."""
    barrier = asyncio.Barrier(len(calls))

    async def one(call: Callable[[], Awaitable[Any]]) -> Any:
        await barrier.wait()
        return await call()

    return await asyncio.gather(*map(one, calls))


async def reports(world: World, code: str, periods: Sequence[str]) -> list[dict[str, Any]]:
    """All four answers of a township for some periods, submitted."""
    sent: list[dict[str, Any]] = []
    for period in periods:
        entries = [{"indicator": one, **ANSWERS[one]} for one in FOUR]
        path = f"/reports/{code}/{period}"
        saved = await world.call(f"reporter-{code}", "PUT", path, json={"entries": entries})
        assert saved.status_code == 200, saved.text
        sent += (await world.post(f"reporter-{code}", f"{path}/submit")).json()["items"]
    return sent


def pair(world: World, submission: dict[str, Any], *steps: tuple[str, str]) -> list[Callable[[], Awaitable[Any]]]:
    """Calls of several people on one submission, all having read the same."""

    def call(who: str, action: str) -> Callable[[], Awaitable[Any]]:
        body = {"reason": "请核实"} if action in ("return", "withdraw") else {}
        return lambda: world.step(who, submission, action, **body)

    return [call(who, action) for who, action in steps]


async def test_two_reviewers_at_once(world: World) -> None:
    """Of two decisions on the same version exactly one counts, at a step on the way and at the last one (100 times)."""
    dice = random.Random(1)
    on_the_way = [(one, "X11") for one in await reports(world, "T111", MONTHS[:13])]
    final = [(await world.report("C1", "departments", period, value="1"), "P") for period in MONTHS]
    final += [(await world.report("C2", "departments", period, value="1"), "P") for period in MONTHS[:12]]
    for submission, office in (*on_the_way, *final):
        actions = dice.choice([("approve", "approve"), ("approve", "return"), ("return", "return")])
        steps = zip((f"reviewer-{office}", f"second-{office}"), actions, strict=True)
        answers = await at_once(*pair(world, submission, *steps))
        first, second = sorted(answer.status_code for answer in answers)
        assert (first, second in LOST) == (200, True), [answer.text for answer in answers]
    assert len(on_the_way) + len(final) == 100
    decisions = await world.rows("SELECT count(*) FROM progress.review_decision")
    assert decisions[0].count == 100
    assert await check_rows(world) == 100


async def test_approval_against_withdrawal(world: World) -> None:
    """Either it is decided or it is taken back, never both, and the figure says which (100 times)."""
    sent = await reports(world, "T111", MONTHS[:25])
    outcomes = Counter[str]()
    for submission in sent:
        steps = (("reviewer-X11", "approve"), ("reporter-T111", "withdraw"))
        approved, withdrawn = await at_once(*pair(world, submission, *steps))
        assert {approved.status_code, withdrawn.status_code} & {200}
        assert {approved.status_code, withdrawn.status_code} & LOST
        outcomes["approved" if approved.status_code == 200 else "withdrawn"] += 1
    kept = await world.rows("SELECT count(*) FILTER (WHERE state = 'withdrawn') AS n FROM progress.submission")
    assert (sum(outcomes.values()), kept[0].n) == (100, outcomes["withdrawn"])
    await check_rows(world)
    books = Books()
    books.learn(province(), plan())
    await check_figures(world, books, ("X11",), MONTHS[:6])


async def test_one_key_ten_times_at_once(world: World) -> None:
    """Ten parallel requests with one key are one submission; all get the same answer or are asked to wait."""
    for at in range(30):
        body = {"organisation": "T111", "indicator": FOUR[at % 4], "period": MONTHS[at], "submit": True, **ANSWERS[FOUR[at % 4]]}
        headers = {"Idempotency-Key": f"ten-times-{at:04}"}
        answers = await at_once(
            *[partial(world.call, "reporter-T111", "POST", "/submissions", json=body, headers=headers)] * 10
        )
        assert {answer.status_code for answer in answers} == {201}
        assert all(answer.json() == answers[0].json() for answer in answers)
    counts = await world.rows(
        "SELECT (SELECT count(*) FROM progress.submission) AS heads, (SELECT count(*) FROM progress.audit_event) AS events,"
        " (SELECT count(DISTINCT cause) FROM progress.figure_delta) AS causes"
    )
    assert tuple(counts[0]) == (30, 60, 30)


async def test_two_keys_for_one_fact_at_once(world: World) -> None:
    """Two people report the same fact under different keys: one row, and the second is told (100 times)."""
    for at in range(100):
        indicator = FOUR[at % 4]
        base = {"organisation": "T111", "indicator": indicator, "period": MONTHS[at // 4], "submit": True}
        same = at % 3 == 0
        other = ANSWERS[indicator] if same else {**ANSWERS[indicator], "progress": "另有说明"}
        answers = await at_once(
            partial(world.post, "reporter-T111", "/submissions", {**base, **ANSWERS[indicator]}),
            partial(world.post, "reporter-X11", "/submissions", {**base, **other}),
        )
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == ([200, 201] if same else [201, 409]), [answer.text for answer in answers]
        assert len({answer.json()["id"] for answer in answers if answer.status_code < 300}) == 1
    assert await check_rows(world) == 100


async def test_submitting_against_closing(world: World) -> None:
    """What the closing does not count is refused, and what it counts was admitted: nothing comes after it (108 times)."""

    async def close(period: str) -> int:
        async with world.database.transaction() as conn:
            await conn.execute(text("SELECT 1 FROM progress.period WHERE code = :c FOR UPDATE"), {"c": period})
            await conn.execute(
                text("UPDATE progress.period SET closes_at = clock_timestamp() WHERE code = :c"), {"c": period}
            )
            return await counted(conn, period)

    async def counted(conn: Any, period: str) -> int:
        query = text("SELECT count(*) FROM progress.submission WHERE period = :c AND state = 'submitted'")
        return int((await conn.execute(query, {"c": period})).scalar_one())

    outcomes = Counter[int]()
    for indicator in ("departments", "doctors", "record-level"):
        for period in MONTHS:
            body = {"indicator": indicator, "period": period, "submit": True, **ANSWERS[indicator]}
            calls = [
                partial(world.post, f"reporter-{code}", "/submissions", {"organisation": code, **body})
                for code in ("T111", "T121")
            ]
            *answers, closing = await at_once(*calls, partial(close, period))
            for answer in answers:
                assert answer.status_code == 201 or answer.json()["code"] == "period-closed", answer.text
                outcomes[answer.status_code] += 1
            async with world.database.transaction() as conn:
                assert await counted(conn, period) == closing
        await world.run("UPDATE progress.period SET closes_at = clock_timestamp() + interval '1 day'")
    assert sum(outcomes.values()) == 216
    late = await world.rows(
        "SELECT count(*) FROM progress.submission s JOIN progress.period p ON p.code = s.period WHERE s.submitted_at >= p.closes_at"
    )
    assert late[0].count == 0


async def test_submitting_against_an_extension(world: World) -> None:
    """An extension granted at the same moment lets the submission in or comes too late for it; neither fails."""
    await world.close(*MONTHS)
    for period in MONTHS[:24]:
        body = {"organisation": "T111", "indicator": "departments", "period": period, "value": "1", "submit": True}
        granted, sent = await at_once(
            partial(world.extend, "planner-P", "X11", period),
            partial(world.post, "reporter-T111", "/submissions", body),
        )
        assert granted.status_code == 201, granted.text
        assert sent.status_code == 201 or sent.json()["code"] == "period-closed", sent.text
        assert (await world.post("reporter-T111", "/submissions", body)).status_code in (200, 201)


async def test_two_batches_in_opposite_order(world: World) -> None:
    """Batches that touch the same series through different periods, each in the other's order, never lock each other
    out: every decision of both is done, level by level (108 crossing pairs)."""
    codes = ("T111", "T112", "T113")
    for at in (0, 2, 4):
        now, later = [
            [one for code in codes for one in await reports(world, code, [period])] for period in MONTHS[at : at + 2]
        ]
        for office in ("X11", "C1", "P"):
            batches = [batch(sent) for sent in (now, later[::-1])]
            answers = await at_once(
                *(partial(world.post, f"{who}-{office}", "/review-batches", body)
                  for who, body in zip(("reviewer", "second"), batches, strict=True))
            )  # fmt: skip
            assert [answer.json().get("summary") for answer in answers] == [{"done": 12}] * 2, answers[0].text
            now, later = later, now


def batch(sent: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Approval of all of these."""
    return {"decisions": [{"submission": one["id"], "version": one["version"], "decision": "approve"} for one in sent]}


async def test_batches_and_whole_reports_at_once(world: World) -> None:
    """A unit saves and submits its report while its last one is decided in a batch: both go through."""
    for at in range(12):
        sent = await reports(world, "T111", [MONTHS[at]])
        decided, submitted = await at_once(
            partial(world.post, "reviewer-X11", "/review-batches", batch(sent[::-1])),
            partial(reports, world, "T111", [MONTHS[at + 12]]),
        )
        assert decided.json()["summary"] == {"done": 4}, decided.text
        assert len(submitted) == 4


async def test_a_report_submitted_twice_at_once(world: World) -> None:
    """Two colleagues send the same report: one sends it, the other finds nothing left to send; neither fails."""
    for period in MONTHS[:12]:
        entries = [{"indicator": one, **ANSWERS[one]} for one in FOUR]
        path = f"/reports/T111/{period}"
        assert (await world.call("reporter-T111", "PUT", path, json={"entries": entries})).status_code == 200
        answers = await at_once(
            *(partial(world.post, who, f"{path}/submit") for who in ("reporter-T111", "reporter-X11"))
        )
        assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
        assert sum(len(answer.json()["items"]) for answer in answers) == 4
    await check_rows(world)


async def test_figures_while_they_are_written_and_folded(world: World) -> None:
    """While units submit and two compactors fold, a figure read is never less than what was acknowledged before it
    was asked for, nor more than what was sent by the time it came."""
    jobs = [(code, month) for month in MONTHS[:12] for code in ("T111", "T112", "T121", "T211", "TZ1")]
    sent = acknowledged = 0
    seen: list[int] = []

    async def submit() -> None:
        nonlocal sent, acknowledged
        while jobs:
            code, month = jobs.pop()
            sent += 1
            await world.report(code, "doctors", month, value="1")
            acknowledged += 1

    async def compact() -> None:
        while jobs:
            await fold(world.database)

    async def watch() -> None:
        while jobs:
            least = acknowledged
            figure = await world.figure("P", "doctors", "2023", "townships")
            value = int(figure["reported"]["value"] or 0)
            assert least <= value <= sent
            assert value == figure["reported"]["units"]
            seen.append(value)

    await asyncio.gather(*(submit() for _ in range(4)), compact(), compact(), watch())
    await fold(world.database)
    assert (await world.figure("P", "doctors", "2023", "townships"))["reported"]["value"] == "60"
    assert seen == sorted(seen), "a total that only grows is never seen to shrink"
    await check_rows(world)


# --- the directory changes while somebody writes ------------------------------------------------------------


async def settled(world: World) -> None:
    """Figures equal a count made anew, by what the service has been told."""
    books = Books()
    books.learn(province(), plan())
    books.learn([MOVED])
    await check_figures(world, books, ("P", "X11", "X21", "C1", "C2"), ("2023-05", "2023-11"))


async def test_a_move_that_comes_in_the_middle_of_a_submission(world: World) -> None:
    """A submission begun before a unit's move is known and committed after it counts where the unit stands."""
    draft = await world.draft("T111", "departments", "2023-11", value="5")
    async with world.database.transaction() as conn:
        # the last thing a submission writes is its audit record: here it has to wait, everything else done
        await conn.execute(text("LOCK TABLE progress.audit_event IN SHARE MODE"))
        submitting = asyncio.ensure_future(world.take("reporter-T111", draft, "submit"))
        await _until_waiting(world)
        moving = asyncio.ensure_future(bring(world.database, organisations=[MOVED]))
        await asyncio.wait({moving}, timeout=0.5)
    await asyncio.gather(submitting, moving)
    await settled(world)


async def test_a_submission_that_comes_in_the_middle_of_a_move(world: World) -> None:
    """A submission begun while a move is being copied counts where the unit stands after it."""
    async with world.database.transaction() as conn:
        await apply_organisations(work.settle_after_copy)(conn, [entity("organisation", str(MOVED.id), MOVED)], False)
        submitting = asyncio.ensure_future(world.report("T111", "departments", "2023-11", value="5"))
        await asyncio.wait({submitting}, timeout=0.5)
    await submitting
    await settled(world)


async def test_a_target_that_comes_in_the_middle_of_a_submission(world: World) -> None:
    """A new scope that arrives while a submission is on its way counts that submission too."""
    news = [scope("populous", ancestor={"level": "county", **POPULOUS}), POPULOUS_TARGET]
    draft = await world.draft("T111", "standard", "2023-11", complies=True)
    async with world.database.transaction() as conn:
        await conn.execute(text("LOCK TABLE progress.audit_event IN SHARE MODE"))
        submitting = asyncio.ensure_future(world.take("reporter-T111", draft, "submit"))
        await _until_waiting(world)
        arriving = asyncio.ensure_future(bring(world.database, entries=news))
        await asyncio.wait({arriving}, timeout=0.5)
    await asyncio.gather(submitting, arriving)
    assert (await world.figure("P", "standard", "2023-11", "populous"))["reported"]["value"] == "1"


async def _until_waiting(world: World) -> None:
    """Until somebody in this database waits to write an audit record."""
    query = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
               AND query LIKE 'INSERT INTO progress.audit_event%'"""
    while (await world.rows(query))[0].count == 0:
        await asyncio.sleep(0.005)
