"""The pages of the examples in a real browser, narrow and wide, light and dark."""

import contextlib
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser
from playwright.sync_api import ConsoleMessage
from playwright.sync_api import expect
from playwright.sync_api import Page

from browsers import chromium
from examples import reminders
from examples import support_line
from examples.reminders import models
from examples.support_line import call_log
from examples.support_line import messages
from flask_ozml.simulator.server import served

ROOT = Path(__file__).parent.parent.parent
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
PASSWORD = "correct horse"
LONG = "x" * 80


def office(folder: Path) -> Flask:
    """Return the example application with an entry in its log."""
    from example_app import create_app
    from example_app import keep

    app = create_app(str(folder))
    app.config["PASSWORD"] = PASSWORD
    with app.app_context():
        keep("voicemail", "1", f"500: 3 s, http://pbx.example/{LONG}.mp3")
    return app


def line(folder: Path) -> Flask:
    """Return the support line with a call and a message."""
    app = support_line.create_app({"PASSWORD": PASSWORD}, str(folder))
    with app.app_context():
        call_log.begin("1", "500", "9998")
        call_log.note("1", f"in the menu {LONG}", "de")
        messages.add("600", "http://pbx.example/1.mp3", 14.4)
    return app


def practice(folder: Path) -> Flask:
    """Return the reminders with an appointment at the end of this day."""
    app = reminders.create_app(
        str(folder), SECRET_KEY="key", REMINDERS_PASSWORD=PASSWORD
    )
    with app.app_context():
        today = models.now().astimezone(models.zone())
        models.add(models.new(LONG[:60], LONG, f"{today:%Y-%m-%d} 23:59"))
    return app


#: The applications, and their pages for who is logged in.
SITES: t.Final[dict[Callable[[Path], Flask], tuple[str, ...]]] = {
    office: ("/",),
    line: ("/", "/messages"),
    practice: ("/", "/new"),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """Return a page; the test fails if it writes to the console.

    Only that is expected which Chromium itself writes about a status that is an error.
    """
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.delenv("FLASK_SECRET_KEY", raising=False)
    written: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if not message.text.startswith("Failed to load resource"):
            written.append(message.text)

    with contextlib.closing(browser.new_page()) as page:
        page.on("console", console)
        page.on("pageerror", lambda error: written.append(str(error)))
        page.set_default_timeout(20_000)
        expect.set_options(timeout=20_000)
        yield page
    assert written == []


def check(page: Page) -> None:
    """Check that a page is readable at both widths in both colours."""
    page.evaluate(AXE)
    for width in (360, 1600):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for colours in t.get_args(t.Literal["light", "dark"]):
            page.emulate_media(color_scheme=colours)
            found = page.evaluate("axe.run().then((results) => results.violations)")
            assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []


def log_in(page: Page, password: str) -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("make", SITES)
def test_pages_are_readable_at_any_width_in_both_colours(
    make: Callable[[Path], Flask], page: Page, tmp_path: Path
) -> None:
    with served(make(tmp_path)) as address:
        page.goto(f"{address}/login")
        check(page)
        log_in(page, "wrong")
        check(page)
        log_in(page, PASSWORD)
        for path in SITES[make]:
            page.goto(f"{address}{path}")
            expect(page.get_by_text("Log out")).to_be_visible()
            check(page)


@pytest.mark.parametrize("make", [line, practice])
def test_what_is_new_is_shown_without_loading_the_page_again(
    make: Callable[[Path], Flask], page: Page, tmp_path: Path
) -> None:
    app = make(tmp_path)
    page.clock.install()
    with served(app) as address:
        page.goto(f"{address}/login")
        log_in(page, PASSWORD)
        expect(page.locator("tbody tr")).to_have_count(1)
        with app.app_context():
            if make is line:
                call_log.begin("2", "501", "9998")
            else:
                day = models.now().astimezone(models.zone())
                models.add(models.new("Anna", "06301112001", f"{day:%Y-%m-%d} 23:58"))
        page.clock.run_for(31_000)
        expect(page.locator("tbody tr")).to_have_count(2)
