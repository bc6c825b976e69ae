"""Turning every failure into one problem document, in the reader's language, echoing nothing that was sent."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from contracts.problems import Problem, ProblemField
from kernel.errors import (
    AppError,
    FieldError,
    Invalid,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    Said,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from kernel.logs import log
from kernel.trace import current_trace

MEDIA_TYPE = "application/problem+json"
DOCUMENTATION = "/docs/errors"

_WORDS: dict[str, Said] = {
    "missing": Said("必填。", "this field is required"),
    "extra_forbidden": Said("没有这个字段；请检查拼写。", "there is no such field; check its spelling"),
    "string_type": Said("应为文本。", "give a text"),
    "string_too_long": Said("文本过长。", "the text is too long"),
    "string_too_short": Said("文本过短。", "the text is too short"),
    "string_pattern_mismatch": Said("格式不符。", "the text does not have the expected form"),
    "int_type": Said("应为整数。", "give a whole number"),
    "int_from_float": Said("应为整数。", "give a whole number"),
    "bool_type": Said("应为 true 或 false。", "give true or false"),
    "enum": Said(
        "不在允许的取值之内；见 /api/v1/vocabularies。",
        "not one of the allowed words; see /api/v1/vocabularies",
    ),
    "literal_error": Said("不在允许的取值之内。", "not one of the allowed values"),
    "number": Said(
        "应为普通十进制数：小数点前至多 14 位、后至多 4 位，不用指数。",
        "give a plain decimal number: at most 14 digits before and 4 after the point, no exponent",
    ),
    "characters": Said(
        "含有控制、方向或不可见字符。", "control, direction and invisible characters are not allowed"
    ),
    "uuid_parsing": Said("应为 UUID。", "give a UUID"),
    "date_from_datetime_parsing": Said("应为日期，如 2023-11-30。", "give a date, for example 2023-11-30"),
    "date_parsing": Said("应为日期，如 2023-11-30。", "give a date, for example 2023-11-30"),
    "datetime_from_date_parsing": Said("应为带时区的时刻。", "give an instant with its time zone"),
    "year": Said("年份须在 1800 至 2999 之间。", "the year must lie between 1800 and 2999"),
    "timezone_aware": Said("应为带时区的时刻。", "give an instant with its time zone"),
    "greater_than_equal": Said("数值过小。", "the number is too small"),
    "less_than_equal": Said("数值过大。", "the number is too large"),
    "list_type": Said("应为列表。", "give a list"),
    "too_long": Said("条目过多。", "too many entries"),
    "too_short": Said("条目过少。", "too few entries"),
    "model_attributes_type": Said("应为 JSON 对象。", "give a JSON object"),
    "dict_type": Said("应为 JSON 对象。", "give a JSON object"),
}
_OTHER = Said("取值不正确。", "the value is not valid")


def prefers_english(accept_language: str | None) -> bool:
    """Whether English stands before Chinese in Accept-Language; Chinese is the default."""
    best: dict[str, float] = {}
    for part in (accept_language or "").split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        primary = tag.split("-")[0].lower()
        best[primary] = max(best.get(primary, 0.0), quality)
    return best.get("en", 0.0) > best.get("zh", 0.0)


def _pick(said: Said, english: bool) -> str:
    return said.en if english else said.zh


def problem(error: AppError, english: bool) -> Problem:
    """The document for an error."""
    trace = current_trace()
    return Problem(
        type=f"{DOCUMENTATION}#{error.code}",
        title=_pick(error.title(), english),
        status=error.status,
        detail=_pick(error.detail, english) if error.detail else None,
        code=error.code,
        trace_id=trace.id if trace else "",
        errors=[
            ProblemField(pointer=e.pointer, code=e.code, message=_pick(e.said, english)) for e in error.errors
        ],
    )


def respond(error: AppError, accept_language: str | None) -> Response:
    """The response for an error."""
    english = prefers_english(accept_language)
    return Response(
        problem(error, english).model_dump_json(exclude_none=True),
        status_code=error.status,
        media_type=MEDIA_TYPE,
        headers={
            **error.headers,
            "Content-Language": "en" if english else "zh-CN",
            "Vary": "Accept-Language",
        },
    )


def field_errors(faults: Sequence[Any], prefix: str = "") -> list[FieldError]:
    """Pydantic's findings as ours: pointer, code, sentence; never the input."""
    found = []
    for fault in faults:
        where = [str(part).replace("~", "~0").replace("/", "~1") for part in fault["loc"]]
        said = _WORDS.get(fault["type"], _OTHER)
        if fault["type"] == "value_error":
            reason = str(fault.get("ctx", {}).get("error", ""))
            said = Said(reason or _OTHER.zh, reason or _OTHER.en)
        found.append(FieldError(prefix + "/" + "/".join(where), fault["type"].replace("_", "-"), said))
    return found


def from_validation(error: RequestValidationError) -> AppError:
    """What a request that FastAPI could not validate is, in our family."""
    faults = error.errors()
    if any(f["type"] == "model_attributes_type" and isinstance(f.get("input"), bytes) for f in faults):
        return UnsupportedMediaType()
    if any(f["type"] == "json_invalid" for f in faults):
        return MalformedRequest()
    return Invalid(errors=field_errors([{**f, "loc": f["loc"][1:] or f["loc"]} for f in faults]))


def from_http(error: HTTPException) -> AppError:
    """What a framework error is, in our family."""
    if isinstance(error.__cause__, AppError):
        return error.__cause__
    known: dict[int, type[AppError]] = {
        404: NotFound,
        405: MethodNotAllowed,
        413: TooLarge,
        415: UnsupportedMediaType,
    }
    if error.status_code == 401:
        return Unauthenticated()
    found = known.get(error.status_code, MalformedRequest if error.status_code < 500 else AppError)()
    found.headers.update(error.headers or {})
    return found


def from_database(error: DBAPIError) -> AppError:
    """What a database failure is, in our family: busy or away is 503, anything else a defect."""
    state = getattr(getattr(error.orig, "__cause__", None), "sqlstate", None) or getattr(
        error.orig, "sqlstate", None
    )
    busy = {"40001", "40P01", "55P03", "57014", "57P01", "57P03", "53300"}
    if state in busy or error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        log().warning("database.unavailable", sqlstate=state)
        return Unavailable()
    log().error("database.error", sqlstate=state, exc_info=error)
    return AppError()


def install(app: FastAPI) -> None:
    """Handle every failure of an application in one place."""

    def language(request: Request) -> str | None:
        return request.headers.get("accept-language")

    @app.exception_handler(AppError)
    async def _ours(request: Request, error: AppError) -> Response:
        return respond(error, language(request))

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> Response:
        return respond(from_validation(error), language(request))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        return respond(from_http(error), language(request))

    @app.exception_handler(DBAPIError)
    async def _database(request: Request, error: DBAPIError) -> Response:
        return respond(from_database(error), language(request))

    @app.exception_handler(PoolTimeout)
    @app.exception_handler(ConnectionError)
    async def _busy(request: Request, error: Exception) -> Response:
        log().warning("database.busy", error=type(error).__name__)
        return respond(Unavailable(), language(request))
