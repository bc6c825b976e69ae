"""Tables: organisations, where they belong from day to day, dated facts, and codes of other times and systems."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)

from kernel.db import Id, Instant
from services.auth.schema import METADATA

organisation = Table(
    "organisation",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("code", Text(collation="C"), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sort_key", Text(collation="C"), nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("version", Integer, nullable=False),
    CheckConstraint("level IN ('province', 'city', 'county', 'institution')", name="level"),
    CheckConstraint("valid_to > valid_from", name="life"),
    Index("ix_organisation_sort_key_code", "sort_key", "code"),
)

placement = Table(
    "placement",
    METADATA,
    Column("organisation", Id, ForeignKey(organisation.c.id), primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date),
    Column("parent", Id, ForeignKey(organisation.c.id), index=True),
    Column("division", Id, ForeignKey(organisation.c.id), index=True),
    CheckConstraint("valid_to > valid_from", name="life"),
    Index("uq_placement_present", "organisation", unique=True, postgresql_where=text("valid_to IS NULL")),
)

fact = Table(
    "fact",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("organisation", Id, ForeignKey(organisation.c.id), nullable=False),
    Column("fact", Text(collation="C"), nullable=False),
    Column("observed_on", Date, nullable=False),
    Column("value", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False, server_default=func.now()),
    UniqueConstraint("organisation", "fact", "observed_on"),
)

identifier = Table(
    "identifier",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("organisation", Id, ForeignKey(organisation.c.id), nullable=False, index=True),
    Column("scheme", Text, nullable=False),
    Column("value", Text(collation="C"), nullable=False, index=True),
    Column("valid_from", Date),
    Column("valid_to", Date),
    UniqueConstraint("organisation", "scheme", "value"),
)
