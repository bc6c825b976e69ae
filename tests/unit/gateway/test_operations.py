"""Only published operations can be reached, by exactly the address they are published under."""

import pytest

from gateway.operations import Operations

DOCUMENT = {
    "paths": {
        "/api/v1/plans": {"get": {}, "post": {}},
        "/api/v1/plans/{code}": {"get": {}, "patch": {}, "parameters": []},
        "/api/v1/plans/latest": {"get": {}},
        "/api/v1/plans/{code}/items": {"get": {}},
        "/api/v1/targets/{code}": {"get": {}},
    }
}
OPERATIONS = Operations({"targets": DOCUMENT})


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/plans", {"GET", "POST"}),
        ("/api/v1/plans/JX-2023", {"GET", "PATCH"}),
        ("/api/v1/plans/%E6%B1%9F", {"GET", "PATCH"}),
        ("/api/v1/plans/latest", {"GET", "PATCH"}),
        ("/api/v1/plans/latest/items", {"GET"}),
    ],
)
def test_a_published_address_is_found_with_its_methods(path: str, methods: set[str]) -> None:
    assert OPERATIONS.find(path.encode()) == ("targets", frozenset(methods))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "plans",
        "/api/v1/plans/",
        "//api/v1/plans",
        "/api//v1/plans",
        "/api/v1//plans",
        "/api/v1/plans//items",
        "/API/v1/plans",
        "/api/v1/Plans",
        "/api/v1/%70lans",
        "/api/v1/plans/x/items/y",
        "/api/v1/plans/x/unknown",
        "/api/v1/plans/.",
        "/api/v1/plans/..",
        "/api/v1/plans/../plans",
        "/api/v1/plans/%2e%2e",
        "/api/v1/plans/%2E%2e/items",
        "/api/v1/plans/..%2finternal",
        "/api/v1/plans/a%2Fitems",
        "/api/v1/plans/a%5citems",
        "/api/v1/plans/a%252Fitems",
        "/api/v1/plans/a%00",
        "/api/v1/plans/a%0d%0aX:y",
        "/api/v1/plans/a%7f",
        "/api/v1/plans/a%",
        "/api/v1/plans/a%zz",
        "/api/v1/plans;x=1",
        "/api/v1/plans/a;x=1",
        "/api/v1/plans\\x",
        "/api/v1/plans/a b",
        "/api/v1/plans?x=1",
        "/api/v1/plans#x",
        "/api/v1/targets",
        "/internal/v1/snapshot",
        "http://elsewhere/api/v1/plans",
    ],
)
def test_no_other_address_exists(path: str) -> None:
    assert OPERATIONS.find(path.encode("latin-1"))[1] == frozenset()


def test_bytes_beyond_ascii_do_not_exist() -> None:
    assert OPERATIONS.find("/api/v1/plans/江".encode())[1] == frozenset()


def test_a_service_cannot_publish_below_anothers_prefix() -> None:
    with pytest.raises(ValueError, match="auth publishes /api/v1/plans"):
        Operations({"auth": DOCUMENT})


def test_a_parameter_is_a_whole_segment() -> None:
    with pytest.raises(ValueError, match="whole segment"):
        Operations({"targets": {"paths": {"/api/v1/plans/{code}.yaml": {"get": {}}}}})
