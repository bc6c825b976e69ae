"""Routes of reports and submissions."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Query, Response
from fastapi.responses import JSONResponse

from contracts.base import Code, Page, PeriodCode
from contracts.reports import (
    Answer,
    ReportForm,
    ReportResult,
    ReportSave,
    Submission,
    SubmissionCreate,
    Versions,
    Withdraw,
)
from contracts.vocabularies import Role, SubmissionState
from kernel import idempotency, paging
from kernel.app import errors, router
from kernel.auth import Caller, SignedIn, require
from kernel.paging import PageQuery, page_query
from services.progress.desk import AtDesk
from services.progress.reports.preconditions import revision_of
from services.progress.reports.service import forms, reading, submissions

routes = router("/api/v1", tags=["Reports"])
Reporter = Annotated[Caller, require(Role.REPORTER)]
Key = Annotated[str | None, Depends(idempotency.key_header)]
IfMatch = Annotated[str | None, Header(description="The ETag that was read")]


@routes.get("/reports/{organisation}/{period}", summary="The report of a unit · 单位报表", responses=errors(404))
async def get_report(desk: AtDesk, caller: SignedIn, organisation: Code, period: PeriodCode) -> ReportForm:
    """Every indicator asked of the unit in this period, with label, threshold, last answer, state and actions."""
    return await forms.form(desk, caller, organisation, period)


@routes.put(
    "/reports/{organisation}/{period}",
    summary="Save answers as drafts · 保存草稿",
    responses=errors(403, 404, 409),
)
async def save_report(
    desk: AtDesk, caller: Reporter, organisation: Code, period: PeriodCode, body: ReportSave
) -> ReportResult:
    """Save the named answers, all or none; what is not named stays as it is. Repeating it changes nothing."""

    async def act() -> ReportResult:
        return await forms.save(desk, caller, organisation, period, body)

    found: ReportResult = await submissions.with_catch_up(desk, act)
    return found


@routes.post(
    "/reports/{organisation}/{period}/submit",
    summary="Submit the report · 提交报表",
    responses=errors(403, 404, 409),
    response_model=ReportResult,
)
async def submit_report(
    desk: AtDesk, caller: Reporter, organisation: Code, period: PeriodCode, key: Key = None
) -> JSONResponse:
    """Send every draft of the report to review, all or none."""
    wanted = idempotency.required(key, f"submit {organisation} {period}", None)
    status, body = await forms.submit(desk, caller, organisation, period, wanted)
    return JSONResponse(body, status_code=status)


@routes.post(
    "/submissions",
    status_code=201,
    summary="Report one fact · 填报一项",
    responses=errors(403, 409),
    response_model=Submission,
)
async def create_submission(desk: AtDesk, caller: Reporter, body: SubmissionCreate, key: Key = None) -> JSONResponse:
    """One fact of one unit and period; with `submit` it goes to review at once. A repeat updates the draft."""
    wanted = idempotency.required(key, "submissions", body.model_dump(mode="json"))

    async def act() -> tuple[int, Any]:
        return await submissions.create(desk, caller, body, wanted)

    status, answer = await submissions.with_catch_up(desk, act)
    headers = {"ETag": answer["etag"], "Location": f"/api/v1/submissions/{answer['id']}"}
    return JSONResponse(answer, status_code=status, headers=headers)


@routes.get("/submissions", summary="List submissions · 填报清单", responses=errors(404))
async def list_submissions(
    desk: AtDesk,
    response: Response,
    caller: SignedIn,
    page: Annotated[PageQuery, Depends(page_query)],
    state: Annotated[list[SubmissionState] | None, Query()] = None,
    organisation: Annotated[Code | None, Query(description="This unit and all below it")] = None,
    indicator: Annotated[list[Code] | None, Query()] = None,
    period: Annotated[list[PeriodCode] | None, Query()] = None,
) -> Page[Submission]:
    """Submissions within your scope, the newest first."""
    chosen = reading.Selection(organisation, [s.value for s in state or []], indicator or [], period or [])
    found = await reading.listing(desk, caller, chosen, page)
    paging.link_header(response, found)
    return found


@routes.get("/submissions/{submission}", summary="Read a submission · 读取一项填报", responses=errors(404))
async def get_submission(desk: AtDesk, response: Response, caller: SignedIn, submission: UUID) -> Submission:
    """One submission with its state, its review and the caller's actions."""
    found = await reading.get(desk, caller, submission)
    response.headers["ETag"] = found.etag
    return found


@routes.get("/submissions/{submission}/versions", summary="All versions · 历次版本", responses=errors(404))
async def get_versions(desk: AtDesk, caller: SignedIn, submission: UUID) -> Versions:
    """Every version with author and time; none is ever overwritten once submitted."""
    return await reading.versions(desk, caller, submission)


@routes.put(
    "/submissions/{submission}",
    summary="Edit a draft · 修改草稿",
    responses=errors(403, 404, 409, 412, 428),
)
async def edit_submission(
    desk: AtDesk,
    response: Response,
    caller: Reporter,
    submission: UUID,
    body: Answer,
    if_match: IfMatch = None,
) -> Submission:
    """Change what was not submitted; after a return a new version begins."""
    seen = revision_of(if_match)
    found = await submissions.change(desk, caller, submission, seen, "edit", answer=body)
    response.headers["ETag"] = found.etag
    return found


@routes.post("/submissions/{submission}/submit", summary="Submit · 提交", responses=errors(403, 404, 409, 412, 428))
async def submit_submission(
    desk: AtDesk, response: Response, caller: Reporter, submission: UUID, if_match: IfMatch = None
) -> Submission:
    """Send a draft, or what was returned or withdrawn, up the chain from its beginning."""
    found = await submissions.change(desk, caller, submission, revision_of(if_match), "submit")
    response.headers["ETag"] = found.etag
    return found


@routes.post("/submissions/{submission}/withdraw", summary="Withdraw · 撤回", responses=errors(403, 404, 409, 412, 428))
async def withdraw_submission(
    desk: AtDesk,
    response: Response,
    caller: Reporter,
    submission: UUID,
    body: Withdraw,
    if_match: IfMatch = None,
) -> Submission:
    """Take it back before anybody has decided."""
    seen = revision_of(if_match)
    found = await submissions.change(desk, caller, submission, seen, "withdraw", reason=body.reason)
    response.headers["ETag"] = found.etag
    return found


@routes.post("/submissions/{submission}/correct", summary="Correct · 更正", responses=errors(403, 404, 409, 412, 428))
async def correct_submission(
    desk: AtDesk, response: Response, caller: Reporter, submission: UUID, if_match: IfMatch = None
) -> Submission:
    """Begin a new version of what is approved; the approved one stays in force until the new one is approved."""
    found = await submissions.change(desk, caller, submission, revision_of(if_match), "correct")
    response.headers["ETag"] = found.etag
    return found


@routes.post(
    "/submissions/{submission}/discard",
    summary="Discard a correction · 放弃更正",
    responses=errors(403, 404, 409, 412, 428),
)
async def discard_correction(
    desk: AtDesk, response: Response, caller: Reporter, submission: UUID, if_match: IfMatch = None
) -> Submission:
    """Drop a correction that was not submitted; the version in force stands as before."""
    found = await submissions.change(desk, caller, submission, revision_of(if_match), "discard")
    response.headers["ETag"] = found.etag
    return found
