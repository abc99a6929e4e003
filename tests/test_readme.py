"""The README: its examples run, and nothing is left out."""

import os
import re
import shlex
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from apps import PUBLIC_URL
from apps import urls_of
from flask_ozml.commands import BY_NAME
from flask_ozml.notifications import KINDS
from tables import CONFIG_KEYS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.rst").read_text()
BLOCK = re.compile(r"\.\. code-block:: python\n\n((?:    .*\n|\n)+)")


def python_blocks() -> list[str]:
    return [re.sub("(?m)^    ", "", block) for block in BLOCK.findall(README)]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_SECRET_KEY", "from-the-environment")
    monkeypatch.setenv("FLASK_OZML_PUBLIC_URL", PUBLIC_URL)
    monkeypatch.syspath_prepend(ROOT)


def run(block: str) -> dict[str, t.Any]:
    names: dict[str, t.Any] = {"__name__": "readme"}
    exec(compile(block, "README.rst", "exec"), names)
    return names


def test_every_python_block_is_found() -> None:
    assert len(python_blocks()) == README.count(".. code-block:: python") >= 5


@pytest.mark.parametrize("block", python_blocks())
def test_a_python_block_runs(block: str) -> None:
    run(block)


def test_the_shortest_application_answers() -> None:
    app = run(python_blocks()[0])["app"]
    body = {"NotificationName": "IncomingCall", "Caller": "500"}
    answer = app.test_client().post(urls_of(app)["incoming_call"], data=body)
    assert "<Speak>Please enter your four digit PIN code.</Speak>" in answer.text
    assert f'ForwardToUrl="{PUBLIC_URL}/phone/dtmf_entered' in answer.text


def test_transcripts_are_real(tmp_path: Path) -> None:
    transcript = README.partition("Trying it in a terminal")[2].partition("::\n\n")[2]
    lines = [line[4:] for line in transcript.partition("\n\n")[0].splitlines()]
    environment = {**os.environ, "FLASK_SECRET_KEY": "k", "PYTHONPATH": str(ROOT)}
    app = f"example_app:create_app({str(tmp_path)!r})"
    shown: list[str] = []
    for line in lines:
        if line.startswith("$ "):
            words = shlex.split(line[2:].replace("--app example_app", ""))
            command = [sys.executable, "-m", "flask", "--app", app, *words[1:]]
            done = subprocess.run(
                command, capture_output=True, text=True, check=True, env=environment
            )
            shown += [line, *done.stdout.splitlines()]

    assert shown == lines


def test_tests_of_calls_pass(tmp_path: Path) -> None:
    [block] = [block for block in python_blocks() if "pytest_plugins" in block]
    file = tmp_path / "test_calls.py"
    file.write_text(block)
    options = ["-q", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, str(file)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "3 passed" in done.stdout


def test_every_command_and_key_is_documented() -> None:
    names = [command.__name__ for command in BY_NAME.values()]
    names += CONFIG_KEYS
    names += [f"``{kind}``" for kind in KINDS]
    names += [kind.__name__ for kind in KINDS.values()]

    assert [name for name in names if name not in README] == []
