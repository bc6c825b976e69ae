"""The prefix table: the longest prefix wins and ends at a slash."""

import pytest

from gateway.routes import PREFIXES, SERVICES, owner


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/v1/me", "auth"),
        ("/api/v1/me/password", "auth"),
        ("/api/v1/me/tasks", "progress"),
        ("/api/v1/reviews", "progress"),
        ("/api/v1/review-batches", "progress"),
        ("/api/v1/imports/organisations/7", "auth"),
        ("/api/v1/imports/plans/7/conflicts", "targets"),
        ("/api/v1/imports/submissions", "progress"),
        ("/.well-known/jwks.json", "auth"),
        ("/api/v1/mean", None),
        ("/api/v1/imports", None),
        ("/api/v1", None),
        ("/internal/v1/rights", None),
        ("", None),
    ],
)
def test_the_longest_prefix_decides(path: str, service: str | None) -> None:
    assert owner(path) == service


def test_every_prefix_is_a_clean_path_of_a_known_service() -> None:
    for prefix, service in PREFIXES.items():
        assert service in SERVICES
        assert prefix.startswith("/") and not prefix.endswith("/") and "//" not in prefix


def test_nothing_internal_has_a_prefix() -> None:
    assert not [prefix for prefix in PREFIXES if "internal" in prefix or prefix in ("/metrics", "/readyz")]
