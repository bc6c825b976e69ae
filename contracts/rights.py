"""The rights stream: who may do what, as auth tells the other services (internal)."""

from uuid import UUID

from contracts.base import Code, Day, Instant, Int, Model
from contracts.vocabularies import Role


class Grant(Model):
    """A role in the subtree of an organisation, for some items only if `items` is given."""

    role: Role
    organisation: UUID
    items: list[Code] | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None


class Principal(Model):
    """A person or an API client with all its grants; `disabled` ends everything at once."""

    id: UUID
    kind: str
    name: str
    disabled: bool = False
    must_change_password: bool = False
    tokens_valid_after: Instant | None = None
    grants: list[Grant] = []


class Rights(Model):
    """What changed since the epoch the consumer has confirmed; `complete` replaces everything known before."""

    feed: UUID
    epoch: Int
    complete: bool
    principals: list[Principal]
