"""Organisations move, open, close and change class; plans get new scopes: the past stays, the future follows."""

import os
import random
from datetime import date
from typing import Any

import pytest

from contracts.feed import Entity
from contracts.organisations import Fact, OrganisationEntity, Placement
from contracts.vocabularies import Kind, Level
from services.progress.figures.service import fold
from tests.integration.progress.accounting import Books, check_figures, check_rules
from tests.integration.progress.invariants import check_rows
from tests.integration.progress.model import chosen
from tests.integration.progress.world import World, entity, id_of, plan, province, target, unit

PERIODS = ("2023-10", "2023-11", "2023-12", "2024-01", "2024-02")
READ = ("2023-11", "2024-01", "2023-Q4", "2024-12")
AREAS = ("P", "C1", "C2", "Z", "X11", "X12", "X21", "T111")
UNITS = {unit.code: unit for unit in province()}
POPULOUS = {"facts": [{"fact": "resident_population", "at_least": "300000"}]}


def moved(code: str, on: date, parent: str, division: str) -> OrganisationEntity:
    """The unit with a new place from a day on."""
    old = UNITS[code]
    [place] = old.placements
    ended = place.model_copy(update={"valid_to": on})
    new = Placement(parent=id_of(parent), division=id_of(division), valid_from=on)
    return old.model_copy(update={"placements": [ended, new]})


def known(code: str, fact: str, value: str, on: date) -> OrganisationEntity:
    """The unit with a further fact."""
    old = UNITS[code]
    return old.model_copy(update={"facts": [*old.facts, Fact(fact=fact, value=value, on=on, source="test")]})


def closed(code: str, on: date) -> OrganisationEntity:
    """The unit, closed on a day."""
    old = UNITS[code]
    [place] = old.placements
    return old.model_copy(update={"valid_to": on, "placements": [place.model_copy(update={"valid_to": on})]})


def opened(code: str, on: date) -> OrganisationEntity:
    """A township centre that opens in county X12."""
    new = unit(code, Level.INSTITUTION, Kind.TOWNSHIP_CENTRE, parent="X12", division="X12", facts={"ownership": "public"})
    [place] = new.placements
    return new.model_copy(update={"valid_from": on, "placements": [place.model_copy(update={"valid_from": on})]})


def scope(code: str, **where: Any) -> Entity:
    """A further scope of township centres."""
    township = {"levels": ["institution"], "kinds": ["township_centre"]}
    return entity("scope", code, {"code": code, "name": code, "where": {**township, **where}})


def gone(code: str) -> Entity:
    """A target that is published no more."""
    return Entity(kind="target", key=code, version=2, body=None)


POPULOUS_TARGET = target("p", "standard", "populous", "units", **{"as": "percent", "value": "50"})
HAPPENINGS: list[tuple[list[OrganisationEntity], list[Entity]]] = [
    ([moved("T111", date(2023, 12, 10), "X21", "X21")], []),
    ([moved("X12", date(2024, 1, 1), "C2", "X12")], []),
    ([moved("TZ1", date(2023, 12, 31), "X11", "X11")], []),
    ([moved("T212", date(2023, 11, 30), "Z", "X21")], []),
    ([closed("T122", date(2024, 1, 31))], []),
    ([opened("T124", date(2023, 11, 15))], []),
    ([known("T121", "ownership", "private", date(2023, 12, 1))], []),
    ([known("X21", "resident_population", "299999", date(2023, 12, 1))], []),
    ([known("X11", "resident_population", "100000", date(2024, 1, 15))], []),
    ([], [scope("populous", ancestor={"level": "county", **POPULOUS}), POPULOUS_TARGET]),
    ([], [target("county-sum", "departments", "public", "sum", value="10")]),
    ([], [gone("share-public")]),
    ([], [scope("public", ownership=["public", "private"])]),
]  # fmt: skip


async def reported(world: World, area: str, period: str) -> str | None:
    """What an area's townships have reported."""
    value: str | None = (await world.figure(area, "departments", period, "townships"))["reported"]["value"]
    return value


async def test_a_unit_that_moves_leaves_last_years_table_as_it_was(world: World) -> None:
    """Up to the period of the move the old county has it, from then on the new one; the province is unmoved."""
    await world.report("T111", "departments", "2023-10", value="5")
    await world.report("T112", "departments", "2023-10", value="1")
    await world.report("T211", "departments", "2023-10", value="2")
    await world.copy(organisations=[moved("T111", date(2023, 12, 10), "X21", "X21")])
    for period, old, new in (("2023-10", "6", "2"), ("2023-11", "6", "2"), ("2023-12", "1", "7"), ("2024-12", "1", "7")):
        assert await reported(world, "X11", period) == await reported(world, "C1", period) == old
        assert await reported(world, "X21", period) == await reported(world, "C2", period) == new
        assert await reported(world, "P", period) == "8"
    base = [(await world.figure("X21", "departments", p, "townships"))["units"]["in_scope"] for p in ("2023-11", "2023-12")]
    assert base == [2, 3]


async def test_after_a_move_the_new_parent_reviews(world: World) -> None:
    """A submission after the move goes up the new line, and the old county sees the unit no more."""
    await world.copy(organisations=[moved("T111", date(2023, 12, 10), "X21", "X21")])
    submitted = await world.report("T111", "departments", "2023-12", value="5")
    assert submitted["review"]["waiting_at"] == "X21"
    assert (await world.call("reviewer-X11", "GET", f"/submissions/{submitted['id']}")).status_code == 404
    assert (await world.approve(submitted, "X21", "C2", "P"))["state"] == "approved"


@pytest.mark.xfail(reason="chain fixed at submission, rights follow today's tree: nobody can decide any more", strict=True)
async def test_what_waits_when_its_unit_moves_can_still_be_decided(world: World) -> None:
    """A submission under way while its unit moves to another county is decided by somebody, not stuck."""
    submitted = await world.report("T111", "departments", "2023-12", value="5")
    passed = await world.approve(submitted, "X11")
    await world.copy(organisations=[moved("T111", date(2023, 12, 10), "X21", "X21")])
    statuses = [
        (await world.step(f"reviewer-{office}", passed, "approve")).status_code for office in ("X11", "C1", "X21", "C2")
    ]
    assert 200 in statuses


async def test_a_county_that_changes_its_city_takes_its_units_along(world: World) -> None:
    """All townships of the county count in the new city from the day of the change on."""
    for code, value in (("T111", "1"), ("T121", "2"), ("T122", "4"), ("T211", "8")):
        await world.report(code, "departments", "2023-11", value=value)
    await world.copy(organisations=[moved("X12", date(2024, 1, 1), "C2", "X12")])
    assert [await reported(world, area, "2023-12") for area in ("C1", "C2", "X12", "P")] == ["7", "8", "6", "15"]
    assert [await reported(world, area, "2024-01") for area in ("C1", "C2", "X12", "P")] == ["1", "14", "6", "15"]


async def test_a_move_of_the_past_corrects_all_that_came_after(world: World) -> None:
    """A move that becomes known late counts from its own day on, and taking it back restores everything."""
    await world.report("T111", "departments", "2023-10", value="5")
    await world.report("T111", "departments", "2024-02", value="6")
    before = await world.rows("SELECT count(*) FROM progress.figure_delta")
    await world.copy(organisations=[moved("T111", date(2023, 11, 2), "X12", "X12")])
    assert [await reported(world, "X12", period) for period in ("2023-10", "2023-11", "2024-02")] == [None, "5", "6"]
    await fold(world.database)
    await world.copy(organisations=[UNITS["T111"]])
    assert [await reported(world, "X12", period) for period in ("2023-10", "2023-11", "2024-02")] == [None, None, None]
    assert [await reported(world, "X11", period) for period in ("2023-10", "2023-11", "2024-02")] == ["5", "5", "6"]
    after = await world.rows("SELECT count(*) FROM progress.figure_delta")
    assert after[0].count > before[0].count, "deltas are added, never taken back"


async def test_a_closed_unit_leaves_the_base_and_the_sum(world: World) -> None:
    """From the period in which it closes on, a unit is neither counted nor missed; before, it is."""
    await world.report("T122", "departments", "2023-11", value="4")
    await world.copy(organisations=[closed("T122", date(2024, 1, 31))])
    before = await world.figure("X12", "departments", "2023-12", "townships")
    after = await world.figure("X12", "departments", "2024-01", "townships")
    assert (before["reported"]["value"], before["units"]["in_scope"]) == ("4", 2)
    assert (after["reported"]["value"], after["units"]["in_scope"]) == (None, 1)
    assert after["units"]["missing"] == ["单位T121"]


async def test_a_new_scope_counts_what_was_reported_before_it_came(world: World) -> None:
    """A target that arrives with a scope of its own has its figures at once, for past periods too."""
    for code in ("T111", "T121", "T211"):
        await world.report(code, "standard", "2023-11", complies=True)
    await world.copy(
        entries=[scope("populous", ancestor={"level": "county", **POPULOUS}), POPULOUS_TARGET]
    )
    figure = await world.figure("P", "standard", "2023-11", "populous")
    assert (figure["reported"]["value"], figure["units"]["in_scope"]) == ("1", 4), "only X11 has 300,000 people for certain"
    await world.copy(organisations=[known("X21", "resident_population", "300000", date(2024, 1, 1))])
    assert (await world.figure("P", "standard", "2023-12", "populous"))["reported"]["value"] == "1"
    figure = await world.figure("P", "standard", "2024-01", "populous")
    assert (figure["reported"]["value"], figure["units"]["in_scope"]) == ("2", 6)


async def test_a_withdrawn_target_takes_its_sums_away(world: World) -> None:
    """What no target counts any more is in no kept sum either."""
    await world.report("T111", "standard", "2023-11", complies=True)
    await world.copy(entries=[gone("share-public")])
    rows = await world.rows("SELECT sum(units) AS units FROM progress.figure_delta WHERE scope = 'public'")
    assert rows[0].units == 0
    params = {"organisation": "P", "indicator": "standard", "period": "2023-11", "scope": "public"}
    assert (await world.call("viewer-P", "GET", "/figures", params=params)).status_code == 404


@pytest.mark.parametrize("sequence", range(2))
async def test_figures_follow_whatever_happens_to_units_and_plans(world: World, sequence: int) -> None:
    """In any order of reports, decisions, moves, openings, closings, facts and new targets, and with the compactor
    in between, every figure of every period equals a count made anew from the rows."""
    seed = int(os.environ.get("ZHIBIAO_TEST_SEED") or random.randrange(10**9)) + sequence
    print(f"ZHIBIAO_TEST_SEED={seed - sequence}")
    dice = random.Random(seed)
    books = Books()
    books.learn(province(), plan())
    happenings = dice.sample(HAPPENINGS, len(HAPPENINGS))
    kinds = books.of("indicator")
    sent: list[dict[str, Any]] = []
    for organisations, entries in happenings:
        for _ in range(4):
            await _report(world, books, dice, kinds, sent)
        for submission in dice.sample(sent, min(len(sent), 3)):
            await _decide(world, dice, submission)
        books.learn(organisations, entries)
        await world.copy(organisations=organisations, entries=entries)
        if dice.random() < 0.4:
            await fold(world.database)
        asked = dice.sample(books.questions(), 3)
        await check_figures(world, books, (dice.choice(AREAS),), (dice.choice(PERIODS), "2024-12"), asked)
    assert await check_figures(world, books, AREAS if sequence == 0 else ("P",), READ) > 10
    await check_rules(world, books, READ)
    assert await check_rows(world) == len({one["id"] for one in sent})


async def _report(world: World, books: Books, dice: random.Random, kinds: Any, sent: list[dict[str, Any]]) -> None:
    code = dice.choice([one for one in books.units if one[0] in "TX"])
    indicator = dice.choice(["departments", "doctors", "standard"] if code[0] == "T" else ["staff", "beds"])
    body = {"organisation": code, "indicator": indicator, "period": dice.choice(PERIODS), "submit": dice.random() < 0.8}
    answer = chosen(dice, kinds[indicator]["value"])
    response = await world.post("reporter-P", "/submissions", {**body, **answer})
    assert response.status_code in (200, 201, 409, 422), response.text
    if response.status_code == 201:
        sent.append(response.json())


async def _decide(world: World, dice: random.Random, submission: dict[str, Any]) -> None:
    """Whatever can be done now with a submission, by whoever can; a refusal changes nothing."""
    response = await world.call("viewer-P", "GET", f"/submissions/{submission['id']}")
    if response.status_code == 404:  # the unit was closed before this period began
        return
    now = response.json()
    if now["state"] == "submitted":
        for office in dice.choice([("X11", "C1", "P"), ("X12", "C2", "P"), ("X21", "C2", "P"), ("Z", "P"), ("C1", "P")]):
            returns = dice.random() < 0.2
            body = {"reason": "与台账不符"} if returns else {}
            response = await world.step(f"reviewer-{office}", now, "return" if returns else "approve", **body)
            now = response.json() if response.status_code == 200 else now
    else:
        await world.step("reporter-P", now, dice.choice(["submit", "correct", "discard"]))
