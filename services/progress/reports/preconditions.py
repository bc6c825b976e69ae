"""If-Match of a submission: the revision that was read."""

from kernel.errors import PreconditionRequired, StaleVersion


def revision_of(if_match: str | None) -> int:
    """The revision named by If-Match; PreconditionRequired without one, StaleVersion for one we never made."""
    if if_match is None:
        raise PreconditionRequired()
    value = if_match.strip()
    if not (value.startswith('"') and value.endswith('"') and value[1:-1].isdigit()):
        raise StaleVersion()
    return int(value[1:-1])
