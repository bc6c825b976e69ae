"""What must hold of the rows themselves, whatever was asked of the service."""

from collections import defaultdict
from typing import Any

from tests.integration.progress.world import World

EDGES = {
    ("", "submission.saved"): {"draft"},
    ("draft", "submission.saved"): {"draft"},
    ("returned", "submission.saved"): {"returned"},
    ("withdrawn", "submission.saved"): {"withdrawn"},
    ("draft", "submission.submitted"): {"submitted"},
    ("returned", "submission.submitted"): {"submitted"},
    ("withdrawn", "submission.submitted"): {"submitted"},
    ("submitted", "submission.passed"): {"submitted"},
    ("submitted", "submission.approved"): {"approved"},
    ("submitted", "submission.returned"): {"returned"},
    ("submitted", "submission.withdrawn"): {"withdrawn"},
    ("approved", "submission.correction-begun"): {"draft"},
    ("draft", "submission.correction-discarded"): {"approved"},
}
_HEADS = "SELECT * FROM progress.submission"
_VERSIONS = "SELECT * FROM progress.submission_version ORDER BY submission, version"
_DECISIONS = "SELECT * FROM progress.review_decision ORDER BY submission, round, step"
_AUDIT = "SELECT * FROM progress.audit_event WHERE entity = 'submission' ORDER BY entity_id, entity_version"
_KEPT = """
    SELECT count(*) FROM (
        SELECT area, indicator, scope, rule, series, ends_on, value, numerator, denominator, units, complying, excluded,
               reports
        FROM progress.figure
        EXCEPT
        SELECT area, indicator, scope, rule, series, ends_on, sum(value), sum(numerator), sum(denominator),
               sum(units)::int, sum(complying)::int, sum(excluded)::int,
               sum(reports)::int
        FROM progress.figure_delta WHERE folded GROUP BY area, indicator, scope, rule, series, ends_on
    ) AS odd
"""


async def check_rows(world: World) -> int:
    """Every invariant of submissions, versions, decisions, audit and kept sums; the number of submissions."""
    heads = {row.id: row for row in await world.rows(_HEADS)}
    versions, decisions, audit = (defaultdict[Any, list[Any]](list) for _ in range(3))
    for row in await world.rows(_VERSIONS):
        versions[row.submission].append(row)
    for row in await world.rows(_DECISIONS):
        decisions[row.submission].append(row)
    for row in await world.rows(_AUDIT):
        audit[row.entity_id].append(row)
    assert set(audit) == {str(id_) for id_ in heads}
    for id_, head in heads.items():
        check_audit(head, audit[str(id_)])
        check_versions(head, versions[id_])
        check_decisions(head, versions[id_], decisions[id_])
    assert (await world.rows(_KEPT))[0].count == 0, "kept sums differ from the deltas folded into them"
    return len(heads)


def check_audit(head: Any, events: list[Any]) -> None:
    """Exactly one record per revision, and only steps that the state machine has."""
    assert [event.entity_version for event in events] == list(range(1, head.revision + 1))
    state = ""
    for event in events:
        assert event.detail["state"] in EDGES[state, event.action], (state, event.action, event.detail["state"])
        assert event.actor is not None
        assert event.organisation == head.organisation
        state = event.detail["state"]
    assert state == head.state


def check_versions(head: Any, versions: list[Any]) -> None:
    """The head names an existing version, everything in force was submitted, and no submitted version is lost."""
    by_number = {version.version: version for version in versions}
    assert head.version == max(by_number), "the newest version is the current one"
    assert list(by_number) == list(range(1, head.version + 1)), "no version is missing"
    if head.in_force_version is not None:
        assert by_number[head.in_force_version].submitted_at is not None
    if head.state in ("submitted", "approved"):
        assert by_number[head.version].submitted_at is not None
    assert {version.author for version in versions} <= set(head.authors)


def check_decisions(head: Any, versions: list[Any], decisions: list[Any]) -> None:
    """Nobody decides on what he wrote, nobody twice in a round, steps in order, a return ends its round."""
    writers = {version.author for version in versions} | set(head.authors)
    rounds = defaultdict[int, list[Any]](list)
    for decision in decisions:
        assert decision.reviewer not in writers, "reviewed by an author"
        rounds[decision.round].append(decision)
    for number, made in rounds.items():
        assert number <= head.round
        assert len({decision.reviewer for decision in made}) == len(made), "decided twice in a round"
        assert [decision.step for decision in made] == sorted({decision.step for decision in made})
        assert all(decision.decision == "approve" for decision in made[:-1]), "went on after a return"
        assert len({decision.version for decision in made}) == 1, "a round is about one version"
    if head.state == "approved":
        final = [d for d in decisions if d.version == head.in_force_version]
        assert final[-1].decision == "approve"
        assert final[-1].organisation == head.chain[-1] or final[-1].step + 1 == len(head.chain)
