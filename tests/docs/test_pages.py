"""Every page of the documentation is tried."""

import re
import shutil
from pathlib import Path

import pytest

import flask_ozml
from apps import PUBLIC_URL
from docs.blocks import blocks_of
from docs.blocks import changed_code
from docs.blocks import PAGES
from docs.blocks import ROOT
from docs.blocks import Trial

#: Where the package was imported from, which is another folder if it is installed.
SOURCE = Path(flask_ozml.__file__).parents[1]
ids = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_the_code_runs_and_the_commands_print_what_the_page_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_SECRET_KEY", "from-the-environment")
    monkeypatch.setenv("FLASK_OZML_PUBLIC_URL", PUBLIC_URL)
    monkeypatch.syspath_prepend(ROOT)
    shutil.copy(ROOT / "example_app.py", tmp_path)  # its database is beside it
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    blocks = blocks_of(page)
    assert len(blocks) == page.read_text(encoding="utf-8").count("code-block::")
    Trial(page, tmp_path).run(blocks)


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_the_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"<([^<>\s:]+)>`_", text):
        assert (page.parent / link).exists(), link
    rooms = "docs|tests|examples|flask_ozml|benchmarks"
    for path in re.findall(rf"``((?:{rooms})/[\w./-]+)``", text):
        assert (ROOT / path).exists() or (SOURCE / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_no_block_is_left_out(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    literal = re.findall(r"^(?! *\.\. ).*::$", text, re.MULTILINE)
    # The lines to copy at the beginning of README.rst; .ci/run runs the tests with one.
    assert len(literal) == (2 if page == ROOT / "README.rst" else 0)


def test_a_changed_block_replaces_what_has_the_same_name_and_adds_the_rest() -> None:
    old = "from a import b\n\nX = 1\n\n\n@c\ndef f():\n    pass\n"
    new = "from a import b, d\nX = 2\n\ndef f():\n    return d\n\ndef g():\n    f()\n"
    assert changed_code(old, new) == (
        "from a import b, d\n\nX = 2\n\n\ndef f():\n    return d\n\ndef g():\n    f()\n"
    )
