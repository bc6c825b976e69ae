"""The calendar, the report of a unit, and single submissions."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from contracts.reports import (
    Answer,
    Approve,
    Entry,
    Expectation,
    Extension,
    ExtensionCreate,
    Period,
    ReportForm,
    ReportResult,
    ReportSave,
    Return,
    Submission,
    SubmissionCreate,
    Versions,
    Withdraw,
)
from contracts.vocabularies import Rhythm, SubmissionState
from zhibiao.nouns.noun import Noun
from zhibiao.session import Call


class Periods(Noun):
    """The reporting calendar."""

    def list(self, *, year: int | None = None, kind: Rhythm | str | None = None) -> Iterator[Period]:
        """Periods in the order of their last day, with the windows in which they are open."""
        return self._each(Period, "periods", year=year, kind=kind)

    def get(self, period: str) -> Period:
        """One period, for example ``2023-11``."""
        return self._get(Period, f"periods/{period}")

    def extend(self, period: str, extension: ExtensionCreate, *, key: str | None = None) -> Extension:
        """Open a period for a unit and all below it until an instant; audited, with its ground."""
        return self._post(Extension, f"periods/{period}/extensions", extension, key=key)

    def expectations(
        self, *, organisation: str, period: str, state: str | Sequence[str] | None = None
    ) -> Iterator[Expectation]:
        """What units owe for a period, and whether it came (state due, reported, late or missing)."""
        return self._each(Expectation, "expectations", organisation=organisation, period=period, state=state)


class Reports(Noun):
    """One report per unit and period, with everything asked of it."""

    def get(self, organisation: str, period: str) -> ReportForm:
        """The form: every expected indicator with its definition, last value, state and actions."""
        return self._get(ReportForm, f"reports/{organisation}/{period}")

    def save(self, organisation: str, period: str, entries: Sequence[Entry]) -> ReportResult:
        """Save answers as drafts, all or none; what is not named stays as it is."""
        body = ReportSave(entries=list(entries)).model_dump(mode="json", exclude_unset=True)
        return self._session.one(ReportResult, Call("PUT", f"reports/{organisation}/{period}", json=body))

    def submit(self, organisation: str, period: str, *, key: str | None = None) -> ReportResult:
        """Submit every draft of the report."""
        return self._post(ReportResult, f"reports/{organisation}/{period}/submit", None, key=key)


class Submissions(Noun):
    """Single facts on their way up. A step takes the submission as it was read: its etag goes along."""

    def create(self, new: SubmissionCreate, *, key: str | None = None) -> Submission:
        """One fact of one unit and period; the same unit, indicator and period updates the draft."""
        return self._post(Submission, "submissions", new, key=key)

    def get(self, submission: UUID | str) -> Submission:
        """One submission as it stands."""
        return self._get(Submission, f"submissions/{submission}")

    def list(
        self,
        *,
        state: SubmissionState | str | Sequence[str] | None = None,
        organisation: str | None = None,
        indicator: str | None = None,
        period: str | None = None,
    ) -> Iterator[Submission]:
        """Submissions of an organisation and those below it."""
        return self._each(
            Submission,
            "submissions",
            state=state,
            organisation=organisation,
            indicator=indicator,
            period=period,
        )

    def versions(self, submission: Submission) -> Versions:
        """Every version, the first one first."""
        return self._get(Versions, f"submissions/{submission.id}/versions")

    def edit(self, submission: Submission, answer: Answer) -> Submission:
        """Change what was not submitted; after a return a new version begins."""
        body = answer.model_dump(mode="json", exclude_unset=True)
        call = Call("PUT", f"submissions/{submission.id}", json=body, etag=submission.etag)
        return self._session.one(Submission, call)

    def submit(self, submission: Submission, *, key: str | None = None) -> Submission:
        """Send a draft (or a returned one) to review."""
        return self._step(submission, "submit", None, key)

    def withdraw(self, submission: Submission, reason: str, *, key: str | None = None) -> Submission:
        """Take it back before it is decided."""
        return self._step(submission, "withdraw", Withdraw(reason=reason), key)

    def return_(
        self, submission: Submission, reason: str, *, suggested: Answer | None = None, key: str | None = None
    ) -> Submission:
        """Send it back to its author, with the reason and perhaps a proposed answer."""
        return self._step(submission, "return", Return(reason=reason, suggested=suggested), key)

    def approve(self, submission: Submission, approval: Approve | None = None, *, key: str | None = None) -> Submission:
        """Approve what was read; it moves to the next level of the chain, or is in force."""
        return self._step(submission, "approve", approval or Approve(), key)

    def correct(self, submission: Submission, *, key: str | None = None) -> Submission:
        """Open the next version of an approved one; the approved version stays in force until then."""
        return self._step(submission, "correct", None, key)

    def discard(self, submission: Submission, *, key: str | None = None) -> Submission:
        """Drop a correction that was not submitted; the version in force stands."""
        return self._step(submission, "discard", None, key)

    def _step(
        self, submission: Submission, verb: str, body: Withdraw | Return | Approve | None, key: str | None
    ) -> Submission:
        return self._post(Submission, f"submissions/{submission.id}/{verb}", body, etag=submission.etag, key=key)
