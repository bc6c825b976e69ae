"""The report of a unit: drawn from one answer, saved with one PUT, submitted with one POST."""

from typing import Any

from tests.integration.progress.world import World

PATH = "/reports/T111/2023-11"


async def save(world: World, who: str, path: str, *entries: dict[str, Any]) -> Any:
    """PUT a report."""
    return await world.call(who, "PUT", path, json={"entries": list(entries)})


FOUR = (
    {"indicator": "departments", "value": "3"},
    {"indicator": "doctors", "value": 2},
    {"indicator": "standard", "complies": True, "since": "2023-11-01"},
    {"indicator": "record-level", "level": "3.5"},
)


async def test_the_form_asks_everything_that_is_asked_of_the_unit(world: World) -> None:
    """Each unit sees its own questions once, with definition, kind, threshold, rules and what it may do."""
    form = await world.read("reporter-T111", PATH)
    assert [entry["indicator"] for entry in form["entries"]] == ["departments", "doctors", "record-level", "standard"]
    assert form["counts"] == {"asked": 4, "empty": 4}
    assert form["window"]["open"] is True
    first = form["entries"][0]
    assert (first["value"], first["unit"], first["decimals"], first["definition"]) == ("number", "个", 2, "departments")
    assert first["targets"] == ["specialties", "sum"]
    assert "到2025-12-31：不低于20" in first["thresholds"][1]
    assert first["rules"] == ["not-negative", "at-most-2-decimals"]
    assert first["actions"] == ["edit", "submit"]
    for code, indicators in (("X11", ["beds", "staff"]), ("C1", ["departments"]), ("D", ["campus"]), ("P", ["judgement"])):
        entries = (await world.read(f"reporter-{code}", f"/reports/{code}/2023-11"))["entries"]
        assert [entry["indicator"] for entry in entries] == indicators
    campus = (await world.read("reporter-D", "/reports/D/2023-11"))["entries"][0]
    assert (campus["subject"], campus["subject_name"]) == ("CAMPUS", "新校园")
    assert [stage["code"] for stage in campus["stages"]] == ["begun", "built", "opened"]


async def test_who_only_looks_gets_no_buttons(world: World) -> None:
    """A viewer sees the form without actions; an auditor and a stranger to the unit see no form at all."""
    form = await world.read("viewer-X11", PATH)
    assert {tuple(entry["actions"]) for entry in form["entries"]} == {()}
    for who in ("auditor-P", "reporter-T112", "reviewer-X12", "nobody"):
        assert (await world.call(who, "GET", PATH)).status_code == 404


async def test_a_closed_form_offers_nothing_to_write(world: World) -> None:
    """Once the window is over the form still shows everything and lets nothing be changed."""
    await save(world, "reporter-T111", PATH, FOUR[0])
    await world.close("2023-11")
    form = await world.read("reporter-T111", PATH)
    assert form["window"]["open"] is False
    assert {tuple(entry["actions"]) for entry in form["entries"]} == {()}
    assert (await save(world, "reporter-T111", PATH, FOUR[1])).json()["code"] == "period-closed"


async def test_saving_and_submitting_a_report(world: World) -> None:
    """PUT keeps drafts, POST sends them all; states and counts follow, and nothing counts before it is sent."""
    saved = await save(world, "reporter-T111", PATH, *FOUR)
    assert saved.status_code == 200, saved.text
    assert {item["state"] for item in saved.json()["items"]} == {"draft"}
    form = await world.read("reporter-T111", PATH)
    assert form["counts"] == {"asked": 4, "draft": 4}
    assert form["entries"][0]["submission"]["answer"]["value"] == "3"
    assert (await world.figure("P", "departments", "2023-11", "townships"))["reported"]["value"] is None
    sent = await world.post("reporter-T111", f"{PATH}/submit")
    assert sent.status_code == 200, sent.text
    assert {(item["state"], item["review"]["waiting_at"]) for item in sent.json()["items"]} == {("submitted", "X11")}
    assert (await world.read("reporter-T111", PATH))["counts"] == {"asked": 4, "submitted": 4}
    assert (await world.figure("P", "departments", "2023-11", "townships"))["reported"]["value"] == "3"
    nothing = await world.post("reporter-T111", f"{PATH}/submit")
    assert (nothing.status_code, nothing.json()["items"]) == (200, [])


async def test_saving_the_same_again_changes_nothing(world: World) -> None:
    """A repeated PUT leaves every row as it was; what is not named stays too."""
    await save(world, "reporter-T111", PATH, *FOUR)
    before = await world.contents()
    assert (await save(world, "reporter-T111", PATH, *FOUR[:2])).status_code == 200
    assert await world.contents() == before


async def test_a_report_with_a_fault_is_not_saved_at_all(world: World) -> None:
    """One bad entry among good ones: its place is named, and nothing is kept of the others."""
    before = await world.contents()
    for bad, status, code, pointer in (
        ({"indicator": "doctors", "value": "-1"}, 422, "validation-failed", "/entries/1/value"),
        ({"indicator": "doctors", "complies": True}, 422, "validation-failed", "/entries/1/complies"),
        ({"indicator": "doctor", "value": "1"}, 422, "unknown-reference", "/entries/1/indicator"),
        ({"indicator": "beds", "value": "1"}, 422, "validation-failed", "/entries/1/indicator"),
        ({"indicator": "departments", "value": "1"}, 422, "validation-failed", "/entries/1/indicator"),
        ({"indicator": "doctors", "subject": "CAMPUS", "value": "1"}, 422, "validation-failed", "/entries/1/indicator"),
        ({"indicator": "doctors", "value": "1e3"}, 422, "validation-failed", "/entries/1/value"),
        ({"indicator": "doctors", "state": "approved"}, 422, "validation-failed", "/entries/1/state"),
    ):
        response = await save(world, "reporter-T111", PATH, FOUR[0], bad)
        assert (response.status_code, response.json()["code"]) == (status, code), response.text
        assert [one["pointer"] for one in response.json()["errors"]] == [pointer]
        assert await world.contents() == before


async def test_a_report_that_touches_what_was_sent_is_not_saved(world: World) -> None:
    """Other content for something under review is a conflict for the whole report; the same content is none."""
    await world.report("T111", "departments", "2023-11", value="3")
    before = await world.contents()
    other = await save(world, "reporter-T111", PATH, {"indicator": "departments", "value": "4"}, FOUR[1])
    assert (other.status_code, other.json()["code"]) == (409, "duplicate")
    assert await world.contents() == before
    assert (await save(world, "reporter-T111", PATH, FOUR[0], FOUR[1])).status_code == 200


async def test_a_report_with_an_incomplete_draft_is_not_submitted_at_all(world: World) -> None:
    """What is missing is named by its indicator, and the complete ones stay drafts."""
    incomplete = {"indicator": "standard", "progress": "整改中"}
    assert (await save(world, "reporter-T111", PATH, FOUR[0], incomplete)).status_code == 200
    before = await world.contents()
    response = await world.post("reporter-T111", f"{PATH}/submit")
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/standard/complies")
    assert await world.contents() == before


async def test_submitting_twice_with_one_key_is_one_submission(world: World) -> None:
    """The repeat is answered as the first time, though by then there is nothing left to submit."""
    await save(world, "reporter-T111", PATH, *FOUR)
    headers = {"Idempotency-Key": "the-same-key"}
    first = await world.call("reporter-T111", "POST", f"{PATH}/submit", headers=headers)
    before = await world.contents()
    again = await world.call("reporter-T111", "POST", f"{PATH}/submit", headers=headers)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert await world.contents() == before


async def test_a_county_reports_for_its_township(world: World) -> None:
    """Who reports for a county may write its township's report, and is the author; the township's chain decides."""
    assert (await save(world, "reporter-X11", PATH, FOUR[0])).status_code == 200
    sent = (await world.post("reporter-X11", f"{PATH}/submit")).json()["items"]
    assert [(item["author"], item["review"]["waiting_at"]) for item in sent] == [("reporter-X11", "X11")]


async def test_the_form_shows_what_was_answered_last(world: World) -> None:
    """The newest earlier answer that was submitted or approved; a draft of yesterday is no answer."""
    await world.report("T111", "departments", "2023-08", value="1")
    await world.approve(await world.report("T111", "departments", "2023-09", value="2"), "X11", "C1", "P")
    await world.draft("T111", "departments", "2023-10", value="9")
    await world.report("T111", "departments", "2023-12", value="5")
    entry = (await world.read("reporter-T111", PATH))["entries"][0]
    assert (entry["last"]["value"], entry["last_period"]) == ("2", "2023-09")


async def test_lists_page_through_everything_once(world: World) -> None:
    """Submissions and reviews come page by page without gaps or repeats, within the caller's scope only."""
    for code in ("T111", "T112", "T113", "T121"):
        await world.report(code, "departments", "2023-11", value="1")
    for who, path, wanted in (
        ("reviewer-X11", "/reviews", ["T111", "T112", "T113"]),
        ("reporter-X11", "/submissions", ["T113", "T112", "T111"]),
        ("viewer-P", "/submissions?organisation=C1&state=submitted", ["T121", "T113", "T112", "T111"]),
    ):
        found: list[str] = []
        url = path + ("&" if "?" in path else "?") + "limit=1"
        while url:
            page = await world.read(who, url.removeprefix("/api/v1"))
            found += [item["organisation"] for item in page["items"]]
            url = page["next"]
        assert found == wanted
