"""Routes of standing."""

from typing import Annotated, Literal

from fastapi import Depends, Query

from contracts.base import Code, Day, Page
from contracts.standings import Failing, Standing, StandingSummary, StandingTable
from contracts.vocabularies import Level, Status, Strength
from kernel.app import errors, router
from kernel.auth import SignedIn
from services.progress.desk import AtDesk
from services.progress.standing import service
from services.progress.standing.service import Selection

routes = router("/api/v1/standings", tags=["Standings"])
Organisation = Annotated[Code | None, Query(description="The place judged; your highest one if not given")]
On = Annotated[Day | None, Query(description="The day judged; today in Shanghai if not given")]


def selection(
    plan: Annotated[Code | None, Query()] = None,
    target: Annotated[list[Code] | None, Query()] = None,
    item: Annotated[list[Code] | None, Query(description="Action, task or project")] = None,
    strength: Annotated[list[Strength] | None, Query()] = None,
    indicator: Annotated[list[Code] | None, Query()] = None,
    status: Annotated[list[Status] | None, Query()] = None,
) -> Selection:
    """The filters that all routes of standing share."""
    return Selection(
        plan,
        target or [],
        item or [],
        [one.value for one in strength or []],
        indicator or [],
        [one.value for one in status or []],
    )


Chosen = Annotated[Selection, Depends(selection)]


@routes.get("", summary="Standings · 进展状态", responses=errors(404))
async def list_standings(
    desk: AtDesk, caller: SignedIn, chosen: Chosen, organisation: Organisation = None, on: On = None
) -> Page[Standing]:
    """How far each target is in a place on a day, with the reason in words; judged on confirmed figures."""
    found = await service.standings(desk, caller, organisation, on, chosen)
    return Page(items=found, total=len(found))


@routes.get("/summary", summary="Counts by status · 状态汇总", responses=errors(404))
async def get_summary(
    desk: AtDesk, caller: SignedIn, chosen: Chosen, organisation: Organisation = None, on: On = None
) -> StandingSummary:
    """How many targets have each status: in all, by strength, by action."""
    return await service.summary(desk, caller, organisation, on, chosen)


@routes.get("/table", summary="Targets by areas · 分地区状态表", responses=errors(404))
async def get_table(
    desk: AtDesk,
    caller: SignedIn,
    chosen: Chosen,
    organisation: Organisation = None,
    by: Annotated[Literal["city", "county"], Query()] = "city",
    on: On = None,
) -> StandingTable:
    """Every target in every area of a level below an organisation."""
    return await service.table(desk, caller, organisation, Level(by), on, chosen)


@routes.get("/{target}/failing", summary="Who is short · 未达标单位", responses=errors(404))
async def get_failing(
    desk: AtDesk, caller: SignedIn, target: Code, organisation: Organisation = None, on: On = None
) -> Failing:
    """The units that do not comply with a target, with what each lacks."""
    return await service.failing(desk, caller, organisation, target, on)
