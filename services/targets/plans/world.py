"""What a pack meets when it is loaded: organisations, and what other plans have defined."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.plans import Indicator, Scope
from contracts.vocabularies import PlanStatus


@dataclass(frozen=True)
class PlanNow:
    """A plan as it stands before the load."""

    issuer: str
    status: PlanStatus
    version: int
    digest: str


@dataclass(frozen=True)
class Known:
    """The latest version of an entry; `living` is False once it was left out of its plan."""

    kind: str
    code: str
    plan: str
    version: int
    digest: str
    living: bool


@dataclass(frozen=True)
class World:
    """Everything around the pack that decides whether it fits.

    `organisations` has the known ones among those the pack names, `under_issuer` those of them that the issuer
    may set targets for, `names` what may be suggested instead of an unknown code. `codes` and the models are what
    other plans offer that the caller may refer to.
    """

    plan: PlanNow | None = None
    organisations: frozenset[str] = frozenset()
    under_issuer: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[tuple[str, str], Known] = field(default_factory=dict)
    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    indicators: Mapping[str, Indicator] = field(default_factory=dict)
    scopes: Mapping[str, Scope] = field(default_factory=dict)
