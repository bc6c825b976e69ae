"""The table of review decisions."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, Table, Text, UniqueConstraint, func

from kernel.db import Id, Instant, Json
from services.progress.reports.models import submission
from services.progress.schema import TABLES

review_decision = Table(
    "review_decision",
    TABLES,
    Column("id", Id, primary_key=True),
    Column("submission", Id, ForeignKey(submission.c.id), nullable=False),
    Column("version", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("organisation", Id, nullable=False),
    Column("decision", Text, nullable=False),
    Column("reason", Text, nullable=True),
    Column("suggested", Json, nullable=True),
    Column("note", Text, nullable=True),
    Column("reviewer", Id, nullable=False),
    Column("reviewer_name", Text, nullable=False),
    Column("at", Instant, nullable=False, server_default=func.clock_timestamp()),
    UniqueConstraint("submission", "round", "step", name="uq_review_decision_step"),
    UniqueConstraint("submission", "round", "reviewer", name="uq_review_decision_reviewer"),
    CheckConstraint("decision IN ('approve', 'return')", name="decision"),
    CheckConstraint("decision <> 'return' OR reason IS NOT NULL", name="reasoned"),
)
"""Who decided what at which step. Nobody decides twice in a round, and a trigger refuses the authors."""
