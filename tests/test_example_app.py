"""Calls and text messages with the example application."""

from pathlib import Path

import pytest
from flask import Flask

from flask_ozml.notifications import CallState
from flask_ozml.simulator import PhoneSystem
from workers import two_workers

ROOT = Path(__file__).parent.parent
MENU = "Press 1 for your balance, 2 for a colleague, 3 to leave a message."

pytest_plugins = ["flask_ozml.pytest_plugin"]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.delenv("FLASK_SECRET_KEY", raising=False)
    monkeypatch.syspath_prepend(ROOT)
    from example_app import create_app

    app = create_app(str(tmp_path))
    app.config["OZML_PUBLIC_URL"] = "http://localhost"
    app.testing = True
    return app


def page_of(app: Flask) -> str:
    """Return the page as somebody sees it who is logged in."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["user"] = "staff"
    return client.get("/").text


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


def test_after_a_hundred_wrong_pins_no_pin_is_valid_for_an_hour(
    app: Flask, phone_system: PhoneSystem
) -> None:
    from example_app import execute
    from example_app import keep

    def hear(*pins: str) -> str:
        call = phone_system.incoming_call().press("1")
        for pin in pins:
            call.press(pin)
        return call.hang_up().heard[-2]

    assert hear("0000", "1111", "2222").startswith("That PIN is not valid")
    with app.app_context():
        for _ in range(96):
            keep("wrong PIN", "", "from 500")
    assert hear("1234") == "Hello Anna, your balance is 12.50."
    assert hear("3333", "1234").startswith("That PIN is not valid")

    with app.app_context():
        execute("UPDATE log SET at = datetime('now', '-1 hour')")
    assert hear("1234") == "Hello Anna, your balance is 12.50."
    assert "0000" not in page_of(app)


@pytest.mark.parametrize("key", "04567890*#ABCD")
def test_other_keys_are_no_choice(phone_system: PhoneSystem, key: str) -> None:
    call = phone_system.incoming_call().press(key)

    assert call.heard[-1] == "That is no choice. Good bye."
    assert call.state == CallState.COMPLETED


@pytest.mark.parametrize("keys", [[], ["1"]])
def test_a_caller_who_presses_nothing_is_hung_up(
    phone_system: PhoneSystem, keys: list[str]
) -> None:
    call = phone_system.incoming_call()
    for key in keys:
        call.press(key)

    call.wait(60)

    assert call.heard[-1] == "That is no choice. Good bye."
    assert call.state == CallState.COMPLETED


def test_a_message_is_taken_when_the_colleague_does_not_answer(
    app: Flask, phone_system: PhoneSystem
) -> None:
    phone_system.extensions["2000"] = "no answer"

    call = phone_system.incoming_call(caller="<b>500").press("2")
    call.record(seconds=15, press="#")

    assert call.transferred_to is None
    assert call.heard[-1] == "Thank you for your message. Good bye."
    assert "&lt;b&gt;500: 15.0 s, http" in page_of(app)


def test_silence_is_no_voicemail(app: Flask, phone_system: PhoneSystem) -> None:
    call = phone_system.incoming_call().press("3").wait(60)

    assert call.heard[-1] == "We could not hear you. Good bye."
    assert "voicemail" not in page_of(app)


def test_the_voicemail_extension_takes_a_message(
    app: Flask, phone_system: PhoneSystem
) -> None:
    call = phone_system.incoming_call(api_extension="9997").record(press="#")

    assert call.heard[-1] == "Thank you for your message. Good bye."
    assert "500: 5.0 s" in page_of(app)


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
    page = page_of(app)
    assert "+36301112222: &#39;); DROP TABLE log; --" in page
    assert f"+36301112222: {'' if delivered else 'not '}delivered" in page


@pytest.mark.parametrize("sender", ["Bank", "+43111222", "0690123456", ""])
def test_names_and_numbers_that_may_not_be_called_get_no_answer(
    app: Flask, phone_system: PhoneSystem, sender: str
) -> None:
    phone_system.incoming_sms(sender, message="Hi")

    assert phone_system.sms_sent == []
    assert f"{sender}: Hi" in page_of(app)


def test_text_messages_without_an_id_do_not_replace_each_other(app: Flask) -> None:
    for message in ("first", "second"):
        answer = post(
            app,
            "incoming_sms",
            f"NotificationName=IncomingSMS&Sender=06203123412&ID=&Message={message}",
        )
        assert "We will call you back today." in answer

    assert "06203123412: first" in page_of(app)
    assert "06203123412: second" in page_of(app)


def post(app: Flask, kind: str, body: str) -> str:
    """Post a notification and return the answer."""
    from example_app import phone

    with app.app_context():
        url = phone.urls()[kind]
    form = "application/x-www-form-urlencoded"
    return app.test_client().post(url, data=body, content_type=form).text


def test_the_team_is_rung_one_after_another(phone_system: PhoneSystem) -> None:
    phone_system.extensions.update({"101": "no answer", "102": "busy"})
    assert phone_system.route(dialed="1500").destination == "103"

    phone_system.extensions["103"] = "not found"
    assert phone_system.route(dialed="1500").destination == "9997"

    phone_system.extensions["9997"] = "busy"
    assert str(phone_system.route(dialed="1500")).endswith("9997: busy\n* rejected")


@pytest.mark.parametrize(
    "state, last, destination",
    [
        ("Calling", "1200", "101"),  # the vendor's example
        ("Calling", "9997", "101"),
        ("Calling", "101", "101"),
        ("Busy", "1200", "101"),
        ("Busy", "101", "102"),
        ("NoAnswer", "102", "103"),
        ("NotFound", "103", "9997"),
        ("Error", "9997", ""),
    ],
)
def test_routing_begins_with_the_first_of_the_team(
    app: Flask, state: str, last: str, destination: str
) -> None:
    body = (
        "NotificationName=RoutingInterception&CallerID=1000&OriginalDialedNumber=1500"
        f"&LastDialedNumber=431413&LastCalledExtension={last}&LastCallState={state}"
        "&ApiExtension=9999"
    )

    answer = post(app, "routing_interception", body)

    assert f'<Route Destination="{destination}" RingTime="20"/>' in answer


def test_other_numbers_are_left_to_the_dial_plan(phone_system: PhoneSystem) -> None:
    assert phone_system.route(dialed="1501").destination is None


def test_calls_are_logged(app: Flask, phone_system: PhoneSystem) -> None:
    phone_system.call_between("103", "101").answer().hang_up()

    page = page_of(app)
    assert page.count("103 to 101") == 1
    assert "103 to 101: Completed" in page


def test_a_failure_is_an_apology(
    app: Flask, phone_system: PhoneSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    call = phone_system.incoming_call().press("1")
    monkeypatch.setattr("example_app.ACCOUNTS", None)

    call.press("1234")

    assert call.heard[-1].startswith("We are sorry, something went wrong.")
    assert call.state == CallState.COMPLETED
    assert len(phone_system.failures) == 1


def test_a_text_message_that_cannot_be_kept_is_not_answered(
    app: Flask, phone_system: PhoneSystem
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.instance_path += "/gone"

    phone_system.incoming_sms(message="Hi")

    assert phone_system.sms_sent == []
    assert len(phone_system.failures) == 1


@pytest.mark.parametrize("extension", ["9998", "9997"])
def test_random_callers_find_nothing(phone_system: PhoneSystem, extension: str) -> None:
    assert phone_system.random_caller(1, 200, api_extension=extension) == []


def test_the_key_is_made_once(app: Flask, tmp_path: Path) -> None:
    from example_app import create_app

    assert create_app(str(tmp_path)).secret_key == app.secret_key
    assert len(app.secret_key or "") == 64


def test_it_has_at_most_250_lines() -> None:
    assert len((ROOT / "example_app.py").read_text().splitlines()) <= 250


def play(system: PhoneSystem) -> str:
    """Play all kinds of calls and messages, and return the transcripts."""
    system.extensions["2000"] = "busy"
    for keys in (["1", "1234", "2"], ["1", "0000", "1111", "9999"]):
        call = system.incoming_call()
        for key in keys:
            call.press(key)
        call.hang_up()
    system.incoming_call().press("3").record(press="#")
    system.incoming_call().wait(60)
    system.incoming_sms("+36301112222", message="Hi")
    system.deliver(system.sms_sent[0])
    system.route(dialed="1500")
    system.call_between().answer().hang_up()
    assert system.errors == []
    return "\n".join(map(str, system.sessions))


def test_calls_sound_the_same_with_two_workers(
    app: Flask, phone_system: PhoneSystem, tmp_path: Path
) -> None:
    from example_app import phone

    with app.app_context():
        urls = phone.urls()
    with two_workers(f"example_app:create_app({str(tmp_path)!r})") as address:
        at_their_own = {
            kind: urls[kind].replace("http://localhost", address)
            for kind in phone_system.urls
        }
        heard = play(PhoneSystem(address, at_their_own))

    assert heard == play(phone_system)
