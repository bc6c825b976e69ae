"""Settings as text, read into the models of the contract; every fault keeps its line."""

from contracts.imports import Conflict
from contracts.settings import Setting
from services.targets.choices.rules import VALUES, sound
from services.targets.plans import yaml_text
from services.targets.plans.validation import nearest, unknown_field, validated
from services.targets.plans.wording import Place, conflict
from services.targets.plans.yaml_text import Node

FILE = "settings.yaml"
PART = "settings"


def read(text: str) -> tuple[list[Setting], list[Conflict]]:
    """The settings in the text, and everything wrong with it."""
    faults: list[Conflict] = []
    found: dict[str, Setting] = {}
    root = yaml_text.read(FILE, text.encode(), faults)
    if root is None and not faults:
        faults.append(conflict("missing-part", Place(FILE, 1), {"key": PART}))
    for node in _entries(root, faults) if root else ():
        setting = validated(Setting, node, PART, faults)
        if setting is not None and _fits(setting, found, node, faults):
            found[setting.code] = setting
    return list(found.values()), faults


def _entries(root: Node, faults: list[Conflict]) -> list[Node]:
    for key in root.entries():
        if key != PART:
            faults.append(unknown_field(root, key, [PART], (key,)))
    listed = root.entries().get(PART)
    if listed is None or not isinstance(listed.value, list):
        faults.append(conflict("not-a-list", (listed or root).place(PART), {"key": PART}))
        return []
    return listed.value


def _fits(setting: Setting, found: dict[str, Setting], node: Node, faults: list[Conflict]) -> bool:
    code, value = node.at(("code",)), node.at(("value",))
    if setting.code not in VALUES:
        place = code.place(PART, "code")
        hint = nearest(setting.code, list(VALUES))
        faults.append(conflict("unknown-setting", place, {"code": setting.code}, suggestion=hint))
    elif setting.code in found:
        faults.append(conflict("repeated-setting", code.place(PART, "code"), {"code": setting.code}))
    elif not sound(setting.code, setting.value):
        faults.append(conflict("value", value.place(PART, "value")))
    else:
        return True
    return False
