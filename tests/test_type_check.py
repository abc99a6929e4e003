"""What mypy accepts and refuses of code that uses the package."""

import pathlib
import re
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).parent / "type_check"
FILES = sorted(path.name for path in FOLDER.glob("*.py"))
REPORTED = re.compile(r"(?P<path>.+?):(?P<line>\d+): error: .*\[(?P<code>[a-z-]+)\]")

Errors = set[tuple[int, str]]


@pytest.fixture(scope="module")
def reported() -> dict[str, Errors]:
    """Return the errors that mypy reports for each file."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-pretty"]
    run = subprocess.run(
        [*command, *(str(FOLDER / name) for name in FILES)],
        cwd=FOLDER.parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr
    found: dict[str, Errors] = {name: set() for name in FILES}
    for line in run.stdout.splitlines():
        if ": error: " in line:
            match = REPORTED.fullmatch(line)
            assert match, line
            name = pathlib.Path(match["path"]).name
            assert name in found, line
            found[name].add((int(match["line"]), match["code"]))
    return found


def expected(name: str) -> Errors:
    lines = (FOLDER / name).read_text().splitlines()
    return {
        (number, match[1])
        for number, line in enumerate(lines, 1)
        if (match := re.search(r"# error: ([a-z-]+)$", line))
    }


def test_every_file_is_checked() -> None:
    assert FILES
    for name in FILES:
        assert name.endswith(("_accepted.py", "_refused.py"))


@pytest.mark.parametrize("name", FILES)
def test_mypy_refuses_the_marked_lines_and_no_other(
    name: str, reported: dict[str, Errors]
) -> None:
    assert bool(expected(name)) == name.endswith("_refused.py")
    assert reported[name] == expected(name)
