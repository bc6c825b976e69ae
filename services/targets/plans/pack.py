"""A plan pack as text, read into the models of the contract; every fault keeps its file and line.

Files are merged by top-level key, lists one after another in the order of the file names. Each entry is checked by
itself, so that one bad entry hides no fault of another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast, get_args

from contracts.base import Model
from contracts.imports import Conflict
from contracts.plans import Plan, PlanPack
from services.targets.plans import yaml_text
from services.targets.plans.validation import unknown_field, validated
from services.targets.plans.wording import Place, conflict
from services.targets.plans.yaml_text import Node

MAX_FILES = 200
MAX_TOTAL = 16 * 1024 * 1024
MAX_FAULTS = 5_000
"""After so many faults reading stops: nobody would go through them."""

PLAN = "plan"
PARTS: dict[str, type[Model]] = {
    name: cast("type[Model]", get_args(about.annotation)[0])
    for name, about in PlanPack.model_fields.items()
    if name != PLAN
}
"""The lists of a pack and the model of their entries."""

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Placed(Generic[M]):
    """A model and the text it was read from."""

    model: M
    node: Node


@dataclass
class Pack:
    """What was read: the sound entries of each part, the codes of all, and the faults.

    `whole` is False when a file could not be read to its end, so that a code may be defined in what is missing.
    """

    plan: Placed[Plan] | None = None
    parts: dict[str, list[Placed[Any]]] = field(default_factory=lambda: {name: [] for name in PARTS})
    codes: dict[str, dict[str, Node]] = field(default_factory=lambda: {name: {} for name in PARTS})
    faults: list[Conflict] = field(default_factory=list)
    whole: bool = True


def read(files: Mapping[str, bytes]) -> Pack:
    """The pack made of the given files, by name; nothing is raised, all faults are in the result."""
    pack = Pack()
    merged = _merged(_roots(files, pack), pack.faults)
    _require(merged, pack)
    _read_plan(merged, pack)
    for part, model in PARTS.items():
        for node in _entries(part, merged, pack.faults):
            if len(pack.faults) >= MAX_FAULTS:
                pack.faults.append(conflict("too-many-faults", node.place(part), {"limit": MAX_FAULTS}))
                pack.whole = False
                return pack
            _read_entry(part, model, node, pack)
    return pack


def _roots(files: Mapping[str, bytes], pack: Pack) -> list[Node]:
    """The mapping each file is; what is broken is left out."""
    roots, budget = [], yaml_text.Budget()
    for name in _accepted(files, pack.faults):
        before = len(pack.faults)
        root = yaml_text.read(name, files[name], pack.faults, budget)
        if root is not None and isinstance(root.value, dict):
            roots.append(root)
            continue
        if root is not None:
            pack.faults.append(conflict("not-a-mapping", root.place()))
        pack.whole = pack.whole and len(pack.faults) == before
    return roots


def _accepted(files: Mapping[str, bytes], faults: list[Conflict]) -> list[str]:
    names = sorted(name for name in files if not _hidden(name))
    if len(names) > MAX_FILES or sum(len(files[name]) for name in names) > MAX_TOTAL:
        limits = {"files": MAX_FILES, "limit": MAX_TOTAL // 1024 // 1024}
        faults.append(conflict("pack-too-large", Place(), limits))
        return []
    for name in names:
        if not name.lower().endswith((".yaml", ".yml", ".md")):
            faults.append(conflict("unexpected-file", Place(name[:300])))
    found = [name for name in names if name.lower().endswith((".yaml", ".yml"))]
    if not found:
        faults.append(conflict("no-files", Place()))
    return found


def _hidden(name: str) -> bool:
    return any(step.startswith(".") or step == "__MACOSX" for step in name.split("/"))


def _merged(roots: list[Node], faults: list[Conflict]) -> dict[str, list[Node]]:
    merged: dict[str, list[Node]] = {}
    for root in roots:
        for key, node in root.entries().items():
            if key in PARTS or key == PLAN:
                merged.setdefault(key, []).append(node)
            else:
                faults.append(unknown_field(root, key, [PLAN, *PARTS], (key,)))
    return merged


def _require(merged: Mapping[str, list[Node]], pack: Pack) -> None:
    for name, about in PlanPack.model_fields.items():
        if about.is_required() and name not in merged and pack.whole:
            pack.faults.append(conflict("missing-part", Place(column=name), {"key": name}))


def _read_plan(merged: Mapping[str, list[Node]], pack: Pack) -> None:
    found = merged.get(PLAN, [])
    for again in found[1:]:
        words = {"key": PLAN, "first": f"{found[0].file}:{found[0].line}"}
        pack.faults.append(conflict("repeated-part", again.place(PLAN), words))
    if found and (plan := validated(Plan, found[0], PLAN, pack.faults)):
        pack.plan = Placed(plan, found[0])


def _entries(part: str, merged: Mapping[str, list[Node]], faults: list[Conflict]) -> Iterator[Node]:
    for node in merged.get(part, ()):
        if isinstance(node.value, list):
            yield from node.value
        else:
            faults.append(conflict("not-a-list", node.place(part), {"key": part}))


def _read_entry(part: str, model: type[Model], node: Node, pack: Pack) -> None:
    entry = validated(model, node, part, pack.faults)
    code = node.entries().get("code")
    if code is not None and isinstance(code.value, str):
        first = pack.codes[part].setdefault(code.value, code)
        if first is not code:
            words = {"code": code.value[:64], "first": f"{first.file}:{first.line}"}
            pack.faults.append(conflict("duplicate-code", code.place(part, "code"), words))
            return
    if entry is not None:
        pack.parts[part].append(Placed(entry, node))
