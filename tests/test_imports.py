"""Imports point one way: a room uses only what stands above it."""

import ast
import subprocess
import sys
import typing as t
from graphlib import TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

import flask_ozml

PACKAGE = Path(flask_ozml.__file__).parent

#: The rooms from top to bottom; a module imports from rooms above its own.
ROOMS = (
    ("errors", "values", "logs", "signals"),
    ("commands",),
    ("notifications",),
    ("serializer",),
    ("blueprint",),
    ("http_api",),
    ("client",),
    ("simulator",),
    ("phone_urls", "playing"),
    ("callflow",),
    ("webphone",),
    ("__init__", "cli", "pytest_plugin"),
)
ORDER = [name for room in ROOMS for name in room]

#: What stands above a room and yet must stay unknown to it.
FORBIDDEN = {
    "http_api": {"blueprint"},
    "simulator": {"blueprint", "client"},
}

#: The rooms that know Flask, or any package outside of the standard library.
FRAMEWORKS = {"blueprint", "signals", "client"}
FRAMEWORKS |= {"phone_urls", "playing", "callflow", "webphone", "cli", "pytest_plugin"}


class _RunTime(ast.NodeTransformer):
    """Leaves out what only type checkers read."""

    def visit_If(self, node: ast.If) -> ast.If:
        if ast.unparse(node.test) in {"TYPE_CHECKING", "t.TYPE_CHECKING"}:
            node.body = [ast.Pass()]
        self.generic_visit(node)
        return node


def imported(source: str, package: str) -> t.Iterator[str]:
    """Yield the absolute names that a module of the package imports at run time."""
    for node in ast.walk(_RunTime().visit(ast.parse(source))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def names_in(path: Path) -> set[str]:
    package = ".".join((PACKAGE.name, *path.relative_to(PACKAGE).parts[:-1]))
    return set(imported(path.read_text(encoding="utf-8"), package))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module_of(name: str) -> Path | None:
    """Return the module that an absolute name belongs to, if it is the package's."""
    parts = name.split(".")
    while parts and parts[0] == PACKAGE.name:
        path = PACKAGE.joinpath(*parts[1:])
        for module in (path.with_suffix(".py"), path / "__init__.py"):
            if parts[1:] and module.is_file():
                return module
        parts.pop()
    return None


MODULES = sorted(PACKAGE.rglob("*.py"))
each_module = pytest.mark.parametrize(
    "path", MODULES, ids=[str(path.relative_to(PACKAGE)) for path in MODULES]
)


@each_module
def test_a_module_imports_only_from_rooms_above_its_own(path: Path) -> None:
    own = room_of(path)
    assert own in ORDER, f"{own!r} is a new room: give it a place in ROOMS."
    used = {room_of(module) for name in names_in(path) if (module := module_of(name))}
    for room in used - {own}:
        assert ORDER.index(room) < ORDER.index(own), f"{own} imports {room}"
    assert not used & FORBIDDEN.get(own, set())


def test_no_two_modules_import_each_other() -> None:
    graph = {
        path: {found for name in names_in(path) if (found := module_of(name))} - {path}
        for path in MODULES
    }
    assert list(TopologicalSorter(graph).static_order())


@each_module
def test_only_edges_know_flask(path: Path) -> None:
    roots = {name.split(".")[0] for name in names_in(path)}
    foreign = roots - sys.stdlib_module_names - {PACKAGE.name}
    if room_of(path) not in FRAMEWORKS:
        assert foreign <= {"click", "werkzeug", "xmltodict"}


@pytest.mark.parametrize(
    ("source", "package", "expected"),
    [
        ("from . import rules", "flask_ozml", {"flask_ozml.rules"}),
        ("from .errors import X", "flask_ozml", {"flask_ozml.errors.X"}),
        ("from .. import errors", "flask_ozml.simulator", {"flask_ozml.errors"}),
        ("import flask_ozml.cli", "flask_ozml", {"flask_ozml.cli"}),
        ("def f():\n  from . import cli", "flask_ozml", {"flask_ozml.cli"}),
        ("if t.TYPE_CHECKING:\n  from . import cli", "flask_ozml", set()),
        ("if TYPE_CHECKING:\n  import a\nelse:\n  import b", "flask_ozml", {"b"}),
    ],
)
def test_imports_are_found(source: str, package: str, expected: set[str]) -> None:
    assert set(imported(source, package)) == expected


def test_importing_the_package_leaves_out_what_is_optional() -> None:
    program = "import sys, flask_ozml; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert "flask_ozml" in loaded
    assert not loaded & {
        "flask_ozml.cli",
        "flask_ozml.client",
        "flask_ozml.pytest_plugin",
        "flask_ozml.simulator",
        "requests",
        "xmltodict",
    }
