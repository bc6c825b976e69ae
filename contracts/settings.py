"""Settings: where the documents are silent, a named choice with owner, date and ground."""

from typing import Any

from contracts.base import Code, Day, Ground, Int, Line, Model


class Setting(Model):
    """A choice that the software needs and no document makes; shown in every answer it shapes."""

    code: Code
    name: Line
    name_en: Line
    value: Any
    owner: Code
    valid_from: Day
    ground: Ground
    version: Int = 1
