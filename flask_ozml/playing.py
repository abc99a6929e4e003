"""Play an application of this process with a simulated phone system.

The pytest fixtures and the commands of ``flask ozml`` have this in common.
"""

import contextlib
import typing as t
from collections.abc import Iterator

from flask import Flask
from werkzeug.urls import iri_to_uri

from .signals import notification_failed
from .simulator import PhoneSystem
from .simulator import Urls
from .simulator.server import local_only
from .simulator.server import served
from .simulator.transport import Base

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def lacks_address(app: Flask) -> bool:
    """Return whether the app cannot build phone URLs outside of a notification."""
    return not app.config.get("OZML_PUBLIC_URL") and app.config["SERVER_NAME"] is None


@contextlib.contextmanager
def playing(app: Flask, urls: Urls, *, first_id: int = 1) -> Iterator[PhoneSystem]:
    """Yield a phone system that plays an app in this process.

    Meanwhile OZML_PHONE_SYSTEM_URL of the app is the address of its HTTP API, so that
    the app cannot ring a real telephone.

    :param urls: the URLs that would be pasted into the phone system.
    :param first_id: the number of the first call or message.
    """
    system = PhoneSystem(app, urls, base_of(app, urls), first_id=first_id)
    with played_by(app, system):
        yield system


@contextlib.contextmanager
def played_by(app: Flask, system: PhoneSystem) -> Iterator[None]:
    """Let a phone system play an app, as :func:`playing` does."""

    def failed(sender: object, *, exception: BaseException, **rest: object) -> None:
        system.failures.append(exception)

    with (
        notification_failed.connected_to(failed, app),
        reached_by(app, system.http_api),
    ):
        yield


@contextlib.contextmanager
def reached_by(app: Flask, http_api: "WSGIApplication") -> Iterator[None]:
    """Serve an HTTP API, and let OZML_PHONE_SYSTEM_URL of an app be its address."""
    with (
        served(local_only(http_api)) as address,
        _setting(app, "OZML_PHONE_SYSTEM_URL", address),
    ):
        yield


def base_of(app: Flask, urls: Urls) -> str:
    """Return the beginning that all of these URLs of an app have in common."""
    if app.config.get("OZML_PUBLIC_URL"):
        return iri_to_uri(app.config["OZML_PUBLIC_URL"])
    base = Base.of(_flat(urls))
    root = app.config["APPLICATION_ROOT"].rstrip("/")
    return f"{base.scheme}://{base.host_header}{root}"


def _flat(urls: Urls) -> Iterator[str]:
    for url in urls.values():
        if isinstance(url, str):
            yield url
        else:
            yield from url.values()


@contextlib.contextmanager
def _setting(app: Flask, key: str, value: object) -> Iterator[None]:
    """Change the configuration of an app for a while."""
    before = dict(app.config)
    app.config[key] = value
    try:
        yield
    finally:
        del app.config[key]
        if key in before:
            app.config[key] = before[key]
