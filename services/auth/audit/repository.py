"""Reading the audit records of this service."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from services.auth.organisations.repository import below
from services.auth.schema import AUDIT


def listed(roots: Collection[UUID], on: date, entity: str | None, entity_id: str | None) -> Select[Any]:
    """Records about organisations in the subtrees, the newest first."""
    query = select(AUDIT).where(AUDIT.c.organisation.in_(select(below(roots, on).c.id)))
    if entity is not None:
        query = query.where(AUDIT.c.entity == entity)
    if entity_id is not None:
        query = query.where(AUDIT.c.entity_id == entity_id)
    return query.order_by(AUDIT.c.id.desc())
