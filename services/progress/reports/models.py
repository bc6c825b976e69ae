"""Tables of submissions and their versions."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY

from contracts.vocabularies import SubmissionState
from kernel.db import Id, Instant, Json
from services.progress.schema import TABLES

_STATES = ", ".join(f"'{state.value}'" for state in SubmissionState)

submission = Table(
    "submission",
    TABLES,
    Column("id", Id, primary_key=True),
    Column("organisation", Id, nullable=False),
    Column("subject", Text, nullable=False, server_default=""),
    Column("indicator", Text, nullable=False),
    Column("period", Text, ForeignKey(f"{TABLES.schema}.period.code"), nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("in_force_version", Integer, nullable=True),
    Column("chain", ARRAY(Id), nullable=False, server_default="{}"),
    Column("step", Integer, nullable=False, server_default="0"),
    Column("round", Integer, nullable=False, server_default="0"),
    Column("waiting_at", Id, nullable=True),
    Column("authors", ARRAY(Id), nullable=False),
    Column("author_name", Text, nullable=False),
    Column("submitted_first_at", Instant, nullable=True),
    Column("submitted_at", Instant, nullable=True),
    Column("resubmit_until", Instant, nullable=True),
    Column("returned", Json, nullable=True),
    Column("updated_at", Instant, nullable=False, server_default=func.clock_timestamp()),
    UniqueConstraint("organisation", "subject", "indicator", "period", name="uq_submission_natural_key"),
    CheckConstraint(f"state IN ({_STATES})", name="state"),
    CheckConstraint("(state = 'submitted') = (waiting_at IS NOT NULL)", name="waits_while_submitted"),
    CheckConstraint("state <> 'approved' OR in_force_version IS NOT DISTINCT FROM version", name="approved_is_in_force"),
    Index("ix_submission_waiting", "waiting_at", "period", "id"),
    Index("ix_submission_series", "organisation", "indicator", "subject", "ends_on"),
    Index("ix_submission_period", "period", "indicator"),
)
"""The head of one fact of one unit and period; the database itself keeps it to one."""

submission_version = Table(
    "submission_version",
    TABLES,
    Column("submission", Id, ForeignKey(submission.c.id), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("answer", Json, nullable=False),
    Column("author", Id, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("created_at", Instant, nullable=False, server_default=func.clock_timestamp()),
    Column("submitted_at", Instant, nullable=True),
    Column("judgement", Text, nullable=True),
)
"""What was said, version by version; a trigger keeps a submitted version as it was."""
