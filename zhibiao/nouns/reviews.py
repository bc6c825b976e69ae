"""What waits for a reviewer, and his decisions."""

from collections.abc import Iterator, Sequence

from contracts.reports import Decision, ReviewBatch, ReviewBatchResult, Submission
from zhibiao.nouns.noun import Noun

MOST_AT_ONCE = 1000


class Reviews(Noun):
    """The reviewer's desk."""

    def list(
        self, *, organisation: str | None = None, indicator: str | None = None, period: str | None = None
    ) -> Iterator[Submission]:
        """The submissions that wait for the caller now."""
        return self._each(Submission, "reviews", organisation=organisation, indicator=indicator, period=period)

    def decide(self, decisions: Sequence[Decision], *, key: str | None = None) -> ReviewBatchResult:
        """Up to a thousand decisions, each answered on its own; `version` pins what was read."""
        return self._post(ReviewBatchResult, "review-batches", ReviewBatch(decisions=list(decisions)), key=key)
