"""The month: reports, a return, reviews at county, city and province, and on a later run a correction.

Each scene looks at what is there and does what is left to do, so that the play can be run again at any point.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from contracts.base import plain
from contracts.reports import Answer, Decision, Entry, Submission, SubmissionCreate
from contracts.vocabularies import SubmissionState as State
from zhibiao.client import Zhibiao
from zhibiao.demo import cast, script
from zhibiao.demo.company import Company
from zhibiao.demo.record import Act, Record, facts
from zhibiao.demo.script import Line
from zhibiao.demo.watch import Look, look
from zhibiao.errors import ZhibiaoError
from zhibiao.terminal import counted, progress

DECIDED = "done"
Words = dict[str, dict[str, str]]
OUR_OWN = {each.code for each in cast.INSTITUTIONS} | {cast.COMMISSION}


class Refused(ZhibiaoError):
    """A decision of the demonstration was not accepted."""


@dataclass(frozen=True)
class Scene:
    """One scene: its title, what was done, and what the figures are after it."""

    title: str
    acts: list[Act]
    after: Look


class Play:
    """The scenes in their order; `first` is whether the month is played for the first time."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self.record = Record()
        self._onlooker = company[cast.reviewer_at(cast.PROVINCE)]
        self.first = not self._standing()
        self._seen = look(self._onlooker)

    def words(self) -> Words:
        """The names of stages, so that answers can be told in words."""
        reported = {line.indicator for line in script.lines()}
        indicators = (self._onlooker.indicators.get(code) for code in sorted(reported))
        return {each.code: {stage.code: stage.name for stage in each.stages} for each in indicators}

    def before(self) -> Look:
        """The figures before anything is done."""
        return self._seen

    def scenes(self) -> Iterator[Scene]:
        """Scene after scene."""
        yield self._scene("填报 · 各机构提交报表", self._report)
        for county in cast.COUNTIES:
            yield self._scene(f"县级审核 · {cast.OFFICES[county]}", lambda office=county: self._review(office))  # type: ignore[misc]
        yield self._scene("重报 · 按退回意见修改后再次提交", self._resubmit)
        yield self._scene("县级复审", self._review_again)
        yield self._scene(f"市级审核 · {cast.OFFICES[cast.CITY]}", lambda: self._review(cast.CITY))
        yield self._scene(f"省级审核 · {cast.OFFICES[cast.PROVINCE]}", lambda: self._review(cast.PROVINCE))
        if not self.first:
            yield self._scene("更正 · 已审定的数以新版本替代", self._correct)

    def _scene(self, title: str, act: Callable[[], None]) -> Scene:
        so_far = len(self.record.acts)
        act()
        acts = self.record.acts[so_far:]
        if acts:
            with progress("读取指标和状态 / looking"):
                self._seen = look(self._onlooker)
        return Scene(title, acts, self._seen)

    def _standing(self) -> dict[tuple[str, str, str | None], Submission]:
        """What stands of the script now."""
        found = self._onlooker.submissions.list(period=cast.PERIOD)
        wanted = {line.key for line in script.lines()}
        return {key: each for key, each in facts(found).items() if key in wanted}

    # --- reporting ------------------------------------------------------------------------------------------

    def _report(self) -> None:
        standing = self._standing()
        reports = groupby(script.lines(), key=lambda line: line.organisation)
        for organisation, lines in counted([(o, list(ls)) for o, ls in reports], "填报 / reporting"):
            self._report_one(organisation, lines, standing)

    def _report_one(
        self, organisation: str, lines: list[Line], standing: dict[tuple[str, str, str | None], Submission]
    ) -> None:
        client = self._company[cast.reporter_of(organisation)]
        for line in lines:
            found = standing.get(line.key)
            if found is not None and found.state is State.RETURNED:
                self._send_again(client, found, line.answer)
        states = {line.key: standing[line.key].state if line.key in standing else None for line in lines}
        fresh = [line for line in lines if states[line.key] in (None, State.DRAFT, State.WITHDRAWN)]
        self.record.known += len(lines) - len(fresh)
        if fresh:
            self._send(client, organisation, fresh)

    def _send(self, client: Zhibiao, organisation: str, lines: list[Line]) -> None:
        entries = [Entry(indicator=line.indicator, subject=line.subject, **_fields(line.answer)) for line in lines]
        saved = client.reports.save(organisation, cast.PERIOD, entries)
        if self.first and organisation == script.UNSENT:
            for each in saved.items:
                self.record.add("saved", each)
            return
        for each in client.reports.submit(organisation, cast.PERIOD).items:
            self.record.add("submitted", each)

    def _send_again(self, client: Zhibiao, found: Submission, answer: Answer) -> None:
        """Answer a return: with what the reviewer proposed, else with the same answer and more evidence."""
        proposed = found.returned.suggested if found.returned else None
        new = SubmissionCreate(
            organisation=found.organisation,
            period=found.period,
            indicator=found.indicator,
            subject=found.subject,
            submit=True,
            **_fields(proposed or answer),
        )
        self.record.add("resubmitted", client.submissions.create(new))

    def _resubmit(self) -> None:
        for line in script.lines():
            found = self._standing().get(line.key) if line.key == script.MISTAKEN else None
            if found is not None and found.state is State.RETURNED:
                self._send_again(self._company[cast.reporter_of(line.organisation)], found, script.RIGHT)

    # --- reviewing ------------------------------------------------------------------------------------------

    def _review(self, office: str) -> None:
        reviewer = self._company[cast.reviewer_at(office)]
        waiting = [each for each in reviewer.reviews.list(period=cast.PERIOD) if each.organisation in OUR_OWN]
        left = [each for each in waiting if not self._returned(reviewer, office, each)]
        if self.first and office == cast.CITY:
            left = [each for each in left if _fact(each) != script.UNDECIDED]
        self._approve(reviewer, office, left)

    def _returned(self, reviewer: Zhibiao, office: str, each: Submission) -> bool:
        """Whether the submission is one that this office sends back; it is sent back here."""
        if _fact(each) == script.MISTAKEN and each.answer.value == script.MISTAKE:
            suggested: Answer | None = script.RIGHT
            reason = script.MISTAKE_REASON
        elif self.first and office == cast.CITY and _fact(each) == script.UNANSWERED:
            suggested, reason = None, script.UNANSWERED_REASON
        else:
            return False
        returned = reviewer.submissions.return_(each, reason, suggested=suggested)
        self.record.add("returned", returned, office=office, reason=reason, suggested=suggested)
        return True

    def _approve(self, reviewer: Zhibiao, office: str, chosen: list[Submission]) -> None:
        if not chosen:
            return
        decisions = [Decision(submission=s.id, version=s.version, decision="approve") for s in chosen]
        outcomes = {result.submission: result for result in reviewer.reviews.decide(decisions).results}
        for each in chosen:
            outcome = outcomes[each.id]
            if outcome.outcome != DECIDED:
                raise Refused(f"{each.organisation_name} {each.indicator_name}：{outcome.message or outcome.outcome}")
            self.record.add("approved", each, office=office)

    def _review_again(self) -> None:
        for county in cast.COUNTIES:
            self._review(county)

    # --- correcting -----------------------------------------------------------------------------------------

    def _correct(self) -> None:
        """One more department than was approved; the new version climbs the same chain."""
        found = self._standing().get(script.CORRECTED)
        if found is None or found.state is not State.APPROVED or found.answer.value is None:
            return
        reporter = self._company[cast.reporter_of(found.organisation)]
        draft = reporter.submissions.correct(found)
        edited = reporter.submissions.edit(draft, script.number(plain(found.answer.value + 1)))
        self.record.add("corrected", reporter.submissions.submit(edited))
        for office in (found.organisation.split("-")[1], cast.CITY, cast.PROVINCE):
            self._review(office)


def _fact(each: Submission) -> tuple[str, str, str | None]:
    return (each.organisation, each.indicator, each.subject)


def _fields(answer: Answer) -> dict[str, object]:
    """The fields of an answer that were given."""
    return {name: getattr(answer, name) for name in answer.model_fields_set}
