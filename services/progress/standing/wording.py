"""The main clause of a reason, Chinese and English: what is owed, what is confirmed, what is only reported.

Percentages are shown to two places (halves up); where that would make a figure look like the value it falls
short of, "just under" is said. Steps of whole counts are shown rounded up.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from contracts.base import plain
from contracts.vocabularies import As, Comparator, Measure, Status
from kernel.errors import Said
from services.progress.standing.course import DAY, Course, Owed
from services.progress.standing.reading import Case, Reading
from services.progress.standing.terms import STATES, additive, rounded

_JUDGED = (Said("未达到", "not met"), Said("部分达到", "partly met"), Said("达到", "met"))
_DONE = (Said("未完成", "not done"), Said("已完成", "done"))


@dataclass(frozen=True)
class Account:
    """A judgement with all its reason is made of; `best` is the furthest figure that met it so far."""

    case: Case
    course: Course
    status: Status
    now: Reading
    figure: Fraction
    reported: Reading | None
    met_on: date | None
    best: Fraction | None
    assumptions: Sequence[str]

    @property
    def held_against(self) -> Owed | None:
        """The value, and its day, that decided the status."""
        course, on = self.course, self.case.on
        if self.status is Status.ACHIEVED or course.keeps:
            return course.end
        expected = course.expected(on)
        due = course.latest_due(on)
        if self.status is Status.OVERDUE or course.baseline is None:
            return due
        return None if expected is None else Owed(on, expected)


def value(case: Case, figure: Fraction) -> Said:
    """A figure as people say it."""
    match case.kind:
        case "yes":
            return _DONE[int(figure)]
        case "judged":
            return _JUDGED[int(figure * 2)]
        case "rank":
            return Said(f"第{_plain(figure)}名", f"rank {_plain(figure)}")
        case "stage":
            return _stage(case, int(figure))
        case "percent":
            return Said(f"{_plain(figure)}%", f"{_plain(figure)}%")
        case _:
            unit = "个" if case.target.measure is Measure.UNITS else case.words.unit
            return Said(f"{_plain(figure)}{unit}", _plain(figure))


def _stage(case: Case, place: int) -> Said:
    name = case.words.stages.get(case.stages[place - 1])
    return Said(f"“{name.zh}”", f"“{name.en}”") if name else Said(f"第{place}阶段", f"stage {place}")


def _plain(number: Fraction) -> str:
    return plain(rounded(number, 2))


def day_zh(day: date) -> str:
    """A day as it is written in Chinese."""
    return f"{day.year}年{day.month}月{day.day}日"


def say(account: Account, figure: Fraction) -> Said:
    """A figure of the account in words."""
    return value(account.case, figure)


# --- what is owed ---------------------------------------------------------------------------------------------


def clause(account: Account) -> Said:
    """What is owed, what is confirmed, what is reported besides, and since when or how late it is met."""
    parts = [_owed(account), _confirmed(account), _reported(account), _outcome(account)]
    said = [part for part in parts if part is not None]
    return Said("，".join(part.zh for part in said), ", ".join(part.en for part in said))


def _owed(account: Account) -> Said:
    owed, course = account.held_against, account.course
    if owed is None or account.status is Status.NOT_DUE:
        return _not_due(account)
    if course.keeps:
        goal = _bounded(course, _goal(account))
        return Said(f"至{day_zh(owed.due)}应保持{goal.zh}", f"{goal.en} to be kept until {owed.due}")
    asked = aim(account, owed)
    return Said(f"到{day_zh(owed.due)}应{asked.zh}", f"{asked.en} by {owed.due} expected")


def _not_due(account: Account) -> Said:
    course, on = account.course, account.case.on
    coming = course.coming(on)
    if coming is None or course.baseline is not None or course.keeps:
        begins = course.starts + DAY
        return Said(f"自{day_zh(begins)}起计", f"nothing is expected before {begins}")
    then = aim(account, coming)
    return Said(
        f"{day_zh(coming.due)}前没有到期的节点（届时应{then.zh}）",
        f"nothing is due before {coming.due} (then {then.en})",
    )


def aim(account: Account, owed: Owed) -> Said:
    """A value to be reached, with the final one beside an interim one: "80 of 100"."""
    course, end = account.course, _goal(account)
    last = owed == course.end
    asked = _verb(account, end if last else say(account, course.spoken(owed.value)), owed)
    needed = _needed(account, owed)
    if last:
        return Said(f"{asked.zh}（{needed.zh}）", f"{asked.en} ({needed.en})") if needed else asked
    if course.upward and account.case.kind == "number" and additive(account.case.target):
        return Said(f"{asked.zh}（终期{end.zh}）", f"{asked.en} of {end.en}")
    zh, en = (f"{needed.zh}，", f"{needed.en}; ") if needed else ("", "")
    return Said(f"{asked.zh}（{zh}终期{end.zh}）", f"{asked.en} ({en}{end.en} in the end)")


def _goal(account: Account) -> Said:
    """The final value in the words of the text: 左右 and ranges are kept."""
    final = say(account, account.course.spoken(account.course.final))
    upper = account.case.target.upper
    if account.case.kind in STATES:
        return final
    match account.case.target.comparator:
        case Comparator.ABOUT:
            return Said(f"{final.zh}左右", f"about {final.en}")
        case Comparator.BETWEEN if upper is not None and account.case.target.relative_to is None:
            top = say(account, Fraction(upper))
            return Said(f"{_plain(account.course.final)}—{top.zh}", f"{final.en} to {top.en}")
    return final


def _verb(account: Account, goal: Said, owed: Owed) -> Said:
    kind, course = account.case.kind, account.course
    if kind == "yes":
        return Said("完成", "completion")
    if kind == "judged":
        return Said("经评定达到要求", "a judgement of “met”")
    if kind == "rank":
        place = _plain(owed.value)
        return Said(f"进入前{place}名", f"rank {place} or better")
    bounded = _bounded(course, goal)
    return bounded if bounded != goal else Said(f"达到{goal.zh}", goal.en)


def _bounded(course: Course, goal: Said) -> Said:
    if not course.upward:
        return Said(f"不高于{goal.zh}", f"at most {goal.en}")
    return Said(f"超过{goal.zh}", f"more than {goal.en}") if course.strict else goal


def _needed(account: Account, owed: Owed) -> Said | None:
    """How many units a percentage of them means, rounded up."""
    base = account.now.base
    if not _of_units(account) or account.course.strict or not account.course.upward:
        return None
    count = math.ceil(owed.value * base / 100)
    return Said(f"{base}个中的{count}个", f"{count} of {base}")


def _of_units(account: Account) -> bool:
    target = account.case.target
    return target.measure is Measure.UNITS and target.as_ is As.PERCENT


# --- what there is --------------------------------------------------------------------------------------------


def _confirmed(account: Account) -> Said:
    now, said = account.now, _near(account)
    numeric = account.case.kind in ("number", "percent")
    of_units = _of_units(account)
    late = now.on != account.case.on
    zh = [f"{now.base}个中的{now.complying}个"] * of_units + [f"截至{day_zh(now.on)}"] * late
    counted = f" ({now.complying} of {now.base})" if of_units else ""
    en = f"{said.en}{counted} confirmed" if numeric else f"confirmed: {said.en}"
    return Said(
        (f"已审定{said.zh}" if numeric else f"审定为{said.zh}") + (f"（{'，'.join(zh)}）" if zh else ""),
        en + (f" as of {now.on}" if late else ""),
    )


def _near(account: Account) -> Said:
    said, owed, course = say(account, account.figure), account.held_against, account.course
    if owed is None or said != say(account, owed.value) or not course.better(owed.value, account.figure):
        return said
    if course.upward:
        return Said(f"略低于{said.zh}", f"just under {said.en}")
    return Said(f"略高于{said.zh}", f"just over {said.en}")


def _reported(account: Account) -> Said | None:
    """What is reported beyond, or below, what is confirmed."""
    figure = account.reported.figure if account.reported else None
    if figure is None or figure == account.figure:
        return None
    if account.case.kind == "number" and additive(account.case.target) and figure > account.figure:
        more = say(account, figure - account.figure)
        return Said(f"另有{more.zh}待审定", f"{more.en} more reported")
    said = say(account, figure)
    return Said(f"填报数为{said.zh}", f"{said.en} reported")


def _outcome(account: Account) -> Said | None:
    """Since when it is met and how late, or how old the newest figure is."""
    if account.status is Status.STALE:
        age = (account.case.on - account.now.on).days
        return Said(
            f"最新审定数已是{age}天前的，超过规定时限", f"the newest confirmed figure is {age} days old and out of date"
        )
    if account.met_on is None:
        return None
    late = (account.met_on - account.course.end.due).days
    zh, en = f"自{day_zh(account.met_on)}起达到", f"met since {account.met_on}"
    if late <= 0:
        return Said(f"{zh}，按期", f"{en}, in time")
    return Said(f"{zh}，逾期{late}天", f"{en}, {late} day{'s' if late > 1 else ''} late")
