"""Packs: merging, every kind of fault with its place, all of them in one run."""

import ast
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import plans as contract
from contracts.imports import Conflict
from services.targets.plans import pack
from services.targets.plans.wording import CONTRACT_SENTENCES, SENTENCES
from tests.unit.targets.example import GUIDE, example, line_of, spoilt


def faults_of(text: str) -> list[Conflict]:
    """What is wrong with a pack of one file."""
    return pack.read({"pack.yaml": text.encode()}).faults


def one_fault(text: str) -> Conflict:
    """The only fault."""
    (fault,) = faults_of(text)
    return fault


def test_the_example_of_the_guide_is_sound() -> None:
    """What the guide shows can be loaded as it stands."""
    found = pack.read({"pack.yaml": example().encode()})
    assert found.faults == []
    assert found.whole and found.plan is not None
    assert found.plan.model.code == "demo-2024"


def test_the_example_uses_every_part() -> None:
    """A reader of the guide sees each part once."""
    found = pack.read({"pack.yaml": example().encode()})
    assert [part for part, entries in found.parts.items() if not entries] == []


def test_numbers_stay_exact() -> None:
    """Not a digit is lost on the way, and trailing zeros mean nothing."""
    for written in ("12345678901234.5678", "0.1", "3.60", "90"):
        found = pack.read({"pack.yaml": spoilt("value: 3.6", f"value: {written}").encode()})
        assert found.faults == []
        assert Decimal(written) == found.parts["statements"][0].model.value


def test_digits_are_text_where_a_text_is_wanted() -> None:
    """360000 needs no quotation marks, and keeps its leading zeros and its point."""
    for written in ("2025", "007", "1.10", "true"):
        found = pack.read({"pack.yaml": spoilt("name: 固定采血点\n", f"name: {written}\n").encode()})
        assert found.faults == []
        assert written in [entry.model.name for entry in found.parts["items"]]


@pytest.mark.parametrize(
    ("old", "new", "code", "column"),
    [
        ("value: 100\n", "value: .nan\n", "number", "targets.value"),
        ("value: 100\n", "value: .inf\n", "number", "targets.value"),
        ("value: 100\n", "value: 1e400\n", "number", "targets.value"),
        ("value: 100\n", "value: 1e2\n", "number", "targets.value"),
        ("value: 100\n", "value: 1,000\n", "number", "targets.value"),
        ("value: 100\n", "value: 90%\n", "number", "targets.value"),
        ("value: 100\n", "value: 0x64\n", "number", "targets.value"),
        ("value: 100\n", "value: 1.23456\n", "number", "targets.value"),
        ("value: 100\n", "value: 123456789012345\n", "number", "targets.value"),
        ("value: 100\n", "value: true\n", "number", "targets.value"),
        ("value: 100\n", "value: [1]\n", "number", "targets.value"),
        ("due: 2025-06-30", "due: 2025-06-31", "date", "targets.due"),
        ("due: 2025-06-30", "due: 2025", "date", "targets.due"),
        ("due: 2025-06-30", "due: 1735603200", "date", "targets.due"),
        ("due: 2025-06-30", "due: 2025-06-30T00:00:00", "date", "targets.due"),
        ("due: 2025-06-30", "due: 2025/6/30", "date", "targets.due"),
        ("type: task\n", "type: taks\n", "word", "items.type"),
        ("measure: own", "measure: ownn", "word", "targets.measure"),
        ("softening: 力争", "sofening: 力争", "unknown-field", "targets.sofening"),
        ("zones: true", "zones: yes", "true-or-false", "groups.zones"),
        ("    number: 1\n    name: 固定", "    number: 1.5\n    name: 固定", "whole-number", "items.number"),
        ("    measure: own\n", "", "missing", "targets.measure"),
        ("code: demo-T1-rehab", "code: demo T1", "code-form", "targets.code"),
        ("owner: JX-WJW", "owner: 江西省卫健委", "code-form", "subjects.owner"),
        ("items: [demo-P1]", "items: []", "too-short", "targets.items"),
        ("items: [demo-P1]", "items: demo-P1", "list", "targets.items"),
        ("items: [demo-P1]", "items:", "list", "targets.items"),
        ("quote: 力争90%", "quote: " + "字" * 41, "too-long", "targets.sources.0.quote"),
        ("  level: province\n", "  level: province\n  level: city\n", "duplicate-key", "level"),
        ("unit_threshold: {value: 1}", "unit_threshold: 1", "mapping", "targets.unit_threshold"),
        ("steps: [{due: 2024-12-31, value: 50}]", "steps: [{due: 2024-12-31}]", "incoherent", "targets.steps.0"),
        ("name: 省血液中心新址建成", "name: '省血液\u202e中心'", "characters", "targets.name"),
    ],
)
def test_each_fault_is_told_at_its_line(old: str, new: str, code: str, column: str) -> None:
    """The code, the place and a sentence in both languages."""
    fault = one_fault(spoilt(old, new))
    changed = line_of(example(), old)
    offset = {"missing": -4, "duplicate-key": 1}.get(code, 0)
    assert (code, column) == (fault.code, fault.column)
    assert ("pack.yaml", changed + offset) == (fault.file, fault.line)
    assert fault.message and fault.message_en and fault.message != fault.message_en


@pytest.mark.parametrize(
    ("old", "new", "suggestion"),
    [
        ("softening: 力争", "sofening: 力争", "softening"),
        ("measure: own", "measure: owm", "own"),
        ("unit_threshold: {value: 1}", "unit_threshold: {valeu: 1, value: 1}", "value"),
        ("kinds: [tcm]", "kinds: [tmc]", "tcm"),
        ("where: {levels: [county]", "where: {level: [county]", "levels"),
        ("statements: ", "statments: ", "statements"),
        ("unit_threshold: {value: 1}", "unit_threshold: {comparator: at_lest, value: 1}", "at_least"),
    ],
)
def test_the_nearest_word_is_suggested(old: str, new: str, suggestion: str) -> None:
    """At any depth, for fields and for words."""
    assert suggestion in [fault.suggestion for fault in faults_of(spoilt(old, new))]


def test_files_are_merged_by_their_keys() -> None:
    """Lists one after another in the order of the names; every entry keeps its own file and line."""
    whole = example()
    cut = whole.index("targets:")
    files = {"b/targets.yaml": whole[cut:].encode(), "a.yaml": whole[:cut].encode(), "README.md": b"\xff"}
    found = pack.read(files)
    assert found.faults == []
    assert {"b/targets.yaml"} == {entry.node.file for entry in found.parts["targets"]}
    more = b"items:\n  - {code: demo-P2, type: project, number: 2, name: more}\n"
    found = pack.read({**files, "c.yaml": more})
    assert [entry.model.code for entry in found.parts["items"]] == ["demo-A1", "demo-T1", "demo-P1", "demo-P2"]


def test_a_plan_is_described_once() -> None:
    """The second description says where the first is."""
    again = b"plan: {code: other}\n"
    (fault,) = pack.read({"a.yaml": example().encode(), "b.yaml": again}).faults
    assert (fault.code, fault.file, fault.line) == ("repeated-part", "b.yaml", 1)
    assert "a.yaml:" in fault.message


def test_the_same_code_twice_is_a_fault_wherever_it_stands() -> None:
    """Also across files."""
    again = b"items:\n\n  - {code: demo-P1, type: project, number: 2, name: more}\n"
    (fault,) = pack.read({"a.yaml": example().encode(), "b.yaml": again}).faults
    first = line_of(example(), "{code: demo-P1")
    assert (fault.code, fault.file, fault.line) == ("duplicate-code", "b.yaml", 3)
    assert f"a.yaml:{first}" in fault.message


@pytest.mark.parametrize(
    ("files", "codes"),
    [
        ({}, ["no-files", "missing-part", "missing-part"]),
        ({"notes.md": b"x"}, ["no-files", "missing-part", "missing-part"]),
        ({"a.yaml": b""}, ["missing-part", "missing-part"]),
        ({"a.yaml": b"- 1\n"}, ["not-a-mapping"]),
        ({"a.yaml": b"documents: 1\nplan: 2\n"}, ["mapping", "not-a-list"]),
    ],
)
def test_a_pack_needs_a_plan_and_documents(files: dict[str, bytes], codes: list[str]) -> None:
    """What is missing altogether is told by name."""
    assert codes == [fault.code for fault in pack.read(files).faults]


def test_files_of_other_kinds_are_pointed_out() -> None:
    """A misspelt ending must not make a part vanish; what systems leave behind is passed over."""
    left = {"__MACOSX/a.yaml": b"\xff", ".DS_Store": b"\x00", "x/.hidden.yaml": b"\xff"}
    found = pack.read({"a.yaml": example().encode(), "targets.yaml.txt": b"", **left})
    assert [(f.code, f.file) for f in found.faults] == [("unexpected-file", "targets.yaml.txt")]


def test_a_hundred_faults_come_back_in_one_run() -> None:
    """In a broken file, in bad entries, in many entries: each with its own line."""
    bad = "".join(f"  - {{code: X{at}, type: task, number: {at}, name: x, wrong: 1}}\n" for at in range(100))
    files = {"a.yaml": example().encode(), "b.yaml": ("items:\n" + bad).encode(), "c.yaml": b"a: [1\n"}
    found = pack.read(files)
    assert [(n + 2) for n in range(100)] == [f.line for f in found.faults if f.code == "unknown-field"]
    assert [f.file for f in found.faults if f.code == "yaml-syntax"] == ["c.yaml"]
    assert not found.whole


def test_thousands_of_faults_end_the_reading() -> None:
    """The last one says that there may be more."""
    bad = "items:\n" + "  - {wrong: 1}\n" * pack.MAX_FAULTS
    found = pack.read({"a.yaml": bad.encode()})
    assert found.faults[-1].code == "too-many-faults"
    assert len(found.faults) < pack.MAX_FAULTS + 20


@pytest.mark.parametrize("key", ['"a\\0b"', '"\\u202e"', '"\\u200b"', '"\\e[31m"', "'{zh}'", "'%s{0}'"])
def test_what_is_quoted_from_the_text_is_safe_to_show(key: str) -> None:
    """No byte that a database refuses or a terminal obeys, and nothing that is taken for a hole to fill."""
    for fault in faults_of(f"plan:\n  {key}: 1\n{key}: 2\n{key}: 3\n"):
        for shown in (fault.message, fault.message_en, fault.column or ""):
            assert shown.isprintable()


def test_every_sentence_of_the_contract_has_a_chinese_one() -> None:
    """A check added to the contract without its sentence fails here."""
    tree = ast.parse(Path(contract.__file__).read_text(encoding="utf-8"))
    raised = {
        text.value
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and any("model_validator" in ast.dump(d) for d in node.decorator_list)
        for text in ast.walk(ast.Module(node.body, []))
        if isinstance(text, ast.Constant) and isinstance(text.value, str) and " " in text.value
    }
    assert set(CONTRACT_SENTENCES) == raised


def test_the_guide_lists_every_fault() -> None:
    """Whoever gets a code finds it there."""
    listed = re.findall(
        r"^\| `([a-z0-9-]+)` \| ", GUIDE.read_text(encoding="utf-8").split("## 问题代码")[1], re.MULTILINE
    )
    assert set(listed) == set(SENTENCES) - {"unknown-setting", "repeated-setting"}


def test_the_guide_explains_every_key() -> None:
    """Of each part, down to the last field."""
    text = GUIDE.read_text(encoding="utf-8").split("## 每个键的含义")[1].split("## 选哪种")[0]
    explained = set(re.findall(r"`([a-z_.]+)`", text)) | {"name_en"}
    explained = {word for name in explained for word in name.split(".")}
    models = [
        contract.Plan,
        contract.Filter,
        contract.UnitThreshold,
        contract.Step,
        contract.Baseline,
        *pack.PARTS.values(),
    ]
    names = {field.alias or name for model in models for name, field in model.model_fields.items()}
    assert names - explained == set()


@settings(deadline=None, max_examples=50)
@given(st.decimals(min_value=-(10**14) + 1, max_value=10**14 - 1, places=4, allow_nan=False, allow_infinity=False))
def test_every_number_a_column_holds_is_read_exactly(number: Decimal) -> None:
    """Written plainly, quoted or not."""
    for written in (f"{number:f}", f"'{number:f}'"):
        found = pack.read({"pack.yaml": spoilt("value: 3.6", f"value: {written}").encode()})
        assert found.faults == []
        assert found.parts["statements"][0].model.value == number


def test_sentences_are_written_in_both_languages() -> None:
    """With the same words to fill in."""
    for code, said in SENTENCES.items():
        holes = [set(pack_holes(text)) for text in said]
        shared = {hole.removesuffix("_zh").removesuffix("_en") for hole in holes[0] ^ holes[1]}
        assert shared <= {"zh", "en", "kind", "type", "parent"}, code
        assert any(ch >= "\u3000" for ch in said.zh)


def pack_holes(text: str) -> list[str]:
    """The names in braces."""
    return [part.split("}")[0] for part in text.split("{")[1:]]
