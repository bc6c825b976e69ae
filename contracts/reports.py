"""The calendar, the report of a unit, submissions and their review."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from contracts.base import Bool, Code, Day, Ground, Instant, Int, Line, Model, Number, PeriodCode, Prose
from contracts.plans import Choice
from contracts.vocabularies import Rhythm, SubmissionState, Value

Reason = Annotated[Line, Field(min_length=2)]
NotNegative = Annotated[Number, Field(ge=0)]


class Period(Model):
    """A calendar interval shared by all plans; the window is half-open and on the database's clock."""

    code: PeriodCode
    kind: Rhythm
    starts_on: Day
    ends_on: Day
    opens_at: Instant
    closes_at: Instant
    state: Literal["upcoming", "open", "closed"]
    etag: str


class ExtensionCreate(Model):
    """Opens a period for a unit and all below it until an instant; an audited act with a ground."""

    organisation: Code
    until: Instant
    reason: Reason
    ground: Ground


class Extension(ExtensionCreate):
    """An extension as granted."""

    id: UUID
    period: PeriodCode
    granted_by: Line
    granted_at: Instant


class Answer(Model):
    """What a unit reports about one indicator; which fields count depends on the indicator's value kind."""

    value: Number | None = None
    numerator: NotNegative | None = None
    denominator: NotNegative | None = None
    complies: Bool | None = None
    since: Day | None = None
    components: dict[Code, Bool] | None = None
    option: Code | None = None
    level: Annotated[Number, Field(ge=0, le=10)] | None = None
    rated_on: Day | None = None
    stage: Code | None = None
    percent: Annotated[Number, Field(ge=0, le=100)] | None = None
    percent_of: Literal["works", "investment"] | None = None
    rank: Annotated[Int, Field(ge=1, le=100000)] | None = None
    not_applicable: Bool = False
    progress: Prose | None = None
    problems: Prose | None = None
    next_step: Prose | None = None
    help_needed: Prose | None = None


class EntryKey(Model):
    """Which fact: the indicator, and the subject if it is asked about one."""

    indicator: Code
    subject: Code | None = None


class Entry(EntryKey, Answer):
    """One line of a report."""


class SubmissionCreate(Entry):
    """One fact of one unit and period; with `submit` it goes to review at once."""

    organisation: Code
    period: PeriodCode
    submit: Bool = False


class ReviewState(Model):
    """How far the review has come: step n of m, and whose turn it is."""

    step: Int
    of: Int
    waiting_at: Code
    waiting_at_name: Line
    no_reviewer: Bool


class Returned(Model):
    """Why it came back, from whom, with the value the reviewer proposes instead (if any)."""

    reason: Line
    suggested: Answer | None
    by: Line
    at: Instant


class Submission(Model):
    """A submission as it stands; `version` counts what was submitted, `etag` guards every change."""

    id: UUID
    indicator: Code
    indicator_name: Line
    organisation: Code
    organisation_name: Line
    synthetic: Bool
    subject: Code | None
    subject_name: Line | None
    period: PeriodCode
    state: SubmissionState
    version: Int
    in_force_version: Int | None
    answer: Answer
    review: ReviewState | None
    returned: Returned | None
    author: Line
    submitted_at: Instant | None
    updated_at: Instant
    etag: str
    actions: list[str]


class SubmissionVersion(Model):
    """One version that was submitted, or the draft being written."""

    version: Int
    answer: Answer
    author: Line
    submitted_at: Instant | None
    in_force: Bool


class Versions(Model):
    """Every version of a submission, the first one first."""

    items: list[SubmissionVersion]


class Withdraw(Model):
    """Taking a submission back before it is decided."""

    reason: Reason


class Return(Model):
    """Sending a submission back, with the reason and perhaps a proposed answer."""

    reason: Reason
    suggested: Answer | None = None


class Approve(Model):
    """Approving what was read; a judged indicator needs the judgement."""

    note: Prose | None = None
    judgement: Literal["met", "partly", "not_met"] | None = None


class Decision(Model):
    """One decision of a batch; `version` pins what was read."""

    submission: UUID
    version: Int
    decision: Literal["approve", "return"]
    reason: Reason | None = None

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.decision == "return" and self.reason is None:
            raise ValueError("a return needs a reason")
        return self


class ReviewBatch(Model):
    """Several decisions, each answered on its own."""

    decisions: Annotated[list[Decision], Field(min_length=1, max_length=1000)]


class DecisionResult(Model):
    """What became of one decision: `done`, or the code of the problem."""

    submission: UUID
    outcome: str
    state: SubmissionState | None = None
    message: str | None = None


class ReviewBatchResult(Model):
    """What became of a batch."""

    summary: dict[str, Int]
    results: list[DecisionResult]


class ReportWindow(Model):
    """When the unit may submit for this period, and until when an extension lasts."""

    opens_at: Instant
    closes_at: Instant
    extended_until: Instant | None
    open: Bool


class FormEntry(Model):
    """One question of a report, complete enough to draw it."""

    indicator: Code
    name: Line
    name_en: Line | None
    definition: Prose
    value: Value
    unit: Line | None
    numerator: Line | None
    denominator: Line | None
    decimals: Int
    components: list[Choice]
    options: list[Choice]
    stages: list[Choice]
    levels: list[Choice]
    subject: Code | None
    subject_name: Line | None
    targets: list[Code]
    thresholds: list[Line]
    rules: list[Code]
    last: Answer | None
    last_period: PeriodCode | None
    submission: Submission | None
    actions: list[str]


class ReportForm(Model):
    """The report of an organisation and period: everything asked of it, once."""

    organisation: Code
    organisation_name: Line
    synthetic: Bool
    period: PeriodCode
    window: ReportWindow
    entries: list[FormEntry]
    counts: dict[str, Int]


class ReportSave(Model):
    """Answers to save as drafts; what is not named stays as it is."""

    entries: Annotated[list[Entry], Field(min_length=1, max_length=500)]


class ReportResult(Model):
    """What was saved or submitted."""

    organisation: Code
    period: PeriodCode
    items: list[Submission]


class Expectation(Model):
    """What a unit owes for a period, and whether it came."""

    organisation: Code
    organisation_name: Line
    period: PeriodCode
    indicator: Code
    indicator_name: Line
    subject: Code | None
    state: Literal["due", "reported", "late", "missing"]
