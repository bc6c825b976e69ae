"""What the service should do, step by step: a model of submissions in plain Python, written from the words alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from contracts.rights import Principal
from contracts.vocabularies import Role
from tests.integration.progress.accounting import Books
from tests.integration.progress.world import id_of

SEES = {Role.REPORTER, Role.REVIEWER, Role.PLANNER, Role.SUPERVISOR, Role.VIEWER}
REPORTING = {"edit", "submit", "withdraw", "correct", "discard"}
WRITABLE = {"draft", "returned", "withdrawn"}
Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Refusal:
    """What the service should refuse with."""

    status: int
    code: str


MISSING = Refusal(401, "unauthenticated")
FORBIDDEN = Refusal(403, "forbidden")
OWN = Refusal(403, "separation-of-duty")
ABSENT = Refusal(404, "not-found")
CONFLICT = Refusal(409, "state-conflict")
DUPLICATE = Refusal(409, "duplicate")
STALE = Refusal(412, "stale-version")
INVALID = Refusal(422, "validation-failed")
UNKNOWN = Refusal(422, "unknown-reference")
UNGUARDED = Refusal(428, "precondition-required")


@dataclass
class Submission:
    """One fact as the model sees it."""

    unit: str
    subject: str
    indicator: str
    period: str
    chain: list[str]
    state: str = "draft"
    revision: int = 0
    versions: dict[int, Answer] = field(default_factory=dict)
    sent: set[int] = field(default_factory=set)
    in_force: int | None = None
    step: int = 0
    authors: set[str] = field(default_factory=set)
    decided: set[str] = field(default_factory=set)
    id: str = ""

    @property
    def version(self) -> int:
        """The newest version."""
        return max(self.versions)

    @property
    def answer(self) -> Answer:
        """What the newest version says."""
        return self.versions[self.version]

    @property
    def waiting_at(self) -> str | None:
        """Whose turn it is."""
        return self.chain[self.step] if self.state == "submitted" else None

    def write(self, who: str, answer: Answer) -> None:
        """A new answer: over a draft, or as a new version after what was sent."""
        number = self.version + 1 if not self.versions or self.version in self.sent else self.version
        self.versions[number] = dict(answer)
        self.authors.add(who)
        self.revision += 1

    def send(self, who: str) -> None:
        """Up the chain, from its beginning."""
        if self.version in self.sent:
            self.write(who, self.answer)
        self.sent.add(self.version)
        self.state, self.step, self.decided = "submitted", 0, set()
        self.authors.add(who)
        self.revision += 1


def same(one: Answer, other: Answer) -> bool:
    """Whether two answers say the same; 3 and 3.0 do."""
    return {k: _exact(v) for k, v in one.items()} == {k: _exact(v) for k, v in other.items()}


def _exact(value: Any) -> Any:
    return Decimal(value) if isinstance(value, str) and value.replace(".", "").isdigit() else value


class Model:
    """All submissions, and what each person may do; every office of this world has a reviewer."""

    def __init__(self, books: Books, people: Mapping[str, Principal], today: Any) -> None:
        self.books, self.people = books, people
        self.facts: dict[tuple[str, str, str, str], Submission] = {}
        self.above = {code: books.managers(code, today) for code in books.units}
        self.kinds = books.of("indicator")

    def holds(self, who: str, role: Role) -> bool:
        """Whether somebody has a role anywhere."""
        return any(grant.role is role for grant in self.people[who].grants)

    def over(self, who: str, unit: str, roles: set[Role]) -> bool:
        """Whether somebody has one of the roles at a unit or above it."""
        line = {id_of(code) for code in (unit, *self.above[unit])}
        return any(grant.role in roles and grant.organisation in line for grant in self.people[who].grants)

    def decides_for(self, who: str, office: str) -> bool:
        """Whether somebody is a reviewer of exactly this office."""
        grants = self.people[who].grants
        return any(g.role is Role.REVIEWER and g.organisation == id_of(office) for g in grants)

    def faults(self, indicator: str, answer: Answer, *, complete: bool) -> bool:
        """Whether an answer has a fault: missing when it must be complete, negative, or a share above one."""
        needed = {
            "number": ["value"], "ratio": ["numerator", "denominator"], "level": ["level"], "yes_no": ["complies"],
            "stage": ["stage"], "judged": ["progress"],
        }[self.kinds[indicator]["value"]]  # fmt: skip
        if answer.get("not_applicable"):
            needed = ["progress"]
        missing = complete and any(name not in answer for name in needed)
        negative = Decimal(answer.get("value", 0)) < 0
        return missing or negative or Decimal(answer.get("numerator", 0)) > Decimal(answer.get("denominator", 10**9))

    # --- writing a fact ---

    def put(self, who: str, key: tuple[str, str, str, str], answer: Answer, *, submit: bool) -> Refusal | Submission:
        """POST /submissions."""
        unit, subject, indicator, period = key
        if who not in self.people:
            return MISSING
        if not self.holds(who, Role.REPORTER):
            return FORBIDDEN
        if not self.over(who, unit, SEES):
            return UNKNOWN
        if not self.over(who, unit, {Role.REPORTER}):
            return FORBIDDEN
        known = self.facts.get(key)
        if known is not None and known.state not in WRITABLE:
            return known if same(known.answer, answer) else DUPLICATE
        if self.faults(indicator, answer, complete=submit):
            return INVALID
        if known is None:
            known = Submission(unit, subject, indicator, period, self.above[unit] or [unit], versions={})
            known.versions[1] = dict(answer)
            known.revision, known.authors = 1, {who}
            self.facts[key] = known
        elif not same(known.answer, answer):
            known.write(who, answer)
        if submit:
            known.send(who)
        return known

    # --- steps ---

    def step(self, who: str, fact: Submission, action: str, seen: int | None, body: Answer) -> Refusal | Submission:
        """A step by id, on the revision that was seen (None: no If-Match)."""
        role = Role.REPORTER if action in REPORTING else Role.REVIEWER
        if who not in self.people:
            return MISSING
        if not self.holds(who, role):
            return FORBIDDEN
        if seen is None:
            return UNGUARDED
        if not self.over(who, fact.unit, SEES):
            return ABSENT
        refused = (self._reports if role is Role.REPORTER else self._reviews)(who, fact, action, seen, body)
        if refused is None:
            getattr(self, f"_{action}")(who, fact, body)
        return refused or fact

    def _reports(self, who: str, fact: Submission, action: str, seen: int, body: Answer) -> Refusal | None:
        if not self.over(who, fact.unit, {Role.REPORTER}):
            return FORBIDDEN
        possible = {
            "edit": fact.state in WRITABLE,
            "submit": fact.state in WRITABLE,
            "withdraw": fact.state == "submitted" and fact.step == 0,
            "correct": fact.state == "approved",
            "discard": fact.state == "draft" and fact.in_force is not None,
        }[action]
        if not possible:
            return CONFLICT
        if seen != fact.revision:
            return STALE
        if action == "edit" and self.faults(fact.indicator, body, complete=False):
            return INVALID
        if action == "submit" and self.faults(fact.indicator, fact.answer, complete=True):
            return INVALID
        return None

    def _reviews(self, who: str, fact: Submission, action: str, seen: int, body: Answer) -> Refusal | None:
        if fact.waiting_at is None:
            return CONFLICT
        stale = seen != fact.revision
        if not self.decides_for(who, fact.waiting_at):
            return STALE if stale else FORBIDDEN
        if who in fact.authors or who in fact.decided:
            return OWN
        if stale:
            return STALE
        judged = self.kinds[fact.indicator]["value"] == "judged"
        final = fact.step + 1 == len(fact.chain)
        return INVALID if action == "approve" and judged and final and "judgement" not in body else None

    def _edit(self, who: str, fact: Submission, body: Answer) -> None:
        fact.write(who, body)

    def _submit(self, who: str, fact: Submission, body: Answer) -> None:
        fact.send(who)

    def _withdraw(self, who: str, fact: Submission, body: Answer) -> None:
        fact.state = "withdrawn"
        fact.revision += 1

    def _correct(self, who: str, fact: Submission, body: Answer) -> None:
        fact.write(who, fact.answer)
        fact.state = "draft"

    def _discard(self, who: str, fact: Submission, body: Answer) -> None:
        del fact.versions[fact.version]
        fact.state = "approved"
        fact.revision += 1

    def _return(self, who: str, fact: Submission, body: Answer) -> None:
        fact.state, fact.step = "returned", 0
        fact.decided.add(who)
        fact.revision += 1

    def _approve(self, who: str, fact: Submission, body: Answer) -> None:
        fact.decided.add(who)
        fact.step += 1
        fact.revision += 1
        if fact.step == len(fact.chain):
            fact.state, fact.in_force = "approved", fact.version

    def actions(self, who: str, fact: Submission) -> set[str]:
        """The steps that somebody can take now, while every window is open."""
        found: set[str] = set()
        if self.over(who, fact.unit, {Role.REPORTER}):
            found |= {"edit", "submit"} if fact.state in WRITABLE else set()
            found |= {"discard"} if fact.state == "draft" and fact.in_force is not None else set()
            found |= {"withdraw"} if fact.state == "submitted" and fact.step == 0 else set()
            found |= {"correct"} if fact.state == "approved" else set()
        if fact.waiting_at and self.decides_for(who, fact.waiting_at) and who not in fact.authors:
            found |= {"approve", "return"}
        return found

    def waiting_for(self, who: str) -> list[Submission]:
        """What somebody may decide now."""
        return [
            fact
            for fact in self.facts.values()
            if fact.waiting_at and self.decides_for(who, fact.waiting_at) and who not in fact.authors | fact.decided
        ]


def shown(fact: Submission, answer: Answer) -> dict[str, Any]:
    """The part of the API's answer that the model knows."""
    return {
        "state": fact.state,
        "version": fact.version,
        "in_force_version": fact.in_force,
        "etag": f'"{fact.revision}"',
        "waiting_at": fact.waiting_at,
        "same": same(fact.answer, answer),
    }


def parts(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an answer that say something."""
    return {k: v for k, v in body.items() if v is not None and not (k == "not_applicable" and v is False)}


def chosen(random: Any, kind: str) -> dict[str, Any]:
    """An answer of this kind, now and then a poor one."""
    if random.random() < 0.06:
        return {"not_applicable": True, "progress": "不适用"}
    if random.random() < 0.05:
        return {"progress": "稍后填写"}
    good: dict[str, Sequence[dict[str, Any]]] = {
        "number": [{"value": v} for v in ("0", "1", "2.5", "3", "3.0", "40", "8888888888888.88", "-1")],
        "ratio": [{"numerator": n, "denominator": d} for n, d in (("7", "10"), ("3", "9"), ("1", "1"), ("8", "7"))],
        "level": [{"level": v} for v in ("0", "2", "3.5", "4")],
        "yes_no": [{"complies": v} for v in (True, False)],
        "stage": [{"stage": v} for v in ("begun", "built", "opened")],
        "judged": [{"progress": v} for v in ("机制已建立", "两处已开业")],
    }
    return dict(random.choice(good[kind]))
