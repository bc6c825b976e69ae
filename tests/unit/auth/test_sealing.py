"""Sealing, refresh tokens, passwords and settings."""

import asyncio

import pytest
from pydantic import ValidationError

from kernel.errors import Unavailable
from services.auth.people.passwords import Passwords
from services.auth.settings import Settings
from services.auth.tokens.sealing import Sealer, WrongSecret, digest, fresh_secret

GOOD = {
    "database_url": "postgresql+asyncpg://u:p@h/d",
    "secret": "0123456789abcdefghijklmnopqrstuvwxyz",
    "targets_key": "targets-0123456789abcdefghijklmnopqr",
    "progress_key": "progress-0123456789abcdefghijklmnopq",
}


def test_sealed_and_unsealed() -> None:
    sealer = Sealer("s" * 40)
    sealed = sealer.seal(b"private", "kid-1")
    assert b"private" not in sealed
    assert sealer.unseal(sealed, "kid-1") == b"private"
    assert sealer.seal(b"private", "kid-1") != sealed


def test_another_secret_or_label_opens_nothing() -> None:
    sealed = Sealer("s" * 40).seal(b"private", "kid-1")
    with pytest.raises(WrongSecret):
        Sealer("t" * 40).unseal(sealed, "kid-1")
    with pytest.raises(WrongSecret):
        Sealer("s" * 40).unseal(sealed, "kid-2")


def test_a_refresh_token_has_one_successor_nobody_else_can_compute() -> None:
    token = fresh_secret()
    mine, other = Sealer("s" * 40), Sealer("t" * 40)
    assert mine.successor(token) == mine.successor(token) != token
    assert mine.successor(token) != other.successor(token)
    assert len(mine.successor(token)) == len(token) == 43
    assert digest(token) != token.encode()


async def test_passwords_are_hashed_and_checked() -> None:
    passwords = Passwords("light")
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify("correct horse", stored)
    assert not await passwords.verify("wrong horse", stored)
    assert not await passwords.verify("correct horse", None)


async def test_other_spellings_of_the_same_letters_are_the_same_password() -> None:
    passwords = Passwords("light")
    assert await passwords.verify("caf\u00e9-au-lait", await passwords.hash("cafe\u0301-au-lait"))


async def test_a_crowd_is_sent_away_instead_of_queueing_forever() -> None:
    passwords = Passwords("light")
    answers = await asyncio.gather(*(passwords.verify("x", None) for _ in range(80)), return_exceptions=True)
    assert sum(isinstance(a, Unavailable) for a in answers) == 30
    assert answers.count(False) == 50
    assert await passwords.verify("x", None) is False


def test_good_settings() -> None:
    chosen = Settings(**GOOD)  # type: ignore[arg-type]
    assert (chosen.hashing, chosen.token_minutes, chosen.issuer) == ("strong", 10, "zhibiao")
    assert GOOD["secret"] not in repr(chosen)


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "short"},
        {"secret": "a" * 40},
        {"secret": "change-me-0123456789abcdefghijklmnop"},
        {"targets_key": GOOD["progress_key"]},
        {"targets_key": GOOD["secret"]},
        {"hashing": "none"},
        {"token_minutes": 0},
    ],
)
def test_bad_settings_stop_the_start(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(**{**GOOD, **wrong})  # type: ignore[arg-type]


def test_every_setting_is_described() -> None:
    assert all(Settings.variables().values())
    assert all(name.startswith("ZHIBIAO_AUTH_") for name in Settings.variables())
