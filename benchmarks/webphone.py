"""Milliseconds from a click to what it leads to, in the phone in the browser.

The example app is played by the command in a process of its own; Chromium of the system
clicks. A click is the whole way: page, server, simulator, application, and back.
"""

import contextlib
import itertools
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page
from playwright.sync_api import sync_playwright

from benchmarks.rounds import at_most
from benchmarks.rounds import conditions

ROOT = Path(__file__).parent.parent

#: Clicks, and returns the milliseconds until the conversation has changed.
CLICK = """
(selector) => new Promise((done, failed) => {
  setTimeout(() => failed(new Error("Nothing was shown.")), 20_000);
  const start = performance.now();
  const lines = document.getElementById("lines");
  const observer = new MutationObserver(() => {
    observer.disconnect();
    requestAnimationFrame(() => done(performance.now() - start));
  });
  observer.observe(lines, { childList: true });
  document.querySelector(selector).click();
})
"""


@contextlib.contextmanager
def command() -> Iterator[str]:
    """Run the phone for the example app, and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    arguments = f"--app example_app ozml phone --no-reload --port {port}"
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-m", "flask", *arguments.split()],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "FLASK_SECRET_KEY": "key",
                "TMPDIR": folder,  # what is killed leaves files behind
            },
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout
            yield process.stdout.readline().split()[1]
        finally:
            process.kill()


@contextlib.contextmanager
def page_at(address: str) -> Iterator[Page]:
    """Yield the page in a browser that says nothing aloud."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        page.goto(address)
        page.locator("#connection", has_text="connected").wait_for()
        page.locator("#aloud").uncheck()
        yield page
        browser.close()


def milliseconds(page: Page, acts: int) -> list[float]:
    """Return how long each of so many clicks took, after a first round."""
    call, one = "#dial button", '[data-key="1"]'
    clicks = itertools.islice(itertools.cycle([call, one]), 2 + acts)
    return [page.evaluate(CLICK, selector) for selector in clicks][2:]


def main(acts: int = 40) -> None:
    print(conditions("playwright"))
    with command() as address, page_at(address) as page:
        times = milliseconds(page, acts)
    title = f"milliseconds from click to shown, median of {acts} acts"
    at_most(title, statistics.median(times), 50)


if __name__ == "__main__":
    main()
