"""The example application, played by the simulator."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from flask_ozml.notifications import CallState
from flask_ozml.simulator import PhoneSystem

ROOT = Path(__file__).parent.parent

pytest_plugins = ["flask_ozml.pytest_plugin"]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLASK_SECRET_KEY", raising=False)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.syspath_prepend(ROOT)
    from example_app import create_app

    app = create_app(str(tmp_path))
    app.testing = True
    return app


MENU = "Press 1 for your balance, 2 for a colleague, 3 to leave a message."


def test_right_pin_tells_the_balance_and_the_menu_again(
    phone_system: PhoneSystem,
) -> None:
    call = phone_system.incoming_call()
    assert call.heard == ["Welcome to Example Limited.", MENU]

    call.press("1").press("1234")

    assert call.heard[-2:] == ["Hello Anna, your balance is 12.50.", MENU]
    assert call.press("2").transferred_to == "2000"


@pytest.mark.parametrize("pins", [["0000", "9999", "4321"], ["1235", "*#*#", "ABCD"]])
def test_three_wrong_pins_end_the_call(
    phone_system: PhoneSystem, pins: list[str]
) -> None:
    call = phone_system.incoming_call().press("1")

    for pin in pins[:2]:
        call.press(pin)
        assert call.heard[-1] == "That PIN is not valid, please try again."
    call.press(pins[2])

    assert call.heard[-1] == "That PIN is not valid. Good bye."
    assert call.state == CallState.COMPLETED


@pytest.mark.parametrize("key", "04567890*#ABCD")
def test_other_keys_are_no_choice(phone_system: PhoneSystem, key: str) -> None:
    call = phone_system.incoming_call().press(key)

    assert call.heard[-1] == "That is no choice. Good bye."
    assert call.state == CallState.COMPLETED


def test_a_caller_who_presses_nothing_is_hung_up(phone_system: PhoneSystem) -> None:
    call = phone_system.incoming_call().wait()

    assert call.heard[-1] == "That is no choice. Good bye."
    assert call.state == CallState.COMPLETED


def test_nobody_answers_so_a_message_is_left(
    app: Flask, phone_system: PhoneSystem
) -> None:
    phone_system.extensions["2000"] = "no answer"

    call = phone_system.incoming_call(caller="<b>500").press("2")
    call.record(seconds=15, press="#")

    assert call.transferred_to is None
    assert call.heard[-1] == "Thank you for your message. Good bye."
    assert "&lt;b&gt;500: 15.0 s, http" in app.test_client().get("/").text


def test_silence_is_no_voicemail(app: Flask, phone_system: PhoneSystem) -> None:
    call = phone_system.incoming_call().press("3").wait()

    assert call.heard[-1] == "We could not hear you. Good bye."
    assert "voicemail" not in app.test_client().get("/").text


@pytest.mark.parametrize("delivered", [True, False])
def test_a_text_message_is_answered_and_the_report_kept(
    app: Flask, phone_system: PhoneSystem, delivered: bool
) -> None:
    phone_system.incoming_sms("+36301112222", message="'); DROP TABLE log; --")

    [reply] = phone_system.sms_sent
    assert (reply.message, reply.recipient) == (
        "Thank you. We will call you back today.",
        "+36301112222",
    )
    phone_system.deliver(reply, delivered)
    page = app.test_client().get("/").text
    assert "message: +36301112222: &#39;); DROP TABLE log; --" in page
    assert ("not delivered" in page) is not delivered


def test_a_text_message_of_a_name_is_kept_only(
    app: Flask, phone_system: PhoneSystem
) -> None:
    phone_system.incoming_sms("Bank", message="Hi")

    assert phone_system.sms_sent == []
    assert "message: Bank: Hi" in app.test_client().get("/").text


def test_the_team_is_rung_one_after_another(phone_system: PhoneSystem) -> None:
    phone_system.extensions.update({"101": "no answer", "102": "busy"})
    assert phone_system.route(dialed="1500").destination == "103"

    phone_system.extensions["103"] = "not found"
    assert phone_system.route(dialed="1500").destination == "9997"

    phone_system.extensions["9997"] = "busy"
    assert str(phone_system.route(dialed="1500")).endswith("9997: busy\n* rejected")


def test_who_comes_to_the_voicemail_leaves_a_message(
    app: Flask, phone_system: PhoneSystem
) -> None:
    call = phone_system.incoming_call(api_extension="9997").record(press="#")

    assert call.heard[-1] == "Thank you for your message. Good bye."
    assert "500: 5.0 s" in app.test_client().get("/").text


def test_other_numbers_are_left_to_the_dial_plan(phone_system: PhoneSystem) -> None:
    assert phone_system.route(dialed="1501").destination is None


def test_calls_are_logged(app: Flask, phone_system: PhoneSystem) -> None:
    phone_system.call_between("103", "101").answer().hang_up()

    page = app.test_client().get("/").text
    assert page.count("103 to 101") == 1
    assert "103 to 101: Completed" in page


def test_a_failure_is_an_apology(
    app: Flask, phone_system: PhoneSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    call = phone_system.incoming_call().press("1")
    monkeypatch.setattr("example_app.ACCOUNTS", None)
    app.instance_path += "/gone"

    call.press("1234")
    phone_system.incoming_sms(message="Hi")

    assert call.heard[-1].startswith("We are sorry, something went wrong.")
    assert call.state == CallState.COMPLETED
    assert len(phone_system.failures) == 3
    assert phone_system.sms_sent == []


def test_random_callers_find_nothing(phone_system: PhoneSystem) -> None:
    assert phone_system.random_caller(seed=1, steps=200) == []


def test_the_key_is_made_once(app: Flask, tmp_path: Path) -> None:
    from example_app import create_app

    assert create_app(str(tmp_path)).secret_key == app.secret_key
    assert len(app.secret_key or "") == 64


@pytest.fixture
def two_workers(app: Flask, tmp_path: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        command = [sys.executable, "-m", "gunicorn", "-w", "2"]
        command += ["-b", f"fd://{listening.fileno()}"]
        command += [f"example_app:create_app({str(tmp_path)!r})"]
        with subprocess.Popen(
            command, cwd=ROOT, pass_fds=[listening.fileno()], stderr=subprocess.DEVNULL
        ) as process:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            process.terminate()


def play(system: PhoneSystem) -> str:
    """Play what the tests above play in one phone system; return the transcript."""
    system.extensions["2000"] = "busy"
    for keys in (["1", "1234", "2"], ["1", "0000", "1111", "9999"]):
        call = system.incoming_call()
        for key in keys:
            call.press(key)
        call.hang_up()
    system.incoming_call().press("3").record(press="#")
    system.incoming_call().wait()
    system.incoming_sms("+36301112222", message="Hi")
    system.deliver(system.sms_sent[0])
    system.route(dialed="1500")
    system.call_between().answer().hang_up()
    assert system.errors == []
    return "\n".join(map(str, system.sessions))


def test_calls_sound_the_same_with_two_workers(
    phone_system: PhoneSystem, two_workers: str
) -> None:
    at_their_own = {
        kind: url.replace("http://localhost", two_workers)
        for kind, url in phone_system.urls.items()
    }

    assert play(PhoneSystem(two_workers, at_their_own)) == play(phone_system)
