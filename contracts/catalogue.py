"""Plans and what they hold, as the API shows them and the change feed carries them."""

from contracts.base import Bool, Code, Int, Line, Model
from contracts.plans import Indicator, Item, Plan, Responsible, Scope, Target
from contracts.vocabularies import PlanStatus


class PlanView(Plan):
    """A plan with its life and what it holds."""

    status: PlanStatus
    version: Int
    counts: dict[str, Int]
    etag: str
    actions: list[str] = []


class ResponsibleView(Responsible):
    """A responsible unit with its name."""

    name: Line | None = None


class ItemView(Item):
    """An entry of a plan, with the targets that belong to it."""

    plan: Code
    responsible: list[ResponsibleView] = []  # type: ignore[assignment]
    targets: list[Code] = []


class TargetEntity(Target):
    """A target as the change feed carries it: with its plan, the plan's holder filled in, and its version."""

    plan: Code
    version: Int
    published: Bool


class TargetView(TargetEntity):
    """A target as the API shows it: names beside codes."""

    indicator_name: Line
    indicator_name_en: Line | None = None
    scope_name: Line
    scope_name_en: Line | None = None
    holder_name: Line | None = None
    etag: str
    actions: list[str] = []


class IndicatorView(Indicator):
    """An indicator and the targets that stand on it."""

    version: Int
    targets: list[Code] = []
    etag: str


class ScopeView(Scope):
    """A scope and its version."""

    version: Int


class VocabularyWord(Model):
    """One word of a closed list."""

    value: str
    zh: str
    en: str


class Vocabulary(Model):
    """A closed list of words with labels in both languages."""

    name: str
    about: str
    words: list[VocabularyWord]


class Vocabularies(Model):
    """All closed lists."""

    items: list[Vocabulary]
