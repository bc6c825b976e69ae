"""YAML text as nodes that know their file and line, with every scalar exactly as it was written.

Read from the parser's events, never constructed: no tags, no aliases, no dates or floats made on the way, and
limits that hold while reading.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import yaml

from contracts.imports import Conflict
from services.targets.plans.wording import Place, conflict, in_chinese

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 16
MAX_NODES = 200_000
MAX_SCALAR = 20_000

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}


_NO_KEYS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar (its text), a list or a mapping, and where it begins; `keys` has the line of each key."""

    file: str
    line: int
    value: "str | list[Node] | dict[str, Node]"
    plain: bool = False
    keys: Mapping[str, int] = field(default_factory=lambda: _NO_KEYS)

    def meaning(self) -> str | int | bool | None:
        """An unquoted scalar as null, true, false, a whole number or its text; fractions and dates stay text."""
        if not isinstance(self.value, str):
            raise TypeError("not a scalar")
        if not self.plain:
            return self.value
        if self.value in _WORDS:
            return _WORDS[self.value]
        return int(self.value) if _INTEGER.fullmatch(self.value) else self.value

    def entries(self) -> "dict[str, Node]":
        """The entries of a mapping; of anything else none."""
        return self.value if isinstance(self.value, dict) else {}

    def place(self, *path: str | int) -> Place:
        """Where this is; `path` has the names on the way to it."""
        return Place(self.file, self.line, ".".join(map(str, path))[:300] or None)

    def at(self, path: tuple[str | int, ...]) -> "Node":
        """The node at a path, or the deepest one on the way that exists."""
        here = self
        for step in path:
            inner = here.value
            if isinstance(inner, dict) and step in inner:
                here = inner[str(step)]
            elif isinstance(inner, list) and isinstance(step, int) and step < len(inner):
                here = inner[step]
            else:
                break
        return here


class _Refused(Exception):
    """Reading stops here."""

    def __init__(self, line: int, code: str, **words: str | int) -> None:
        super().__init__(code)
        self.line, self.code, self.words = line, code, words


@dataclass
class Budget:
    """How much may still be read, over all files of a pack."""

    nodes: int = MAX_NODES


def read(file: str, raw: bytes, faults: list[Conflict], budget: Budget | None = None) -> Node | None:
    """The file's one document, or None when it is empty or cannot be read; what is wrong is added to `faults`."""
    try:
        return _Builder(file, faults, budget or Budget()).document(_decoded(raw))
    except _Refused as refused:
        faults.append(conflict(refused.code, Place(file, refused.line), refused.words))
    except yaml.MarkedYAMLError as error:
        faults.append(_syntax(file, error))
    except yaml.reader.ReaderError as error:
        line = raw.decode("utf-8-sig", "replace").count("\n", 0, error.position) + 1
        faults.append(conflict("control-character", Place(file, line)))
    return None


def _decoded(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise _Refused(1, "file-too-large", limit=MAX_BYTES // 1024 // 1024)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Refused(raw.count(b"\n", 0, error.start) + 1, "not-utf8") from None


def _syntax(file: str, error: yaml.MarkedYAMLError) -> Conflict:
    # an open quotation mark is noticed at the end of the file; what helps is where it was opened
    opened = error.context_mark if (error.context or "").startswith("while scanning a quoted") else None
    mark = opened or error.problem_mark or error.context_mark
    problem = error.problem or "not valid YAML"
    words = {"zh": in_chinese(problem), "en": problem}
    return conflict("yaml-syntax", Place(file, mark.line + 1 if mark else 1), words)


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


class _Builder:
    """Makes nodes of events, one file at a time."""

    def __init__(self, file: str, faults: list[Conflict], budget: Budget) -> None:
        self._file, self._faults, self._budget = file, faults, budget

    def document(self, text: str) -> Node | None:
        events = iter(yaml.parse(text, Loader=_Loader))
        found: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                first = next(events)
                if found is not None:
                    raise _Refused(_line(first), "several-documents")
                found = self._node(first, events, 0)
        empty = found is not None and found.plain and found.value == ""
        return None if empty else found

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        line = _line(event)
        self._budget.nodes -= 1
        if self._budget.nodes < 0:
            raise _Refused(line, "too-many-nodes", limit=MAX_NODES)
        if depth > MAX_DEPTH:
            raise _Refused(line, "too-deep")
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _Refused(line, "alias")
        if event.tag is not None:
            raise _Refused(line, "tag")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(line, events, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(self._file, line, self._sequence(events, depth))
        if len(event.value) > MAX_SCALAR:
            raise _Refused(line, "text-too-long", limit=MAX_SCALAR)
        return Node(self._file, line, event.value, plain=event.style in (None, ""))

    def _sequence(self, events: Iterator[Any], depth: int) -> list[Node]:
        found = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            found.append(self._node(event, events, depth + 1))
        return found

    def _mapping(self, line: int, events: Iterator[Any], depth: int) -> Node:
        found: dict[str, Node] = {}
        keys: dict[str, int] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if not isinstance(key.value, str):
                raise _Refused(key.line, "key-not-text")
            if key.value in found:
                self._duplicate(key, keys[key.value])
                continue
            found[key.value], keys[key.value] = value, key.line
        return Node(self._file, line, found, keys=keys)

    def _duplicate(self, key: Node, first: int) -> None:
        name = str(key.value)[:64]
        self._faults.append(conflict("duplicate-key", key.place(name), {"key": name, "first": first}))
