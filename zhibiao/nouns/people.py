"""People who sign in, what they may do, and API clients."""

from collections.abc import Iterator
from uuid import UUID

from contracts.access import Client, ClientCreate, GrantIn, GrantOut, User, UserCreate
from zhibiao.nouns.noun import Noun


class Users(Noun):
    """People and their grants."""

    def list(self, *, q: str | None = None, organisation: str | None = None) -> Iterator[User]:
        """The people within the caller's scope."""
        return self._each(User, "users", q=q, organisation=organisation)

    def get(self, user: UUID | str) -> User:
        """One person, by id."""
        return self._get(User, f"users/{user}")

    def create(self, new: UserCreate, *, key: str | None = None) -> User:
        """A new person; the first password must be changed unless `keep_password`."""
        return self._post(User, "users", new, key=key)

    def grant(self, user: UUID | str, grant: GrantIn, *, key: str | None = None) -> GrantOut:
        """One role more in the subtree of an organisation; nobody grants beyond his own scope."""
        return self._post(GrantOut, f"users/{user}/grants", grant, key=key)


class Clients(Noun):
    """Programs that sign in with a secret."""

    def list(self) -> Iterator[Client]:
        """The API clients within the caller's scope; never their secrets."""
        return self._each(Client, "clients")

    def create(self, new: ClientCreate, *, key: str | None = None) -> Client:
        """A new API client; its secret is in this answer and nowhere else."""
        return self._post(Client, "clients", new, key=key)
