"""The reference leaves nothing out: it is compared with the names of the package."""

import dataclasses
import importlib
import re
import typing as t

import click
import pytest

from docs.blocks import blocks_of
from docs.blocks import ROOT
from flask_ozml import errors
from flask_ozml import pytest_plugin
from flask_ozml.cli import ozml
from flask_ozml.client import PhoneSystemClient
from flask_ozml.commands import BY_NAME
from flask_ozml.errors import OzMLError
from flask_ozml.errors import StatusCode
from flask_ozml.notifications import KINDS
from flask_ozml.simulator import PhoneSystem
from tables import CONFIG_KEYS

REFERENCE: t.Final = ROOT / "docs" / "reference"
PAGES: t.Final = {
    path.stem: path.read_text("utf-8") for path in REFERENCE.glob("*.rst")
}
TABLES: t.Final = {
    page: "".join(re.findall(r"\.\. list-table::\n(?: {3}.*\n|\n)+", text))
    for page, text in PAGES.items()
}
#: The pages that have the names of a module.
MODULES: t.Final = {
    "flask_ozml": ["blueprint", "errors", "signals"],
    "flask_ozml.client": ["client", "errors"],
    "flask_ozml.commands": ["commands"],
    "flask_ozml.notifications": ["notifications"],
    "flask_ozml.serializer": ["serializer"],
    "flask_ozml.simulator": ["simulator"],
}
EXCEPTIONS: t.Final = [
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, OzMLError)
]
#: What begins the entry of a name, or of several.
ENTRY: t.Final = re.compile(
    r"^ *\.\. (?:auto\w+|data|attribute):: (.+(?:\n {17,}.+)*)", re.MULTILINE
)


def entries(text: str) -> set[str]:
    """Return the names that have an entry in a page, or in a part of it."""
    lines = " ".join(ENTRY.findall(text)).split()
    return {name.partition("(")[0] for name in lines}


def shown(page: str, language: str) -> str:
    blocks = blocks_of(REFERENCE / f"{page}.rst")
    return "\n".join(block.text for block in blocks if block.language == language)


def sections(page: str) -> dict[str, str]:
    parts = re.split(r"^(.+)\n-+\n", PAGES[page], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_has_an_entry(module: str) -> None:
    names = set(importlib.import_module(module).__all__)
    assert names <= set().union(*(entries(PAGES[page]) for page in MODULES[module]))


@pytest.mark.parametrize("name", [command.__name__ for command in BY_NAME.values()])
def test_every_command_is_shown_as_xml(name: str) -> None:
    assert re.search(rf"<{name}\b", shown("commands", "xml"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_notification_is_shown_as_a_body_and_has_a_row(kind: str) -> None:
    notification = KINDS[kind]
    body = rf"NotificationName={notification.notification_name}\b"
    assert re.search(body, shown("notifications", "urlencoded"))
    row = re.search(rf"\* - ``{kind}``\n(?: {{5}}.*\n)+", PAGES["notifications"])
    assert row
    assert f":class:`{notification.__name__}`" in row[0]
    attributes = re.findall(r"(?<![*\w:])(\**\w+\**)(?=,|\n)", row[0])
    for field in dataclasses.fields(notification):
        required = field.default is dataclasses.MISSING
        written = f"**{field.name}**" if required else field.name
        assert written in [*attributes, "fields"]


@pytest.mark.parametrize("key", sorted(CONFIG_KEYS))
def test_every_configuration_key_has_a_row(key: str) -> None:
    assert f"``{key}``" in TABLES["configuration"]


@pytest.mark.parametrize("name", ozml.commands)
def test_every_option_of_a_command_and_its_default_are_explained(name: str) -> None:
    text = sections("cli")
    explained = text["Options of several commands"] + text[f"flask ozml {name}"]
    for parameter in ozml.commands[name].params:
        if isinstance(parameter, click.Argument):
            assert f"``{parameter.human_readable_name}``" in explained
            continue
        option = [*parameter.opts, *parameter.secondary_opts][-1]
        entry = re.search(rf"^.*``{option}\b.*``\n(?: {{3}}.*\n)+", explained, re.M)
        assert entry, option
        if isinstance(parameter.default, str | int) and parameter.default is not True:
            assert str(parameter.default) in entry[0]


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_every_exception_has_an_entry_and_a_row_that_says_what_to_do(name: str) -> None:
    assert name in entries(PAGES["errors"])
    assert re.search(rf":exc:`[~.\w]*\b{name}`", TABLES["errors"])


@pytest.mark.parametrize("code", StatusCode)
def test_every_status_code_has_a_row_that_says_what_to_do(code: StatusCode) -> None:
    assert f"   * - {code.value}\n" in TABLES["errors"]


@pytest.mark.parametrize("name", [n for n in vars(pytest_plugin) if "phone_" in n])
def test_every_fixture_is_explained(name: str) -> None:
    assert f"``{name}``\n" in sections("simulator")["Fixtures"]


@pytest.mark.parametrize("name", dir(PhoneSystemClient))
def test_every_method_of_the_client_has_a_docstring(name: str) -> None:
    assert name.startswith("_") or getattr(PhoneSystemClient, name).__doc__


def test_the_simulator_has_the_attributes_that_the_reference_shows() -> None:
    pattern = r"autoclass:: PhoneSystem\n((?: {3}.*\n|\n)+)"
    [text] = re.findall(pattern, PAGES["simulator"])
    names = entries(text)
    assert names >= {"extensions", "audio", "sms_sent", "calls_placed", "errors"}
    system = PhoneSystem("http://localhost/", {})
    assert [name for name in names if not hasattr(system, name)] == []
