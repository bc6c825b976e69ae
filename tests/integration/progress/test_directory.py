"""The local copy: who belongs under whom, who counts where, and that copying again changes nothing."""

from datetime import date
from typing import Any

from sqlalchemy import text

from contracts.feed import Entity
from services.progress import work
from services.progress.directory.service import apply_entries, apply_organisations
from tests.integration.progress.accounting import Books
from tests.integration.progress.test_moves import HAPPENINGS
from tests.integration.progress.world import World, entity, id_of, plan, province, target

DAYS = [date(2021, 1, 1), date(2023, 11, 14), date(2023, 12, 9), date(2023, 12, 10), date(2024, 1, 31), date(2026, 1, 1)]


async def copied(world: World, books: Books, on: date) -> dict[str, Any]:
    """What the service has worked out for a day."""
    codes = {unit.id: code for code, unit in books.units.items()}
    lines: dict[str, set[tuple[str, str]]] = {"management": set(), "territory": set()}
    for row in await world.rows(
        "SELECT line, organisation, ancestor FROM progress.membership WHERE valid_from <= :on AND valid_to > :on", on=on
    ):
        lines[row.line].add((codes[row.organisation], codes[row.ancestor]))
    members = await world.rows(
        "SELECT scope, organisation, subject FROM progress.scope_member WHERE certain AND valid_from <= :on AND valid_to > :on",
        on=on,
    )
    return lines | {"members": sorted((row.scope, codes[row.organisation], row.subject) for row in members)}


def known(books: Books, on: date) -> dict[str, Any]:
    """The same, read off unit by unit."""
    living = [code for code in books.units if books.lives(code, on)]
    return {
        "management": {(code, above) for code in living for above in (code, *books.managers(code, on))},
        "territory": {(code, area) for code in living for area in books.areas(code, on)},
        "members": sorted((scope, *member) for scope in books.of("scope") for member in books.members(scope, on)),
    }


async def test_memberships_are_those_of_every_single_day(world: World) -> None:
    """After every move, opening, closing, fact and scope: on each day the copy holds exactly what holds that day."""
    books = Books()
    books.learn(province(), plan())
    for organisations, entries in ([], []), *HAPPENINGS:
        books.learn(organisations, entries)
        await world.copy(organisations=organisations, entries=entries)
        for on in DAYS:
            assert await copied(world, books, on) == known(books, on), (on, organisations, entries)


async def test_copying_everything_again_changes_nothing(world: World) -> None:
    """A consumer that starts over from a snapshot writes no delta and ends with the same tables."""
    for code, value in (("T111", "3"), ("TZ1", "4")):
        await world.approve(await world.report(code, "departments", "2023-11", value=value), *CHAINS[code])
    before = await world.contents()
    async with world.database.transaction() as conn:
        everyone = [entity("organisation", str(u.id), u) for u in province()]
        await apply_organisations(work.settle_after_copy)(conn, everyone, True)
        await apply_entries(work.settle_after_copy)(conn, plan(), True)
        await apply_organisations(work.settle_after_copy)(conn, everyone[:5], False)
        await apply_entries(work.settle_after_copy)(conn, plan()[:7], False)
    assert await world.contents() == before


CHAINS = {"T111": ("X11", "C1", "P"), "TZ1": ("Z", "P")}


async def test_an_older_version_does_not_replace_a_newer_one(world: World) -> None:
    """What comes twice and out of order leaves the newest."""
    newer = target("sum", "departments", "townships", "sum", value="30").model_copy(update={"version": 5})
    older = target("sum", "departments", "townships", "sum", value="20").model_copy(update={"version": 4})
    await world.copy(entries=[newer])
    await world.copy(entries=[older])
    assert (await world.standing("P", "2025-12-31", "sum"))["final"] == "30"


async def test_a_restored_source_is_read_anew_at_the_same_position(world: World) -> None:
    """Another feed that happens to stand at the same position is not taken for the one known."""
    assert (await world.standing("P", "2025-12-31", "sum"))["final"] == "20"
    async with world.database.transaction() as conn:
        new = [*plan(), target("sum", "departments", "townships", "sum", value="30").model_copy(update={"version": 2})]
        await apply_entries(work.settle_after_copy)(conn, new, True)
        await conn.execute(text("UPDATE progress.feed_cursor SET feed = gen_random_uuid()"))
    assert (await world.standing("P", "2025-12-31", "sum"))["final"] == "30"


async def test_a_fact_that_is_no_number_does_not_stop_the_copy(world: World) -> None:
    """A population of "NaN" or in words is unknown: the copy goes on, and no unit is said to comply by it."""
    by_code = {unit.code: unit for unit in province()}
    for value in ("NaN", "约三十万", "Infinity"):
        [people] = by_code["X11"].facts
        poor = by_code["X11"].model_copy(update={"facts": [people.model_copy(update={"value": value})]})
        await world.copy(organisations=[poor])
        await world.report("X11", "beds", "2023-11", value="50")
    rows = await world.rows("SELECT sum(complying) AS n FROM progress.figure_delta WHERE area = :area", area=id_of("X11"))
    assert rows[0].n == 0


async def test_a_target_without_its_scope_waits(world: World) -> None:
    """Parts of a plan may come one by one; what is still incomplete stops neither the copy nor the forms."""
    early = target("early", "departments", "later", "sum", value="1")
    await world.copy(entries=[early])
    form = await world.read("reporter-T111", "/reports/T111/2023-11")
    assert form["counts"]["asked"] == 4
    await world.report("T111", "departments", "2023-11", value="3")
    later = {"code": "later", "name": "后到", "where": {"kinds": ["township_centre"]}}
    await world.copy(entries=[entity("scope", "later", later)])
    assert (await world.figure("P", "departments", "2023-11", "later"))["reported"]["value"] == "3"


async def test_a_subject_follows_its_owner(world: World) -> None:
    """A subject is asked of the organisation that answers for it now."""
    taken = {"code": "CAMPUS", "name": "新校园", "owner": "T111"}
    await world.copy(entries=[Entity(kind="subject", key="CAMPUS", version=2, body=taken)])
    asked = {entry["indicator"] for entry in (await world.read("reporter-T111", "/reports/T111/2023-11"))["entries"]}
    assert "campus" in asked
    assert (await world.read("reporter-D", "/reports/D/2023-11"))["entries"] == []
    body = {"organisation": "T111", "indicator": "campus", "subject": "CAMPUS", "period": "2023-11", "stage": "built"}
    sent = await world.post("reporter-T111", "/submissions", {**body, "submit": True})
    assert sent.status_code == 201, sent.text
    for area in ("T111", "X11", "P"):
        assert (await world.figure(area, "campus", "2023-11", "campus"))["reported"]["value"] == "2"
