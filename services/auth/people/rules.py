"""Names people sign in with, and what a password must be."""

import unicodedata

from kernel.errors import FieldError, Said

MIN_LENGTH = 8
"""Characters that a password has at least."""

_SHORT = Said(f"密码至少 {MIN_LENGTH} 个字符。", f"a password has at least {MIN_LENGTH} characters")
_PLAIN = Said(
    "密码不能与登录名相同，也不能只由一两个字符重复而成。",
    "not the login name, nor one or two characters repeated",
)
_SAME = Said("新密码须与现密码不同。", "the new password must differ from the present one")


def login_key(login: str) -> str:
    """The form in which login names are compared: nobody can take a look-alike in other letter case."""
    return unicodedata.normalize("NFKC", login).casefold()


def password_faults(password: str, login: str, pointer: str) -> list[FieldError]:
    """Why a password is refused."""
    if len(unicodedata.normalize("NFC", password)) < MIN_LENGTH:
        return [FieldError(pointer, "password-too-short", _SHORT)]
    if login_key(password) == login_key(login) or len(set(password)) < 3:
        return [FieldError(pointer, "password-too-plain", _PLAIN)]
    return []


def change_faults(current: str, new: str, login: str) -> list[FieldError]:
    """Why a person's own change of password is refused."""
    if current == new:
        return [FieldError("/new", "password-unchanged", _SAME)]
    return password_faults(new, login, "/new")
