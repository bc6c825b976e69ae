"""Random people do random things; the service must answer as the model does, and the figures must add up."""

import os
import random
from datetime import date
from typing import Any

import pytest

from services.progress.figures.service import fold
from tests.integration.progress.accounting import Books, check_figures, check_rules
from tests.integration.progress.invariants import check_rows
from tests.integration.progress.model import REPORTING, Model, Refusal, Submission, chosen, parts, shown
from tests.integration.progress.world import World, id_of, plan, province

STEPS = 130
PERIODS = ("2023-10", "2023-11", "2023-12", "2024-01")
READ = ("2023-09", "2023-11", "2024-01", "2023-Q4", "2023")
AREAS = ("P", "C1", "C2", "Z", "X11", "X12", "X21", "T111", "TZ1", "D")
QUESTIONS = [
    *((unit, "", indicator) for unit in ("T111", "T112", "T121", "T211", "TZ1")
      for indicator in ("departments", "doctors", "standard", "record-level")),
    *((unit, "", indicator) for unit in ("X11", "X12") for indicator in ("staff", "beds")),
    ("C1", "", "departments"),
    ("P", "", "judgement"),
    ("D", "CAMPUS", "campus"),
]  # fmt: skip
PEOPLE = (
    "reporter-T111", "reporter-T112", "reporter-T121", "reporter-T211", "reporter-TZ1", "reporter-X11", "reporter-C1",
    "reporter-D", "reporter-P", "reviewer-X11", "second-X11", "both-X11", "reviewer-X12", "reviewer-X21", "reviewer-C1",
    "second-C1", "reviewer-C2", "reviewer-Z", "reviewer-P", "second-P", "planner-P", "viewer-P", "auditor-P", "nobody",
    "stranger",
)  # fmt: skip


class Play:
    """One sequence: the service, the model, and chance."""

    def __init__(self, world: World, books: Books, seed: int) -> None:
        self.world, self.random = world, random.Random(seed)
        self.model = Model(books, world.book.people, date(2026, 1, 1))
        self.done = {"ok": 0, "refused": 0}

    async def turn(self) -> None:
        """One random call; its answer must be the model's."""
        dice = self.random.random()
        if dice < 0.04:
            await fold(self.world.database)
        elif dice < 0.35 or not self.model.facts:
            await self.write()
        else:
            await self.act()

    async def write(self) -> None:
        """POST /submissions by somebody, mostly by who should."""
        unit, subject, indicator = self.random.choice(QUESTIONS)
        who = f"reporter-{unit}" if self.random.random() < 0.7 else self.random.choice(PEOPLE)
        key = (unit, subject, indicator, self.random.choice(PERIODS))
        answer = chosen(self.random, self.model.kinds[indicator]["value"])
        submit = self.random.random() < 0.7
        body: dict[str, Any] = {"organisation": unit, "indicator": indicator, "period": key[3], "submit": submit, **answer}
        known = key in self.model.facts
        wanted = self.model.put(who, key, answer, submit=submit)
        response = await self.world.post(who, "/submissions", body | ({"subject": subject} if subject else {}))
        self.compare(wanted, response, who, ok=200 if known else 201)

    async def act(self) -> None:
        """One step of a known submission by somebody, mostly by who should, mostly having read it."""
        fact = self.random.choice(list(self.model.facts.values()))
        action, who = self.intent(fact)
        dice = self.random.random()
        seen = None if dice < 0.02 else fact.revision - 1 if dice < 0.08 else fact.revision
        body = self.body(fact, action)
        wanted = self.model.step(who, fact, action, seen, body)
        headers = {} if seen is None else {"If-Match": f'"{seen}"'}
        path = f"/submissions/{fact.id}" + ("" if action == "edit" else f"/{action}")
        method = "PUT" if action == "edit" else "POST"
        response = await self.world.call(who, method, path, json=body, headers=headers)
        self.compare(wanted, response, who, ok=200)

    def intent(self, fact: Submission) -> tuple[str, str]:
        """What is tried, and by whom."""
        sensible = {
            "draft": ["edit", "submit", "submit", "discard"],
            "returned": ["edit", "submit"],
            "withdrawn": ["edit", "submit"],
            "submitted": ["approve", "approve", "approve", "return", "withdraw"],
            "approved": ["correct"],
        }[fact.state]
        dice = self.random.random()
        action = self.random.choice(sensible if dice < 0.85 else [*sorted(REPORTING), "approve", "return"])
        if self.random.random() < 0.25:
            return action, self.random.choice(PEOPLE)
        office = fact.waiting_at or "P"
        reviewer = self.random.choice([f"reviewer-{office}", f"reviewer-{office}", f"second-{office}"])
        return action, f"reporter-{fact.unit}" if action in REPORTING else reviewer

    def body(self, fact: Submission, action: str) -> dict[str, Any]:
        """What is sent along."""
        if action == "edit":
            return chosen(self.random, self.model.kinds[fact.indicator]["value"])
        if action in ("withdraw", "return"):
            return {"reason": "与台账不符"}
        if action == "approve" and self.random.random() < 0.8:
            return {"judgement": self.random.choice(["met", "partly", "not_met"])}
        return {}

    def compare(self, wanted: Refusal | Submission, response: Any, who: str, *, ok: int) -> None:
        """Status, code and every part of the answer that the model knows."""
        body = response.json()
        if isinstance(wanted, Refusal):
            self.done["refused"] += 1
            assert (response.status_code, body["code"]) == (wanted.status, wanted.code), response.text
            return
        self.done["ok"] += 1
        assert response.status_code == ok, response.text
        wanted.id = body["id"]
        waiting = body["review"]["waiting_at"] if body["review"] else None
        assert {
            **{name: body[name] for name in ("state", "version", "in_force_version", "etag")},
            "waiting_at": waiting,
            "same": True,
        } == shown(wanted, parts(body["answer"]))
        assert set(body["actions"]) == self.model.actions(who, wanted)


@pytest.mark.parametrize("sequence", range(4))
async def test_the_service_does_what_the_model_does(world: World, sequence: int) -> None:
    """After any sequence of steps by anybody: every answer was the model's, every figure equals a count made anew,
    every revision has one audit record, nobody reviewed his own or twice, and every list of reviews is right."""
    seed = int(os.environ.get("ZHIBIAO_TEST_SEED") or random.randrange(10**9)) + sequence
    print(f"ZHIBIAO_TEST_SEED={seed - sequence}")
    books = Books()
    books.learn(province(), plan())
    play = Play(world, books, seed)
    for _ in range(STEPS):
        await play.turn()
    print(play.done)
    assert play.done["ok"] > STEPS / 3
    assert await check_rows(world) == len(play.model.facts)
    await check_figures(world, books, AREAS if sequence == 0 else ("P", "X11"), READ)
    await check_rules(world, books, READ)
    await fold(world.database)
    assert await check_figures(world, books, ("P",), READ) > 0
    await check_rows(world)
    for who in ("reviewer-X11", "both-X11", "reviewer-C1", "reviewer-P", "reviewer-Z"):
        found = (await world.read(who, "/reviews", limit=200))["items"]
        assert {one["id"] for one in found} == {fact.id for fact in play.model.waiting_for(who)}
        assert [one["submitted_at"] for one in found] == sorted(one["submitted_at"] for one in found)


async def test_the_count_made_anew_can_fail(world: World) -> None:
    """The check itself notices a sum that is off by one, and a version that nobody recorded."""
    books = Books()
    books.learn(province(), plan())
    await world.report("T111", "departments", "2023-11", value="3")
    await check_figures(world, books, ("P",), PERIODS)
    await world.run("UPDATE progress.figure_delta SET value = value + 1 WHERE area = :p", p=id_of("P"))
    with pytest.raises(AssertionError):
        await check_figures(world, books, ("P",), PERIODS)
    await world.run("UPDATE progress.submission SET revision = revision + 1")
    with pytest.raises(AssertionError):
        await check_rows(world)
