"""The metadata of the installed package, which ``.ci/run`` checks in the wheel too."""

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
        ("License-Expression", "MIT"),
        ("License-File", "LICENSE.txt"),
        ("Requires-Python", ">=3.11"),
        ("Description-Content-Type", "text/x-rst"),
    ],
)
def test_metadata(metadata: PackageMetadata, field: str, value: str) -> None:
    assert metadata[field] == value


@pytest.mark.parametrize(
    "classifier",
    [
        "Framework :: Flask",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13)),
        "Typing :: Typed",
    ],
)
def test_classifier(metadata: PackageMetadata, classifier: str) -> None:
    assert classifier in metadata.get_all("Classifier", [])


def test_description_is_readme(metadata: PackageMetadata) -> None:
    title = (ROOT / "README.rst").read_text(encoding="utf-8").splitlines()[0]
    assert title in metadata.json["description"]


def test_version_is_the_newest_of_the_changes(metadata: PackageMetadata) -> None:
    changes = (ROOT / "CHANGES.rst").read_text(encoding="utf-8")
    versions = re.findall(r"^Version (\S+)\n-+\n", changes, re.MULTILINE)
    assert versions[0] == metadata["Version"]


def run_time_requirements() -> list[str]:
    everything = importlib.metadata.requires("Flask-OzML") or []
    return [requirement for requirement in everything if "extra ==" not in requirement]


def test_a_site_gets_flask_and_xmltodict_only() -> None:
    names = [re.split(r"[^\w-]", line)[0] for line in run_time_requirements()]
    assert sorted(names) == ["flask", "werkzeug", "xmltodict"]


def test_a_site_may_have_newer_ones() -> None:
    for requirement in run_time_requirements():
        assert re.fullmatch(r"[\w-]+>=[\d.]+", requirement)


@pytest.mark.parametrize("extra", ["async", "bench", "dev", "docs", "examples", "test"])
def test_extra(metadata: PackageMetadata, extra: str) -> None:
    assert extra in metadata.get_all("Provides-Extra", [])


def test_the_extra_bench_has_what_the_benchmarks_import() -> None:
    installed = {"flask-ozml"}
    for line in importlib.metadata.requires("Flask-OzML") or []:
        if "extra ==" not in line or 'extra == "bench"' in line:
            installed.add(re.split(r"[^\w-]", line)[0])
    packages = importlib.metadata.packages_distributions()
    for path in ROOT.glob("benchmarks/*.py"):
        code = path.read_text(encoding="utf-8")
        for name in re.findall(r"^(?:from|import) (\w+)", code, re.MULTILINE):
            found = {package.lower() for package in packages.get(name, ["flask-ozml"])}
            assert found & installed, f"{path.name} imports {name}."


def test_flask_has_the_command() -> None:
    # An entry point that cannot be loaded breaks every `flask` command.
    commands = importlib.metadata.entry_points(group="flask.commands")
    assert isinstance(commands["ozml"].load(), click.Command)


def test_pytest_finds_the_plugin_by_the_name_of_its_module() -> None:
    plugins = importlib.metadata.entry_points(group="pytest11")
    assert plugins["flask_ozml.pytest_plugin"].value == "flask_ozml.pytest_plugin"


def test_is_typed() -> None:
    assert importlib.resources.files("flask_ozml").joinpath("py.typed").is_file()
