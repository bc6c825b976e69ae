"""The example of the guide: a complete pack that tests load, take apart and spoil."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from contracts.imports import Conflict
from services.targets.plans import judging, pack
from services.targets.plans.judging import Judgement
from services.targets.plans.pack import Pack
from services.targets.plans.world import World

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "plan-author.md"


def example() -> str:
    """The pack in the guide for plan authors."""
    return GUIDE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]


def spoilt(old: str, new: str) -> str:
    """The example with one thing changed; the change must hit."""
    text = example()
    assert old in text, old
    return text.replace(old, new, 1)


def line_of(text: str, words: str) -> int:
    """The line on which words first stand."""
    return text[: text.index(words)].count("\n") + 1


ORGANISATIONS = {"360000": "江西省", "JX-WJW": "省卫生健康委", "360700": "赣州市"}


def pack_of(text: str) -> Pack:
    """A pack of one file that can be read."""
    found = pack.read({"pack.yaml": text.encode()})
    assert found.faults == []
    return found


def world(**other: Any) -> World:
    """A small province in which nothing was loaded yet."""
    known = frozenset(ORGANISATIONS)
    return replace(World(organisations=known, under_issuer=known, names=ORGANISATIONS), **other)


def judged(text: str, *, publish: bool = False, **other: Any) -> Judgement:
    """What a pack of one file comes to."""
    return judging.judge(pack_of(text), world(**other), publish=publish)


def faults_of(text: str, **other: Any) -> list[Conflict]:
    """What is wrong with a pack that can be read."""
    return judged(text, **other).faults
