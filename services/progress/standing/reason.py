"""The reason of a standing: the main clause, and behind semicolons what a reader needs to trust it.

Which units fail or are silent, how a soft word of the text was read (左右, 力争), which settings decided, and how
the expected value came about.
"""

from collections.abc import Iterator
from fractions import Fraction

from contracts.base import plain
from contracts.vocabularies import Measure, Precision, Status
from kernel.errors import Said
from services.progress.standing.terms import ABOUT, INHERIT, STATES, UNRATED, some
from services.progress.standing.wording import Account, aim, clause, day_zh, say


def reason(account: Account) -> Said:
    """One sentence without its full stop."""
    said = [clause(account), *_units(account), *_reading(account), *_choices(account), *_path(account)]
    return Said("；".join(part.zh for part in said), "; ".join(part.en for part in said))


def _units(account: Account) -> Iterator[Said]:
    """Units that do not comply, or gave no confirmed value."""
    target, now, (zh, en) = account.case.target, account.now, account.case.words.units
    failing = now.base - now.complying if target.measure is Measure.UNITS else 0
    if target.measure is Measure.OWN or not (failing > 0 or now.missing):
        return
    silent = Said(f"{now.missing}{zh}尚无审定数", f"{some(now.missing, en)} without a confirmed figure")
    if failing <= 0:
        yield silent
        return
    fail = f"{some(failing, en)} {'do' if failing > 1 else 'does'} not comply"
    if now.missing:
        yield Said(f"{failing}{zh}未达标（含{silent.zh}）", f"{fail} ({silent.en})")
    else:
        yield Said(f"{failing}{zh}未达标", fail)


def _reading(account: Account) -> Iterator[Said]:
    """How the words of the text were read."""
    case, target = account.case, account.case.target
    number = case.kind not in STATES and target.relative_to is None
    if number and target.upper is not None and account.figure > Fraction(target.upper):
        yield Said("已高于上限，不视为未完成", "above the upper bound, which is no failure")
    if ABOUT in account.assumptions:
        edge = say(account, account.course.spoken(account.course.end.value))
        share = plain(case.choices.about_tolerance)
        yield Said(
            f"“左右”按下浮不超过{share}%掌握，{edge.zh}即达到",
            f"“about” is read with a tolerance of {share}%: met from {edge.en} on",
        )
    if target.relative_to and target.baseline and target.value is not None and case.kind not in STATES:
        change, start = plain(target.value), plain(target.baseline.value)
        yield Said(
            f"按{target.relative_to}年的{start}变动{change}%计算",
            f"a change of {change}% from {start} in {target.relative_to}",
        )
    if target.softening is not None:
        yield Said(f"原文为“{target.softening}”", f"the text says “{target.softening}”")
    if target.precision is Precision.IMPLIED:
        yield Said("期限未写明，按规划期末", "the deadline is implied by the end of the plan")


def _choices(account: Account) -> Iterator[Said]:
    """Settings that decided and are not told elsewhere in the sentence."""
    if UNRATED in account.assumptions and account.case.choices.unrated == "lowest":
        yield Said("未评级的按0级计入平均", "those without a rating count as level 0")
    elif UNRATED in account.assumptions:
        yield Said("未评级的不计入平均", "those without a rating are left out of the mean")
    if INHERIT in account.assumptions:
        yield Said("没有商定分解数，沿用上级目标的标准", "no agreed share, judged by the holder's threshold")


def _path(account: Account) -> Iterator[Said]:
    """How the expected value came about, and by how much it is missed."""
    course, case, status = account.course, account.case, account.status
    if status in (Status.ACHIEVED, Status.OVERDUE) or case.kind not in ("number", "percent"):
        return
    if course.keeps:
        yield from _dropped(account)
    elif course.baseline is None:
        yield from _by_steps(account)
    else:
        yield from _by_line(account, course.baseline)


def _dropped(account: Account) -> Iterator[Said]:
    if account.status is Status.AT_RISK and account.best is not None:
        best = say(account, account.best)
        yield Said(f"低于此前的{best.zh}", f"down from {best.en}")


def _by_line(account: Account, baseline: Fraction) -> Iterator[Said]:
    start, band = say(account, baseline), plain(account.case.choices.band)
    begins = account.course.starts
    yield Said(
        f"应达到的数自{day_zh(begins)}的{start.zh}起按直线推算",
        f"expected on a straight line from {start.en} on {begins}",
    )
    if account.status is Status.AT_RISK:
        yield Said(f"差距在{band}%的幅度以内", f"the gap is within the band of {band}%")
    if account.status is Status.BEHIND:
        yield Said(f"差距超过{band}%的幅度", f"the gap is wider than the band of {band}%")


def _by_steps(account: Account) -> Iterator[Said]:
    case, coming = account.case, account.course.coming(account.case.on)
    linear = case.target.measure in (Measure.SUM, Measure.RATIO, Measure.OWN)
    why = Said("没有基线，", ", no baseline being known") if linear else Said("", "")
    yield Said(f"{why.zh}只按节点评价", f"judged step by step{why.en}")
    if coming is not None and account.status is not Status.NOT_DUE:
        asked = aim(account, coming)
        yield Said(f"下一节点{day_zh(coming.due)}应{asked.zh}", f"next {asked.en} by {coming.due}")
