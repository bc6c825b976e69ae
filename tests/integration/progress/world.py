"""A small province for tests of the progress service: its directory, its people, its API in process."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid5

import httpx
from fastapi import Depends, FastAPI, Request
from sqlalchemy import Row, text

from contracts.base import Model
from contracts.feed import Entity
from contracts.organisations import Fact, OrganisationEntity, Placement
from contracts.rights import Grant, Principal
from contracts.vocabularies import Kind, Level, Role
from kernel.auth import Caller, bearer, signed_in, standing_grants
from kernel.db import Database
from kernel.errors import DependencyUnavailable, RightsUnknown, Unauthenticated
from services.progress import work
from services.progress.app import build
from services.progress.desk import Desk, Reviewers
from services.progress.directory.service import apply_entries, apply_organisations
from services.progress.settings import Settings

NAMES = UUID("5f0c1d52-7f0e-4a54-9f3e-3d6f6a1f2b11")
SINCE = date(2021, 1, 1)
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'progress' ORDER BY tablename"
_WRITTEN = (
    "submission_version", "review_decision", "submission", "extension", "audit_event", "figure_delta", "figure",
    "idempotency_key",
)  # fmt: skip
_DIGEST = "md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) AS digest"


def id_of(code: str) -> UUID:
    """The id a code has in this world."""
    return uuid5(NAMES, code)


def unit(
    code: str,
    level: Level,
    kind: Kind,
    *,
    parent: str | None,
    division: str | None,
    facts: Mapping[str, str] | None = None,
    moves: Sequence[tuple[date, str | None, str | None]] = (),
) -> OrganisationEntity:
    """An organisation; `moves` are later (day, parent, division) placements."""
    places = [(SINCE, parent, division), *moves]
    ends = [day for day, _, _ in places[1:]] + [None]
    return OrganisationEntity(
        id=id_of(code),
        code=code,
        name=f"单位{code}",
        level=level,
        kind=kind,
        sort_key=code,
        synthetic=True,
        valid_from=SINCE,
        placements=[
            Placement(
                parent=id_of(up) if up else None,
                division=id_of(stands) if stands else None,
                valid_from=start,
                valid_to=end,
            )
            for (start, up, stands), end in zip(places, ends, strict=True)
        ],
        facts=[Fact(fact=name, value=value, on=SINCE, source="test") for name, value in (facts or {}).items()],
    )


def province() -> list[OrganisationEntity]:
    """One province, two cities, three counties, a zone, a department, and eight township centres."""
    division = Kind.DIVISION
    found = [
        unit("P", Level.PROVINCE, division, parent=None, division="P", facts={"resident_population": "3000000"}),
        unit("C1", Level.CITY, division, parent="P", division="C1", facts={"resident_population": "2000000"}),
        unit("C2", Level.CITY, division, parent="P", division="C2", facts={"resident_population": "1000000"}),
        unit("Z", Level.CITY, Kind.FUNCTIONAL_ZONE, parent="P", division=None),
        unit("D", Level.PROVINCE, Kind.DEPARTMENT, parent="P", division=None),
    ]
    for county, city, people in (("X11", "C1", "300000"), ("X12", "C1", "299999"), ("X21", "C2", None)):
        facts = {"resident_population": people} if people else None
        found.append(unit(county, Level.COUNTY, division, parent=city, division=county, facts=facts))
    for code, county in (
        ("T111", "X11"),
        ("T112", "X11"),
        ("T113", "X11"),
        ("T121", "X12"),
        ("T122", "X12"),
        ("T211", "X21"),
        ("T212", "X21"),
    ):
        kind = Kind.TOWNSHIP_CENTRE
        found.append(unit(code, Level.INSTITUTION, kind, parent=county, division=county, facts={"ownership": "public"}))
    found.append(unit("TZ1", Level.INSTITUTION, Kind.TOWNSHIP_CENTRE, parent="Z", division="X11"))
    return found


def entity(kind: str, key: str, body: Mapping[str, Any] | Model, version: int = 1) -> Entity:
    """A published thing."""
    plain = body.model_dump(mode="json", by_alias=True) if isinstance(body, Model) else dict(body)
    return Entity(kind=kind, key=key, version=version, body=plain)


def target(code: str, indicator: str, scope: str, measure: str, **more: Any) -> Entity:
    """A published target of the province."""
    body = {
        "code": code,
        "name": code,
        "indicator": indicator,
        "holder": "P",
        "scope": scope,
        "measure": measure,
        "due": "2025-12-31",
        "items": ["T1"],
        "sources": [{"document": "body", "place": "1"}],
        "plan": "PLAN",
        "version": 1,
        "published": True,
        **more,
    }
    return entity("target", code, body)


def plan() -> list[Entity]:
    """A plan with one target of every measure."""
    ground = {"title": "test"}
    township = {"levels": ["institution"], "kinds": ["township_centre"]}
    indicators: dict[str, dict[str, Any]] = {
        "departments": {"value": "number", "unit": "个"},
        "doctors": {"value": "number", "nature": "flow", "unit": "名"},
        "standard": {"value": "yes_no"},
        "staff": {"value": "ratio", "numerator": "人员", "denominator": "编制"},
        "record-level": {"value": "level"},
        "beds": {"value": "number", "unit": "张"},
        "campus": {"value": "stage", "stages": [{"code": c, "name": c} for c in ("begun", "built", "opened")]},
        "judgement": {"value": "judged"},
    }
    found = [
        entity(
            "plan",
            "PLAN",
            {
                "code": "PLAN",
                "name": "三年计划",
                "issuer": "P",
                "level": "province",
                "ground": ground,
                "starts_on": "2023-01-01",
                "ends_on": "2025-12-31",
                "status": "published",
            },
        ),
        entity("item", "A1", {"code": "A1", "type": "action", "number": 1, "name": "行动", "plan": "PLAN"}),
        entity("item", "T1", {"code": "T1", "type": "task", "number": 1, "name": "任务", "parent": "A1", "plan": "PLAN"}),
        entity("scope", "townships", {"code": "townships", "name": "乡镇卫生院", "where": township}),
        entity("scope", "counties", {"code": "counties", "name": "县", "where": {"levels": ["county"]}}),
        entity("scope", "cities", {"code": "cities", "name": "市", "where": {"levels": ["city"]}, "zones": True}),
        entity("scope", "public", {"code": "public", "name": "公立", "where": {**township, "ownership": ["public"]}}),
        entity("scope", "campus", {"code": "campus", "name": "校园", "subjects": ["CAMPUS"]}),
        entity("scope", "province", {"code": "province", "name": "省", "where": {"levels": ["province"]}}),
        entity("subject", "CAMPUS", {"code": "CAMPUS", "name": "新校园", "owner": "D"}),
        target("sum", "departments", "townships", "sum", value="20", steps=[{"due": "2023-12-31", "value": "8"}]),
        target("doctors", "doctors", "townships", "sum", value="12", window="year"),
        target("share", "standard", "townships", "units", **{"as": "percent", "value": "80"}),
        target("share-public", "standard", "public", "units", **{"as": "percent", "value": "100"}),
        target(
            "staff", "staff", "counties", "units",
            **{"as": "percent", "value": "100", "unit_threshold": {"value": "70"}},
        ),
        target("staff-all", "staff", "counties", "ratio", **{"as": "percent", "value": "75"}),
        target("level", "record-level", "townships", "mean", value="3"),
        target(
            "beds", "beds", "counties", "units",
            **{
                "as": "percent",
                "value": "100",
                "unit_threshold": {
                    "fact": "resident_population",
                    "tiers": [{"below": "300000", "value": "20"}, {"value": "50"}],
                },
            },
        ),
        target("campus", "campus", "campus", "own", comparator="reached", stage="opened"),
        target("specialties", "departments", "cities", "sum", value="5"),
        target("judgement", "judgement", "province", "own", comparator="reached", strength="qualitative"),
    ]
    found += [
        entity("indicator", code, {"code": code, "name": code, "definition": code, "decimals": 2, **body})
        for code, body in indicators.items()
    ]
    return found


def grant(role: Role, organisation: str, items: list[str] | None = None) -> Grant:
    """A role at an organisation, for some items only if they are given."""
    return Grant(role=role, organisation=id_of(organisation), items=items)


def people() -> dict[str, Principal]:
    """A reporter for every unit, two reviewers for every office, and some who only look."""
    offices = ("P", "C1", "C2", "Z", "X11", "X12", "X21")
    units = [*offices, "D", *(u.code for u in province() if u.level is Level.INSTITUTION)]
    found = {f"reporter-{code}": [grant(Role.REPORTER, code)] for code in units}
    found |= {f"reviewer-{code}": [grant(Role.REVIEWER, code)] for code in offices}
    found |= {f"second-{code}": [grant(Role.REVIEWER, code)] for code in offices}
    found |= {
        "planner-P": [grant(Role.PLANNER, "P")],
        "planner-X11": [grant(Role.PLANNER, "X11")],
        "viewer-P": [grant(Role.VIEWER, "P")],
        "viewer-X11": [grant(Role.VIEWER, "X11")],
        "auditor-P": [grant(Role.AUDITOR, "P")],
        "both-X11": [grant(Role.REPORTER, "X11"), grant(Role.REVIEWER, "X11")],
        "nobody": [],
    }
    return {name: Principal(id=id_of(name), kind="person", name=name, grants=g) for name, g in found.items()}


class Book:
    """Rights as this world has them; a test may change them."""

    def __init__(self) -> None:
        self.people = people()
        self.epoch = 0
        self.lease = True

    def reset(self) -> None:
        """Everybody as at first."""
        self.people, self.lease = people(), True
        self.epoch += 1

    def put(self, name: str, *grants: Grant) -> None:
        """Give somebody exactly these grants."""
        self.people[name] = Principal(id=id_of(name), kind="person", name=name, grants=list(grants))
        self.epoch += 1

    def remove(self, *names: str) -> None:
        """Let people go."""
        for name in names:
            del self.people[name]
        self.epoch += 1

    def find(self, principal: UUID) -> Principal | None:
        """The principal with this id."""
        return next((p for p in self.people.values() if p.id == principal), None)

    def everyone(self) -> list[Principal]:
        """All principals."""
        return list(self.people.values())

    def certain(self) -> bool:
        """Whether changes are allowed."""
        return self.lease


class Feeds:
    """The neighbours' feeds: what they have to tell comes when the service asks, unless they are down."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.caught_up = True
        self.down = False
        self.asked = 0
        self.news: list[Entity] = []

    async def catch_up(self) -> None:
        """What the service calls before it refuses a reference as unknown."""
        self.asked += 1
        if self.down:
            raise DependencyUnavailable()
        arrived, self.news = self.news, []
        if arrived:
            await bring(self._database, entries=arrived)


async def bring(
    database: Database, *, organisations: Sequence[OrganisationEntity] = (), entries: Sequence[Entity] = ()
) -> None:
    """Let changes of organisations or plans arrive, as a follower would bring them."""
    async with database.transaction() as conn:
        if organisations:
            changed = [entity("organisation", str(u.id), u) for u in organisations]
            await apply_organisations(work.settle_after_copy)(conn, changed, False)
        if entries:
            await conn.execute(text("UPDATE progress.feed_cursor SET position = position + 1"))
            await apply_entries(work.settle_after_copy)(conn, list(entries), False)


@dataclass
class World:
    """The running service and ways to speak to it."""

    app: FastAPI
    database: Database
    book: Book
    feeds: Feeds
    client: httpx.AsyncClient
    until: datetime
    keys: list[int] = field(default_factory=lambda: [0])

    @property
    def desk(self) -> Desk:
        """The desk of the service."""
        desk: Desk = self.app.state.desk
        return desk

    async def call(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        """One request as somebody; a POST gets an idempotency key of its own."""
        headers = {"Authorization": f"Bearer {who}", **more.pop("headers", {})}
        if method == "POST" and "Idempotency-Key" not in headers:
            self.keys[0] += 1
            headers["Idempotency-Key"] = f"key-{self.keys[0]:08}"
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **more)

    async def post(self, who: str, path: str, body: Any = None, *, etag: str | None = None) -> httpx.Response:
        """One POST as somebody, with If-Match if an ETag is given."""
        headers = {"If-Match": etag} if etag is not None else {}
        return await self.call(who, "POST", path, json={} if body is None else body, headers=headers)

    async def step(self, who: str, submission: Mapping[str, Any], action: str, **body: Any) -> httpx.Response:
        """One step of a submission as somebody who has read it just now."""
        path = f"/submissions/{submission['id']}"
        if action == "edit":
            return await self.call(who, "PUT", path, json=body, headers={"If-Match": submission["etag"]})
        return await self.post(who, f"{path}/{action}", body, etag=submission["etag"])

    async def take(self, who: str, submission: Mapping[str, Any], action: str, **body: Any) -> dict[str, Any]:
        """The same for a step that must succeed; the submission afterwards."""
        response = await self.step(who, submission, action, **body)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    async def read(self, who: str, path: str, **params: Any) -> dict[str, Any]:
        """One GET that must succeed."""
        response = await self.call(who, "GET", path, params=params)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    async def draft(self, code: str, indicator: str, period: str, **answer: Any) -> dict[str, Any]:
        """Save one answer as the unit's reporter."""
        return await self.report(code, indicator, period, submit=False, **answer)

    async def report(self, code: str, indicator: str, period: str, **answer: Any) -> dict[str, Any]:
        """Submit one answer as the unit's reporter."""
        body = {"organisation": code, "indicator": indicator, "period": period, "submit": True, **answer}
        response = await self.call(f"reporter-{code}", "POST", "/submissions", json=body)
        assert response.status_code in (200, 201), response.text
        found: dict[str, Any] = response.json()
        return found

    async def approve(self, submission: dict[str, Any], *offices: str, **body: Any) -> dict[str, Any]:
        """Approve as the reviewers of the offices, one after another."""
        for office in offices:
            submission = await self.take(f"reviewer-{office}", submission, "approve", **body)
        return submission

    async def figure(self, organisation: str, indicator: str, period: str, scope: str | None = None) -> dict[str, Any]:
        """A figure as the province's viewer sees it."""
        params = {"organisation": organisation, "indicator": indicator, "period": period}
        response = await self.call(
            "viewer-P", "GET", "/figures", params=params | ({"scope": scope} if scope else {})
        )
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    async def standing(self, organisation: str, on: str, target: str) -> dict[str, Any]:
        """The standing of one target in an area on a day."""
        found = await self.read("viewer-P", "/standings", organisation=organisation, on=on, target=target)
        [one] = found["items"]
        return dict(one)

    async def rows(self, statement: str, **params: Any) -> Sequence[Row[Any]]:
        """What a query finds."""
        async with self.database.transaction() as conn:
            return (await conn.execute(text(statement), params)).all()

    async def run(self, statement: str, **params: Any) -> None:
        """A statement of the test's own, past the API."""
        async with self.database.transaction() as conn:
            await conn.execute(text(statement), params)

    async def close(self, *periods: str) -> None:
        """End the windows of periods by the database's clock, as if their time had come."""
        await self.run(
            "UPDATE progress.period SET closes_at = clock_timestamp() WHERE code = ANY(:codes)", codes=list(periods)
        )

    async def extend(self, who: str, organisation: str, period: str, **more: Any) -> httpx.Response:
        """Ask for an extension of an hour."""
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        ground = {"number": "赣卫〔2023〕1号", "title": "关于延期的批复"}
        body = {"organisation": organisation, "until": until, "reason": "系统故障", "ground": ground, **more}
        return await self.post(who, f"/periods/{period}/extensions", body)

    async def reset(self) -> None:
        """Forget whatever was written and whoever came or went; periods are open again."""
        await self.run(f"TRUNCATE {', '.join(f'progress.{name}' for name in _WRITTEN)}")
        await self.run(
            "UPDATE progress.period SET opens_at = starts_on::timestamp AT TIME ZONE 'Asia/Shanghai', version = 1,"
            " closes_at = :until WHERE ends_on < '2026-01-01'",
            until=self.until,
        )
        self.book.reset()
        self.feeds.down, self.feeds.asked, self.feeds.news = False, 0, []

    async def contents(self) -> dict[str, str]:
        """A digest of every table, to see whether anything has changed."""
        tables = [row.tablename for row in await self.rows(_TABLES)]
        parts = [f"SELECT '{name}' AS name, {_DIGEST} FROM progress.{name} AS t" for name in tables]
        return {row.name: row.digest for row in await self.rows(" UNION ALL ".join(parts))}

    async def copy(self, *, organisations: Sequence[OrganisationEntity] = (), entries: Sequence[Entity] = ()) -> None:
        """Let changes of organisations or plans arrive, as a feed would bring them."""
        await bring(self.database, organisations=organisations, entries=entries)


async def fill(url: str) -> None:
    """Put the small province and its plan into a migrated database, all periods open until tomorrow."""
    database = Database(url, pool=2)
    async with database.transaction() as conn:
        everyone = [entity("organisation", str(u.id), u) for u in province()]
        await apply_organisations(work.settle_after_copy)(conn, everyone, True)
        await apply_entries(work.settle_after_copy)(conn, plan(), True)
        await conn.execute(
            text("INSERT INTO progress.feed_cursor (source, feed, position) VALUES ('targets', :feed, 1)"),
            {"feed": id_of("feed")},
        )
        until = datetime.now(UTC) + timedelta(days=1)
        await conn.execute(text("UPDATE progress.period SET closes_at = :until"), {"until": until})
    await database.close()


@asynccontextmanager
async def world(url: str) -> AsyncIterator[World]:
    """The service on a database that `fill` has filled."""
    settings = Settings(
        database_url=url, auth_url="http://auth", targets_url="http://targets", service_key="k" * 32, pool=16
    )
    app = build(settings)
    book = Book()
    database: Database = app.state.database
    reviewers = Reviewers(book, lambda: datetime.now(UTC).date())  # type: ignore[arg-type]
    app.state.desk = Desk(database, app.state.directory, reviewers)
    app.dependency_overrides[signed_in] = _caller_of(book)
    feeds = Feeds(database)
    app.state.directory.followers = [feeds]
    async with database.transaction() as conn:
        until = (await conn.execute(text("SELECT max(closes_at) FROM progress.period"))).scalar_one()
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://progress") as client:
        yield World(app, database, book, feeds, client, until)
    await database.close()


def _caller_of(book: Book) -> Any:
    async def caller(request: Request, raw: Annotated[str | None, Depends(bearer)]) -> Caller:
        person = book.people.get(raw or "")
        if person is None:
            raise Unauthenticated()
        if request.method not in ("GET", "HEAD") and not book.certain():
            raise RightsUnknown()
        grants = standing_grants(person.grants, datetime.now(UTC).date())
        return Caller(id=person.id, kind=person.kind, name=person.name, grants=grants)

    return caller
