"""What may be answered to an indicator, and which steps are open."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.plans import Indicator
from contracts.reports import Answer
from contracts.vocabularies import SubmissionState as State
from contracts.vocabularies import Value
from services.progress.reports.rules import NEXT, WRITABLE, Possible, actions, check

CHOICES = [{"code": "a", "name": "甲"}, {"code": "b", "name": "乙"}]
INDICATORS = {
    "number": {"value": "number", "decimals": 2},
    "whole": {"value": "number", "decimals": 0},
    "ratio": {"value": "ratio", "numerator": "分子", "denominator": "分母"},
    "yes_no": {"value": "yes_no"},
    "parts": {"value": "yes_no", "components": CHOICES},
    "forms": {"value": "yes_no", "options": CHOICES},
    "level": {"value": "level"},
    "stage": {"value": "stage", "stages": CHOICES},
    "rank": {"value": "rank"},
    "judged": {"value": "judged"},
}
GOOD: dict[str, list[dict[str, Any]]] = {
    "number": [{"value": "0"}, {"value": "12.34"}, {"value": "12.3400"}, {"value": "99999999999999.99"}],
    "whole": [{"value": "100"}, {"value": "7.0"}, {"value": "7", "progress": "好", "help_needed": "资金"}],
    "ratio": [{"numerator": "0", "denominator": "5"}, {"numerator": "5", "denominator": "5.5"}],
    "yes_no": [{"complies": True, "since": "2023-11-01"}, {"complies": False}],
    "parts": [{"components": {"a": True, "b": False}}, {"complies": True, "components": {"a": True, "b": True}}],
    "forms": [{"complies": True, "option": "a"}, {"complies": False}],
    "level": [{"level": "0"}, {"level": "3.5", "rated_on": "2023-05-01"}],
    "stage": [{"stage": "a"}, {"stage": "b", "percent": "40", "percent_of": "works"}],
    "rank": [{"rank": 1}, {"rank": 100000}],
    "judged": [{"progress": "已建成三处"}],
}
BAD: list[tuple[str, dict[str, Any], set[str]]] = [
    ("number", {}, {"/value missing"}),
    ("number", {"progress": "好"}, {"/value missing"}),
    ("number", {"value": "-0.01"}, {"/value negative"}),
    ("number", {"value": "1.234"}, {"/value too-many-decimals"}),
    ("number", {"value": "-1.234"}, {"/value negative", "/value too-many-decimals"}),
    ("whole", {"value": "1.5"}, {"/value too-many-decimals"}),
    ("ratio", {"numerator": "1"}, {"/denominator missing"}),
    ("ratio", {"denominator": "1"}, {"/numerator missing"}),
    ("ratio", {"numerator": "5.0001", "denominator": "5"}, {"/numerator above-denominator"}),
    ("ratio", {"numerator": "0", "denominator": "0"}, {"/denominator zero"}),
    ("ratio", {"numerator": "3", "denominator": "0"}, {"/denominator zero"}),
    ("yes_no", {}, {"/complies missing"}),
    ("parts", {"components": {}}, {"/complies missing"}),
    ("parts", {"components": {"c": True}, "complies": False}, {"/components/c unknown-reference"}),
    ("parts", {"components": {"a": True, "b": False}, "complies": True}, {"/complies contradiction"}),
    ("parts", {"components": {"a": True}, "complies": True}, {"/complies contradiction"}),
    ("forms", {"complies": True, "option": "c"}, {"/option unknown-reference"}),
    ("yes_no", {"complies": True, "option": "a"}, {"/option unknown-reference"}),
    ("level", {}, {"/level missing"}),
    ("stage", {}, {"/stage missing"}),
    ("stage", {"stage": "c"}, {"/stage unknown-reference"}),
    ("rank", {}, {"/rank missing"}),
    ("judged", {}, {"/progress missing"}),
    ("judged", {"progress": ""}, {"/progress missing"}),
    ("judged", {"progress": " \n\t "}, {"/progress missing"}),
]
FIELDS: dict[str, Any] = {
    "value": "0",
    "numerator": "0",
    "denominator": "1",
    "complies": False,
    "since": "2023-11-01",
    "components": {"a": False},
    "option": "a",
    "level": "0",
    "rated_on": "2023-11-01",
    "stage": "a",
    "percent": "0",
    "percent_of": "works",
    "rank": 1,
}
OWN = {
    Value.NUMBER: {"value"},
    Value.RATIO: {"numerator", "denominator"},
    Value.YES_NO: {"complies", "since", "components", "option"},
    Value.LEVEL: {"level", "rated_on"},
    Value.STAGE: {"stage", "percent", "percent_of"},
    Value.RANK: {"rank"},
    Value.JUDGED: set[str](),
}


def indicator(name: str) -> Indicator:
    """One indicator of each kind."""
    return Indicator.model_validate({"code": name, "name": name, "definition": name, **INDICATORS[name]})


def faults(name: str, answer: dict[str, Any], *, complete: bool = True, prefix: str = "") -> set[str]:
    """Where and what, for every fault."""
    found = check(indicator(name), Answer.model_validate(answer), complete=complete, prefix=prefix)
    assert all(fault.said.zh and fault.said.en for fault in found)
    return {f"{fault.pointer} {fault.code}" for fault in found}


@pytest.mark.parametrize(("name", "answer"), [(name, good) for name, all_ in GOOD.items() for good in all_])
def test_a_good_answer_has_no_fault(name: str, answer: dict[str, Any]) -> None:
    """Every kind of value takes the fields made for it, zero and the largest number included."""
    assert faults(name, answer) == set()


@pytest.mark.parametrize(("name", "answer", "wanted"), BAD)
def test_a_bad_answer_names_every_fault(name: str, answer: dict[str, Any], wanted: set[str]) -> None:
    """All faults are listed at once, each at its field."""
    assert faults(name, answer) == wanted


@pytest.mark.parametrize("name", INDICATORS)
def test_a_draft_may_be_incomplete(name: str) -> None:
    """Saving asks for nothing; only submitting asks for completeness."""
    assert faults(name, {}, complete=False) == set()


@pytest.mark.parametrize(("name", "field"), list(product(INDICATORS, FIELDS)))
def test_only_the_fields_of_its_kind_are_taken(name: str, field: str) -> None:
    """A field of another kind is refused even when it says zero or no, in a draft too."""
    answer = {field: FIELDS[field]}
    foreign = field not in OWN[indicator(name).value]
    assert (f"/{field} not-asked" in faults(name, answer, complete=False)) is foreign


@pytest.mark.parametrize("name", INDICATORS)
def test_not_applicable_needs_only_a_reason(name: str) -> None:
    """What does not apply needs no value, but words; blanks are no words."""
    assert faults(name, {"not_applicable": True, "progress": "未设住院部"}) == set()
    for silent in ({}, {"progress": ""}, {"progress": "  "}):
        assert faults(name, {"not_applicable": True, **silent}) == {"/progress missing"}


def test_the_pointer_says_which_entry() -> None:
    """In a report of many entries each fault points into its own."""
    assert faults("number", {"value": "-1"}, prefix="/entries/7") == {"/entries/7/value negative"}


@given(st.sampled_from(["number", "whole"]), st.decimals(-(10**6), 10**6, places=4))
def test_decimals_are_counted_without_trailing_zeros(name: str, value: Any) -> None:
    """A number has too many decimals exactly when rounding it to the indicator's decimals changes it."""
    asked = indicator(name)
    found = faults(name, {"value": f"{value:f}"})
    assert ("/value too-many-decimals" in found) is (round(value, asked.decimals) != value)
    assert ("/value negative" in found) is (value < 0)


@given(st.decimals(0, 100, places=2), st.decimals(0, 100, places=2))
def test_a_share_lies_between_nothing_and_all(top: Any, bottom: Any) -> None:
    """A ratio is sound exactly when 0 <= numerator <= denominator and the denominator is above zero."""
    found = faults("ratio", {"numerator": f"{top:f}", "denominator": f"{bottom:f}"})
    assert (not found) is (top <= bottom and bottom > 0)


# --- steps --------------------------------------------------------------------------------------------------


def test_the_steps_are_those_of_the_model() -> None:
    """Only these edges exist; approval is left only by a correction, and a correction only by its fate."""
    assert {(old.value, step, new.value) for (old, step), new in NEXT.items()} == {
        ("draft", "submit", "submitted"),
        ("returned", "submit", "submitted"),
        ("withdrawn", "submit", "submitted"),
        ("submitted", "withdraw", "withdrawn"),
        ("submitted", "return", "returned"),
        ("submitted", "approve", "approved"),
        ("approved", "correct", "draft"),
        ("draft", "discard", "approved"),
    }
    assert {state.value for state in WRITABLE} == {"draft", "returned", "withdrawn"}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(("step", "in_force"), list(product((0, 1), (None, 3))))
@pytest.mark.parametrize(("reports", "reviews"), list(product((False, True), repeat=2)))
@pytest.mark.parametrize(("window_open", "resubmits"), list(product((False, True), repeat=2)))
def test_the_actions_shown_are_those_that_work(
    state: State, step: int, in_force: int | None, reports: bool, reviews: bool, window_open: bool, resubmits: bool
) -> None:
    """Writing needs an open window or that of a return, correcting the period's own, discarding a version in force,
    and withdrawing that nobody has decided yet."""
    wanted = set()
    if reports and (window_open or resubmits) and state in (State.DRAFT, State.RETURNED, State.WITHDRAWN):
        wanted |= {"edit", "submit"}
    if reports and window_open and state is State.APPROVED:
        wanted.add("correct")
    if reports and state is State.DRAFT and in_force is not None:
        wanted.add("discard")
    if reports and state is State.SUBMITTED and step == 0:
        wanted.add("withdraw")
    if reviews and state is State.SUBMITTED:
        wanted |= {"approve", "return"}
    found = actions(state, step, in_force, Possible(reports, reviews, window_open, resubmits))
    assert len(found) == len(set(found))
    assert set(found) == wanted
