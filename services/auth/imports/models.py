"""Table: imports that were asked for, with what came of them."""

from sqlalchemy import Column, Integer, Table, Text, func

from kernel.db import Id, Instant, Json
from services.auth.schema import METADATA

import_job = Table(
    "import_job",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("counts", Json, nullable=False),
    Column("conflicts", Json, nullable=False),
    Column("conflict_count", Integer, nullable=False),
    Column("created_by", Id, nullable=False),
    Column("created_at", Instant, nullable=False, server_default=func.now()),
)
