"""The code that was probably meant: one letter wrong, missing, too many or swapped."""

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

_CANDIDATES = 200


class Nearest:
    """Finds codes at most one slip away, among any number of codes, without comparing with each of them."""

    def __init__(self, codes: Iterable[str]) -> None:
        self._codes = codes
        self._index: dict[str, list[str]] | None = None

    def to(self, wrong: str) -> str | None:
        """The most similar code; None if nothing is near."""
        index = self._prepared()
        near = {code for spelling in _spellings(wrong) for code in index.get(spelling, ())}
        candidates = sorted(near)[:_CANDIDATES]
        return max(candidates, key=lambda code: SequenceMatcher(None, wrong, code).ratio(), default=None)

    def _prepared(self) -> dict[str, list[str]]:
        if self._index is None:
            self._index = {}
            for code in self._codes:
                for spelling in _spellings(code):
                    self._index.setdefault(spelling, []).append(code)
        return self._index


def _spellings(code: str) -> Iterator[str]:
    """The code and what is left of it without each of its letters: two codes one slip apart share one of these."""
    lowered = code.lower()
    yield lowered
    for at in range(len(lowered)):
        yield lowered[:at] + lowered[at + 1 :]
