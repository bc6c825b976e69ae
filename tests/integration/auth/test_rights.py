"""The stream of rights: what followers learn, and what a revocation waits for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from contracts.rights import Rights
from kernel.errors import Unavailable
from kernel.rights import PublishedKeys, RightsCopy
from kernel.upstream import Upstream
from services.auth.rights.models import rights_consumer, rights_head
from services.auth.rights.rules import FIRST
from services.auth.rights.service import acknowledged
from tests.integration.auth.conftest import ADMIN, TARGETS_KEY, Actor, Service

NOBODY = UUID(int=0)


async def ask(service: Service, **other: object) -> Rights:
    """One question of a follower."""
    wanted = {"consumer": "targets", "feed": NOBODY, "confirmed": -1, "lease": 5000, "wait": 0, **other}
    answer = await service.neighbour("/internal/v1/rights", **wanted)
    assert answer.status_code == 200, answer.text
    return Rights.model_validate_json(answer.content)


@asynccontextmanager
async def following(service: Service, lease: float = 5.0) -> AsyncIterator[RightsCopy]:
    """A follower as the other services are."""
    upstream = Upstream("http://auth", service_key=TARGETS_KEY, transport=httpx.ASGITransport(app=service.app))
    try:
        yield RightsCopy(upstream, service="targets", lease=lease)
    finally:
        await upstream.close()


async def grant(admin: Actor, who: Actor, role: str = "viewer") -> str:
    """The address of a new grant."""
    answer = await admin.post(f"/api/v1/users/{who.id}/grants", json={"role": role, "organisation": "360121"})
    assert answer.status_code == 201
    return str(answer.headers["location"])


async def test_a_follower_learns_everything_then_changes(service: Service, admin: Actor) -> None:
    first = await ask(service)
    assert first.complete
    assert [(p.name, {g.role for g in p.grants}) for p in first.principals] == [("admin", set(FIRST))]
    known: dict[str, object] = {"feed": first.feed, "confirmed": first.epoch}
    assert (await ask(service, **known)).principals == []
    person = await service.person(admin, "near", "360121", ("viewer", "360121"))
    second = await ask(service, **known)
    assert (second.complete, second.epoch > first.epoch) == (False, True)
    assert [(str(p.id), p.kind, p.disabled) for p in second.principals] == [(person.id, "person", False)]


async def test_another_stream_or_a_future_epoch_starts_over(service: Service) -> None:
    first = await ask(service)
    assert (await ask(service, feed=uuid4(), confirmed=first.epoch)).complete
    assert (await ask(service, feed=first.feed, confirmed=first.epoch + 1)).complete
    async with service.database.transaction() as conn:
        await conn.execute(update(rights_head).values(feed=uuid4()))
    assert (await ask(service, feed=first.feed, confirmed=first.epoch)).complete


async def test_a_question_waits_for_an_answer(service: Service, admin: Actor) -> None:
    person = await service.person(admin, "near", "360121")
    first = await ask(service)
    waiting = asyncio.create_task(ask(service, feed=first.feed, confirmed=first.epoch, wait=10))
    await grant(admin, person)
    async with asyncio.timeout(5):
        news = await waiting
    assert [str(p.id) for p in news.principals] == [person.id]


@pytest.mark.parametrize(
    "wrong", [{"lease": 60_000}, {"wait": 100}, {"confirmed": -2}, {"consumer": ""}, {"feed": "x"}]
)
async def test_questions_out_of_bounds(calm: Service, wrong: dict[str, object]) -> None:
    wanted = {"consumer": "targets", "feed": NOBODY, "confirmed": -1, **wrong}
    assert (await calm.neighbour("/internal/v1/rights", **wanted)).status_code == 422


async def test_a_revocation_is_acknowledged_only_after_every_follower_confirmed(service: Service, admin: Actor) -> None:
    person = await service.person(admin, "near", "360121")
    address = await grant(admin, person)
    async with following(service) as copy:
        await copy.refresh()
        assert len(copy.find(UUID(person.id)).grants) == 1  # type: ignore[union-attr]
        revoking = asyncio.create_task(admin.delete(address))
        while (news := copy.find(UUID(person.id))) and news.grants:
            assert not revoking.done()
            await copy.refresh(wait=1)
        # The follower knows; auth does not know that it does, until it asks again.
        done, _ = await asyncio.wait([revoking], timeout=0.3)
        assert not done
        await copy.refresh()
        async with asyncio.timeout(5):
            assert (await revoking).status_code == 204


async def test_a_follower_whose_lease_ran_out_is_not_waited_for(service: Service, admin: Actor) -> None:
    person = await service.person(admin, "near", "360121")
    address = await grant(admin, person)
    async with following(service) as copy:
        await copy.refresh()
        async with service.database.transaction() as conn:
            passed = rights_consumer.c.lease_until - timedelta(seconds=6)
            await conn.execute(update(rights_consumer).values(lease_until=passed))
        async with asyncio.timeout(3):
            assert (await admin.delete(address)).status_code == 204


async def test_the_lease_ends_by_the_databases_clock(service: Service, admin: Actor) -> None:
    person = await service.person(admin, "near", "360121")
    address = await grant(admin, person)
    async with following(service, lease=0.4) as copy:
        await copy.refresh()
        assert (await admin.delete(address)).status_code == 204
        assert not copy.certain()


async def test_somebody_who_never_confirms_is_not_waited_for_forever(service: Service) -> None:
    await ask(service, lease=10_000)
    with pytest.raises(Unavailable):
        await acknowledged(service.database, 10**6, patience=0.2)


async def test_disabling_and_passwords_wait_too(service: Service, admin: Actor) -> None:
    person = await service.person(admin, "near", "360121", ("viewer", "360121"))
    async with following(service) as copy:
        await copy.refresh()
        body = {"current": "near-password", "new": "other-password"}
        changing = asyncio.create_task(person.post("/api/v1/me/password", json=body))
        async with asyncio.timeout(5):
            while (known := copy.find(UUID(person.id))) and known.tokens_valid_after is None:
                assert not changing.done()
                await copy.refresh(wait=1)
            await copy.refresh()
            assert (await changing).status_code == 204
        disable = {"json": {"disabled": True}, "headers": {"If-Match": "*"}}
        disabling = asyncio.create_task(admin.patch(f"/api/v1/users/{person.id}", **disable))
        async with asyncio.timeout(5):
            while (known := copy.find(UUID(person.id))) and not known.disabled:
                assert not disabling.done()
                await copy.refresh(wait=1)
            await copy.refresh()
            assert (await disabling).status_code == 200


async def test_followers_that_come_and_go_while_rights_change(service: Service, admin: Actor) -> None:
    """Whatever the interleaving: once a revocation is acknowledged, no follower with a lease still shows the right."""
    person = await service.person(admin, "near", "360121")
    stop = asyncio.Event()

    async def follow(copy: RightsCopy) -> None:
        while not stop.is_set():
            await copy.refresh(wait=1)

    async with following(service) as one, following(service) as two:
        tasks = [asyncio.create_task(follow(copy)) for copy in (one, two)]
        for _ in range(10):
            address = await grant(admin, person)
            assert (await admin.delete(address)).status_code == 204
            for copy in (one, two):
                known = copy.find(UUID(person.id))
                assert not copy.certain() or known is None or known.grants == []
        stop.set()
        await asyncio.gather(*tasks)


async def test_the_published_keys_check_our_tokens(service: Service) -> None:
    upstream = Upstream("http://auth", service_key=TARGETS_KEY, transport=httpx.ASGITransport(app=service.app))
    keys = await PublishedKeys(upstream).key_set(refresh=True)
    await upstream.close()
    ours = await service.app.state.issuer.key_set()
    assert [key.kid for key in keys.keys] == [key.kid for key in ours.keys]
    assert await service.token(*ADMIN)
