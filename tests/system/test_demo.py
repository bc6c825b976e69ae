"""The demonstration on a real system, and every figure of it counted a second time by independent code."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.access import GrantIn, UserCreate
from contracts.figures import FigureValue
from contracts.vocabularies import Role
from tests.system.recount import CONFIRMED, REPORTED, TOP, Count, Recount, read_pack, read_units, what_stands
from zhibiao import Zhibiao
from zhibiao.cli import build
from zhibiao.demo.system import System, running

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
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system started by the demonstration itself, on a fresh folder, and stopped afterwards."""
    folder = tmp_path_factory.mktemp("demo")
    folder.chmod(0o711)  # root's database runs under another account
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHIBIAO_HOME", str(folder / "home"))
        patch.setenv("ZHIBIAO_CONFIG", str(folder / "config"))
        patch.delenv("ZHIBIAO_ADMIN_PASSWORD", raising=False)
        with running(url) as found:
            assert found.started_here
            patch.setenv("ZHIBIAO_ADMIN_PASSWORD", found.admin_password)
            yield found


def play(system: System, *options: str) -> str:
    """What one run of the demonstration writes on stdout."""
    done = CliRunner().invoke(build(), ["demo", "--url", system.url, *options])
    assert done.exit_code == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Run:
    """What a run has said it did, and everything done so far."""

    told: dict[str, Any]
    acts: list[dict[str, Any]]


@pytest.fixture(scope="module")
def first(system: System) -> Run:
    """The first run."""
    told = json.loads(play(system, "--json"))
    return Run(told, told["acts"])


@pytest.fixture(scope="module")
def looker(system: System, first: Run) -> Iterator[Zhibiao]:
    """Somebody who sees the whole province."""
    with Zhibiao.sign_in(system.url, system.admin, system.admin_password) as admin:
        admin.users.create(LOOKER)
    with Zhibiao.sign_in(system.url, LOOKER.login, LOOKER.password) as client:
        yield client


def differences(client: Zhibiao, run: Run) -> Iterator[str]:
    """Where the system's figures are not what the acts amount to: every indicator, scope and area."""
    pack = read_pack(run.told["plan"])
    recount = Recount(read_units(run.told["organisations"]), pack, what_stands(run.acts))
    touched = {act["indicator"] for act in run.acts}
    places = {place for act in run.acts for place in recount.above(act["organisation"])}
    compared = 0
    for area in sorted(places - {act["organisation"] for act in run.acts}) + NOBODY_TAKES_PART:
        for target in pack.targets.values():
            if target["indicator"] in touched:
                compared += 1
                yield from figures_differ(client, recount, target, area, run.told["period"])
                yield from standing_differs(client, recount, target, area, run.told["judged_on"])
    if compared < 100:
        yield f"only {compared} comparisons were made"


def figures_differ(client: Zhibiao, recount: Recount, target: dict[str, Any], area: str, period: str) -> Iterator[str]:
    """What differs between a figure and its recount."""
    indicator, scope = target["indicator"], target["scope"]
    figure = client.figures.get(organisation=area, indicator=indicator, scope=scope, period=period)
    where = f"{indicator} × {scope} in {area}"
    in_scope = len(recount.members(scope, area))
    if figure.units.in_scope != in_scope:
        yield f"{where}: {figure.units.in_scope} units in scope, counted {in_scope}"
    for series, value in ((REPORTED, figure.reported), (CONFIRMED, figure.confirmed)):
        counted = recount.figure(indicator, scope, area, series)
        if seen := differs(recount.pack.indicators[indicator]["value"], value, counted):
            yield f"{where}, {series}: {seen}"
        named = getattr(figure.units, series)
        if named != counted.units:
            yield f"{where}: {named} units {series}, counted {counted.units}"


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


def standing_differs(client: Zhibiao, recount: Recount, target: dict[str, Any], area: str, on: str) -> Iterator[str]:
    """What differs between a standing and its recount."""
    found = client.standings.list(organisation=area, target=target["code"], on=date.fromisoformat(on))
    (standing,) = found
    where = f"{target['code']} in {area}"
    if not recount.members(target["scope"], area):
        if (standing.actual, standing.actual_reported) != (None, None):
            yield f"{where}: a figure without a base"
        return
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


def test_every_figure_is_what_the_submissions_amount_to(looker: Zhibiao, first: Run) -> None:
    assert list(differences(looker, first)) == []


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


def test_a_second_run_goes_on_and_every_figure_still_agrees(system: System, looker: Zhibiao, first: Run) -> None:
    told = json.loads(play(system, "--json"))
    again = Run(told, [*first.acts, *told["acts"]])
    assert told["first"] is False
    assert "corrected" in {act["verb"] for act in told["acts"]}
    corrected = next(act for act in told["acts"] if act["verb"] == "corrected")
    assert corrected["version"] > 2
    assert list(differences(looker, again)) == []


def test_the_story_names_nobody_without_saying_that_he_is_made_up(system: System, looker: Zhibiao) -> None:
    story = play(system)
    names = [each.name.removesuffix(SYNTHETIC) for each in looker.organisations.list(q="演示")]
    assert len(names) == 14
    told = [name for name in names if name in story]
    assert told
    for name in told:
        assert story.count(name) == story.count(name + SYNTHETIC)
    assert "Traceback" not in story
