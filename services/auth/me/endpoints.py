"""What a person may know and change of himself."""

from contracts.access import Me, PasswordChange
from kernel.app import errors, router
from kernel.auth import SignedIn
from services.auth.context import Db, Hashing
from services.auth.me import service

routes = router("/api/v1/me", tags=["Access"])


@routes.get("", responses=errors())
async def read_me(database: Db, caller: SignedIn) -> Me:
    """Who you are and what you may do."""
    return await service.find(database, caller)


@routes.post("/password", status_code=204, responses=errors(403, 412, 429))
async def change_password(database: Db, caller: SignedIn, passwords: Hashing, wanted: PasswordChange) -> None:
    """Change your password; every session ends, so sign in again."""
    await service.change_password(database, caller, wanted, passwords)
