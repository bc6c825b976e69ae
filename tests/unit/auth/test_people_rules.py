"""Roles, passwords, clients and refresh tokens: the pure decisions."""

from datetime import date, timedelta

import pytest

from contracts.vocabularies import Role
from services.auth.clients import rules as clients
from services.auth.people import rules as people
from services.auth.rights import rules as rights
from services.auth.tokens import rules as tokens
from services.auth.tokens.rules import Used, Verdict


@pytest.mark.parametrize("role", Role)
def test_who_may_grant_what(role: Role) -> None:
    expected = {
        Role.SYSTEM_ADMIN: (Role.SYSTEM_ADMIN,),
        Role.SECURITY_ADMIN: (Role.SECURITY_ADMIN,),
        Role.AUDITOR: (Role.SECURITY_ADMIN,),
    }
    assert rights.granters(role) == expected.get(role, (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN))


def test_nobody_administers_and_audits() -> None:
    assert rights.conflicting([Role.AUDITOR, Role.SYSTEM_ADMIN])
    assert rights.conflicting([Role.SECURITY_ADMIN, Role.VIEWER, Role.AUDITOR])
    assert not rights.conflicting([Role.AUDITOR, Role.REVIEWER])
    assert not rights.conflicting([Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN])


@pytest.mark.parametrize("role", Role)
def test_programs_get_working_roles_only(role: Role) -> None:
    assert rights.beyond_clients([role, Role.VIEWER]) == (
        role in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR)
    )


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("短密码", "password-too-short"),
        ("1234567", "password-too-short"),
        ("e\u0301" * 7, "password-too-short"),
        ("Zhang.San", "password-too-plain"),
        ("aaaaaaaaaa", "password-too-plain"),
        ("12345678", None),
        ("卫健委的好密码", "password-too-short"),
        ("卫健委的一个好密码", None),
    ],
)
def test_passwords(password: str, code: str | None) -> None:
    found = people.password_faults(password, "zhang.san", "/password")
    assert [(f.pointer, f.code) for f in found] == ([("/password", code)] if code else [])


def test_a_new_password_is_another_one() -> None:
    assert people.change_faults("old-password", "old-password", "x")[0].code == "password-unchanged"
    assert people.change_faults("old-password", "short", "x")[0].pointer == "/new"
    assert people.change_faults("old-password", "new-password", "x") == []


def test_look_alike_logins_are_one() -> None:
    assert people.login_key("Zhang.San") == people.login_key("ｚhang.san") == "zhang.san"


TODAY = date(2026, 11, 21)


def test_clients_end_within_a_year() -> None:
    assert clients.ending(None, TODAY) == TODAY + clients.LONGEST
    assert clients.faults(clients.ending(None, TODAY), TODAY) == []
    assert clients.faults(TODAY, TODAY)[0].code == "date-past"
    assert clients.faults(TODAY + clients.LONGEST + timedelta(days=1), TODAY)[0].code == "date-far"


@pytest.mark.parametrize(
    ("alive", "used", "seconds", "successor_used", "verdict"),
    [
        (True, True, 0, False, Verdict.RETRY),
        (True, True, 10, False, Verdict.RETRY),
        (True, True, 10.1, False, Verdict.REUSE),
        (True, True, 0, True, Verdict.REUSE),
        (False, True, 0, False, Verdict.ENDED),
        (False, False, 0, False, Verdict.ENDED),
        (True, False, 0, False, Verdict.ENDED),
    ],
)
def test_what_a_used_refresh_token_means(
    alive: bool, used: bool, seconds: float, successor_used: bool, verdict: Verdict
) -> None:
    assert tokens.judge(Used(alive, used, seconds, successor_used)) is verdict
