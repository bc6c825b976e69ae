"""Organisations: who belongs where (management and territory), and dated facts about them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.base import Bool, Code, Day, Ground, Instant, Int, Line, Model
from contracts.vocabularies import Kind, Level


class Fact(Model):
    """A dated fact: ``resident_population`` 6255007 on 2020-11-01; tags are comma-separated."""

    fact: Code
    value: Line
    on: Day
    source: Line


class Placement(Model):
    """Where a unit belongs from one day (inclusive) until another (exclusive).

    `parent` manages and reviews it; `division` is where it stands and the only basis of area totals.
    """

    parent: UUID | None
    division: UUID | None
    valid_from: Day
    valid_to: Day | None = None


class Identifier(Model):
    """A code by which another system, or an earlier time, knows the organisation."""

    scheme: Code
    value: Code
    valid_from: Day | None = None
    valid_to: Day | None = None


class OrganisationEntity(Model):
    """An organisation with its whole history, as the change feed carries it."""

    id: UUID
    code: Code
    name: Line
    level: Level
    kind: Kind
    sort_key: str
    synthetic: Bool
    valid_from: Day
    valid_to: Day | None = None
    placements: list[Placement]
    facts: list[Fact]
    identifiers: list[Identifier] = []


class OrganisationCreate(Model):
    """A new organisation; `parent` and `division` are codes of existing ones."""

    code: Code
    name: Line
    level: Level
    kind: Kind
    parent: Code | None = None
    division: Code | None = None
    valid_from: Day
    synthetic: Bool = False
    tier: Annotated[Int, Field(ge=1, le=3)] | None = None
    ownership: Code | None = None
    tags: list[Code] = []
    identifiers: list[Identifier] = []
    ground: Ground | None = None


class OrganisationPatch(Model):
    """What may be corrected on an organisation without a dated event."""

    name: Line | None = None


class Organisation(Model):
    """An organisation as it stands on the day asked for; `superseded_code` is set when an old code was used."""

    id: UUID
    code: Code
    name: Line
    level: Level
    kind: Kind
    synthetic: Bool
    parent: Code | None
    parent_name: Line | None
    division: Code | None
    division_name: Line | None
    valid_from: Day
    valid_to: Day | None
    superseded_code: Code | None = None
    etag: str
    actions: list[str] = []


class FactList(Model):
    """The facts of an organisation, newest first."""

    organisation: Code
    items: list[Fact]


class FactsAdded(Model):
    """The organisation a fact was added to, and when it was recorded."""

    organisation: Code
    recorded_at: Instant
