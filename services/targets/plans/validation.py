"""Nodes checked against a model of the contract; what pydantic finds, as faults with a file and a line."""

import difflib
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import ValidationError

from contracts.base import Model
from contracts.imports import Conflict
from services.targets.plans.wording import CONTRACT_SENTENCES, conflict
from services.targets.plans.yaml_text import Node

M = TypeVar("M", bound=Model)
Path = tuple[str | int, ...]

_FAULTS_OF_ONE = 1_000
_SUGGESTIBLE = 5_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown-field",
    "number": "number",
    "int_type": "whole-number",
    "bool_type": "true-or-false",
    "enum": "word",
    "literal_error": "word",
    "string_type": "text",
    "string_pattern_mismatch": "form",
    "string_too_long": "too-long",
    "too_long": "too-long",
    "string_too_short": "too-short",
    "too_short": "too-short",
    "characters": "characters",
    "greater_than_equal": "too-small",
    "less_than_equal": "too-large",
    "list_type": "list",
    "model_type": "mapping",
    "dict_type": "mapping",
    "value_error": "incoherent",
}


def validated(model: type[M], node: Node, part: str, faults: list[Conflict]) -> M | None:
    """The model a node makes, or None; `part` is how the column of a fault begins.

    An unquoted 360000 is a whole number or a text, as the field wants it: where a text is wanted, the entry is
    read again with the digits as they were written.
    """
    as_text: set[Path] = set()
    while True:
        try:
            made = model.model_validate(_plain(node, as_text))
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            wanted = {f["loc"] for f in found if f["type"] == "string_type" and _could_be_text(node.at(f["loc"]))}
            if wanted <= as_text:
                faults.extend(_fault(model, node, part, f) for f in found[:_FAULTS_OF_ONE])
                return None
            as_text |= wanted
        else:
            odd = _not_days(made.model_dump(mode="json", by_alias=True), node, (part,))
            faults.extend(odd)
            return None if odd else made


def _plain(node: Node, as_text: set[Path], path: Path = ()) -> Any:
    if isinstance(node.value, dict):
        return {key: _plain(inner, as_text, (*path, key)) for key, inner in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(inner, as_text, (*path, at)) for at, inner in enumerate(node.value)]
    return node.value if path in as_text else node.meaning()


def _could_be_text(node: Node) -> bool:
    return isinstance(node.value, str) and node.plain and node.meaning() is not None


def _not_days(dumped: Any, node: Node, path: Path) -> list[Conflict]:
    """Dates that were not written as days: pydantic also takes a count of seconds for one."""
    if isinstance(dumped, dict):
        found = node.entries().items()
        return [f for key, inner in found if key in dumped for f in _not_days(dumped[key], inner, (*path, key))]
    if isinstance(dumped, list) and isinstance(node.value, list):
        pairs = enumerate(zip(dumped, node.value, strict=True))
        return [f for at, (value, inner) in pairs for f in _not_days(value, inner, (*path, at))]
    if isinstance(dumped, str) and _DAY.fullmatch(dumped) and node.value != dumped:
        return [conflict("date", node.place(*path))]
    return []


def _fault(model: type[Model], node: Node, part: str, found: Any) -> Conflict:
    path: Path = found["loc"]
    kind: str = found["type"]
    wrong = node.at(path)
    key = str(path[-1]) if path else part
    if kind == "extra_forbidden":
        return unknown_field(node.at(path[:-1]), key, _fields(model, path[:-1]), (part, *path))
    code = "code-form" if kind == "string_pattern_mismatch" and _is_code(found) else _CODES.get(kind, "value")
    if kind.startswith("date"):
        code = "date"
    words = _words(kind, key, found.get("ctx", {}))
    suggestion = _nearest(wrong, found) if kind in ("enum", "literal_error") else None
    return conflict(code, wrong.place(part, *path), words, suggestion=suggestion)


def _is_code(found: Any) -> bool:
    return str(found.get("ctx", {}).get("pattern", "")).startswith("^[A-Za-z0-9]")


def _words(kind: str, key: str, about: dict[str, Any]) -> dict[str, str | int]:
    limits = ("max_length", "min_length", "ge", "le")
    words: dict[str, str | int] = {"key": key[:64]}
    for limit in (str(about[name]) for name in limits if name in about):
        words["limit"] = limit
    if kind in ("enum", "literal_error"):
        words["words"] = ", ".join(_allowed(about))
    if kind == "value_error":
        said = str(about["error"])
        words |= {"en": said, "zh": CONTRACT_SENTENCES.get(said, said)}
    return words


def _allowed(about: dict[str, Any]) -> list[str]:
    # an enum says 'sum', 'units' or 'own'; a literal says <Measure.SUM: 'sum'>, …
    return re.findall(r"'([^']*)'", str(about.get("expected", "")))


def _nearest(wrong: Node, found: Any) -> str | None:
    return nearest(wrong.value if isinstance(wrong.value, str) else "", _allowed(found.get("ctx", {})))


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word most like the given one, if any is close; none among so many that looking takes long."""
    if len(known) > _SUGGESTIBLE:
        return None
    close = difflib.get_close_matches(word[:64], known, 1)
    return close[0] if close else None


def unknown_field(node: Node, key: str, known: Sequence[str], path: Path) -> Conflict:
    """The fault of a key that nothing reads, with the nearest one that something does."""
    place = node.place(*path)._replace(line=node.keys.get(key, node.line))
    return conflict("unknown-field", place, {"key": key[:64]}, suggestion=nearest(key, known))


def _fields(model: type[Model], path: Path) -> list[str]:
    """The names a model knows at a path of keys."""
    schema = _schema(model)
    definitions = schema.get("$defs", {})
    here = _resolved(schema, definitions)
    for step in path:
        inner = here.get("items", {}) if isinstance(step, int) else _property(here, step)
        here = _resolved(inner, definitions)
    return list(here.get("properties", {}))


def _property(schema: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = schema.get("properties", {}).get(name, {})
    return found


@cache
def _schema(model: type[Model]) -> dict[str, Any]:
    return model.model_json_schema()


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    for choice in schema.get("anyOf", ()):
        if "$ref" in choice or "items" in choice:
            schema = choice
            break
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found: dict[str, Any] = definitions.get(name, schema)
    return found
