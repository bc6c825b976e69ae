"""Plans, indicators, scopes and targets; a *plan pack* is these models written as YAML."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from contracts.base import Bool, Code, Day, Ground, Int, Line, Model, Number, Prose, Quotation
from contracts.vocabularies import (
    As,
    Comparator,
    DiscrepancyKind,
    ItemType,
    Kind,
    Level,
    Measure,
    Nature,
    Ownership,
    Part,
    Precision,
    Rhythm,
    Source,
    Strength,
    Value,
    Window,
)

Percent = Annotated[Number, Field(ge=0, le=100)]


class SourcePassage(Model):
    """Where a statement stands in a document, with a few of its words."""

    document: Code
    place: Line
    quote: Quotation | None = None


class Plan(Model):
    """A plan: who issued it for which level and span; horizons may outlive it."""

    code: Code
    name: Line
    name_en: Line | None = None
    issuer: Code
    level: Level
    ground: Ground
    starts_on: Day
    ends_on: Day
    horizons: list[Day] = []

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.ends_on < self.starts_on:
            raise ValueError("ends_on lies before starts_on")
        return self


class Document(Model):
    """A source document that passages point into."""

    code: Code
    ground: Ground


class UnitGroup(Model):
    """A wording such as "all cities, counties and the zone", as a rule over organisations."""

    code: Code
    name: Line
    name_en: Line | None = None
    levels: list[Level]
    zones: Bool = False


class Responsible(Model):
    """A unit (or a group of units) and its part in an item."""

    unit: Code | None = None
    group: Code | None = None
    part: Part = Part.LISTED

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.unit is None) == (self.group is None):
            raise ValueError("name either a unit or a group")
        return self


class Item(Model):
    """An action, a task under it, or a key project beside them."""

    code: Code
    type: ItemType
    number: Int
    name: Line
    name_en: Line | None = None
    parent: Code | None = None
    tasks: list[Code] = []
    goal: Prose | None = None
    responsible: list[Responsible] = []
    sources: list[SourcePassage] = []


class FactCondition(Model):
    """A bound on a dated fact: at_least <= value < below."""

    fact: Code
    at_least: Number | None = None
    below: Number | None = None


class Filter(Model):
    """Which organisations: every field given must hold; `ancestor` asks the same of a named ancestor."""

    levels: list[Level] = []
    kinds: list[Kind] = []
    tiers: list[Int] = []
    ownership: list[Ownership] = []
    tags: list[Code] = []
    organisations: list[Code] = []
    facts: list[FactCondition] = []
    ancestor: "AncestorFilter | None" = None


class AncestorFilter(Model):
    """A condition on the ancestor of the given level."""

    level: Level
    tags: list[Code] = []
    organisations: list[Code] = []
    facts: list[FactCondition] = []


class Scope(Model):
    """Who counts: a named filter over organisations, or a list of subjects."""

    code: Code
    name: Line
    name_en: Line | None = None
    where: Filter | None = None
    subjects: list[Code] = []
    zones: Bool = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.where is None) == (not self.subjects):
            raise ValueError("give either where or subjects")
        return self


class Subject(Model):
    """A project, centre, base or campus that an organisation answers for."""

    code: Code
    name: Line
    name_en: Line | None = None
    owner: Code


class Choice(Model):
    """A component or an option of a yes-or-no indicator, or a stage of a project."""

    code: Code
    name: Line
    name_en: Line | None = None
    condition: FactCondition | None = None


class Indicator(Model):
    """What one unit is asked, once, for all plans. 90 means 90 %."""

    code: Code
    name: Line
    name_en: Line | None = None
    definition: Prose
    value: Value
    nature: Nature = Nature.STOCK
    unit: Line | None = None
    numerator: Line | None = None
    denominator: Line | None = None
    decimals: Annotated[Int, Field(ge=0, le=4)] = 0
    components: list[Choice] = []
    options: list[Choice] = []
    stages: list[Choice] = []
    levels: list[Choice] = []
    rhythm: Rhythm | None = None
    source: Source = Source.REPORTED
    fact: Code | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.value is Value.RATIO and not (self.numerator and self.denominator):
            raise ValueError("a ratio names its numerator and its denominator")
        if self.value is Value.STAGE and not self.stages:
            raise ValueError("a stage indicator lists its stages in order")
        if self.source is Source.FACTS and self.fact is None:
            raise ValueError("an indicator from facts names the fact")
        return self


class Step(Model):
    """An interim value: due on a day, absolute or as a share (percent) of the final value."""

    due: Day
    value: Number | None = None
    share: Percent | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.value is None) == (self.share is None):
            raise ValueError("a step has either a value or a share of the final value")
        return self


class Tier(Model):
    """One class of a tiered threshold: facts below `below` (open) ask for `value`; the last class has no `below`."""

    below: Number | None = None
    value: Number


class UnitThreshold(Model):
    """What a single unit must reach to comply: one value, or tiers by a dated fact (closed on the left)."""

    comparator: Literal[Comparator.AT_LEAST, Comparator.MORE_THAN, Comparator.AT_MOST] = Comparator.AT_LEAST
    value: Number | None = None
    stage: Code | None = None
    fact: Code | None = None
    tiers: list[Tier] = []

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = sum((self.value is not None, self.stage is not None, bool(self.tiers)))
        if given != 1 or bool(self.tiers) != (self.fact is not None):
            raise ValueError("give a value, a stage, or tiers with the fact they depend on")
        return self


class FactWeight(Model):
    """A part of a denominator made of facts: the fact divided by `per`."""

    fact: Code
    per: Number


class Baseline(Model):
    """Where the holder stood before: value, day, and where it is written."""

    value: Number
    on: Day
    source: Line


class Target(Model):
    """What is to be reached: an indicator, who owes it, who counts, how the figure is made, and by when."""

    code: Code
    name: Line
    name_en: Line | None = None
    indicator: Code
    holder: Code | None = None
    scope: Code
    measure: Measure
    as_: Annotated[As, Field(alias="as")] = As.NUMBER
    comparator: Comparator = Comparator.AT_LEAST
    value: Number | None = None
    upper: Number | None = None
    stage: Code | None = None
    due: Day
    precision: Precision = Precision.YEAR_END
    steps: list[Step] = []
    window: Window = Window.POINT
    unit_threshold: UnitThreshold | None = None
    denominator: list[FactWeight] = []
    relative_to: Int | None = None
    maintain: Bool = False
    baseline: Baseline | None = None
    strength: Strength = Strength.BINDING
    softening: Line | None = None
    items: Annotated[list[Code], Field(min_length=1)]
    sources: Annotated[list[SourcePassage], Field(min_length=1)]
    note: Prose | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        between = self.comparator is Comparator.BETWEEN
        low, high = self.value, self.upper
        for wrong, why in (
            (between and (low is None or high is None), "between needs value (lower bound) and upper"),
            (low is not None and high is not None and high < low, "upper lies below value"),
            (not between and high is not None, "upper belongs to between"),
            (self.comparator is not Comparator.REACHED and low is None, "value is missing"),
            (
                self.as_ is As.PERCENT and self.measure in (Measure.SUM, Measure.MEAN, Measure.OWN),
                "a percentage is made by units or ratio",
            ),
            (
                self.as_ is As.PERCENT and self.measure is Measure.UNITS and low is not None and low > 100,
                "a share of units cannot exceed 100",
            ),
            (any(step.due > self.due for step in self.steps), "a step is due after the target"),
            (
                [s.due for s in self.steps] != sorted({s.due for s in self.steps}),
                "steps must be in order of their due dates, one a day",
            ),
        ):
            if wrong:
                raise ValueError(why)
        return self


class Discrepancy(Model):
    """Sources that differ or a sentence that can be read two ways: the readings, the one followed, and why."""

    code: Code
    kind: DiscrepancyKind
    about: Line
    readings: Annotated[list[Line], Field(min_length=2)]
    chosen: Annotated[Int, Field(ge=0)]
    reason: Line
    targets: list[Code] = []
    sources: list[SourcePassage] = []


class Statement(Model):
    """A figure that was said, and is not a target."""

    code: Code
    text: Line
    value: Number | None = None
    unit: Line | None = None
    on: Day | None = None
    source: SourcePassage


class PlanPack(Model):
    """A whole plan as data, in the order a reader meets it."""

    plan: Plan
    documents: Annotated[list[Document], Field(min_length=1)]
    groups: list[UnitGroup] = []
    items: list[Item] = []
    subjects: list[Subject] = []
    scopes: list[Scope] = []
    indicators: list[Indicator] = []
    targets: list[Target] = []
    discrepancies: list[Discrepancy] = []
    statements: list[Statement] = []
