import re
import subprocess
import sys
import threading

import pytest
from flask import Flask
from flask import request
from flask import Response
from werkzeug.serving import make_server

import flask_ozml.simulator.server
from flask_ozml import OzML
from flask_ozml.cli import ozml
from flask_ozml.commands import Hangup
from flask_ozml.commands import Route
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import RoutingInterception
from flask_ozml.simulator import PhoneSystem


def make_app(**config: object) -> Flask:
    app = Flask(__name__)
    app.config.update({"SECRET_KEY": "k", **config})
    return app


def make_phone(name: str = "phone") -> OzML:
    phone = OzML(name, __name__)

    @phone.incoming_call
    def welcome(call: IncomingCall) -> Hangup:
        return Hangup()

    @phone.incoming_call(api_extension="9998")
    def voicemail(call: IncomingCall) -> Hangup:
        return Hangup()

    return phone


def urls(app: Flask, *args: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(ozml, ["urls", *args])
    return result.exit_code, result.output


def test_shows_views_settings_and_urls() -> None:
    app = make_app(OZML_PUBLIC_URL="https://www.example.com")
    app.register_blueprint(make_phone(), url_prefix="/phone")

    status, output = urls(app)

    assert status == 0
    lines = output.splitlines()
    assert lines[0] == "phone"
    start = lines.index("  incoming_call: voicemail(api_extension='9998'), welcome")
    assert lines[start + 1] == (
        "    HTTP API / Notifications / add notifier / Incoming calls"
        " / Incoming call URL"
    )
    url = r"    https://www\.example\.com/phone/incoming_call/[\w-]{43}"
    assert re.fullmatch(url, lines[start + 2])


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        ("routing_interception", "HTTP API / Route interception URL"),
        ("call_changed", "HTTP API / Call changed URL"),
        ("record_completed", "FinishedUrl of Record"),
        ("call_connected", "Url of Call"),
        (
            "incoming_sms",
            "HTTP API / Notifications / add notifier / Incoming messages"
            " / Incoming message URL",
        ),
        ("sms_delivery_report", "DeliveryReportURL of SendSms"),
        ("dtmf_entered", "ForwardToUrl of UserInput"),
        ("goto", "Url of GoTo"),
        ("error", "error notification URL, or ErrorUrl of Call"),
    ],
)
def test_names_the_vendors_setting(kind: str, setting: str) -> None:
    app = make_app(OZML_PUBLIC_URL="https://www.example.com")
    app.register_blueprint(make_phone())

    assert f"  {kind}: not handled\n    {setting}\n    https://" in urls(app)[1]


def test_urls_are_those_that_are_answered() -> None:
    app = make_app()
    app.register_blueprint(make_phone())

    status, output = urls(app, "--base-url", "http://localhost")

    found = re.search(r"http://localhost(/incoming_call/\S+)", output)
    assert status == 0
    assert found is not None
    body = {"NotificationName": "IncomingCall"}
    assert app.test_client().post(found[1], data=body).status_code == 200


def test_public_url_comes_before_the_option() -> None:
    app = make_app(OZML_PUBLIC_URL="https://www.example.com")
    app.register_blueprint(make_phone())

    output = urls(app, "--base-url", "http://localhost")[1]

    assert "https://www.example.com/" in output
    assert "http://localhost" not in output


def test_has_a_heading_for_each_registration() -> None:
    app = make_app(OZML_PUBLIC_URL="https://www.example.com")
    phone = make_phone()
    app.register_blueprint(phone, url_prefix="/one")
    app.register_blueprint(phone, url_prefix="/two", name="second")
    app.register_blueprint(make_phone("sales"), url_prefix="/sales")

    output = urls(app)[1]

    headings = [line for line in output.splitlines() if re.match(r"\w", line)]
    assert headings == ["phone", "second", "sales"]
    assert "https://www.example.com/two/incoming_call/" in output


def test_says_how_to_give_url_variables() -> None:
    app = make_app(OZML_PUBLIC_URL="https://www.example.com")
    app.register_blueprint(make_phone(), url_prefix="/<lang>")

    status, output = urls(app)

    assert status == 0
    assert "variables ['lang']" in output
    assert "phone.urls(name=value)" in output


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, ["OZML_PUBLIC_URL", "--base-url"]),
        (
            {"SECRET_KEY": None, "OZML_PUBLIC_URL": "http://localhost"},
            ["OZML_SECRET_KEY"],
        ),
    ],
)
def test_says_what_is_not_configured(
    config: dict[str, object], words: list[str]
) -> None:
    app = make_app()
    app.config.update(config)
    app.register_blueprint(make_phone())

    status, output = urls(app)

    assert status == 1
    assert output.startswith("Error: ")
    assert all(word in output for word in words)
    assert ("--base-url" in output) == ("--base-url" in words)


def test_says_that_there_is_no_blueprint() -> None:
    status, output = urls(make_app())

    assert status == 1
    assert "no OzML blueprint" in output


def test_is_a_command_of_flask() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "flask", "ozml", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "urls" in result.stdout


def run(app: Flask, *args: str, typed: str = "") -> tuple[int, list[str]]:
    result = app.test_cli_runner().invoke(ozml, args, input=typed)
    return result.exit_code, result.output.splitlines()


def make_talking_app(**config: object) -> Flask:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: IncomingCall) -> UserInput:
        return UserInput(Speak("Press 1."), inputs={"1": Speak("One.")}, timeout=5)

    @phone.incoming_call(api_extension="1")
    def failing(call: IncomingCall) -> Hangup:
        raise ZeroDivisionError

    @phone.incoming_call(api_extension="2")
    def refused(call: IncomingCall) -> Response:
        return Response("<Response><Speek>Hi</Speek></Response>")

    @phone.incoming_sms
    def reply(sms: IncomingSMS) -> SendSms:
        return SendSms(f"You wrote {sms.message}.", recipient=sms.sender)

    @phone.routing_interception
    def reject(call: RoutingInterception) -> Route:
        return Route("")

    app = make_app(**config)
    app.register_blueprint(phone)
    return app


def test_call_is_a_transcript() -> None:
    assert run(make_talking_app(), "call", "--press", "1") == (
        0,
        [
            "Call from 500 to 9998",
            "< Press 1.",
            "> 1",
            "< One.",
            "* hung up",
        ],
    )


def test_call_is_a_phone_without_keys() -> None:
    status, lines = run(make_talking_app(), "call", "--from", "36", typed="\n")

    assert status == 0
    assert lines[1] == "Call from 36 to 9998"
    assert lines[-1] == "* hung up"


def test_sms_shows_the_answer() -> None:
    assert run(make_talking_app(), "sms", "--from", "36", "Hi") == (
        0,
        [
            "Text message from 36: Hi",
            "* sends a text message to 36: You wrote Hi.",
        ],
    )


def test_route_shows_the_decision() -> None:
    status, lines = run(make_talking_app(), "route", "--from", "1000", "--to", "1500")

    assert status == 0
    assert lines[0] == "Routing of a call from 1000 to 1500"
    assert "rejected" in lines[-1]


@pytest.mark.parametrize(
    ("extension", "reason"),
    [
        ("1", "The fallback answered for ZeroDivisionError:"),
        ("2", "The phone system refuses an answer, not implemented command: "),
    ],
)
def test_a_failed_call_says_why_in_its_last_line(extension: str, reason: str) -> None:
    status, lines = run(make_talking_app(), "call", "--to", extension, "--press", "1")

    assert status == 1
    assert lines[-1].startswith(reason)


def test_call_plays_a_running_server() -> None:
    app = make_talking_app()
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.port}"
    try:
        result = run(make_talking_app(), "call", "--url", url, "--press", "1")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert result == run(app, "call", "--press", "1")


def test_call_wants_to_know_which_blueprint() -> None:
    app = make_talking_app()
    app.register_blueprint(make_phone("sales"), url_prefix="/sales")

    status, lines = run(app, "call", "--press", "1")
    assert status == 1
    assert "--blueprint" in lines[-1]
    assert "['phone', 'sales']" in lines[-1]

    assert run(app, "call", "--blueprint", "sales", "--press", "1") == (
        0,
        ["Call from 500 to 9998", "* hung up"],
    )


def test_call_says_what_is_not_configured() -> None:
    status, lines = run(make_talking_app(SECRET_KEY=None), "call", "--press", "1")

    assert status == 1
    assert "OZML_SECRET_KEY" in lines[-1]


def test_a_phone_system_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[object, object]] = []

    def serve(system: PhoneSystem, out: object, **options: object) -> None:
        served.append((dict(system.urls), options))

    monkeypatch.setattr(flask_ozml.simulator.server, "serve", serve)
    app = make_talking_app(OZML_PUBLIC_URL="http://localhost:5000")
    with app.app_context():
        urls = app.blueprints["phone"].urls()  # type: ignore[attr-defined]  # an OzML

    assert run(app, "serve-phone-system", "--port", "7781", "--press", "1") == (0, [])

    options = {"host": "127.0.0.1", "port": 7781, "press": ("1",), "colour": False}
    assert served == [(urls, options)]


@pytest.mark.parametrize(
    "options",
    [
        ("call", "--url", "127.0.0.1:8000"),
        ("sms", "--from", "1", "--url", "http://localhost:abc", "Hi"),
        ("route", "--from", "1", "--to", "2", "--url", "http://[::1"),
        ("serve-phone-system", "--url", "http://127.0.0.1:99999"),
    ],
)
def test_a_url_that_is_none(options: tuple[str, ...]) -> None:
    for config in ({}, {"OZML_PUBLIC_URL": "http://localhost"}):
        status, lines = run(make_talking_app(**config), *options)
        assert status == 2
        assert "Invalid value for '--url'" in lines[-1]
        assert "must be an absolute http or https URL" in lines[-1]


@pytest.mark.parametrize("command", ["call", "serve-phone-system"])
def test_keys_that_are_none(command: str) -> None:
    status, lines = run(make_talking_app(), command, "--press", "1", "--press", "12x4")

    assert status == 2
    assert lines[-1] == (
        "Error: Invalid value for '--press': must be a non-empty str of the keys"
        " 0-9*#A-D, got a str of length 4 with 'x' at index 2."
    )


def test_every_command_says_that_there_is_no_blueprint() -> None:
    status, lines = run(make_app(), "call", "--press", "1")

    assert status == 1
    assert "register one with app.register_blueprint(phone)" in lines[-1]


def test_a_site_with_a_server_name_is_played_at_it() -> None:
    app = Flask(__name__, subdomain_matching=True)
    app.config.update(
        SECRET_KEY="k", SERVER_NAME="example.com", PREFERRED_URL_SCHEME="https"
    )
    hosts: list[str] = []
    app.before_request(lambda: hosts.append(request.host_url))
    app.register_blueprint(make_phone(), subdomain="tel")

    assert run(app, "call", "--press", "1")[0] == 0
    assert hosts == ["https://tel.example.com/"]


def test_ids_differ_from_command_to_command() -> None:
    phone, ids = OzML("phone", __name__), set()

    @phone.incoming_sms
    def keep(sms: IncomingSMS) -> None:
        ids.add(sms.id)

    app = make_app()
    app.register_blueprint(phone)
    for _ in range(3):
        run(app, "sms", "--from", "36", "Hi")
    assert len(ids) == 3


def test_views_that_need_state_are_shown_as_such() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: IncomingCall, lang: str, tries: int, more: int = 0) -> None: ...

    app = make_app(OZML_PUBLIC_URL="https://www.example.com")
    app.register_blueprint(phone, url_prefix="/<lang>", url_defaults={"lang": "en"})
    assert "  incoming_call: welcome [by phone.to, with tries]" in urls(app)[1]
