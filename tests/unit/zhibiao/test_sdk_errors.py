"""The family of exceptions mirrors the family of error codes."""

import importlib
import pkgutil

import httpx
import pytest

import services
from contracts.problems import Problem
from kernel.errors import AppError
from kernel.errors import family as server_family
from zhibiao.errors import ApiError, ZhibiaoError, family, from_response


def every_server_error() -> list[type[AppError]]:
    """The kernel's errors and those the services add in their rules."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if module.name.endswith(".rules"):
            importlib.import_module(module.name)
    return [error for error in server_family() if error.__module__.split(".")[0] in ("kernel", "services")]


def test_each_code_of_the_server_has_one_exception() -> None:
    ours = [error.for_code for error in family()]
    assert len(ours) == len(set(ours))
    assert {error.code for error in every_server_error()} <= set(ours)


def test_what_is_a_kind_of_something_there_is_so_here() -> None:
    ours = {error.for_code: error for error in family()}
    for theirs in every_server_error():
        parents = [each.code for each in theirs.__mro__ if issubclass(each, AppError)]
        assert all(issubclass(ours[theirs.code], ours[parent]) for parent in parents), theirs


def answer(status: int, code: str) -> ZhibiaoError:
    """The exception for a problem of a status and code."""
    problem = Problem(type="t", title="题", status=status, code=code, trace_id="t-1")
    request = httpx.Request("GET", "http://gateway.test/api/v1/me")
    return from_response(httpx.Response(status, content=problem.model_dump_json(), request=request))


@pytest.mark.parametrize("kind", list(family()), ids=lambda kind: kind.__name__)
def test_a_code_raises_its_exception(kind: type[ApiError]) -> None:
    assert type(answer(418, kind.for_code)) is kind


@pytest.mark.parametrize("error", every_server_error(), ids=lambda error: error.__name__)
def test_a_code_of_a_later_version_is_at_least_its_status(error: type[AppError]) -> None:
    found = answer(error.status, "made-up-later")
    assert isinstance(found, ApiError)
    assert found.code == "made-up-later"
    assert error.status == 500 or type(found) is not ApiError


def test_an_exception_carries_all_that_was_said() -> None:
    found = answer(404, "not-found")
    assert isinstance(found, ApiError)
    assert (found.status, found.code, found.title, found.trace_id) == (404, "not-found", "题", "t-1")
    assert (found.detail, found.errors) == (None, [])
    assert str(found) == "题"
