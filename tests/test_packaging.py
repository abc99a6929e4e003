"""The installed distribution; the gate tests the built wheel, too."""

import importlib.metadata
import importlib.resources
import re
from importlib.metadata import PackageMetadata
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def metadata() -> PackageMetadata:
    return importlib.metadata.metadata("Flask-OzML")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Name", "Flask-OzML"),
        ("License", "MIT"),
        ("License-File", "LICENSE.txt"),
        ("Requires-Python", ">=3.11"),
        ("Description-Content-Type", "text/x-rst"),
    ],
)
def test_the_metadata_have_these_fields(
    metadata: PackageMetadata, field: str, value: str
) -> None:
    assert metadata[field] == value


@pytest.mark.parametrize("classifier", ["Framework :: Flask", "Typing :: Typed"])
def test_the_metadata_have_these_classifiers(
    metadata: PackageMetadata, classifier: str
) -> None:
    assert classifier in metadata.get_all("Classifier", [])


def test_the_description_is_the_readme(metadata: PackageMetadata) -> None:
    title = (ROOT / "README.rst").read_text(encoding="utf-8").splitlines()[0]
    assert title in metadata.json["description"]


def test_the_version_is_the_newest_in_the_changes(metadata: PackageMetadata) -> None:
    changes = (ROOT / "CHANGES.rst").read_text(encoding="utf-8")
    versions = re.findall(r"^Version (\S+)\n-+\n", changes, re.MULTILINE)
    assert versions[0] == metadata["Version"]


def run_time_requirements() -> list[str]:
    everything = importlib.metadata.requires("Flask-OzML") or []
    return [requirement for requirement in everything if "extra ==" not in requirement]


def test_a_site_needs_flask_werkzeug_and_xmltodict_only() -> None:
    names = [re.split(r"[^\w-]", line)[0] for line in run_time_requirements()]
    assert sorted(names) == ["flask", "werkzeug", "xmltodict"]


def test_a_site_may_have_newer_releases_of_them() -> None:
    for requirement in run_time_requirements():
        assert re.fullmatch(r"[\w-]+>=[\d.]+", requirement)


@pytest.mark.parametrize("extra", ["async", "client", "dev", "test"])
def test_these_extras_exist(metadata: PackageMetadata, extra: str) -> None:
    assert extra in metadata.get_all("Provides-Extra", [])


def test_the_flask_command_can_be_loaded() -> None:
    # An entry point that cannot be loaded breaks every other `flask` command.
    commands = importlib.metadata.entry_points(group="flask.commands")
    assert isinstance(commands["ozml"].load(), click.Command)


def test_no_pytest_plugin_is_loaded_unasked() -> None:
    plugins = importlib.metadata.entry_points(group="pytest11")
    assert not [plugin for plugin in plugins if "flask_ozml" in plugin.value]


def test_the_package_is_typed() -> None:
    assert importlib.resources.files("flask_ozml").joinpath("py.typed").is_file()
