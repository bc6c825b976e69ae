"""Reading JSON without losing a digit: numbers stay as written, duplicates and excess are refused."""

import json
from typing import Any

from starlette.requests import Request

from contracts.base import RawNumber
from kernel.errors import MalformedRequest, Said

MAX_DEPTH = 16
MAX_KEYS = 200
MAX_STRING = 20_000
_INTEGER_DIGITS = 19


class _Fault(ValueError):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.said = Said(zh, en)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Fault("JSON 对象中有重复的键。", "an object has the same key twice")
    if len(found) > MAX_KEYS:
        raise _Fault("JSON 对象的键过多。", "an object has too many keys")
    return found


def _constant(_name: str) -> Any:
    raise _Fault("NaN 与 Infinity 不是 JSON 数值。", "NaN and Infinity are not JSON numbers")


def _integer(text: str) -> Any:
    return int(text) if len(text) <= _INTEGER_DIGITS else RawNumber(text)


def _check(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise _Fault("JSON 嵌套过深。", "the JSON is nested too deeply")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check(key, depth)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)
    elif isinstance(value, str):
        if len(value) > MAX_STRING:
            raise _Fault("文本过长。", "a text is too long")
        if "\x00" in value or any("\ud800" <= ch <= "\udfff" for ch in value):
            raise _Fault("文本含有无效字符。", "a text holds characters that are not valid")


def loads(raw: bytes) -> Any:
    """Parse a body: UTF-8 without BOM, no duplicate keys, no NaN; raises MalformedRequest with the reason."""
    try:
        text = raw.decode("utf-8")
        if text.startswith("\ufeff"):
            raise _Fault("JSON 不应带 BOM。", "JSON must not begin with a byte order mark")
        value = json.loads(
            text,
            parse_float=RawNumber,
            parse_int=_integer,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
        _check(value)
    except _Fault as fault:
        raise MalformedRequest(fault.said) from None
    except UnicodeDecodeError:
        raise MalformedRequest(Said("正文须为 UTF-8 编码。", "the body must be UTF-8")) from None
    except RecursionError:
        raise MalformedRequest(Said("JSON 嵌套过深。", "the JSON is nested too deeply")) from None
    except json.JSONDecodeError as fault:
        raise MalformedRequest(
            Said(
                f"JSON 语法有误：第 {fault.lineno} 行第 {fault.colno} 列。",
                f"not valid JSON at line {fault.lineno}, column {fault.colno}",
            )
        ) from None
    return value


class ExactRequest(Request):
    """A request whose `json()` keeps numbers exact."""

    async def json(self) -> Any:
        """The body as parsed by `loads`, read once."""
        if not hasattr(self, "_json"):
            self._json = loads(await self.body())
        return self._json
