"""Who is calling and what he may do: tokens checked locally, rights from a leased copy."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Protocol, runtime_checkable
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from contracts.rights import Grant, Principal
from contracts.vocabularies import Role
from kernel.errors import Forbidden, RightsUnknown, Said, Unauthenticated

ALGORITHM = "Ed25519"
TOKEN_TYPE = "at+jwt"
AUDIENCE = "zhibiao"
LEEWAY = 5
_SAFE = {"GET", "HEAD", "OPTIONS"}
_OWN_ACCOUNT = "/api/v1/me"
"""What a person may use before he has changed his first password."""

bearer = OAuth2PasswordBearer(tokenUrl="/api/v1/oauth/token", auto_error=False)


@dataclass(frozen=True)
class Caller:
    """A person or an API client, with the grants that hold today."""

    id: UUID
    kind: str
    name: str
    grants: tuple[Grant, ...] = ()
    session: UUID | None = None
    must_change_password: bool = False

    def holds(self, *roles: Role) -> bool:
        """Whether any grant carries one of the roles (none named: any role)."""
        return any(not roles or grant.role in roles for grant in self.grants)

    def roots(self, *roles: Role, items: Collection[str] = ()) -> list[UUID]:
        """The organisations whose subtrees these roles cover, each once.

        A grant for some items only counts where one of them is concerned; without `items`, it does not count.
        """
        able = (g for g in self.grants if g.items is None or not set(g.items).isdisjoint(items))
        return sorted({g.organisation for g in able if not roles or g.role in roles}, key=str)

    def limited(self, *roles: Role) -> list[Grant]:
        """The grants of these roles that are for some items only."""
        return [g for g in self.grants if g.items is not None and g.role in roles]


@dataclass(frozen=True)
class Token:
    """What a valid access token says."""

    subject: UUID
    kind: str
    session: UUID | None
    issued_at: float


class Keys(Protocol):
    """Where the issuer's public keys come from."""

    async def key_set(self, *, refresh: bool = False) -> KeySet:
        """The published keys; `refresh` asks the issuer again (rate-limited by the implementation)."""
        ...


class Verifier:
    """Checks an access token: type, algorithm, issuer, audience, life and the types of its claims."""

    def __init__(self, keys: Keys, *, issuer: str, now: Callable[[], float]) -> None:
        self._keys, self._issuer, self._now = keys, issuer, now

    async def check(self, raw: str) -> Token:
        """The token's content, or Unauthenticated."""
        if len(raw) > 4096:
            raise Unauthenticated()
        for refresh in (False, True):
            try:
                token = jwt.decode(raw, await self._keys.key_set(refresh=refresh), algorithms=[ALGORITHM])
                return self._accept(token.header, token.claims)
            except (JoseError, ValueError, TypeError, KeyError):
                continue
        raise Unauthenticated()

    def _accept(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> Token:
        now = self._now()
        expires, issued = claims["exp"], claims["iat"]
        sound = (
            header.get("typ") == TOKEN_TYPE
            and isinstance(header.get("kid"), str)
            and type(expires) is int
            and type(issued) is int
            and claims["iss"] == self._issuer
            and claims["aud"] == AUDIENCE
            and expires > now - LEEWAY
            and issued <= now + LEEWAY
            and claims.get("nbf", issued) <= now + LEEWAY
        )
        if not sound:
            raise ValueError("claims")
        session = claims.get("sid")
        return Token(UUID(claims["sub"]), str(claims["kind"]), UUID(session) if session else None, float(issued))


class RightsBook(Protocol):
    """A copy of who may do what."""

    def find(self, principal: UUID) -> Principal | None:
        """The principal with this id."""
        ...

    def certain(self) -> bool:
        """Whether the copy is fresh enough to let somebody change something."""
        ...


@runtime_checkable
class Learning(Protocol):
    """A book that can ask for somebody it does not know yet."""

    async def learn(self, principal: UUID) -> Principal | None:
        """The principal, if he is known by now."""
        ...


def standing_grants(grants: Iterable[Grant], today: date) -> tuple[Grant, ...]:
    """The grants that hold on a day."""
    return tuple(
        g
        for g in grants
        if (g.valid_from is None or g.valid_from <= today) and (g.valid_until is None or today < g.valid_until)
    )


@dataclass
class Access:
    """How a service knows its callers: a verifier of tokens and a book of rights."""

    verifier: Verifier
    book: RightsBook
    today: Callable[[], date]
    find: Callable[[UUID], Awaitable[Principal | None]] | None = field(default=None)

    async def caller(self, raw: str | None, *, changing: bool) -> Caller:
        """Who calls; raises Unauthenticated, or RightsUnknown for a change that cannot be confirmed."""
        if not raw:
            raise Unauthenticated()
        token = await self.verifier.check(raw)
        if changing and not self.book.certain():
            raise RightsUnknown()
        principal = await self._principal(token.subject)
        if principal is None or principal.disabled or _superseded(token, principal.tokens_valid_after):
            raise Unauthenticated()
        return Caller(
            id=principal.id,
            kind=principal.kind,
            name=principal.name,
            grants=standing_grants(principal.grants, self.today()),
            session=token.session,
            must_change_password=principal.must_change_password,
        )

    async def _principal(self, who: UUID) -> Principal | None:
        if self.find:
            return await self.find(who)
        found = self.book.find(who)
        if found is None and isinstance(self.book, Learning):
            found = await self.book.learn(who)
        return found


def _superseded(token: Token, after: datetime | None) -> bool:
    return after is not None and token.issued_at < int(after.timestamp())


async def signed_in(request: Request, raw: Annotated[str | None, Depends(bearer)]) -> Caller:
    """The caller; every route without this dependency is public, and a test lists those."""
    access: Access = request.app.state.access
    caller = await access.caller(raw, changing=request.method not in _SAFE)
    if caller.must_change_password and not request.url.path.startswith(_OWN_ACCOUNT):
        raise Forbidden(Said("请先修改初始密码。", "change your first password before anything else"))
    return caller


SignedIn = Annotated[Caller, Depends(signed_in)]


def require(*roles: Role) -> Any:
    """A dependency: the caller, who must hold one of the roles somewhere."""

    async def checked(caller: SignedIn) -> Caller:
        if not caller.holds(*roles):
            raise Forbidden()
        return caller

    return Depends(checked)
