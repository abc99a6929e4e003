"""Calls that a site starts, as the docstring of PhoneSystemClient.call shows them."""

from collections.abc import Iterator

import pytest
from flask import Flask

from flask_ozml import OzML
from flask_ozml.client import PhoneSystemClient
from flask_ozml.client import PhoneSystemError
from flask_ozml.commands import Speak
from flask_ozml.notifications import CallConnected
from flask_ozml.notifications import ErrorNotification
from flask_ozml.simulator import PhoneSystem
from flask_ozml.simulator.server import served

phone = OzML("phone", __name__)
due: list[tuple[str, int]] = []
reached: list[str] = []


@phone.call_connected
def remind(call: CallConnected, appointment: str, tries: int) -> Speak:
    reached.append(appointment)
    return Speak(f"You have an appointment {appointment}.")


@phone.error
def not_reached(error: ErrorNotification, appointment: str, tries: int) -> None:
    if tries < 3 and appointment not in reached:
        due.append((appointment, tries + 1))


def call_all(client: PhoneSystemClient, number: str) -> None:
    """Place the calls that are due."""
    placed, due[:] = due[:], []
    for appointment, tries in placed:
        client.call(
            number,
            url=phone.to(remind, appointment=appointment, tries=tries),
            error_url=phone.to(not_reached, appointment=appointment, tries=tries),
        )


@pytest.fixture
def system() -> Iterator[PhoneSystem]:
    due[:], reached[:] = [("tomorrow", 1)], []
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "key"
    app.config["OZML_PUBLIC_URL"] = "http://site.example"
    app.register_blueprint(phone)
    with app.app_context():
        yield PhoneSystem(app, phone.urls())


@pytest.fixture
def client(system: PhoneSystem) -> Iterator[PhoneSystemClient]:
    with served(system.http_api) as url:
        yield PhoneSystemClient(url)


def test_a_call_is_repeated_until_somebody_is_reached(
    system: PhoneSystem, client: PhoneSystemClient
) -> None:
    for tries in (2, 3):
        call_all(client, "2310")
        system.calls_placed[-1].refuse()
        assert due == [("tomorrow", tries)]
    call_all(client, "2310")
    answered = system.calls_placed[-1].answer()
    assert answered.heard == ["You have an appointment tomorrow."]
    assert (reached, due) == (["tomorrow"], [])
    assert len(system.calls_placed) == 3


def test_a_call_that_cannot_be_placed_raises_and_calls_no_view(
    system: PhoneSystem, client: PhoneSystemClient
) -> None:
    system.extensions["2999"] = "not found"
    with pytest.raises(PhoneSystemError, match="402 CALL_CONNECT_FAILED"):
        call_all(client, "2999")
    assert not system.calls_placed
    assert (reached, due) == ([], [])
