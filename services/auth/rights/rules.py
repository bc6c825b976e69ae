"""Who may grant what, and which roles nobody may hold together."""

from collections.abc import Iterable

from contracts.vocabularies import Role

WORKING = frozenset({Role.PLANNER, Role.REPORTER, Role.REVIEWER, Role.SUPERVISOR, Role.VIEWER})
"""Roles of the daily work; administrators grant them without holding them."""

GRANTABLE: dict[Role, frozenset[Role]] = {
    Role.SYSTEM_ADMIN: WORKING | {Role.SYSTEM_ADMIN},
    Role.SECURITY_ADMIN: WORKING | {Role.SECURITY_ADMIN, Role.AUDITOR},
}
"""What the holder of a role may grant within his own subtree."""

ADMINISTRATORS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN)
FIRST = (*ADMINISTRATORS, Role.PLANNER)
"""Roles of the first account: it sets up people, and sees the plan it has just loaded."""


def granters(role: Role) -> tuple[Role, ...]:
    """The roles whose holders may grant or revoke a role."""
    return tuple(holder for holder, granted in GRANTABLE.items() if role in granted)


def conflicting(roles: Iterable[Role]) -> bool:
    """Whether one principal would both administer and audit: nobody watches himself."""
    held = set(roles)
    return Role.AUDITOR in held and not held.isdisjoint(ADMINISTRATORS)


def beyond_clients(roles: Iterable[Role]) -> bool:
    """Whether a role is not for API clients: programs neither administer nor audit."""
    return not WORKING.issuperset(roles)
