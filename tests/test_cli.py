import io
import logging
import re
import socket
import subprocess
import sys
import time
import typing as t

import pytest
from flask import current_app
from flask import Flask
from flask import request
from flask import Response
from flask.cli import ScriptInfo

import flask_ozml.simulator.server
from apps import make_app
from flask_ozml import OzML
from flask_ozml.cli import ozml
from flask_ozml.client import PhoneSystemClient
from flask_ozml.commands import Hangup
from flask_ozml.commands import Route
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import CallChanged
from flask_ozml.notifications import CallConnected
from flask_ozml.notifications import CallState
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import ErrorNotification
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import KINDS
from flask_ozml.notifications import Notification
from flask_ozml.notifications import RoutingInterception
from flask_ozml.simulator import PhoneSystem
from flask_ozml.simulator.phone import HELP
from flask_ozml.simulator.server import served


def make_phone(name: str = "phone") -> OzML:
    phone = OzML(name, __name__)

    @phone.incoming_call
    def welcome(call: IncomingCall) -> Hangup:
        return Hangup()

    @phone.incoming_call(api_extension="9998")
    def voicemail(call: IncomingCall) -> Hangup:
        return Hangup()

    return phone


def run(app: Flask, *args: str, typed: str = "") -> tuple[int, list[str]]:
    result = app.test_cli_runner().invoke(ozml, args, input=typed)
    return result.exit_code, result.output.splitlines()


def test_urls_shows_what_to_paste_then_what_is_made_then_what_is_missing() -> None:
    phone = make_phone()

    @phone.dtmf_entered
    def check_pin(entered: DtmfEntered, tries: int) -> None: ...

    @phone.goto
    def start(notification: GoToNotification) -> None: ...

    @phone.goto
    def repeat(notification: GoToNotification, n: int, m: int, k: int = 0) -> None: ...

    @phone.error(code=402, message="busy")
    def log(error: ErrorNotification) -> None: ...

    @phone.incoming_sms
    def lost(sms: IncomingSMS, customer: str) -> None: ...

    @phone.call_connected
    def left_out(call: CallConnected) -> None: ...

    app = make_app(phone, OZML_CALL_CONNECTED_URL=None)

    status, lines = run(app, "urls")

    assert status == 0
    assert [re.sub(r"(https://\S+_call|/error)\S+", r"\1", line) for line in lines] == [
        "Blueprint 'phone'",
        "  Paste into the phone system:",
        "    HTTP API / Notifications / add notifier / Incoming calls"
        " / Incoming call URL",
        "      https://pbx.example/phone/incoming_call",
        "      answered by voicemail (api_extension='9998'), welcome",
        "    error notification URL, or ErrorUrl of Call",
        "      https://pbx.example/phone/error",
        "      answered by log (code=402, message='busy')",
        "  URLs that phone.to() makes for commands:",
        "    dtmf_entered (ForwardToUrl of UserInput): check_pin(tries)",
        "    goto (Url of GoTo): start(), repeat(m, n)",
        "    error (error notification URL, or ErrorUrl of Call): log()",
        "  No URL leads to these views:",
        "    call_connected.left_out: OZML_CALL_CONNECTED_URL is None",
        "    incoming_sms.lost: its URL cannot carry customer",
        "  No view answers:",
        "    routing_interception, call_changed, record_completed, sms_delivery_report",
    ]


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        ("routing_interception", "HTTP API / Route interception URL"),
        ("call_changed", "HTTP API / Call changed URL"),
        (
            "incoming_call",
            "HTTP API / Notifications / add notifier / Incoming calls"
            " / Incoming call URL",
        ),
        (
            "incoming_sms",
            "HTTP API / Notifications / add notifier / Incoming messages"
            " / Incoming message URL",
        ),
        ("error", "error notification URL, or ErrorUrl of Call"),
    ],
)
def test_urls_names_the_setting_in_the_vendors_words(kind: str, setting: str) -> None:
    phone = OzML("phone", __name__)
    getattr(phone, kind)(answer_any)
    app = make_app(phone)

    lines = run(app, "urls")[1]

    assert lines[2] == f"    {setting}"
    assert lines[3].startswith(f"      https://pbx.example/phone/{kind}")


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [
        ("record_completed", "FinishedUrl of Record"),
        ("call_connected", "Url of Call"),
        ("sms_delivery_report", "DeliveryReportURL of SendSms"),
        ("dtmf_entered", "ForwardToUrl of UserInput"),
        ("goto", "Url of GoTo"),
    ],
)
def test_urls_names_the_attribute_that_carries_a_url(kind: str, attribute: str) -> None:
    phone = OzML("phone", __name__)
    getattr(phone, kind)(answer_any)
    app = make_app(phone)

    lines = run(app, "urls")[1]

    assert lines[1] == "  URLs that phone.to() makes for commands:"
    assert lines[2] == f"    {kind} ({attribute}): answer_any()"


def answer_any(notification: Notification) -> None: ...


def test_urls_shows_urls_that_are_answered() -> None:
    app = make_app(make_phone(), OZML_PUBLIC_URL=None)

    status, lines = run(app, "urls", "--base-url", "http://localhost")

    assert status == 0
    body = {"NotificationName": "IncomingCall"}
    url = lines[3].strip()
    assert url.startswith("http://localhost/phone/incoming_call")
    assert app.test_client().post(url, data=body).status_code == 200


def test_ozml_public_url_takes_precedence_over_base_url() -> None:
    app = make_app(make_phone())

    lines = run(app, "urls", "--base-url", "http://localhost")[1]

    assert lines[3].startswith("      https://pbx.example/")


def test_urls_has_a_section_for_each_registration() -> None:
    phone = make_phone()
    app = make_app(phone, prefix="/one")
    app.register_blueprint(phone, url_prefix="/two", name="second")
    app.register_blueprint(make_phone("sales"), url_prefix="/sales")

    lines = run(app, "urls")[1]

    sections = [n for n, line in enumerate(lines) if re.match(r"\w", line)]
    assert [lines[n] for n in sections] == [
        "Blueprint 'phone'",
        "Blueprint 'second'",
        "Blueprint 'sales'",
    ]
    paths = [re.sub("call.*", "call", lines[n + 3]) for n in sections]
    base = "      https://pbx.example"
    assert paths == [f"{base}/{p}/incoming_call" for p in ("one", "two", "sales")]


@pytest.mark.parametrize(
    ("config", "option", "message"),
    [
        ({"OZML_PUBLIC_URL": None}, (), r".*OZML_PUBLIC_URL.* Or give --base-url\."),
        (
            {"OZML_PUBLIC_URL": None},
            ("--base-url", "x.org"),
            r"--base-url must be an absolute http.*",
        ),
        (
            {"SECRET_KEY": None},
            (),
            r"((?!--base-url).)*OZML_SECRET_KEY((?!--base-url).)*",
        ),
    ],
)
def test_urls_says_which_setting_is_missing_or_wrong(
    config: dict[str, t.Any], option: tuple[str, ...], message: str
) -> None:
    status, lines = run(make_app(make_phone(), **config), "urls", *option)

    assert status == 1
    assert re.fullmatch(f"Error: {message}", lines[-1])


PLAYED = (
    ("call", "--press", "1"),
    ("sms", "--from", "36", "Hi"),
    ("route", "--from", "1000", "--to", "1500"),
    ("third-party",),
    ("error", "--code", "402"),
    ("serve-phone-system", "--port", "0"),
)


every_command = pytest.mark.parametrize("command", [("urls",), *PLAYED])


def make_tenant_app() -> Flask:
    """Make an app below a prefix with variables; `app.config["SEEN"]` keeps them."""
    phone, seen = OzML("phone", __name__), list[object]()

    def view(notification: Notification, customer: str, floor: int) -> None:
        seen.append((customer, floor))

    for notification in KINDS.values():
        if notification.pasted:
            getattr(phone, notification.kind)(view)
    return make_app(phone, prefix="/<customer>/<int:floor>", SEEN=seen)


@every_command
def test_every_command_takes_the_values_of_url_variables(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(system: PhoneSystem, *args: object, **options: object) -> None:
        system.incoming_call()

    monkeypatch.setattr(flask_ozml.simulator.server, "serve", serve)
    app = make_tenant_app()

    status, lines = run(app, *command, "--value", "customer=a=b", "--value", "floor=7")

    assert status == 0
    if command == ("urls",):
        assert lines[3].startswith("      https://pbx.example/a=b/7/")
    else:
        assert set(app.config["SEEN"]) == {("a=b", 7)}


@every_command
def test_every_command_says_which_url_variables_need_a_value(
    command: tuple[str, ...],
) -> None:
    status, lines = run(make_tenant_app(), *command, "--value", "floor=7")

    assert status == 1
    assert "['customer']" in lines[-1]
    assert lines[-1].endswith(" On the command line, use --value NAME=VALUE.")


@every_command
@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        (["acme"], 2, "'acme' must be NAME=VALUE, for example customer=acme."),
        (["=acme"], 2, "'=acme' must be NAME=VALUE, for example customer=acme."),
        (["customer=a", "customer=b"], 2, "'customer' is given twice."),
        (["client=a"], 2, "no phone URL has a variable 'client'."),
        (["customer=a", "floor=first"], 1, "floor"),
    ],
)
def test_a_wrong_value_of_a_url_variable_is_named(
    command: tuple[str, ...], given: list[str], status: int, message: str
) -> None:
    options = [word for value in given for word in ("--value", value)]

    found, lines = run(make_tenant_app(), *command, *options)

    assert found == status
    assert message in lines[-1]


def test_is_a_command_of_flask() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "flask", "ozml", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "urls" in result.stdout


def make_talking_app(**config: t.Any) -> Flask:
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

    return make_app(phone, **config)


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
        ("1", "The application failed: ZeroDivisionError:"),
        ("2", "The phone system reports not implemented command (301): "),
    ],
)
def test_a_failed_call_says_why_in_its_last_line(extension: str, reason: str) -> None:
    status, lines = run(make_talking_app(), "call", "--to", extension, "--press", "1")

    assert status == 1
    assert lines[-1].startswith(reason)


def test_call_says_which_keys_came_too_late() -> None:
    status, lines = run(make_talking_app(), "call", "--press", "1", "--press", "2")

    assert status == 0
    assert lines[-2:] == ["* hung up", "> (the call ended before 2 could be entered)"]


def test_the_log_cannot_control_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    # As in a program that has configured no logging, which pytest does.
    monkeypatch.setattr(logging.getLogger("flask_ozml"), "propagate", False)
    before = logging.lastResort
    phone = OzML("phone", __name__)

    @phone.incoming_sms
    def fail(sms: IncomingSMS) -> t.NoReturn:
        raise ValueError(f"Cannot read\t{sms.message}")

    app = make_app(phone)

    output = "\n".join(run(app, "sms", "--from", "36", "\x1b[31mó")[1])

    assert "phone.incoming_sms: view 'fail' failed\nTraceback (most recent" in output
    assert output.count("Cannot read \ufffd[31mó") == 2
    assert "\x1b" not in output
    assert logging.lastResort is before


def test_call_plays_a_running_server() -> None:
    app, same = (make_talking_app(OZML_PUBLIC_URL=None) for _ in range(2))
    with served(app) as url:
        result = run(same, "call", "--url", url, "--press", "1")

    assert result == run(app, "call", "--press", "1")


@pytest.mark.parametrize(
    ("path", "config", "advice"),
    [
        ("", {"SECRET_KEY": "other"}, "Start the server with the same SECRET_KEY"),
        ("pbx", {}, "Check that the server runs this application"),
        ("", {"OZML_ALLOWED_NETWORKS": ["10.0.0.1"]}, "The phone system reports"),
    ],
)
def test_a_server_that_refuses_is_explained(
    path: str, config: dict[str, t.Any], advice: str
) -> None:
    with served(make_talking_app(**config)) as url:
        status, lines = run(make_talking_app(), "call", "--url", url + path)

    assert status == 1
    assert lines[-1].startswith(advice)


def test_a_server_that_does_not_answer_is_explained() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    status, lines = run(make_talking_app(), "call", "--url", url)

    assert status == 1
    assert lines[-1].startswith("Check that the server is running")


def test_call_plays_the_blueprint_that_has_views_for_the_extension() -> None:
    app = make_app()
    for name in ("phone", "sales"):
        blueprint = OzML(name, __name__)
        blueprint.incoming_call(api_extension=name)(make_speaker(name))
        app.register_blueprint(blueprint, url_prefix=f"/{name}")

    for name in ("phone", "sales"):
        assert run(app, "call", "--to", name, "--press", "1")[1][1] == f"< {name}"


def make_speaker(text: str) -> t.Callable[[IncomingCall], Speak]:
    def speak(call: IncomingCall) -> Speak:
        return Speak(text)

    return speak


def test_call_asks_which_of_several_blueprints_to_play() -> None:
    app = make_talking_app()
    app.register_blueprint(make_phone("sales"), url_prefix="/sales")

    status, lines = run(app, "call", "--press", "1")
    assert status == 1
    assert lines[-1].startswith("Error: The blueprints ['phone', 'sales'] ")
    assert lines[-1].endswith(" Choose one of them with --blueprint.")

    assert run(app, "call", "--blueprint", "sales") == (
        0,
        [HELP, "Call from 500 to 9998", "* hung up"],
    )
    assert run(app, "call", "--blueprint", "office") == (
        1,
        [
            "Error: 'office' is not an OzML blueprint of this application, which has"
            " ['phone', 'sales']."
        ],
    )


def test_call_says_what_is_not_configured() -> None:
    status, lines = run(make_talking_app(SECRET_KEY=None), "call", "--press", "1")

    assert status == 1
    assert "OZML_SECRET_KEY" in lines[-1]


def test_a_phone_system_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    serve = flask_ozml.simulator.server.serve

    def serve_two_requests(system: PhoneSystem, out: t.Any, **options: t.Any) -> None:
        def act() -> None:
            client = PhoneSystemClient.from_config(app.config)
            with app.app_context():
                url = phone.to(ask)
            for number, end in [("2000", b"* hung up\n"), ("2001", b"'Busy'\n")]:
                client.call(number, api_extension="9998", url=url)
                deadline = time.monotonic() + 20
                while not out.buffer.getvalue().endswith(end):
                    assert time.monotonic() < deadline
                    time.sleep(0.01)  # another thread writes the output

        serve(system, out, wait=act, **options)

    phone = OzML("phone", __name__)

    @phone.call_connected
    def ask(call: CallConnected) -> UserInput:
        return UserInput(Speak("Press 1."), inputs={"1": Speak("One.")})

    app = make_app(phone, OZML_PHONE_SYSTEM_URL="http://pbx.invalid")
    monkeypatch.setattr(flask_ozml.simulator.server, "serve", serve_two_requests)

    status, lines = run(
        app,
        *("serve-phone-system", "--port", "0"),
        *("--press", "1", "--extension", "2001=busy"),
    )

    assert status == 0
    assert app.config["OZML_PHONE_SYSTEM_URL"] == "http://pbx.invalid"
    assert re.fullmatch(
        r"The phone system listens at http://127\.0\.0\.1:\d+/ .*", lines[0]
    )
    assert lines[1:] == [
        "Request Call",
        "* 200 Command successfully executed",
        "Call from 9998 to 2000",
        "> (answers)",
        "< Press 1.",
        "> 1",
        "< One.",
        "* hung up",
        "Request Call",
        "* 200 Command successfully executed",
        "Call from 9998 to 2001",
        "! 402 Call connect to '2001' failed with result state 'Busy'",
    ]


def test_call_can_hang_up_in_the_middle() -> None:
    phone, changes = OzML("phone", __name__), list[object]()

    @phone.incoming_call
    def welcome(call: IncomingCall) -> list[Speak]:
        return [Speak("A sentence that takes four seconds or more. " * 2), Speak("Hi")]

    @phone.call_changed
    def keep(change: CallChanged) -> None:
        changes.append(change.call_state)

    status, lines = run(make_app(phone), "call", "--hang-up-after", "3")

    assert status == 0
    assert lines[-1] == "> (hangs up)"
    assert "< Hi" not in lines
    assert changes[-1] == CallState.COMPLETED


def test_third_party_shows_a_call_between_extensions() -> None:
    phone = OzML("phone", __name__)

    @phone.call_changed(call_state=CallState.IN_CALL)
    def warn(change: CallChanged) -> Speak:
        return Speak(f"{change.caller} calls {change.callee}.", party="all")

    assert run(make_app(phone), "third-party", "--from", "105", "--to", "106") == (
        0,
        [
            "Call from 105 to 106",
            "* Ringing",
            "* InCall",
            "< (all) 105 calls 106.",
            "* Completed",
        ],
    )


def test_third_party_needs_a_view_for_it() -> None:
    assert run(make_talking_app(), "third-party") == (
        1,
        ["Error: No view answers call_changed. Decorate one with @phone.call_changed."],
    )


def test_error_sends_an_error_notification() -> None:
    phone, errors = OzML("phone", __name__), list[object]()

    @phone.error
    def keep(error: ErrorNotification) -> None:
        errors.append((error.code, error.message))

    app = make_app(phone)

    assert run(app, "error", "--code", "402", "--message", "Call connect failed") == (
        0,
        ["Error notification 402", "* 402 Call connect failed"],
    )
    assert errors == [(402, "Call connect failed")]


def test_error_says_that_nobody_got_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"

    status, lines = run(make_talking_app(), "error", "--code", "402", "--url", url)

    assert status == 1
    assert lines[-1].startswith("Check that the server is running")


def test_views_ring_simulated_telephones_only() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_sms
    def call_back(sms: IncomingSMS) -> None:
        client = PhoneSystemClient.from_config(current_app.config)
        client.call(sms.sender, api_extension="9998", url="http://localhost/")

    app = make_app(phone, OZML_PHONE_SYSTEM_URL="http://pbx.invalid")

    assert run(app, "sms", "--from", "0620", "Hi") == (
        0,
        [
            "Text message from 0620: Hi",
            "Request Call",
            "* 200 Command successfully executed",
            "Call from 9998 to 0620",
        ],
    )


def test_route_takes_the_states_of_extensions() -> None:
    phone = OzML("phone", __name__)

    @phone.routing_interception
    def ring(call: RoutingInterception) -> Route:
        return Route("2001" if call.last_called_extension == "2000" else "2000")

    app = make_app(phone)

    lines = run(
        app, "route", "--from", "1", "--to", "2", "--extension", "2000=no answer"
    )[1]

    assert lines[1:3] == ["* rings 2000: no answer", "* rings 2001: answered"]


@pytest.mark.parametrize("given", ["2000", "2000=", "=busy", "2000=asleep"])
def test_a_wrong_state_of_an_extension_is_named(given: str) -> None:
    status, lines = run(make_talking_app(), "call", "--extension", given)

    assert status == 2
    assert lines[-1].endswith(
        f"{given!r} must be NUMBER=STATE, where STATE is one of 'answered', 'busy',"
        " 'no answer', 'not found'."
    )


@pytest.mark.parametrize(
    "options",
    [
        ("call", "--url", "127.0.0.1:8000"),
        ("sms", "--from", "1", "--url", "http://localhost:abc", "Hi"),
        ("route", "--from", "1", "--to", "2", "--url", "http://[::1"),
        ("serve-phone-system", "--url", "http://127.0.0.1:99999"),
    ],
)
def test_a_url_must_be_absolute(options: tuple[str, ...]) -> None:
    for public_url in (None, "http://localhost"):
        status, lines = run(make_talking_app(OZML_PUBLIC_URL=public_url), *options)
        assert status == 2
        assert "Invalid value for '--url'" in lines[-1]
        assert "must be an absolute http or https URL" in lines[-1]


@pytest.mark.parametrize("command", ["call", "serve-phone-system"])
def test_keys_must_be_those_of_a_phone(command: str) -> None:
    status, lines = run(make_talking_app(), command, "--press", "1", "--press", "12x4")

    assert status == 2
    assert lines[-1] == (
        "Error: Invalid value for '--press': must be a non-empty str of the keys"
        " 0-9*#A-D, got a str of length 4 with 'x' at index 2."
    )


def test_every_command_says_that_there_is_no_blueprint() -> None:
    status, lines = run(make_app(), "call", "--press", "1")

    assert status == 1
    assert "Register one with app.register_blueprint(phone)" in lines[-1]


def test_a_site_with_a_server_name_is_played_at_it() -> None:
    app = Flask(__name__, subdomain_matching=True)
    app.config.update(
        SECRET_KEY="k", SERVER_NAME="example.com", PREFERRED_URL_SCHEME="https"
    )
    hosts: list[str] = []
    app.before_request(lambda: hosts.append(request.host_url))
    app.register_blueprint(make_phone(), subdomain="tel")

    assert run(app, "call", "--press", "1")[0] == 0
    assert set(hosts) == {"https://tel.example.com/"}


def test_ids_differ_from_command_to_command() -> None:
    phone, ids = OzML("phone", __name__), set()

    @phone.incoming_sms
    def keep(sms: IncomingSMS) -> None:
        ids.add(sms.id)

    app = make_app(phone)
    for _ in range(3):
        run(app, "sms", "--from", "36", "Hi")
    assert len(ids) == 3


def test_url_defaults_are_no_state() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: IncomingCall, lang: str) -> None: ...

    app = make_app()
    app.register_blueprint(phone, url_prefix="/<lang>", url_defaults={"lang": "en"})
    assert run(app, "urls")[1][4] == "      answered by welcome"


def test_a_view_name_that_the_terminal_cannot_show_is_replaced() -> None:
    def greet(call: IncomingCall) -> None: ...

    greet.__name__ = "köszöntő"
    phone = OzML("phone", __name__)
    phone.incoming_call(greet)
    app = make_app(phone)
    result = app.test_cli_runner(charset="latin-1").invoke(ozml, ["urls"])

    assert result.exit_code == 0
    assert "answered by köszönt?" in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("sms", "Hi"), "Missing option '--from'."),
        (("route",), "Missing option '--from'."),
        (("route", "--from", "1"), "Missing option '--to'."),
        (("error",), "Missing option '--code'."),
        (("error", "--code", "1000"), "1000 is not in the range 0<=x<=999."),
        (("call", "--hang-up-after", "nan"), "seconds must be from 0 to 86400"),
        (("call", "--hang-up-after", "-1"), "seconds must be from 0 to 86400"),
        (
            ("check", "--skip", "dead_key"),
            "'dead_key' is not one of 'held', 'dead-key'",
        ),
        (
            ("route", "--extension", "1=busy", "--extension", "1=answered"),
            "'1' is given twice.",
        ),
    ],
)
def test_a_missing_or_wrong_option_is_named(
    options: tuple[str, ...], message: str
) -> None:
    status, lines = run(make_talking_app(), *options)

    assert status == 2
    assert message in lines[-1]


def test_text_that_the_terminal_cannot_show_is_replaced() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def greet(call: IncomingCall) -> UserInput:
        return UserInput(Speak("Jó napot, kis hölgy, ő az?"), repeat=True)

    runner = make_app(phone).test_cli_runner(charset="latin-1")
    result = runner.invoke(ozml, ["map"])

    assert "Jó napot, kis hölgy, ? az?" in result.output


def test_bytes_that_are_no_text_are_no_keys() -> None:
    runner = make_talking_app().test_cli_runner()
    result = runner.invoke(ozml, ["call"], input=b"\xff\n1\n")

    assert result.exit_code == 0
    assert result.output.count(HELP) == 2
    assert "< One." in result.output


@pytest.mark.parametrize(
    ("no_color", "colourful"), [("", True), ("1", False), (None, True)]
)
def test_no_color_is_obeyed(
    no_color: str | None, colourful: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", terminal)
    if no_color is None:
        monkeypatch.delenv("NO_COLOR", raising=False)
    else:
        monkeypatch.setenv("NO_COLOR", no_color)
    site = ScriptInfo(create_app=make_talking_app)

    ozml.main(["call", "--press", "1"], obj=site, standalone_mode=False)

    assert ("\x1b[" in terminal.getvalue()) is colourful
