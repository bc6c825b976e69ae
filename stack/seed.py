"""Loading the first data on servers, where every service is a process of its own."""

import asyncio

from sqlalchemy.exc import DBAPIError

from kernel.logs import configure
from services.auth.app import build as build_auth
from services.auth.settings import Settings as AuthSettings
from services.targets.app import build as build_targets
from services.targets.settings import Settings as TargetsSettings
from stack import first_data, screen
from stack.database import address, unreachable
from stack.settings import Settings
from stack.system import inside, started


def run(settings: Settings) -> None:
    """Load what is not there yet; the services need not run. Raises Refused or BadSettings with the reason."""
    configure("seed")
    password = asyncio.run(_seed(settings))
    screen.out.print("数据已就绪 / the data are there")
    if password is not None:
        screen.out.print(f"{settings.admin_name}: {password}  （只显示这一次 / shown only this once）", markup=False)


async def _seed(settings: Settings) -> str | None:
    auth_settings, targets_settings = AuthSettings.read(), TargetsSettings.read()
    auth = build_auth(auth_settings)
    targets = build_targets(targets_settings, auth_transport=inside(auth))
    try:
        async with started(auth):
            await first_data.load_organisations(auth, first_data.DATA)
            password = await first_data.administrator(auth, settings)
            async with started(targets):
                await first_data.load_plans(targets, first_data.DATA)
            return password
    except (DBAPIError, OSError) as failure:
        raise unreachable(address(auth_settings.database_url), failure) from failure
