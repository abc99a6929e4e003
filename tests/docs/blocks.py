"""The code blocks of a page, and how each of them is tried.

A page has one folder and one namespace, so a block may continue the ones before it.

* ``python``: runs. A block that begins with ``# name.py`` is that file. ``# name.py,
  changed`` replaces the functions, imports and constants of the file that have the same
  names, and adds the others. At the end of the page, all files can be imported, and
  tests pass.
* ``console``: each line that begins with ``$`` runs and must print the lines after it,
  in which ``...`` stands for anything.
* ``xml``: the OzML of the commands that the Python block before it ends with.
* ``urlencoded``: a body that the Python block after it ends with when it is parsed.
* other languages, such as configuration of servers, are only shown.
"""

import ast
import contextlib
import doctest
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import textwrap
import typing as t
from collections.abc import Iterable
from pathlib import Path

from flask_ozml.commands import Command
from flask_ozml.notifications import parse
from flask_ozml.serializer import markup

ROOT: t.Final = Path(__file__).parent.parent.parent
PAGES: t.Final = sorted(
    [
        ROOT / "README.rst",
        ROOT / "CONTRIBUTING.rst",
        *(p for p in ROOT.glob("docs/**/*.rst") if "_build" not in p.parts),
        *ROOT.glob("examples/*/README.rst"),
    ]
)

_BLOCK: t.Final = re.compile(
    r"^( *)\.\. code-block:: (\S+)\n((?:\1 +:.*\n)*)\n((?:\1   .*\n|\n)+)", re.MULTILINE
)
_FILE: t.Final = re.compile(r"# (\w+\.py)(, changed)?\n+")
_SHOWN: t.Final = {"apacheconf", "ini", "nginx", "text", "yaml"}
#: Commands that make an environment, which the tests have, or run these tests.
_SET_UP: t.Final = re.compile(
    r"(python3 -m venv|\. \.venv|(\S*bin/)?pip install|pre-commit |mkdir |cd ).*"
    r"|\S*python -m pytest tests.*"
)
#: Commands that run until somebody ends them; they get a free port.
_SERVERS: t.Final = re.compile(
    r".*flask .*(ozml (serve-phone-system|phone)|run)\b.*|python -m examples\..*demo"
)
#: Commands that are tried without serving.
_CHECKED: t.Final = {r"gunicorn .*": " --check-config"}


class Block(t.NamedTuple):
    """A code block of a page."""

    language: str
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """Return the code blocks of a page in their order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            match[2],
            textwrap.dedent(match[4]).strip("\n") + "\n",
            text.count("\n", 0, match.start(4)) + 1,
        )
        for match in _BLOCK.finditer(text)
    ]


class Trial:
    """Tries the blocks of one page.

    :param page: the page.
    :param folder: the folder where its files are written and its commands run.
    """

    def __init__(self, page: Path, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self.names: dict[str, t.Any] = {"__name__": "page"}
        self.exports: list[str] = []
        self.files: set[Path] = set()
        #: Whether the page has run pytest itself.
        self.tested = False
        #: What the last Python block ended with.
        self.value: object = None
        self.body = b""

    def run(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            if block.language not in _SHOWN:
                getattr(self, f"_run_{block.language}")(block)
        self._check_files()

    def _check_files(self) -> None:
        names = sorted(path.stem for path in self.files)
        tests = [name for name in names if name.startswith("test_")]
        others = [name for name in names if name not in (*tests, "conftest")]
        if others:
            self._try(f"python -c 'import {', '.join(others)}'", [])
        if tests and not self.tested:
            self._try("python -m pytest -q", ["... passed in ..."])

    def _run_python(self, block: Block) -> None:
        match = _FILE.match(block.text)
        if match:
            self._write(self.folder / match[1], block.text[match.end() :], match[2])
            return
        tree = ast.parse("\n" * (block.line - 1) + block.text, str(self.page))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, str(self.page), "exec"), self.names)
        self.value = None
        if isinstance(last, ast.Expr):
            expression = compile(ast.Expression(last.value), str(self.page), "eval")
            self.value = eval(expression, self.names)
        if self.body:
            assert parse(type(t.cast(t.Any, self.value)), self.body) == self.value
            self.body = b""

    def _write(self, path: Path, code: str, changed: str | None) -> None:
        path.write_text(changed_code(path.read_text(), code) if changed else code)
        self.files.add(path)

    def _run_console(self, block: Block) -> None:
        lines = block.text.splitlines()
        for number, line in enumerate(lines):
            if line.startswith("$ "):
                rest = lines[number + 1 :]
                end = next((i for i, x in enumerate(rest) if x.startswith("$ ")), None)
                self._try(line[2:], rest[:end])

    def _try(self, command: str, expected: list[str]) -> None:
        parts = [p for p in command.split(" && ") if not _SET_UP.fullmatch(p)]
        command = " && ".join(parts).replace(".venv/bin/", "")
        if not command:
            return
        if command.startswith("export "):
            self.exports.append(command)
            return
        if _SERVERS.fullmatch(command):
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            self._serve(f"{command} --port {port}", expected)
            return
        for pattern, option in _CHECKED.items():
            if re.fullmatch(pattern, command):
                command, expected = f"{command}{option}", []
        self.tested = self.tested or command.startswith("pytest")
        script = "\n".join([*self.exports, command])
        shown = self._start(["bash", "-ec", script]).communicate()[0]
        printed, _, status = shown.rpartition("\n# status ")
        assert status == "0\n", shown
        wanted = "\n".join(expected)
        assert _matches(wanted, printed), f"$ {command}\n{printed}\n# not\n{wanted}"

    def _serve(self, command: str, expected: list[str]) -> None:
        """Start a server, read the lines it should print, and end it."""
        process = self._start(["bash", "-ec", "\n".join([*self.exports, command])])
        printed = [t.cast(t.IO[str], process.stdout).readline() for _ in expected]
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate()
        for wanted, line in zip(expected, printed, strict=True):
            port = re.compile(r":\d+")
            assert _matches(port.sub(":", wanted), port.sub(":", line.rstrip()))

    def _start(self, command: list[str]) -> subprocess.Popen[str]:
        bin_folder = Path(sys.executable).parent
        return subprocess.Popen(
            ["bash", "-c", f'{shlex.join(command)}; printf "\\n# status %s\\n" $?'],
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": os.pathsep.join([str(self.folder), str(ROOT)]),
                "PYTEST_ADDOPTS": "-p no:cacheprovider -p no:randomly",
                "COLUMNS": "80",
                "TMPDIR": str(self.folder),  # what is ended leaves files behind
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _run_xml(self, block: Block) -> None:
        commands = [self.value] if isinstance(self.value, Command) else self.value
        written = "".join(map(markup, t.cast(list[Command], commands)))
        assert re.sub(r"\n *", "", block.text) == written

    def _run_urlencoded(self, block: Block) -> None:
        self.body = block.text.replace("\n", "").encode()


def _matches(wanted: str, printed: str) -> bool:
    checker = doctest.OutputChecker()
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return checker.check_output(f"{wanted}\n", f"{printed}\n", options)


def changed_code(old: str, new: str) -> str:
    """Return the code of a file in which some statements are replaced or added."""
    lines, added = old.splitlines(), []
    places = {key: (first, last) for key, first, last, _ in _statements(old)}
    replaced = []
    for key, _, _, code in _statements(new):
        if key in places:
            replaced.append((*places[key], code))
        else:
            added.append(code)
    for first, last, code in sorted(replaced, reverse=True):
        lines[first:last] = code
    for code in added:
        lines += ["", *code]
    return "\n".join(lines) + "\n"


def _statements(code: str) -> Iterable[tuple[object, int, int, list[str]]]:
    """Yield what each statement defines, where it begins and ends, and its lines."""
    lines = code.splitlines()
    for node in ast.parse(code).body:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(d.lineno for d in decorators)]) - 1
        last = t.cast(int, node.end_lineno)
        yield _key(node), first, last, lines[first:last]


def _key(node: ast.stmt) -> object:
    if isinstance(node, ast.ImportFrom):
        return "from", node.module
    with contextlib.suppress(AttributeError):
        return t.cast(ast.FunctionDef, node).name
    return ast.unparse(t.cast(ast.Assign, node).targets[0])
