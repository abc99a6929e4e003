"""Fixtures for tests that play phone calls.

pytest finds this plugin by itself. Define a fixture ``app`` that returns the Flask
application, and use ``phone_system``.
"""

import typing as t
from collections.abc import Generator
from collections.abc import Iterator
from collections.abc import Mapping

import pytest

# pytest imports this module at each start, so the rest is imported by the fixtures.
if t.TYPE_CHECKING:
    from flask import Flask

    from .blueprint import OzML
    from .callflow import CheckedPhoneSystem
    from .client import PhoneSystemClient
    from .simulator import PhoneSystem
    from .simulator import Urls


@pytest.fixture
def phone_blueprint() -> "OzML | str | None":
    """Return the blueprint that ``phone_system`` calls; None means all OzML blueprints.

    Override this fixture to return one blueprint, or the name it is registered under,
    if several could answer the same notification.
    """
    return None


@pytest.fixture
def phone_url_values() -> Mapping[str, object]:
    """Return the variables of the ``url_prefix``; there are none.

    Override this fixture for a blueprint below a prefix such as ``/<customer>/phone``.
    """
    return {}


@pytest.fixture
def phone_urls(
    app: "Flask",
    phone_blueprint: "OzML | str | None",
    phone_url_values: Mapping[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> "Urls":
    """Return the URLs that would be pasted into the phone system.

    If neither OZML_PUBLIC_URL nor SERVER_NAME is set, OZML_PUBLIC_URL is
    ``http://localhost`` during the test. Override this fixture for an app that was not
    made with Flask-OzML.
    """
    from . import phone_urls
    from .errors import ConfigurationError
    from .playing import lacks_address

    if lacks_address(app):
        monkeypatch.setitem(app.config, "OZML_PUBLIC_URL", "http://localhost")
    phones = phone_urls.ozml_blueprints(app, phone_blueprint)
    with app.app_context():
        try:
            return phone_urls.pasted_urls(phones, phone_url_values)
        except phone_urls.Ambiguous as error:
            raise ConfigurationError(
                f"{error} Override the fixture phone_blueprint to return the name of"
                " one of them."
            ) from error
        except TypeError as error:  # a variable has no value
            raise ConfigurationError(
                f"{error} In tests, override the fixture phone_url_values to return"
                " them, for example {'customer': 'acme'}."
            ) from error


@pytest.fixture
def phone_system(app: "Flask", phone_urls: "Urls") -> "Iterator[CheckedPhoneSystem]":
    """Return a phone system that calls the app in process, token check included.

    While ``app.testing`` is true, a failing view fails the test with its own traceback.
    If a fallback answers instead, :attr:`PhoneSystem.failures` holds the exception.

    During the test, OZML_PHONE_SYSTEM_URL of the app is the address of this phone
    system, so a client made by ``PhoneSystemClient.from_config(app.config)``, whenever
    it was made, cannot ring a real telephone.

    ``phone_system.check_flow()`` asserts that nothing is wrong in any call.
    """
    from .callflow import CheckedPhoneSystem
    from .playing import base_of
    from .playing import played_by

    system = CheckedPhoneSystem(app, phone_urls, base_of(app, phone_urls))
    with played_by(app, system):
        yield system


@pytest.fixture
def phone_system_client(
    app: "Flask", phone_system: "PhoneSystem"
) -> "PhoneSystemClient":
    """Return a client that sends its requests to ``phone_system``."""
    from .client import PhoneSystemClient

    return PhoneSystemClient.from_config(app.config)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the transcripts of the calls below the traceback of a failed test."""
    report = yield
    system = getattr(item, "funcargs", {}).get("phone_system")
    if report.when == "call" and report.failed and system is not None:
        from .simulator import PhoneSystem

        if isinstance(system, PhoneSystem):
            transcripts = "\n\n".join(map(str, system.sessions))
            report.sections.append(("Phone calls", transcripts))
    return report
