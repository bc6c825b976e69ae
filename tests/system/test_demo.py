"""The demonstration on a real system, and every figure of it counted a second time by independent code."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.access import GrantIn, UserCreate
from contracts.figures import Figure, FigureValue
from contracts.standings import Standing
from contracts.vocabularies import Role
from kernel.embedded_postgres import Server
from stack import serve
from tests.fixtures.system import ADMINISTRATOR, PASSWORD
from tests.system.recount import CONFIRMED, REPORTED, TOP, Count, Recount, read_pack, read_units, what_stands
from tests.system.started import fresh_folders, served_system, zhibiao
from zhibiao import Zhibiao

SYNTHETIC = "（合成数据）"
SHOWN_TO = Fraction(1, 20000)
"""What is shown is rounded to four decimals."""
NOBODY_TAKES_PART = ["360703", "360100"]
LOOKER = UserCreate(
    login="looker",
    name="对数员",
    organisation=TOP,
    password="looks at everything",
    keep_password=True,
    grants=[GrantIn(role=Role.VIEWER, organisation=TOP)],
)


@pytest.fixture(scope="module")
async def url(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A system of this module's own."""
    async with served_system(server, tmp_path_factory.mktemp("demo")) as found:
        yield found


def play(*options: str) -> str:
    """What one run of the demonstration writes on stdout; the environment says where."""
    done = zhibiao("demo", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Run:
    """What a run has said it did, and everything done so far."""

    told: dict[str, Any]
    acts: list[dict[str, Any]]


@pytest.fixture(scope="module")
def first(url: str) -> Run:
    """The first run."""
    told = json.loads(play("--json"))
    return Run(told, told["acts"])


@pytest.fixture(scope="module")
def looker(url: str, first: Run) -> Iterator[Zhibiao]:
    """Somebody who sees the whole province."""
    with Zhibiao.sign_in(url, ADMINISTRATOR, PASSWORD) as admin:
        admin.users.create(LOOKER)
    with Zhibiao.sign_in(url, LOOKER.login, LOOKER.password) as client:
        yield client


@dataclass(frozen=True)
class Seen:
    """What the system answers: figures by area, indicator and scope, standings by area and target."""

    figures: dict[tuple[str, str, str], Figure]
    standings: dict[tuple[str, str], Standing]


def look(client: Zhibiao, run: Run) -> Seen:
    """Every figure and standing that the acts can have touched, in every area, and in some that they cannot."""
    recount = counted_again(run)
    touched = {act["indicator"] for act in run.acts}
    targets = [t for t in recount.pack.targets.values() if t["indicator"] in touched]
    reporting = {act["organisation"] for act in run.acts}
    areas = {place for unit in reporting for place in recount.above(unit)} - reporting
    asked = {(t["indicator"], t["scope"]) for t in targets}
    period, on = run.told["period"], date.fromisoformat(run.told["judged_on"])
    figures, standings = {}, {}
    for area in [*sorted(areas), *NOBODY_TAKES_PART]:
        for indicator, scope in asked:
            figures[area, indicator, scope] = client.figures.get(
                organisation=area, indicator=indicator, scope=scope, period=period
            )
        for found in client.standings.list(organisation=area, indicator=sorted(touched), on=on):
            standings[area, found.target] = found
    return Seen(figures, standings)


def counted_again(run: Run) -> Recount:
    """The recount of everything done so far."""
    pack = read_pack(run.told["plan"])
    return Recount(read_units(run.told["organisations"]), pack, what_stands(run.acts))


def differences(seen: Seen, run: Run) -> list[str]:
    """Where the system's figures are not what the acts amount to."""
    recount = counted_again(run)
    found = [fault for place, figure in seen.figures.items() for fault in figure_differs(recount, place, figure)]
    for (area, target), standing in seen.standings.items():
        found += standing_differs(recount, area, recount.pack.targets[target], standing)
    return found


def figure_differs(recount: Recount, place: tuple[str, str, str], figure: Figure) -> Iterator[str]:
    """What differs between a figure and its recount."""
    area, indicator, scope = place
    in_scope = len(recount.members(scope, area))
    if figure.units.in_scope != in_scope:
        yield f"{place}: {figure.units.in_scope} units in scope, counted {in_scope}"
    for series, value in ((REPORTED, figure.reported), (CONFIRMED, figure.confirmed)):
        counted = recount.figure(indicator, scope, area, series)
        if fault := differs(recount.pack.indicators[indicator]["value"], value, counted):
            yield f"{place}, {series}: {fault}"
        named = getattr(figure.units, series)
        if named != counted.units:
            yield f"{place}: {named} units {series}, counted {counted.units}"


def differs(kind: str, value: FigureValue, counted: Count) -> str | None:
    """What differs in one series of a figure."""
    wanted: Fraction | None = counted.value
    if kind == "yes_no":
        wanted = Fraction(counted.yes)
    elif kind == "ratio" and counted.denominator:
        wanted = counted.numerator * 100 / counted.denominator
    ratio = kind == "ratio" and bool(counted.units)
    pairs = {
        "value": (value.value, wanted if counted.units else None),
        "numerator": (value.numerator, counted.numerator if ratio else None),
        "denominator": (value.denominator, counted.denominator if ratio else None),
        "units": (value.units, counted.units),
    }
    return next((f"{name} {a}, counted {b}" for name, (a, b) in pairs.items() if not same(a, b)), None)


def standing_differs(recount: Recount, area: str, target: dict[str, Any], standing: Standing) -> Iterator[str]:
    """What differs between a standing and its recount."""
    where = f"{target['code']} in {area}"
    for series, actual in ((REPORTED, standing.actual_reported), (CONFIRMED, standing.actual)):
        counted = recount.reached(target, area, series)
        if not same(actual, counted):
            yield f"{where}, {series}: {actual}, counted {counted}"
    if standing.units_complying is not None:
        complying = recount.complying(target, area, CONFIRMED)
        if standing.units_complying != complying:
            yield f"{where}: {standing.units_complying} comply, counted {complying}"


def same(shown: Any, counted: Any) -> bool:
    """Whether a shown number is the counted one, to the last decimal shown."""
    if shown is None or counted is None:
        return shown is counted
    return abs(Fraction(shown) - Fraction(counted)) <= SHOWN_TO


@pytest.fixture(scope="module")
def seen(looker: Zhibiao, first: Run) -> Seen:
    """What the system answers after the first run."""
    return look(looker, first)


def test_every_figure_is_what_the_submissions_amount_to(seen: Seen, first: Run) -> None:
    assert differences(seen, first) == []
    areas = {area for area, *_ in seen.figures}
    assert {TOP, "360700", "360702", "360722", "360731", *NOBODY_TAKES_PART} == areas
    assert len(seen.figures) > 100
    assert len(seen.standings) > 100
    assert any(figure.reported != figure.confirmed for figure in seen.figures.values())


def test_a_figure_that_is_off_by_one_answer_is_noticed(seen: Seen, first: Run) -> None:
    approved = [act for act in first.acts if act["verb"] == "approved" and act["office"] == TOP]
    for missing in approved:
        others = [act for act in first.acts if act is not missing]
        assert differences(seen, Run(first.told, others)) != [], missing


def test_the_month_has_everything_that_happens_in_a_month(first: Run) -> None:
    verbs = [act["verb"] for act in first.acts]
    assert first.told["first"] is True
    assert {"saved", "submitted", "returned", "resubmitted", "approved"} <= set(verbs)
    returned = next(act for act in first.acts if act["verb"] == "returned" and act["suggested"])
    assert returned["reason"]
    resubmitted = next(act for act in first.acts if act["verb"] == "resubmitted")
    assert resubmitted["answer"]["value"] == returned["suggested"]["value"]
    assert resubmitted["version"] == returned["version"] + 1
    stands = what_stands(first.acts)
    assert any(said.reported != said.confirmed for said in stands.values())
    assert any(said.confirmed for said in stands.values())


def test_all_institutions_are_made_up_and_say_so(looker: Zhibiao, first: Run) -> None:
    for new in first.told["organisations"]:
        found = looker.organisations.get(new["code"])
        assert found.synthetic
        assert found.code.startswith("DEMO-")
        assert found.name.endswith(SYNTHETIC)
        assert looker.organisations.get(found.parent or "").synthetic is False


def test_figures_move_scene_by_scene(first: Run) -> None:
    def moved(series: str) -> list[str]:
        scenes = first.told["scenes"]
        seen = [[each["figure"][series] for each in scene["figures"]] for scene in scenes]
        return [scenes[n]["title"] for n in range(1, len(scenes)) if seen[n] != seen[n - 1]]

    assert moved("reported")[0].startswith("填报")
    assert len(moved("reported")) >= 3  # reports, a return, the answer to it
    assert [title.split(" ")[0] for title in moved("confirmed")] == ["省级审核"]


def test_a_second_run_goes_on_and_every_figure_still_agrees(looker: Zhibiao, first: Run) -> None:
    told = json.loads(play("--json"))
    again = Run(told, [*first.acts, *told["acts"]])
    assert told["first"] is False
    assert "corrected" in {act["verb"] for act in told["acts"]}
    corrected = next(act for act in told["acts"] if act["verb"] == "corrected")
    assert corrected["version"] > 2
    assert differences(look(looker, again), again) == []


def test_the_story_names_nobody_without_saying_that_he_is_made_up(looker: Zhibiao) -> None:
    story = play()
    names = [each.name.removesuffix(SYNTHETIC) for each in looker.organisations.list(q="演示")]
    assert len(names) == 14
    told = [name for name in names if name in story]
    assert told
    for name in told:
        assert story.count(name) == story.count(name + SYNTHETIC)
    assert "Traceback" not in story


def test_where_no_system_runs_one_is_started_and_stopped_again(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)  # root's database runs under another account
    with serve.reserve(0) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    done = zhibiao("demo", "--json", "--url", url, **fresh_folders(tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["first"] is True
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/livez")
