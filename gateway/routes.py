"""Which service answers for which address: the whole public surface on one page; the longest prefix wins."""

from typing import Literal

Service = Literal["auth", "targets", "progress"]

SERVICES: tuple[Service, ...] = ("auth", "targets", "progress")

PREFIXES: dict[str, Service] = {
    # who is who and who may do what
    "/.well-known": "auth",
    "/api/v1/oauth": "auth",
    "/api/v1/me": "auth",
    "/api/v1/users": "auth",
    "/api/v1/clients": "auth",
    "/api/v1/organisations": "auth",
    "/api/v1/imports/organisations": "auth",
    "/api/v1/imports/facts": "auth",
    "/api/v1/imports/users": "auth",
    "/api/v1/audit/auth": "auth",
    # what is to be reached
    "/api/v1/plans": "targets",
    "/api/v1/indicators": "targets",
    "/api/v1/scopes": "targets",
    "/api/v1/targets": "targets",
    "/api/v1/thresholds": "targets",
    "/api/v1/alignment": "targets",
    "/api/v1/settings": "targets",
    "/api/v1/vocabularies": "targets",
    "/api/v1/imports/plans": "targets",
    "/api/v1/audit/targets": "targets",
    # what was reported, who checked it, and how far each place is
    "/api/v1/periods": "progress",
    "/api/v1/expectations": "progress",
    "/api/v1/reports": "progress",
    "/api/v1/submissions": "progress",
    "/api/v1/evidence": "progress",
    "/api/v1/reviews": "progress",
    "/api/v1/review-batches": "progress",
    "/api/v1/figures": "progress",
    "/api/v1/standings": "progress",
    "/api/v1/me/tasks": "progress",
    "/api/v1/imports/submissions": "progress",
    "/api/v1/audit/progress": "progress",
}

UPLOADS = ("/api/v1/imports/", "/api/v1/evidence")
"""Below these, bodies may be as large as a file."""


def owner(path: str) -> Service | None:
    """The service that answers for a path, or None; prefixes end at a slash, never inside a word."""
    while path:
        if path in PREFIXES:
            return PREFIXES[path]
        path = path.rpartition("/")[0]
    return None
