"""The one shape of every error (RFC 9457)."""

from pydantic import BaseModel


class ProblemField(BaseModel):
    """What is wrong at one place: a JSON pointer, a stable code, a sentence."""

    pointer: str
    code: str
    message: str


class Problem(BaseModel):
    """An error: `code` for machines, `title` and `detail` for people, `trace_id` for whoever must look into it."""

    type: str
    title: str
    status: int
    detail: str | None = None
    code: str
    trace_id: str
    errors: list[ProblemField] = []
