"""The phone in the browser, played in a real browser by clicking and typing."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from flask import Flask
from flask import Response
from playwright.sync_api import expect
from playwright.sync_api import Page

from flask_ozml import OzML
from flask_ozml.commands import Call
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Play
from flask_ozml.commands import SendEmail
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import CallConnected
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import Notification
from flask_ozml.simulator import PhoneSystem
from served_phone import Phone

Serve = Callable[[Flask], Phone]
OpenPage = Callable[[str], Page]

ROOT = Path(__file__).parent.parent.parent
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
MENU = "Press 1 for your balance, 2 for a colleague, 3 to leave a message."

#: Lets the clock of a page run twenty times as fast.
HURRY = """
performance.now = ((now) => () => now() * 20)(performance.now.bind(performance))
"""

pytest_plugins = ["flask_ozml.pytest_plugin"]


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.delenv("FLASK_SECRET_KEY", raising=False)
    from example_app import create_app

    return create_app(str(tmp_path / "instance"))


@pytest.fixture
def phone(serve: Serve, example: Flask) -> Phone:
    return serve(example)


@pytest.fixture
def page(phone: Phone, open_page: OpenPage) -> Page:
    return open_page(phone.address)


def button(page: Page, name: str) -> t.Any:
    return page.get_by_role("button", name=name, exact=True)


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def heard(page: Page, text: str) -> None:
    """Wait until the last line that was heard is this."""
    expect(page.locator("#lines .heard").last).to_contain_text(text)


def call(page: Page) -> None:
    button(page, "Call").first.click()


def spoken(page: Page) -> list[str]:
    said: list[list[str]] = page.evaluate("window.spoken")
    return [text for text, language in said]


def violations(page: Page) -> list[tuple[str, str]]:
    """Return what axe-core finds wrong with a page."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run().then((results) => results.violations)")
    return [(one["id"], one["nodes"][0]["html"]) for one in found]


def site(*views: Callable[[OzML], object]) -> Flask:
    """Return an app with an OzML blueprint that has these views."""
    app = Flask("site")
    phone = OzML("phone", __name__)
    for view in views:
        view(phone)
    app.register_blueprint(phone, url_prefix="/phone")
    return app


def test_the_right_pin_by_clicking_and_the_conversation_is_spoken(page: Page) -> None:
    expect(page.get_by_text("Press Call, or type a number and Enter.")).to_be_visible()
    call(page)
    heard(page, MENU)
    button(page, "1").click()
    heard(page, "Please enter your four digit PIN code.")
    for key in "1234":
        button(page, key).click()
    expect(page.locator("#lines")).to_contain_text("Hello Anna, your balance is 12.50.")
    assert spoken(page)[:3] == [
        "Welcome to Example Limited.",
        MENU,
        "Please enter your four digit PIN code.",
    ]
    button(page, "Hang up").click()
    expect(page.locator("#call-title")).to_have_text(
        "Call from 500 to 9998 - Completed"
    )
    expect(button(page, "1")).to_be_disabled()


def test_a_wrong_pin_three_times_by_typing(page: Page) -> None:
    page.get_by_label("To", exact=True).first.press("Enter")
    heard(page, MENU)
    page.locator("h1").click()
    page.keyboard.press("1")
    for _ in range(2):
        heard(page, "PIN")
        page.keyboard.type("0000")
        heard(page, "That PIN is not valid, please try again.")
    page.keyboard.type("9999")
    heard(page, "That PIN is not valid. Good bye.")
    expect(page.locator("#call-title")).to_contain_text("Completed")
    expect(button(page, "Call").first).to_be_enabled()


def test_voicemail_is_recorded_by_speaking(page: Page, phone: Phone) -> None:
    page.get_by_label("Say it aloud").uncheck()
    call(page)
    heard(page, MENU)
    button(page, "3").click()
    expect(page.get_by_text("Recording: speak, or press a key")).to_be_visible()
    button(page, "Speak").click()
    heard(page, "Thank you for your message. Good bye.")
    expect(page.get_by_text("record_completed.keep_voicemail").last).to_be_visible()
    assert spoken(page) == []


def test_time_stands_still_passes_or_runs_by_itself(page: Page) -> None:
    call(page)
    heard(page, MENU)
    expect(page.locator("#awaited-text")).to_have_text(
        "Speaking; you can press 1, 2, 3 already - 5 s"
    )
    button(page, "Let time pass").click()
    heard(page, "That is no choice. Good bye.")
    page.get_by_label("To", exact=True).first.fill("quick")
    call(page)
    heard(page, MENU)
    page.evaluate(HURRY)
    button(page, "Start the clock").click()
    heard(page, "That is no choice. Good bye.")
    expect(page.locator("#call-title")).to_contain_text("Completed")


def test_a_message_its_answer_and_a_delivery_report(page: Page) -> None:
    hostile = "<script>alert(1)</script> \x1b[31m \N{GRINNING FACE}"
    tab(page, "Messages")
    page.get_by_label("Text").fill(hostile)
    button(page, "Send").click()
    sent = page.locator("#sent > li")
    expect(sent).to_contain_text("Thank you. We will call you back today.")
    expect(page.locator("#received h3")).to_contain_text("<script>alert(1)</script>")
    expect(page.locator("#detail dd").last).to_have_text(hostile)
    button(page, "Not delivered").click()
    expect(sent.get_by_text("Not delivered.")).to_be_visible()
    expect(page.locator(".exchange").last).to_contain_text("SMSDeliveryReport")


def test_routing_tries_the_team_until_somebody_answers(page: Page) -> None:
    tab(page, "Extensions")
    for number, outcome in (("101", "busy"), ("102", "no answer")):
        page.locator("#extension").fill(number)
        page.get_by_label("It is").select_option(outcome)
        button(page, "Set").click()
    expect(page.locator("#extension-list")).to_contain_text("no answer")
    tab(page, "Routing")
    button(page, "Dial").click()
    expect(page.locator("#routings")).to_contain_text("Answered by 103.")
    tab(page, "Extensions")
    button(page, "Let 101 answer").click()
    tab(page, "Routing")
    button(page, "Dial").click()
    expect(page.locator("#routings")).to_contain_text("Answered by 101.")


def test_a_call_between_extensions_and_what_its_parties_do(page: Page) -> None:
    tab(page, "Third party")
    page.locator("#between button").click()
    callee = page.get_by_role("group", name="101, the callee")
    for act, state in (
        ("Answer", "InCall"),
        ("Hold", "Hold"),
        ("Unhold", "InCall"),
        ("Hang up", "Completed"),
    ):
        callee.get_by_role("button", name=act).click()
        expect(page.locator("#betweens h3")).to_have_text(
            f"Call from 103 to 101: {state}"
        )
    expect(page.locator(".exchange .view").last).to_have_text("call_changed.log_call")


def test_a_placed_call_rings_until_it_is_answered(
    serve: Serve, open_page: OpenPage
) -> None:
    def views(phone: OzML) -> None:
        @phone.call_connected
        def remind(call: CallConnected) -> ExtensionCommand:
            return UserInput(Speak("We expect you at nine."), inputs={"1": Hangup()})

        @phone.incoming_call
        def ring(call: IncomingCall) -> Iterator[ExtensionCommand]:
            yield Call("+36301112222", url=phone.to(remind))
            yield SendEmail(recipient="a@example.com", subject="Call")

    page = open_page(serve(site(views)).address)
    call(page)
    expect(page.get_by_role("tab", name="Phone (1)")).to_be_visible()
    button(page, "2. 9998 to +36301112222: Ringing").click()
    button(page, "Answer").click()
    heard(page, "We expect you at nine.")
    button(page, "1").click()
    expect(page.locator("#call-title")).to_contain_text("Completed")
    tab(page, "Messages")
    expect(page.locator("#emails")).to_contain_text("To a@example.com: Call")


def test_a_failing_view_is_the_loudest_thing_on_the_page(
    serve: Serve, open_page: OpenPage
) -> None:
    def views(phone: OzML) -> None:
        @phone.incoming_call
        def divide(call: IncomingCall) -> None:
            raise ZeroDivisionError("nothing")

        @phone.fallback
        def sorry(notification: Notification, error: Exception) -> ExtensionCommand:
            return Speak("Sorry.")

    page = open_page(serve(site(views)).address)
    call(page)
    heard(page, "Sorry.")
    failure = page.locator("#detail .failure")
    expect(failure.locator("h3")).to_have_text("divide failed")
    expect(failure).to_contain_text("ZeroDivisionError: nothing")
    expect(failure.locator("pre").first).to_have_text(
        'raise ZeroDivisionError("nothing")'
    )
    expect(failure).to_contain_text("The fallback answered instead.")
    failure.locator("summary").click()
    expect(failure).to_contain_text("Traceback (most recent call last)")
    expect(page.locator("#lines .failed")).to_contain_text("divide failed")


def test_an_answer_with_an_error_status_is_shown_rather_than_its_consequences(
    serve: Serve, open_page: OpenPage
) -> None:
    def views(phone: OzML) -> None:
        @phone.incoming_call
        def refuse(call: IncomingCall) -> Response:
            return Response("Come back later.", status=503)

    page = open_page(serve(site(views)).address)
    call(page)
    expect(page.locator("#lines .refused")).to_contain_text("status 503")
    expect(page.locator("[aria-current]")).to_contain_text("IncomingCall")
    expect(page.locator("#detail")).to_contain_text("Come back later.")
    assert page.locator("#detail .hint").count() == 0


def test_a_view_that_hangs_is_named_and_the_call_goes_on_after_it(
    serve: Serve, open_page: OpenPage
) -> None:
    go_on = threading.Event()

    def views(phone: OzML) -> None:
        @phone.incoming_call(api_extension="9998")
        def hang(call: IncomingCall) -> ExtensionCommand:
            go_on.wait(20)
            return Speak("Good morning.")

        @phone.incoming_call
        def greet(call: IncomingCall) -> ExtensionCommand:
            return Speak("Hello.")

    page = open_page(serve(site(views)).address)
    try:
        call(page)
        expect(page.locator("#awaited-text")).to_contain_text(
            "The site has been working on IncomingCall"
        )
        # Another call is not held up.
        page.get_by_label("To", exact=True).first.fill("9997")
        second = open_page(page.url)
        second.get_by_label("To", exact=True).first.fill("9997")
        call(second)
        expect(second.locator("#calls")).to_contain_text("500 to 9997: Completed")
    finally:
        go_on.set()
    expect(page.get_by_text("Good morning.").first).to_be_attached()


def test_files_of_the_site_are_played_and_others_are_named(
    serve: Serve, open_page: OpenPage
) -> None:
    def views(phone: OzML) -> None:
        @phone.incoming_call
        def music(call: IncomingCall) -> Iterator[ExtensionCommand]:
            yield Play("http://localhost/hello.wav")
            yield Play("http://localhost/missing.wav")
            yield Play("http://elsewhere.example/hello.wav")
            yield Play("welcome.mp3")
            yield Speak("Guten Tag.", language="de-DE")

    app = site(views)
    asked = threading.Event()

    @app.get("/hello.wav")
    def hello() -> Response:
        asked.set()
        return Response(b"RIFF", content_type="audio/wav")

    page = open_page(serve(app).address)
    opened: list[str] = []
    page.on("request", lambda request: opened.append(request.post_data or ""))
    call(page)
    heard(page, "Guten Tag.")
    expect(page.get_by_text("[welcome.mp3]")).to_be_visible()
    expect(page.locator("#alert")).to_have_text(
        "http://localhost/missing.wav: The site has no audio file at this URL."
    )
    assert asked.wait(20)
    assert not [posted for posted in opened if "elsewhere" in posted]
    assert page.evaluate("window.spoken") == [["Guten Tag.", "de-DE"]]


def test_two_pages_show_the_same_and_a_countdown_passes_time_once(
    page: Page, phone: Phone, open_page: OpenPage
) -> None:
    second = open_page(phone.address)
    call(page)
    heard(second, MENU)
    second.keyboard.press("1")
    heard(page, "Please enter your four digit PIN code.")
    for each in (page, second):
        each.evaluate(HURRY)
    button(page, "Start the clock").click()
    button(second, "Start the clock").click()
    expect(page.locator("#call-title")).to_contain_text("Completed")
    expect(second.locator("#call-title")).to_contain_text("Completed")
    waits = [p for p in phone.session.played if p.act.name == "Wait"]
    assert [p.error for p in waits] == [None] * len(waits)
    button(page, "Start over").click()
    expect(second.locator("#call-title")).to_have_text("No call yet")


def test_the_wire_follows_the_conversation_and_the_other_way_round(page: Page) -> None:
    call(page)
    heard(page, MENU)
    page.keyboard.press("1")
    page.keyboard.type("1234")
    expect(page.locator("#lines")).to_contain_text("Hello Anna")
    expect(page.locator("#detail")).to_contain_text("dtmf_entered?token=")
    assert "…" in page.locator("#detail .path").first.inner_text()
    page.locator("#lines .heard").first.locator("button").click()
    expect(page.locator("[aria-current]")).to_contain_text("CallChanged")
    page.locator(".exchange", has_text="DtmfEntered").click()
    expect(page.locator("#lines .caused").first).to_contain_text("Hello Anna")


def test_the_copied_test_passes_and_checks_what_was_heard(
    page: Page, example: Flask, phone_system: PhoneSystem
) -> None:
    call(page)
    heard(page, MENU)
    for key in "11234":
        button(page, key).click()
    expect(page.locator("#lines")).to_contain_text("Hello Anna")
    button(page, "2").click()
    expect(page.locator("#call-title")).to_contain_text("Transferred")
    button(page, "Copy as test").click()
    expect(page.locator("#notice")).to_have_text("Copied.")
    code = page.evaluate("navigator.clipboard.readText()")
    assert "call.press('1234')" in code
    names: dict[str, t.Any] = {}
    exec(code, names)
    names["test_phone"](phone_system)
    changed = code.replace("Hello Anna", "Hello Bob")
    exec(changed, names)
    with pytest.raises(AssertionError):
        names["test_phone"](phone_system)


@pytest.fixture
def app(example: Flask) -> Flask:
    return example


def test_the_map_plays_the_phone_up_to_a_state_and_marks_problems(
    serve: Serve, open_page: OpenPage
) -> None:
    def views(phone: OzML) -> None:
        @phone.goto
        def divide(notification: GoToNotification) -> None:
            raise ZeroDivisionError("nothing")

        @phone.incoming_call
        def welcome(call: IncomingCall) -> ExtensionCommand:
            lower = UserInput(Speak("Lower."), inputs={"1": Hangup()}, repeat=True)
            inputs = {"1": lower, "2": GoTo(phone.to(divide))}
            return UserInput(Speak("Upper."), inputs=inputs, repeat=True)

    phone = serve(site(views))
    page = open_page(phone.address)
    tab(page, "Map")
    expect(page.locator("#map")).to_contain_text("No map yet. Press")
    expect(page.locator("#explore-hint")).to_contain_text(
        "write to the site's database"
    )
    button(page, "Explore the calls").click()
    expect(page.locator("#map-status")).to_contain_text("problem")
    outline = page.locator("#outline")
    expect(outline.locator(".wrong").last).to_have_text("Problem: error")
    expect(page.locator("#map-problems")).to_contain_text("ZeroDivisionError: nothing")
    assert phone.session.played == []
    assert violations(page) == []

    outline.get_by_role("button", name="Lower.").click()
    expect(page.get_by_role("tabpanel", name="Phone")).to_be_visible()
    heard(page, "Lower.")
    assert [played.act.name for played in phone.session.played] == ["Dial", "Press"]
    button(page, "1").click()
    expect(page.locator("#call-title")).to_contain_text("Completed")


def test_long_conversations_and_many_calls_scroll_in_their_own_place(
    serve: Serve, open_page: OpenPage
) -> None:
    def views(phone: OzML) -> None:
        @phone.incoming_call
        def talk(call: IncomingCall) -> Iterator[ExtensionCommand]:
            yield Speak("A sentence that is said again. " * 80)
            yield UserInput(Speak("Press 1."), inputs={"1": Hangup()})

    page = open_page(serve(site(views)).address)
    for number in range(1, 13):
        call(page)
        expect(page.locator("#calls")).to_contain_text(f"{number}. 500 to 9998")
    for width in (1600, 360):
        if width == 360:
            page.set_viewport_size({"width": 360, "height": 800})
            tab(page, "Wire")
            tab(page, "Phone")
        expect(page.locator("#lines .heard").last).to_be_in_viewport()
        expect(page.locator("#calls [aria-pressed=true]")).to_be_in_viewport(ratio=0.9)
        last = "document.querySelector('#aloud').getBoundingClientRect().bottom"
        height = page.evaluate("document.documentElement.scrollHeight")
        assert height <= max(900, page.evaluate(last) + 40)


def test_the_urls_to_paste_can_be_copied(page: Page) -> None:
    tab(page, "URLs")
    button(page, "Copy the URL of incoming_call").click()
    expect(page.locator("#notice")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("http://localhost/phone/incoming_call?token=")
    expect(page.locator("#url-list")).to_contain_text(
        "answer_machine (api_extension='9997'), welcome"
    )
    expect(page.locator("#made-list")).to_contain_text("check_pin with caller, tries")
    expect(page.locator("#local")).to_contain_text("Set OZML_PUBLIC_URL")


def test_a_page_with_a_wrong_key_says_what_to_do(
    phone: Phone, open_page: OpenPage
) -> None:
    page = open_page(phone.address)
    page.goto("about:blank")
    page.goto(phone.address.replace("#", "#wrong"))
    expect(page.locator("#alert")).to_contain_text("Open the address")
    expect(page.locator("#phone")).to_be_hidden()
    assert violations(page) == []
    page.goto(phone.address)  # only the part after # differs
    expect(button(page, "Call").first).to_be_visible()


def test_the_tabs_are_reached_by_arrow_keys(page: Page) -> None:
    page.get_by_role("tab", name="Phone").focus()
    page.keyboard.press("ArrowRight")  # the wire is beside the phone in this width
    expect(page.get_by_role("tab", name="Messages")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Messages")).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="URLs")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Phone")).to_be_focused()


TABS = ("Phone", "Messages", "Routing", "Third party", "Extensions", "Map", "URLs")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_core_finds_no_violation(
    page: Page, colours: t.Literal["light", "dark"]
) -> None:
    call(page)
    heard(page, MENU)
    tab(page, "Messages")
    page.get_by_label("Text").fill("Hello")
    button(page, "Send").click()
    expect(page.locator("#sent > li")).to_be_visible()
    tab(page, "Third party")
    page.locator("#between button").click()
    tab(page, "Routing")
    button(page, "Dial").click()
    tab(page, "Map")
    page.get_by_label("Entries to try").fill("1234, 00")
    button(page, "Explore the calls").click()
    expect(page.locator("#map-status")).to_contain_text("No problems.")
    expect(page.locator("#outline")).to_contain_text("Hello Anna")
    page.emulate_media(color_scheme=colours)
    for width, tabs in ((360, (*TABS, "Wire")), (1600, TABS)):
        page.set_viewport_size({"width": width, "height": 800})
        for name in tabs:
            tab(page, name)
            assert violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width


# ---- A phone in a process of its own

SITE = """
from flask import Flask
from flask_ozml import OzML
from flask_ozml.commands import Speak, UserInput
from flask_ozml.notifications import DtmfEntered, IncomingCall

phone = OzML("phone", __name__)

@phone.incoming_call
def welcome(call: IncomingCall):
    return UserInput(Speak("First."), digits=1, forward_to_url=phone.to(pressed))

@phone.dtmf_entered
def pressed(entered: DtmfEntered):
    yield UserInput(Speak("Second."), digits=1, forward_to_url=phone.to(pressed))

app = Flask(__name__)
app.config["SECRET_KEY"] = "key"
app.register_blueprint(phone, url_prefix="/phone")
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Command:
    """A command of flask in a process of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "flask", "--app", "main", *arguments]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        environment["TMPDIR"] = str(folder)  # what is killed leaves files behind
        environment.pop("WERKZEUG_RUN_MAIN", None)
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

        self._port = int(arguments[arguments.index("--port") + 1])

    def wait(self) -> None:
        """Wait until it takes connections, which is later than its first line says."""
        end = time.monotonic() + 20
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self._port), 20).close()
                return
            assert time.monotonic() < end
            time.sleep(0.05)  # a connection that is refused fails at once

    def address(self) -> str:
        """Return the address of the phone."""
        line = t.cast(t.IO[str], self._process.stdout).readline()
        self.wait()
        return line.split()[1]

    def stop(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            t.cast(t.IO[str], self._process.stdout).close()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    (tmp_path / "main.py").write_text(SITE)
    commands: list[Command] = []

    def start(*arguments: str) -> Command:
        commands.append(Command(tmp_path, *arguments))
        return commands[-1]

    yield start
    for command in commands:
        command.stop()


def test_a_changed_view_is_played_again_up_to_where_the_call_was(
    run: Callable[..., Command], tmp_path: Path, open_page: OpenPage
) -> None:
    command = run("ozml", "phone", "--port", str(free_port()), "--press", "1")
    page = open_page(command.address())
    heard(page, "Second.")
    (tmp_path / "main.py").write_text(SITE.replace("Second.", "Something else."))
    heard(page, "Something else.")
    expect(page.locator("#notice")).to_have_text(
        "main.py changed - played 2 acts again."
    )
    page.keyboard.press("1")
    expect(page.locator("#lines .heard")).to_have_count(3)

    (tmp_path / "main.py").write_text("1 / 0")
    expect(page.locator("#problem")).to_contain_text("ZeroDivisionError")
    page.get_by_text("Traceback").first.wait_for()
    assert violations(page) == []
    (tmp_path / "main.py").write_text(SITE)
    heard(page, "Second.")
    expect(page.locator("#lines .heard")).to_have_count(3)

    page.get_by_label("After a change of the code, play everything again").uncheck()
    (tmp_path / "main.py").write_text(SITE.replace("Second.", "Not played."))
    button(page, "Play 3 again").click()
    heard(page, "Not played.")


def test_a_site_on_a_server_may_be_killed_and_started_again(
    run: Callable[..., Command], open_page: OpenPage
) -> None:
    port = str(free_port())
    server = run("run", "--port", port)
    server.wait()
    command = run(
        "ozml", "phone", "--no-reload", "--port", str(free_port()),
        "--url", f"http://127.0.0.1:{port}",
    )  # fmt: skip
    page = open_page(command.address())
    call(page)
    heard(page, "First.")
    expect(page.locator("#detail .hint")).to_contain_text("Look into its log.")
    tab(page, "Map")
    expect(page.locator("#map")).to_contain_text("Start the phone without --url.")
    expect(button(page, "Explore the calls")).to_be_hidden()
    tab(page, "Phone")
    server.stop()
    page.keyboard.press("1")
    expect(page.locator("#lines .refused")).to_contain_text("No answer from")
    expect(page.locator("[aria-current]")).to_contain_text("DtmfEntered")
    expect(page.locator("#detail .hint")).to_contain_text("the server is running")
    again = run("run", "--port", port)
    again.wait()
    call(page)
    expect(page.locator("#calls button")).to_have_count(2)
    heard(page, "First.")
    page.keyboard.press("1")
    heard(page, "Second.")
