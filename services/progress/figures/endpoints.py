"""Routes of figures."""

from typing import Annotated, Literal

from fastapi import Query

from contracts.base import Code, Page, PeriodCode
from contracts.figures import Figure, FigureSeries, FigureSource, FigureTable
from contracts.vocabularies import Level
from kernel.app import errors, router
from kernel.auth import SignedIn
from services.progress.desk import AtDesk
from services.progress.figures import service

routes = router("/api/v1/figures", tags=["Figures"])
Organisation = Annotated[Code, Query(description="An area, or an institution for its own figure")]
Indicator = Annotated[Code, Query()]
Scope = Annotated[Code | None, Query(description="Who counts; the indicator's first scope if not given")]
Period = Annotated[PeriodCode, Query()]


@routes.get("", summary="A figure · 指标数", responses=errors(404))
async def get_figure(
    desk: AtDesk,
    caller: SignedIn,
    organisation: Organisation,
    indicator: Indicator,
    period: Period,
    scope: Scope = None,
) -> Figure:
    """Reported and confirmed, with numerator, denominator, units in scope and those missing."""
    return await service.figure(desk.database, desk.directory, caller, organisation, indicator, scope, period)


@routes.get("/series", summary="A figure over time · 时间序列", responses=errors(404))
async def get_series(
    desk: AtDesk,
    caller: SignedIn,
    organisation: Organisation,
    indicator: Indicator,
    period: Annotated[list[PeriodCode], Query(min_length=1, max_length=36)],
    scope: Scope = None,
) -> FigureSeries:
    """The same figure for each of the periods."""
    found = await service.series(desk.database, desk.directory, caller, organisation, indicator, scope, period)
    return FigureSeries(items=found)


@routes.get("/table", summary="Figures by area · 分地区表", responses=errors(404))
async def get_table(
    desk: AtDesk,
    caller: SignedIn,
    organisation: Organisation,
    by: Annotated[Literal["city", "county", "institution"], Query()],
    indicators: Annotated[list[Code], Query(min_length=1, max_length=60)],
    period: Period,
) -> FigureTable:
    """Figures of every area of a level below an organisation."""
    return await service.table(desk.database, desk.directory, caller, organisation, Level(by), indicators, period)


@routes.get("/sources", summary="Where a figure comes from · 数据来源", responses=errors(404))
async def get_sources(
    desk: AtDesk,
    caller: SignedIn,
    organisation: Organisation,
    indicator: Indicator,
    period: Period,
    scope: Scope = None,
) -> Page[FigureSource]:
    """Every submission version that the figure is made of."""
    found = await service.sources(desk.database, desk.directory, caller, organisation, indicator, scope, period)
    return Page(items=found, total=len(found))
