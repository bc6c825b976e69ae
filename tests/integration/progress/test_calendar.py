"""Periods, who owes what, and windows that close and are opened again."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.integration.progress.world import World, entity

TOWNSHIP = ("departments", "doctors", "record-level", "standard")


async def states(world: World, organisation: str, period: str) -> dict[tuple[str, str], str]:
    """What each unit owes, and its state."""
    found = await world.read("viewer-P", "/expectations", organisation=organisation, period=period)
    assert found["total"] == len(found["items"])
    listed = [(one["organisation"], one["indicator"]) for one in found["items"]]
    assert listed == sorted(set(listed))
    return {(one["organisation"], one["indicator"]): one["state"] for one in found["items"]}


async def test_each_unit_owes_what_is_asked_of_its_class(world: World) -> None:
    """A county is expected to have its own two answers and those of the townships it manages, not the zone's."""
    expected = {(code, indicator): "due" for code in ("T111", "T112", "T113") for indicator in TOWNSHIP}
    expected |= {("X11", "staff"): "due", ("X11", "beds"): "due"}
    assert await states(world, "X11", "2023-11") == expected
    assert await states(world, "TZ1", "2023-11") == {("TZ1", indicator): "due" for indicator in TOWNSHIP}
    assert set(await states(world, "Z", "2023-11")) == {("Z", "departments"), *(("TZ1", one) for one in TOWNSHIP)}
    assert await states(world, "D", "2023-11") == {("D", "campus"): "due"}
    whole = Counter(code[0] for code, _ in await states(world, "P", "2023-11"))
    assert whole == {"T": 8 * 4, "X": 3 * 2, "C": 2, "Z": 1, "P": 1, "D": 1}
    assert await states(world, "P", "2023-Q4") == {}


async def test_an_expectation_is_due_reported_late_or_missing(world: World) -> None:
    """On time before the closing, late if it came by an extension, missing once the window is over, due until then."""
    await world.report("T111", "departments", "2023-11", value="1")
    await world.draft("T113", "departments", "2023-11", value="1")
    await world.close("2023-11")
    assert (await world.extend("planner-P", "T112", "2023-11")).status_code == 201
    await world.report("T112", "departments", "2023-11", value="2")
    found = await states(world, "X11", "2023-11")
    assert found["T111", "departments"] == "reported"
    assert found["T112", "departments"] == "late"
    assert found["T113", "departments"] == "missing", "a draft is no report"
    assert found["X11", "beds"] == "missing"
    assert set((await states(world, "X11", "2023-12")).values()) == {"due"}
    params = {"organisation": "X11", "period": "2023-11", "state": ["late", "reported"]}
    some = await world.read("viewer-P", "/expectations", **params)
    assert {one["organisation"] for one in some["items"]} == {"T111", "T112"}


async def test_a_return_does_not_make_a_report_late(world: World) -> None:
    """What came in time stays reported, though it was returned and came again after the closing."""
    submitted = await world.report("T111", "departments", "2023-11", value="1")
    await world.close("2023-11")
    returned = await world.take("reviewer-X11", submitted, "return", reason="请核实")
    await world.take("reporter-T111", returned, "submit")
    assert (await states(world, "T111", "2023-11"))["T111", "departments"] == "reported"


async def test_an_extension_opens_a_closed_period_for_a_subtree_only(world: World) -> None:
    """The county and its townships may submit again; neighbours and what only stands there may not."""
    await world.close("2023-11")
    body = {"indicator": "departments", "period": "2023-11", "value": "1", "submit": True}
    closed = await world.post("reporter-T111", "/submissions", {"organisation": "T111", **body})
    assert (closed.status_code, closed.json()["code"]) == (409, "period-closed")
    granted = await world.extend("planner-P", "X11", "2023-11")
    assert granted.status_code == 201, granted.text
    assert granted.json()["granted_by"] == "planner-P"
    assert granted.json()["ground"]["number"] == "赣卫〔2023〕1号"
    for code, status in (("T111", 201), ("T112", 201), ("T121", 409), ("TZ1", 409), ("T211", 409)):
        response = await world.post(f"reporter-{code}", "/submissions", {"organisation": code, **body})
        assert response.status_code == status, (code, response.text)
    form = await world.read("reporter-T111", "/reports/T111/2023-11")
    assert (form["window"]["open"], form["window"]["extended_until"] is not None) == (True, True)
    other = await world.post("reporter-T111", "/submissions", {"organisation": "T111", **body, "period": "2023-10"})
    assert other.status_code == 201, "another period is none of its business"


async def test_an_extension_ends(world: World) -> None:
    """Past its instant the period is closed again, and a longer one opens it once more."""
    await world.close("2023-11")
    assert (await world.extend("planner-P", "X11", "2023-11")).status_code == 201
    await world.run("UPDATE progress.extension SET until = clock_timestamp()")
    body = {"organisation": "T111", "indicator": "departments", "period": "2023-11", "value": "1", "submit": True}
    assert (await world.post("reporter-T111", "/submissions", body)).json()["code"] == "period-closed"
    assert (await world.extend("planner-P", "T111", "2023-11")).status_code == 201
    assert (await world.post("reporter-T111", "/submissions", body)).status_code == 201


async def test_an_extension_is_an_act_of_the_level_above(world: World) -> None:
    """A county extends for its townships, not for itself, nor for anybody else; the top may extend for all."""
    for who, unit, status, code in (
        ("planner-X11", "T111", 201, None),
        ("planner-X11", "X11", 403, "forbidden"),
        ("planner-X11", "T121", 422, "unknown-reference"),
        ("planner-X11", "C1", 422, "unknown-reference"),
        ("planner-X11", "nowhere", 422, "unknown-reference"),
        ("planner-P", "X11", 201, None),
        ("planner-P", "P", 201, None),
        ("reporter-X11", "T111", 403, "forbidden"),
        ("reviewer-P", "T111", 403, "forbidden"),
        ("viewer-P", "T111", 403, "forbidden"),
    ):
        response = await world.extend(who, unit, "2023-11")
        assert response.status_code == status, (who, unit, response.text)
        assert response.json().get("code") == code


async def test_an_extension_is_audited_with_reason_and_ground(world: World) -> None:
    """Each extension leaves one record about its unit: who, why, on what ground; a refused one leaves none."""
    await world.extend("planner-P", "X11", "2023-11")
    await world.extend("planner-P", "X12", "2023-11", reason="网络中断")
    await world.extend("planner-X11", "X11", "2023-11")
    found = await world.read("auditor-P", "/audit/progress/events", entity="period", entity_id="2023-11")
    assert [(one["action"], one["actor_name"], one["reason"]) for one in found["items"]] == [
        ("period.extended", "planner-P", "网络中断"),
        ("period.extended", "planner-P", "系统故障"),
    ]
    assert len({one["entity_version"] for one in found["items"]}) == 2
    kept = await world.rows("SELECT detail FROM progress.audit_event ORDER BY id")
    assert [row.detail["ground"]["title"] for row in kept] == ["关于延期的批复"] * 2


async def test_an_extension_needs_reason_ground_period_and_a_future(world: World) -> None:
    """What is missing or past is refused at its field, and nothing is kept."""
    before = await world.contents()
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    for more, pointer in (
        ({"reason": None}, "/reason"),
        ({"reason": " "}, "/reason"),
        ({"ground": None}, "/ground"),
        ({"ground": {"number": "1"}}, "/ground/title"),
        ({"until": past}, "/until"),
        ({"until": "2030-01-01T00:00:00"}, "/until"),
        ({"granted_by": "me"}, "/granted_by"),
    ):
        response = await world.extend("planner-P", "X11", "2023-11", **more)
        assert response.status_code == 422, response.text
        assert [one["pointer"] for one in response.json()["errors"]] == [pointer]
    assert (await world.extend("planner-P", "X11", "2035-11")).status_code == 404
    assert await world.contents() == before


async def test_closing_stops_submissions_and_not_reviews(world: World) -> None:
    """After the closing reviewers go on; a return gives the unit a window of its own, a correction needs an extension."""
    submitted = await world.report("T111", "departments", "2023-11", value="1")
    draft = await world.draft("T112", "departments", "2023-11", value="1")
    await world.close("2023-11")
    for action, body in (("edit", {"value": "2"}), ("submit", {})):
        refused = await world.step("reporter-T112", draft, action, **body)
        assert (refused.status_code, refused.json()["code"]) == (409, "period-closed")
    returned = await world.take("reviewer-X11", submitted, "return", reason="请核实")
    mine = await world.read("reporter-T111", f"/submissions/{returned['id']}")
    assert set(mine["actions"]) == {"edit", "submit"}
    again = await world.take("reporter-T111", await world.take("reporter-T111", mine, "edit", value="2"), "submit")
    approved = await world.approve(again, "X11", "C1", "P")
    assert "correct" not in (await world.read("reporter-T111", f"/submissions/{approved['id']}"))["actions"]
    refused = await world.step("reporter-T111", approved, "correct")
    assert (refused.status_code, refused.json()["code"]) == (409, "period-closed")
    await world.extend("planner-P", "T111", "2023-11")
    await world.take("reporter-T111", approved, "correct")


async def test_the_window_of_a_return_lasts_so_many_working_days(world: World) -> None:
    """The setting says how many; the last of them counts whole, and after it the period is closed for this one too."""
    setting = {
        "code": "return-working-days", "value": 2, "name": "退回后期限", "name_en": "days after a return", "owner": "P",
        "valid_from": "2023-01-01", "ground": {"title": "test"},
    }  # fmt: skip
    await world.copy(entries=[entity("setting", "return-working-days", setting)])
    returned = []
    for code in ("T111", "T112"):
        submitted = await world.report(code, "departments", "2023-11", value="1")
        returned.append(await world.take("reviewer-X11", submitted, "return", reason="请核实"))
    [row, _] = await world.rows(
        "SELECT resubmit_until AT TIME ZONE 'Asia/Shanghai' AS until, (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date"
        " AS today FROM progress.submission"
    )
    days = [row.today + timedelta(days=n) for n in range(1, (row.until.date() - row.today).days)]
    assert sum(day.weekday() < 5 for day in days) == 2
    assert days[-1].weekday() < 5
    assert (row.until.hour, row.until.minute) == (0, 0)
    await world.close("2023-11")
    await world.take("reporter-T111", returned[0], "submit")
    await world.run("UPDATE progress.submission SET resubmit_until = clock_timestamp()")
    refused = await world.step("reporter-T112", returned[1], "submit")
    assert refused.json()["code"] == "period-closed"


async def test_periods_are_listed_in_order_and_say_where_they_stand(world: World) -> None:
    """The years of the plan are laid out once, for everybody signed in, each open, closed or still to come."""
    await world.close("2023-11")
    await world.run(
        "UPDATE progress.period SET opens_at = clock_timestamp() + interval '1 day', closes_at = closes_at + interval '9 days'"
        " WHERE code = '2025-12'"
    )
    listed = await world.read("nobody", "/periods", year=2023, limit=200)
    ends = [one["ends_on"] for one in listed["items"]]
    assert (len(ends), ends) == (19, sorted(ends))
    months = await world.read("nobody", "/periods", kind="month", limit=200)
    assert len(months["items"]) == 36
    for code, state in (("2023-11", "closed"), ("2023-12", "open"), ("2025-12", "upcoming")):
        assert (await world.read("nobody", f"/periods/{code}"))["state"] == state
    again = await world.rows("SELECT count(*) FROM progress.period")
    await world.copy(entries=[entity("plan", "PLAN", {
        "code": "PLAN", "name": "三年计划", "issuer": "P", "level": "province", "ground": {"title": "test"},
        "starts_on": "2023-01-01", "ends_on": "2026-12-31", "status": "published",
    }, 2)])  # fmt: skip
    assert (await world.rows("SELECT count(*) FROM progress.period"))[0].count == again[0].count + 19
    assert (await world.read("nobody", "/periods/2023-11"))["state"] == "closed", "a window once set stays"
