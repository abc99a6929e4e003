"""The page of the example application, and the calls that it starts; all over HTTP."""

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_ozml.simulator import PhoneSystem
from flask_ozml.simulator.server import served

ROOT = Path(__file__).parent.parent
PASSWORD = "correct horse"

RINGS = "The telephone will ring in a moment."
NOT_ALLOWED = "Only customers and numbers of this country can be called."
TOO_SOON = "A call to this number was asked for less than ten minutes ago."
FRIENDLY = "The phone system cannot call this number now."


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.delenv("FLASK_SECRET_KEY", raising=False)
    monkeypatch.setenv("FLASK_PASSWORD", PASSWORD)
    monkeypatch.syspath_prepend(ROOT)
    from example_app import create_app

    return create_app(str(tmp_path))


def submit(client: FlaskClient, path: str, **form: str) -> str:
    """Load a page, submit its form, and return the page that follows."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found
    form["csrf"] = found[1]
    return client.post(path, data=form, follow_redirects=True).text


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a client that is logged in."""
    client = app.test_client()
    assert "Log out" in submit(client, "/login", password=PASSWORD)
    return client


@pytest.fixture
def system(app: Flask) -> Iterator[PhoneSystem]:
    """Return a phone system; both it and the application listen on their own ports."""
    from example_app import phone

    with served(app) as site:
        app.config["OZML_PUBLIC_URL"] = site
        with app.app_context():
            system = PhoneSystem(site, phone.urls())
        with served(system.http_api) as address:
            app.config["OZML_PHONE_SYSTEM_URL"] = address
            yield system


def test_who_is_not_logged_in_reads_nothing_and_makes_nothing_ring(
    app: Flask, system: PhoneSystem
) -> None:
    system.incoming_sms(message="Call me back")
    visitor = app.test_client()

    page = visitor.get("/", follow_redirects=True)
    assert page.request.path == "/login"
    assert "Call me back" not in page.text

    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found
    form = {"csrf": found[1], "number": "+36301234567"}
    assert visitor.post("/", data=form).location == "/login"
    assert not system.calls_placed


@pytest.mark.parametrize("password", ["", "Correct horse", "correct horse ", "ő", "\0"])
def test_another_password_does_not_log_in(app: Flask, password: str) -> None:
    page = submit(app.test_client(), "/login", password=password)

    assert "This is not the password (FLASK_PASSWORD)." in page
    assert "Log out" not in page


def test_the_token_of_the_forms_changes_with_the_login(client: FlaskClient) -> None:
    def token() -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', client.get("/login").text)
        assert found
        return found[1]

    before = token()
    submit(client, "/login", password=PASSWORD)

    assert token() != before


@pytest.mark.parametrize("configured", [None, ""])
def test_nobody_can_log_in_without_a_configured_password(
    app: Flask, configured: str | None
) -> None:
    app.config["PASSWORD"] = configured

    for password in ("", "None", PASSWORD):
        assert "Log out" not in submit(app.test_client(), "/login", password=password)


def test_logging_out_ends_the_session(client: FlaskClient) -> None:
    assert "Log out" not in client.get("/login").text
    assert client.get("/").location == "/login"


def test_a_customer_is_called_back(
    app: Flask, client: FlaskClient, system: PhoneSystem
) -> None:
    assert RINGS in submit(client, "/", number="+36 (30) 123-4567")

    (call,) = system.calls_placed
    assert (call.callee, call.api_extension) == ("+36301234567", "9997")
    assert str(call.state) == "Ringing"
    public = app.config["OZML_PUBLIC_URL"]
    assert call.command.url.startswith(f"{public}phone/call_connected")
    call.answer()
    assert "You asked us to call you back." in call.heard[0]
    assert call.transferred_to == "2000"
    assert "call back" in client.get("/").text
    assert not system.errors
    assert not system.not_opened


@pytest.mark.parametrize("token", [None, "", "x", "ő"])
def test_a_form_without_the_token_makes_nothing_ring(
    client: FlaskClient, system: PhoneSystem, token: str | None
) -> None:
    form = {"number": "+36301234567"} | ({} if token is None else {"csrf": token})

    answer = client.post("/", data=form)

    assert answer.status_code == 400
    assert "This form has expired." in answer.text
    assert not system.calls_placed


@pytest.mark.parametrize(
    "number",
    [
        "",
        "12",
        "500",  # inside, but not a customer
        "1" * 16,
        "+3611234567\n0",
        "sip:a@b",
        "<script>",
        "+36901234567",  # a premium number
        "0690123456",
        "+43660123456",  # abroad, and not a customer
        "+36٣01234567",  # a digit that is not ASCII
    ],
)
def test_other_numbers_are_not_called(
    client: FlaskClient, system: PhoneSystem, number: str
) -> None:
    assert NOT_ALLOWED in submit(client, "/", number=number)
    assert not system.calls_placed


def test_customers_abroad_are_called(client: FlaskClient, system: PhoneSystem) -> None:
    assert RINGS in submit(client, "/", number="+436601234567")
    assert system.calls_placed[0].callee == "+436601234567"


def test_a_number_is_called_once_in_ten_minutes_however_it_is_written(
    app: Flask, client: FlaskClient, system: PhoneSystem
) -> None:
    from example_app import execute

    assert RINGS in submit(client, "/", number="+36301234567")
    assert TOO_SOON in submit(client, "/", number="06 30 123 4567")
    assert RINGS in submit(client, "/", number="+36301234568")

    with app.app_context():
        execute("UPDATE log SET at = datetime('now', '-9 minutes')")
        assert TOO_SOON in submit(client, "/", number="+36301234567")
        execute("UPDATE log SET at = datetime('now', '-10 minutes')")
        assert RINGS in submit(client, "/", number="+36301234567")
        assert TOO_SOON in submit(client, "/", number="+36301234567")
    assert len(system.calls_placed) == 3


def test_simultaneous_requests_call_a_number_once(
    app: Flask, client: FlaskClient, system: PhoneSystem
) -> None:
    cookie = client.get_cookie("session")
    assert cookie

    def call(_: int) -> str:
        other = app.test_client()
        other.set_cookie("session", cookie.value)
        return submit(other, "/", number="+36301234567")

    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(call, range(8)))

    assert sorted(RINGS in page for page in pages) == [False] * 7 + [True]
    assert len(system.calls_placed) == 1


def test_destinations_of_the_configuration_bind_the_form(
    app: Flask, client: FlaskClient, system: PhoneSystem
) -> None:
    app.config["OZML_ALLOWED_DESTINATIONS"] = [r"\+3630[0-9]{7}"]

    assert RINGS in submit(client, "/", number="+36301234567")
    assert FRIENDLY in submit(client, "/", number="+36201234567")
    assert len(system.calls_placed) == 1


def closed_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}/"


@pytest.mark.parametrize(
    "key, value",
    [
        ("OZML_PUBLIC_URL", None),
        ("OZML_PHONE_SYSTEM_URL", None),
        ("OZML_PHONE_SYSTEM_URL", closed_port()),
    ],
)
def test_a_phone_system_out_of_reach_is_a_sentence_on_the_page(
    app: Flask, client: FlaskClient, system: PhoneSystem, key: str, value: str | None
) -> None:
    app.config[key] = value

    assert FRIENDLY in submit(client, "/", number="+36301234567")
    assert TOO_SOON in submit(client, "/", number="+36301234567")
    assert not system.calls_placed


def test_a_refusal_of_the_phone_system_is_a_sentence_on_the_page(
    client: FlaskClient, system: PhoneSystem
) -> None:
    system.extensions["9997"] = "not found"

    assert FRIENDLY in submit(client, "/", number="+36301234567")
