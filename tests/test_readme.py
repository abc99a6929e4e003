"""The README is short, and begins with commands that work."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.rst").read_text(encoding="utf-8")


def test_the_readme_is_short() -> None:
    assert README.count("\n") <= 200


@pytest.mark.parametrize("end", ["ozml call --press 1 --press 1234", "-m pytest"])
def test_the_first_screen_has_one_line_that_calls_and_one_that_tests(end: str) -> None:
    [line] = [line for line in README.splitlines()[:25] if line.endswith(end)]
    assert line.startswith("    python3 -m venv .venv && .venv/bin/pip install")
