"""The first schema of auth: organisations, principals and grants, sessions and keys, imports, feed and audit.

Code of the release before must go on working on the schema this leaves behind.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "auth_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "auth"
TABLES = (
    "organisation",
    "placement",
    "fact",
    "identifier",
    "principal",
    "role_grant",
    "person",
    "client",
    "session",
    "refresh_token",
    "password_guess",
    "signing_key",
    "rights_head",
    "rights_consumer",
    "import_job",
    "audit_event",
    "idempotency_key",
    "feed_head",
    "feed_change",
    "feed_entity",
)


def upgrade() -> None:
    """Make the tables."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _organisations()
    _places_and_facts()
    _principals()
    _signing_in()
    _rights()
    _jobs_and_keys()
    _audit()
    _feed()


def downgrade() -> None:
    """Take it back; all data are lost."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in reversed(TABLES):
        op.drop_table(name, schema=SCHEMA)


def _table(name: str, *parts: sa.Column[Any] | sa.Constraint, key: tuple[str, ...]) -> None:
    op.create_table(name, *parts, sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"), schema=SCHEMA)


def _index(table: str, *columns: str, name: str | None = None, unique: bool = False, where: str | None = None) -> None:
    made = name or f"ix_{table}_{'_'.join(columns)}"
    condition = sa.text(where) if where else None
    op.create_index(made, table, list(columns), unique=unique, schema=SCHEMA, postgresql_where=condition)


def _unique(table: str, *columns: str) -> sa.Constraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _check(table: str, name: str, condition: str) -> sa.Constraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _refers(table: str, column: str, other: str) -> sa.Constraint:
    return sa.ForeignKeyConstraint([column], [f"{SCHEMA}.{other}.id"], name=f"fk_{table}_{column}_{other}")


def _id(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _counted(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), sa.Identity(always=True), nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _word(name: str) -> sa.Column[Any]:
    """Text that compares byte by byte."""
    return sa.Column(name, sa.Text(collation="C"), nullable=False)


def _number(name: str, kind: type[sa.Integer] = sa.Integer, *, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind(), server_default=sa.text(default) if default else None, nullable=False)


def _flag(name: str, *, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text(default) if default else None, nullable=False)


def _day(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _json(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, JSONB(none_as_null=True), nullable=nullable)


def _at(name: str, *, default: str | None = None, nullable: bool = False) -> sa.Column[Any]:
    moment = sa.text(default) if default else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=moment, nullable=nullable)


def _organisations() -> None:
    _table(
        "organisation",
        _id("id"),
        _word("code"),
        _text("name"),
        _text("level"),
        _text("kind"),
        _word("sort_key"),
        _flag("synthetic"),
        _day("valid_from", nullable=False),
        _day("valid_to"),
        _number("version"),
        _unique("organisation", "code"),
        _check("organisation", "level", "level IN ('province', 'city', 'county', 'institution')"),
        _check("organisation", "life", "valid_to > valid_from"),
        key=("id",),
    )
    _index("organisation", "sort_key", "code")


def _places_and_facts() -> None:
    _table(
        "placement",
        _id("organisation"),
        _day("valid_from", nullable=False),
        _day("valid_to"),
        _id("parent", nullable=True),
        _id("division", nullable=True),
        _check("placement", "life", "valid_to > valid_from"),
        *(_refers("placement", column, "organisation") for column in ("organisation", "parent", "division")),
        key=("organisation", "valid_from"),
    )
    _index("placement", "parent")
    _index("placement", "division")
    _index("placement", "organisation", name="uq_placement_present", unique=True, where="valid_to IS NULL")
    _table(
        "fact",
        _counted("id"),
        _id("organisation"),
        _word("fact"),
        _day("observed_on", nullable=False),
        _text("value"),
        _text("source"),
        _at("recorded_at", default="now()"),
        _refers("fact", "organisation", "organisation"),
        _unique("fact", "organisation", "fact", "observed_on"),
        key=("id",),
    )
    _table(
        "identifier",
        _counted("id"),
        _id("organisation"),
        _text("scheme"),
        _word("value"),
        _day("valid_from"),
        _day("valid_to"),
        _refers("identifier", "organisation", "organisation"),
        _unique("identifier", "organisation", "scheme", "value"),
        key=("id",),
    )
    _index("identifier", "organisation")
    _index("identifier", "value")


def _principals() -> None:
    _table(
        "principal",
        _id("id"),
        _text("kind"),
        _text("name"),
        _id("organisation"),
        _flag("disabled", default="false"),
        _flag("must_change_password", default="false"),
        _at("tokens_valid_after", nullable=True),
        _number("rights_epoch", sa.BigInteger),
        _number("version"),
        _at("created_at", default="now()"),
        _check("principal", "kind", "kind IN ('person', 'client')"),
        _refers("principal", "organisation", "organisation"),
        key=("id",),
    )
    _index("principal", "organisation")
    _index("principal", "rights_epoch")
    _table(
        "role_grant",
        _id("id"),
        _id("principal"),
        _text("role"),
        _id("organisation"),
        _json("items", nullable=True),
        _day("valid_from"),
        _day("valid_until"),
        _id("granted_by", nullable=True),
        _at("granted_at", default="now()"),
        _id("revoked_by", nullable=True),
        _at("revoked_at", nullable=True),
        _check("role_grant", "life", "valid_until > valid_from"),
        _refers("role_grant", "principal", "principal"),
        _refers("role_grant", "organisation", "organisation"),
        key=("id",),
    )
    _index("role_grant", "principal", where="revoked_at IS NULL")
    _index("role_grant", "organisation", "role", where="revoked_at IS NULL")


def _signing_in() -> None:
    _table(
        "person",
        _id("id"),
        _text("login"),
        _word("login_key"),
        _text("password_hash"),
        _refers("person", "id", "principal"),
        _unique("person", "login_key"),
        key=("id",),
    )
    secret = sa.Column("secret_hash", sa.LargeBinary(), nullable=False)
    _table("client", _id("id"), secret, _day("expires_on"), _refers("client", "id", "principal"), key=("id",))
    _table(
        "session",
        _id("id"),
        _id("principal"),
        _at("started_at", default="now()"),
        _at("expires_at"),
        _at("ended_at", nullable=True),
        _text("ended_why", nullable=True),
        _refers("session", "principal", "principal"),
        key=("id",),
    )
    _index("session", "principal")
    _table(
        "refresh_token",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        _id("session"),
        _at("issued_at", default="now()"),
        _at("used_at", nullable=True),
        _refers("refresh_token", "session", "session"),
        key=("hash",),
    )
    _index("refresh_token", "session")
    guesses = (_word("login_key"), _number("guesses"), _at("since", default="now()"))
    _table("password_guess", *guesses, key=("login_key",))
    _index("password_guess", "since")
    _table(
        "signing_key",
        _text("kid"),
        _json("public"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _at("created_at", default="clock_timestamp()"),
        _at("retired_at", nullable=True),
        key=("kid",),
    )


def _only(table: str) -> tuple[sa.Column[Any], sa.Constraint, sa.Column[Any]]:
    """A table of one row, which names a stream."""
    feed = sa.Column("feed", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False)
    return _flag("only", default="true"), _check(table, "only_row", '"only"'), feed


def _rights() -> None:
    _table("rights_head", *_only("rights_head"), _number("epoch", sa.BigInteger, default="0"), key=("only",))
    _table(
        "rights_consumer",
        _text("consumer"),
        _number("confirmed", sa.BigInteger),
        _at("lease_until"),
        key=("consumer",),
    )
    _index("rights_consumer", "lease_until")


def _jobs_and_keys() -> None:
    _table(
        "import_job",
        _id("id"),
        _text("kind"),
        _text("mode"),
        _text("state"),
        _json("counts"),
        _json("conflicts"),
        _number("conflict_count"),
        _id("created_by"),
        _at("created_at", default="now()"),
        key=("id",),
    )
    _table(
        "idempotency_key",
        _id("principal"),
        _text("key"),
        _text("fingerprint"),
        sa.Column("status", sa.Integer(), nullable=True),
        _json("body", nullable=True),
        _at("created_at", default="now()"),
        key=("principal", "key"),
    )
    _index("idempotency_key", "created_at")


def _audit() -> None:
    _table(
        "audit_event",
        _counted("id"),
        _at("at", default="clock_timestamp()"),
        _id("actor", nullable=True),
        _text("actor_kind"),
        _text("actor_name"),
        _text("action"),
        _text("entity"),
        _text("entity_id"),
        _number("entity_version"),
        _id("organisation", nullable=True),
        _text("reason", nullable=True),
        _json("detail", nullable=True),
        _text("trace_id"),
        key=("id",),
    )
    _index(
        "audit_event",
        "entity",
        "entity_id",
        "entity_version",
        name="uq_audit_event_entity_version",
        unique=True,
    )
    _index("audit_event", "organisation", "at")


def _feed() -> None:
    positions = (_number(name, sa.BigInteger, default="0") for name in ("position", "oldest"))
    _table("feed_head", *_only("feed_head"), *positions, key=("only",))
    what = (_text("kind"), _text("key"), _number("version"), _json("body", nullable=True))
    _table("feed_change", _number("position", sa.BigInteger), *what, _at("at", default="now()"), key=("position",))
    entity = (_text("kind"), _text("key"), _number("version"), _json("body", nullable=True))
    _table("feed_entity", *entity, key=("kind", "key"))
