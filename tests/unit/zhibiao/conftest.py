"""A machine on which nobody is signed in, and a server that answers what a test tells it to."""

from pathlib import Path

import httpx
import pytest
from cli_server import Server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server that every client of this process reaches."""
    found = Server()
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _self, request: found(request))
    return found


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No saved account and no variables of ours; the folder accounts are saved in."""
    for name in ("URL", "TOKEN", "CLIENT_ID", "CLIENT_SECRET", "PASSWORD", "LANGUAGE"):
        monkeypatch.delenv(f"ZHIBIAO_{name}", raising=False)
    monkeypatch.setenv("ZHIBIAO_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("ZHIBIAO_TRIES", "1")
    return tmp_path / "config"


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token in the environment."""
    monkeypatch.setenv("ZHIBIAO_TOKEN", "t")
