"""Signing in, renewing and ending sessions; the keys that sign access tokens."""

import hmac
import json
import math
import time
from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import TokenAnswer
from kernel import audit
from kernel.auth import ALGORITHM, AUDIENCE, TOKEN_TYPE, Caller
from kernel.clock import now as wall_clock
from kernel.db import Database
from kernel.errors import InvalidGrant, RateLimited, Said, Unauthenticated, Unavailable
from kernel.ids import new_id
from kernel.logs import log
from kernel.settings import BadSettings
from services.auth.people.passwords import Passwords
from services.auth.people.rules import login_key
from services.auth.schema import AUDIT
from services.auth.tokens import repository, rules
from services.auth.tokens.repository import Renewed
from services.auth.tokens.sealing import Sealer, WrongSecret, digest, fresh_secret

_KEYS_KEPT = 60.0  # seconds; a retired key is refused after this at the latest
_ASK_AGAIN = 2.0  # seconds; unknown key ids must not become a load on the database
_REFUSED = Said(
    "登录名或密码（客户端标识或密钥）不正确。", "the name or the password (client id or secret) is not right"
)
_OTHER_SECRET = (
    "ZHIBIAO_AUTH_SECRET: 数据库中的签名密钥是用另一个值加密的；请恢复原值。"
    " · the signing keys in the database were sealed with another value; put that one back"
)


class Issuer:
    """Signs access tokens and publishes the keys that check them; the first key is made at first use."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        *,
        name: str,
        minutes: int,
        days: int,
        now: Callable[[], float] = wall_clock,
    ) -> None:
        self.database, self.sealer, self.name, self.days = database, sealer, name, days
        self.seconds, self._now = minutes * 60, now
        self._public = KeySet([])
        self._private: OKPKey | None = None
        self._read_at = float("-inf")

    async def key_set(self, *, refresh: bool = False) -> KeySet:
        """The public keys in use; raises WrongSecret when they were sealed with another secret."""
        age = time.monotonic() - self._read_at
        if age > _KEYS_KEPT or (refresh and age > _ASK_AGAIN):
            await self._load()
        return self._public

    async def prepare(self) -> None:
        """Have the keys at hand, if the database answers; raises BadSettings when they were sealed with another secret."""
        try:
            await self.key_set()
        except WrongSecret:
            raise BadSettings(_OTHER_SECRET) from None
        except (DBAPIError, OSError, TimeoutError) as failure:
            log().warning("keys.waiting", error=type(failure).__name__)

    async def ready(self) -> bool:
        """Whether there is a key to sign with."""
        await self.prepare()
        return self._private is not None

    async def access_token(self, subject: UUID, kind: str, session: UUID | None, after: datetime | None = None) -> str:
        """A signed token that says who calls; what he may do is looked up by whoever receives it.

        Tokens issued before `after` are void. It is the end of the second in which a password was changed, so the
        first token with the new password may say that it was issued a moment from now.
        """
        key = await self._signing_key()
        issued = max(int(self._now()), int(after.timestamp()) if after else 0)
        claims = {
            "iss": self.name,
            "aud": AUDIENCE,
            "sub": str(subject),
            "kind": kind,
            "jti": str(new_id()),
            "iat": issued,
            "exp": issued + self.seconds,
            **({"sid": str(session)} if session else {}),
        }
        header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM])

    async def answer(self, who: Renewed, refresh_token: str) -> TokenAnswer:
        """What the token endpoint says."""
        return TokenAnswer(
            access_token=await self.access_token(who.principal, who.kind, who.session, who.tokens_valid_after),
            expires_in=self.seconds,
            refresh_token=refresh_token,
            must_change_password=who.must_change_password,
        )

    async def _signing_key(self) -> OKPKey:
        await self.key_set()
        if self._private is None:
            raise Unavailable()
        return self._private

    async def _load(self) -> None:
        async with self.database.transaction() as conn:
            found = await repository.keys(conn)
            if not found:
                await repository.lock_keys(conn)
                found = await repository.keys(conn)
            if not found:
                await self._make(conn)
                found = await repository.keys(conn)
        newest = found[0]
        self._private = OKPKey.import_key(json.loads(self.sealer.unseal(newest.sealed, newest.kid)))
        self._public = KeySet([OKPKey.import_key(row.public) for row in found])
        self._read_at = time.monotonic()

    async def _make(self, conn: AsyncConnection) -> None:
        key = OKPKey.generate_key("Ed25519", auto_kid=True)
        sealed = self.sealer.seal(json.dumps(key.as_dict(private=True)).encode(), str(key.kid))
        await repository.add_key(conn, str(key.kid), dict(key.as_dict(private=False)), sealed)


async def sign_in(issuer: Issuer, passwords: Passwords, login: str, password: str) -> TokenAnswer:
    """A new session for a person; raises Unauthenticated, alike for wrong, unknown and disabled, or RateLimited."""
    async with issuer.database.transaction() as conn:
        found = await repository.person_by_login(conn, login_key(login))
    fits = await guess(issuer.database, passwords, login, password, found.password_hash if found else None)
    if found is None or not fits or found.disabled:
        log().warning("sign-in.refused")
        raise Unauthenticated(_REFUSED)
    token = fresh_secret()
    async with issuer.database.transaction(found.id) as conn:
        who = await repository.start_session(conn, new_id(), found, digest(token), issuer.days)
        if who is None:
            raise Unauthenticated(_REFUSED)
        await _record(conn, who, "session.started", 1)
    return await issuer.answer(who, token)


async def guess(database: Database, passwords: Passwords, login: str, password: str, stored: str | None) -> bool:
    """Whether a password is right, the same work for unknown names; raises RateLimited after too many wrong ones.

    The try is counted and committed before the hash is computed: parallel guesses are all counted.
    """
    async with database.transaction() as conn:
        guesses, seconds = await repository.count_guess(conn, login_key(login))
    if guesses > rules.GUESSES:
        log().warning("sign-in.too-many-guesses")
        raise RateLimited(math.ceil(seconds))
    fits = await passwords.verify(password, stored)
    if fits:
        async with database.transaction() as conn:
            await repository.forgive_guess(conn, login_key(login))
    return fits


async def renew(issuer: Issuer, token: str) -> TokenAnswer:
    """The successor of a refresh token; raises InvalidGrant, and ends the session when a token is used twice."""
    following = issuer.sealer.successor(token)
    async with issuer.database.transaction() as conn:
        who = await repository.rotate(conn, digest(token), digest(following))
        if who is None:
            who = await _retried(conn, token, following)
    # Only now: ending the session of a token used twice must be committed although the request fails.
    if who is None:
        raise InvalidGrant()
    return await issuer.answer(who, following)


async def _retried(conn: AsyncConnection, token: str, following: str) -> Renewed | None:
    past = await repository.past(conn, digest(token), digest(following))
    if past is None:
        return None
    who, verdict = past[0], rules.judge(past[1])
    if verdict is rules.Verdict.REUSE and await repository.end_session(conn, who.session, "token-reused"):
        log().warning("session.token-reused", session=str(who.session))
        await _record(conn, who, "session.token-reused", 2)
    return who if verdict is rules.Verdict.RETRY else None


async def revoke(issuer: Issuer, token: str) -> None:
    """End the session of a refresh token; an unknown token is no error (RFC 7009 §2.2)."""
    async with issuer.database.transaction() as conn:
        past = await repository.past(conn, digest(token), b"")
        if past and await repository.end_session(conn, past[0].session, "signed-out"):
            await _record(conn, past[0], "session.ended", 2)


async def sign_in_client(issuer: Issuer, client_id: str, secret: str, today: date) -> TokenAnswer:
    """An access token for an API client, without a session; raises Unauthenticated."""
    try:
        wanted = UUID(client_id)
    except ValueError:
        wanted = UUID(int=0)
    async with issuer.database.transaction() as conn:
        found = await repository.client_by_id(conn, wanted)
    fits = hmac.compare_digest(digest(secret), found.secret_hash if found else digest(""))
    expired = found is not None and found.expires_on is not None and found.expires_on <= today
    if found is None or not fits or found.disabled or expired:
        log().warning("client.refused")
        raise Unauthenticated(_REFUSED)
    return TokenAnswer(access_token=await issuer.access_token(found.id, "client", None), expires_in=issuer.seconds)


async def _record(conn: AsyncConnection, who: Renewed, action: str, version: int) -> None:
    """A session begins once and ends once: versions 1 and 2."""
    await audit.record(
        conn,
        AUDIT,
        caller=Caller(who.principal, who.kind, who.name),
        action=action,
        entity="session",
        entity_id=who.session,
        entity_version=version,
        organisation=who.organisation,
    )
