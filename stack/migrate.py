"""Bringing the schemas of all services up to date."""

import asyncio
from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError

from kernel.logs import configure
from migrations import SERVICES, Lineage, upgrade
from stack import screen
from stack.database import address, unreachable
from stack.settings import MigrationSettings


def run(settings: MigrationSettings) -> None:
    """Migrate as an operator: each service's schema where its own address says."""
    configure("migrate")
    for done in asyncio.run(migrated(settings.addresses())):
        screen.out.print(_sentence(done), markup=False)


async def migrated(addresses: Mapping[str, str]) -> list[Lineage]:
    """Migrate every service's schema; raises Refused when a database cannot be reached."""
    found = []
    for service in SERVICES:
        url = address(addresses[service])
        try:
            found.append(await upgrade(service, url.render_as_string(hide_password=False)))
        except (DBAPIError, OSError, TimeoutError) as failure:
            raise unreachable(url, failure) from failure
    return found


def _sentence(done: Lineage) -> str:
    change = "已是最新 / up to date" if done.before == done.after else f"{done.before or '∅'} → {done.after}"
    rights = "" if done.granted else "  （没有单独的登录角色，未授权 / no login role of its own, no rights given）"
    return f"{done.service}: {change}{rights}"
