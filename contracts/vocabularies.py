"""Every closed list of words, each with its Chinese and English label."""

from enum import StrEnum


class Word(StrEnum):
    """A member of a vocabulary: its value travels, its labels are shown."""

    zh: str
    en: str

    def __new__(cls, value: str, zh: str = "", en: str = "") -> "Word":
        """Make a member that carries its labels; looking one up by its value needs no labels."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh = zh
        member.en = en
        return member


class Level(Word):
    """Administrative level of an organisation."""

    PROVINCE = "province", "省级", "province"
    CITY = "city", "设区市级", "city"
    COUNTY = "county", "县级", "county"
    INSTITUTION = "institution", "机构", "institution"


class Kind(Word):
    """What an organisation is."""

    DIVISION = "division", "行政区划", "administrative division"
    FUNCTIONAL_ZONE = "functional_zone", "功能区", "functional zone"
    DEPARTMENT = "department", "部门", "department"
    GENERAL = "general", "综合医院", "general hospital"
    TCM = "tcm", "中医医院", "TCM hospital"
    SPECIALIST = "specialist", "其他专科医院", "other specialist hospital"
    PSYCHIATRIC = "psychiatric", "精神专科医院", "psychiatric hospital"
    INFECTIOUS = "infectious", "传染病医院", "infectious disease hospital"
    MATERNAL_CHILD = "maternal_child", "妇幼保健机构", "maternal and child health institution"
    GERIATRIC = "geriatric", "老年医院", "geriatric hospital"
    CDC = "cdc", "疾病预防控制中心", "centre for disease control"
    SUPERVISION = "supervision", "卫生健康监督机构", "health supervision body"
    BLOOD = "blood", "采供血机构", "blood service"
    EMERGENCY = "emergency", "急救中心", "emergency centre"
    TOWNSHIP_CENTRE = "township_centre", "乡镇卫生院", "township health centre"
    COMMUNITY_CENTRE = "community_centre", "社区卫生服务中心", "community health centre"
    COMMUNITY_STATION = "community_station", "社区卫生服务站", "community health station"
    VILLAGE_CLINIC = "village_clinic", "村卫生室", "village clinic"
    CHILDCARE = "childcare", "托育机构", "childcare institution"
    UNIVERSITY = "university", "高等院校", "university"
    OTHER = "other", "其他机构", "other institution"


class Ownership(Word):
    """Who owns an institution."""

    PUBLIC = "public", "公立", "public"
    PRIVATE = "private", "非公立", "private"


class PlanStatus(Word):
    """Life of a plan."""

    DRAFT = "draft", "草稿", "draft"
    PUBLISHED = "published", "已发布", "published"
    RETIRED = "retired", "已停用", "retired"


class ItemType(Word):
    """Kind of an entry of a plan."""

    ACTION = "action", "行动", "action"
    TASK = "task", "任务", "task"
    PROJECT = "project", "重点项目", "key project"


class Value(Word):
    """What one unit answers to an indicator."""

    NUMBER = "number", "数值", "number"
    YES_NO = "yes_no", "是否", "yes or no"
    RATIO = "ratio", "比率", "ratio"
    LEVEL = "level", "等级", "level"
    STAGE = "stage", "阶段", "stage"
    RANK = "rank", "名次", "rank"
    JUDGED = "judged", "评定", "judged"


class Nature(Word):
    """How values of successive periods hang together."""

    STOCK = "stock", "时点数", "stock"
    FLOW = "flow", "时期数", "flow"


class Source(Word):
    """Where an indicator's values come from; nobody reports one fact twice."""

    REPORTED = "reported", "填报", "reported"
    FACTS = "facts", "机构档案", "facts of the organisation"
    DERIVED = "derived", "取自其他指标", "derived from another indicator"
    FORMULA = "formula", "公式", "formula"


class Rhythm(Word):
    """How often an indicator is asked."""

    MONTH = "month", "月报", "monthly"
    QUARTER = "quarter", "季报", "quarterly"
    HALF = "half", "半年报", "half-yearly"
    YEAR = "year", "年报", "yearly"
    ON_CHANGE = "on_change", "变动时填报", "on change"


class Measure(Word):
    """How an area's figure is made from the units in scope."""

    SUM = "sum", "合计", "sum"
    UNITS = "units", "达标单位", "units that comply"
    RATIO = "ratio", "比率", "ratio"
    MEAN = "mean", "平均级别", "mean level"
    OWN = "own", "本级数", "own value"


class As(Word):
    """Whether a figure is read as a number or as a percentage of its base."""

    NUMBER = "number", "个数", "number"
    PERCENT = "percent", "百分比", "percent"


class Comparator(Word):
    """How a figure is held against the value of a target."""

    AT_LEAST = "at_least", "不低于", "at least"
    MORE_THAN = "more_than", "突破", "more than"
    AT_MOST = "at_most", "不高于", "at most"
    ABOUT = "about", "左右", "about"
    BETWEEN = "between", "区间", "between"
    REACHED = "reached", "完成", "reached"


class Window(Word):
    """Over what span a flow is added up; `point` for stocks."""

    POINT = "point", "时点", "point in time"
    QUARTER = "quarter", "季度", "quarter"
    YEAR = "year", "年度", "year"
    PLAN = "plan", "规划期", "whole plan"


class Strength(Word):
    """How firmly a target is promised."""

    BINDING = "binding", "约束性", "binding"
    EXPECTED = "expected", "预期性（力争）", "expected"
    QUALITATIVE = "qualitative", "定性", "qualitative"


class Precision(Word):
    """How exactly the text states a date."""

    DAY = "day", "到日", "day"
    MONTH = "month", "到月", "month"
    YEAR_END = "year_end", "年底", "year end"
    IMPLIED = "implied", "未写明，按规划期末", "implied by the end of the plan"


class Part(Word):
    """A unit's part in an item of a plan."""

    FIRST = "first", "首列单位", "listed first"
    LISTED = "listed", "列名单位", "listed"
    LOCAL = "local", "地方政府", "local government"


class DiscrepancyKind(Word):
    """Why two readings of a source exist."""

    SOURCES = "sources", "正文与附件不一", "body against annex"
    READING = "reading", "一句两解", "two readings"
    SCAN = "scan", "扫描疑误", "scan"


class Role(Word):
    """What a person or API client may do in a subtree."""

    SYSTEM_ADMIN = "system_admin", "系统管理员", "system administrator"
    SECURITY_ADMIN = "security_admin", "安全管理员", "security administrator"
    AUDITOR = "auditor", "审计员", "auditor"
    PLANNER = "planner", "规划管理员", "planner"
    REPORTER = "reporter", "填报员", "reporter"
    REVIEWER = "reviewer", "审核员", "reviewer"
    SUPERVISOR = "supervisor", "督查员", "supervisor"
    VIEWER = "viewer", "查看员", "viewer"


class SubmissionState(Word):
    """State of a submission."""

    DRAFT = "draft", "草稿", "draft"
    SUBMITTED = "submitted", "待审核", "submitted"
    RETURNED = "returned", "已退回", "returned"
    WITHDRAWN = "withdrawn", "已撤回", "withdrawn"
    APPROVED = "approved", "已通过", "approved"


class Series(Word):
    """The two independent readings of a figure."""

    REPORTED = "reported", "填报数", "reported"
    CONFIRMED = "confirmed", "审定数", "confirmed"


class Status(Word):
    """Standing of a target at a place on a day."""

    NOT_JUDGED = "not_judged", "暂不评价", "not judged"
    ACHIEVED = "achieved", "已完成", "achieved"
    OVERDUE = "overdue", "逾期", "overdue"
    STALE = "stale", "数据过期", "stale"
    BEHIND = "behind", "滞后", "behind"
    AT_RISK = "at_risk", "有风险", "at risk"
    ON_TRACK = "on_track", "正常推进", "on track"
    NOT_DUE = "not_due", "未到期", "not due"


ALL: tuple[type[Word], ...] = tuple(Word.__subclasses__())
