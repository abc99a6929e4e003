import io
import typing as t

import pytest

from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Call
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Play
from flask_ozml.commands import Record
from flask_ozml.commands import Route
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.simulator import phone
from flask_ozml.simulator import PhoneSystem
from simulator_pages import Pages
from simulator_pages import url

PIN = UserInput(
    Speak("Please enter your PIN."),
    digits=4,
    timeout=10,
    repeat=True,
    forward_to_url=url("pin"),
)
MENU = UserInput(
    Speak("Press 1 or 2."),
    inputs={"1": Speak("One."), "2": BlindTransfer("2000")},
    timeout=3,
)


def bank(**pages: t.Any) -> Pages:
    return Pages(incoming_call=[PIN], pin=[MENU], **pages)


def called(pages: Pages, **arguments: t.Any) -> tuple[int, list[str]]:
    out = io.StringIO()
    status = phone.call(
        pages.system, out, caller="+36301112222", api_extension="9998", **arguments
    )
    return status, out.getvalue().splitlines()


def test_a_transcript() -> None:
    assert called(bank(), press=["1234", "2"]) == (
        0,
        [
            "Call from +36301112222 to 9998",
            "< Please enter your PIN.",
            "> 1234",
            "< Press 1 or 2.",
            "> 2",
            "* transferred to 2000",
        ],
    )


def test_without_keys_the_caller_hangs_up() -> None:
    assert called(bank())[1][1:] == ["< Please enter your PIN.", "> (hangs up)"]


def test_keys_after_the_end_are_named() -> None:
    status, lines = called(bank(), press=["1234", "1999", "7"])
    assert status == 0
    assert lines[-5:] == [
        "> 1999",
        "< One.",
        "* hung up",
        "> (the call ended before 1999 could be entered)",
        "> (the call ended before 7 could be entered)",
    ]


def test_interactive() -> None:
    typed = io.StringIO("\n12\nhelp me\n34\n\n")
    status, lines = called(bank(), typed=typed)
    assert status == 0
    assert lines == [
        phone.HELP,
        "Call from +36301112222 to 9998",
        "< Please enter your PIN.",
        "> > (waits)",
        "< Please enter your PIN.",
        f"> > {phone.HELP}",
        "> < Press 1 or 2.",
        "> > (waits)",
        "* hung up",
    ]


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        ({"press": ["1"]}, "* hung up"),
        ({"typed": io.StringIO("1\n")}, "* hung up"),
        ({"hang_up_after": 4}, "> (hangs up)"),
        ({}, "> (hangs up)"),
    ],
)
def test_a_caller_goes_on_after_a_transfer_to_another_api_extension(
    arguments: t.Any, last: str
) -> None:
    desk = UserInput(Speak("Desk."), inputs={"1": Speak("One.")}, repeat=True)
    pages = Pages(hall=[Play("hall.wav"), BlindTransfer("9997")], desk=[desk])
    pages.system = PhoneSystem(
        pages.app,
        {"": {"incoming_call": url("hall")}, "9997": {"incoming_call": url("desk")}},
    )
    pages.system.audio["hall.wav"] = 3.0
    status, lines = called(pages, **arguments)
    assert (status, lines[-1]) == (0, last)
    assert "Call from +36301112222 to 9997" in lines
    assert not pages.system.live_calls
    if "hang_up_after" in arguments:
        assert [call.clock for call in pages.system.calls] == [3, 1]


def test_the_end_of_the_lines_hangs_up() -> None:
    status, lines = called(bank(), typed=io.StringIO("1"))
    assert status == 0
    assert lines[-2:] == ["> > ", "> (hangs up)"]


def test_words_are_spoken_into_a_recording() -> None:
    record = Record(finished_url=url("done"), finish_digits="#")
    pages = Pages(incoming_call=[record], done=[Speak("Thank you.")])
    status, lines = called(pages, typed=io.StringIO("Hello my friends\n\n#\n"))
    assert status == 0
    assert lines[2:] == [
        "* records",
        "> > (speaks for 3 s)",
        "> > (waits 10 s)",
        "> * recorded 3 s",
        "< Thank you.",
        "* hung up",
    ]


def test_an_answer_that_is_refused() -> None:
    status, lines = called(Pages(incoming_call="<html/>"))
    assert status == 1
    assert lines == [
        "Call from +36301112222 to 9998",
        "! 300 Error occured during parsing message: 'The root element is 'html', not"
        " 'Response'.'",
        "The phone system reports parse error (300): Error occured during parsing"
        " message: 'The root element is 'html', not 'Response'.'",
    ]


def test_an_application_that_raises() -> None:
    def fail() -> t.NoReturn:
        raise ValueError("two\nlines")

    status, lines = called(Pages(incoming_call=[PIN], pin=fail), press=["1234"])
    assert status == 1
    assert lines[:3] == [
        "Call from +36301112222 to 9998",
        "< Please enter your PIN.",
        "> 1234",
    ]
    assert lines[3] == "Traceback (most recent call last):"
    assert lines[-1] == "ValueError: two lines"


def test_a_loop() -> None:
    pages = Pages(incoming_call=[PIN], pin=[GoTo(url("pin"))])
    status, lines = called(pages, press=["1234"])
    assert status == 1
    assert lines[-2:] == [
        "> 1234",
        "CallLoop: More than 50 notifications without the caller doing anything; the"
        " last would have been GoTo.",
    ]


def test_a_failure_that_the_caller_may_not_notice() -> None:
    pages = bank()
    pages.system.failures.append(KeyError("account"))
    status, lines = called(pages)
    assert status == 1
    assert lines[-1] == "The application failed: KeyError: 'account'"


def test_without_a_url() -> None:
    status, lines = called(Pages(incoming_sms=[]))
    assert status == 1
    assert lines == [
        "MissingUrl: The phone system was given no URL for 'incoming_call' of the API"
        " extension '9998', only for ['incoming_sms'].",
    ]


def test_sms() -> None:
    pages = Pages(incoming_sms=[SendSms("Thanks.", recipient="0620"), Hangup()])
    out = io.StringIO()
    status = phone.sms(
        pages.system,
        out,
        sender="0620",
        recipient="0630",
        message="Hi\nJohn!",
        api_extension="9999",
    )
    assert status == 0
    assert out.getvalue() == (
        "Text message from 0620: Hi John!\n"
        "* sends a text message to 0620: Thanks.\n"
        "* left out Hangup, there is no call\n"
    )


def test_route() -> None:
    pages = Pages(routing_interception=[Route("2000")])
    out = io.StringIO()
    assert phone.route(pages.system, out, caller="1000", dialed="1500") == 0
    assert out.getvalue() == (
        "Routing of a call from 1000 to 1500\n* rings 2000: answered\n"
    )


def test_a_caller_hangs_up_after_some_seconds() -> None:
    pages = Pages(incoming_call=[UserInput(Speak("menu"), repeat=True), Speak("never")])
    status, lines = called(pages, press=["1"], hang_up_after=3)
    assert (status, lines[-2:]) == (0, ["> (waits)", "> (hangs up)"])
    assert pages.system.calls[0].clock == 3


def test_a_callee_who_is_busy_is_no_failure_of_the_application() -> None:
    pages = Pages(incoming_call=[Call("2000", url=url("next"))])
    pages.system.extensions["2000"] = "busy"
    status, lines = called(pages)
    assert status == 0
    assert lines[-1].startswith("! 402 Call connect to '2000' failed with result state")


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        ([], ["* Ringing", "* InCall", "* Completed"]),
        ([Hangup()], ["* Ringing", "* cancelled", "* Cancelled"]),
    ],
)
def test_third_party(answer: t.Any, lines: list[str]) -> None:
    pages = Pages(call_changed=answer)
    out = io.StringIO()
    assert phone.third_party(pages.system, out, caller="103", callee="101") == 0
    assert out.getvalue().splitlines()[: len(lines) + 1] == [
        "Call from 103 to 101",
        *lines,
    ]


def test_third_party_hung_up_when_answered() -> None:
    pages = Pages(call_changed=lambda: hang_up if pages.states[-1] == "InCall" else [])
    hang_up: t.Any = [Hangup()]
    out = io.StringIO()
    assert phone.third_party(pages.system, out, caller="103", callee="101") == 0
    assert pages.states == ["Ringing", "InCall", "Completed"]


def test_error() -> None:
    pages, out = Pages(error=[]), io.StringIO()
    assert phone.error(pages.system, out, code=402, message="Nobody.") == 0
    assert out.getvalue() == "Error notification 402\n* 402 Nobody.\n"
    assert pages.values("error", "Code") == ["402"]


def test_a_transcript_cannot_control_the_terminal() -> None:
    pages = Pages(incoming_call=[Speak("beep \x9b31m")])
    status, lines = called(pages, colour=True)
    assert status == 0
    assert lines == [
        "Call from +36301112222 to 9998",
        "\x1b[36m< beep \ufffd31m\x1b[0m",
        "\x1b[33m* hung up\x1b[0m",
    ]


def test_a_traceback_cannot_control_the_terminal() -> None:
    def fail() -> t.NoReturn:
        raise ValueError("two\n\x1b[31m lines")

    status, lines = called(Pages(incoming_call=fail))
    assert status == 1
    assert lines[-3:] == [
        "ValueError: two",
        "\ufffd[31m lines",
        "ValueError: two \ufffd[31m lines",
    ]
    assert '    raise ValueError("two\\n\\x1b[31m lines")' in lines


@pytest.mark.parametrize(
    ("encoding", "replaced"), [("ascii", "?"), ("latin-1", "ó"), ("utf-8", "ó")]
)
def test_what_the_stream_cannot_encode_is_replaced(
    encoding: str, replaced: str
) -> None:
    def fail() -> t.NoReturn:
        raise ValueError("Só")

    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding)
    pages = Pages(incoming_call=[Speak("Jó"), GoTo(url("goto"))], goto=fail)
    phone.call(pages.system, out, caller="1", api_extension="2")
    shown = raw.getvalue().decode(encoding)
    assert f"< J{replaced}\n" in shown
    assert f"\nValueError: S{replaced}\n" in shown
