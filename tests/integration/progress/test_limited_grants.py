"""A grant for some items reaches those items and nothing else, in reading as in writing."""

from contracts.rights import Grant, Principal
from contracts.vocabularies import Role
from tests.integration.progress.world import World, entity, id_of, target


async def _with_limits(world: World) -> None:
    """An item of its own for the staff ratio, and people whose grants name only it."""
    item = {"code": "T2", "type": "task", "number": 2, "name": "另一任务", "plan": "PLAN"}
    await world.copy(
        entries=[
            entity("item", "T2", item),
            target("beds", "beds", "counties", "sum", value="1", items=["T2"], version=2),
        ]
    )
    for name, role, place in (("limited-reporter", Role.REPORTER, "X11"), ("limited-viewer", Role.VIEWER, "P")):
        grant = Grant(role=role, organisation=id_of(place), items=["T2"])
        world.book.people[name] = Principal(id=id_of(name), kind="person", name=name, grants=[grant])


async def test_a_limited_reporter_writes_only_his_items(world: World) -> None:
    """Another indicator of the same unit is as if the unit were not his."""
    await _with_limits(world)
    wanted = {"organisation": "X11", "period": "2023-11", "submit": True}
    mine = await world.call(
        "limited-reporter", "POST", "/submissions", json={**wanted, "indicator": "beds", "value": "9"}
    )
    assert mine.status_code == 201, mine.text
    staff = {"indicator": "staff", "numerator": "7", "denominator": "10"}
    other = await world.call("limited-reporter", "POST", "/submissions", json={**wanted, **staff})
    assert (other.status_code, other.json()["code"]) == (422, "unknown-reference")
    saved = await world.call("limited-reporter", "PUT", "/reports/X11/2023-11", json={"entries": [staff]})
    assert saved.status_code == 403
    form = await world.call("limited-reporter", "GET", "/reports/X11/2023-11")
    assert [entry["indicator"] for entry in form.json()["entries"]] == ["beds"]


async def test_a_limited_viewer_sees_only_his_items(world: World) -> None:
    """Figures, submissions and standings of other items are not there for him."""
    await _with_limits(world)
    beds = await world.report("X11", "beds", "2023-11", value="9")
    staff = await world.report("X11", "staff", "2023-11", numerator="7", denominator="10")
    listed = await world.call("limited-viewer", "GET", "/submissions")
    assert [one["id"] for one in listed.json()["items"]] == [beds["id"]]
    hidden = await world.call("limited-viewer", "GET", f"/submissions/{staff['id']}")
    assert hidden.status_code == 404
    question = {"organisation": "P", "period": "2023-11"}
    seen = await world.call("limited-viewer", "GET", "/figures", params={**question, "indicator": "beds"})
    unseen = await world.call("limited-viewer", "GET", "/figures", params={**question, "indicator": "staff"})
    assert (seen.status_code, unseen.status_code) == (200, 404)
    standings = await world.call("limited-viewer", "GET", "/standings", params={"organisation": "P"})
    assert [one["target"] for one in standings.json()["items"]] == ["beds"]
