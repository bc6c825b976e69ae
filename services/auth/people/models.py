"""Table: people who sign in with a password; what other services know of them is the principal."""

from sqlalchemy import Column, ForeignKey, Table, Text

from kernel.db import Id
from services.auth.rights.models import principal
from services.auth.schema import METADATA

person = Table(
    "person",
    METADATA,
    Column("id", Id, ForeignKey(principal.c.id), primary_key=True),
    Column("login", Text, nullable=False),
    Column("login_key", Text(collation="C"), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
)
