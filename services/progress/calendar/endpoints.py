"""Routes of the calendar."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from contracts.base import Code, Page, PeriodCode
from contracts.reports import Expectation, Extension, ExtensionCreate, Period
from contracts.vocabularies import Role
from kernel import idempotency, paging
from kernel.app import errors, router
from kernel.auth import Caller, SignedIn, require
from kernel.errors import NotFound
from kernel.paging import PageQuery, page_query
from services.progress.calendar import repository, service
from services.progress.calendar.models import period as periods

routes = router("/api/v1", tags=["Calendar"])
Extender = Annotated[Caller, require(Role.PLANNER, Role.SUPERVISOR)]


@routes.get("/periods", summary="List periods · 报告期列表", responses=errors())
async def list_periods(
    request: Request,
    response: Response,
    caller: SignedIn,
    page: Annotated[PageQuery, Depends(page_query)],
    year: Annotated[int | None, Query(ge=1990, le=2100)] = None,
    kind: Annotated[Literal["month", "quarter", "half", "year"] | None, Query()] = None,
) -> Page[Period]:
    """Periods are calendar intervals shared by all plans, in the order of their last day."""
    query = repository.listing()
    if year is not None:
        query = query.where(periods.c.code.like(f"{year}%"))
    if kind is not None:
        query = query.where(periods.c.kind == kind)
    async with request.app.state.database.reading() as conn:
        found = await paging.paged(conn, query, page, _period)
    paging.link_header(response, found)
    return found


@routes.get("/periods/{period}", summary="Read a period · 读取报告期", responses=errors(404))
async def get_period(request: Request, caller: SignedIn, period: PeriodCode) -> Period:
    """One period with its window, as the database's clock sees it."""
    async with request.app.state.database.reading() as conn:
        row = await repository.find(conn, period)
    if row is None:
        raise NotFound()
    return _period(row)


@routes.post(
    "/periods/{period}/extensions",
    status_code=201,
    summary="Extend a period · 延期",
    responses=errors(403, 404, 409),
    response_model=Extension,
)
async def extend_period(
    request: Request,
    caller: Extender,
    period: PeriodCode,
    body: ExtensionCreate,
    key: Annotated[str | None, Depends(idempotency.key_header)] = None,
) -> JSONResponse:
    """Open a period for a unit and all below it until an instant; audited, with reason and ground."""
    wanted = idempotency.required(key, f"extend {period}", body.model_dump(mode="json"))
    state = request.app.state
    status, made = await service.extend(state.database, state.directory, caller, period, body, wanted)
    return JSONResponse(made, status_code=status)


@routes.get("/expectations", summary="Who owes what · 应报清单", responses=errors(404))
async def list_expectations(
    request: Request,
    caller: SignedIn,
    organisation: Annotated[Code, Query()],
    period: Annotated[PeriodCode, Query()],
    state: Annotated[list[Literal["due", "reported", "late", "missing"]] | None, Query()] = None,
) -> Page[Expectation]:
    """Everything an organisation and the units below it owe for a period: due, reported, late or missing."""
    app = request.app.state
    found = await service.expectations(app.database, app.directory, caller, organisation, period)
    items = [one for one in found if state is None or one.state in state]
    return Page(items=items, total=len(items))


def _period(row: Any) -> Period:
    opened, closed = row.opens_at <= row.now, row.now >= row.closes_at
    return Period(
        code=row.code,
        kind=row.kind,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        state="closed" if closed else "open" if opened else "upcoming",
        etag=f'"{row.version}"',
    )
