import re
import subprocess
import sys

import pytest
from flask import Flask

from flask_ozml import OzML
from flask_ozml.cli import ozml
from flask_ozml.commands import Hangup
from flask_ozml.notifications import IncomingCall


def make_app(**config: object) -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY="k", **config)
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
