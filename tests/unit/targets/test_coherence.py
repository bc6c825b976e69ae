"""Whether a target means something, on each way in which it might not."""

from decimal import Decimal

import pytest

from contracts.plans import FactWeight, Indicator, Scope, Target
from contracts.vocabularies import Measure, Value
from services.targets.plans.coherence import misfits
from tests.unit.targets.example import faults_of, spoilt

TARGET = {
    "code": "t",
    "name": "t",
    "indicator": "i",
    "scope": "s",
    "measure": "sum",
    "value": "1",
    "due": "2025-12-31",
    "items": ["x"],
    "sources": [{"document": "d", "place": "p"}],
}
STAGES = [{"code": "started", "name": "s"}, {"code": "complete", "name": "c"}]


def codes(target: dict[str, object], indicator: dict[str, object], subjects: int = 0) -> list[str]:
    """The codes of what does not fit."""
    asked = {"code": "i", "name": "i", "definition": "", "numerator": "n", "denominator": "d", "stages": STAGES}
    where: dict[str, object] = {"subjects": [f"s{at}" for at in range(subjects)]} if subjects else {"where": {}}
    scope = Scope.model_validate({"code": "s", "name": "s", **where})
    found = misfits(
        Target.model_validate({**TARGET, **target}), Indicator.model_validate({**asked, **indicator}), scope
    )
    return [misfit.code for misfit in found]


FITS = {
    Measure.SUM: {Value.NUMBER},
    Measure.MEAN: {Value.LEVEL},
    Measure.RATIO: {Value.RATIO},
    Measure.UNITS: {Value.YES_NO, Value.JUDGED, Value.NUMBER, Value.RATIO, Value.LEVEL, Value.STAGE},
    Measure.OWN: set(Value),
}


@pytest.mark.parametrize("measure", list(Measure))
@pytest.mark.parametrize("value", list(Value))
def test_a_measure_fits_some_values_only(measure: Measure, value: Value) -> None:
    """Every pair, against the table of the model."""
    found = codes({"measure": measure.value}, {"value": value.value})
    assert (value in FITS[measure]) == ("measure-value" not in found)


def test_a_ratio_may_take_its_denominator_from_facts() -> None:
    """Then the indicator is a number; nothing else takes such a denominator."""
    facts = [FactWeight(fact="resident_population", per=Decimal(1000)).model_dump(mode="json")]
    assert codes({"measure": "ratio", "denominator": facts}, {"value": "number"}) == []
    assert codes({"denominator": facts}, {"value": "number"}) == ["denominator-unfit"]


@pytest.mark.parametrize(
    ("target", "indicator", "expected"),
    [
        ({"measure": "units", "unit_threshold": {"value": 1}}, {"value": "number"}, []),
        ({"measure": "units"}, {"value": "number"}, ["threshold-missing"]),
        ({"measure": "units"}, {"value": "level"}, ["threshold-missing"]),
        ({"measure": "units"}, {"value": "stage"}, ["threshold-missing"]),
        ({"measure": "units", "stage": "complete"}, {"value": "stage"}, []),
        ({"measure": "units", "unit_threshold": {"stage": "complete"}}, {"value": "stage"}, []),
        ({"measure": "units", "unit_threshold": {"stage": "done"}}, {"value": "stage"}, ["unknown-stage"]),
        ({"measure": "own", "stage": "done"}, {"value": "stage"}, ["unknown-stage"]),
        ({"measure": "own", "stage": "complete"}, {"value": "yes_no"}, ["stage-unfit"]),
        ({"measure": "units"}, {"value": "yes_no"}, []),
        ({"measure": "units", "unit_threshold": {"value": 1}}, {"value": "yes_no"}, ["threshold-unfit"]),
        ({"measure": "units", "unit_threshold": {"value": 1}}, {"value": "stage"}, ["threshold-unfit"]),
        ({"unit_threshold": {"value": 1}}, {"value": "number"}, ["threshold-measure"]),
        ({"comparator": "reached", "value": None}, {"value": "number"}, ["value-needed"]),
        ({"window": "year"}, {"value": "number"}, ["window-stock"]),
        ({"window": "point"}, {"value": "number", "nature": "flow"}, ["window-flow"]),
        ({"window": "plan"}, {"value": "number", "nature": "flow"}, []),
        (
            {"measure": "own", "comparator": "reached", "value": None, "steps": [{"due": "2024-12-31", "share": 50}]},
            {"value": "yes_no"},
            ["share-of-nothing"],
        ),
    ],
)
def test_thresholds_stages_and_windows(
    target: dict[str, object], indicator: dict[str, object], expected: list[str]
) -> None:
    """What a unit must reach suits what it answers."""
    assert expected == codes(target, indicator)


@pytest.mark.parametrize(
    ("tiers", "fine"),
    [
        ([(10, 1), (20, 2), (None, 3)], True),
        ([(None, 3)], True),
        ([(20, 1), (10, 2), (None, 3)], False),
        ([(10, 1), (10, 2), (None, 3)], False),
        ([(10, 1), (20, 2)], False),
        ([(None, 1), (20, 2), (None, 3)], False),
    ],
)
def test_tiers_ascend_and_only_the_last_is_open(tiers: list[tuple[int | None, int]], fine: bool) -> None:
    """Closed on the left, and no fact without a class."""
    listed = [{"value": value, **({"below": below} if below else {})} for below, value in tiers]
    target: dict[str, object] = {"measure": "units", "unit_threshold": {"fact": "population", "tiers": listed}}
    assert ([] if fine else ["tiers-order"]) == codes(target, {"value": "number"})


def test_own_reads_one_subject() -> None:
    """Several subjects are counted with units."""
    assert codes({"measure": "own"}, {"value": "number"}, subjects=2) == ["one-subject"]
    assert codes({"measure": "own"}, {"value": "number"}, subjects=1) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "column"),
    [
        ("due: 2025-06-30", "due: 2031-06-30", "outside-plan", "targets.due"),
        ("due: 2025-06-30", "due: 2023-06-30", "outside-plan", "targets.due"),
        ("{due: 2024-12-31, value: 50}", "{due: 2023-12-31, value: 50}", "outside-plan", "targets.steps.0.due"),
        ("    value: 90\n", "    value: 90\n    relative_to: 2025\n", "base-year", "targets.relative_to"),
        ("{code: complete, name: 建成}", "{code: started, name: 建成}", "duplicate-choice", "indicators.stages.1.code"),
        ("chosen: 0", "chosen: 2", "chosen-reading", "discrepancies.chosen"),
    ],
)
def test_dates_and_readings(old: str, new: str, code: str, column: str) -> None:
    """Within the plan and its horizons; one of the readings given."""
    found = faults_of(spoilt(old, new))
    assert (code, column) in [(fault.code, fault.column) for fault in found]


def test_a_horizon_outlives_the_plan() -> None:
    """A target of 2030 is no fault where the plan looks that far."""
    assert faults_of(spoilt("due: 2025-06-30", "due: 2030-12-31")) == []
