"""The merged document is a plain union; whatever is not plain stops the build."""

from copy import deepcopy
from typing import Any

import pytest

from gateway.openapi import Clash, merged, text

PLAIN: dict[str, Any] = {
    "paths": {"/api/v1/me": {"get": {"operationId": "me_show"}}},
    "components": {"schemas": {"Me": {"type": "object"}, "Problem": {"type": "object"}}},
    "tags": [{"name": "me"}],
}
OTHER: dict[str, Any] = {
    "paths": {"/api/v1/plans": {"get": {"operationId": "plans_list"}, "parameters": []}},
    "components": {"schemas": {"Plan": {"type": "object"}, "Problem": {"type": "object"}}},
}


def changed(path: str, operation: str, **schemas: Any) -> dict[str, Any]:
    return {"paths": {path: {"get": {"operationId": operation}}}, "components": {"schemas": schemas}}


def test_the_union_holds_everything_once() -> None:
    union = merged({"auth": PLAIN, "targets": OTHER})
    assert sorted(union["paths"]) == ["/api/v1/me", "/api/v1/plans"]
    assert sorted(union["components"]["schemas"]) == ["Me", "Plan", "Problem"]
    assert union["tags"] == [{"name": "me"}]


@pytest.mark.parametrize(
    ("second", "about"),
    [
        (changed("/api/v1/me", "other"), "/api/v1/me is published by another"),
        (changed("/api/v1/plans", "me_show"), "operation id me_show"),
        (changed("/api/v1/plans", "plans_list", Me={"type": "string"}), "schemas Me differs"),
    ],
)
def test_a_clash_is_an_error(second: dict[str, Any], about: str) -> None:
    with pytest.raises(Clash, match=about):
        merged({"auth": PLAIN, "targets": second})


def test_the_same_content_is_the_same_text() -> None:
    one, two = deepcopy(PLAIN), {key: PLAIN[key] for key in reversed(PLAIN)}
    assert text(one) == text(two)
    assert text(one).endswith("}\n")
