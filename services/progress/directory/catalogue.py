"""Plans and what they hold, parsed once and shared by all requests of a process until they change."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from contracts.catalogue import TargetEntity
from contracts.plans import Indicator, Item, Plan, Scope, Subject, UnitThreshold
from contracts.settings import Setting
from contracts.vocabularies import ItemType, Measure, Rhythm, Source


@dataclass(frozen=True)
class Tally:
    """One way of adding up an indicator: over a scope, counting who complies by a rule.

    `rule` is empty for the plain sum, else the code of the target whose threshold decides compliance.
    """

    scope: str
    rule: str = ""
    threshold: UnitThreshold | None = None
    stage: str | None = None


@dataclass(frozen=True)
class Catalogue:
    """Everything published, by code; `position` says as of when."""

    position: int = -1
    plans: dict[str, Plan] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    indicators: dict[str, Indicator] = field(default_factory=dict)
    scopes: dict[str, Scope] = field(default_factory=dict)
    subjects: dict[str, Subject] = field(default_factory=dict)
    targets: dict[str, TargetEntity] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    by_indicator: dict[str, list[TargetEntity]] = field(default_factory=dict)
    item_plans: dict[str, str] = field(default_factory=dict)

    def tallies(self, indicator: str) -> list[Tally]:
        """Every way this indicator is added up."""
        found: dict[tuple[str, str], Tally] = {}
        for target in self.by_indicator.get(indicator, ()):
            for tally in (Tally(target.scope), rule_of(target)):
                found[tally.scope, tally.rule] = tally
        return list(found.values())

    def asked(self) -> dict[str, list[str]]:
        """For each indicator that is reported: the scopes whose members are asked."""
        return {
            code: sorted({target.scope for target in targets})
            for code, targets in self.by_indicator.items()
            if code in self.indicators and self.indicators[code].source is Source.REPORTED
        }

    def items_above(self, codes: Iterable[str]) -> frozenset[str]:
        """Items with the tasks they belong to and the actions above those."""
        found = set(codes)
        for _ in ItemType:
            known = [self.items[code] for code in found if code in self.items]
            found |= {item.parent for item in known if item.parent} | {t for item in known for t in item.tasks}
        return frozenset(found)

    def items_of(self, indicator: str) -> frozenset[str]:
        """The plan items that an indicator serves, and everything above them."""
        return self.items_above(i for target in self.by_indicator.get(indicator, ()) for i in target.items)

    def within(self, indicator: str, items: Collection[str] | None) -> bool:
        """Whether an indicator serves one of the items; None stands for no limit."""
        return items is None or not self.items_of(indicator).isdisjoint(items)

    def indicators_of(self, items: Collection[str]) -> list[str]:
        """The indicators that serve any of the items."""
        return [code for code in self.indicators if not self.items_of(code).isdisjoint(items)]

    def rhythm(self, indicator: Indicator) -> Rhythm:
        """How often the indicator is asked; where neither it nor a document says, the setting does."""
        chosen = indicator.rhythm or Rhythm(str(self.settings.get("default-rhythm", Rhythm.MONTH.value)))
        return Rhythm.MONTH if chosen is Rhythm.ON_CHANGE else chosen


def rule_of(target: TargetEntity) -> Tally:
    """How a unit's compliance with this target is counted."""
    own_rule = target.unit_threshold is not None or target.stage is not None
    if own_rule and target.measure in (Measure.UNITS, Measure.OWN):
        return Tally(target.scope, target.code, target.unit_threshold, target.stage)
    return Tally(target.scope)


def parse(position: int, rows: Iterable[tuple[str, str, dict[str, Any]]]) -> Catalogue:
    """The catalogue made of (kind, key, body) rows; kinds it does not need are left out."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for kind, key, body in rows:
        found[kind][key] = body
    targets = {k: TargetEntity.model_validate(_known(TargetEntity, b)) for k, b in found["target"].items()}
    published = {k: t for k, t in targets.items() if t.published}
    by_indicator: dict[str, list[TargetEntity]] = defaultdict(list)
    for target in sorted(published.values(), key=lambda t: t.code):
        by_indicator[target.indicator].append(target)
    return Catalogue(
        position=position,
        plans={k: Plan.model_validate(_known(Plan, b)) for k, b in found["plan"].items()},
        items={k: Item.model_validate(_known(Item, b)) for k, b in found["item"].items()},
        item_plans={k: str(b.get("plan", "")) for k, b in found["item"].items()},
        indicators={k: Indicator.model_validate(_known(Indicator, b)) for k, b in found["indicator"].items()},
        scopes={k: Scope.model_validate(_known(Scope, b)) for k, b in found["scope"].items()},
        subjects={k: Subject.model_validate(_known(Subject, b)) for k, b in found["subject"].items()},
        targets=published,
        settings={k: Setting.model_validate(b).value for k, b in found["setting"].items()},
        by_indicator=dict(by_indicator),
    )


def _known(model: Any, body: dict[str, Any]) -> dict[str, Any]:
    names = set(model.model_fields) | {f.alias for f in model.model_fields.values() if f.alias}
    return {name: value for name, value in body.items() if name in names}
