"""The client of the whole API: an attribute per noun, a method per use case, answers as contracts' models."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from contracts.access import Me, PasswordChange, TokenAnswer
from contracts.settings import Setting
from zhibiao.nouns.figures import Figures, Standings
from zhibiao.nouns.loading import Imports
from zhibiao.nouns.organisations import Organisations
from zhibiao.nouns.people import Clients, Users
from zhibiao.nouns.plans import Indicators, Plans, Targets
from zhibiao.nouns.reports import Periods, Reports, Submissions
from zhibiao.nouns.reviews import Reviews
from zhibiao.session import DEFAULT_URL, Call, Session, new_key
from zhibiao.tokens import Access, Held, Machine, password_form


class Zhibiao:
    """A synchronous client for scripts; there is no asynchronous twin.

    Every POST carries an Idempotency-Key and is repeated with the same key while the server is busy or away,
    at most as `patience` says, so that nothing counts twice. An access token that has run out is renewed once
    per call. Lists are iterators that fetch the next page when they need it. A refusal raises the subclass of
    ApiError for its code.

    Further options: `language` (zh-CN or en, of titles and details), `timeout` in seconds, `patience`,
    `transport` (httpx's, for tests).
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        refresh_token: str | None = None,
        access: Access | None = None,
        **options: Any,
    ) -> None:
        self._session = Session(base_url, access or Held(token, refresh_token), **options)
        self.organisations = Organisations(self._session)
        self.users = Users(self._session)
        self.clients = Clients(self._session)
        self.plans = Plans(self._session)
        self.indicators = Indicators(self._session)
        self.targets = Targets(self._session)
        self.periods = Periods(self._session)
        self.reports = Reports(self._session)
        self.submissions = Submissions(self._session)
        self.reviews = Reviews(self._session)
        self.figures = Figures(self._session)
        self.standings = Standings(self._session)
        self.imports = Imports(self._session)

    @classmethod
    def sign_in(cls, base_url: str, login: str, password: str, **options: Any) -> Self:
        """A client for a person; raises Unauthenticated when login or password is wrong."""
        with cls(base_url, **options) as stranger:
            answer = stranger.token(password_form(login, password))
        return cls(base_url, token=answer.access_token, refresh_token=answer.refresh_token, **options)

    @classmethod
    def as_machine(cls, base_url: str, client_id: str, client_secret: str, **options: Any) -> Self:
        """A client for a program with an id and a secret; it fetches tokens as it needs them."""
        return cls(base_url, access=Machine(client_id, client_secret), **options)

    def token(self, form: Mapping[str, str]) -> TokenAnswer:
        """What the token endpoint answers to a form (see zhibiao.tokens)."""
        return self._session.token(form)

    def me(self) -> Me:
        """Who I am and what I may do."""
        return self._session.one(Me, Call("GET", "me"))

    def change_password(self, current: str, new: str) -> None:
        """Change one's own password."""
        body = PasswordChange(current=current, new=new).model_dump(mode="json")
        self._session.send(Call("POST", "me/password", json=body, key=new_key()))

    def settings(self) -> list[Setting]:
        """The choices that the software needs and no document makes, each with owner, date and ground."""
        return list(self._session.each(Setting, "settings"))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
