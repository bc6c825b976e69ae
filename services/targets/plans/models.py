"""Plans, what they hold beside indicators and targets, and the loads."""

from sqlalchemy import Column, Index, Integer, Table, Text, func

from kernel.db import Id, Instant, Json
from services.targets.schema import METADATA, entry_table, taken_from_body

plan = Table(
    "plan",
    METADATA,
    Column("code", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("counts", Json, nullable=False),
    Column("body", Json, nullable=False),
    taken_from_body("issuer"),
    Index("ix_plan_status", "status", "issuer"),
)
"""One row per plan; its version counts every change of anything in it."""

item = entry_table("item", taken_from_body("type"))
unit_group = entry_table("unit_group")
subject = entry_table("subject")
document = entry_table("document", own_codes=True)
discrepancy = entry_table("discrepancy", own_codes=True)
statement = entry_table("statement", own_codes=True)

import_job = Table(
    "import_job",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("created_by", Id, nullable=False),
    Column("kind", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("counts", Json, nullable=False),
    Column("conflicts", Json, nullable=False),
    Column("conflict_count", Integer, nullable=False),
    Column("created_at", Instant, nullable=False, server_default=func.now(), index=True),
)
"""Loads over the API, for whoever asked for them."""
