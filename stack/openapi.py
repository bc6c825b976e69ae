"""Writing the committed OpenAPI documents from the code, without a database."""

import secrets
from pathlib import Path
from typing import Any, cast

import contracts
from gateway import openapi
from gateway.routes import SERVICES, Service
from stack.system import Keys, System, build

FOLDER = Path(contracts.__file__).parent / "openapi"


def documents() -> dict[str, dict[str, Any]]:
    """The document of each service and, under `gateway`, their union."""
    apps = _unconnected().services()
    found: dict[str, dict[str, Any]] = {name: app.openapi() for name, app in apps.items()}
    return {**found, "gateway": openapi.merged(cast(dict[Service, Any], found))}


def write(folder: Path = FOLDER) -> list[Path]:
    """Write the documents that differ from what is there; the files written."""
    folder.mkdir(exist_ok=True)
    written = []
    for name, document in documents().items():
        file, text = folder / f"{name}.json", openapi.text(document)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            written.append(file)
    return written


def _unconnected() -> System:
    """The system as code only: nothing connects before it is started."""
    nowhere = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"
    keys = Keys(*(secrets.token_hex(32) for _ in range(3)))
    return build(dict.fromkeys(SERVICES, nowhere), keys, documents={})
