"""Strong entity tags."""

import pytest
from pydantic import BaseModel

from kernel import etags
from kernel.errors import PreconditionRequired, StaleVersion


class Some(BaseModel):
    """Anything."""

    x: int


def test_a_tag_tells_versions_and_what_is_shown_apart() -> None:
    assert etags.of(3) == '"3"'
    assert etags.of(3, "南昌市") != etags.of(3, "赣州市")
    assert etags.of_content(Some(x=1)) != etags.of_content(Some(x=2))


@pytest.mark.parametrize("given", ['"3"', '"3-abc"', '"2", "3"', "*"])
def test_the_version_that_was_read_passes(given: str) -> None:
    etags.require_match(given, etags.of(3, "shown"))


@pytest.mark.parametrize("given", ['"2"', 'W/"3"', "3", '"33"', ""])
def test_any_other_is_stale(given: str) -> None:
    with pytest.raises(StaleVersion):
        etags.require_match(given, etags.of(3))


def test_none_is_asked_for() -> None:
    with pytest.raises(PreconditionRequired):
        etags.require_match(None, '"3"')


@pytest.mark.parametrize(
    ("given", "known"),
    [('"3"', True), ('W/"3"', True), ('"1", "3"', True), ("*", True), ('"4"', False), (None, False), ('"3-x"', False)],
)
def test_not_modified(given: str | None, known: bool) -> None:
    assert etags.not_modified(given, '"3"') is known
