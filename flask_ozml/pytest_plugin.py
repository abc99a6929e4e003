"""The fixture ``phone_system``: play phone calls in tests.

Enable it with ``pytest_plugins = ["flask_ozml.pytest_plugin"]`` in the ``conftest.py``
at the root of the tests. Define a fixture ``app`` that returns the Flask application.
"""

import typing as t
from collections.abc import Generator
from collections.abc import Iterator
from collections.abc import Mapping

import pytest
from flask import Flask

from .errors import ConfigurationError
from .signals import notification_failed
from .simulator import PhoneSystem
from .simulator.transport import base_of


class PhoneBlueprint(t.Protocol):
    """The parts of a blueprint that the fixtures use."""

    name: str

    def urls(self, **values: object) -> Mapping[str, str]:
        """Return the URLs to paste into the phone system, by kind."""
        ...


@pytest.fixture
def phone_blueprint(app: Flask) -> PhoneBlueprint:
    """Return the blueprint that ``phone_system`` calls: the only one with phone URLs.

    Override this fixture if the app has several. A phone system calls one of them.
    """
    registered: t.Any = app.blueprints.values()
    found = {id(b): b for b in registered if callable(getattr(b, "urls", None))}
    if len(found) != 1:
        names = sorted(blueprint.name for blueprint in found.values())
        raise ConfigurationError(
            f"phone_system needs one OzML blueprint, and the app has {names}. Override"
            " the fixture phone_blueprint to return the one to call, or phone_urls for"
            " an app without such a blueprint."
        )
    return t.cast(PhoneBlueprint, next(iter(found.values())))


@pytest.fixture
def phone_url_values() -> Mapping[str, object]:
    """Return the variables of the blueprint's ``url_prefix``; there are none.

    Override this fixture for a blueprint below a prefix such as ``/<customer>/phone``.
    """
    return {}


@pytest.fixture
def phone_urls(
    app: Flask,
    phone_blueprint: PhoneBlueprint,
    phone_url_values: Mapping[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> Mapping[str, str]:
    """Return the URLs to paste into the phone system, by kind.

    If neither OZML_PUBLIC_URL nor SERVER_NAME is set, OZML_PUBLIC_URL is
    ``http://localhost`` during the test. Override this fixture for an app that was not
    made with Flask-OzML.
    """
    if not app.config.get("OZML_PUBLIC_URL") and app.config["SERVER_NAME"] is None:
        monkeypatch.setitem(app.config, "OZML_PUBLIC_URL", "http://localhost")
    with app.app_context():
        try:
            return phone_blueprint.urls(**phone_url_values)
        except TypeError as error:  # a variable has no value
            raise ConfigurationError(
                f"{error} In tests, override the fixture phone_url_values to return"
                " them, for example {'customer': 'acme'}."
            ) from error


@pytest.fixture
def phone_system(app: Flask, phone_urls: Mapping[str, str]) -> Iterator[PhoneSystem]:
    """Return a phone system that calls the app in process, token check included.

    While ``app.testing`` is true, a failing view fails the test with its own traceback.
    If a fallback answers instead, :attr:`PhoneSystem.failures` holds the exception.
    """
    system = PhoneSystem(app, phone_urls, base_of(app.config, phone_urls.values()))

    def failed(sender: object, *, exception: BaseException, **rest: object) -> None:
        system.failures.append(exception)

    with notification_failed.connected_to(failed, app):
        yield system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the transcripts of the calls below the traceback of a failed test."""
    report = yield
    system = getattr(item, "funcargs", {}).get("phone_system")
    if report.when == "call" and report.failed and isinstance(system, PhoneSystem):
        transcripts = "\n\n".join(map(str, system.sessions))
        report.sections.append(("Phone calls", transcripts))
    return report
