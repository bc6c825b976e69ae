"""The committed OpenAPI documents are those of the code, and fit together."""

from typing import Any

import pytest
from openapi_spec_validator import validate

from gateway.openapi import text
from gateway.operations import Operations
from gateway.routes import SERVICES, Service, owner
from stack import openapi as written

NAMES = (*SERVICES, "gateway")


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Any]]:
    return written.documents()


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_document_is_fresh(documents: dict[str, Any], name: str) -> None:
    committed = (written.FOLDER / f"{name}.json").read_text(encoding="utf-8")
    stale = "run `make openapi` and commit contracts/openapi"
    assert committed == text(documents[name]), stale


def test_writing_twice_changes_nothing(tmp_path: Any) -> None:
    assert {file.name for file in written.write(tmp_path)} == {f"{name}.json" for name in NAMES}
    assert written.write(tmp_path) == []


def test_the_whole_is_valid_openapi(documents: dict[str, Any]) -> None:
    validate(documents["gateway"])


@pytest.mark.parametrize("service", SERVICES)
def test_every_path_is_the_services_own(documents: dict[str, Any], service: Service) -> None:
    assert [path for path in documents[service]["paths"] if owner(path) != service] == []
    Operations({service: documents[service]})


def test_nothing_internal_is_published(documents: dict[str, Any]) -> None:
    assert [path for path in documents["gateway"]["paths"] if "internal" in path] == []


def test_operation_ids_are_tag_and_function(documents: dict[str, Any]) -> None:
    for path, operations in documents["gateway"]["paths"].items():
        for method, operation in operations.items():
            assert operation["tags"], f"{method} {path} has no tag"
            prefix = operation["tags"][0].lower().replace(" ", "_").replace("-", "_")
            name = operation["operationId"].replace("-", "_")
            assert name.startswith(f"{prefix}_"), f"{method} {path}: {name}"


def test_every_error_is_a_problem_document(documents: dict[str, Any]) -> None:
    for path, operations in documents["gateway"]["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if status.startswith(("4", "5")):
                    assert list(answer["content"]) == ["application/problem+json"], f"{method} {path} {status}"
