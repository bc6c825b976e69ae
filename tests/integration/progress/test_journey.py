"""One submission from an institution through three reviews to the provincial figure."""

from tests.integration.progress.world import World


async def test_a_submission_climbs_and_the_figures_follow(world: World) -> None:
    """Reported moves at submission, confirmed at the last approval, in county, city and province alike."""
    submitted = await world.report("T111", "departments", "2023-11", value="3")
    assert submitted["review"] == {
        "step": 1, "of": 3, "waiting_at": "X11", "waiting_at_name": "单位X11", "no_reviewer": False,
    }
    for area in ("X11", "C1", "P"):
        figure = await world.figure(area, "departments", "2023-11", "townships")
        assert figure["reported"]["value"] == "3"
        assert figure["confirmed"]["value"] is None
    approved = await world.approve(submitted, "X11", "C1", "P")
    assert approved["state"] == "approved"
    assert approved["in_force_version"] == 1
    for area in ("X11", "C1", "P"):
        figure = await world.figure(area, "departments", "2023-12", "townships")
        assert figure["confirmed"]["value"] == "3"
    other = await world.figure("C2", "departments", "2023-11", "townships")
    assert other["reported"]["value"] is None
    standings = await world.call("viewer-P", "GET", "/standings", params={"organisation": "P", "on": "2023-12-31"})
    assert standings.status_code == 200, standings.text
    by_target = {s["target"]: s for s in standings.json()["items"]}
    assert by_target["sum"]["actual"] == "3"
    assert by_target["sum"]["status"] == "overdue"
