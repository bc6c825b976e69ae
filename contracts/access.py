"""Signing in, people, grants and API clients."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.base import Bool, Code, Day, Instant, Int, Line, Model
from contracts.vocabularies import Role

Password = Annotated[str, Field(min_length=1, max_length=256, repr=False)]
LoginName = Annotated[str, Field(pattern=r"^[\w.@-]{2,64}$")]


class TokenAnswer(Model):
    """A successful answer of the token endpoint (RFC 6749 §5.1)."""

    access_token: str
    token_type: str = "Bearer"
    expires_in: Int
    refresh_token: str | None = None
    scope: str = ""
    must_change_password: Bool = False


class GrantIn(Model):
    """A role in the subtree of an organisation (by code); for some items only if `items` is given."""

    role: Role
    organisation: Code
    items: list[Code] | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None


class GrantOut(GrantIn):
    """A grant as it stands."""

    id: UUID
    organisation_name: Line


class UserCreate(Model):
    """A new person; the first password must be changed at first use unless `keep_password`."""

    login: LoginName
    name: Line
    organisation: Code
    password: Password
    keep_password: Bool = False
    grants: list[GrantIn] = []


class User(Model):
    """A person who can sign in."""

    id: UUID
    login: LoginName
    name: Line
    organisation: Code
    organisation_name: Line
    disabled: Bool
    must_change_password: Bool
    grants: list[GrantOut]
    created_at: Instant
    etag: str
    actions: list[str] = []


class UserPatch(Model):
    """What an administrator may change on a person."""

    name: Line | None = None
    disabled: Bool | None = None


class PasswordChange(Model):
    """A person's own change of password."""

    current: Password
    new: Password


class Me(Model):
    """Who I am and what I may do."""

    id: UUID
    kind: str
    name: Line
    login: str | None
    grants: list[GrantOut]
    must_change_password: Bool


class ClientCreate(Model):
    """A new API client, owned by an organisation, with least scope and an end."""

    name: Line
    organisation: Code
    grants: Annotated[list[GrantIn], Field(min_length=1)]
    expires_on: Day | None = None


class Client(Model):
    """An API client; its secret is shown once, when it is made."""

    id: UUID
    name: Line
    organisation: Code
    grants: list[GrantOut]
    disabled: Bool
    expires_on: Day | None
    secret: str | None = None
    etag: str


class AuditEvent(Model):
    """One audit record."""

    id: Int
    at: Instant
    actor: UUID | None
    actor_name: str
    action: str
    entity: str
    entity_id: str
    entity_version: Int
    reason: str | None
    trace_id: str
