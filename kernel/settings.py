"""Settings of a process: environment first, then files of secrets; a missing or misspelt name stops the start."""

import difflib
import os
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "ZHIBIAO_"
OPERATORS = "_MIGRATION_URL"
"""How the variables end that only whoever migrates a service's database reads."""
COMMON = {
    "ZHIBIAO_SECRETS_DIR",
    "ZHIBIAO_HOME",
    "ZHIBIAO_PORT",
    "ZHIBIAO_ADMIN_NAME",
    "ZHIBIAO_ADMIN_PASSWORD",
}


class BadSettings(Exception):
    """The settings do not allow a start; the message names each variable and says what to do."""


class Settings(BaseSettings):
    """What a process reads from its surroundings; subclasses set `env_prefix`."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, case_sensitive=False, env_ignore_empty=True)

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Each environment variable with the sentence that describes it."""
        prefix = str(cls.model_config.get("env_prefix", ""))
        return {(prefix + name).upper(): field.description or "" for name, field in cls.model_fields.items()}

    @classmethod
    def read(cls, **given: Any) -> Self:
        """Read the settings, or raise BadSettings naming every missing, wrong or misspelt variable."""
        faults = _misspelt(cls)
        folder = os.environ.get("ZHIBIAO_SECRETS_DIR")
        try:
            settings = cls(_secrets_dir=Path(folder) if folder else None, **given)
        except ValidationError as error:
            prefix = str(cls.model_config.get("env_prefix", "")).upper()
            faults += [_sentence(prefix, fault) for fault in error.errors(include_input=False)]
        if faults:
            raise BadSettings("\n".join(faults))
        return settings


Some = TypeVar("Some", bound=Settings)


def _sentence(prefix: str, fault: Any) -> str:
    name = prefix + ".".join(str(part) for part in fault["loc"]).upper()
    if fault["type"] == "missing":
        return f"{name}: 缺少此环境变量 · this variable is missing"
    return f"{name}: 取值不正确 · not a valid value ({fault['msg']})"


def _misspelt(cls: type[Settings]) -> list[str]:
    known = set(cls.variables())
    prefix = str(cls.model_config.get("env_prefix", "")).upper()
    faults = []
    for name in sorted(os.environ):
        if not name.startswith(prefix) or name in known | COMMON or name.endswith(OPERATORS):
            continue
        near = difflib.get_close_matches(name, known, 1, cutoff=0.85 if prefix == PREFIX else 0.6)
        if prefix == PREFIX and not near:
            continue  # the common prefix is everybody's: only what looks like one of ours is a slip
        hint = f"；是否为 {near[0]}？ · did you mean {near[0]}?" if near else ""
        faults.append(f"{name}: 无此设置 · there is no such setting{hint}")
    return faults
