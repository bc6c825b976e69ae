"""The local copy of organisations, as far as plans need it: names, kinds, and who belongs under whom."""

from sqlalchemy import Column, Date, Table, Text

from kernel.db import Id
from services.targets.schema import METADATA

organisation = Table(
    "organisation",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("code", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("kind", Text, nullable=False),
)

placement = Table(
    "placement",
    METADATA,
    Column("organisation", Id, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date, nullable=True),
    Column("parent", Id, nullable=True),
)
"""Whose an organisation is, from one day (inclusive) until another (exclusive)."""
