"""What every use case of this service works with, chosen once in app.py."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from contracts.rights import Grant
from contracts.vocabularies import Role
from kernel.auth import standing_grants
from kernel.db import Database
from kernel.rights import RightsCopy
from services.progress.directory.service import Directory


class Reviewers:
    """Which organisations have a reviewer of their own, read from the copy of rights."""

    def __init__(self, rights: RightsCopy, today: Callable[[], date]) -> None:
        self._rights, self._today = rights, today
        self._seen: tuple[int, date] = (-2, date.min)
        self._grants: list[Grant] = []
        self._known: dict[frozenset[str], frozenset[UUID]] = {}

    def offices(self, items: frozenset[str]) -> frozenset[UUID]:
        """The organisations at which somebody may review today what serves these items."""
        now = (self._rights.epoch, self._today())
        if now != self._seen:
            self._grants, self._known, self._seen = list(self._standing(now[1])), {}, now
        if items not in self._known:
            able = (g for g in self._grants if g.items is None or items.intersection(g.items))
            self._known[items] = frozenset(grant.organisation for grant in able)
        return self._known[items]

    def _standing(self, today: date) -> Iterator[Grant]:
        for person in self._rights.everyone():
            if not person.disabled:
                yield from (g for g in standing_grants(person.grants, today) if g.role is Role.REVIEWER)


@dataclass(frozen=True)
class Desk:
    """Database, local copy, and who can review where."""

    database: Database
    directory: Directory
    reviewers: Reviewers


def desk(request: Request) -> Desk:
    """The desk of this process."""
    found: Desk = request.app.state.desk
    return found


AtDesk = Annotated[Desk, Depends(desk)]
