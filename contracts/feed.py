"""The change feed between services (internal): a snapshot to begin with, then changes in order of commit."""

from typing import Any
from uuid import UUID

from contracts.base import Int, Model


class Entity(Model):
    """One thing as it stands now; `body` is null once it is gone (a tombstone)."""

    kind: str
    key: str
    version: Int
    body: dict[str, Any] | None


class Head(Model):
    """Which feed this is and how far it has come; a restored database gets a new feed id."""

    feed: UUID
    position: Int


class Snapshot(Head):
    """Everything as of a position."""

    entities: list[Entity]


class Change(Entity):
    """One change and its place in the order of commits."""

    position: Int


class Changes(Head):
    """Changes after a position; `position` is that of the last one (or the one asked for)."""

    changes: list[Change]
    more: bool
