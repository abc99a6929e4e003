"""A real browser."""

import contextlib
import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import sync_playwright


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium; skip the test if there is none, or let it fail in CI.

    While Playwright runs, nothing else can run an event loop in this thread, so a
    fixture must end with its module.
    """
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("There is no Chromium: apt-get install chromium")
        pytest.skip("There is no Chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"]
        )
        yield browser
        browser.close()
