"""A phone in the browser for each test, and a real browser."""

import contextlib
import os
import re
import shutil
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser
from playwright.sync_api import ConsoleMessage
from playwright.sync_api import Error
from playwright.sync_api import Page
from playwright.sync_api import sync_playwright

from flask_ozml.phone_urls import ozml_blueprints
from flask_ozml.phone_urls import pasted_urls
from flask_ozml.playing import playing
from flask_ozml.simulator import PhoneSystem
from flask_ozml.simulator.server import served
from flask_ozml.webphone.server import create_app
from flask_ozml.webphone.session import Session
from flask_ozml.webphone.store import Store
from flask_ozml.webphone.urls import url_rows

#: Records what is spoken, since a headless Chromium has no voices.
STUB: t.Final = """
window.spoken = [];
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
const stub = { speak: (said) => window.spoken.push([said.text, said.lang]), cancel() {} };
Object.defineProperty(window, "speechSynthesis", { value: stub });
"""


class Phone(t.NamedTuple):
    """A phone that is served by this process."""

    address: str
    key: str
    session: Session
    system: PhoneSystem


@contextlib.contextmanager
def serving(app: Flask, folder: Path) -> Iterator[Phone]:
    """Serve a phone that plays an app of this process."""
    app.config.setdefault("SECRET_KEY", "key")
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


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Flask], Phone]]:
    """Return a function that serves a phone for an app until the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda app: stack.enter_context(serving(app, tmp_path))


# While Playwright runs, nothing else can run an event loop in this thread; so it ends
# with the module.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("CI") == "true":
            pytest.fail("There is no Chromium: apt-get install chromium")
        pytest.skip("There is no Chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Return a function that opens a page; the test fails if it writes to the console.

    Of the messages only those are expected that Chromium itself writes about an answer
    that is an error, or that does not come.
    """
    messages: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if not message.text.startswith("Failed to load resource"):
            messages.append(message.text)

    def failed(error: Error) -> None:
        messages.append(str(error))

    with contextlib.ExitStack() as stack:
        context = stack.enter_context(
            contextlib.closing(browser.new_context(viewport={"width": 1600, "height": 900}))
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.add_init_script(STUB)
        context.set_default_timeout(20_000)

        def open_at(address: str) -> Page:
            page = context.new_page()
            page.on("console", console)
            page.on("pageerror", failed)
            page.goto(address)
            page.locator("#connection", has_text=re.compile("^connected")).wait_for()
            return page

        yield open_at
    assert messages == []
