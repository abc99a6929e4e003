"""The example applications: their maps, their pictures, and that nothing is wrong."""

from pathlib import Path

import pytest
from flask import Flask

import example_app
from flask_ozml.callflow import explore
from flask_ozml.callflow.drawings import as_dot
from flask_ozml.callflow.whole import check

PICTURE = Path(__file__).parents[2] / "docs" / "example_app.dot"


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    app = example_app.create_app(str(tmp_path))
    app.config["OZML_PUBLIC_URL"] = "http://localhost"
    return app


def test_nothing_is_wrong_with_the_example_application(app: Flask) -> None:
    assert check(explore(app, press=["1234"])) == []


def test_the_picture_of_the_example_application_is_current(app: Flask) -> None:
    """Write it with ``flask ozml map --press 1234 --format dot``."""
    drawn = "\n".join(as_dot(explore(app, press=["1234"]))) + "\n"
    assert PICTURE.read_text(encoding="utf-8") == drawn
    assert PICTURE.with_suffix(".svg").read_text(encoding="utf-8").count("<svg") == 1
