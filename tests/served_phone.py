"""The phone in the browser, served by this process."""

import contextlib
import typing as t
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from flask_ozml.phone_urls import ozml_blueprints
from flask_ozml.phone_urls import pasted_urls
from flask_ozml.playing import playing
from flask_ozml.simulator import PhoneSystem
from flask_ozml.simulator.server import served
from flask_ozml.webphone.server import create_app
from flask_ozml.webphone.session import Session
from flask_ozml.webphone.store import Store
from flask_ozml.webphone.urls import url_rows


class Phone(t.NamedTuple):
    """A phone that is served by this process."""

    address: str
    key: str
    session: Session
    system: PhoneSystem


@contextlib.contextmanager
def serving(app: Flask, folder: Path) -> Iterator[Phone]:
    """Serve a phone that plays an app of this process."""
    app.secret_key = app.secret_key or "key"
    app.config["OZML_PUBLIC_URL"] = "http://localhost"
    with app.app_context():
        urls = pasted_urls(ozml_blueprints(app), {})
    with playing(app, urls) as system:
        store = Store(folder / "phone.json")
        session = Session(system, store.keep_acts)
        about = {"name": app.name, "reload": True, "urls": url_rows(app, {})}
        with (
            session.recorder.connected(),
            served(create_app(store, session, about)) as url,
        ):
            yield Phone(f"{url}#{store.key}", store.key, session, system)
