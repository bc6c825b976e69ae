"""Tables of the local copy. Nothing here refers to another feed by key, so nothing has to wait for anything."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, Table, Text

from kernel.db import Id, Json
from services.progress.schema import TABLES

organisation = Table(
    "organisation",
    TABLES,
    Column("id", Id, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sort_key", Text, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=False),
)

placement = Table(
    "placement",
    TABLES,
    Column("organisation", Id, primary_key=True),
    Column("parent", Id, nullable=True),
    Column("division", Id, nullable=True),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date, nullable=False),
)

fact = Table(
    "fact",
    TABLES,
    Column("organisation", Id, primary_key=True),
    Column("fact", Text, primary_key=True),
    Column("on", Date, primary_key=True),
    Column("value", Text, nullable=False),
)

membership = Table(
    "membership",
    TABLES,
    Column("line", Text, primary_key=True),
    Column("organisation", Id, primary_key=True),
    Column("ancestor", Id, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date, nullable=False),
    Column("distance", Integer, nullable=False),
    Index("ix_membership_line_ancestor", "line", "ancestor", "organisation"),
)
"""Who belongs under whom, and when: `management` for scope and review, `territory` for area totals."""

scope_member = Table(
    "scope_member",
    TABLES,
    Column("scope", Text, primary_key=True),
    Column("organisation", Id, primary_key=True),
    Column("subject", Text, primary_key=True, server_default=""),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date, nullable=False),
    Column("certain", Boolean, nullable=False),
    Index("ix_scope_member_organisation", "organisation", "scope"),
)
"""Who counts in which scope, and when; not certain where a fact that decides it is unknown."""

entry = Table(
    "entry",
    TABLES,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("body", Json, nullable=False),
)
"""Plans, items, indicators, scopes, subjects, targets and settings, as targets published them."""
