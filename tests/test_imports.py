"""Imports point one way, down the levels."""

import ast
import importlib
import subprocess
import sys
import typing as t
from importlib.util import resolve_name
from pathlib import Path

import pytest

import flask_ozml

PACKAGE = Path(flask_ozml.__file__).parent

LEVELS = {
    "errors": 0,
    "frozen": 0,
    "logs": 0,
    "values": 0,
    "rules": 0,
    "base": 1,
    "commands": 1,
    "answers": 2,
    "config": 2,
    "notifications": 2,
    "serializer": 2,
    "tokens": 2,
    "admission": 3,
    "queries": 3,
    "replies": 3,
    "blueprint": 3,
    "client": 3,
    "decorators": 3,
    "failures": 3,
    "responses": 3,
    "signals": 3,
    "simulator": 3,
    "typing": 3,
    "urls": 3,
    "views": 3,
    "__init__": 4,
    "cli": 4,
    "pytest_plugin": 4,
}

# Inside a level: who may import whom.
SIDEWAYS = {
    ("rules", "errors"),
    ("answers", "notifications"),
    ("commands", "base"),
    ("config", "notifications"),
    ("blueprint", "admission"),
    ("blueprint", "decorators"),
    ("blueprint", "failures"),
    ("blueprint", "responses"),
    ("blueprint", "signals"),
    ("blueprint", "urls"),
    ("blueprint", "views"),
    ("client", "queries"),
    ("client", "replies"),
    ("decorators", "views"),
    ("queries", "replies"),
    ("responses", "admission"),
    ("signals", "failures"),
    ("simulator", "queries"),
    ("urls", "admission"),
}

# Below a level, and yet nothing to it: the simulator knows the wire only.
FORBIDDEN = {
    ("simulator", "answers"),
    ("simulator", "config"),
    ("simulator", "tokens"),
}

# Below Flask: the standard library, and this.
FRAMEWORK_LEVEL = 3
CORE_REQUIREMENTS = {("tokens", "itsdangerous")}


class _RunTime(ast.NodeTransformer):
    """Leaves out what only type checkers read."""

    def visit_If(self, node: ast.If) -> ast.If:
        if ast.unparse(node.test) in {"TYPE_CHECKING", "t.TYPE_CHECKING"}:
            node.body = [ast.Pass()]
        self.generic_visit(node)
        return node


def imported(source: str, package: str) -> t.Iterator[str]:
    """The absolute names that *source*, a module in *package*, imports at run time."""
    for node in ast.walk(_RunTime().visit(ast.parse(source))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def module_of(name: str) -> str:
    """The row that an absolute name of the package belongs to."""
    part = (name.split(".") + ["__init__"])[1]
    exists = (PACKAGE / part).is_dir() or (PACKAGE / f"{part}.py").is_file()
    return part if exists else "__init__"


def package_imports(path: Path) -> set[str]:
    package = ".".join((PACKAGE.name, *path.relative_to(PACKAGE).parts[:-1]))
    return set(imported(path.read_text(encoding="utf-8"), package))


def row(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def level(module: str) -> int:
    assert module in LEVELS, f"{module!r} is new: add a row to LEVELS in {__file__}."
    return LEVELS[module]


def each(paths: list[Path]) -> pytest.MarkDecorator:
    names = [str(path.relative_to(PACKAGE)) for path in paths]
    return pytest.mark.parametrize("path", paths, ids=names)


MODULES = sorted(PACKAGE.rglob("*.py"))
CORE = [path for path in MODULES if LEVELS.get(row(path), 0) < FRAMEWORK_LEVEL]


def test_modules_are_found() -> None:
    assert {"__init__", "errors", "commands"} <= {row(path) for path in MODULES}


@each(MODULES)
def test_imports_go_down(path: Path) -> None:
    own = row(path)
    names = {name for name in package_imports(path) if name.startswith("flask_ozml")}
    for other in {module_of(name) for name in names} - {own}:
        assert (own, other) not in FORBIDDEN
        assert level(other) < level(own) or (own, other) in SIDEWAYS, (
            f"{own} is on level {level(own)} and imports {other} from level"
            f" {level(other)}; a name that only annotations need belongs under"
            " TYPE_CHECKING."
        )


@each(MODULES)
def test_module_has_a_level(path: Path) -> None:
    level(row(path))


@each(CORE)
def test_core_knows_no_framework(path: Path) -> None:
    roots = {name.split(".")[0] for name in package_imports(path)}
    foreign = roots - sys.stdlib_module_names - {"flask_ozml"}
    assert {(row(path), root) for root in foreign} <= CORE_REQUIREMENTS


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
def test_imported(source: str, package: str, expected: set[str]) -> None:
    assert set(imported(source, package)) == expected


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("flask_ozml", "__init__"),
        ("flask_ozml.OzML", "__init__"),
        ("flask_ozml.errors", "errors"),
        ("flask_ozml.errors.OzMLError", "errors"),
    ],
)
def test_module_of(name: str, module: str) -> None:
    assert module_of(name) == module


def test_import_of_the_package_leaves_out_what_is_optional() -> None:
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


@each(MODULES)
def test_module_can_be_imported(path: Path) -> None:
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)

    importlib.import_module(name.removesuffix(".__init__"))
