"""Targets: what is to be reached."""

from sqlalchemy import Column, Index, text

from services.targets.schema import entry_table, taken_from_body


def _filtered(name: str) -> Column[str]:
    column = taken_from_body(name)
    column.index = True
    return column


target = entry_table(
    "target", _filtered("indicator"), _filtered("scope"), _filtered("holder"), taken_from_body("strength")
)
Index("ix_target_items", text("(body -> 'items')"), postgresql_using="gin", _table=target)
