"""The people of the demonstration, each signed in as himself."""

from types import TracebackType
from typing import Self

from zhibiao.client import Zhibiao
from zhibiao.demo.cast import Person
from zhibiao.demo.system import System
from zhibiao.errors import Unauthenticated


class Company:
    """Clients by login, signed in when they are first needed."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._logins: dict[str, str] = {}
        self._clients: dict[str, Zhibiao] = {}

    def admit(self, person: Person, login: str) -> None:
        """Let a person act under the login that was made for him."""
        self._logins[person.login] = login

    def password(self, login: str) -> str:
        """The password that belongs to a login of the demonstration."""
        return self._system.passwords.of(login)

    def fits(self, login: str) -> bool:
        """Whether an existing login has the password of this demonstration."""
        try:
            self._signed_in(login)
        except Unauthenticated:
            return False
        return True

    def __getitem__(self, login: str) -> Zhibiao:
        """The client of the person who has this login in the cast."""
        return self._signed_in(self._logins.get(login, login))

    def _signed_in(self, login: str) -> Zhibiao:
        if login not in self._clients:
            self._clients[login] = self._system.client(login, self.password(login))
        return self._clients[login]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            client.close()
