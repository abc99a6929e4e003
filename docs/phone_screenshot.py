"""Make docs/phone.png: the phone in the browser, playing the example app.

Run it from the root of the project with the extra ``test``; it needs Chromium:
``python -m docs.phone_screenshot``.
"""

from pathlib import Path

from benchmarks.webphone import command
from benchmarks.webphone import page_at

PICTURE = Path(__file__).with_name("phone.png")


def main() -> None:
    """Call, enter the PIN, and take the picture."""
    with command() as address, page_at(address) as page:
        page.set_viewport_size({"width": 1200, "height": 720})
        page.locator("#dial button").click()
        lines = page.locator("#lines")
        lines.get_by_text("Press 1 for your balance").wait_for()
        page.keyboard.press("1")
        lines.get_by_text("Please enter your four digit PIN code.").wait_for()
        page.keyboard.type("1234")
        lines.get_by_text("Hello Anna").wait_for()
        page.evaluate("document.activeElement.blur()")
        page.locator(".down").first.wait_for(state="detached")
        page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
