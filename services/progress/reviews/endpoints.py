"""Routes of review."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query, Response
from fastapi.responses import JSONResponse

from contracts.base import Code, Page, PeriodCode
from contracts.reports import Approve, Return, ReviewBatch, ReviewBatchResult, Submission
from contracts.vocabularies import Role
from kernel import idempotency, paging
from kernel.app import errors, router
from kernel.auth import Caller, require
from kernel.paging import PageQuery, page_query
from services.progress.desk import AtDesk
from services.progress.reports.preconditions import revision_of
from services.progress.reviews import service
from services.progress.reviews.service import Verdict

routes = router("/api/v1", tags=["Reviews"])
Reviewer = Annotated[Caller, require(Role.REVIEWER)]
IfMatch = Annotated[str | None, Header(description="The ETag that was read")]


@routes.get("/reviews", summary="What waits for me · 待我审核", responses=errors(403))
async def list_reviews(
    desk: AtDesk,
    response: Response,
    caller: Reviewer,
    page: Annotated[PageQuery, Depends(page_query)],
    organisation: Annotated[list[Code] | None, Query()] = None,
    indicator: Annotated[list[Code] | None, Query()] = None,
    period: Annotated[list[PeriodCode] | None, Query()] = None,
) -> Page[Submission]:
    """Submissions whose turn it is at an office you review for, the oldest first."""
    chosen = service.Selection(organisation or [], indicator or [], period or [])
    found = await service.waiting(desk, caller, chosen, page)
    paging.link_header(response, found)
    return found


@routes.post(
    "/submissions/{submission}/approve",
    summary="Approve · 通过",
    responses=errors(403, 404, 409, 412, 428),
)
async def approve_submission(
    desk: AtDesk,
    response: Response,
    caller: Reviewer,
    submission: UUID,
    body: Approve,
    if_match: IfMatch = None,
) -> Submission:
    """Approve what was read; the last office's approval brings it into force."""
    verdict = Verdict("approve", revision_of(if_match), note=body.note, judgement=body.judgement)
    found = await service.decide(desk, caller, submission, verdict)
    response.headers["ETag"] = found.etag
    return found


@routes.post(
    "/submissions/{submission}/return",
    summary="Return with a reason · 退回",
    responses=errors(403, 404, 409, 412, 428),
)
async def return_submission(
    desk: AtDesk,
    response: Response,
    caller: Reviewer,
    submission: UUID,
    body: Return,
    if_match: IfMatch = None,
) -> Submission:
    """Send it back to the reporter, with the reason and perhaps a proposed answer; the chain starts again."""
    verdict = Verdict("return", revision_of(if_match), reason=body.reason, suggested=body.suggested)
    found = await service.decide(desk, caller, submission, verdict)
    response.headers["ETag"] = found.etag
    return found


@routes.post(
    "/review-batches",
    summary="Decide several · 批量审核",
    responses=errors(403),
    response_model=ReviewBatchResult,
)
async def decide_batch(
    desk: AtDesk,
    caller: Reviewer,
    body: ReviewBatch,
    key: Annotated[str | None, Depends(idempotency.key_header)] = None,
) -> JSONResponse:
    """Up to 1,000 decisions, each pinned to the version that was read and answered on its own."""
    wanted = idempotency.required(key, "review-batches", body.model_dump(mode="json"))
    status, answer = await service.decide_many(desk, caller, body, wanted)
    return JSONResponse(answer, status_code=status)
