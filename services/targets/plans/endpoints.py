"""Routes of plans and of loading them."""

import asyncio
import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import Depends, File, Form, Query, Response, UploadFile

from contracts.base import Code, Ground, Line, Page
from contracts.catalogue import ItemView, PlanView, TargetView
from contracts.imports import ImportJob
from contracts.plans import Discrepancy, Document, Statement
from contracts.vocabularies import ItemType
from kernel import etags, idempotency
from kernel.app import errors, router
from kernel.auth import SignedIn
from services.targets.context import Db, Directory, Paging, Planner, listed
from services.targets.plans import archive, service
from services.targets.targets import service as targets

plans = router("/api/v1/plans", tags=["Plans"])
imports = router("/api/v1/imports/plans", tags=["Imports"])


@plans.get("", summary="List plans", responses=errors(), response_model=Page[PlanView])
async def list_plans(
    caller: SignedIn, db: Db, page: Paging, response: Response, if_none_match: etags.IfNoneMatch = None
) -> Page[PlanView] | Response:
    """Published plans, and drafts for planners of their issuer; in order of code."""
    found = await service.list_plans(db, caller, page)
    return listed(response, if_none_match, found)


@plans.get("/{code}", summary="Read a plan", responses=errors(404), response_model=PlanView)
async def read_plan(
    code: Code, caller: SignedIn, db: Db, response: Response, if_none_match: etags.IfNoneMatch = None
) -> PlanView | Response:
    """A plan with its status and what it holds."""
    plan = await service.read_plan(db, caller, code)
    return etags.conditional(response, if_none_match, plan.etag, plan)


@plans.get("/{code}/items", summary="List the items of a plan", responses=errors(404), response_model=Page[ItemView])
async def list_items(
    code: Code,
    caller: SignedIn,
    db: Db,
    page: Paging,
    response: Response,
    type_: Annotated[list[ItemType] | None, Query(alias="type", description="Kind of item; several are OR")] = None,
    if_none_match: etags.IfNoneMatch = None,
) -> Page[ItemView] | Response:
    """Actions, tasks and key projects in the order of the plan, with responsible units and targets."""
    found = await service.list_items(db, caller, code, page, type_ or [])
    return listed(response, if_none_match, found)


@plans.get(
    "/{code}/targets", summary="List the targets of a plan", responses=errors(404), response_model=Page[TargetView]
)
async def list_targets(
    code: Code, caller: SignedIn, db: Db, page: Paging, response: Response, if_none_match: etags.IfNoneMatch = None
) -> Page[TargetView] | Response:
    """The targets in the order of the plan."""
    await service.read_plan(db, caller, code)
    found = await targets.list_targets(db, caller, page, targets.Filters(plan=[code]))
    return listed(response, if_none_match, found)


@plans.get(
    "/{code}/documents",
    summary="List the source documents of a plan",
    responses=errors(404),
    response_model=Page[Document],
)
async def list_documents(
    code: Code, caller: SignedIn, db: Db, page: Paging, response: Response, if_none_match: etags.IfNoneMatch = None
) -> Page[Document] | Response:
    """The documents that source passages point into."""
    found = await service.list_entries(db, caller, code, page, Document)
    return listed(response, if_none_match, found)


@plans.get(
    "/{code}/discrepancies",
    summary="List the discrepancies of a plan",
    responses=errors(404),
    response_model=Page[Discrepancy],
)
async def list_discrepancies(
    code: Code, caller: SignedIn, db: Db, page: Paging, response: Response, if_none_match: etags.IfNoneMatch = None
) -> Page[Discrepancy] | Response:
    """Where sources differ or a sentence can be read two ways: the readings, the one followed, and why."""
    found = await service.list_entries(db, caller, code, page, Discrepancy)
    return listed(response, if_none_match, found)


@plans.get(
    "/{code}/statements", summary="List the statements of a plan", responses=errors(404), response_model=Page[Statement]
)
async def list_statements(
    code: Code, caller: SignedIn, db: Db, page: Paging, response: Response, if_none_match: etags.IfNoneMatch = None
) -> Page[Statement] | Response:
    """Figures that were said and are not targets."""
    found = await service.list_entries(db, caller, code, page, Statement)
    return listed(response, if_none_match, found)


@plans.post("/{code}/publish", summary="Publish a plan", responses=errors(403, 404, 409, 412, 428))
async def publish_plan(
    code: Code, caller: Planner, db: Db, response: Response, if_match: etags.IfMatch = None
) -> PlanView:
    """Put a draft in force: its targets are binding and visible to everyone from now on."""
    plan = await service.publish(db, caller, code, if_match)
    response.headers["ETag"] = plan.etag
    return plan


@imports.post("", status_code=202, summary="Load a plan", responses=errors(403, 413, 415))
async def load_plan(
    caller: Planner,
    db: Db,
    directory: Directory,
    response: Response,
    file: Annotated[UploadFile, File(description="A plan pack: one YAML file, or a zip of several")],
    mode: Annotated[service.Mode, Form(description="`dry_run` only says what would change")] = "atomic",
    publish: Annotated[bool, Form(description="Put the plan in force at once")] = False,
    ground: Annotated[Line | None, Form(description="The document that justifies the change")] = None,
    key: Annotated[str | None, Depends(idempotency.key_header)] = None,
) -> ImportJob:
    """Check a plan pack and load it; every fault comes back with its file and line, and with any nothing is loaded."""
    raw = await file.read()
    asked = [hashlib.sha256(raw).hexdigest(), mode, publish, ground]
    wanted = idempotency.required(key, "POST /api/v1/imports/plans", asked)
    job = await service.load_pack(
        db,
        caller,
        await asyncio.to_thread(archive.files, file.filename or "", raw),
        mode=mode,
        publish=publish,
        ground=Ground(title=ground) if ground else None,
        directory=directory,
        key=wanted,
    )
    response.headers["Location"] = f"/api/v1/imports/plans/{job.id}"
    return job


@imports.get("/{id}", summary="Read what came of a load", responses=errors(403, 404))
async def read_load(id: UUID, caller: Planner, db: Db) -> ImportJob:
    """Counts and faults of a load you asked for."""
    return await service.job(db, caller, id)
