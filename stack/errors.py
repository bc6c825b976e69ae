"""The one error of the operator's commands."""


class Refused(Exception):
    """It cannot be done; the message is a plain sentence for the operator, in both languages."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(f"{chinese}\n{english}")
