"""Who takes part: institutions, people and the office they sit in. Divisions are real, all else is made up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from contracts.organisations import OrganisationCreate
from contracts.vocabularies import Kind, Level, Ownership, Role

PLAN = "jx-2023-2025"
PERIOD = "2023-11"
JUDGED_ON = date(2023, 12, 31)
PROVINCE, CITY = "360000", "360700"
COUNTIES = ("360702", "360722", "360731")
OFFICES = {
    "360702": "章贡区",
    "360722": "信丰县",
    "360731": "于都县",
    CITY: "赣州市",
    PROVINCE: "江西省",
}
COMMISSION = "JX-WJW"
MARK = "（合成数据）"
EXISTS_SINCE = date(2021, 1, 1)


@dataclass(frozen=True)
class Institution:
    """A made-up institution; its name and its code say so."""

    code: str
    name: str
    parent: str
    kind: Kind
    tier: int | None = None

    def new(self) -> OrganisationCreate:
        """The message that creates it."""
        return OrganisationCreate(
            code=self.code,
            name=self.name,
            level=Level.INSTITUTION,
            kind=self.kind,
            parent=self.parent,
            division=self.parent,
            valid_from=EXISTS_SINCE,
            synthetic=True,
            tier=self.tier,
            ownership=Ownership.PUBLIC.value,
        )


@dataclass(frozen=True)
class Person:
    """Somebody who signs in: one role in one place."""

    login: str
    name: str
    role: Role
    organisation: str


def _institution(
    code: str, name: str, parent: str, kind: Kind = Kind.TOWNSHIP_CENTRE, tier: int | None = None
) -> Institution:
    return Institution(f"DEMO-{code}", f"演示{name}{MARK}", parent, kind, tier)


INSTITUTIONS = (
    _institution("360702-C1", "章贡区一社区卫生服务中心", "360702", Kind.COMMUNITY_CENTRE),
    _institution("360702-C2", "章贡区二社区卫生服务中心", "360702", Kind.COMMUNITY_CENTRE),
    _institution("360702-J1", "章贡区疾控中心", "360702", Kind.CDC),
    _institution("360702-H1", "章贡区人民医院", "360702", Kind.GENERAL, 2),
    _institution("360722-T1", "信丰县一中心卫生院", "360722"),
    _institution("360722-T2", "信丰县二中心卫生院", "360722"),
    _institution("360722-J1", "信丰县疾控中心", "360722", Kind.CDC),
    _institution("360722-H1", "信丰县人民医院", "360722", Kind.GENERAL, 2),
    _institution("360722-Z1", "信丰县中医院", "360722", Kind.TCM, 2),
    _institution("360731-T1", "于都县一中心卫生院", "360731"),
    _institution("360731-T2", "于都县二中心卫生院", "360731"),
    _institution("360731-J1", "于都县疾控中心", "360731", Kind.CDC),
    _institution("360731-Z1", "于都县中医院", "360731", Kind.TCM, 2),
    _institution("360700-H1", "赣州市人民医院", CITY, Kind.GENERAL, 3),
)


def reporter_of(organisation: str) -> str:
    """The login of whoever reports for an organisation."""
    return "demo-report-" + organisation.removeprefix("DEMO-").lower()


def reviewer_at(office: str) -> str:
    """The login of whoever reviews at an office."""
    return f"demo-review-{office}"


PLANNER = Person("demo-plan-360000", f"演示规划员{MARK}", Role.PLANNER, PROVINCE)


def people() -> Iterator[Person]:
    """A reporter in every institution and in the commission, a reviewer at every office, and a planner."""
    for each in INSTITUTIONS:
        short = each.name.removeprefix("演示").removesuffix(MARK)
        yield Person(reporter_of(each.code), f"演示{short}填报员{MARK}", Role.REPORTER, each.code)
    yield Person(reporter_of(COMMISSION), f"演示省卫健委填报员{MARK}", Role.REPORTER, COMMISSION)
    for office, name in OFFICES.items():
        yield Person(reviewer_at(office), f"演示{name}审核员{MARK}", Role.REVIEWER, office)
    yield PLANNER


def shown(name: str) -> str:
    """A name as it is printed: real divisions and offices carry the mark too, for their figures are made up."""
    return name if name.endswith(MARK) else name + MARK
