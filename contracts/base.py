"""Types that every message is built from: text, codes, exact numbers, pages."""

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
NUMBER = re.compile(r"-?(0|[1-9]\d{0,13})(\.\d{1,4})?", re.ASCII)
_FORBIDDEN = {
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2066, 0x206A)),
    "\u200b",
    "\u200e",
    "\u200f",
    "\ufeff",
} - {"\n", "\t"}


class Model(BaseModel):
    """A message. Unknown fields are refused, so that a misspelt one is never silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class RawNumber:
    """A JSON number exactly as it was written, kept from becoming a float on the way in."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def _number(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        text = format(value, "f")
    elif isinstance(value, RawNumber):
        text = value.text
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    elif isinstance(value, float):  # YAML only; JSON numbers arrive as RawNumber
        text = repr(value)
    elif isinstance(value, str):
        text = value
    else:
        raise PydanticCustomError("number", "write a decimal number, for example 12.5")
    if not NUMBER.fullmatch(text):
        raise PydanticCustomError(
            "number",
            "write a plain decimal number: at most 14 digits before and 4 after the point, no exponent",
        )
    return Decimal(text)


def plain(value: Decimal) -> str:
    """The shortest plain spelling of a number: no exponent, no trailing zeros (``12.50`` -> ``12.5``)."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _clean(value: str) -> str:
    if any(ch in _FORBIDDEN for ch in value) or any("\ud800" <= ch <= "\udfff" for ch in value):
        raise PydanticCustomError("characters", "control, direction and invisible characters are not allowed")
    return unicodedata.normalize("NFC", value)


def _utc(value: datetime) -> datetime:
    _in_our_time(value)
    return value.astimezone(UTC)


def _in_our_time(value: date) -> date:
    """Years of institutions and plans: the first and the last day of all would be stored as infinity."""
    if not 1800 <= value.year <= 2999:
        raise PydanticCustomError("year", "the year must lie between 1800 and 2999")
    return value


Number = Annotated[
    Decimal,
    BeforeValidator(_number),
    PlainSerializer(plain, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "pattern": f"^{NUMBER.pattern}$"}, {"type": "number"}],
            "examples": ["12.5"],
        },
        mode="validation",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{NUMBER.pattern}$", "examples": ["12.5"]}, mode="serialization"),
]
"""An exact decimal, NUMERIC(18,4): string or number in, string out."""


def _day(value: Any) -> Any:
    """Only a written day: pydantic would also take a count of seconds for a date."""
    if isinstance(value, str) and not _ISO_DAY.fullmatch(value):
        raise PydanticCustomError("date_parsing", "give a date, for example 2023-11-30")
    if isinstance(value, datetime) or not isinstance(value, (str, date)):
        raise PydanticCustomError("date_parsing", "give a date, for example 2023-11-30")
    return value


Sum = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "examples": ["12.5"]}),
]
"""A sum of exact decimals, string out; it may be longer than any number that can be submitted."""
Day = Annotated[date, BeforeValidator(_day), AfterValidator(_in_our_time)]
"""A calendar day, written ``2023-11-30``."""
Int = Annotated[int, Strict()]
Bool = Annotated[bool, Strict()]
Instant = Annotated[
    AwareDatetime,
    AfterValidator(_utc),
    PlainSerializer(
        lambda at: at.astimezone(UTC).isoformat().replace("+00:00", "Z"), return_type=str, when_used="json"
    ),
]
"""An instant in UTC, written ``2023-11-30T16:00:00Z``."""

Line = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^\S.*$|^\S$"), AfterValidator(_clean)]
"""One line of text for people."""
Prose = Annotated[str, Field(max_length=4000), AfterValidator(_clean)]
"""Several lines of text for people."""
Quotation = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_clean)]
"""A few words of a source document, never a sentence."""
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""A stable name for machines."""
PeriodCode = Annotated[str, Field(pattern=r"^\d{4}(-S[12]|-Q[1-4]|-(0[1-9]|1[0-2]))?$", examples=["2023-11"])]
"""A calendar interval: ``2023``, ``2023-S1``, ``2023-Q4``, ``2023-11``."""


Item = TypeVar("Item")


class Ground(Model):
    """The document that justifies a change: number and title, its date, and where it is kept."""

    number: Line | None = None
    title: Line
    on: Day | None = None
    file: Line | None = None


class Page(BaseModel, Generic[Item]):
    """One page of a list: the items and relative links to the neighbouring pages."""

    items: list[Item]
    next: str | None = None
    prev: str | None = None
    total: int | None = None
