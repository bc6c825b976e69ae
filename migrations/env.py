"""The one Alembic environment: runs whichever lineage it is handed, on the connection it is handed.

Alembic executes this file; `migrations.run` sets the attributes it reads.
"""

from typing import Any

from alembic import context

schema: str = context.config.attributes["schema"]


def only_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether a database object belongs to the service at hand: nobody looks into a neighbour's schema."""
    return name == schema if kind == "schema" else True


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    include_schemas=True,
    include_name=only_ours,
    version_table_schema=schema,
    compare_server_default=True,
    # each step commits by itself, so that a step may leave the transaction (indexes built while people work)
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
