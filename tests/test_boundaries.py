"""The house rules: who may import whom, what rules may know, who opens transactions, how long things get.

Each rule is broken on purpose once, so that it is known to notice.
"""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("contracts", "kernel", "services", "gateway", "zhibiao", "migrations", "stack")
FUNCTION_LINES = 60
FILE_LINES = 400
MEDIAN_LINES = 12
NAMELESS = {"utils", "util", "helpers", "helper", "manager", "managers"}
IMPURE = {
    "fastapi",
    "starlette",
    "sqlalchemy",
    "asyncpg",
    "httpx",
    "aiohttp",
    "os",
    "time",
    "random",
    "asyncio",
}
OPENING = {"transaction", "begin", "begin_nested"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    """One file of ours: its path from the root, its text and its tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """How it is imported."""
        return ".".join(self.path.with_suffix("").parts).removesuffix(".__init__")

    def imports(self) -> Iterator[str]:
        """Every module it imports, wherever in the file."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (each.name for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                # `from services import auth` imports services.auth
                yield from (f"{node.module}.{each.name}" for each in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield "." * node.level

    def functions(self) -> Iterator[Function]:
        """Every function and method."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@cache
def modules(root: Path) -> list[Module]:
    """All files of ours below a root."""
    found = sorted(path for package in OURS for path in (root / package).rglob("*.py"))
    texts = [(path.relative_to(root), path.read_text(encoding="utf-8")) for path in found]
    return [Module(path, text, ast.parse(text)) for path, text in texts]


def may_import(importer: str, imported: str) -> bool:
    """Whether the house allows this import of one of our modules."""
    package, target = importer.split(".")[0], imported.split(".")[0]
    if package == "stack" or (package == target and package != "services"):
        return True
    if package == "services" and target == "services":
        return importer.split(".")[:2] == imported.split(".")[:2]
    allowed = {
        "contracts": set(),
        "kernel": {"contracts"},
        "services": {"kernel", "contracts"},
        "gateway": {"kernel", "contracts"},
        "zhibiao": {"contracts"},
        "migrations": {"kernel", "contracts"},
    }
    return target in allowed[package]


def forbidden_imports(found: list[Module]) -> Iterator[str]:
    """Imports against the direction of dependencies, and relative ones, which hide it."""
    for module in found:
        for name in module.imports():
            if name.startswith("."):
                yield f"{module.path}: relative import"
            elif name.split(".")[0] in OURS and not may_import(module.name, name):
                yield f"{module.path}: imports {name}"


def impure_rules(found: list[Module]) -> Iterator[str]:
    """Rules that know of the database, the network, the system or the clock."""
    for module in found:
        if module.path.name == "rules.py":
            yield from (f"{module.path}: imports {n}" for n in module.imports() if n.split(".")[0] in IMPURE)


def stray_transactions(found: list[Module]) -> Iterator[str]:
    """Transactions opened anywhere but in a use case."""
    for module in found:
        use_case = module.path.name == "service.py" or "service" in module.path.parts
        if use_case or module.path.parts[0] in ("kernel", "migrations", "stack"):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in OPENING:
                yield f"{module.path}:{node.lineno}: opens a transaction"


def nameless_modules(found: list[Module]) -> Iterator[str]:
    """Modules whose name says nothing."""
    for module in found:
        if NAMELESS & {part.removesuffix(".py").strip("_") for part in module.path.parts}:
            yield f"{module.path}: say what it is"


def is_step(module: Module) -> bool:
    """Whether it is a step of a lineage: written once, as long as the tables it makes, never touched again."""
    return module.path.parts[0] == "migrations" and len(module.path.parts) > 2


def length(function: Function) -> int:
    """Lines from `def` to the last one."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def long_functions(found: list[Module]) -> Iterator[str]:
    """Functions that do not fit on a screen."""
    for module in (each for each in found if not is_step(each)):
        for function in module.functions():
            if length(function) > FUNCTION_LINES:
                yield f"{module.path}:{function.lineno}: {function.name} has {length(function)} lines"


def long_files(found: list[Module]) -> Iterator[str]:
    """Files that hold more than one thing."""
    for module in (each for each in found if not is_step(each)):
        lines = module.text.count("\n")
        if lines > FILE_LINES:
            yield f"{module.path}: {lines} lines"


RULES: list[Callable[[list[Module]], Iterator[str]]] = [
    forbidden_imports,
    impure_rules,
    stray_transactions,
    nameless_modules,
    long_functions,
    long_files,
]


@pytest.mark.parametrize("rule", RULES)
def test_the_house_rule_holds(rule: Callable[[list[Module]], Iterator[str]]) -> None:
    assert list(rule(modules(ROOT))) == []


def test_functions_are_small() -> None:
    sizes = [length(function) for module in modules(ROOT) for function in module.functions()]
    middle = median(sizes)
    print(f"{len(sizes)} functions, median {middle} lines, longest {max(sizes)}")
    assert middle <= MEDIAN_LINES


BREACHES = {
    forbidden_imports: [
        ("contracts/x.py", "import kernel.db"),
        ("kernel/x.py", "from services.auth import app"),
        ("kernel/x.py", "import gateway"),
        ("services/auth/x.py", "from services.targets.plans import service"),
        ("services/auth/x.py", "from services import targets"),
        ("services/auth/x.py", "def f():\n    import stack.up"),
        ("gateway/x.py", "from services.auth.app import build"),
        ("zhibiao/x.py", "from kernel.errors import AppError"),
        ("zhibiao/x.py", "from stack.commands import plug"),
        ("migrations/x.py", "from services.auth.tables import METADATA"),
        ("services/auth/x.py", "from .y import z"),
    ],
    impure_rules: [
        ("services/auth/people/rules.py", "from sqlalchemy import select"),
        ("services/auth/people/rules.py", "import os"),
        ("services/auth/people/rules.py", "def f():\n    import time"),
        ("services/auth/people/rules.py", "from fastapi import Depends"),
        ("services/auth/people/rules.py", "import httpx"),
    ],
    stray_transactions: [
        ("services/auth/people/endpoints.py", "async def f(d):\n    async with d.transaction() as c: pass"),
        ("services/auth/people/repository.py", "async def f(c):\n    async with c.begin(): pass"),
        ("gateway/x.py", "async def f(c):\n    async with c.begin_nested(): pass"),
    ],
    nameless_modules: [
        ("kernel/utils.py", ""),
        ("services/auth/helpers/x.py", ""),
        ("gateway/manager.py", ""),
    ],
    long_functions: [
        ("migrations/x.py", "def f():\n" + "    x = 1\n" * 60),
        ("kernel/x.py", "def f():\n" + "    x = 1\n" * 60),
    ],
    long_files: [("kernel/x.py", "x = 1\n" * 401)],
}
KEPT = [
    ("contracts/x.py", "import contracts.base\nimport json"),
    ("kernel/x.py", "from contracts.base import Model"),
    ("services/auth/x.py", "from services.auth.people import service\nfrom kernel.db import Database"),
    ("gateway/x.py", "from kernel.app import Envelope\nimport time"),
    ("stack/x.py", "from services.auth.app import build\nimport zhibiao"),
    ("services/auth/people/rules.py", "from datetime import date\nfrom decimal import Decimal"),
    ("services/auth/people/service.py", "async def f(d):\n    async with d.transaction() as c: pass"),
    ("services/auth/reports/service/submit.py", "async def f(d):\n    async with d.transaction() as c: pass"),
    ("kernel/x.py", "def f():\n" + "    x = 1\n" * 59),
    ("migrations/auth/0001_first.py", "def f():\n" + "    x = 1\n" * 401),
]


def tree(root: Path, path: str, text: str) -> list[Module]:
    """A project that consists of one file."""
    (root / path).parent.mkdir(parents=True)
    (root / path).write_text(text, encoding="utf-8")
    return modules(root)


@pytest.mark.parametrize(
    ("rule", "path", "text"), [(rule, *breach) for rule, breaches in BREACHES.items() for breach in breaches]
)
def test_a_breach_is_noticed(
    tmp_path: Path, rule: Callable[[list[Module]], Iterator[str]], path: str, text: str
) -> None:
    assert list(rule(tree(tmp_path, path, text)))


@pytest.mark.parametrize(("path", "text"), KEPT)
def test_what_keeps_the_rules_passes(tmp_path: Path, path: str, text: str) -> None:
    found = tree(tmp_path, path, text)
    assert [breach for rule in RULES for breach in rule(found)] == []
