"""If-Match of a submission: the revision that was read."""

import re

from kernel.errors import PreconditionRequired, StaleVersion

_ETAG = re.compile(r'"(\d{1,9})"', re.ASCII)


def revision_of(if_match: str | None) -> int:
    """The revision named by If-Match; PreconditionRequired without one, StaleVersion for one we never made."""
    if if_match is None:
        raise PreconditionRequired()
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise StaleVersion()
    return int(found[1])
