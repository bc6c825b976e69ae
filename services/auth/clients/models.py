"""Table: API clients; what other services know of them is the principal."""

from sqlalchemy import Column, Date, ForeignKey, LargeBinary, Table

from kernel.db import Id
from services.auth.rights.models import principal
from services.auth.schema import METADATA

client = Table(
    "client",
    METADATA,
    Column("id", Id, ForeignKey(principal.c.id), primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("expires_on", Date),
)
