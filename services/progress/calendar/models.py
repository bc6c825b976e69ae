"""Tables of the calendar."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Integer, Table, Text

from kernel.db import Id, Instant, Json
from services.progress.schema import TABLES

period = Table(
    "period",
    TABLES,
    Column("code", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False, index=True),
    Column("opens_at", Instant, nullable=False),
    Column("closes_at", Instant, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    CheckConstraint("opens_at < closes_at", name="window"),
)

extension = Table(
    "extension",
    TABLES,
    Column("id", Id, primary_key=True),
    Column("period", Text, ForeignKey(period.c.code), nullable=False, index=True),
    Column("organisation", Id, nullable=False),
    Column("until", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ground", Json, nullable=False),
    Column("granted_by", Id, nullable=False),
    Column("granted_by_name", Text, nullable=False),
    Column("granted_at", Instant, nullable=False),
)
