"""One family of errors: each knows its status, a stable code, and its sentence in both languages.

AppError
├── Unauthenticated 401
├── Forbidden 403 ── SeparationOfDuty
├── NotFound 404
├── MalformedRequest 400 ── IdempotencyKeyRequired, BadCursor, InvalidGrant, UnsupportedGrantType
├── Conflict 409 ── StateConflict, PeriodClosed, Duplicate, IdempotencyInProgress
├── Gone 410
├── StaleVersion 412 · PreconditionRequired 428
├── TooLarge 413 · UnsupportedMediaType 415 · MethodNotAllowed 405
├── Invalid 422 ── UnknownReference, IdempotencyKeyReused
├── RateLimited 429
└── Unavailable 503 ── DependencyUnavailable, RightsUnknown · UpstreamTimeout 504 · BadUpstream 502
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple


class Said(NamedTuple):
    """A sentence for people, in both languages."""

    zh: str
    en: str


class FieldError(NamedTuple):
    """What is wrong at one place of a message; `pointer` is a JSON pointer. Never carries the submitted value."""

    pointer: str
    code: str
    said: Said


class AppError(Exception):
    """The request could not be carried out; quote the trace id when you report this."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    zh: ClassVar[str] = "请求未能完成；反馈问题时请附上 trace_id。"

    def __init__(
        self,
        detail: Said | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail.en if detail else self.title().en)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    @classmethod
    def title(cls) -> Said:
        """The sentence every error of this kind begins with."""
        return Said(cls.zh, (cls.__doc__ or "").strip())


class Unauthenticated(AppError):
    """Sign in first: the access token is missing, expired or not ours."""

    status, code = 401, "unauthenticated"
    zh = "请先登录：访问令牌缺失、已过期或不是本系统签发的。"

    def __init__(self, detail: Said | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


class Forbidden(AppError):
    """You may see this, but your role does not allow this action."""

    status, code = 403, "forbidden"
    zh = "您可以查看，但您的角色无权执行此操作。"


class SeparationOfDuty(Forbidden):
    """Nobody reviews figures that he wrote or submitted, nor twice in one chain; ask a colleague."""

    code = "separation-of-duty"
    zh = "不能审核自己填写或提交的数据，也不能在同一审核链中审核两次；请由其他人审核。"


class NotFound(AppError):
    """There is nothing here that you may see."""

    status, code = 404, "not-found"
    zh = "未找到，或不在您的权限范围内。"


class MethodNotAllowed(AppError):
    """This address does not know that method."""

    status, code = 405, "method-not-allowed"
    zh = "该地址不支持此方法。"


class MalformedRequest(AppError):
    """The request cannot be read; check its syntax, encoding and size."""

    status, code = 400, "malformed-request"
    zh = "请求无法解析；请检查语法、编码与结构。"


class IdempotencyKeyRequired(MalformedRequest):
    """Send an Idempotency-Key header, so that a repeat cannot count twice."""

    code = "idempotency-key-required"
    zh = "请携带 Idempotency-Key 请求头，以免重试时重复计数。"


class BadCursor(MalformedRequest):
    """This page link is not valid for this list; start again from the first page."""

    code = "bad-cursor"
    zh = "翻页链接与此列表不符；请从第一页重新开始。"


class InvalidGrant(MalformedRequest):
    """This session cannot be renewed: it has ended or its token was used before; sign in again."""

    code = "invalid-grant"
    zh = "会话无法续期：已结束，或其令牌已被使用；请重新登录。"


class UnsupportedGrantType(MalformedRequest):
    """The token endpoint knows the grant types password, refresh_token and client_credentials."""

    code = "unsupported-grant-type"
    zh = "令牌端点支持的 grant_type 为 password、refresh_token 和 client_credentials。"


class Conflict(AppError):
    """The present state does not allow this."""

    status, code = 409, "conflict"
    zh = "当前状态不允许此操作。"


class StateConflict(Conflict):
    """The state it is in now does not allow this step; load it again to see what is possible."""

    code = "state-conflict"
    zh = "当前状态不允许这一步；请重新读取后再操作。"


class PeriodClosed(Conflict):
    """The period is not open for this unit; ask the level above for an extension."""

    code = "period-closed"
    zh = "该报告期未对本单位开放；请向上级申请延期。"


class Duplicate(Conflict):
    """It exists already with other content."""

    code = "duplicate"
    zh = "已存在且内容不同。"


class IdempotencyInProgress(Conflict):
    """The first request with this key is still at work; wait and repeat it."""

    code = "idempotency-key-in-progress"
    zh = "使用同一键的请求正在处理；请稍候重试。"

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class Gone(AppError):
    """What you ask for is no longer kept; start over from a snapshot."""

    status, code = 410, "gone"
    zh = "所请求的内容已不再保留；请从快照重新开始。"


class StaleVersion(AppError):
    """It was changed since you read it; load it again and repeat your change."""

    status, code = 412, "stale-version"
    zh = "您读取之后它已被修改；请重新读取后再修改。"


class TooLarge(AppError):
    """The request is larger than allowed here."""

    status, code = 413, "too-large"
    zh = "请求超出大小限制。"


class UnsupportedMediaType(AppError):
    """Send the body in the media type that the documentation names, usually application/json."""

    status, code = 415, "unsupported-media-type"
    zh = "请按文档要求的媒体类型发送正文，一般为 application/json。"


class Invalid(AppError):
    """Some fields are not right; each is listed with the reason."""

    status, code = 422, "validation-failed"
    zh = "部分字段不正确，原因逐项列出。"


class UnknownReference(Invalid):
    """The request names something that does not exist or that you may not see."""

    code = "unknown-reference"
    zh = "请求引用了不存在或您无权查看的对象。"


class IdempotencyKeyReused(Invalid):
    """This Idempotency-Key was used for another request; make a new key."""

    code = "idempotency-key-reused"
    zh = "此 Idempotency-Key 已用于另一请求；请换用新键。"


class PreconditionRequired(AppError):
    """Send If-Match with the ETag that you read, so that nobody's change is overwritten unseen."""

    status, code = 428, "precondition-required"
    zh = "请携带 If-Match（所读取的 ETag），以免覆盖他人的修改。"


class RateLimited(AppError):
    """Too many requests; wait as long as Retry-After says."""

    status, code = 429, "rate-limited"
    zh = "请求过于频繁；请按 Retry-After 等待。"

    def __init__(self, seconds: int = 1) -> None:
        super().__init__(headers={"Retry-After": str(max(1, seconds))})


class Unavailable(AppError):
    """The service cannot do this right now; wait as long as Retry-After says and repeat it."""

    status, code = 503, "overloaded"
    zh = "服务暂时无法处理；请按 Retry-After 等待后重试。"

    def __init__(self, detail: Said | None = None, *, seconds: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(seconds)})


class DependencyUnavailable(Unavailable):
    """A service that this one needs does not answer; nothing was changed, repeat it later."""

    code = "dependency-unavailable"
    zh = "所依赖的服务没有响应；未作任何更改，请稍后重试。"


class RightsUnknown(Unavailable):
    """Rights cannot be confirmed right now, so changes wait; reading goes on."""

    code = "rights-unknown"
    zh = "暂时无法确认权限，修改需等待；查看不受影响。"


class BadUpstream(AppError):
    """A service behind the gateway gave an answer that cannot be passed on."""

    status, code = 502, "bad-upstream"
    zh = "网关后的服务返回了无法转发的内容。"


class UpstreamTimeout(AppError):
    """The answer did not come in time and the outcome is unknown; retry with the same Idempotency-Key."""

    status, code = 504, "upstream-timeout"
    zh = "未能按时得到答复，结果未知；请用同一 Idempotency-Key 重试。"


def family(root: type[AppError] = AppError) -> list[type[AppError]]:
    """Every error of the family, the root first."""
    return [root, *(found for child in root.__subclasses__() for found in family(child))]
