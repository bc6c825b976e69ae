"""A page link that was tampered with is refused, whatever is inside it."""

import pytest

from kernel.paging import PageQuery
from tests.integration.progress.world import World


@pytest.mark.parametrize("bookmark", [">i:5~s:x", ">s:a~s:b", ">d:2020-01-01~i:4", ">zz", ">d:2020-01-01~x", ""])
async def test_a_forged_bookmark_is_a_bad_cursor(world: World, bookmark: str) -> None:
    """Values of the wrong type or number answer 400 bad-cursor, never 500."""
    link = PageQuery(50, None, "/api/v1/periods", ()).link(bookmark)
    answer = await world.client.get(link, headers={"Authorization": "Bearer viewer-P"})
    if bookmark:
        assert (answer.status_code, answer.json()["code"]) == (400, "bad-cursor")
    else:
        assert answer.status_code == 200


async def test_a_link_of_another_list_is_refused(world: World) -> None:
    """A cursor belongs to one list with its filters."""
    page = await world.call("viewer-P", "GET", "/periods", params={"limit": 2})
    cursor = page.json()["next"].split("cursor=")[1]
    foreign = await world.call("viewer-P", "GET", "/periods", params={"limit": 2, "year": 2024, "cursor": cursor})
    assert (foreign.status_code, foreign.json()["code"]) == (400, "bad-cursor")
