"""What a route of this service can ask for: the database, the settings, the means of identity."""

from typing import Annotated

from fastapi import Depends, Request

from kernel.db import Database
from services.auth.people.passwords import Passwords
from services.auth.tokens.service import Issuer


def _database(request: Request) -> Database:
    found: Database = request.app.state.database
    return found


def _issuer(request: Request) -> Issuer:
    found: Issuer = request.app.state.issuer
    return found


def _passwords(request: Request) -> Passwords:
    found: Passwords = request.app.state.passwords
    return found


Db = Annotated[Database, Depends(_database)]
Tokens = Annotated[Issuer, Depends(_issuer)]
Hashing = Annotated[Passwords, Depends(_passwords)]
