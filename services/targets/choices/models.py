"""Settings as they stand; earlier values are among the versions of entries."""

from sqlalchemy import Column, Integer, Table, Text

from kernel.db import Json
from services.targets.schema import METADATA

setting = Table(
    "setting",
    METADATA,
    Column("code", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", Json, nullable=False),
)
