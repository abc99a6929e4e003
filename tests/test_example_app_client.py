"""The example application and a phone system that call each other over HTTP."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from apps import without_token
from flask_ozml.errors import PhoneSystemUnreachable
from flask_ozml.notifications import CallState
from flask_ozml.simulator import PhoneSystem
from flask_ozml.simulator.server import served

ROOT = Path(__file__).parent.parent
FRIENDLY = "We cannot call this number now. Please call us."


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.delenv("FLASK_SECRET_KEY", raising=False)
    monkeypatch.syspath_prepend(ROOT)
    from example_app import create_app

    return create_app(str(tmp_path))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def system(app: Flask) -> Iterator[PhoneSystem]:
    """A phone system; it and the application listen on ports of their own."""
    from example_app import phone

    with served(app) as site:
        app.config["OZML_PUBLIC_URL"] = site
        with app.app_context():
            system = PhoneSystem(site, phone.urls())
        with served(system.http_api) as address:
            app.config["OZML_PHONE_SYSTEM_URL"] = address
            yield system


def test_reminder_goes_round(
    app: Flask, client: FlaskClient, system: PhoneSystem
) -> None:
    run = app.test_cli_runner().invoke(args=["remind", "17"])
    assert (run.exit_code, run.output) == (0, "")

    (call,) = system.calls_placed
    assert (call.callee, call.api_extension) == ("+36301112222", "9997")
    assert str(call.state) == "Ringing"
    call.answer()
    assert call.heard == [
        "We expect you on Monday at nine. Press 1 to confirm it and get it as a text"
        " message."
    ]

    call.press("1")
    (sms,) = system.sms_sent
    assert (sms.recipient, sms.message) == (
        "+36301112222",
        "See you on Monday at nine.",
    )
    assert call.heard[1:] == ["Thank you.", "Good bye."]
    assert call.state is CallState.COMPLETED

    assert "reminder 17" not in client.get("/").text
    system.deliver(sms)
    assert "answer: reminder 17: delivered" in client.get("/").text
    assert not system.errors
    assert not system.not_opened


def test_reminder_is_not_confirmed(app: Flask, system: PhoneSystem) -> None:
    app.test_cli_runner().invoke(args=["remind", "17"])
    call = system.calls_placed[0].answer().wait()
    assert call.heard[1:] == ["Good bye."]
    assert not system.sms_sent


def test_page_has_a_number_called_back(
    app: Flask, client: FlaskClient, system: PhoneSystem
) -> None:
    assert '<input name="number"' in client.get("/").text
    form = {"number": "+36301234567"}
    page = client.post("/", data=form, headers={"Host": "evil.example"})
    assert "Your telephone will ring in a moment." in page.text

    (call,) = system.calls_placed
    assert call.callee == "+36301234567"
    public = app.config["OZML_PUBLIC_URL"]
    assert without_token(call.command.url) == f"{public}phone/call_connected"
    call.answer()
    assert "You asked us to call you back." in call.heard[0]
    assert call.transferred_to == "2000"


@pytest.mark.parametrize(
    "number", ["", "12", "+36 30", "123\n", "sip:a@b", "<script>", "1" * 16]
)
def test_other_numbers_are_not_called(
    client: FlaskClient, system: PhoneSystem, number: str
) -> None:
    page = client.post("/", data={"number": number})
    assert FRIENDLY in page.text
    assert not system.calls_placed


def test_phone_system_refuses(client: FlaskClient, system: PhoneSystem) -> None:
    system.extensions["9997"] = "not found"
    assert FRIENDLY in client.post("/", data={"number": "500"}).text


def closed_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}/"


@pytest.mark.parametrize("key", ["OZML_PUBLIC_URL", "OZML_PHONE_SYSTEM_URL"])
def test_phone_system_is_not_configured(
    app: Flask, client: FlaskClient, system: PhoneSystem, key: str
) -> None:
    app.config[key] = None
    assert FRIENDLY in client.post("/", data={"number": "500"}).text
    assert not system.calls_placed


def test_phone_system_is_unreachable(
    app: Flask, client: FlaskClient, system: PhoneSystem
) -> None:
    app.config["OZML_PHONE_SYSTEM_URL"] = closed_port()
    assert FRIENDLY in client.post("/", data={"number": "500"}).text
    run = app.test_cli_runner().invoke(args=["remind", "17"])
    assert run.exit_code == 1
    assert isinstance(run.exception, PhoneSystemUnreachable)


def test_urls_need_no_client(tmp_path: Path) -> None:
    """Run without the extras, as the first command of the README installs it."""
    program = (
        "import sys; sys.modules['requests'] = None\n"
        "import example_app; app = example_app.create_app(sys.argv[1])\n"
        "print(app.test_client().get('/').status)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "instance"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "200 OK\n"), run.stderr
