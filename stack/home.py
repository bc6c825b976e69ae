"""The folder everything of one installation lives in: secrets, logs, the private database, one lock."""

import errno
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from stack.errors import Refused

if sys.platform != "win32":
    import fcntl


class Home:
    """One installation's folder; made on first use, closed to others."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        try:
            self.root.parent.mkdir(parents=True, exist_ok=True)
            if not self.root.is_dir():
                self.root.mkdir()
                # root's database runs under another account, which passes through
                self.root.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.secrets, self.logs):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as refused:
            raise unusable(self.root, refused) from refused

    @property
    def secrets(self) -> Path:
        """Where secrets are, one file each; the same form as ZHIBIAO_SECRETS_DIR."""
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        """Where the log is."""
        return self.root / "logs"

    @property
    def postgres(self) -> Path:
        """Where the private database is kept."""
        return self.root / "postgres"

    def secret(self, name: str) -> str:
        """A secret, made on first use and kept in a file only its owner can read."""
        file = self.secrets / name
        if not file.exists():
            self._write(file, secrets.token_hex(32))
        return file.read_text(encoding="utf-8").strip()

    def notes(self) -> dict[str, Any]:
        """What was noted about this installation; losing it costs time, never data."""
        try:
            found = json.loads((self.root / "notes.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def note(self, **facts: Any) -> None:
        """Keep a few facts for the next start."""
        self._write(self.root / "notes.json", json.dumps({**self.notes(), **facts}, indent=1))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Only one system runs on a folder at a time; raises Refused for the second one."""
        try:
            descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as refused:
            raise unusable(self.root, refused) from refused
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise Refused(
                f"系统已在运行，使用的正是数据目录 {self.root}；请先停止它，或用 ZHIBIAO_HOME 换一个目录。",
                f"The system is running already on the folder {self.root}; "
                "stop it first, or choose another with ZHIBIAO_HOME.",
            ) from None
        finally:
            os.close(descriptor)

    def _write(self, file: Path, text: str) -> None:
        """Replace a file as a whole, readable by its owner only."""
        fresh = file.with_name(f".{file.name}.{uuid4().hex}")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
                out.write(text + "\n")
            fresh.replace(file)
        except OSError as refused:
            fresh.unlink(missing_ok=True)
            raise unusable(self.root, refused) from refused


def unusable(root: Path, refused: OSError) -> Refused:
    """What to tell the operator when the folder cannot be written to."""
    if refused.errno in (errno.ENOSPC, errno.EDQUOT):
        return Refused(
            f"磁盘空间不足，无法写入 {root}；请先清理空间。",
            f"There is not enough disk space to write to {root}; free some and start again.",
        )
    return Refused(
        f"无法写入数据目录 {root}（{refused.strerror}）；请更改其权限，或用 ZHIBIAO_HOME 换一个目录。",
        f"The folder {root} cannot be written to ({refused.strerror}); "
        "change its permissions, or choose another with ZHIBIAO_HOME.",
    )
