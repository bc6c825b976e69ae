"""Settings: loaded once, changed by their owner, shown to everyone, told to the neighbours."""

import pytest

from kernel.audit import SYSTEM
from kernel.errors import Forbidden
from services.targets.choices import service as choices
from tests.integration.targets.conftest import Actor, Service
from tests.unit.targets.test_choices import text

TRACES = """
    SELECT (SELECT count(*) FROM targets.audit_event), (SELECT count(*) FROM targets.entry_version),
           (SELECT count(*) FROM targets.feed_change)
"""


async def test_settings_are_loaded_once(service: Service, viewer: Actor) -> None:
    """The second time nothing happens."""
    job = await choices.load(service.database, SYSTEM, text())
    assert (job.state, job.counts.new) == ("done", 10)
    assert await service.rows(TRACES) == [(10, 10, 10)]
    job = await choices.load(service.database, SYSTEM, text())
    assert (job.counts.same, job.counts.new) == (10, 0)
    assert await service.rows(TRACES) == [(10, 10, 10)]
    listed = await viewer.items("/api/v1/settings")
    assert [one["code"] for one in listed] == sorted(one["code"] for one in listed)
    assert {"about-tolerance": 10, "default-rhythm": "month", "inherit-share-thresholds": True}.items() <= {
        one["code"]: one["value"] for one in listed
    }.items()


async def test_a_changed_setting_gets_a_version_with_its_ground(service: Service, viewer: Actor) -> None:
    """One record; the earlier value is kept; a setting the text leaves out stays."""
    await choices.load(service.database, SYSTEM, text())
    first = text()[text().index("  - code: band") : text().index("  - code: default-rhythm")]
    changed = "settings:\n" + first.replace("value: 10", "value: 7.5").replace("title: 系统默认", "title: 省里决定")
    job = await choices.load(service.database, SYSTEM, changed)
    assert (job.counts.new, job.counts.changed, job.counts.same) == (0, 1, 0)
    answer = await viewer.get("/api/v1/settings/band")
    assert (answer.json()["value"], answer.json()["version"], answer.headers["etag"]) == ("7.5", 2, '"2"')
    kept = await service.rows(
        "SELECT version, body -> 'value' FROM targets.entry_version WHERE code = 'band' ORDER BY 1"
    )
    assert kept == [(1, 10), (2, "7.5")]
    assert await service.rows(TRACES) == [(11, 11, 11)]
    assert len(await viewer.items("/api/v1/settings")) == 10


async def test_any_fault_and_no_setting_is_loaded(service: Service) -> None:
    """Each with its line."""
    job = await choices.load(service.database, SYSTEM, text().replace("value: month", "value: weekly"))
    assert (job.state, [fault.code for fault in job.conflicts]) == ("refused", ["value"])
    assert job.conflicts[0].line and await service.rows(TRACES) == [(0, 0, 0)]


async def test_only_the_owner_s_planners_choose(service: Service) -> None:
    """A city's planner does not set what holds in the province."""
    await service.as_("city-planner")
    access = service.app.state.access
    city = await access.caller(service.auth.token("city-planner"), changing=True)
    with pytest.raises(Forbidden):
        await choices.load(service.database, city, text())
    province = await access.caller(service.auth.token("planner"), changing=True)
    assert (await choices.load(service.database, province, text())).state == "done"


async def test_an_absent_setting_is_404(viewer: Actor) -> None:
    """As everything absent is."""
    assert (await viewer.get("/api/v1/settings/none")).status_code == 404
