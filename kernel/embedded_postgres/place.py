"""Where the cluster lives: in `home`, or in the system's state if root's `home` is closed to the account."""

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from kernel.embedded_postgres import account as accounts
from kernel.embedded_postgres.account import Account
from kernel.embedded_postgres.errors import CannotStart

STATE = Path("/var/lib/zhibiao")
POINTER = "location"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """The cluster's directory, made or not yet, and the account it belongs to."""

    data: Path
    account: Account

    @property
    def exists(self) -> bool:
        """Whether a whole cluster is there: half-made ones never get this name."""
        return _is_cluster(self.data)


def prepare_home(home: Path) -> Path:
    """The absolute path of `home`, made if missing. CannotStart if it cannot be made."""
    home = home.resolve()
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        if not home.is_dir():
            home.mkdir()
            # Ours from the start: let the database account pass through it.
            home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as refused:
        raise CannotStart(
            f"无法建立目录 {home}（{refused.strerror}）；请换一个 ZHIBIAO_HOME。",
            f"The directory {home} cannot be made ({refused.strerror}); choose another ZHIBIAO_HOME.",
        ) from refused
    return home


def find(home: Path, *, forgive_loss: bool) -> Place:
    """Where the cluster of `home` is, or is to be made.

    Data once kept outside `home` and gone since are an error to be seen, not a reason for an empty database,
    unless `forgive_loss`.
    """
    for data in (_pointed_at(home, forgive_loss=forgive_loss), home / "data"):
        if data and _is_cluster(data):
            return _existing(data)
    account = accounts.for_new_cluster()
    if not account.foreign or _lets_in(home, account):
        return Place(home / "data", account)
    return _outside(home, account)


def remember(home: Path, place: Place) -> None:
    """Leave in `home` a note of where its data are, if they are not there."""
    if place.data.parent != home:
        write(home / POINTER, f"{place.data.parent}\n")


def write(path: Path, text: str, owner: Account | None = None) -> None:
    """Replace a file as a whole, readable by its owner only; no link planted under its name is followed."""
    fresh = path.with_name(f"{path.name}.{uuid4().hex}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        if owner:
            owner.own(fresh)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _is_cluster(data: Path) -> bool:
    try:
        return (data / "PG_VERSION").is_file()
    except PermissionError as refused:
        raise accounts.belongs_to_another(data) from refused


def _existing(data: Path) -> Place:
    account = accounts.owner_of(data)
    if account.foreign and not account.can_enter(data):
        raise CannotStart(
            f"账户 {account.name} 无法进入数据目录 {data}：上级目录的权限变了。请恢复权限后再启动。",
            f"The account {account.name} can no longer reach the data directory {data}: "
            "the permissions of a folder above it have changed. Restore them and start again.",
        )
    return Place(data, account)


def _lets_in(home: Path, account: Account) -> bool:
    """Tried, not computed: only the kernel knows what modes, ACLs and mounts add up to."""
    probe = home / f"probe.{uuid4().hex}"
    probe.mkdir(0o700)
    try:
        account.own(probe)
        return account.can_enter(probe)
    except OSError:
        return False
    finally:
        probe.rmdir()


def _outside(home: Path, account: Account) -> Place:
    """A directory of the system's state named after the path of `home`, so that copies run side by side."""
    state = STATE / f"pg-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}"
    try:
        for folder in (STATE, state):
            folder.mkdir(0o711, parents=True, exist_ok=True)
            folder.chmod(0o711)
        write(state / "home", f"{home}\n")
        reachable = _lets_in(state, account)
    except OSError as refused:
        raise _no_place(home, account) from refused
    if not reachable:
        raise _no_place(home, account)
    place = Place(state / "data", account)
    return _existing(place.data) if place.exists else place


def _no_place(home: Path, account: Account) -> CannotStart:
    return CannotStart(
        f"账户 {account.name} 无法进入 {home}，{STATE} 也不可用；"
        "请换一个 ZHIBIAO_HOME，或设置 DATABASE_URL。",
        f"The account {account.name} cannot reach {home}, and {STATE} cannot be used either; "
        "choose another ZHIBIAO_HOME, or set DATABASE_URL.",
    )


def _pointed_at(home: Path, *, forgive_loss: bool) -> Path | None:
    """The data directory the note in `home` names; None without a note, or when the note is a copy's."""
    pointer = home / POINTER
    if not pointer.exists():
        return None
    state = Path(pointer.read_text(encoding="utf-8").strip())
    if not _is_cluster(state / "data"):
        if not forgive_loss:
            raise _lost(state, pointer)
        pointer.unlink()
        return None
    if _is_a_copys(pointer, state, home):
        log.warning("%s is a copy; its original's data stay where they are, the copy begins empty", home)
        pointer.unlink()
        return None
    write(state / "home", f"{home}\n")
    return state / "data"


def _is_a_copys(pointer: Path, state: Path, home: Path) -> bool:
    """Whether another `home` still claims the data: then ours was copied, otherwise it was moved."""
    owner = Path((state / "home").read_text(encoding="utf-8").strip()) if (state / "home").exists() else home
    theirs = owner / POINTER
    return owner != home and theirs.exists() and theirs.read_bytes() == pointer.read_bytes()


def _lost(state: Path, pointer: Path) -> CannotStart:
    return CannotStart(
        f"数据目录 {state} 不见了。请恢复该目录；"
        f"若确认不再需要其中的数据，删除 {pointer} 后会建立一个空的数据库。",
        f"The data directory {state} is gone. Restore it; if its data are no longer needed, "
        f"delete {pointer} and an empty database is made.",
    )
