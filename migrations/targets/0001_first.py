"""Every table of the targets service.

Code of the release before must go on working on the schema this leaves behind.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "targets_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "targets"
ENTRIES = ("item", "unit_group", "subject", "indicator", "scope", "target")
OWN_ENTRIES = ("document", "discrepancy", "statement")
TABLES = (
    "plan",
    *ENTRIES,
    *OWN_ENTRIES,
    "entry_version",
    "setting",
    "import_job",
    "organisation",
    "placement",
    "audit_event",
    "idempotency_key",
    "feed_cursor",
    "feed_head",
    "feed_change",
    "feed_entity",
)


def upgrade() -> None:
    """Make the tables."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _plans()
    for name in ENTRIES:
        _entries(name)
    for name in OWN_ENTRIES:
        _entries(name, "plan")
    _versions()
    _settings_and_jobs()
    _directory()
    _audit_and_keys()
    _feed()


def downgrade() -> None:
    """Take it back; all data are lost."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in reversed(TABLES):
        op.drop_table(name, schema=SCHEMA)


def _table(name: str, *columns: sa.Column, key: tuple[str, ...]) -> None:
    op.create_table(name, *columns, sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"), schema=SCHEMA)


def _index(table: str, *columns: str, unique: bool = False, name: str | None = None) -> None:
    made = name or f"ix_{table}_{'_'.join(columns)}"
    op.create_index(made, table, list(columns), unique=unique, schema=SCHEMA)


def _text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _number(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False)


def _json(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, JSONB(none_as_null=True), nullable=nullable)


def _at(name: str, now: str = "now()") -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text(now), nullable=False)


def _from_body(name: str) -> sa.Column:
    return sa.Column(name, sa.Text(), sa.Computed(f"body ->> '{name}'", persisted=True))


def _plans() -> None:
    _table(
        "plan",
        *(_text("code"), _text("status"), _number("version"), _text("digest")),
        *(_json("counts"), _json("body"), _from_body("issuer")),
        key=("code",),
    )
    _index("plan", "status", "issuer", name="ix_plan_status")


def _entries(name: str, *more_key: str) -> None:
    taken = {"item": ("type",), "target": ("indicator", "scope", "holder", "strength")}.get(name, ())
    _table(
        name,
        *(_text("code"), _text("plan"), _number("position"), _number("version"), _json("body")),
        *map(_from_body, taken),
        key=("code", *more_key),
    )
    _index(name, "plan")
    if name == "target":
        for column in ("indicator", "scope", "holder"):
            _index(name, column)
        items = sa.text("(body -> 'items')")
        op.create_index("ix_target_items", name, [items], schema=SCHEMA, postgresql_using="gin")


def _versions() -> None:
    _table(
        "entry_version",
        *(_text("kind"), _text("code"), _text("plan"), _number("version"), _number("plan_version")),
        *(_text("digest"), _json("body", nullable=True), _json("ground", nullable=True), _at("at")),
        key=("kind", "code", "plan", "version"),
    )
    _index("entry_version", "plan", "kind", name="ix_entry_version_plan")


def _settings_and_jobs() -> None:
    _table("setting", _text("code"), _number("version"), _text("digest"), _json("body"), key=("code",))
    _table(
        "import_job",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=False),
        *(_text("kind"), _text("mode"), _text("state"), _json("counts"), _json("conflicts")),
        *(_number("conflict_count"), _at("created_at")),
        key=("id",),
    )
    _index("import_job", "created_at")


def _directory() -> None:
    _table(
        "organisation",
        sa.Column("id", sa.UUID(), nullable=False),
        *(_text("code"), _text("name"), _text("level"), _text("kind")),
        key=("id",),
    )
    _index("organisation", "code")
    _table(
        "placement",
        sa.Column("organisation", sa.UUID(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.Column("parent", sa.UUID()),
        key=("organisation", "valid_from"),
    )


def _audit_and_keys() -> None:
    _table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _at("at", "clock_timestamp()"),
        sa.Column("actor", sa.UUID()),
        *(_text("actor_kind"), _text("actor_name"), _text("action"), _text("entity"), _text("entity_id")),
        _number("entity_version"),
        sa.Column("organisation", sa.UUID()),
        *(_text("reason", nullable=True), _json("detail", nullable=True), _text("trace_id")),
        key=("id",),
    )
    unique = "uq_audit_event_entity_version"
    _index("audit_event", "entity", "entity_id", "entity_version", unique=True, name=unique)
    _index("audit_event", "organisation", "at")
    _table(
        "idempotency_key",
        sa.Column("principal", sa.UUID(), nullable=False),
        *(_text("key"), _text("fingerprint"), sa.Column("status", sa.Integer()), _json("body", nullable=True)),
        _at("created_at"),
        key=("principal", "key"),
    )
    _index("idempotency_key", "created_at")


def _feed() -> None:
    _table(
        "feed_cursor",
        _text("source"),
        sa.Column("feed", sa.UUID(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _at("applied_at"),
        key=("source",),
    )
    op.create_table(
        "feed_head",
        sa.Column("only", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("feed", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("oldest", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint('"only"', name="ck_feed_head_only_row"),
        sa.PrimaryKeyConstraint("only", name="pk_feed_head"),
        schema=SCHEMA,
    )
    _table(
        "feed_change",
        sa.Column("position", sa.BigInteger(), nullable=False),
        *(_text("kind"), _text("key"), _number("version"), _json("body", nullable=True), _at("at")),
        key=("position",),
    )
    _table(
        "feed_entity",
        *(_text("kind"), _text("key"), _number("version"), _json("body", nullable=True)),
        key=("kind", "key"),
    )
