"""Applications as others write them run as their authors meant."""

import runpy
from pathlib import Path

import pytest
from flask import Flask

from flask_ozml.notifications import CallState
from flask_ozml.simulator import CallLoop
from flask_ozml.simulator import PhoneSystem

APPS = runpy.run_path(str(Path(__file__).parents[1] / "data" / "foreign" / "apps.py"))

PIN = "Welcome to our bank. Please enter your PIN code."
WRONG = "The PIN code is not valid. Please try again."
MENU = "Hello Jane. To hear your balance press one. To talk to a colleague press two."
BOX = [
    "You have one new message.",
    "Press one to listen to it, press two to leave one.",
]


def calling(app: Flask) -> PhoneSystem:
    return PhoneSystem(app, {"incoming_call": "http://yourapp.com/incoming_call.php"})


def test_pin_and_balance() -> None:
    system = calling(APPS["bank"]("members_area.php"))
    call = system.incoming_call().wait().press("9999").press("1234").wait()
    assert call.heard == [PIN, PIN, WRONG, MENU, MENU]
    assert call.press("1").heard[-1] == "Your balance is 2500 dollars."
    assert call.state is CallState.COMPLETED
    assert not system.errors


def test_pin_and_a_colleague() -> None:
    call = calling(APPS["bank"]("members_area.php")).incoming_call()
    assert call.press("1234").press("2").transferred_to == "2000"


def test_a_right_pin_that_goes_to_itself() -> None:
    call = calling(APPS["bank"]("dtmf_received.php")).incoming_call()
    with pytest.raises(CallLoop, match="50 notifications"):
        call.press("1234")
    assert call.state is CallState.ERROR


def test_voicemail_is_listened_to() -> None:
    recorded: list[dict[str, str]] = []
    call = calling(APPS["voicemail"]("voicemail", recorded)).incoming_call()
    assert call.heard == BOX[:1]
    below = "Press star to go back, three to answer."
    assert call.press("1").heard == [*BOX, "From John.", "voicemails/1.mp3", below]
    assert call.press("*").wait().heard[5:] == BOX
    assert call.press("1").press("3").transferred_to == "104"
    assert recorded == []


def test_voicemail_is_left() -> None:
    recorded: list[dict[str, str]] = []
    call = calling(APPS["voicemail"]("voicemail", recorded)).incoming_call("103", "101")
    call.press("2").record(seconds=15, press="1")
    assert call.heard == [*BOX, "Stop by pressing 1.", "Thank you."]
    (posted,) = recorded
    assert posted.pop("RecordURL").endswith(".wav")
    assert posted == {
        "NotificationName": "RecordCompleted",
        "Success": "true",
        "Duration": "15",
        "Caller": "103",
        "Callee": "101",
    }


def test_voicemail_prompt_repeats_after_its_delay() -> None:
    call = calling(APPS["voicemail"]("voicemail", [])).incoming_call()
    assert call.wait(2).heard == BOX
    assert call.wait(25).heard == BOX * 3


def test_p5403_foreach_is_not_simulated() -> None:
    call = calling(APPS["voicemail"]("voicemail_foreach", [])).incoming_call()
    prompt = "Press one to listen to your messages."
    assert call.press("1").heard == [prompt] * 2
    assert str(call).endswith("> 1\n* ForEach is not simulated\n* hung up")
    assert not call.errors


@pytest.mark.parametrize(("key", "package"), [("1", "silver"), ("2", "gold")])
def test_subscription(key: str, package: str) -> None:
    call = calling(APPS["one_page"]("subscription")).incoming_call()
    prompt = ["For the silver package press one.", "For the golden package press two."]
    assert call.press("7").wait(8).press(key).heard == [
        *prompt * 3,
        f"You have chosen {package}.",
    ]
    assert call.state is CallState.COMPLETED


def test_gift_call() -> None:
    troubles: list[dict[str, str]] = []
    system = calling(APPS["gift"](troubles))
    assert system.incoming_call().heard == ["We will call your friend."]
    assert system.calls_placed[0].answer().heard == ["This is for you.", "birthday.mp3"]
    assert troubles == []
    system.incoming_call()
    system.calls_placed[1].refuse()
    assert [trouble["Code"] for trouble in troubles] == ["402"]


def test_reminder_call() -> None:
    system = calling(APPS["reminder"]())
    system.incoming_call()
    (patient,) = system.calls_placed
    assert patient.command.caller_display_name == "Dentist"
    assert patient.answer().heard == ["You have an appointment at 10:30."]


def test_failed_transfer() -> None:
    system = calling(APPS["one_page"]("failed_transfer"))
    system.extensions["102"] = "busy"
    assert system.incoming_call().heard == [
        "You will be transferred.",
        "The transfer was not successful.",
    ]
    del system.extensions["102"]
    assert system.incoming_call().transferred_to == "102"
