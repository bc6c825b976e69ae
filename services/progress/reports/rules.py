"""What may be answered, and which steps a submission can take."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from contracts.plans import Indicator
from contracts.reports import Answer
from contracts.vocabularies import SubmissionState as State
from contracts.vocabularies import Value
from kernel.errors import FieldError, Said

NARRATIVE = {"progress", "problems", "next_step", "help_needed"}
FIELDS: dict[Value, set[str]] = {
    Value.NUMBER: {"value"},
    Value.RATIO: {"numerator", "denominator"},
    Value.YES_NO: {"complies", "since", "components", "option"},
    Value.LEVEL: {"level", "rated_on"},
    Value.STAGE: {"stage", "percent", "percent_of"},
    Value.RANK: {"rank"},
    Value.JUDGED: set(),
}
NEEDED: dict[Value, tuple[str, ...]] = {
    Value.NUMBER: ("value",),
    Value.RATIO: ("numerator", "denominator"),
    Value.LEVEL: ("level",),
    Value.STAGE: ("stage",),
    Value.RANK: ("rank",),
    Value.JUDGED: ("progress",),
}
NEXT: dict[tuple[State, str], State] = {
    (State.DRAFT, "submit"): State.SUBMITTED,
    (State.RETURNED, "submit"): State.SUBMITTED,
    (State.WITHDRAWN, "submit"): State.SUBMITTED,
    (State.SUBMITTED, "withdraw"): State.WITHDRAWN,
    (State.SUBMITTED, "return"): State.RETURNED,
    (State.SUBMITTED, "approve"): State.APPROVED,
    (State.APPROVED, "correct"): State.DRAFT,
    (State.DRAFT, "discard"): State.APPROVED,
}
WRITABLE = (State.DRAFT, State.RETURNED, State.WITHDRAWN)


def given(answer: Answer) -> set[str]:
    """The fields an answer fills in: zero and no are answers, blanks and an empty list are none."""
    said = {name: getattr(answer, name) for name in Answer.model_fields}
    found = {name for name, value in said.items() if value is not None and value != {} and not _blank(value)}
    return found if answer.not_applicable else found - {"not_applicable"}


def _blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def check(indicator: Indicator, answer: Answer, *, complete: bool, prefix: str = "") -> list[FieldError]:
    """Every fault of an answer; with `complete`, what is missing too."""
    faults = [*_foreign(indicator, answer, prefix), *_coherence(indicator, answer, prefix)]
    if complete:
        faults += _missing(indicator, answer, prefix)
    return faults


def _foreign(indicator: Indicator, answer: Answer, prefix: str) -> Iterable[FieldError]:
    allowed = FIELDS[indicator.value] | NARRATIVE | {"not_applicable"}
    for name in sorted(given(answer) - allowed):
        yield FieldError(
            f"{prefix}/{name}",
            "not-asked",
            Said(
                f"该指标为“{indicator.value.zh}”，不填此项。",
                f"this indicator asks for a {indicator.value.en}, not this",
            ),
        )


def _missing(indicator: Indicator, answer: Answer, prefix: str) -> Iterable[FieldError]:
    if answer.not_applicable:
        if "progress" not in given(answer):
            yield FieldError(f"{prefix}/progress", "missing", Said("不适用须说明理由。", "say why it does not apply"))
        return
    for name in NEEDED.get(indicator.value, ()):
        if name not in given(answer):
            yield FieldError(f"{prefix}/{name}", "missing", Said("必填。", "this field is required"))
    if indicator.value is Value.YES_NO and not given(answer) & {"complies", "components", "option"}:
        yield FieldError(f"{prefix}/complies", "missing", Said("必填。", "this field is required"))


def _coherence(indicator: Indicator, answer: Answer, prefix: str) -> Iterable[FieldError]:
    if answer.value is not None:
        yield from _decimals(indicator, answer.value, prefix)
    top, bottom = answer.numerator, answer.denominator
    if bottom is not None and bottom == 0:
        yield FieldError(f"{prefix}/denominator", "zero", Said("分母须大于零。", "the denominator must be above zero"))
    elif top is not None and bottom is not None and top > bottom:
        yield FieldError(
            f"{prefix}/numerator",
            "above-denominator",
            Said("分子不能大于分母。", "the numerator cannot exceed the denominator"),
        )
    yield from _choices(indicator, answer, prefix)


def _decimals(indicator: Indicator, value: Decimal, prefix: str) -> Iterable[FieldError]:
    if value < 0:
        yield FieldError(f"{prefix}/value", "negative", Said("不能为负数。", "the value cannot be negative"))
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > indicator.decimals:
        yield FieldError(
            f"{prefix}/value",
            "too-many-decimals",
            Said(f"至多 {indicator.decimals} 位小数。", f"at most {indicator.decimals} decimals"),
        )


def _choices(indicator: Indicator, answer: Answer, prefix: str) -> Iterable[FieldError]:
    for name, value, choices in (
        ("stage", answer.stage, indicator.stages),
        ("option", answer.option, indicator.options),
    ):
        if value is not None and value not in {choice.code for choice in choices}:
            yield _unknown(f"{prefix}/{name}", [choice.code for choice in choices])
    wanted = {component.code for component in indicator.components}
    for code in sorted(set(answer.components or {}) - wanted):
        yield _unknown(f"{prefix}/components/{code}", sorted(wanted))
    if answer.components and answer.complies and not all(answer.components.get(c) for c in wanted):
        yield FieldError(
            f"{prefix}/complies",
            "contradiction",
            Said("各组成项均达到方为达到。", "it complies only when every component does"),
        )


def _unknown(pointer: str, codes: list[str]) -> FieldError:
    listed = ", ".join(codes)
    return FieldError(pointer, "unknown-reference", Said(f"可选：{listed}", f"choose one of: {listed}"))


@dataclass(frozen=True)
class Possible:
    """What the caller may do with a submission as it stands; `resubmits` while the window of a return lasts."""

    reports: bool
    reviews: bool
    window_open: bool
    resubmits: bool = False


def actions(state: State, step: int, in_force: int | None, may: Possible) -> list[str]:
    """The steps open to the caller now, so that a front end shows only buttons that work."""
    found = []
    if may.reports and state in WRITABLE and (may.window_open or may.resubmits):
        found += ["edit", "submit"]
    if may.reports and state is State.DRAFT and in_force is not None:
        found.append("discard")
    if may.reports and state is State.SUBMITTED and step == 0:
        found.append("withdraw")
    if may.reports and state is State.APPROVED and may.window_open:
        found.append("correct")
    if may.reviews and state is State.SUBMITTED:
        found += ["approve", "return"]
    return found
