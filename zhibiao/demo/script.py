"""What is reported and how it goes: the answers, and the few lines of the play that go wrong on purpose."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from contracts.reports import Answer
from zhibiao.demo.cast import CITY, COMMISSION, PROVINCE

SPECIALTIES = "specialty-departments"
DEPARTMENT = "public-health-department"
CDC_STAFF = "cdc-technician-share"
RECORDS = "emr-level"
REHABILITATION = "rehabilitation-department"
GERIATRICS = "geriatric-department"
CONSTRUCTION = "construction-stage"
NEW_SITE = "cdc-new-site"
TEXT = "演示用合成数据，不反映任何单位的真实情况。"
RATED_ON = date(2023, 6, 30)


@dataclass(frozen=True)
class Line:
    """What one organisation reports about one indicator."""

    organisation: str
    indicator: str
    answer: Answer
    subject: str | None = None

    @property
    def key(self) -> tuple[str, str, str | None]:
        """Which fact it is."""
        return (self.organisation, self.indicator, self.subject)


@dataclass(frozen=True)
class Watched:
    """A target whose figure and standing are followed through the month."""

    target: str
    title: str
    indicator: str
    scope: str
    measure: Literal["sum", "units", "mean", "stage"]
    areas: tuple[str, ...] = ("360722", CITY, PROVINCE)


def number(value: str) -> Answer:
    """A count."""
    return Answer(value=Decimal(value), progress=TEXT)


def stage(code: str) -> Answer:
    """A stage."""
    return Answer(stage=code, progress=TEXT)


def share(numerator: str, denominator: str) -> Answer:
    """A ratio."""
    return Answer(numerator=Decimal(numerator), denominator=Decimal(denominator), progress=TEXT)


def level(value: str) -> Answer:
    """A rated level."""
    return Answer(level=Decimal(value), rated_on=RATED_ON, progress=TEXT)


def yes(answer: bool) -> Answer:
    """Yes or no."""
    return Answer(complies=answer, progress=TEXT)


_REPORTED: dict[str, dict[str, Answer]] = {
    "DEMO-360702-C1": {SPECIALTIES: number("1"), DEPARTMENT: stage("absent")},
    "DEMO-360702-C2": {SPECIALTIES: number("5"), DEPARTMENT: stage("standard")},
    "DEMO-360702-J1": {CDC_STAFF: share("42", "56")},
    "DEMO-360702-H1": {RECORDS: level("3"), DEPARTMENT: stage("established"), GERIATRICS: yes(True)},
    "DEMO-360722-T1": {SPECIALTIES: number("13"), DEPARTMENT: stage("standard")},
    "DEMO-360722-T2": {SPECIALTIES: number("2"), DEPARTMENT: stage("established")},
    "DEMO-360722-J1": {CDC_STAFF: share("33", "50")},
    "DEMO-360722-H1": {RECORDS: level("2"), DEPARTMENT: stage("established"), GERIATRICS: yes(False)},
    "DEMO-360722-Z1": {
        RECORDS: level("4"),
        DEPARTMENT: stage("established"),
        REHABILITATION: yes(True),
    },
    "DEMO-360731-T1": {SPECIALTIES: number("4"), DEPARTMENT: stage("standard")},
    "DEMO-360731-J1": {CDC_STAFF: share("28", "40")},
    "DEMO-360731-Z1": {RECORDS: level("3"), DEPARTMENT: stage("absent"), REHABILITATION: yes(False)},
    "DEMO-360700-H1": {RECORDS: level("5"), DEPARTMENT: stage("established"), GERIATRICS: yes(True)},
}


def lines() -> Iterator[Line]:
    """Everything that is reported; one township centre stays silent."""
    for organisation, answers in _REPORTED.items():
        for indicator, answer in answers.items():
            yield Line(organisation, indicator, answer)
    yield Line(COMMISSION, CONSTRUCTION, stage("started"), NEW_SITE)


# The county finds 13 where there are 3, and proposes 3; the centre agrees.
MISTAKE = Decimal(13)
MISTAKEN = ("DEMO-360722-T1", SPECIALTIES, None)
MISTAKE_REASON = "现场核查为3个，上报13个，疑为录入错误，请核实。"
RIGHT = number("3")

# The city sends this back and the month ends before it is answered.
UNANSWERED = ("DEMO-360731-T1", DEPARTMENT, None)
UNANSWERED_REASON = "未附标准化验收材料，请补充后重报。"

# The city has not come to this one when the month ends.
UNDECIDED = ("DEMO-360731-Z1", RECORDS, None)

# This centre has saved its report and not sent it.
UNSENT = "DEMO-360702-C2"

# A later run corrects this approved number by one.
CORRECTED = MISTAKEN

STAGES = ("前期工作", "已开工", "主体工程完工", "建成", "投入使用")

WATCHED = (
    Watched("T11-specialty-departments", "基层特色科室800个", SPECIALTIES, "township-community-centres", "sum"),
    Watched(
        "T10-standard-departments",
        "八成基层公共卫生科达标",
        DEPARTMENT,
        "township-community-centres",
        "units",
    ),
    Watched("T22-cdc-technicians", "县疾控技术人员占编制70%", CDC_STAFF, "county-cdc", "units"),
    Watched("T27-emr-tier2", "二级医院电子病历平均3级", RECORDS, "public-hospitals-tier2", "mean"),
    Watched("T12-rehabilitation", "九成中医医院设康复科", REHABILITATION, "tcm-tier2-up", "units"),
    Watched(
        "T18-geriatric-departments",
        "二级以上公立综合医院设老年医学科",
        GERIATRICS,
        "public-general-tier2-up",
        "units",
    ),
    Watched("T1-cdc-main-structure", "省疾控新址主体完工", CONSTRUCTION, "cdc-site", "stage", (PROVINCE,)),
)
