"""The schema of this service, the tables the kernel defines for it, and the shape all entries share."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, ColumnElement, Computed, Index, Integer, Table, Text, any_, func, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.schema import SchemaItem

from kernel import audit, feed, idempotency
from kernel.db import Instant, Json, metadata

METADATA = metadata("targets")
audit_events = audit.table(METADATA)
idempotency_keys = idempotency.table(METADATA)
feed_cursor = feed.cursor_table(METADATA)
outbox = feed.Outbox(METADATA)

entry_version = Table(
    "entry_version",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("plan", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("plan_version", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", Json, nullable=True),
    Column("ground", Json, nullable=True),
    Column("at", Instant, nullable=False, server_default=func.now()),
    Index("ix_entry_version_plan", "plan", "kind"),
)
"""Every version of every entry and its ground; no body once the entry was left out of its plan."""


def entry_table(name: str, *more: SchemaItem, own_codes: bool = False) -> Table:
    """The living entries of one kind, each as the feed carries it; `own_codes` when codes are the plan's own.

    `position` is the place in the pack. What lists filter by is taken out of the body by the database itself,
    so that a column can never differ from the body it stands for.
    """
    return Table(
        name,
        METADATA,
        Column("code", Text, primary_key=True),
        Column("plan", Text, primary_key=own_codes, nullable=False, index=True),
        Column("position", Integer, nullable=False),
        Column("version", Integer, nullable=False),
        Column("body", Json, nullable=False),
        *more,
    )


def taken_from_body(name: str) -> Column[Any]:
    """A text column that PostgreSQL fills from the body."""
    return Column(name, Text, Computed(f"body ->> '{name}'", persisted=True))


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """The column is one of the values, which travel as one array: there may be more than a statement has room for."""
    return column == any_(literal(list(set(values)), ARRAY(column.type)))
