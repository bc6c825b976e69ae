"""A stand-in for auth: its keys, its stream of rights and its feed of organisations, in a few lines."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid5

from joserfc import jwt
from joserfc.jwk import OKPKey

from contracts.feed import Change, Changes, Entity, Snapshot
from contracts.organisations import OrganisationEntity, Placement
from contracts.rights import Grant, Principal, Rights
from contracts.vocabularies import Kind, Level, Role

ISSUER = "zhibiao"
_SPACE = UUID("00000000-0000-7000-8000-000000000001")

Unit = tuple[str, str, Level, Kind, str | None]
PROVINCE: Sequence[Unit] = (
    ("360000", "江西省", Level.PROVINCE, Kind.DIVISION, None),
    ("JX-WJW", "省卫生健康委", Level.PROVINCE, Kind.DEPARTMENT, "360000"),
    ("360100", "南昌市", Level.CITY, Kind.DIVISION, "360000"),
    ("360111", "青山湖区", Level.COUNTY, Kind.DIVISION, "360100"),
    ("360700", "赣州市", Level.CITY, Kind.DIVISION, "360000"),
    ("360721", "赣县区", Level.COUNTY, Kind.DIVISION, "360700"),
)


def unit_id(code: str) -> UUID:
    """The id of a test organisation."""
    return uuid5(_SPACE, code)


def organisation(unit: Unit) -> Entity:
    """An organisation as the feed carries it."""
    code, name, level, kind, parent = unit
    since = date(2021, 1, 1)
    place = Placement(parent=unit_id(parent) if parent else None, division=None, valid_from=since)
    body = OrganisationEntity(
        id=unit_id(code),
        code=code,
        name=name,
        level=level,
        kind=kind,
        sort_key=code,
        synthetic=True,
        valid_from=since,
        placements=[place],
        facts=[],
    )
    return Entity(kind="organisation", key=str(body.id), version=1, body=body.model_dump(mode="json"))


class FakeAuth:
    """What auth tells: an ASGI application, so that it is reached as auth is; `down` makes it answer nothing."""

    def __init__(self, units: Sequence[Unit] = PROVINCE) -> None:
        self.feed = unit_id("feed")
        self.entities = [organisation(unit) for unit in units]
        self.people: dict[str, Principal] = {}
        self.down = False
        self._key = OKPKey.generate_key("Ed25519", {"kid": "test"})
        self._epoch = 0

    def person(self, name: str, role: Role, unit: str, items: list[str] | None = None) -> None:
        """Give somebody a role."""
        grant = Grant(role=role, organisation=unit_id(unit), items=items)
        self.people[name] = Principal(id=unit_id(name), kind="person", name=name, grants=[grant])
        self._epoch += 1

    def found(self, unit: Unit) -> None:
        """A new organisation comes into being."""
        self.entities.append(organisation(unit))

    def restore(self, units: Sequence[Unit]) -> None:
        """Begin a new feed, as a database that was put back does."""
        self.feed = unit_id("feed-restored")
        self.entities = [organisation(unit) for unit in units]

    def token(self, name: str) -> str:
        """An access token of somebody."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": "zhibiao", "sub": str(self.people[name].id), "kind": "person"}
        header = {"alg": "Ed25519", "typ": "at+jwt", "kid": "test"}
        return jwt.encode(header, {**claims, "iat": now, "exp": now + 600}, self._key, algorithms=["Ed25519"])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        asked = {key: found[0] for key, found in parse_qs(scope["query_string"].decode()).items()}
        status, body = (503, "{}") if self.down else await self._answer(scope["path"], asked)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body.encode()})

    async def _answer(self, path: str, asked: dict[str, str]) -> tuple[int, str]:
        if path == "/.well-known/jwks.json":
            return 200, json.dumps({"keys": [self._key.as_dict(private=False)]})
        if path == "/internal/v1/rights":
            # auth holds the question until there is news; here the next test step asks by itself
            await asyncio.sleep(float(asked["wait"]))
            people = list(self.people.values())
            return 200, Rights(feed=self.feed, epoch=self._epoch, complete=True, principals=people).model_dump_json()
        if path == "/internal/v1/snapshot":
            said = Snapshot(feed=self.feed, position=len(self.entities), entities=self.entities)
            return 200, said.model_dump_json()
        if asked["feed"] != str(self.feed):
            return 410, "{}"
        return 200, self._changes(int(asked["after"]))

    def _changes(self, after: int) -> str:
        later = list(enumerate(self.entities, 1))[after:]
        changes = [Change(**entity.model_dump(), position=at) for at, entity in later]
        position = len(self.entities)
        return Changes(feed=self.feed, position=position, changes=changes, more=False).model_dump_json()
