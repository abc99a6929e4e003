"""A phone in the browser for each test, and a real browser."""

import contextlib
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser
from playwright.sync_api import ConsoleMessage
from playwright.sync_api import Error
from playwright.sync_api import expect
from playwright.sync_api import Page
from playwright.sync_api import ViewportSize

from browsers import chromium
from served_phone import Phone
from served_phone import serving

#: Records what is spoken, since a headless Chromium has no voices.
STUB: t.Final = """
window.spoken = [];
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
const speak = (said) => window.spoken.push([said.text, said.lang]);
const stub = { speak, cancel() {} };
Object.defineProperty(window, "speechSynthesis", { value: stub });
"""

SIZE: t.Final[ViewportSize] = {"width": 1600, "height": 900}


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Flask], Phone]]:
    """Return a function that serves a phone for an app until the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda app: stack.enter_context(serving(app, tmp_path))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


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
            contextlib.closing(browser.new_context(viewport=SIZE))
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.add_init_script(STUB)
        context.set_default_timeout(20_000)
        expect.set_options(timeout=20_000)

        def open_at(address: str) -> Page:
            page = context.new_page()
            page.on("console", console)
            page.on("pageerror", failed)
            page.goto(address)
            page.locator("#connection", has_text=re.compile("^connected")).wait_for()
            return page

        yield open_at
    assert messages == []
