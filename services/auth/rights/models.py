"""Tables: principals (people and API clients), their grants, the epoch of rights, and who follows it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    func,
    text,
)

from kernel.db import Id, Instant, Json
from services.auth.organisations.models import organisation
from services.auth.schema import METADATA

principal = Table(
    "principal",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("organisation", Id, ForeignKey(organisation.c.id), nullable=False, index=True),
    Column("disabled", Boolean, nullable=False, server_default=text("false")),
    Column("must_change_password", Boolean, nullable=False, server_default=text("false")),
    Column("tokens_valid_after", Instant),
    Column("rights_epoch", BigInteger, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False, server_default=func.now()),
    CheckConstraint("kind IN ('person', 'client')", name="kind"),
)

role_grant = Table(
    "role_grant",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("principal", Id, ForeignKey(principal.c.id), nullable=False),
    Column("role", Text, nullable=False),
    Column("organisation", Id, ForeignKey(organisation.c.id), nullable=False),
    Column("items", Json),
    Column("valid_from", Date),
    Column("valid_until", Date),
    Column("granted_by", Id),
    Column("granted_at", Instant, nullable=False, server_default=func.now()),
    Column("revoked_by", Id),
    Column("revoked_at", Instant),
    CheckConstraint("valid_until > valid_from", name="life"),
    Index("ix_role_grant_principal", "principal", postgresql_where=text("revoked_at IS NULL")),
    Index("ix_role_grant_organisation_role", "organisation", "role", postgresql_where=text("revoked_at IS NULL")),
)

rights_head = Table(
    "rights_head",
    METADATA,
    Column(
        "only",
        Boolean,
        CheckConstraint('"only"', name="only_row"),
        primary_key=True,
        server_default=text("true"),
    ),
    Column("feed", Id, nullable=False, server_default=func.gen_random_uuid()),
    Column("epoch", BigInteger, nullable=False, server_default=text("0")),
)

rights_consumer = Table(
    "rights_consumer",
    METADATA,
    Column("consumer", Text, primary_key=True),
    Column("confirmed", BigInteger, nullable=False),
    Column("lease_until", Instant, nullable=False, index=True),
)
