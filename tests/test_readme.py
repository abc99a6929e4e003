"""The README is short, and the documentation leaves nothing out."""

from pathlib import Path

import pytest

from flask_ozml.cli import ozml
from flask_ozml.commands import BY_NAME
from flask_ozml.notifications import KINDS
from tables import CONFIG_KEYS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.rst").read_text(encoding="utf-8")
REFERENCE = "".join(
    page.read_text(encoding="utf-8") for page in ROOT.glob("docs/reference/*.rst")
)


def test_the_readme_is_short() -> None:
    assert README.count("\n") <= 200


@pytest.mark.parametrize("end", ["ozml call --press 1 --press 1234", "-m pytest"])
def test_the_first_screen_has_one_line_that_calls_and_one_that_tests(end: str) -> None:
    [line] = [line for line in README.splitlines()[:25] if line.endswith(end)]
    assert line.startswith("    python3 -m venv .venv && .venv/bin/pip install")


@pytest.mark.parametrize(
    "name",
    [
        *(command.__name__ for command in BY_NAME.values()),
        *(f"``{kind}``" for kind in KINDS),
        *(kind.__name__ for kind in KINDS.values()),
        *sorted(CONFIG_KEYS),
        *(f"flask ozml {command}" for command in ozml.commands),
    ],
)
def test_the_reference_has_every_command_kind_and_key(name: str) -> None:
    assert name in REFERENCE
