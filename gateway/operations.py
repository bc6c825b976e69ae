"""What can be reached: the operations the services publish, by address; everything else does not exist."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.routes import SERVICES, Service, owner

METHODS = ("get", "put", "post", "delete", "patch")
_ANY = "{}"

# Unreserved and harmless characters only, no empty segment and no slash at the end. Escapes stand for text
# beyond ASCII; an escaped dot, slash, backslash, percent or control character is somebody trying another
# address.
_ADDRESS = re.compile(r"(?:/(?:[A-Za-z0-9\-._~!$&'()*+,=:@]|%(?!2[EeFf5]|5[Cc]|7[Ff]|[01])[0-9A-Fa-f]{2})+)+", re.ASCII)


class Node:
    """One segment of the addresses: what may follow it, and what may be done there."""

    __slots__ = ("below", "methods")

    def __init__(self) -> None:
        self.below: dict[str, Node] = {}
        self.methods: set[str] = set()


class Operations:
    """All published operations, by service and address."""

    def __init__(self, documents: Mapping[Service, Mapping[str, Any]]) -> None:
        self._roots: dict[Service, Node] = {service: Node() for service in SERVICES}
        for service, document in documents.items():
            for template, operations in document.get("paths", {}).items():
                self._add(service, template, operations)

    def _add(self, service: Service, template: str, operations: Mapping[str, Any]) -> None:
        if owner(template) != service:
            raise ValueError(f"{service} publishes {template}, which gateway/routes.py does not give it")
        node = self._roots[service]
        for segment in template.strip("/").split("/"):
            if "{" in segment and not re.fullmatch(r"\{\w+\}", segment):
                raise ValueError(f"{service} publishes {template}: a parameter must be a whole segment")
            node = node.below.setdefault(_ANY if "{" in segment else segment, Node())
        node.methods.update(method.upper() for method in METHODS if method in operations)

    def find(self, raw_path: bytes) -> tuple[Service | None, frozenset[str]]:
        """Who answers for an address as it was sent, and the methods known there (none: it is unknown)."""
        path = raw_path.decode("latin-1")
        if not _ADDRESS.fullmatch(path):
            return None, frozenset()
        service = owner(path)
        if service is None:
            return None, frozenset()
        return service, frozenset().union(*_walk(self._roots[service], path[1:].split("/")))


def _walk(node: Node, segments: list[str]) -> Iterator[set[str]]:
    """The methods at every template that fits."""
    if not segments:
        yield node.methods
        return
    head, rest = segments[0], segments[1:]
    for key in (head, _ANY):
        if key in node.below and not (key == _ANY and head.strip(".") == ""):
            yield from _walk(node.below[key], rest)
