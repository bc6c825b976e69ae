"""What a pack names: other entries, organisations, with the nearest one suggested."""

import pytest

from services.targets.plans import judging, pack
from services.targets.plans.references import by_name
from tests.unit.targets.example import example, faults_of, line_of, spoilt, world


def test_the_example_names_nothing_unknown() -> None:
    """The guide's pack fits into a province that has its organisations."""
    assert faults_of(example()) == []


@pytest.mark.parametrize(
    ("old", "new", "column", "suggestion"),
    [
        ("parent: demo-A1", "parent: demo-A2", "items.parent", "demo-A1"),
        ("tasks: [demo-T1]", "tasks: [demo-T2]", "items.tasks.0", "demo-T1"),
        ("group: demo-local", "group: demo-locale", "items.responsible.1.group", "demo-local"),
        ("subjects: [demo-blood-centre]", "subjects: [demo-blood]", "scopes.subjects.0", "demo-blood-centre"),
        ("indicator: demo-points", "indicator: demo-point", "targets.indicator", "demo-points"),
        ("scope: demo-counties", "scope: counties", "targets.scope", "demo-counties"),
        ("items: [demo-P1]", "items: [demo-P1, demo-P7]", "targets.items.1", "demo-P1"),
        ("targets: [demo-T1-rehab]", "targets: [demo-T1-reha]", "discrepancies.targets.0", "demo-T1-rehab"),
        ("document: body, place: 项目1", "document: annex, place: 项目1", "targets.sources.0.document", None),
        ("document: body, place: 保障", "document: boddy, place: 保障", "statements.source.document", "body"),
        (
            "document: body, place: 任务1, quote: 每个县",
            "document: bdy, place: 每个县",
            "items.sources.0.document",
            "body",
        ),
    ],
)
def test_an_unknown_code_is_told_where_it_is_used(old: str, new: str, column: str, suggestion: str | None) -> None:
    """With its line, and the nearest code there is."""
    text = spoilt(old, new)
    (fault,) = faults_of(text)
    assert ("unknown-reference", column, suggestion) == (fault.code, fault.column, fault.suggestion)
    assert ("pack.yaml", line_of(text, new)) == (fault.file, fault.line)


@pytest.mark.parametrize(
    ("old", "new", "column", "suggestion"),
    [
        ("issuer: 360000", "issuer: 3600000", "plan.issuer", "360000"),
        ("unit: JX-WJW", "unit: JX-WJV", "items.responsible.0.unit", "JX-WJW"),
        ("owner: JX-WJW", "owner: WJW", "subjects.owner", "JX-WJW"),
        (
            "{levels: [county], kinds: [division]}",
            "{organisations: [360701]}",
            "scopes.where.organisations.0",
            "360700",
        ),
    ],
)
def test_an_unknown_organisation_is_told(old: str, new: str, column: str, suggestion: str) -> None:
    """Wherever a pack names one."""
    (fault,) = faults_of(spoilt(old, new))
    assert ("unknown-organisation", column, suggestion) == (fault.code, fault.column, fault.suggestion)


def test_a_name_instead_of_a_code_leads_to_the_code() -> None:
    """Somebody wrote what the organisation is called."""
    assert by_name("赣州市", {"360000": "江西省", "360700": "赣州市"}) == "360700"


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("    scope: demo-counties", "    holder: 360700\n    scope: demo-counties", "targets.holder"),
        ("owner: JX-WJW", "owner: 360700", "subjects.owner"),
    ],
)
def test_nobody_sets_targets_for_others(old: str, new: str, column: str) -> None:
    """Who is made to owe something must stand under the issuer."""
    mine = frozenset({"360000", "JX-WJW"})
    (fault,) = faults_of(spoilt(old, new), under_issuer=mine)
    assert ("outside", column) == (fault.code, fault.column)


def test_shared_entries_of_published_plans_may_be_built_on() -> None:
    """Indicators, scopes, subjects and groups; items and documents are the plan's own."""
    text = spoilt("group: demo-local", "group: LOCAL")
    assert faults_of(text, codes={"groups": frozenset({"LOCAL"})}) == []
    text = spoilt("items: [demo-P1]", "items: [P1]")
    assert [f.code for f in faults_of(text, codes={"items": frozenset({"P1"})})] == ["unknown-reference"]


def test_nothing_is_called_unknown_while_a_file_is_broken() -> None:
    """It may be defined in what could not be read."""
    whole = example()
    cut = whole.index("targets:")
    files = {"a.yaml": whole[cut:].encode(), "b.yaml": whole[:cut].encode() + b"\n\t"}
    found = judging.judge(pack.read(files), world(), publish=False)
    assert [fault.code for fault in found.faults] == ["yaml-syntax"]


def test_an_entry_that_is_wrong_can_still_be_named() -> None:
    """One fault does not make others out of nothing."""
    text = spoilt("value: number, unit: 个", "value: numbre, unit: 个")
    found = judging.judge(pack.read({"pack.yaml": text.encode()}), world(), publish=False)
    assert [fault.code for fault in found.faults] == ["word"]


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("parent: demo-A1", "parent: demo-P1", "items.parent"),
        ("tasks: [demo-T1]", "tasks: [demo-A1]", "items.tasks.0"),
        ("number: 1, name: 采供血", "number: 1, parent: demo-A1, name: 采供血", "items.parent"),
    ],
)
def test_items_stand_in_their_order(old: str, new: str, column: str) -> None:
    """Actions over tasks, tasks beside projects."""
    (fault,) = faults_of(spoilt(old, new))
    assert ("wrong-parent", column) == (fault.code, fault.column)
