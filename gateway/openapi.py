"""One document of the whole public contract: the plain union of what the services publish."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from gateway.routes import SERVICES, Service

Document = dict[str, Any]

TITLE = "指标 Zhibiao"
DESCRIPTION = (
    "一个省的公共卫生规划：目标、分解、上报、审核、汇总与进度评价。"
    "A province's public-health plan: targets, cascade, reports, reviews, figures and standing."
)


class Clash(Exception):
    """Two services publish different things under one name."""


def committed(service: str) -> Document:
    """The document of a service as it was last generated and committed."""
    text = (files("contracts") / "openapi" / f"{service}.json").read_text(encoding="utf-8")
    found: Document = json.loads(text)
    return found


def merged(documents: Mapping[Service, Mapping[str, Any]]) -> Document:
    """The union of the services' documents.

    Raises Clash for an equal path, an equal operation id, or components of one name that differ.
    """
    union: Document = {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": "1", "description": DESCRIPTION},
        "paths": {},
        "components": {},
        "tags": [],
    }
    seen: dict[str, str] = {}
    for service in (name for name in SERVICES if name in documents):
        document = documents[service]
        _add_paths(union["paths"], document.get("paths", {}), service, seen)
        for kind, named in document.get("components", {}).items():
            _add_equal(union["components"].setdefault(kind, {}), named, f"{service}: {kind}")
        tags = {tag["name"]: tag for tag in document.get("tags", [])}
        known = {tag["name"]: tag for tag in union["tags"]}
        _add_equal(known, tags, f"{service}: tag")
        union["tags"] = list(known.values())
    return union


def text(document: Mapping[str, Any]) -> str:
    """A document as it is written to a file: the same content is always the same text."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _add_paths(union: Document, paths: Mapping[str, Any], service: str, seen: dict[str, str]) -> None:
    for path, operations in paths.items():
        if path in union:
            raise Clash(f"{service}: {path} is published by another service too")
        for method, operation in operations.items():
            name = operation.get("operationId") if isinstance(operation, Mapping) else None
            if name is not None and seen.setdefault(name, f"{method} {path}") != f"{method} {path}":
                raise Clash(f"{service}: the operation id {name} of {path} is taken by {seen[name]}")
        union[path] = operations


def _add_equal(union: Document, named: Mapping[str, Any], about: str) -> None:
    for name, content in named.items():
        if union.setdefault(name, content) != content:
            raise Clash(f"{about} {name} differs from another service's of that name")
