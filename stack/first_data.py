"""What a new installation begins with: organisations, settings, the plans, and somebody who can sign in."""

import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from contracts.imports import ImportJob
from kernel.audit import SYSTEM
from kernel.errors import AppError
from services.auth.imports import service as imports
from services.auth.people import service as people
from services.targets.choices import service as choices
from services.targets.plans import service as plans
from stack import screen
from stack.errors import Refused
from stack.home import Home
from stack.settings import Settings
from stack.system import System, started

DATA = Path(__file__).parents[1] / "data"
ORGANISATIONS = "organisations/jiangxi.csv"
FACTS = "organisations/facts-census-2020.csv"
SETTINGS = "settings.yaml"
PLANS = "plans"


@asynccontextmanager
async def loaded(system: System, home: Home, identity: str, settings: Settings) -> AsyncIterator[str | None]:
    """The services, started and holding the first data.

    The value is the administrator's password if it was made just now. What was loaded before into this database
    is not read again. Raises Refused if the administrator cannot be made.
    """
    wanted = {"database": identity, "digest": digest(DATA)}
    fresh = home.notes().get("loaded") != wanted
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(started(system.auth))
        if fresh:
            screen.step("载入机构与规划", "loading organisations and plans")
            await load_organisations(system.auth, DATA)
        password = await administrator(system.auth, settings)
        await stack.enter_async_context(started(system.targets))
        if fresh and await load_plans(system.targets, DATA):
            home.note(loaded=wanted)
        await stack.enter_async_context(started(system.progress))
        yield password


async def load_organisations(auth: FastAPI, data: Path) -> None:
    """Load the divisions and the facts about them; the same data again change nothing."""
    database = auth.state.database
    organisations, facts = ((data / file).read_text(encoding="utf-8") for file in (ORGANISATIONS, FACTS))
    _tell(ORGANISATIONS, await imports.load(database, SYSTEM, "organisations", organisations))
    _tell(FACTS, await imports.load(database, SYSTEM, "facts", facts))


async def load_plans(targets: FastAPI, data: Path) -> bool:
    """Load the settings and every plan pack, and put the plans in force; whether all went well."""
    await targets.state.organisations.catch_up()
    database = targets.state.database
    done = []
    if (data / SETTINGS).exists():
        text = (data / SETTINGS).read_text(encoding="utf-8")
        done.append(_tell(SETTINGS, await choices.load(database, SYSTEM, text)))
    for pack in sorted(path for path in (data / PLANS).iterdir() if path.is_dir()):
        files = {file.name: file.read_bytes() for file in sorted(pack.glob("*.yaml"))}
        done.append(_tell(pack.name, await plans.load_pack(database, SYSTEM, files, publish=True)))
    return all(done)


async def administrator(auth: FastAPI, settings: Settings) -> str | None:
    """Make the first administrator if nobody is one; the password if it had to be made up."""
    password = settings.admin_password or secrets.token_urlsafe(12)
    try:
        made = await people.ensure_first_administrator(
            auth.state.database,
            login=settings.admin_name,
            password=password,
            passwords=auth.state.passwords,
        )
    except AppError as error:
        reasons = [fault.said for fault in error.errors] or [error.detail or error.title()]
        raise Refused(
            f"无法建立首个管理员：{'；'.join(said.zh for said in reasons)}",
            f"The first administrator cannot be made: {'; '.join(said.en for said in reasons)}",
        ) from error
    return password if made and settings.admin_password is None else None


def digest(data: Path) -> str:
    """A fingerprint of everything that is loaded at the first start."""
    found = hashlib.sha256()
    for file in sorted(path for path in data.rglob("*") if path.is_file()):
        found.update(f"{file.relative_to(data)}\0".encode())
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def _tell(name: str, job: ImportJob) -> bool:
    """Whether a load went through; if not, say what is wrong, for the system can run without it."""
    if not job.conflicts:
        return True
    first = job.conflicts[0]
    where = ":".join(str(part) for part in (first.file, first.line) if part is not None)
    screen.warn(
        f"{name} 未载入，有 {job.conflict_count} 处问题，第一处 {where}：{first.message}",
        f"{name} was not loaded: {job.conflict_count} faults, the first at {where}: {first.message_en}",
    )
    return False
