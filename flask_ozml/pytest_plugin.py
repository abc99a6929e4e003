"""The fixture ``phone_system``: phone calls in tests.

Enabled by ``pytest_plugins = ["flask_ozml.pytest_plugin"]`` in the ``conftest.py`` at
the root of the tests. It needs a fixture ``app`` that gives the Flask application.
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
    """What the fixtures need to know of a blueprint."""

    name: str

    def urls(self) -> Mapping[str, str]:
        """The URLs that are pasted into the phone system, by kind."""
        ...


@pytest.fixture
def phone_blueprint(app: Flask) -> PhoneBlueprint:
    """The blueprint that ``phone_system`` calls: the only one with phone URLs.

    Override this fixture where an app has several; one phone system calls one of them.
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
def phone_urls(
    app: Flask, phone_blueprint: PhoneBlueprint, monkeypatch: pytest.MonkeyPatch
) -> Mapping[str, str]:
    """The URLs that are pasted into the phone system, by kind.

    Without OZML_PUBLIC_URL and SERVER_NAME the app is at ``http://localhost`` during
    the test. Override this fixture for an app that was not made with flask_ozml.
    """
    if not app.config.get("OZML_PUBLIC_URL") and app.config["SERVER_NAME"] is None:
        monkeypatch.setitem(app.config, "OZML_PUBLIC_URL", "http://localhost")
    with app.app_context():
        return phone_blueprint.urls()


@pytest.fixture
def phone_system(app: Flask, phone_urls: Mapping[str, str]) -> Iterator[PhoneSystem]:
    """A phone system that calls the app in process, token check and all.

    While ``app.testing`` is true a failing view fails the test with its own traceback.
    Where a fallback answers instead, :attr:`PhoneSystem.failures` tells what for.
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
    """Show what was said and pressed below the traceback of a failed test."""
    report = yield
    system = getattr(item, "funcargs", {}).get("phone_system")
    if report.when == "call" and report.failed and isinstance(system, PhoneSystem):
        transcripts = "\n\n".join(map(str, system.sessions))
        report.sections.append(("Phone calls", transcripts))
    return report
