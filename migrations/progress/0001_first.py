"""The first schema of progress: calendar, directory, submissions, reviews, figures, audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "progress_0001"
down_revision = None
branch_labels = None
depends_on = None

_KEEP_VERSION = """
CREATE FUNCTION progress.keep_submitted_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.submitted_at IS NULL THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'DELETE' OR (OLD.judgement IS NOT NULL AND NEW.judgement IS DISTINCT FROM OLD.judgement)
       OR (NEW.submission, NEW.version, NEW.answer, NEW.author, NEW.author_name, NEW.submitted_at)
       IS DISTINCT FROM (OLD.submission, OLD.version, OLD.answer, OLD.author, OLD.author_name, OLD.submitted_at) THEN
        RAISE EXCEPTION 'a submitted version is never changed' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""

_KEEP_DECISION = """
CREATE FUNCTION progress.keep_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a decision is never changed' USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""

_SEPARATE_DUTY = """
CREATE FUNCTION progress.separate_duty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM progress.submission s
               WHERE s.id = NEW.submission AND NEW.reviewer = ANY (s.authors)) THEN
        RAISE EXCEPTION 'nobody reviews what he wrote' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""


def upgrade() -> None:
    """Make the tables, then the triggers."""
    _shared()
    _directory()
    _calendar()
    _submissions()
    _figures()
    _triggers()


def _shared() -> None:
    """What the kernel keeps in every service: audit, idempotency keys, how far the feeds were copied."""
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("actor", sa.UUID(), nullable=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("entity_version", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.UUID(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", JSONB(none_as_null=True), nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        schema="progress",
    )
    op.create_index(
        "ix_audit_event_organisation_at", "audit_event", ["organisation", "at"], unique=False, schema="progress"
    )
    op.create_index(
        "uq_audit_event_entity_version",
        "audit_event",
        ["entity", "entity_id", "entity_version"],
        unique=True,
        schema="progress",
    )
    op.create_table(
        "feed_cursor",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("feed", sa.UUID(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_feed_cursor")),
        schema="progress",
    )
    op.create_table(
        "idempotency_key",
        sa.Column("principal", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", JSONB(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("pk_idempotency_key")),
        schema="progress",
    )
    op.create_index(
        op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False, schema="progress"
    )


def _directory() -> None:
    """The local copy of organisations and plans."""
    op.create_table(
        "entry",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", JSONB(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_entry")),
        schema="progress",
    )
    op.create_table(
        "fact",
        sa.Column("organisation", sa.UUID(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "fact", "on", name=op.f("pk_fact")),
        schema="progress",
    )
    op.create_table(
        "membership",
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("organisation", sa.UUID(), nullable=False),
        sa.Column("ancestor", sa.UUID(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("distance", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("line", "organisation", "ancestor", "valid_from", name=op.f("pk_membership")),
        schema="progress",
    )
    op.create_index(
        "ix_membership_line_ancestor",
        "membership",
        ["line", "ancestor", "organisation"],
        unique=False,
        schema="progress",
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sort_key", sa.Text(), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("code", name=op.f("uq_organisation_code")),
        schema="progress",
    )
    op.create_table(
        "placement",
        sa.Column("organisation", sa.UUID(), nullable=False),
        sa.Column("parent", sa.UUID(), nullable=True),
        sa.Column("division", sa.UUID(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "valid_from", name=op.f("pk_placement")),
        schema="progress",
    )
    op.create_table(
        "scope_member",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("organisation", sa.UUID(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("certain", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "organisation", "subject", "valid_from", name=op.f("pk_scope_member")),
        schema="progress",
    )
    op.create_index(
        "ix_scope_member_organisation", "scope_member", ["organisation", "scope"], unique=False, schema="progress"
    )


def _calendar() -> None:
    """Periods and extensions."""
    op.create_table(
        "period",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("opens_at < closes_at", name=op.f("ck_period_window")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_period")),
        schema="progress",
    )
    op.create_index(op.f("ix_period_ends_on"), "period", ["ends_on"], unique=False, schema="progress")
    op.create_table(
        "extension",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("organisation", sa.UUID(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ground", JSONB(none_as_null=True), nullable=False),
        sa.Column("granted_by", sa.UUID(), nullable=False),
        sa.Column("granted_by_name", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["period"], ["progress.period.code"], name=op.f("fk_extension_period_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extension")),
        schema="progress",
    )
    op.create_index(op.f("ix_extension_period"), "extension", ["period"], unique=False, schema="progress")


def _submissions() -> None:
    """Submissions, their versions, and decisions on them."""
    op.create_table(
        "submission",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("organisation", sa.UUID(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("in_force_version", sa.Integer(), nullable=True),
        sa.Column("chain", ARRAY(sa.UUID()), server_default="{}", nullable=False),
        sa.Column("step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("round", sa.Integer(), server_default="0", nullable=False),
        sa.Column("waiting_at", sa.UUID(), nullable=True),
        sa.Column("authors", ARRAY(sa.UUID()), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("submitted_first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resubmit_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned", JSONB(none_as_null=True), nullable=True),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint(
            "(state = 'submitted') = (waiting_at IS NOT NULL)", name=op.f("ck_submission_waits_while_submitted")
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR in_force_version IS NOT DISTINCT FROM version", name=op.f("ck_submission_approved_is_in_force")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'returned', 'withdrawn', 'approved')", name=op.f("ck_submission_state")
        ),
        sa.ForeignKeyConstraint(["period"], ["progress.period.code"], name=op.f("fk_submission_period_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
        sa.UniqueConstraint("organisation", "subject", "indicator", "period", name="uq_submission_natural_key"),
        schema="progress",
    )
    op.create_index("ix_submission_period", "submission", ["period", "indicator"], unique=False, schema="progress")
    op.create_index(
        "ix_submission_series",
        "submission",
        ["organisation", "indicator", "subject", "ends_on"],
        unique=False,
        schema="progress",
    )
    op.create_index(
        "ix_submission_waiting", "submission", ["waiting_at", "period", "id"], unique=False, schema="progress"
    )
    op.create_table(
        "review_decision",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("submission", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.UUID(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("suggested", JSONB(none_as_null=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reviewer", sa.UUID(), nullable=False),
        sa.Column("reviewer_name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("decision <> 'return' OR reason IS NOT NULL", name=op.f("ck_review_decision_reasoned")),
        sa.CheckConstraint("decision IN ('approve', 'return')", name=op.f("ck_review_decision_decision")),
        sa.ForeignKeyConstraint(
            ["submission"], ["progress.submission.id"], name=op.f("fk_review_decision_submission_submission")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_decision")),
        sa.UniqueConstraint("submission", "round", "reviewer", name="uq_review_decision_reviewer"),
        sa.UniqueConstraint("submission", "round", "step", name="uq_review_decision_step"),
        schema="progress",
    )
    op.create_table(
        "submission_version",
        sa.Column("submission", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("answer", JSONB(none_as_null=True), nullable=False),
        sa.Column("author", sa.UUID(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("judgement", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission"], ["progress.submission.id"], name=op.f("fk_submission_version_submission_submission")
        ),
        sa.PrimaryKeyConstraint("submission", "version", name=op.f("pk_submission_version")),
        schema="progress",
    )


def _figures() -> None:
    """Deltas and kept sums."""
    op.create_table(
        "figure",
        sa.Column("area", sa.UUID(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("value", sa.Numeric(precision=24, scale=4), nullable=False),
        sa.Column("numerator", sa.Numeric(precision=24, scale=4), nullable=False),
        sa.Column("denominator", sa.Numeric(precision=24, scale=4), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("complying", sa.Integer(), nullable=False),
        sa.Column("excluded", sa.Integer(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("area", "indicator", "scope", "rule", "series", "ends_on", name=op.f("pk_figure")),
        schema="progress",
    )
    op.create_table(
        "figure_delta",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("organisation", sa.UUID(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("area", sa.UUID(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("value", sa.Numeric(precision=24, scale=4), nullable=False),
        sa.Column("numerator", sa.Numeric(precision=24, scale=4), nullable=False),
        sa.Column("denominator", sa.Numeric(precision=24, scale=4), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("complying", sa.Integer(), nullable=False),
        sa.Column("excluded", sa.Integer(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("cause", sa.UUID(), nullable=False),
        sa.Column("cause_revision", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("folded", sa.Boolean(), server_default="false", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_delta")),
        schema="progress",
    )
    op.create_index(
        "ix_figure_delta_pending",
        "figure_delta",
        ["area", "indicator", "scope"],
        unique=False,
        schema="progress",
        postgresql_where=sa.text("NOT folded"),
    )
    op.create_index(
        "ix_figure_delta_source",
        "figure_delta",
        ["organisation", "indicator", "subject"],
        unique=False,
        schema="progress",
    )
    op.create_index(
        "ix_figure_delta_unfolded",
        "figure_delta",
        ["id"],
        unique=False,
        schema="progress",
        postgresql_where=sa.text("NOT folded"),
    )
    op.create_index(
        "uq_figure_delta_cause",
        "figure_delta",
        [
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
        ],
        unique=True,
        schema="progress",
    )


def _triggers() -> None:
    """Keep history and duties apart whatever the code does."""
    op.execute(_KEEP_VERSION)
    op.execute(
        "CREATE TRIGGER keep_submitted_version BEFORE UPDATE OR DELETE ON progress.submission_version "
        "FOR EACH ROW EXECUTE FUNCTION progress.keep_submitted_version()"
    )
    op.execute(_KEEP_DECISION)
    op.execute(
        "CREATE TRIGGER keep_decision BEFORE UPDATE OR DELETE ON progress.review_decision "
        "FOR EACH ROW EXECUTE FUNCTION progress.keep_decision()"
    )
    op.execute(_SEPARATE_DUTY)
    op.execute(
        "CREATE TRIGGER separate_duty BEFORE INSERT ON progress.review_decision "
        "FOR EACH ROW EXECUTE FUNCTION progress.separate_duty()"
    )


def downgrade() -> None:
    """Remove everything."""
    for table in _TABLES:
        op.drop_table(table, schema="progress")
    op.execute("DROP FUNCTION progress.keep_submitted_version()")
    op.execute("DROP FUNCTION progress.keep_decision()")
    op.execute("DROP FUNCTION progress.separate_duty()")


_TABLES = (
    "submission_version",
    "review_decision",
    "submission",
    "extension",
    "scope_member",
    "placement",
    "period",
    "organisation",
    "membership",
    "idempotency_key",
    "figure_delta",
    "figure",
    "feed_cursor",
    "fact",
    "entry",
    "audit_event",
)
