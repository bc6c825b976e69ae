"""Rows as the API shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from contracts.catalogue import ItemView, PlanView
from contracts.vocabularies import PlanStatus
from kernel import etags


def plan(row: Row[Any], drafts_of: frozenset[str]) -> PlanView:
    """A plan; who sees it as a draft may publish it."""
    draft = row.status == PlanStatus.DRAFT.value and row.issuer in drafts_of
    actions = ["publish"] if draft else []
    shown = {"version": row.version, "counts": row.counts, "etag": etags.of(row.version, *actions)}
    return PlanView.model_validate({**row.body, **shown, "actions": actions})


def item(
    body: Mapping[str, Any], names: Mapping[str, Mapping[str, str]], targets: Mapping[str, Sequence[str]]
) -> ItemView:
    """An item with the names of its units and the codes of its targets; `names` is by unit and by group."""
    responsible = [
        {**duty, "name": names["unit"].get(duty["unit"]) or names["group"].get(duty["group"])}
        for duty in body["responsible"]
    ]
    return ItemView.model_validate({**body, "responsible": responsible, "targets": targets.get(body["code"], [])})
