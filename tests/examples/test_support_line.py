"""Calls with the support line."""

import re
import typing as t
from collections.abc import Mapping
from datetime import datetime
from datetime import timedelta
from datetime import UTC
from pathlib import Path

import pytest
from flask import Flask

from examples.support_line import call_log
from examples.support_line import create_app
from examples.support_line import messages
from examples.support_line.database import execute
from examples.support_line.opening_hours import DAYS
from flask_ozml.simulator import Call
from flask_ozml.simulator import PhoneSystem
from workers import two_workers

PIN = "258046"
MAILBOX = "9997"
ENGLISH = "Welcome to the support line. For English, press 1."
GERMAN = "Für Deutsch drücken Sie die 2."
MENU = (
    "To talk to us, press 1. To leave a message, press 2. For another language,"
    " press 9."
)
CONNECTING = "One moment, please. We are looking for a free colleague."
NOBODY = (
    "All colleagues are busy. To try again, press 1. To leave a message, press 2. For"
    " the main menu, press 9."
)
LEAVE_MESSAGE = "Please speak after this sentence, and press the hash key at the end."
THANKS = "Thank you. We will call you back. Good bye."
ENTER_PIN = "Please enter the PIN of the mailbox."
CLOSED = "The mailbox is closed. Please try again later."

pytest_plugins = ["flask_ozml.pytest_plugin"]


@pytest.fixture
def config() -> dict[str, t.Any]:
    """Return the configuration: always open. Tests may change it."""
    return {
        "SUPPORT_HOURS": dict.fromkeys(DAYS, "00:00-24:00"),
        "SUPPORT_PIN": PIN,
        "TESTING": True,
    }


@pytest.fixture
def app(config: Mapping[str, t.Any], tmp_path: Path) -> Flask:
    return create_app(config, str(tmp_path))


def last_call(app: Flask) -> dict[str, t.Any]:
    """Return the newest call that the line answered, as the log has it."""
    with app.app_context():
        return next(dict(row) for row in call_log.last_calls() if row["note"])


@pytest.mark.parametrize(
    "key, prompt, language",
    [
        ("1", MENU, "en"),
        ("2", "Um mit uns zu sprechen, drücken Sie die 1.", "de"),
        ("5", MENU, "en"),
    ],
)
def test_callers_choose_their_language(
    app: Flask, phone_system: PhoneSystem, key: str, prompt: str, language: str
) -> None:
    call = phone_system.incoming_call().press(key)

    assert call.heard[:2] == [ENGLISH, GERMAN]
    assert call.heard[2].startswith(prompt)
    assert last_call(app)["language"] == language


def test_callers_who_press_nothing_hear_everything_once_and_are_hung_up(
    phone_system: PhoneSystem,
) -> None:
    call = phone_system.incoming_call().wait(300)

    assert call.heard == [ENGLISH, GERMAN, MENU, "Thank you for calling. Good bye."]
    assert not call.live


def test_the_language_can_be_changed(phone_system: PhoneSystem) -> None:
    call = phone_system.incoming_call().press("1").press("9").press("2")

    assert call.heard[3:5] == [ENGLISH, GERMAN]
    assert call.heard[5].startswith("Um mit uns zu sprechen")


@pytest.mark.parametrize(
    "language, outcomes, agent",
    [
        ("1", {}, "101"),
        ("1", {"101": "busy"}, "102"),
        ("2", {}, "201"),
        ("2", {"201": "no answer"}, "102"),
        ("2", {"201": "not found", "102": "busy"}, None),
    ],
)
def test_the_agents_of_a_language_are_tried_in_their_order(
    phone_system: PhoneSystem,
    language: str,
    outcomes: dict[str, t.Any],
    agent: str | None,
) -> None:
    phone_system.extensions.update(outcomes)

    call = phone_system.incoming_call().press(language).press("1")

    assert call.transferred_to == agent


def test_without_a_free_agent_callers_try_again_or_go_back_to_the_menu(
    app: Flask, phone_system: PhoneSystem
) -> None:
    phone_system.extensions.update({"101": "busy", "102": "busy"})
    call = phone_system.incoming_call().press("1").press("1")
    assert call.heard[-1] == NOBODY
    assert last_call(app)["note"] == "reached no agent"

    assert call.press("1").heard[-2:] == [CONNECTING, NOBODY]
    assert call.press("9").heard[-1] == MENU
    phone_system.extensions["102"] = "answered"
    assert call.press("1").transferred_to == "102"
    assert last_call(app)["note"] == "asked for an agent"


def test_callers_leave_a_message(app: Flask, phone_system: PhoneSystem) -> None:
    call = phone_system.incoming_call(caller="+36301112222")
    call.press("1").press("2").record(seconds=14, press="#")

    assert call.heard[-2:] == [LEAVE_MESSAGE, THANKS]
    with app.app_context():
        (message,) = messages.older_than()
    assert (message.caller, message.seconds) == ("+36301112222", 14)
    assert message.url.startswith("http://")
    assert not message.heard
    assert last_call(app)["note"] == "left a message (14 s)"


def test_silence_is_no_message(app: Flask, phone_system: PhoneSystem) -> None:
    call = phone_system.incoming_call().press("1").press("2").wait(60)

    assert call.heard[-1] == "We could not hear you. Good bye."
    with app.app_context():
        assert messages.older_than() == []


class TestClosed:
    @pytest.fixture
    def config(self) -> dict[str, t.Any]:
        return {"SUPPORT_HOURS": {}, "SUPPORT_PIN": PIN, "TESTING": True}

    def test_nobody_is_connected_but_messages_are_taken(
        self, app: Flask, phone_system: PhoneSystem
    ) -> None:
        call = phone_system.incoming_call().press("1")
        assert call.heard[-1] == (
            "We are closed now. To leave a message, press 2. For another language,"
            " press 9."
        )
        assert last_call(app)["note"] == "called while closed"

        call.press("2").record(press="#")
        assert call.heard[-1] == THANKS

    def test_no_key_leads_to_an_agent(self, phone_system: PhoneSystem) -> None:
        call = phone_system.incoming_call().press("1").press("1")

        assert call.transferred_to is None
        assert call.heard[-1] == "Thank you for calling. Good bye."


class TestOpeningSoon:
    @pytest.fixture
    def config(self) -> dict[str, t.Any]:
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        hours = {DAYS[tomorrow.weekday()]: "08:30-17:00"}
        return {"SUPPORT_HOURS": hours, "SUPPORT_TIMEZONE": "UTC", "TESTING": True}

    def test_callers_hear_when_the_line_opens(self, phone_system: PhoneSystem) -> None:
        call = phone_system.incoming_call().press("1")

        assert re.search(r"We open again on [A-Z]\w+day at 08:30\.", call.heard[-1])


def keep_messages(app: Flask, *callers: str) -> None:
    with app.app_context():
        for number, caller in enumerate(callers):
            messages.add(caller, f"http://pbx.example/{number}.mp3", 5)


def callers_of(app: Flask, heard: bool | None = None) -> list[str]:
    with app.app_context():
        found = messages.older_than()
    return [message.caller for message in found if heard in (None, message.heard)]


def test_the_mailbox_plays_the_messages_with_the_newest_first(
    app: Flask, phone_system: PhoneSystem
) -> None:
    keep_messages(app, "500", "600", "")
    call = phone_system.incoming_call(api_extension=MAILBOX)
    assert call.heard == [ENTER_PIN]

    call.press(PIN).press("2").press("2")
    call.press("2")

    spoken = " ".join(text for text in call.heard if text.startswith("M"))
    assert re.fullmatch(
        r"Messages: 3\. New: 3\."
        r" Message from an unknown number, received on \w+day at \d\d:\d\d\."
        r" Message from 6 0 0, received on \w+day at \d\d:\d\d\."
        r" Message from 5 0 0, received on \w+day at \d\d:\d\d\.",
        spoken,
    )
    played = [text for text in call.heard if "pbx.example" in text]
    assert len(played) == 3
    assert call.heard[-1] == "There are no more messages. Good bye."


def test_a_message_is_new_until_it_was_played(
    app: Flask, phone_system: PhoneSystem
) -> None:
    keep_messages(app, "500", "600")

    call = phone_system.incoming_call(api_extension=MAILBOX).press(PIN).press("1")
    call.hang_up()

    assert call.heard.count("Messages: 2. New: 2.") == 1
    assert callers_of(app, heard=True) == ["600"]
    again = phone_system.incoming_call(api_extension=MAILBOX).press(PIN)
    assert "Messages: 2. New: 1." in again.heard


def test_a_message_is_deleted(app: Flask, phone_system: PhoneSystem) -> None:
    keep_messages(app, "500", "600")

    call = phone_system.incoming_call(api_extension=MAILBOX).press(PIN).press("3")

    assert "The message is deleted." in call.heard
    assert callers_of(app) == ["500"]


def test_the_team_reaches_the_mailbox_from_the_menu(
    app: Flask, phone_system: PhoneSystem
) -> None:
    call = phone_system.incoming_call().press("1").press("*")

    assert call.heard[-1] == ENTER_PIN
    assert "Messages: 0. New: 0." in call.press(PIN).heard


def test_three_wrong_pins_end_the_call(phone_system: PhoneSystem) -> None:
    call = phone_system.incoming_call(api_extension=MAILBOX)

    for _ in range(2):
        call.press("000000")
        assert call.heard[-1] == "That is not the PIN. Please try again."
    call.press("******")

    assert call.heard[-1] == "Good bye."
    assert not call.live


def test_ten_wrong_pins_close_the_mailbox_for_an_hour(
    app: Flask, phone_system: PhoneSystem
) -> None:
    for _ in range(3):
        call = phone_system.incoming_call(api_extension=MAILBOX)
        call.press("000000").press("000000").press("000000")
    call = phone_system.incoming_call(api_extension=MAILBOX).press("000000")

    assert call.press(PIN).heard[-1] == CLOSED
    assert phone_system.incoming_call(api_extension=MAILBOX).heard == [CLOSED]
    with app.app_context():
        hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat(
            timespec="seconds"
        )
        execute("UPDATE wrong_pins SET at = ?", hour_ago)
    assert phone_system.incoming_call(api_extension=MAILBOX).heard == [ENTER_PIN]


class TestWithoutPin:
    @pytest.fixture
    def config(self) -> dict[str, t.Any]:
        return {"TESTING": True}

    def test_the_mailbox_is_closed(self, phone_system: PhoneSystem) -> None:
        call = phone_system.incoming_call(api_extension=MAILBOX)

        assert call.heard == [CLOSED]


def test_the_log_has_the_caller_and_the_agent_who_answered(
    app: Flask, phone_system: PhoneSystem
) -> None:
    phone_system.extensions["101"] = "busy"

    phone_system.incoming_call(caller="+36301112222").press("1").press("1")

    with app.app_context():
        rows = [dict(row) for row in call_log.last_calls()]
    assert [(row["caller"], row["callee"], row["state"]) for row in rows] == [
        ("+36301112222", "102", "InCall"),
        ("+36301112222", "9998", "Transferred"),
    ]


def test_a_failure_is_an_apology(
    app: Flask, phone_system: PhoneSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    call = phone_system.incoming_call()
    monkeypatch.setattr("examples.support_line.menus.TEXTS", {})

    call.press("1")

    assert call.heard[-1].startswith("We are sorry, something went wrong.")
    assert not call.live
    assert len(phone_system.failures) == 1


def test_a_call_that_cannot_be_logged_is_not_answered_with_an_apology(
    app: Flask, phone_system: PhoneSystem
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.instance_path += "/gone"

    call = phone_system.call_between("103", "101").answer()

    assert call.commands == []
    assert phone_system.failures


@pytest.mark.parametrize("seed", range(2))
def test_random_callers_of_the_line_find_nothing(
    phone_system: PhoneSystem, seed: int
) -> None:
    assert phone_system.random_caller(seed, 200) == []


def test_random_callers_of_the_mailbox_find_nothing(
    app: Flask, phone_system: PhoneSystem
) -> None:
    keep_messages(app, *["500"] * 50)

    def start() -> Call:
        return phone_system.incoming_call(api_extension=MAILBOX).press(PIN)

    assert phone_system.random_caller(1, 200, start=start) == []


def play(system: PhoneSystem) -> str:
    """Play all kinds of calls, and return the transcripts without their times."""
    system.extensions.update({"101": "busy", "201": "no answer", "102": "no answer"})
    system.incoming_call().press("2").press("1").press("9").hang_up()
    system.incoming_call().press("1").press("1").press("2").record(press="#")
    system.incoming_call().press("1").press("*").press("000000").hang_up()
    system.incoming_call(api_extension=MAILBOX).press(PIN).press("1").press("3")
    system.incoming_call().wait(300)
    system.call_between().answer().hang_up()
    assert system.errors == []
    return re.sub("[0-9]{2}:[0-9]{2}", "", "\n".join(map(str, system.sessions)))


def test_calls_sound_the_same_with_two_workers(
    app: Flask, config: dict[str, t.Any], phone_system: PhoneSystem, tmp_path: Path
) -> None:
    arguments = f"{config!r}, {str(tmp_path)!r}"
    with two_workers(f"examples.support_line:create_app({arguments})") as address:
        urls = {
            extension: {
                kind: url.replace("http://localhost", address)
                for kind, url in row.items()
            }
            for extension, row in phone_system.urls.items()
        }
        heard = play(PhoneSystem(address, urls))

    assert heard == play(phone_system)
