"""Where the access token comes from, and where another one comes from once it has run out."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Protocol

from contracts.access import TokenAnswer

Ask = Callable[[Mapping[str, str]], TokenAnswer]
"""Sends a form to the token endpoint."""


class Access(Protocol):
    """A source of access tokens."""

    def current(self) -> str | None:
        """The token to send; None if there is none yet."""
        ...

    def renew(self, refused: str | None, ask: Ask) -> str | None:
        """Another token than the refused one; None if there is no way to get one."""
        ...


class Held:
    """Tokens kept in memory, renewed with a refresh token (which changes at every use)."""

    def __init__(self, access: str | None = None, refresh: str | None = None) -> None:
        self._access, self._refresh = access, refresh
        self._lock = Lock()

    def current(self) -> str | None:
        """The token held."""
        return self._access

    def renew(self, refused: str | None, ask: Ask) -> str | None:
        """The token another thread has fetched meanwhile, or a new one for the refresh token."""
        with self._lock:
            if self._access != refused:
                return self._access
            if self._refresh is None:
                return None
            answer = ask({"grant_type": "refresh_token", "refresh_token": self._refresh})
            self._access, self._refresh = answer.access_token, answer.refresh_token or self._refresh
            return self._access


class Machine:
    """An API client that fetches a token with its secret whenever it needs one."""

    def __init__(self, client_id: str, client_secret: str) -> None:
        self._id, self._secret = client_id, client_secret
        self._access: str | None = None
        self._lock = Lock()

    def current(self) -> str | None:
        """The token fetched last."""
        return self._access

    def renew(self, refused: str | None, ask: Ask) -> str | None:
        """The token another thread has fetched meanwhile, or a new one for the secret."""
        with self._lock:
            if self._access == refused:
                self._access = ask(client_form(self._id, self._secret)).access_token
            return self._access


def password_form(login: str, password: str) -> dict[str, str]:
    """What a person sends to sign in."""
    return {"grant_type": "password", "username": login, "password": password}


def client_form(client_id: str, client_secret: str) -> dict[str, str]:
    """What an API client sends to sign in."""
    return {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
