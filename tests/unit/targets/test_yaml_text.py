"""YAML text: what is kept exactly, what is refused, and where."""

import pytest

from contracts.imports import Conflict
from services.targets.plans import yaml_text
from services.targets.plans.yaml_text import Budget, Node


def read(text: str | bytes) -> tuple[Node | None, list[Conflict]]:
    """A text as nodes, and what is wrong with it."""
    faults: list[Conflict] = []
    raw = text.encode() if isinstance(text, str) else text
    return yaml_text.read("a.yaml", raw, faults), faults


def refused(text: str | bytes) -> tuple[str, int | None]:
    """The code and line of the one fault of a text that cannot be read."""
    node, faults = read(text)
    assert node is None
    (fault,) = faults
    assert (fault.file, bool(fault.message), bool(fault.message_en)) == ("a.yaml", True, True)
    return fault.code, fault.line


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("007", "007"),
        ("12.50", "12.50"),
        ("1e400", "1e400"),
        (".nan", ".nan"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("1234567890123456789", "1234567890123456789"),
        ("2025-12-31", "2025-12-31"),
        ("true", True),
        ("false", False),
        ("yes", "yes"),
        ("on", "on"),
        ("null", None),
        ("~", None),
        ("'12'", "12"),
        ('"true"', "true"),
        ("360000", 360000),
    ],
)
def test_a_scalar_means_what_was_written(written: str, meant: object) -> None:
    """Nothing becomes a float or a date; only null, true, false and whole numbers are more than text."""
    node, faults = read(f"key: {written}\n")
    assert node is not None and faults == []
    found = node.at(("key",)).meaning()
    assert (meant, type(meant)) == (found, type(found))


def test_every_node_knows_its_line() -> None:
    """Keys and list entries are found where they stand, comments and blank lines counted."""
    node, _ = read("# note\n\nitems:\n  - code: A\n    name: >\n      long\n      text\n  - code: B\n")
    assert node is not None
    lines = [node.at(path).line for path in (("items",), ("items", 0), ("items", 0, "name"), ("items", 1, "code"))]
    assert lines == [4, 4, 5, 8]


def test_a_path_that_ends_early_leads_to_the_deepest_node() -> None:
    """A missing field is told at the entry that lacks it."""
    node, _ = read("items:\n  - code: A\n")
    assert node is not None
    assert node.at(("items", 0, "name", "x")).line == 2


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\n\tb: 2\n", "yaml-syntax", 2),
        ("a:\n\t- 1\n", "yaml-syntax", 2),
        ("a: [1, 2\nb: 3\n", "yaml-syntax", 2),
        ("a: 1\nb: c: d\n", "yaml-syntax", 2),
        ("a: 1\nb: 'open\nc: 2\nd: 3\n", "yaml-syntax", 2),
        ("a: 1\n b: 2\n", "yaml-syntax", 2),
        ("a: 1\nb: &x 2\n", "alias", 2),
        ("a: 1\nb: *x\n", "alias", 2),
        ("a: 1\nb: !!python/object/apply:os.system ['true']\n", "tag", 2),
        ("a: 1\nb: !x 1\n", "tag", 2),
        ("a: 1\n---\nb: 2\n", "several-documents", 3),
        ("a: 1\n? [x, y]\n: 2\n", "key-not-text", 2),
        ("a: 1\nb: \x01\n", "control-character", 2),
        ("a: 1\nb: \x00\n", "control-character", 2),
        ("a: " + "[" * 40 + "]" * 40, "too-deep", 1),
        ("a: 1\nb: " + "x" * 20_001, "text-too-long", 2),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, code: str, line: int) -> None:
    """One sentence in two languages, at the line to look at."""
    assert (code, line) == refused(text)


def test_a_syntax_fault_is_told_in_chinese() -> None:
    """The commonest mistake, a tab, has a sentence of its own."""
    _, (fault,) = read("a: 1\n\tb: 2\n")
    assert "制表符" in fault.message


def test_other_encodings_are_refused_where_they_begin() -> None:
    """GBK, as some editors write, is told at its first line."""
    assert refused(b"a: 1\nb: " + "江西".encode("gbk")) == ("not-utf8", 2)
    assert refused("a: 1\n".encode("utf-16")) == ("not-utf8", 1)


def test_a_byte_order_mark_does_no_harm() -> None:
    """Files saved by Notepad are read."""
    node, faults = read("\ufeffa: 1\n".encode())
    assert node is not None and faults == []
    assert list(node.entries()) == ["a"]


def test_a_file_too_large_is_not_parsed() -> None:
    """The limit holds before reading."""
    assert refused(b"#" * (yaml_text.MAX_BYTES + 1)) == ("file-too-large", 1)


def test_the_budget_of_nodes_holds_over_all_files() -> None:
    """Many small files cannot add up to what one large one may not have."""
    faults: list[Conflict] = []
    budget = Budget(nodes=10)
    assert yaml_text.read("a.yaml", b"a: [1, 2, 3]", faults, budget) is not None
    assert yaml_text.read("b.yaml", b"a:\n  - 1\n  - 2\n  - 3\n  - 4\n", faults, budget) is None
    assert [(f.code, f.file, f.line) for f in faults] == [("too-many-nodes", "b.yaml", 3)]


def test_a_key_twice_is_told_and_reading_goes_on() -> None:
    """The second one is the fault; it says where the first is."""
    node, faults = read("a: 1\nb: 2\na: 3\nb: 4\n")
    assert node is not None and node.at(("a",)).value == "1"
    assert [(f.code, f.line, f.column) for f in faults] == [("duplicate-key", 3, "a"), ("duplicate-key", 4, "b")]
    assert "1" in faults[0].message


def test_an_empty_file_is_nothing() -> None:
    """Comments alone are no fault."""
    assert read("# nothing yet\n") == (None, [])
    assert read("") == (None, [])
