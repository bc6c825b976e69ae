"""What a load changes: nothing the second time, only what differs, and never what is another plan's."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabularies import PlanStatus
from services.targets.plans.rules import Change
from services.targets.plans.world import Known, PlanNow
from tests.unit.targets.example import example, faults_of, judged, spoilt

State = dict[tuple[str, str], Known]


def change_of(text: str, *, publish: bool = False, **other: object) -> Change:
    """What a sound pack changes."""
    found = judged(text, publish=publish, **other)
    assert found.faults == [] and found.change is not None
    return found.change


def after(change: Change, before: Mapping[tuple[str, str], Known] | None = None) -> State:
    """What is known once the change is made."""
    state = dict(before or {})
    for one in change.written:
        entry = one.entry
        state[entry.kind, entry.code] = Known(entry.kind, entry.code, change.plan.code, one.version, entry.digest, True)
    for gone in change.gone:
        state[gone.kind, gone.code] = Known(*gone_fields(gone))
    return state


def gone_fields(gone: Known) -> tuple[str, str, str, int, str, bool]:
    """The same entry one version later, no longer living."""
    return gone.kind, gone.code, gone.plan, gone.version + 1, gone.digest, False


def now(change: Change) -> PlanNow:
    """The plan once the change is made."""
    return PlanNow(change.plan.issuer, change.status, change.version, change.digest)


def test_the_second_load_changes_nothing() -> None:
    """Same digests, same status: nothing to do."""
    first = change_of(example())
    second = change_of(example(), known=after(first), plan=now(first))
    assert second.nothing and second.fresh == [] and list(second.gone) == []
    assert (second.counts.same, second.counts.new, second.counts.changed) == (17, 0, 0)


def test_comments_order_of_keys_and_spelling_of_numbers_are_no_change() -> None:
    """Only what is said counts."""
    first = change_of(example())
    for old, new in (
        ("value: 3.6", "value: '3.60'"),
        ("    measure: own\n    comparator: reached\n", "    comparator: reached # note\n    measure: own\n"),
        ("    as: percent\n", "    as: percent\n    maintain: false\n"),
    ):
        assert change_of(spoilt(old, new), known=after(first), plan=now(first)).nothing


@given(st.sampled_from(["省血液中心新址建成", "县（市、区）", "建设进度", "血液中心迁建"]))
def test_only_what_differs_gets_a_new_version(name: str) -> None:
    """One entry, one version; the plan's own version moves on."""
    first = change_of(example())
    second = change_of(
        example().replace(f"name: {name}", f"name: {name}（新）", 1), known=after(first), plan=now(first)
    )
    (fresh,) = second.fresh
    assert (fresh.version, second.counts.changed, second.counts.same) == (2, 1, 16)
    assert second.version == 2 and not second.nothing


def test_what_a_pack_no_longer_has_is_left_out_and_comes_back_with_a_later_version() -> None:
    """A code is never started anew."""
    first = change_of(example())
    cut = example()[: example().index("discrepancies:")]
    second = change_of(cut, known=after(first), plan=now(first))
    assert {("discrepancy", "demo-base"), ("statement", "demo-money")} == {(g.kind, g.code) for g in second.gone}
    assert second.counts.retired == 2
    third = change_of(example(), known=after(second, after(first)), plan=now(second))
    assert {("demo-base", 3), ("demo-money", 3)} == {(one.entry.code, one.version) for one in third.fresh}
    assert third.counts.new == 2


def test_publishing_gives_every_target_a_version_that_says_so() -> None:
    """The content is the same, and counted so."""
    first = change_of(example())
    second = change_of(example(), publish=True, known=after(first), plan=now(first))
    assert {"target"} == {one.entry.kind for one in second.fresh}
    assert [(one.version, one.entry.body["published"]) for one in second.fresh] == [(2, True)] * 3
    assert second.counts.same == 17 and PlanStatus.PUBLISHED is second.status
    third = change_of(example(), publish=True, known=after(second), plan=now(second))
    assert third.nothing


def test_the_order_of_entries_is_a_change_of_the_plan_alone() -> None:
    """No entry gets a new version for standing elsewhere."""
    first = change_of(example())
    lines = example()
    projects = "  - {code: demo-P1, type: project, number: 1, name: 血液中心迁建, tasks: [demo-T1]}\n"
    moved = lines.replace(projects, "").replace("  - {code: demo-A1", projects + "  - {code: demo-A1")
    second = change_of(moved, known=after(first), plan=now(first))
    assert not second.nothing and second.fresh == []


def test_the_holder_is_the_issuer_unless_named() -> None:
    """As the feed tells it."""
    holders = {one.entry.body["holder"] for one in change_of(example()).written if one.entry.kind == "target"}
    assert {"360000"} == holders


def test_codes_of_another_plan_are_taken() -> None:
    """Unless a published plan shares the entry and it is repeated word for word."""
    first = change_of(example(), publish=True)
    theirs = {key: Known(k.kind, k.code, "theirs", k.version, k.digest, True) for key, k in after(first).items()}
    offered = {
        "groups": frozenset({"demo-local"}),
        "subjects": frozenset({"demo-blood-centre"}),
        "scopes": frozenset({"demo-counties", "demo-tcm", "demo-site"}),
        "indicators": frozenset({"demo-points", "demo-rehab", "demo-building"}),
    }
    local = {key: value for key, value in theirs.items() if key[0] not in ("document", "discrepancy", "statement")}
    taken = [f.column for f in faults_of(example(), known=local, codes=offered)]
    assert sorted(taken) == ["items.code"] * 3 + ["targets.code"] * 3  # type: ignore[type-var]
    mine = {key: known for key, known in local.items() if key[0] not in ("item", "target")}
    second = change_of(example(), known=mine, codes=offered)
    assert {"document", "item", "target", "discrepancy", "statement"} == {one.entry.kind for one in second.written}
    changed = spoilt("name: 设置康复科", "name: 康复科")
    assert [f.column for f in faults_of(changed, known=mine, codes=offered)] == ["indicators.code"]
    assert len(faults_of(example(), known=mine)) == 8


def test_a_plan_in_force_takes_changes_only_with_publish() -> None:
    """And never another issuer."""
    first = change_of(example(), publish=True)
    known, plan = after(first), now(first)
    assert [f.code for f in faults_of(example(), known=known, plan=plan)] == ["plan-published"]
    other = judged(spoilt("issuer: 360000", "issuer: JX-WJW"), publish=True, known=known, plan=plan)
    assert [f.code for f in other.faults] == ["issuer-changed"]
