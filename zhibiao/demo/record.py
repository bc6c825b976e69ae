"""What was done, act by act: enough to compute every figure again without asking the system."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from contracts.reports import Answer, Submission

Verb = Literal["saved", "submitted", "resubmitted", "returned", "approved", "corrected"]


@dataclass(frozen=True)
class Act:
    """One thing that was done to one fact; `office` is where a reviewer acted."""

    verb: Verb
    organisation: str
    organisation_name: str
    indicator: str
    indicator_name: str
    subject: str | None
    period: str
    version: int
    submission: UUID
    answer: Answer
    office: str | None = None
    reason: str | None = None
    suggested: Answer | None = None

    def raw(self) -> dict[str, Any]:
        """The act for programs."""
        said = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return said | {
            "submission": str(self.submission),
            "answer": _answer(self.answer),
            "suggested": _answer(self.suggested) if self.suggested else None,
        }


@dataclass
class Record:
    """Every act in order, and what was found to be done already."""

    acts: list[Act] = field(default_factory=list)
    known: int = 0

    def add(self, verb: Verb, about: Submission, **more: Any) -> Act:
        """Note an act on a submission as it stands after it."""
        act = Act(
            verb,
            about.organisation,
            about.organisation_name,
            about.indicator,
            about.indicator_name,
            about.subject,
            about.period,
            about.version,
            about.id,
            about.answer,
            **more,
        )
        self.acts.append(act)
        return act


def facts(found: Iterable[Submission]) -> dict[tuple[str, str, str | None], Submission]:
    """Submissions by the fact they are about."""
    return {(each.organisation, each.indicator, each.subject): each for each in found}


def _answer(answer: Answer) -> dict[str, Any]:
    return answer.model_dump(mode="json", exclude_defaults=True)
