"""What a service's login may do in its own schema, set anew after every upgrade; elsewhere it may do nothing.

The schemas belong to the role that migrates. A service can therefore neither change the shape of its tables
nor, where history is concerned, take back what it wrote.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

APPEND_ONLY: Mapping[str, Sequence[str]] = {"audit_event": (), "figure_delta": ("folded",)}
"""Tables a service only adds to, each with the columns it may still change.

`folded` marks what the kept sums contain already; it becomes the compactor's own once that has a role of its own.
"""
MARKED = {"figure_delta": "folded"}
"""The one column of an append-only table that may change: the compactor's mark that a row was added up."""

VERSION_TABLE = "alembic_version"


def grant(connection: Connection, schema: str, role: str) -> bool:
    """Give the role its rights in the schema; False, and nothing done, if there is no such role.

    The role that owns the schema keeps everything: with one login for all there is nothing to give or take.
    """
    ask = text("SELECT 1 FROM pg_roles WHERE rolname = :role AND rolname <> current_user")
    if connection.execute(ask, {"role": role}).first() is None:
        return False
    quote = connection.dialect.identifier_preparer.quote_identifier
    user, place = quote(role), quote(schema)
    statements = [
        f"REVOKE ALL ON SCHEMA {place} FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA {place} TO {user}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {place} TO {user}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {place} TO {user}",
    ]
    for table in _present(connection, schema, (*APPEND_ONLY, VERSION_TABLE)):
        taken = "INSERT, UPDATE, DELETE" if table == VERSION_TABLE else "UPDATE, DELETE"
        statements.append(f"REVOKE {taken}, TRUNCATE ON {place}.{quote(table)} FROM {user}")
        for column in APPEND_ONLY.get(table, ()):
            statements.append(f"GRANT UPDATE ({quote(column)}) ON {place}.{quote(table)} TO {user}")
    for table in _present(connection, schema, tuple(MARKED)):
        statements.append(f"GRANT UPDATE ({quote(MARKED[table])}) ON {place}.{quote(table)} TO {user}")
    for statement in statements:
        connection.execute(text(statement))
    return True


def _present(connection: Connection, schema: str, tables: tuple[str, ...]) -> list[str]:
    """Those of the tables that the schema has."""
    ask = text("SELECT tablename FROM pg_tables WHERE schemaname = :schema AND tablename = ANY(:tables)")
    return sorted(connection.execute(ask, {"schema": schema, "tables": list(tables)}).scalars())
