"""Setting the stage: institutions, people and an open month, each made only if it is not there yet."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from contracts.access import GrantIn, User, UserCreate
from contracts.base import Ground
from contracts.reports import ExtensionCreate
from zhibiao.client import Zhibiao
from zhibiao.demo import cast
from zhibiao.demo.cast import Institution, Person
from zhibiao.demo.company import Company
from zhibiao.demo.system import System
from zhibiao.errors import Forbidden, NotFound, Unauthenticated, ZhibiaoError
from zhibiao.terminal import counted

OPEN_FOR = timedelta(days=30)
NEWS_TAKES = 60.0
REASON = "演示：补报过去的月份"
GROUND = Ground(title="演示环境补报说明（合成）", number="演示〔2023〕1号")

Result = TypeVar("Result")


class WrongSetting(ZhibiaoError):
    """The system lacks what the demonstration needs, or has something real under its names."""


@dataclass(frozen=True)
class Made:
    """What was made now and what was there."""

    new: list[str]
    known: list[str]


def set_up(system: System, company: Company) -> tuple[Made, Made, bool]:
    """Institutions, people, and whether the month had to be opened."""
    with system.client(system.admin, system.admin_password) as admin:
        _require_plan(admin)
        institutions = _institutions(admin)
        people = _people(admin, company)
    _wait_for_news(company)
    return institutions, people, _open_month(company)


def _require_plan(admin: Zhibiao) -> None:
    try:
        admin.plans.get(cast.PLAN)
        admin.organisations.get(cast.CITY)
    except NotFound:
        raise WrongSetting(
            f"请先加载单位和计划 {cast.PLAN} / load the organisations and the plan {cast.PLAN} first"
        ) from None


def _institutions(admin: Zhibiao) -> Made:
    made = Made([], [])
    for each in counted(cast.INSTITUTIONS, "建立演示机构 / institutions"):
        (made.known if _is_there(admin, each) else made.new).append(each.name)
    return made


def _is_there(admin: Zhibiao, wanted: Institution) -> bool:
    """Whether the institution exists; it is created if not."""
    try:
        found = admin.organisations.get(wanted.code)
    except NotFound:
        admin.organisations.create(wanted.new())
        return False
    if not found.synthetic:
        raise WrongSetting(f"{wanted.code} 是真实单位，演示不使用它 / is a real unit: {found.name}")
    return True


def _people(admin: Zhibiao, company: Company) -> Made:
    made = Made([], [])
    known = {user.login: user for user in admin.users.list(q="demo-")}
    for person in counted(list(cast.people()), "建立演示人员 / people"):
        login, is_new = _login(admin, company, person, known)
        company.admit(person, login)
        (made.new if is_new else made.known).append(person.name)
    return made


def _login(admin: Zhibiao, company: Company, person: Person, known: dict[str, User]) -> tuple[str, bool]:
    """The login a person has in this system, and whether it was made now.

    A login whose password is another run's, made elsewhere, is left alone: the next free one is taken.
    """
    for login in _names(person.login):
        if login not in known:
            _create(admin, company, person, login)
            return login, True
        if company.fits(login):
            return login, False
    raise AssertionError("names never end")


def _names(login: str) -> Iterator[str]:
    yield login
    number = 2
    while True:
        yield f"{login}-{number}"
        number += 1


def _create(admin: Zhibiao, company: Company, person: Person, login: str) -> None:
    admin.users.create(
        UserCreate(
            login=login,
            name=person.name,
            organisation=person.organisation,
            password=company.password(login),
            keep_password=True,
            grants=[GrantIn(role=person.role, organisation=person.organisation)],
        )
    )


def _wait_for_news(company: Company) -> None:
    """Until the progress service has heard of every institution and everybody."""
    for person in counted(list(cast.people()), "等待各服务同步 / waiting for the news to spread"):
        client = company[person.login]
        eventually(lambda c=client, p=person: c.reports.get(p.organisation, cast.PERIOD))  # type: ignore[misc]


def eventually(act: Callable[[], Result]) -> Result:
    """The result of an act that what was just created may still be unknown to; at most a minute."""
    until = time.monotonic() + NEWS_TAKES
    while True:
        try:
            return act()
        except (NotFound, Forbidden, Unauthenticated):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def _open_month(company: Company) -> bool:
    """Open the month for the city and for the commission, unless it is open."""
    planner = company[cast.PLANNER.login]
    opened = False
    for organisation, reporter in ((cast.CITY, cast.INSTITUTIONS[0].code), (cast.COMMISSION, cast.COMMISSION)):
        form = company[cast.reporter_of(reporter)].reports.get(reporter, cast.PERIOD)
        if not form.window.open:
            until = datetime.now(UTC).replace(microsecond=0) + OPEN_FOR
            extension = ExtensionCreate(organisation=organisation, until=until, reason=REASON, ground=GROUND)
            planner.periods.extend(cast.PERIOD, extension)
            opened = True
    return opened
