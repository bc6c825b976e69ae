"""Loading organisations and facts from CSV files."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, File, Form, Response, UploadFile

from contracts.imports import ImportJob
from kernel.app import errors, router
from kernel.auth import Caller, require
from kernel.errors import IdempotencyKeyRequired, MalformedRequest, Said
from kernel.idempotency import key_header
from services.auth.context import Db
from services.auth.imports import service
from services.auth.organisations.authority import TREE

routes = router("/api/v1/imports", tags=["Imports"])

Loader = Annotated[Caller, require(*TREE)]
Key = Annotated[str | None, Depends(key_header)]
Upload = Annotated[UploadFile, File(description="CSV in UTF-8, with or without a byte order mark")]
Mode = Annotated[Literal["dry_run", "atomic"], Form(description="dry_run writes nothing; atomic all or nothing")]

_NOT_UTF8 = Said("文件须为 UTF-8 编码的 CSV；在 Excel 中请另存为“CSV UTF-8”。", "the file must be CSV in UTF-8")


@routes.post("/organisations", status_code=202, responses=errors(403, 409, 413))
async def import_organisations(
    database: Db, caller: Loader, file: Upload, response: Response, mode: Mode = "atomic", key: Key = None
) -> ImportJob:
    """Register or correct organisations: `code,name,level,kind,parent,division,valid_from,tier,ownership,tags,synthetic`.

    A parent may stand later in the same file. With any conflict nothing is written, and every conflict is listed.
    """
    return await _load(database, caller, "organisations", file, response, mode, key)


@routes.post("/facts", status_code=202, responses=errors(403, 409, 413))
async def import_facts(
    database: Db, caller: Loader, file: Upload, response: Response, mode: Mode = "atomic", key: Key = None
) -> ImportJob:
    """Record dated facts of organisations: `organisation,fact,value,on,source`."""
    return await _load(database, caller, "facts", file, response, mode, key)


@routes.get("/organisations/{id}", responses=errors(404))
async def read_organisations_import(database: Db, caller: Loader, id: UUID) -> ImportJob:
    """What came of an import of your own."""
    return await service.job(database, caller, "organisations", id)


@routes.get("/facts/{id}", responses=errors(404))
async def read_facts_import(database: Db, caller: Loader, id: UUID) -> ImportJob:
    """What came of an import of your own."""
    return await service.job(database, caller, "facts", id)


async def _load(
    database: Db,
    caller: Caller,
    kind: service.ImportKind,
    file: UploadFile,
    response: Response,
    mode: service.Mode,
    key: str | None,
) -> ImportJob:
    if key is None:
        raise IdempotencyKeyRequired()
    try:
        text = (await file.read()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedRequest(_NOT_UTF8) from None
    job = await service.load(database, caller, kind, text, mode, key)
    response.headers["Location"] = f"{routes.prefix}/{kind}/{job.id}"
    return job
