"""What every use case of this service works with, chosen once in app.py."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

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
        self._at: frozenset[UUID] = frozenset()

    def at(self, organisation: UUID) -> bool:
        """Whether somebody may review at exactly this organisation today."""
        now = (self._rights.epoch, self._today())
        if now != self._seen:
            self._at = frozenset(
                grant.organisation
                for person in self._rights.everyone()
                if not person.disabled
                for grant in standing_grants(person.grants, now[1])
                if grant.role is Role.REVIEWER
            )
            self._seen = now
        return organisation in self._at


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
