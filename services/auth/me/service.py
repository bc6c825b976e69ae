"""What a person may know and change of himself."""

from contracts.access import Me, PasswordChange
from kernel import audit
from kernel.auth import Caller
from kernel.db import Database
from kernel.errors import FieldError, Forbidden, Invalid, Said, StaleVersion
from services.auth.people import repository, rules
from services.auth.people.passwords import Passwords
from services.auth.rights import repository as rights
from services.auth.rights.service import acknowledged
from services.auth.schema import AUDIT
from services.auth.tokens import repository as sessions
from services.auth.tokens.service import guess

_WRONG = Said("现密码不正确。", "the present password is not right")


async def find(database: Database, caller: Caller) -> Me:
    """The caller himself, with the grants that were not revoked."""
    async with database.transaction(caller.id) as conn:
        row = await repository.by_id(conn, caller.id)
        grants = (await rights.grants_of(conn, [caller.id])).get(caller.id, [])
    return Me(
        id=caller.id,
        kind=caller.kind,
        name=caller.name,
        login=row.login if row else None,
        grants=[grant.shown() for grant in grants],
        must_change_password=caller.must_change_password,
    )


async def change_password(database: Database, caller: Caller, wanted: PasswordChange, passwords: Passwords) -> None:
    """A person's own new password; every session ends, this one too.

    Raises Forbidden for API clients, Invalid for a wrong or weak password.
    """
    async with database.transaction(caller.id) as conn:
        known = await repository.credentials(conn, caller.id)
    if known is None:
        raise Forbidden()
    if not await guess(database, passwords, known.login, wanted.current, known.password_hash):
        raise Invalid(errors=[FieldError("/current", "wrong-password", _WRONG)])
    if faults := rules.change_faults(wanted.current, wanted.new, known.login):
        raise Invalid(errors=faults)
    hashed = await passwords.hash(wanted.new)
    async with database.transaction(caller.id) as conn:
        epoch = await rights.next_epoch(conn)
        version = await rights.touch(
            conn, caller.id, epoch, must_change_password=False, tokens_valid_after=rights.NEXT_SECOND
        )
        if not await repository.replace_password(conn, caller.id, known.password_hash, hashed):
            raise StaleVersion()
        await sessions.end_sessions(conn, caller.id, "password-changed")
        await audit.record(
            conn,
            AUDIT,
            caller=caller,
            action="user.password-changed",
            entity="user",
            entity_id=caller.id,
            entity_version=version,
            organisation=known.organisation,
        )
    await acknowledged(database, epoch)
