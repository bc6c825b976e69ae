"""Who may decide at which step, and what follows."""

from collections.abc import Sequence
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.rights import Grant
from contracts.vocabularies import Role
from kernel.auth import Caller
from kernel.errors import Forbidden, SeparationOfDuty
from services.progress.reviews.rules import acting_for, must_act, separate

OFFICES = ("X", "C", "P")
TASKS = frozenset({"5", "T5"})


def office(code: str) -> UUID:
    """The id of an office."""
    return uuid5(UUID(int=3), code)


CHAIN = [office(code) for code in OFFICES]


def person(*grants: tuple[str, str] | tuple[str, str, Sequence[str]], name: str = "who") -> Caller:
    """Somebody with these roles at these offices."""
    held = tuple(
        Grant(role=Role(role), organisation=office(at), items=list(items[0]) if items else None)
        for role, at, *items in grants
    )
    return Caller(id=office(name), kind="person", name=name, grants=held)


def acts(caller: Caller, step: int, staffed: str = "XCP") -> str | None:
    """For which office somebody acts at a step, when only the given offices have a reviewer."""
    found = acting_for(caller, CHAIN, step, TASKS, [office(code) for code in staffed])
    return next((code for code in OFFICES if office(code) == found), None)


@pytest.mark.parametrize(
    ("at", "step", "staffed", "acting"),
    [
        ("X", 0, "XCP", "X"),
        ("C", 0, "XCP", None),
        ("P", 0, "XCP", None),
        ("X", 1, "XCP", None),
        ("C", 1, "XCP", "C"),
        ("P", 2, "XCP", "P"),
        ("C", 2, "XCP", None),
        ("C", 0, "CP", "C"),
        ("P", 0, "CP", None),
        ("P", 0, "P", "P"),
        ("C", 0, "P", "C"),
        ("P", 1, "XP", "P"),
        ("X", 1, "XP", None),
        ("P", 3, "XCP", None),
    ],
)
def test_an_office_decides_in_its_turn_and_for_the_vacant_one_below(
    at: str, step: int, staffed: str, acting: str | None
) -> None:
    """Only whose turn it is may decide; where nobody reviews, the nearest office above that has somebody does."""
    assert acts(person(("reviewer", at)), step, staffed) == acting


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.REVIEWER])
def test_only_a_reviewer_decides(role: Role) -> None:
    """No other role decides, not even that of an administrator."""
    assert acts(person((role.value, "X")), 0) is None


def test_a_grant_below_or_beside_does_not_count() -> None:
    """A reviewer of another office is not a reviewer here, wherever it stands."""
    assert acts(person(("reviewer", "T111"), ("reviewer", "X2")), 0) is None


@pytest.mark.parametrize(
    ("items", "acting"), [(["5"], "X"), (["T5"], "X"), (["9", "5"], "X"), (["9"], None), ([], None)]
)
def test_a_grant_for_some_items_decides_on_those_only(items: list[str], acting: str | None) -> None:
    """A department that was granted a task reviews what serves that task, and nothing else; no items is nothing."""
    assert acts(person(("reviewer", "X", items)), 0) == acting


def test_one_grant_of_several_is_enough() -> None:
    """A grant that does not fit does not take away one that does."""
    assert acts(person(("reviewer", "X", ["9"]), ("reporter", "P"), ("reviewer", "X", ["5"])), 0) == "X"


def test_somebody_of_two_offices_acts_for_the_one_whose_turn_it_is() -> None:
    """Who reviews for county and city decides as the county first."""
    both = person(("reviewer", "C"), ("reviewer", "X"))
    assert acts(both, 0) == "X"
    assert acts(both, 1) == "C"
    assert acts(both, 0, "CP") == "X"


def test_nobody_reviews_what_he_wrote_nor_twice_in_a_round() -> None:
    """An author of any version and whoever has decided in this round are refused; anybody else passes."""
    caller = person(("reviewer", "X"))
    with pytest.raises(SeparationOfDuty):
        separate(caller, [office("other"), caller.id], [])
    with pytest.raises(SeparationOfDuty):
        separate(caller, [office("other")], [caller.id])
    separate(caller, [office("other")], [office("third")])


def test_without_an_office_nobody_acts() -> None:
    """Who acts for no office is refused as forbidden."""
    assert must_act(CHAIN[0]) == CHAIN[0]
    with pytest.raises(Forbidden) as refused:
        must_act(None)
    assert refused.value.code == "forbidden"


@given(
    st.lists(st.sampled_from(OFFICES), max_size=2, unique=True),
    st.sets(st.sampled_from(OFFICES)),
    st.integers(min_value=0, max_value=2),
)
def test_between_two_steps_exactly_one_office_may_act(held: list[str], staffed: set[str], step: int) -> None:
    """Whoever acts, acts for the first staffed office from the step on, or for a vacant one that he himself holds."""
    acting = acts(person(*(("reviewer", at) for at in held)), step, "".join(staffed))
    remaining = OFFICES[step:]
    first_staffed = next((n for n, code in enumerate(remaining) if code in staffed), len(remaining) - 1)
    open_to = [code for code in remaining[: first_staffed + 1] if code in held]
    assert acting == (open_to[0] if open_to else None)
