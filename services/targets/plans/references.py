"""Whether everything a pack names exists: in the pack, in a plan it may build on, among the organisations."""

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.imports import Conflict
from contracts.plans import Filter, Item, SourcePassage, Target
from contracts.vocabularies import ItemType
from services.targets.plans.pack import Pack, Placed
from services.targets.plans.validation import nearest
from services.targets.plans.wording import Said, conflict
from services.targets.plans.world import World

LABELS: dict[str, Said] = {
    "documents": Said("文件", "document"),
    "groups": Said("单位组", "group"),
    "items": Said("条目", "item"),
    "subjects": Said("项目对象", "subject"),
    "scopes": Said("统计范围", "scope"),
    "indicators": Said("指标", "indicator"),
    "targets": Said("目标", "target"),
}
SHARED = frozenset({"groups", "subjects", "scopes", "indicators"})
"""Parts whose entries another plan may build on; the rest belongs to one plan alone."""

Path = tuple[str | int, ...]
Named = tuple[Path, str, str]
"""Where a code stands in an entry, the part it names an entry of, and the code."""

_MAX_SUGGESTIONS = 100


class References:
    """Looks up what entries name; suggestions are looked for only so many times, each code once."""

    def __init__(self, pack: Pack, world: World) -> None:
        self._pack, self._world = pack, world
        self._suggested: dict[tuple[str, str], str | None] = {}

    def faults(self) -> Iterator[Conflict]:
        """Every code that leads nowhere; unless a file is unreadable, for then it may be defined there."""
        for part, entries in self._pack.parts.items():
            for entry in entries:
                for path, wanted, code in named(part, entry.model):
                    if not self._exists(wanted, code):
                        yield self._unknown(part, entry, path, wanted, code)
        yield from self._organisations()

    def _exists(self, part: str, code: str) -> bool:
        if not self._pack.whole or code in self._pack.codes[part]:
            return True
        return part in SHARED and code in self._world.codes.get(part, ())

    def _unknown(self, part: str, entry: Placed[Any], path: Path, wanted: str, code: str) -> Conflict:
        label = LABELS[wanted]
        words = {"code": code, "kind_zh": label.zh, "kind_en": label.en}
        place = entry.node.at(path).place(part, *path)
        return conflict("unknown-reference", place, words, suggestion=self._suggestion(wanted, code))

    def _suggestion(self, part: str, code: str) -> str | None:
        if (part, code) not in self._suggested and len(self._suggested) < _MAX_SUGGESTIONS:
            known = {*self._pack.codes[part], *(self._world.codes.get(part, ()) if part in SHARED else ())}
            self._suggested[part, code] = nearest(code, sorted(known))
        return self._suggested.get((part, code))

    def _organisations(self) -> Iterator[Conflict]:
        for part, entry, path, code in organisations(self._pack):
            place = entry.node.at(path).place(part, *path)
            if code not in self._world.organisations:
                hint = self._organisation(code)
                yield conflict("unknown-organisation", place, {"code": code}, suggestion=hint)
            elif _owed(part, path) and code not in self._world.under_issuer:
                yield conflict("outside", place, {"code": code})

    def _organisation(self, code: str) -> str | None:
        if ("", code) not in self._suggested and len(self._suggested) < _MAX_SUGGESTIONS:
            self._suggested["", code] = by_name(code, self._world.names)
        return self._suggested.get(("", code))


def by_name(given: str, names: Mapping[str, str]) -> str | None:
    """The code most like what was given, or the code of the organisation with that name."""
    for code, name in names.items():
        if given == name:
            return code
    return nearest(given, list(names))


def _owed(part: str, path: Path) -> bool:
    """Whether the organisation is made to owe something, and not only named."""
    return (part, path) in (("targets", ("holder",)), ("subjects", ("owner",)))


def named(part: str, entry: Any) -> Iterator[Named]:
    """Every code by which an entry names another entry."""
    if part == "items":
        yield from _named_by_item(entry)
    elif part == "scopes":
        yield from ((("subjects", at), "subjects", code) for at, code in enumerate(entry.subjects))
    elif part == "targets":
        yield from _named_by_target(entry)
    elif part == "discrepancies":
        yield from ((("targets", at), "targets", code) for at, code in enumerate(entry.targets))
    passages = [(("source",), entry.source)] if part == "statements" else _passages(entry)
    yield from (((*path, "document"), "documents", passage.document) for path, passage in passages)


def _passages(entry: Any) -> list[tuple[Path, SourcePassage]]:
    return [(("sources", at), passage) for at, passage in enumerate(getattr(entry, "sources", ()))]


def _named_by_item(item: Item) -> Iterator[Named]:
    if item.parent is not None:
        yield ("parent",), "items", item.parent
    yield from ((("tasks", at), "items", code) for at, code in enumerate(item.tasks))
    for at, duty in enumerate(item.responsible):
        if duty.group is not None:
            yield ("responsible", at, "group"), "groups", duty.group


def _named_by_target(target: Target) -> Iterator[Named]:
    yield ("indicator",), "indicators", target.indicator
    yield ("scope",), "scopes", target.scope
    yield from ((("items", at), "items", code) for at, code in enumerate(target.items))


def organisations(pack: Pack) -> Iterator[tuple[str, Placed[Any], Path, str]]:
    """Every code of an organisation in the pack: its part, the entry, the place in it, the code."""
    if pack.plan is not None:
        yield "plan", pack.plan, ("issuer",), pack.plan.model.issuer
    for item in pack.parts["items"]:
        for at, duty in enumerate(item.model.responsible):
            if duty.unit is not None:
                yield "items", item, ("responsible", at, "unit"), duty.unit
    for subject in pack.parts["subjects"]:
        yield "subjects", subject, ("owner",), subject.model.owner
    for scope in pack.parts["scopes"]:
        yield from (("scopes", scope, path, code) for path, code in _filtered(scope.model.where))
    for target in pack.parts["targets"]:
        if target.model.holder is not None:
            yield "targets", target, ("holder",), target.model.holder


def _filtered(where: Filter | None) -> Iterator[tuple[Path, str]]:
    if where is None:
        return
    yield from ((("where", "organisations", at), code) for at, code in enumerate(where.organisations))
    if where.ancestor is not None:
        for at, code in enumerate(where.ancestor.organisations):
            yield ("where", "ancestor", "organisations", at), code


def misplaced(pack: Pack) -> Iterator[Conflict]:
    """Tasks whose parent is no action, projects whose tasks are none, actions with a parent."""
    types = {item.model.code: item.model.type for item in pack.parts["items"]}
    for item in pack.parts["items"]:
        wrong = item.model.parent is not None and (
            item.model.type is ItemType.ACTION or types.get(item.model.parent, ItemType.ACTION) is not ItemType.ACTION
        )
        if wrong:
            yield _misplaced(item, ("parent",), item.model.type, ItemType.ACTION)
        for at, code in enumerate(item.model.tasks):
            if types.get(code, ItemType.TASK) is not ItemType.TASK:
                yield _misplaced(item, ("tasks", at), item.model.type, ItemType.TASK)


def _misplaced(item: Placed[Item], path: Path, type_: ItemType, parent: ItemType) -> Conflict:
    words = {"type": type_.zh, "type_en": type_.en, "parent": parent.zh, "parent_en": parent.en}
    return conflict("wrong-parent", item.node.at(path).place("items", *path), words)
