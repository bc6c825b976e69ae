"""Tables of figures: append-only deltas, and the kept sums that a compactor folds them into."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Identity, Index, Integer, Table, Text, func, text

from kernel.db import Id, Instant, Total
from services.progress.schema import TABLES

KEY = ("area", "indicator", "scope", "rule", "series", "ends_on")
AMOUNTS = ("value", "numerator", "denominator", "units", "complying", "excluded", "reports")

figure_delta = Table(
    "figure_delta",
    TABLES,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("organisation", Id, nullable=False),
    Column("subject", Text, nullable=False),
    Column("indicator", Text, nullable=False),
    Column("area", Id, nullable=False),
    Column("scope", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("series", Text, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("value", Total, nullable=False),
    Column("numerator", Total, nullable=False),
    Column("denominator", Total, nullable=False),
    Column("units", Integer, nullable=False),
    Column("complying", Integer, nullable=False),
    Column("excluded", Integer, nullable=False),
    Column("reports", Integer, nullable=False),
    Column("cause", Id, nullable=False),
    Column("cause_revision", BigInteger, nullable=False),
    Column("at", Instant, nullable=False, server_default=func.clock_timestamp()),
    Column("folded", Boolean, nullable=False, server_default="false"),
    Index(
        "uq_figure_delta_cause",
        "cause",
        "cause_revision",
        "organisation",
        "subject",
        "indicator",
        "area",
        "scope",
        "rule",
        "series",
        "ends_on",
        unique=True,
    ),
    Index("ix_figure_delta_source", "organisation", "indicator", "subject"),
    Index("ix_figure_delta_pending", "area", "indicator", "scope", postgresql_where=text("NOT folded")),
    Index("ix_figure_delta_unfolded", "id", postgresql_where=text("NOT folded")),
)
"""What each change of a unit's contribution added to each area; `cause` is the submission (or the copied feed)
and its revision, so that one change can never be written twice."""

figure = Table(
    "figure",
    TABLES,
    Column("area", Id, primary_key=True),
    Column("indicator", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("series", Text, primary_key=True),
    Column("ends_on", Date, primary_key=True),
    Column("value", Total, nullable=False),
    Column("numerator", Total, nullable=False),
    Column("denominator", Total, nullable=False),
    Column("units", Integer, nullable=False),
    Column("complying", Integer, nullable=False),
    Column("excluded", Integer, nullable=False),
    Column("reports", Integer, nullable=False),
)
"""Kept sums; a figure is its kept sum plus the deltas not yet folded, read in one statement."""
