"""What each fault of a pack is called and says, in both languages."""

from collections.abc import Mapping
from typing import NamedTuple

from contracts.imports import Conflict


class Said(NamedTuple):
    """A sentence in Chinese and English; words in braces are filled in."""

    zh: str
    en: str


SENTENCES: dict[str, Said] = {
    # the text
    "yaml-syntax": Said("YAML 语法有误：{zh}。", "not valid YAML: {en}"),
    "not-utf8": Said("文件须为 UTF-8 编码。", "the file must be UTF-8"),
    "control-character": Said("含有控制字符。", "control characters are not allowed"),
    "file-too-large": Said("文件超过 {limit} MiB。", "the file is larger than {limit} MiB"),
    "several-documents": Said(
        "一个文件只能有一个 YAML 文档，请删去多余的“---”。", "one document per file; remove the extra ---"
    ),
    "too-many-nodes": Said("内容过多（上限 {limit} 项）。", "too much content (at most {limit} values)"),
    "too-deep": Said("嵌套过深。", "nested too deeply"),
    "alias": Said(
        "不支持锚点和别名（& 与 *），请把内容写全。",
        "anchors and aliases (& and *) are not supported; write it out",
    ),
    "tag": Said("不支持类型标记（!）。", "tags (!) are not supported"),
    "text-too-long": Said("文本超过 {limit} 字。", "the text is longer than {limit} characters"),
    "key-not-text": Said("键须为文本。", "a key must be a text"),
    "duplicate-key": Said(
        "键“{key}”重复，首次出现在第 {first} 行。", "the key {key} is there twice, first on line {first}"
    ),
    # the shape
    "not-a-mapping": Said("应写成“键: 值”。", "write key: value pairs here"),
    "not-a-list": Said("“{key}”应为列表（每项以“- ”开头）。", "{key} must be a list (each entry begins with '- ')"),
    "missing-part": Said("缺少“{key}”部分。", "the part {key} is missing"),
    "repeated-part": Said("“{key}”已在 {first} 写过。", "{key} is already given at {first}"),
    "no-files": Said("没有 YAML 文件。", "there is no YAML file"),
    "unexpected-file": Said("计划包只收 .yaml、.yml 和 .md 文件。", "a pack holds .yaml, .yml and .md files only"),
    "pack-too-large": Said(
        "计划包过大（至多 {files} 个文件、{limit} MiB）。",
        "the pack is too large (at most {files} files, {limit} MiB)",
    ),
    "too-many-faults": Said("错误超过 {limit} 处，其余未检查。", "more than {limit} faults; the rest was not checked"),
    # one value
    "missing": Said("缺少“{key}”。", "{key} is missing"),
    "unknown-field": Said("没有“{key}”这个字段，请检查拼写。", "there is no field {key}; check its spelling"),
    "number": Said(
        "应为普通十进制数：小数点前至多 14 位、后至多 4 位，不用指数、逗号或百分号（90 即 90%）。",
        "give a plain decimal number: at most 14 digits before and 4 after the point, no exponent (90 means 90 %)",
    ),
    "whole-number": Said("应为整数。", "give a whole number"),
    "date": Said("应为日期，写作 2025-12-31。", "give a date, written 2025-12-31"),
    "true-or-false": Said("应为 true 或 false。", "give true or false"),
    "word": Said("应为以下之一：{words}。", "give one of: {words}"),
    "text": Said("应为文本。", "give a text"),
    "too-long": Said("过长（至多 {limit}）。", "too long (at most {limit})"),
    "too-short": Said("过短（至少 {limit}）。", "too short (at least {limit})"),
    "form": Said("格式不符。", "the text does not have the expected form"),
    "code-form": Said(
        "编码以字母或数字开头，只含字母、数字和 . _ -，至多 64 位。",
        "a code begins with a letter or digit and has letters, digits and . _ - only, at most 64",
    ),
    "characters": Said("含有控制、方向或不可见字符。", "control, direction and invisible characters are not allowed"),
    "too-small": Said("数值过小（至少 {limit}）。", "the number is too small (at least {limit})"),
    "too-large": Said("数值过大（至多 {limit}）。", "the number is too large (at most {limit})"),
    "list": Said("应为列表。", "give a list"),
    "mapping": Said("应写成“键: 值”。", "write key: value pairs here"),
    "incoherent": Said("{zh}。", "{en}"),
    "value": Said("取值不正确。", "the value is not valid"),
    # codes
    "duplicate-choice": Said("选项编码“{code}”重复。", "the choice {code} is there twice"),
    "duplicate-code": Said(
        "编码“{code}”重复，首次出现在 {first}。", "the code {code} is there twice, first at {first}"
    ),
    "code-taken": Said(
        "编码“{code}”已被另一计划使用且内容不同。",
        "the code {code} belongs to another plan and differs there",
    ),
    "unknown-reference": Said("没有编码为“{code}”的{kind_zh}。", "there is no {kind_en} with the code {code}"),
    "unknown-organisation": Said("没有编码为“{code}”的单位。", "there is no organisation with the code {code}"),
    "outside": Said("单位“{code}”不属于制定单位所辖。", "the organisation {code} is not under the issuer of the plan"),
    "still-used": Said(
        "“{code}”不能删去：计划“{plan}”的指标目标仍在使用。",
        "{code} cannot be left out: targets of plan {plan} use it",
    ),
    "unknown-setting": Said("没有编码为“{code}”的设置。", "there is no setting with the code {code}"),
    "repeated-setting": Said("设置“{code}”重复。", "the setting {code} is there twice"),
    # the plan
    "issuer-changed": Said("计划已存在，制定单位不能改变。", "the plan exists and its issuer cannot change"),
    "plan-published": Said(
        "计划已发布，改动只能随发布生效；请设置 publish=true。",
        "the plan is published, so a change takes effect at once; send publish=true to say so",
    ),
    # meaning
    "wrong-parent": Said("{type}的上级应为{parent}。", "the parent of a {type_en} is {parent_en}"),
    "measure-value": Said(
        "计算方式“{measure}”不适用于取值为“{value}”的指标。",
        "the measure {measure} does not fit an indicator of value {value}",
    ),
    "threshold-missing": Said(
        "按单位达标计数时，须写 unit_threshold。", "counting units by a number needs unit_threshold"
    ),
    "threshold-measure": Said(
        "只有 units 和 own 才写 unit_threshold。", "unit_threshold belongs to the measures units and own"
    ),
    "threshold-unfit": Said(
        "此指标的单位达标条件不能用{what}。", "the unit_threshold of this indicator cannot use {what}"
    ),
    "unknown-stage": Said("指标“{indicator}”没有阶段“{stage}”。", "the indicator {indicator} has no stage {stage}"),
    "stage-unfit": Said("只有阶段类指标才写 stage。", "only an indicator of stages takes a stage"),
    "value-needed": Said("此计算方式须写 value。", "this measure needs a value"),
    "denominator-unfit": Said("只有 ratio 才写 denominator。", "denominator belongs to the measure ratio"),
    "one-subject": Said("own 只针对一个对象，此范围有 {count} 个。", "own reads one subject, the scope has {count}"),
    "window-stock": Said("时点数的 window 应为 point。", "the window of a stock is point"),
    "window-flow": Said(
        "时期数的 window 应为 quarter、year 或 plan。", "the window of a flow is quarter, year or plan"
    ),
    "outside-plan": Said("日期不在规划期（含远景）之内。", "the date lies outside the plan and its horizons"),
    "share-of-nothing": Said("没有最终值，不能按比例写阶段值。", "a share needs a final value"),
    "tiers-order": Said(
        "分档须按 below 从小到大，只有最后一档不写 below。",
        "tiers ascend by below, and only the last has none",
    ),
    "base-year": Said("relative_to 应早于目标年份。", "relative_to must lie before the year of the target"),
    "chosen-reading": Said("chosen 应为 0 至 {last} 之间（从 0 数起）。", "chosen counts from 0 and is at most {last}"),
}

CONTRACT_SENTENCES: dict[str, str] = {
    "ends_on lies before starts_on": "ends_on 早于 starts_on",
    "name either a unit or a group": "unit 与 group 须且只能写一个",
    "give either where or subjects": "where 与 subjects 须且只能写一个",
    "a ratio names its numerator and its denominator": "比率类指标须写明 numerator（分子）和 denominator（分母）",
    "a stage indicator lists its stages in order": "阶段类指标须按顺序列出 stages",
    "an indicator from facts names the fact": "取自机构档案的指标须写明 fact",
    "a step has either a value or a share of the final value": "阶段值的 value 与 share 须且只能写一个",
    "give a value, a stage, or tiers with the fact they depend on": "value、stage、tiers 须且只能写一个；tiers 须同时写 fact",
    "between needs value (lower bound) and upper": "between 须写 value（下限）和 upper（上限）",
    "upper lies below value": "upper 小于 value",
    "upper belongs to between": "只有 between 才写 upper",
    "value is missing": "缺少 value",
    "a percentage is made by units or ratio": "百分比只用于 units 或 ratio",
    "a share of units cannot exceed 100": "达标单位占比不能超过 100",
    "a step is due after the target": "有阶段值的日期晚于目标日期",
    "steps must be in order of their due dates, one a day": "steps 须按日期先后排列，一日一个",
}
"""The sentences of the contract's own checks, in Chinese."""

_SYNTAX = {
    "found a tab character that violates indentation": "缩进不能用制表符，请改用空格",
    "found character that cannot start any token": "此处的字符不能作为开头（缩进用了制表符，或文本须加引号）",
    "mapping values are not allowed in this context": "此处不应有冒号（检查缩进，或给文本加引号）",
    "did not find expected key": "此处应为键（检查缩进和引号）",
    "did not find expected '-' indicator": "此处应为列表项“- ”（检查缩进）",
    "did not find expected ',' or ']'": "列表缺少逗号或右方括号",
    "did not find expected ',' or '}'": "映射缺少逗号或右花括号",
    "did not find expected node content": "此处缺少内容（检查括号是否成对）",
    "could not find expected ':'": "此处缺少冒号",
    "found unexpected end of stream": "引号没有成对",
}


def in_chinese(problem: str) -> str:
    """What a complaint of the YAML parser says in Chinese."""
    return _SYNTAX.get(problem, "结构无法解析")


class Place(NamedTuple):
    """Where a fault is: the file, its line, and the names on the way to the value."""

    file: str | None = None
    line: int | None = None
    column: str | None = None


def conflict(
    code: str, place: Place, words: Mapping[str, str | int] | None = None, *, suggestion: str | None = None
) -> Conflict:
    """The fault with its sentence in both languages."""
    said = SENTENCES[code]
    fill = {name: _shown(str(word)) for name, word in (words or {}).items()}
    return Conflict(
        file=place.file and _shown(place.file),
        line=place.line,
        column=place.column and _shown(place.column),
        code=code,
        message=said.zh.format(**fill),
        message_en=said.en.format(**fill),
        suggestion=suggestion,
    )


def _shown(text: str) -> str:
    """What an author wrote, safe to show and to keep: no control, direction or invisible characters."""
    return "".join(ch if ch.isprintable() else "\ufffd" for ch in text)
