"""The data engineer's guide shows commands that exist."""

import re
import shlex
from pathlib import Path

import pytest
from cli_server import run

GUIDE = Path(__file__).parents[3] / "docs/guides/data-engineer.md"
BLOCKS = re.findall(r"^```bash\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines() if line.startswith("zhibiao ")]
GROUPS = ("load", "review")
SUBCOMMANDS = ("organisations", "facts", "plan", "approve", "return")


def command_of(words: list[str]) -> list[str]:
    """The command and subcommand at the beginning of a line."""
    nested = words[0] in GROUPS and len(words) > 1 and words[1] in SUBCOMMANDS
    return words[: 2 if nested else 1]


@pytest.mark.parametrize("line", LINES)
def test_a_command_of_the_guide_exists_with_its_options(line: str) -> None:
    words = shlex.split(line.partition(" | ")[0], comments=True)[1:]
    command = command_of(words)
    done = run(*command, "--help")
    assert done.exit_code == 0, done.output
    options = [word for word in words if word.startswith("-")]
    known = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", done.stdout))
    assert set(options) <= known


def test_the_guide_shows_every_command_of_ours() -> None:
    shown = {command_of(shlex.split(line, comments=True)[1:])[0] for line in LINES}
    ours = {
        "login",
        "logout",
        "password",
        "whoami",
        "load",
        "report",
        "submit",
        "review",
        "figures",
        "standings",
        "demo",
    }
    assert shown == ours
