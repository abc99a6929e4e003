"""Make small mistakes in a module, and print those that no test notices.

Pytest collects the tests once. Each mistake inside a function is tried in a fork of
that process, in which the code of the function is replaced. All other mistakes, and
those that went unnoticed, are tried in a new process that imports the changed module.
The words of messages (strings that contain a blank) are left alone.

    PYTHONPATH=. python tests/mutation/run.py [--sample N] MODULE TESTS...

MODULE is a name below ``flask_ozml``, such as ``blueprint.tokens``; TESTS are files or
folders. With ``--sample``, N mistakes are drawn, always the same ones.
"""

import argparse
import contextlib
import gc
import importlib
import importlib.abc
import importlib.util
import io
import marshal
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
import types
import typing as t
from pathlib import Path

import hypothesis
import pytest
from mutants import codes_in
from mutants import Mutant
from mutants import mutants_of

#: Seconds for the tests of a mutant. A mutant that never ends counts as noticed.
LIMIT: t.Final = 90
WORKERS: t.Final = int(os.environ.get("MUTATION_WORKERS", "2"))
#: Environment variable with the path of the code to import instead of the module.
IMPORTED: t.Final = "MUTANT_CODE"
PACKAGE: t.Final = Path("flask_ozml").resolve()


def _patch(code: types.CodeType) -> None:
    """Replace the code of all functions of the module by that of the mutant."""
    codes = codes_in(code)
    for found in gc.get_objects():
        if isinstance(found, types.FunctionType):
            old = found.__code__
            new = codes.get((old.co_qualname, old.co_firstlineno))
            if new and old.co_filename == new.co_filename and old != new:
                found.__code__ = new


class _Runner:
    """A pytest plugin that runs the collected tests against each mutant."""

    def __init__(self, module: str, mutants: list[Mutant]) -> None:
        self.module = module
        self.mutants = mutants
        #: The mutants that no test noticed in a fork.
        self.unseen: list[Mutant] = []
        self.alive: list[Mutant] = []
        self.timed_out = 0
        self._running: dict[int, tuple[Mutant, float, int]] = {}
        self._killers: list[int] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._run([m for m in self.mutants if m.in_function], session)
        return True

    def _run(self, mutants: list[Mutant], session: pytest.Session) -> None:
        for mutant in mutants:
            while len(self._running) >= WORKERS:
                self._wait()
            reading, writing = os.pipe()
            process = os.fork()
            if not process:
                self._be(mutant, session, writing)
            os.close(writing)
            self._running[process] = (mutant, time.monotonic() + LIMIT, reading)
        while self._running:
            self._wait()

    def _be(self, mutant: Mutant, session: pytest.Session, writing: int) -> t.NoReturn:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        failed = 0
        try:
            # Raises ValueError if a function would get other free variables. The mutant
            # then counts as unseen and is tried in a new process.
            _patch(mutant.code)
            failed = 1
            failed = self._first_failure(session, writing)
        finally:
            os._exit(failed)

    def _first_failure(self, session: pytest.Session, writing: int) -> int:
        items = session.items
        order = [*self._killers, *(set(range(len(items))) - set(self._killers))]
        for number in order:
            session.config.hook.pytest_runtest_protocol(
                item=items[number], nextitem=None
            )
            if session.testsfailed:
                os.write(writing, str(number).encode())
                return 1
        return 0

    def _wait(self) -> None:
        process, status = os.waitpid(-1, os.WNOHANG)
        if process:
            mutant, _, reading = self._running.pop(process)
            killer = os.read(reading, 20)
            os.close(reading)
            if killer:
                number = int(killer)
                self._killers = [number, *(k for k in self._killers if k != number)]
            if status == 0:
                self.unseen.append(mutant)
            return
        for number, (mutant, limit, reading) in self._running.items():
            if time.monotonic() > limit:
                self.timed_out += 1
                os.kill(number, signal.SIGKILL)
                self._running[number] = (mutant, limit + LIMIT, reading)
        # A pipe is closed when its process and the children of that have ended.
        readings = [reading for _, _, reading in self._running.values()]
        select.select(readings, [], [], 1)


class _Importer(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """An importer that loads a mutant instead of the module."""

    def __init__(self, name: str, path: Path, code: types.CodeType) -> None:
        self.name, self.path, self.code = name, path, code

    def find_spec(self, name: str, *args: object) -> t.Any:
        if name == self.name:
            return importlib.util.spec_from_file_location(
                name, self.path, loader=t.cast(t.Any, self)
            )
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        exec(self.code, module.__dict__)


def _run_imported(runner: _Runner, mutants: list[Mutant], tests: list[str]) -> None:
    """Run the tests against each mutant in a new process that imports it."""
    running: list[tuple[Mutant, subprocess.Popen[bytes]]] = []
    folder = Path(tempfile.mkdtemp(prefix="flask_ozml_mutants_"))
    for mutant in mutants:
        if len(running) >= WORKERS:
            _finish(runner, *running.pop(0))
        code = folder / str(mutant.number)
        code.write_bytes(marshal.dumps(mutant.code))
        process = subprocess.Popen(
            [sys.executable, __file__, runner.module, *tests],
            env={**os.environ, IMPORTED: str(code)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        running.append((mutant, process))
    for mutant, process in running:
        _finish(runner, mutant, process)


def _finish(
    runner: _Runner, mutant: Mutant, process: "subprocess.Popen[bytes]"
) -> None:
    try:
        if process.wait(LIMIT) == 0:
            runner.alive.append(mutant)
            # Number 0 is the module without a mistake.
            if mutant.number:
                print(f"alive: {runner.module}:{mutant.line} {mutant.what}", flush=True)
    except subprocess.TimeoutExpired:
        runner.timed_out += 1
        process.kill()
        process.wait()


def main(module: str, *tests: str, sample: int | None = None) -> int:
    # Failing examples need not be shrunk.
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutation", phases=phases, database=None)
    hypothesis.settings.load_profile("mutation")
    path = PACKAGE.joinpath(*module.split(".")).with_suffix(".py")
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    # Hypothesis was imported above, before pytest could rewrite its assertions.
    options += [
        "--hypothesis-seed=0",
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
    ]
    options += tests
    if code := os.environ.get(IMPORTED):
        mutant = marshal.loads(Path(code).read_bytes())
        sys.meta_path.insert(0, _Importer(f"flask_ozml.{module}", path, mutant))
        # Pytest has an importer of its own for packages that have a plugin.
        importlib.import_module(f"flask_ozml.{module}")
        return pytest.main(options)
    runner = _Runner(module, _drawn(path, sample))
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main(options, [runner])
    # A function may have been called before its code was replaced.
    left = [*runner.unseen, *(m for m in runner.mutants if not m.in_function)]
    _run_imported(runner, left, list(tests))
    unchanged = runner.mutants.pop(0)
    if unchanged not in runner.alive:
        sys.exit(f"{module}: the tests fail without a mutant: nothing is measured.")
    runner.alive.remove(unchanged)
    total, alive = len(runner.mutants), len(runner.alive)
    print(
        f"{module}: {total} mutants, {total - alive} killed ({1 - alive / total:.1%}),"
        f" {runner.timed_out} of them by the time limit; {alive} alive"
    )
    return 0


def _drawn(path: Path, sample: int | None) -> list[Mutant]:
    """Return the module without a mistake, and its mutants or a sample of them."""
    unchanged, *mutants = mutants_of(path.read_text(), str(path))
    if sample is not None and sample < len(mutants):
        mutants = random.Random(0).sample(mutants, sample)
    return [unchanged, *mutants]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int)
    parser.add_argument("module")
    parser.add_argument("tests", nargs="+")
    given = parser.parse_args()
    sys.exit(main(given.module, *given.tests, sample=given.sample))
