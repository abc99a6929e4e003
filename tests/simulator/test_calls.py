import typing as t

import pytest

from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Call
from flask_ozml.commands import Command
from flask_ozml.commands import Delay
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Play
from flask_ozml.commands import Record
from flask_ozml.commands import Reject
from flask_ozml.commands import SendEmail
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.errors import ConfigurationError
from flask_ozml.errors import InvalidParameter
from flask_ozml.errors import StatusCode
from flask_ozml.notifications import CallState
from flask_ozml.simulator import CallLoop
from flask_ozml.simulator import CallStateError
from simulator_pages import Pages
from simulator_pages import url

COMPLETED = CallState.COMPLETED
END = Speak("behind")


def played(*commands: Command, **pages: t.Any) -> Pages:
    return Pages(incoming_call=list(commands), **pages)


@pytest.mark.parametrize(
    ("commands", "heard", "state"),
    [
        ([], [], COMPLETED),
        ([Speak("a"), Play("b.wav")], ["a", "b.wav"], COMPLETED),
        ([Speak(" two\n   lines ")], ["two lines"], COMPLETED),
        ([Speak("a"), Hangup(), Speak("b")], ["a"], COMPLETED),
        ([Reject(), Speak("a")], [], CallState.BUSY),
        ([Speak("a"), Play("b.mp3", repeat=True), Speak("c")], ["a", "b.mp3"], None),
        ([BlindTransfer("2000"), Speak("a")], [], CallState.TRANSFERRED),
        ([BlindTransfer("busy"), Speak("a")], ["a"], COMPLETED),
        ([BlindTransfer("away"), Speak("a")], ["a"], COMPLETED),
    ],
)
def test_script(
    commands: list[Command], heard: list[str], state: CallState | None
) -> None:
    pages = played(*commands)
    pages.system.extensions |= {"busy": "busy", "away": "no answer"}
    call = pages.system.incoming_call()
    assert call.heard == heard
    assert call.state == (state or CallState.IN_CALL)
    assert not call.errors


def test_a_repeated_play_ends_with_the_call() -> None:
    call = played(Play("hello.wav", repeat=True), END).system.incoming_call()
    call.press("1").wait(100).record(5)
    assert call.patience is None
    assert call.hang_up().state is COMPLETED
    assert call.hang_up().wait(1).heard == ["hello.wav"]


def test_a_delay_takes_virtual_time() -> None:
    call = played(Delay(86_400), Speak("a")).system.incoming_call()
    assert (call.clock, call.heard) == (86_400, ["a"])


def test_incoming_call_is_posted_as_on_the_vendors_page() -> None:
    pages = played()
    pages.system.incoming_call("500", "9998")
    assert pages.posted == [
        (
            "incoming_call",
            "NotificationName=IncomingCall&CallLegID=L1&Caller=500&ApiExtension=9998",
        )
    ]


def test_without_a_url_nothing_can_be_posted() -> None:
    with pytest.raises(ConfigurationError, match="no URL for 'incoming_call'"):
        Pages(incoming_sms=[]).system.incoming_call()


MENU = UserInput(
    Speak("menu"),
    inputs={
        "1": Speak("one"),
        "12": [Speak("twelve"), Hangup()],
        "*": UserInput(
            Speak("below"), inputs={"1": Speak("deep")}, back_key="0", timeout=5
        ),
    },
    timeout=10,
    repeat=True,
)


@pytest.mark.parametrize(
    ("acts", "heard"),
    [
        ([], ["menu"]),
        ([9.5], ["menu"]),
        ([10], ["menu", "menu"]),
        ([30], ["menu"] * 4),
        (["1"], ["menu"]),
        (["1", 10], ["menu", "one", "behind"]),
        (["1", 9, "2"], ["menu", "twelve"]),
        (["13"], ["menu", "menu"]),
        (["7"], ["menu", "menu"]),
        (["*"], ["menu", "below"]),
        (["*1"], ["menu", "below", "deep", "behind"]),
        (["*0"], ["menu", "below", "menu"]),
        (["*", 5], ["menu", "below", "behind"]),
        (["*2"], ["menu", "below", "behind"]),
    ],
)
def test_menu(acts: list[str | float], heard: list[str]) -> None:
    call = played(MENU, END).system.incoming_call()
    for act in acts:
        call.press(act) if isinstance(act, str) else call.wait(act)
    assert call.heard == heard


@pytest.mark.parametrize(
    ("limits", "keys", "digits"),
    [
        ({}, "7", "7"),
        ({"digits": 4}, "1234", "1234"),
        ({"digits": 4}, "123", None),
        ({"digits": 4, "min_digits": 2}, "12", "12"),
        ({"digits": 4, "min_digits": 2}, "1", None),
        ({"min_digits": 2, "max_digits": 3}, "123", "123"),
        ({"min_digits": 2, "max_digits": 3}, "12", "12"),
        ({"min_digits": 2}, "12", "12"),
        ({"max_digits": 3}, "1", "1"),
        ({"max_digits": 3}, "*#D", "*#D"),
    ],
)
def test_digits(limits: dict[str, t.Any], keys: str, digits: str | None) -> None:
    prompt = UserInput(forward_to_url=url("keys"), timeout=5, **limits)
    pages = played(prompt, END, keys=[Speak("got it")])
    call = pages.system.incoming_call("500", "9998").press(keys).wait(5)
    expected = f"NotificationName=DtmfEntered&DtmfDigits={digits}"
    if digits is None:
        assert (pages.asked, call.heard) == (["incoming_call"], ["behind"])
    else:
        assert pages.posted[1:] == [
            ("keys", f"{expected}&CallLegID=L1&ApiExtension=9998")
        ]
        assert call.heard == ["got it", "behind"]


def test_an_input_may_be_shorter_than_the_digits_waited_for() -> None:
    prompt = UserInput(inputs={"0": Speak("desk")}, digits=4, timeout=5)
    assert played(prompt).system.incoming_call().press("0").wait(5).heard == ["desk"]


def test_a_timeout_without_digits_does_not_ask_the_url() -> None:
    pages = played(UserInput(digits=4, timeout=1, forward_to_url=url("keys")), END)
    assert pages.system.incoming_call().wait(1).heard == ["behind"]
    assert pages.asked == ["incoming_call"]


def test_the_back_key_of_an_upper_menu_goes_on_behind_it() -> None:
    pages = played(UserInput(Speak("a"), back_key="*", digits=3), END)
    assert pages.system.incoming_call().press("12*").heard == ["a", "behind"]


def test_an_answers_menu_is_no_submenu() -> None:
    inner = UserInput(Speak("inner"), back_key="0")
    menu = UserInput(Speak("outer"), inputs={"1": UserInput(forward_to_url=url("in"))})
    pages = played(menu, END, **{"in": [inner]})
    call = pages.system.incoming_call().press("1").press("5").press("0")
    assert call.heard == ["outer", "inner", "behind"]


def test_back_to_the_upper_menu_over_commands() -> None:
    below = UserInput(Speak("below"), back_key="#", timeout=60)
    menu = UserInput(Speak("above"), inputs={"2": [Speak("two"), below]}, timeout=60)
    call = played(menu).system.incoming_call().press("2").press("#").press("2")
    assert call.heard == ["above", "two", "below", "above", "two", "below"]


def test_initial_commands_may_loop_a_file_while_keys_are_awaited() -> None:
    menu = UserInput(
        Play("music.mp3", repeat=True),
        Speak("never"),
        inputs={"1": Speak("one")},
        timeout=30,
    )
    call = played(menu, END).system.incoming_call()
    assert call.patience == 30
    assert call.press("1").heard == ["music.mp3", "one", "behind"]


def test_go_to_replaces_what_is_left() -> None:
    menu = UserInput(inputs={"1": [GoTo(url("next")), Speak("never")]})
    pages = played(menu, Speak("never"), next=[Speak("next")])
    call = pages.system.incoming_call().press("1")
    assert (call.heard, call.state) == (["next"], COMPLETED)
    assert pages.posted[1:] == [("next", "NotificationName=GoTo")]


@pytest.mark.parametrize(
    ("arguments", "acts", "recorded"),
    [
        ({"finish_digits": "#"}, lambda c: c.record(12, "#"), "12"),
        ({"finish_digits": "1#"}, lambda c: c.press("2").wait(3).press("1"), None),
        ({"duration": 60}, lambda c: c.record(100), "60"),
        ({"duration": 60}, lambda c: c.record(10), "10"),
        ({"duration": 60}, lambda c: c.wait(70), None),
        ({"duration": 60}, lambda c: c.wait(50).record(10), "60"),
        ({"inactivity": 5}, lambda c: c.record(7.5), "7.5"),
        ({"inactivity": 5}, lambda c: c.wait(4).record(1).wait(4), "5"),
        ({"inactivity": 5}, lambda c: c.wait(6), None),
        ({"inactivity": 5, "duration": 8}, lambda c: c.wait(4).record(3), "7"),
        ({}, lambda c: c.record(9).hang_up(), "9"),
        ({}, lambda c: c.hang_up(), None),
    ],
)
def test_record(
    arguments: dict[str, t.Any],
    acts: t.Callable[[t.Any], object],
    recorded: str | None,
) -> None:
    record = Record(finished_url=url("done"), format="wav", **arguments)
    pages = played(record, END, done=[Speak("thanks")])
    call = pages.system.incoming_call("103", "101")
    acts(call)
    name = "http://ozekixepbx.ip:7780/HttpRecordings/00000000000000000000000000000002"
    success = f"Success=true&Duration={recorded}&RecordURL={name}.wav"
    expected = success if recorded else "Success=false&Duration=0&RecordURL="
    assert pages.posted[1:] == [
        ("done", f"{expected}&Caller=103&Callee=101&NotificationName=RecordCompleted")
    ]
    hung_up = "(hangs up)" in str(call)
    assert call.heard == ([] if hung_up else ["thanks", "behind"])


def test_a_recording_without_limit_goes_on() -> None:
    call = played(Record(), END).system.incoming_call()
    assert call.recording
    assert call.record(5).recording
    assert call.hang_up().state is COMPLETED


def test_keys_while_speaking_reach_a_menu() -> None:
    call = played(UserInput(inputs={"1": END}, timeout=60)).system.incoming_call()
    assert not call.recording
    assert call.record(5, "1").heard == ["behind"]


def test_what_is_sent() -> None:
    sms = SendSms("Hello!  How are you?", recipient="+062554670")
    email = SendEmail(recipient="me@example.com", subject="Receipt")
    pages = played(sms, email)
    call = pages.system.incoming_call()
    assert pages.system.sms_sent == [sms]
    assert pages.system.emails_sent == [email]
    assert call.commands == [sms, email]
    assert str(call) == (
        "Call from 500 to 9998\n"
        "* sends a text message to +062554670: Hello! How are you?\n"
        "* sends an e-mail to me@example.com: Receipt\n"
        "* hung up"
    )


@pytest.mark.parametrize("delivered", [True, False])
def test_delivery_report(delivered: bool) -> None:
    sms = SendSms("Hi", recipient="1", delivery_report_url=url("report"))
    said: list[Command] = [Speak("nobody hears"), GoTo(url("next"))]
    again = SendSms("Hi", recipient="2", api_extension="7")
    pages = Pages(incoming_sms=[sms], report=said, next=[again])
    pages.system.incoming_sms(
        sender="06203123412",
        recipient="06304645433",
        message="Hi John!",
        api_extension="9999",
    )
    report = pages.system.deliver(sms, delivered)
    word = "true" if delivered else "false"
    assert pages.posted == [
        (
            "incoming_sms",
            "NotificationName=IncomingSMS&Sender=06203123412&Recipient=06304645433"
            "&ID=L1&ApiExtension=9999&Message=Hi+John!",
        ),
        (
            "report",
            f"NotificationName=SMSDeliveryReport&Delivered={word}&ID=S1"
            "&ApiExtension=9999",
        ),
        ("next", "NotificationName=GoTo"),
    ]
    assert report.heard == []
    assert report.commands == [GoTo(url("next")), again]
    assert "left out Speak" in str(report)
    assert pages.system.deliver(again).commands == []
    with pytest.raises(ValueError, match="not in list"):
        pages.system.deliver(SendSms("other", recipient="1"))


CALL = Call("2310", url=url("connected"), caller_id="3000", error_url=url("failed"))


def test_a_placed_call_is_answered() -> None:
    pages = played(
        Speak("We will call your friend."),
        CALL,
        Speak("Good bye."),
        connected=[Play("birthday.mp3"), UserInput(inputs={"1": Speak("again")})],
    )
    call = pages.system.incoming_call(api_extension="9998")
    assert call.heard == ["We will call your friend.", "Good bye."]
    (friend,) = pages.system.calls_placed
    assert friend.state is CallState.RINGING
    with pytest.raises(CallStateError, match="Nobody can press keys"):
        friend.press("1")
    assert friend.answer().press("1").heard == ["birthday.mp3", "again"]
    assert pages.posted[1:] == [
        (
            "connected",
            "NotificationName=CallConnected&CallLegID=L2&Callee=2310&ApiExtension=9998",
        )
    ]
    with pytest.raises(CallStateError, match="Nobody can answer a call in the state"):
        friend.answer()


@pytest.mark.parametrize("act", ["refuse", "let_ring"])
def test_a_placed_call_is_not_answered(act: str) -> None:
    pages = played(CALL, failed=[])
    pages.system.incoming_call()
    (friend,) = pages.system.calls_placed
    assert getattr(friend, act)().state is CallState.BUSY
    assert pages.posted[1:] == [
        (
            "failed",
            "NotificationName=Error&Code=402&Message=Call+connect+to+%272310%27+failed"
            "+with+result+state+%27Busy%27",
        )
    ]
    assert not pages.system.errors


def test_a_call_without_ozml_at_its_url_is_hung_up() -> None:
    pages = played(Call("1", url=url("gone"), api_extension="77"), gone=("", 404))
    pages.system.incoming_call()
    (friend,) = pages.system.calls_placed
    assert friend.caller == "77"
    assert friend.answer().state is CallState.ERROR
    assert [error.code for error in friend.errors] == [StatusCode.PARSE_ERROR]


def test_errors_of_a_placed_call_are_told_to_its_error_url() -> None:
    pages = Pages(
        incoming_call=[CALL], connected="<p>sorry</p>", failed=[], error=("no", 500)
    )
    pages.system.incoming_call()
    pages.system.calls_placed[0].answer()
    assert pages.asked == ["incoming_call", "connected", "error", "failed"]
    assert pages.posted[2][1].startswith("NotificationName=Error&Code=300&Message=")
    assert [error.code for error in pages.system.errors] == [300]


def test_two_pages_that_point_at_each_other() -> None:
    pages = played(GoTo(url("b")), b=[GoTo(url("c"))], c=[GoTo(url("b"))])
    with pytest.raises(CallLoop, match="More than 50 notifications .* been GoTo"):
        pages.system.incoming_call()
    assert len(pages.posted) == 50
    assert pages.system.sessions[-1].commands == [GoTo(url("b")), GoTo(url("c"))] * 25


def test_keys_are_no_loop() -> None:
    pages = played(GoTo(url("menu")), menu=[UserInput(inputs={"1": GoTo(url("menu"))})])
    call = pages.system.incoming_call()
    assert len(call.press("1" * 200).commands) == 401 + 1


def test_a_silent_caller_in_a_loop() -> None:
    pages = played(UserInput(timeout=1), GoTo(url("incoming_call")))
    call = pages.system.incoming_call().wait(40)
    with pytest.raises(CallLoop):
        call.wait(60)
    assert call.state is CallState.ERROR


def test_very_many_commands_without_a_notification() -> None:
    call = played(
        UserInput(*[Speak("a")] * 20, timeout=1, repeat=True)
    ).system.incoming_call()
    with pytest.raises(CallLoop, match="100000 commands"):
        call.wait(86_400)


@pytest.mark.parametrize("keys", ["", "12x", "a", " 1"])
def test_keys_must_be_keys(keys: str) -> None:
    call = played(MENU).system.incoming_call()
    with pytest.raises(InvalidParameter, match="press: 'keys'"):
        call.press(keys)
    assert call.press("7").live


@pytest.mark.parametrize("seconds", [-1, 86_401, float("nan")])
def test_seconds_have_limits(seconds: float) -> None:
    call = played(MENU).system.incoming_call()
    for act in (call.wait, call.record):
        with pytest.raises(ValueError, match="seconds must be from 0"):
            act(seconds)


def test_nobody_presses_keys_behind_the_end() -> None:
    call = played(UserInput(inputs={"1": END})).system.incoming_call()
    with pytest.raises(CallStateError, match="press all of the 3 keys.*Completed"):
        call.press("123")
    with pytest.raises(CallStateError, match="Nobody can speak"):
        call.record()


def test_what_the_application_raises_comes_through() -> None:
    class Broken(Exception):
        pass

    def fail() -> t.NoReturn:
        raise Broken

    pages = played(UserInput(forward_to_url=url("fail")), END, fail=fail)
    call = pages.system.incoming_call()
    with pytest.raises(Broken):
        call.press("1")
    assert call.state is CallState.ERROR
    assert pages.system.incoming_call().state is CallState.IN_CALL


def test_transcript() -> None:
    pages = played(
        UserInput(
            Speak("PIN?"),
            digits=4,
            timeout=10,
            repeat=True,
            forward_to_url=url("pin"),
        ),
        pin=[Play("hi.wav"), BlindTransfer("100"), BlindTransfer("200"), END],
    )
    pages.system.extensions["100"] = "busy"
    call = pages.system.incoming_call("+3630", "9998").wait(10).press("1234")
    lines = [
        "Call from +3630 to 9998",
        "< PIN?",
        "> (waits 10 s)",
        "< PIN?",
        "> 1234",
        "< [hi.wav]",
        "* not transferred to 100: busy",
        "* transferred to 200",
    ]
    assert str(call) == "\n".join(lines)
    assert repr(call) == f"<{' | '.join(lines)}>"
    assert call.transferred_to == "200"
