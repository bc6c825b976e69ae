"""Loading files: organisations, facts and plans, tried first or for good."""

import io
import zipfile
from pathlib import Path
from typing import Literal
from uuid import UUID

from contracts.imports import ImportJob
from zhibiao.errors import UnreadableFile
from zhibiao.nouns.noun import Noun
from zhibiao.session import Call, new_key

Mode = Literal["dry_run", "atomic", "partial"]
_UNDER_WAY = {"pending", "queued", "accepted", "running", "working"}
_YAML = (".yaml", ".yml")


class Imports(Noun):
    """Files sent to the service that owns their kind."""

    def send(
        self, kind: str, path: Path, *, mode: Mode = "atomic", key: str | None = None, **choices: str
    ) -> ImportJob:
        """What a file would change (`dry_run`) or has changed; waits until the work is finished.

        With any conflict an atomic import changes nothing; every conflict is in the answer with its place.
        """
        form = {"mode": mode, **choices}
        call = Call("POST", f"imports/{kind}", form=form, file=packed(path), key=key or new_key())
        job = self._session.one(ImportJob, call)
        while job.state in _UNDER_WAY:
            job = self.get(kind, job.id)
        return job

    def get(self, kind: str, job: UUID | str) -> ImportJob:
        """How an import of one's own stands."""
        return self._session.one(ImportJob, Call("GET", f"imports/{kind}/{job}", wait=10))


def packed(path: Path) -> tuple[str, bytes]:
    """The name and content to send: a file as it is, a folder of YAML files zipped in memory."""
    try:
        if path.is_dir():
            return f"{path.resolve().name}.zip", _zipped(path)
        return path.name, _utf8(path) if path.suffix.lower() == ".csv" else path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"无法读取 {path} / cannot read it: {error.strerror}") from error


def _utf8(path: Path) -> bytes:
    """A CSV file in UTF-8; Chinese office software writes GB18030 unless told otherwise."""
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace").encode()
    return content


def _zipped(folder: Path) -> bytes:
    """The YAML files of a folder; the same content always gives the same bytes."""
    files = sorted(f for f in folder.rglob("*") if f.suffix in _YAML and f.is_file())
    if not files:
        raise UnreadableFile(f"{folder} 中没有 YAML 文件 / there is no YAML file in this folder")
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.relative_to(folder).as_posix()), file.read_bytes())
    return whole.getvalue()
