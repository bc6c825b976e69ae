"""The command line against a whole system: signing in, loading, reporting, reviewing, looking."""

import csv
import io
import json
import re
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.access import GrantIn, UserCreate
from contracts.base import Ground
from contracts.reports import ExtensionCreate
from contracts.vocabularies import Role
from kernel.embedded_postgres import Server
from tests.fixtures.database import CHECKOUT
from tests.fixtures.system import ADMINISTRATOR, PASSWORD
from tests.system.started import served_system, zhibiao
from zhibiao import Zhibiao
from zhibiao.demo.stage import eventually

PERIOD = "2023-11"
UNIT, OTHER_UNIT, COUNTY, CITY, PROVINCE = "DEMO-CLI-1", "DEMO-CLI-2", "360702", "360700", "360000"
INDICATOR, SCOPE = "specialty-departments", "township-community-centres"
TARGET = "T11-specialty-departments"
HEAD = "code,name,level,kind,parent,division,valid_from,tier,ownership,tags,synthetic\n"
GOOD = "".join(
    f"{code},演示命令行{name}卫生院（合成数据）,institution,township_centre,{COUNTY},,2021-01-01,,public,,true\n"
    for code, name in ((UNIT, "一"), (OTHER_UNIT, "二"))
)
BAD = "DEMO-CLI-3,演示无上级卫生院（合成数据）,institution,township_centre,999999,,2021-01-01,,public,,true\n"
PEOPLE = {
    "reporter": (Role.REPORTER, UNIT),
    "county": (Role.REVIEWER, COUNTY),
    "city": (Role.REVIEWER, CITY),
    "province": (Role.REVIEWER, PROVINCE),
    "planner": (Role.PLANNER, PROVINCE),
}


@dataclass(frozen=True)
class Desk:
    """A person at a machine of his own."""

    folder: Path

    def run(self, *arguments: str, expect: int = 0, **environment: str) -> str:
        """What a command writes on stdout; it must end with the expected exit code and without a stack trace."""
        done = zhibiao(*arguments, ZHIBIAO_CONFIG=str(self.folder), **environment)
        assert done.returncode == expect, done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        return done.stdout

    def ask(self, *arguments: str, expect: int = 0, **environment: str) -> Any:
        """The same as JSON."""
        return json.loads(self.run(*arguments, "--json", expect=expect, **environment))


@pytest.fixture(scope="module")
async def url(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A system of this module's own."""
    async with served_system(server, tmp_path_factory.mktemp("cli")) as found:
        yield found


@pytest.fixture(scope="module")
def admin(url: str, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The administrator, signed in on the command line."""
    desk = Desk(tmp_path_factory.mktemp("admin"))
    desk.run("login", ADMINISTRATOR, ZHIBIAO_PASSWORD=PASSWORD)
    return desk


@pytest.fixture(scope="module")
def loaded(admin: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of one organisation, loaded."""
    file = tmp_path_factory.mktemp("files") / "units.csv"
    file.write_text(HEAD + GOOD, encoding="utf-8")
    admin.run("load", "organisations", str(file))
    return file


@pytest.fixture(scope="module")
def desks(url: str, loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Desk]:
    """A reporter, reviewers at every office and a planner, signed in; the month is open."""
    found = {}
    with Zhibiao.sign_in(url, ADMINISTRATOR, PASSWORD) as client:
        for login, (role, place) in PEOPLE.items():
            grants = [GrantIn(role=role, organisation=place)]
            new = UserCreate(
                login=login, name=login, organisation=place, password=PASSWORD, keep_password=True, grants=grants
            )
            client.users.create(new)
            found[login] = Desk(tmp_path_factory.mktemp(login))
            found[login].run("login", login, ZHIBIAO_PASSWORD=PASSWORD)
    open_month(url)
    return found


def open_month(url: str) -> None:
    """Open the month for the county, and wait until the unit is known everywhere."""
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    extension = ExtensionCreate(organisation=COUNTY, until=until, reason="测试", ground=Ground(title="测试"))
    with Zhibiao.sign_in(url, "planner", PASSWORD) as planner:
        eventually(lambda: planner.reports.get(UNIT, PERIOD))
        planner.periods.extend(PERIOD, extension)


@pytest.fixture(scope="module")
def approved(desks: dict[str, Desk]) -> dict[str, Any]:
    """One number, submitted, returned, submitted again and approved by every office."""
    value = ("-o", UNIT, "-i", INDICATOR, "-p", PERIOD, "--value")
    first = desks["reporter"].ask("submit", *value, "13")
    assert (first["state"], first["version"], first["review"]["waiting_at"]) == ("submitted", 1, COUNTY)
    desks["county"].run("review", "return", first["id"][-8:], "--reason", "应为3个")
    again = desks["reporter"].ask("submit", *value, "3")
    assert (again["id"], again["version"]) == (first["id"], 2)
    for office in ("county", "city", "province"):
        assert f"{first['id'][-8:]}:2" in desks[office].run("review", "--period", PERIOD)
        result = desks[office].ask("review", "approve", f"{first['id']}:2")
        assert result["summary"] == {"done": 1}
    return dict(again)


def test_signing_in(admin: Desk, url: str) -> None:
    file = admin.folder / "accounts.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PASSWORD not in file.read_text(encoding="utf-8")
    assert admin.ask("whoami")["login"] == ADMINISTRATOR


def test_a_wrong_password(url: str, tmp_path: Path) -> None:
    Desk(tmp_path).run("login", ADMINISTRATOR, expect=3, ZHIBIAO_PASSWORD="not this one")
    Desk(tmp_path).run("whoami", expect=3)


def test_an_access_token_that_was_lost_is_renewed(desks: dict[str, Desk]) -> None:
    file = desks["province"].folder / "accounts.json"
    accounts = json.loads(file.read_text(encoding="utf-8"))
    (account,) = accounts["by_url"].values()
    before = dict(account)
    account["access"] = "worn.out.token"
    file.write_text(json.dumps(accounts), encoding="utf-8")
    assert desks["province"].ask("whoami")["login"] == "province"
    (after,) = json.loads(file.read_text(encoding="utf-8"))["by_url"].values()
    assert after["access"] not in ("worn.out.token", None)
    assert after["refresh"] != before["refresh"]


def test_loading_organisations(admin: Desk, loaded: Path, tmp_path: Path) -> None:
    assert admin.ask("load", "organisations", str(loaded))["counts"]["same"] == 2
    bad = tmp_path / "bad.csv"
    bad.write_text(HEAD + GOOD + BAD, encoding="utf-8")
    told = admin.ask("load", "organisations", str(bad), "--dry-run", expect=5)
    (conflict,) = told["conflicts"]
    assert (conflict["line"], conflict["column"]) == (4, "parent")
    assert conflict["message"] and conflict["message_en"]


def test_loading_facts_written_by_office_software(admin: Desk, loaded: Path, tmp_path: Path) -> None:
    file = tmp_path / "facts.csv"
    file.write_bytes(f"organisation,fact,value,on,source\n{UNIT},beds,30,2023-01-01,测试\n".encode("gb18030"))
    assert admin.ask("load", "facts", str(file))["counts"]["new"] == 1


def test_loading_the_plan_that_is_there_changes_nothing(desks: dict[str, Desk]) -> None:
    folder = CHECKOUT / "data" / "plans" / "jx-2023-2025"
    counts = desks["planner"].ask("load", "plan", str(folder), "--publish", "--dry-run")["counts"]
    assert (counts["new"], counts["changed"], counts["rejected"]) == (0, 0, 0)
    assert counts["same"] > 100


def test_a_reporter_may_not_load_a_plan(desks: dict[str, Desk]) -> None:
    desks["reporter"].run("load", "plan", str(CHECKOUT / "data" / "plans" / "jx-2023-2025"), expect=3)


def test_a_report_as_a_template(desks: dict[str, Desk]) -> None:
    text = desks["reporter"].run("report", UNIT, PERIOD, "--template", "-")
    asked = {row["indicator"] for row in csv.DictReader(io.StringIO(text))}
    form = desks["reporter"].ask("report", UNIT, PERIOD)
    assert asked == {entry["indicator"] for entry in form["entries"]}
    assert INDICATOR in asked
    assert "演示命令行一卫生院" in desks["reporter"].run("report", UNIT, PERIOD)


def test_a_file_submitted_twice_is_filed_once(desks: dict[str, Desk], tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    rows = ["paired-support,,是", "public-health-department,established,"]
    head = "organisation,period,indicator,stage,complies\n"
    file.write_text(head + "".join(f"{UNIT},{PERIOD},{row}\n" for row in rows), encoding="utf-8")
    first = desks["reporter"].ask("submit", "--file", str(file))
    again = desks["reporter"].ask("submit", "--file", str(file))
    assert [each["submission"]["version"] for each in first["filed"]] == [1, 1]
    assert first == again


def test_a_row_that_is_not_asked_is_refused_by_name(desks: dict[str, Desk], tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"organisation,period,indicator,value\n{UNIT},{PERIOD},herb-area,7\n", encoding="utf-8")
    told = desks["reporter"].ask("submit", "--file", str(file), expect=5)
    assert told["filed"] == []
    assert [(fault["line"], fault["code"]) for fault in told["faults"]] == [(2, "not-asked")]


def test_a_number_climbs_to_the_province(desks: dict[str, Desk], approved: dict[str, Any]) -> None:
    (figure,) = desks["province"].ask("figures", PROVINCE, INDICATOR, "-p", PERIOD)["items"]
    assert (figure["scope"], figure["reported"]["value"], figure["confirmed"]["value"]) == (SCOPE, "3", "3")
    shown = desks["province"].run("figures", PROVINCE, INDICATOR, "-p", PERIOD)
    assert "江西省" in shown and "基层特色科室数" in shown


def test_where_a_figure_comes_from(desks: dict[str, Desk], approved: dict[str, Any]) -> None:
    sources = desks["city"].ask("figures", CITY, INDICATOR, "-p", PERIOD, "--sources")["items"]
    (mine,) = [each for each in sources if each["organisation"] == UNIT]
    assert (mine["submission"], mine["version"]) == (approved["id"], 2)
    rows = desks["city"].ask("figures", CITY, INDICATOR, "-p", PERIOD, "--by", "county")["rows"]
    assert {row["organisation"]: row["confirmed"]["value"] for row in rows}[COUNTY] == "3"


def test_how_far_the_targets_are(desks: dict[str, Desk], approved: dict[str, Any]) -> None:
    day = ("--on", "2023-12-31")
    standings = desks["province"].ask("standings", PROVINCE, *day)["items"]
    (mine,) = [each for each in standings if each["target"] == TARGET]
    assert (mine["actual"], mine["final"]) == ("3", "800")
    summary = desks["province"].ask("standings", PROVINCE, "--summary", *day)
    assert sum(summary["counts"].values()) == len(standings)
    failing = desks["province"].ask("standings", PROVINCE, "--failing", "T10-standard-departments", *day)
    assert UNIT in {unit["organisation"] for unit in failing["items"]}
    assert "基层特色科室" in desks["province"].run("standings", PROVINCE, *day)


def test_what_is_not_mine_is_not_found(desks: dict[str, Desk]) -> None:
    desks["reporter"].run("report", "360100", PERIOD, expect=4)
    desks["county"].run("figures", PROVINCE, INDICATOR, "-p", PERIOD, expect=4)


def test_a_reporter_does_not_review(desks: dict[str, Desk]) -> None:
    desks["reporter"].run("review", expect=3)


def test_the_guide_shows_python_that_works(
    url: str, desks: dict[str, Desk], loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = ((Role.REPORTER, OTHER_UNIT), (Role.VIEWER, PROVINCE), (Role.SYSTEM_ADMIN, PROVINCE))
    grants = [GrantIn(role=role, organisation=place) for role, place in roles]
    new = UserCreate(
        login="zhang.san", name="张三", organisation=PROVINCE, password=PASSWORD, keep_password=True, grants=grants
    )
    with Zhibiao.sign_in(url, ADMINISTRATOR, PASSWORD) as admin:
        admin.users.create(new)
    monkeypatch.chdir(loaded.parent)
    guide = (CHECKOUT / "docs/guides/data-engineer.md").read_text(encoding="utf-8")
    real = {"http://127.0.0.1:8000": url, '"密码"': repr(PASSWORD), "DEMO-360722-T1": OTHER_UNIT}
    for shown, used in real.items():
        assert shown in guide
        guide = guide.replace(shown, used)
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", guide, re.MULTILINE | re.DOTALL):
        exec(compile(block, "data-engineer.md", "exec"), names)
    assert names["submission"].organisation == OTHER_UNIT
    assert names["figure"].organisation == CITY
    assert names["job"].counts.same == 2


def test_nobody_answers(tmp_path: Path) -> None:
    Desk(tmp_path).run("login", "zs", "--url", "http://127.0.0.1:9", expect=6, ZHIBIAO_PASSWORD="x", ZHIBIAO_TRIES="1")
