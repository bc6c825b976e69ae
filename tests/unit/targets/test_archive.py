"""Uploads: one file, a zip, and zips that mean harm."""

import io
import struct
import zipfile

import pytest

from kernel.errors import Invalid
from services.targets.plans import archive
from services.targets.plans.pack import MAX_FILES, MAX_TOTAL


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return made.getvalue()


def refused(raw: bytes) -> str:
    """The code with which an upload is refused."""
    with pytest.raises(Invalid) as caught:
        archive.files("pack.zip", raw)
    (fault,) = caught.value.errors
    assert fault.pointer == "/file" and fault.said.zh and fault.said.en
    return fault.code


def test_one_file_keeps_the_end_of_its_name() -> None:
    """Only a sound name; what it was called on somebody's disk is nobody's business."""
    assert archive.files("C:\\Users\\li\\a.yaml", b"x") == {"a.yaml": b"x"}
    assert archive.files("../../etc/passwd", b"x") == {"pack.yaml": b"x"}
    assert archive.files("", b"x") == {"pack.yaml": b"x"}


def test_a_zip_is_a_folder() -> None:
    """Its files by their paths, folders left out."""
    files = {"jx/plan.yaml": b"plan", "jx/more/items.yaml": b"items"}
    assert files == archive.files("jx.zip", zipped({"jx/": b"", **files}))


@pytest.mark.parametrize("name", ["../a.yaml", "a/../../b.yaml", "/a.yaml", "a//b.yaml", "c:a.yaml", "a\\b.yaml"])
def test_paths_that_lead_elsewhere_are_refused(name: str) -> None:
    """Nothing is written to disk, and still no such name gets in."""
    assert refused(zipped({name: b"x"})) == "zip-path"


def test_the_same_name_twice_is_refused() -> None:
    """Two readers could take different ones."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        out.writestr("a.yaml", b"1")
        with pytest.warns(UserWarning):
            out.writestr("a.yaml", b"2")
    assert refused(made.getvalue()) == "zip-duplicate"


def test_links_are_refused() -> None:
    """A link is no file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        link = zipfile.ZipInfo("a.yaml")
        link.external_attr = 0o120777 << 16
        out.writestr(link, "/etc/passwd")
    assert refused(made.getvalue()) == "zip-link"


def test_a_bomb_is_stopped_by_the_bytes_that_come_out() -> None:
    """A small upload of zeros."""
    bomb = zipped({f"{at}.yaml": bytes(MAX_TOTAL // 4 + 1) for at in range(4)})
    assert len(bomb) < 100_000
    assert refused(bomb) == "zip-too-large"


def test_a_size_that_lies_is_found_out() -> None:
    """The directory says ten bytes, the stream holds many more."""
    raw = bytearray(zipped({"a.yaml": bytes(100_000)}))
    entry = raw.index(b"PK\x01\x02")
    raw[entry + 24 : entry + 28] = struct.pack("<I", 10)
    assert refused(bytes(raw)) == "zip-broken"


def test_overlapping_entries_do_not_multiply() -> None:
    """Many names for one stream are counted each time."""
    raw = zipped({"a.yaml": bytes(MAX_TOTAL // 2)})
    entry = raw.index(b"PK\x01\x02")
    end = raw.index(b"PK\x05\x06")
    copies = b"".join(raw[entry:end].replace(b"a.yaml", f"{at}.yaml".encode()) for at in range(8))
    tail = bytearray(raw[end:])
    tail[8:12] = struct.pack("<HH", 8, 8)
    tail[12:16] = struct.pack("<I", len(copies))
    assert refused(raw[:entry] + copies + bytes(tail)) in ("zip-broken", "zip-too-large")


def test_too_many_entries_are_counted_before_reading() -> None:
    """A million empty files would fit into an upload."""
    assert refused(zipped({f"{at}.yaml": b"" for at in range(MAX_FILES + 1)})) == "zip-too-many"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_are_refused(method: int) -> None:
    """Their readers want memory the limits do not cover."""
    assert refused(zipped({"a.yaml": b"x"}, method)) == "zip-method"


def test_encrypted_entries_are_refused() -> None:
    """Nobody is asked for a password."""
    raw = bytearray(zipped({"a.yaml": b"x"}))
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    assert refused(bytes(raw)) == "zip-method"


@pytest.mark.parametrize("cut", [4, 30, 60, -1])
def test_a_zip_cut_short_is_refused(cut: int) -> None:
    """Whatever is left of it."""
    assert refused(zipped({"a.yaml": b"content of the file"})[:cut]) == "zip-broken"


def test_a_spoilt_stream_is_refused() -> None:
    """The checksum does not fit."""
    raw = bytearray(zipped({"a.yaml": b"content of the file"}, zipfile.ZIP_STORED))
    raw[raw.index(b"content")] ^= 1
    assert refused(bytes(raw)) == "zip-broken"
