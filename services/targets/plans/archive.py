"""The files of an uploaded pack: one YAML file, or a zip read with every byte counted and no path trusted."""

import io
import stat
import zipfile
import zlib

from kernel.errors import FieldError, Invalid, Said
from services.targets.plans.pack import MAX_FILES, MAX_TOTAL

_CHUNK = 64 * 1024
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_ENTRY = b"PK\x01\x02"


def files(name: str, raw: bytes) -> dict[str, bytes]:
    """The files by name; raises Invalid for an archive that is broken, too large, or not what it says."""
    if not raw.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return {_base(name): raw}
    # counted before the directory is read: a million empty entries fit into an upload
    if raw.count(_ENTRY) > MAX_FILES:
        said = Said(f"zip 中至多 {MAX_FILES} 个文件。", f"a zip has at most {MAX_FILES} files")
        raise _refused("zip-too-many", said)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return _unpacked(archive)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError, zlib.error):
        raise _refused("zip-broken", Said("zip 文件已损坏。", "the zip file is broken")) from None


def _base(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2][-100:]
    return last if last.lower().endswith((".yaml", ".yml")) else "pack.yaml"


def _unpacked(archive: zipfile.ZipFile) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    left = MAX_TOTAL
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        _check(entry, found)
        with archive.open(entry) as stream:
            content = io.BytesIO()
            # the sizes a zip declares are claims; what counts is what comes out
            while chunk := stream.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    limit = MAX_TOTAL // 1024 // 1024
                    raise _refused(
                        "zip-too-large", Said(f"解压后超过 {limit} MiB。", f"unpacks to more than {limit} MiB")
                    )
                content.write(chunk)
        found[entry.filename] = content.getvalue()
    return found


def _check(entry: zipfile.ZipInfo, found: dict[str, bytes]) -> None:
    steps = entry.filename.split("/")
    odd = "\\" in entry.orig_filename or ":" in entry.filename or "\0" in entry.orig_filename
    if odd or ".." in steps or "" in steps or len(entry.filename) > 300:
        raise _refused("zip-path", Said("zip 中有不允许的路径。", "the zip has a path that is not allowed"))
    if entry.filename in found:
        raise _refused("zip-duplicate", Said("zip 中有重名文件。", "the zip has the same file twice"))
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _refused("zip-link", Said("zip 中不能有链接。", "the zip has a link"))
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _READABLE:
        raise _refused(
            "zip-method",
            Said("zip 不能加密，压缩方式须为普通 deflate。", "the zip must not be encrypted and use plain deflate"),
        )


def _refused(code: str, said: Said) -> Invalid:
    return Invalid(errors=[FieldError("/file", code, said)])
