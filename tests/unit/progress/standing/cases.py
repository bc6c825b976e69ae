"""Targets and figures to judge: builders with the least that a case has to say."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from contracts.plans import Target
from services.progress.standing.rules import Amounts, Base, Choices, Judgement, Moment, Own, Words, judge

PLAN_STARTS = date(2023, 1, 1)
END = date(2025, 12, 31)
STAGES = ["preparation", "started", "main-structure", "complete", "in-use"]
CHOICES = Choices(
    about_tolerance=Decimal(15),
    band=Decimal(10),
    unrated="lowest",
    stale_after=timedelta(days=400),
    inherit_share_thresholds=True,
)


def target(**said: Any) -> Target:
    """A target of the province, due at the end of 2025 unless told otherwise."""
    known: dict[str, Any] = {
        "code": "T",
        "name": "目标",
        "indicator": "i",
        "holder": "360000",
        "scope": "s",
        "due": END,
        "items": ["5"],
        "sources": [{"document": "plan", "place": "任务5"}],
    }
    return Target.model_validate({**known, **said})


def step(due: str, **said: Any) -> dict[str, Any]:
    """A step due on a day."""
    return {"due": date.fromisoformat(due), **said}


def at(day: str, **said: Any) -> Moment:
    """A moment at which the same was reported and confirmed."""
    amounts = Amounts(**said)
    return Moment(date.fromisoformat(day), amounts, amounts)


def total(day: str, confirmed: int | str, reported: int | str | None = None) -> Moment:
    """A sum, of one unit."""
    both = (confirmed, confirmed if reported is None else reported)
    return Moment(date.fromisoformat(day), *(Amounts(value=Decimal(v), units=1) for v in both))


def own(day: str, **said: Any) -> Moment:
    """The one unit's answer, reported and confirmed."""
    return Moment(date.fromisoformat(day), own_confirmed=Own(**said), own_reported=Own(**said))


def ask(
    asked: Target,
    on: str | date,
    moments: Sequence[Moment] = (),
    *,
    base: Base | int = 1,
    fact_denominator: Decimal | int | None = None,
    denominator_known: bool | None = None,
    own_share: bool = True,
    choices: Choices = CHOICES,
    stages: Sequence[str] = STAGES,
    plan_starts: date = PLAN_STARTS,
    words: Words | None = None,
) -> Judgement:
    """Judge with the usual surroundings."""
    people = None if fact_denominator is None else Decimal(fact_denominator)
    return judge(
        asked,
        plan_starts=plan_starts,
        on=on if isinstance(on, date) else date.fromisoformat(on),
        moments=moments,
        base=base if isinstance(base, Base) else Base(base),
        fact_denominator=people,
        denominator_known=people is not None if denominator_known is None else denominator_known,
        own_share=own_share,
        choices=choices,
        stages=stages,
        words=words or Words(),
    )
