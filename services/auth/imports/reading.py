"""From the text of a CSV file to checked rows, with every fault named by line and column."""

import csv
import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from contracts.base import Model
from contracts.imports import Conflict
from contracts.organisations import OrganisationCreate
from contracts.vocabularies import Kind, Level, Ownership, Word
from kernel.errors import Said
from kernel.problems import field_errors
from services.auth.imports.rules import FactLine, conflict

Row = TypeVar("Row", bound=Model)
Cells = dict[str, str]

_WORDS: dict[str, type[Word]] = {"level": Level, "kind": Kind, "ownership": Ownership}
_BOOLEANS = {"true": True, "false": False, "是": True, "否": False, "1": True, "0": False}
_NOT_CSV = Said("此处不是合法的 CSV（引号不成对，或含有不允许的字符）。", "this is not valid CSV: quotes or characters")
_EMPTY = Said("文件没有内容。", "the file is empty")
_NO_COLUMN = Said("表头缺少此列。", "the header lacks this column")
_STRANGE_COLUMN = Said("没有这一列；请检查拼写。", "there is no such column; check its spelling")
_TWICE = Said("表头中此列出现了两次。", "the header names this column twice")
_WIDTH = Said("单元格数与表头不符。", "the row has more or fewer cells than the header")


@dataclass
class Reading(Generic[Row]):
    """The rows that are sound in themselves, by line, and the faults of all others."""

    rows: list[tuple[int, Row]] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def organisations(text: str) -> Reading[OrganisationCreate]:
    """The rows of an organisations file."""
    columns = ("code", "name", "level", "kind", "parent", "division", "valid_from")
    return _read(text, columns, ("tier", "ownership", "tags", "synthetic"), OrganisationCreate, _organisation)


def facts(text: str) -> Reading[FactLine]:
    """The rows of a facts file."""
    return _read(text, ("organisation", "fact", "value", "on", "source"), (), FactLine, lambda cells: dict(cells))


def _read(
    text: str,
    needed: tuple[str, ...],
    optional: tuple[str, ...],
    model: type[Row],
    shape: Callable[[Cells], dict[str, Any]],
) -> Reading[Row]:
    found: Reading[Row] = Reading()
    lines = _lines(text, found.conflicts)
    header = [name.strip() for name in next(lines, (0, []))[1]]
    found.conflicts.extend(_header_faults(header, needed, optional))
    if found.conflicts:
        return found
    for line, values in lines:
        if len(values) != len(header):
            found.conflicts.append(conflict(line, None, "cells", _WIDTH))
            continue
        cells = {name: value.strip() for name, value in zip(header, values, strict=True) if value.strip()}
        try:
            found.rows.append((line, model.model_validate(shape(cells))))
        except ValidationError as error:
            found.conflicts.extend(_row_faults(line, cells, error))
    return found


def _lines(text: str, conflicts: list[Conflict]) -> Iterator[tuple[int, list[str]]]:
    """The records of a file with the line each one ends on; blank ones are left out."""
    reader = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        for values in reader:
            if any(value.strip() for value in values):
                yield reader.line_num, values
    except csv.Error:
        conflicts.append(conflict(reader.line_num, None, "not-csv", _NOT_CSV))


def _header_faults(header: list[str], needed: tuple[str, ...], optional: tuple[str, ...]) -> Iterator[Conflict]:
    if not header:
        yield conflict(1, None, "empty", _EMPTY)
        return
    known = (*needed, *optional)
    for column in dict.fromkeys(header):
        if column not in known:
            near = difflib.get_close_matches(column, known, 1)
            yield conflict(1, _printable(column), "unknown-column", _STRANGE_COLUMN, near[0] if near else None)
        elif header.count(column) > 1:
            yield conflict(1, column, "column-twice", _TWICE)
    for column in needed:
        if column not in header:
            yield conflict(1, column, "missing-column", _NO_COLUMN)


def _printable(column: str) -> str:
    return "".join(letter for letter in column if letter.isprintable())[:64]


def _organisation(cells: Cells) -> dict[str, Any]:
    shaped: dict[str, Any] = dict(cells)
    if "synthetic" in cells:
        shaped["synthetic"] = _BOOLEANS.get(cells["synthetic"].lower(), cells["synthetic"])
    if cells.get("tier", "").isdecimal():
        shaped["tier"] = int(cells["tier"][:9])
    if "tags" in cells:
        shaped["tags"] = [tag for tag in re.split(r"[,;，；、\s]+", cells["tags"]) if tag]
    return shaped


def _row_faults(line: int, cells: Cells, error: ValidationError) -> Iterator[Conflict]:
    for fault in field_errors(error.errors(include_url=False)):
        column = fault.pointer.split("/")[1] or None
        yield conflict(line, column, fault.code, fault.said, _word(column, cells))


def _word(column: str | None, cells: Cells) -> str | None:
    """The word of the vocabulary that was probably meant; Chinese labels are understood."""
    words, given = _WORDS.get(column or ""), cells.get(column or "")
    if words is None or not given:
        return None
    labels = {label: word.value for word in words for label in (word.value, word.zh, word.en)}
    near = difflib.get_close_matches(given, labels, 1, 0.5)
    return labels[near[0]] if near else None
