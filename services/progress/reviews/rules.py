"""Who may decide, and what a decision leads to."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.vocabularies import Role
from kernel.auth import Caller
from kernel.errors import Forbidden, SeparationOfDuty


def acting_for(
    caller: Caller,
    chain: Sequence[UUID],
    step: int,
    indicator_items: frozenset[str],
    staffed: Container[UUID],
) -> UUID | None:
    """The office a caller decides for at a step: the one whose turn it is, or, where that one has no reviewer,
    the nearest office above it that he reviews for. None if he may not decide. `staffed` are the offices that have a
    reviewer for these items."""
    for place, office in enumerate(chain[step:]):
        if place and chain[step + place - 1] in staffed:
            return None
        if office in offices_of(caller, indicator_items):
            return office
    return None


def offices_of(caller: Caller, items: frozenset[str]) -> frozenset[UUID]:
    """The offices for which a caller reviews what serves these items."""
    return frozenset(
        grant.organisation
        for grant in caller.grants
        if grant.role is Role.REVIEWER and (grant.items is None or items.intersection(grant.items))
    )


def separate(caller: Caller, authors: Sequence[UUID], earlier: Sequence[UUID]) -> None:
    """Refuse who wrote or submitted any version, or has decided in this round already."""
    if caller.id in authors or caller.id in earlier:
        raise SeparationOfDuty()


@dataclass(frozen=True)
class Outcome:
    """Where an approval leads: to the next office, or into force."""

    step: int
    waiting_at: UUID | None

    @property
    def final(self) -> bool:
        """Whether the chain is done."""
        return self.waiting_at is None


def after_approval(chain: Sequence[UUID], step: int, office: UUID) -> Outcome:
    """The step after an approval at `step` by an office; one that acted for a vacant office has had its own say too."""
    following = chain.index(office, step) + 1
    return Outcome(following, chain[following] if following < len(chain) else None)


def must_act(office: UUID | None) -> UUID:
    """The office acted for, or Forbidden."""
    if office is None:
        raise Forbidden()
    return office
