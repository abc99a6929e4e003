"""Calls with an API extension. Names of tests give the vendor's page that they hold."""

import threading
import time
import typing as t
from collections.abc import Callable

import pytest
from flask import Flask
from flask import request

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
from flask_ozml.notifications import CallState
from flask_ozml.simulator import Call as PlayedCall
from flask_ozml.simulator import CallLoop
from flask_ozml.simulator import CallStateError
from flask_ozml.simulator import PhoneSystem
from simulator_pages import Pages
from simulator_pages import SECOND
from simulator_pages import url

COMPLETED = CallState.COMPLETED
END = Speak("after it")


def played(*commands: Command, options: t.Any = None, **pages: t.Any) -> Pages:
    return Pages(options, incoming_call=list(commands), **pages)


def act(call: PlayedCall, *acts: str | float) -> PlayedCall:
    """Press the keys and wait for the seconds that are given."""
    for one in acts:
        call.press(one) if isinstance(one, str) else call.wait(one)
    return call


@pytest.mark.parametrize(
    ("commands", "heard", "state", "clock"),
    [
        ([], [], COMPLETED, 0),
        ([Speak(SECOND * 2), Play("b.wav")], [SECOND * 2, "b.wav"], COMPLETED, 7),
        ([Play("long.wav"), Delay(3)], ["long.wav"], COMPLETED, 15),
        ([Speak(" two\n   lines "), Delay(0)], ["two lines"], COMPLETED, 0.6),
        ([Speak(SECOND), Hangup(), Speak("b")], [SECOND], COMPLETED, 1),
        ([Reject(), Speak("a")], [], CallState.BUSY, 0),
        ([Play("b.mp3", repeat=True), Speak("c")], ["b.mp3"], CallState.IN_CALL, 0),
        ([BlindTransfer("2000"), Speak("a")], [], CallState.TRANSFERRED, 0),
        ([BlindTransfer("busy"), Speak(SECOND)], [SECOND], COMPLETED, 1),
        ([BlindTransfer("away"), Speak("")], [""], COMPLETED, 0),
        ([Delay(86_400), Speak(SECOND)], [SECOND], COMPLETED, 86_401),
    ],
)
def test_commands_run_in_their_order_and_take_time(
    commands: list[Command], heard: list[str], state: CallState, clock: float
) -> None:
    pages = played(*commands)
    pages.system.extensions |= {"busy": "busy", "away": "no answer"}
    pages.system.audio["long.wav"] = 12.0
    call = pages.system.incoming_call()
    assert (call.heard, call.state, call.clock) == (heard, state, clock)
    assert not call.errors


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
    with pytest.raises(ConfigurationError, match=r"no URL for 'incoming_call' of the"):
        Pages(incoming_sms=[]).system.incoming_call()


PROMPTS: t.Any = [
    ([], 1),
    ([Speak(SECOND)], 2),
    ([Speak(SECOND), Delay(30), Play("a.wav")], 37),
    ([Speak(SECOND), Delay(30)], 2),
    ([Play("music.mp3", repeat=True), Speak("never")], 1),
]


@pytest.mark.parametrize(("prompt", "first_key"), PROMPTS)
def test_people_listen_and_then_take_time_for_each_key(
    prompt: list[t.Any], first_key: float
) -> None:
    menu = UserInput(*prompt, digits=3, inputs={"123": Hangup()})
    call = played(menu).system.incoming_call()
    assert (call.clock, call.heard[1:]) == (0, [])
    assert call.press("123").clock == first_key + 0.6
    early = played(menu).system.incoming_call().press("123", early=True)
    assert (early.clock, early.state) == (0.6, COMPLETED)
    slow = played(menu, options={"reaction": 2.5, "per_key": 2}).system.incoming_call()
    assert slow.press("1").press("23").clock == first_key + 1.5 + 4


def test_nobody_listens_again_to_what_was_heard() -> None:
    call = played(
        UserInput(Speak(SECOND), inputs={"1": Hangup()})
    ).system.incoming_call()
    assert call.wait(5).press("1").clock == 5


def test_people_react_to_a_menu_and_a_recording_that_begin_in_silence() -> None:
    menu = UserInput(inputs={"1": Hangup()})
    assert played(Delay(30), menu).system.incoming_call().press("1").clock == 31
    record = Record(inactivity=5)
    assert played(Delay(30), record).system.incoming_call().record(2).clock == 38


def test_p4689_keys_are_scanned_during_the_initial_commands() -> None:
    prompt = UserInput(
        Speak(SECOND), Delay(30), Speak("b"), inputs={"1": END}, timeout=0
    )
    call = played(prompt).system.incoming_call().wait(10).press("1", early=True)
    assert call.heard == [SECOND, "after it"]
    with pytest.raises(CallStateError, match="Cannot press all of the 1 keys"):
        played(prompt).system.incoming_call().press("1")


def test_p4693_the_time_out_begins_again_with_each_key() -> None:
    sixteen = UserInput(digits=16, timeout=1, inputs={"1" * 16: Speak(SECOND)})
    call = played(sixteen).system.incoming_call().press("1" * 16)
    assert (call.heard, call.clock) == ([SECOND], 6.5)
    two = UserInput(digits=2, timeout=5, inputs={"12": Speak("done")})
    assert act(played(two).system.incoming_call(), 4, "1", 4.9, "2").heard == ["done"]
    assert act(played(two).system.incoming_call(), 4, "1", 5).heard == []


@pytest.mark.parametrize(("reaction", "heard"), [(1, ["one"]), (1.01, [])])
def test_a_key_at_the_very_end_counts(reaction: float, heard: list[str]) -> None:
    menu = UserInput(inputs={"1": Speak("one")}, timeout=1)
    call = played(menu, END, options={"reaction": reaction}).system.incoming_call()
    assert call.press("1").heard == [*heard, "after it"]


def test_a_repetition_takes_at_least_a_second() -> None:
    menu = UserInput(Speak(""), inputs={"1": END}, timeout=0, repeat=True)
    call = played(menu).system.incoming_call()
    assert call.wait(9.5).heard == [""] * 11
    assert call.clock == 10


def test_a_key_that_nobody_awaits_has_no_effect() -> None:
    menu = UserInput(inputs={"1": [Speak(SECOND), Delay(3)]}, repeat=True)
    call = played(menu, Play("music", repeat=True)).system.incoming_call()
    assert call.press("12").press("3").heard == [SECOND, "music"]
    assert "* 2 has no effect\n" in str(call)
    assert str(call).endswith("* 3 has no effect")


HANGING_UP: list[tuple[list[Command], float, list[str]]] = [
    ([Speak(SECOND * 9), END], 3, [SECOND * 9]),
    ([Delay(30), Call("0900", url=url("x"))], 3, []),
    ([Play("music", repeat=True)], 30, ["music"]),
    ([UserInput(Speak("Well?"), repeat=True)], 3, ["Well?"]),
    ([Record(finished_url=url("x"))], 3, []),
]


@pytest.mark.parametrize(("commands", "seconds", "heard"), HANGING_UP)
def test_a_caller_hangs_up_in_the_middle_of_anything(
    commands: list[Command], seconds: float, heard: list[str]
) -> None:
    pages = played(*commands, x=[])
    call = pages.system.incoming_call(hang_up_after=seconds)
    call.wait()
    assert (call.heard, call.state, call.clock) == (heard, COMPLETED, seconds)
    assert not pages.system.calls_placed


def test_wait_goes_to_the_next_thing_that_happens() -> None:
    menu = UserInput(Speak(SECOND), Speak("b"), timeout=10, repeat=True)
    call = played(menu).system.incoming_call()
    assert call.wait().heard == [SECOND, "b"]
    assert call.wait().heard == [SECOND, "b", SECOND]
    assert round(call.clock, 3) == 11.067
    silent = played(UserInput(repeat=True, timeout=300)).system.incoming_call().wait()
    assert (silent.live, silent.clock) == (True, 3600)
    music = played(Play("music", repeat=True)).system.incoming_call().wait()
    assert (music.live, music.clock, music.patience) == (True, 0, None)
    assert music.wait(100).record(5).clock == 105
    assert music.hang_up().wait(1).hang_up().state is COMPLETED


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
        ([10.2], ["menu"]),
        ([10.3], ["menu", "menu"]),
        ([32.0], ["menu"] * 4),
        (["1"], ["menu"]),
        (["1", 10], ["menu", "one", "after it"]),
        (["1", 9, "2"], ["menu", "twelve"]),
        (["13"], ["menu", "menu"]),
        (["7"], ["menu", "menu"]),
        (["*"], ["menu", "below"]),
        (["*", "1"], ["menu", "below", "deep", "after it"]),
        (["*0"], ["menu", "below", "menu"]),
        (["*", 6], ["menu", "below", "after it"]),
        (["*2"], ["menu", "below", "after it"]),
    ],
)
def test_p4693_menus(acts: list[str | float], heard: list[str]) -> None:
    assert act(played(MENU, END).system.incoming_call(), *acts).heard == heard


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
        ({"digits": 4}, None, None),
    ],
)
def test_p4693_digits_are_forwarded(
    limits: dict[str, t.Any], keys: str | None, digits: str | None
) -> None:
    prompt = UserInput(forward_to_url=url("keys"), timeout=5, **limits)
    pages = played(prompt, END, keys=[Speak("got it")])
    call = pages.system.incoming_call("500", "9998")
    act(call, *([keys] if keys else []), 6)
    answer, end = ["got it"] if digits else [], "&CallLegID=L1&ApiExtension=9998"
    assert call.heard == [*answer, "after it"]
    assert pages.posted[1:] == [
        ("keys", f"NotificationName=DtmfEntered&DtmfDigits={digits}{end}")
        for _ in answer
    ]


def test_an_input_may_be_shorter_than_the_digits_waited_for() -> None:
    prompt = UserInput(inputs={"0": Speak("desk")}, digits=4, timeout=5)
    assert act(played(prompt).system.incoming_call(), "0", 6).heard == ["desk"]


def test_p4693_the_back_key() -> None:
    top = UserInput(Speak("a"), back_key="*", digits=3)
    assert act(played(top, END).system.incoming_call(), "12*").heard == [
        "a",
        "after it",
    ]
    below = UserInput(Speak("below"), back_key="#", digits=3)
    menu = UserInput(Speak("above"), inputs={"2": [Speak("two"), below]})
    call = act(played(menu).system.incoming_call(), "2", "1#", "2")
    assert call.heard == ["above", "two", "below", "above", "two", "below"]
    inner = UserInput(Speak("inner"), back_key="0")
    menu = UserInput(Speak("outer"), inputs={"1": UserInput(forward_to_url=url("in"))})
    pages = played(menu, END, **{"in": [inner]})
    call = act(pages.system.incoming_call(), "1", "5", "0")
    assert call.heard == ["outer", "inner", "after it"]


def test_initial_commands_may_repeat_a_file_while_keys_are_awaited() -> None:
    prompt = Play("music.mp3", repeat=True), Speak("never")
    menu = UserInput(*prompt, inputs={"1": Speak("one")}, timeout=30)
    call = played(menu, END).system.incoming_call()
    assert call.patience == 30
    assert call.press("1").heard == ["music.mp3", "one", "after it"]


def test_go_to_replaces_what_is_left() -> None:
    menu = UserInput(inputs={"1": [GoTo(url("next")), Speak("never")]})
    pages = played(menu, Speak("never"), next=[Speak("next")])
    call = pages.system.incoming_call().press("1")
    assert (call.heard, call.state) == (["next"], COMPLETED)
    assert pages.posted[1:] == [("next", "NotificationName=GoTo")]


@pytest.mark.parametrize(
    ("arguments", "acts", "recorded", "clock"),
    [
        ({"finish_digits": "#"}, lambda c: c.record(12, "#"), "12", 13),
        ({"finish_digits": "1#"}, lambda c: act(c, "2", 3, "1"), None, 4),
        ({"finish_digits": "1"}, lambda c: c.wait(5).record(0, "1"), None, 5),
        ({"duration": 60}, lambda c: c.record(100), "59", 60),
        ({"duration": 60}, lambda c: c.record(10), "10", 60),
        ({"duration": 60}, lambda c: c.wait(70), None, 60),
        ({"duration": 60}, lambda c: c.wait(50).record(10), "10", 60),
        ({"inactivity": 5}, lambda c: c.record(7.5), "7.5", 13.5),
        ({"inactivity": 5}, lambda c: c.wait(4).record(1).wait(4), "1", 10),
        ({"inactivity": 5}, lambda c: c.wait(6), None, 5),
        ({"inactivity": 0}, lambda c: c.wait(0), None, 0),
        ({"inactivity": 5, "duration": 8}, lambda c: c.wait(4).record(3), "3", 8),
        ({}, lambda c: c.record(9).record(1).hang_up(), "10", 11),
        ({}, lambda c: c.hang_up(), None, 0),
    ],
)
def test_p4776_recordings(
    arguments: dict[str, t.Any],
    acts: Callable[[t.Any], object],
    recorded: str | None,
    clock: float,
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
    assert call.heard == ([] if hung_up else ["thanks", "after it"])
    talk = 0 if hung_up else round(14 / 15, 6)
    assert call.clock == pytest.approx(clock + talk)


def test_p4776_without_finish_digits_no_key_ends_a_recording() -> None:
    assert played(Record()).system.incoming_call().record(3, "#").press("1").recording


def test_a_recording_ends_when_the_caller_hangs_up_while_speaking() -> None:
    pages = played(Record(finished_url=url("done")), done=[])
    call = pages.system.incoming_call(hang_up_after=4)
    assert call.recording
    assert not call.record(10).live
    assert pages.values("done", "Duration") == ["3"]
    with pytest.raises(CallStateError, match="Cannot speak: the call is Completed"):
        pages.system.incoming_call(hang_up_after=0.5).record()


def test_keys_after_speaking_reach_a_menu() -> None:
    call = played(UserInput(inputs={"1": END}, timeout=60)).system.incoming_call()
    assert not call.recording
    assert call.record(5, "1").heard == ["after it"]


def test_what_is_sent() -> None:
    sms = SendSms("Hello!  How are you?", recipient="+062554670")
    email = SendEmail(recipient="me@example.com", subject="Receipt")
    pages = played(sms, email)
    call = pages.system.incoming_call()
    assert (pages.system.sms_sent, pages.system.emails_sent) == ([sms], [email])
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
    assert report.ended
    assert report.commands == [GoTo(url("next")), again]
    assert "left out Speak" in str(report)
    assert pages.system.deliver(again).commands == []
    with pytest.raises(ValueError, match="not in list"):
        pages.system.deliver(SendSms("other", recipient="1"))


def test_two_pages_that_point_at_each_other() -> None:
    pages = played(GoTo(url("b")), b=[GoTo(url("c"))], c=[GoTo(url("b"))])
    with pytest.raises(CallLoop, match=r"More than 50 notifications .* been GoTo"):
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
    menu = UserInput(*[Delay(0)] * 20, timeout=1, repeat=True)
    with pytest.raises(CallLoop, match="100000 commands"):
        played(menu).system.incoming_call().wait(86_400)


@pytest.mark.parametrize("keys", ["", "12x", "a", " 1"])
def test_keys_must_be_keys(keys: str) -> None:
    call = played(MENU).system.incoming_call()
    with pytest.raises(InvalidParameter, match="press: 'keys'"):
        call.press(keys)
    assert call.press("7").live


@pytest.mark.parametrize("seconds", [-1, 86_401, float("nan")])
def test_seconds_have_limits(seconds: float) -> None:
    system = played(MENU).system
    call = system.incoming_call()
    acts: tuple[Callable[[], object], ...] = (
        lambda: call.wait(seconds),
        lambda: call.record(seconds),
        lambda: system.incoming_call(hang_up_after=seconds),
    )
    for one in acts:
        with pytest.raises(ValueError, match="seconds must be from 0"):
            one()


def test_nobody_acts_after_the_end() -> None:
    call = played(UserInput(inputs={"1": END})).system.incoming_call()
    with pytest.raises(CallStateError, match=r"press all of the 3 keys.*Completed"):
        call.press("122")
    with pytest.raises(CallStateError, match="Cannot speak: the call is Completed"):
        call.record()


def test_what_the_application_raises_is_raised() -> None:
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
    prompt = UserInput(
        Speak("PIN?"), digits=4, timeout=10, repeat=True, forward_to_url=url("pin")
    )
    pin = [Play("hi.wav"), BlindTransfer("100"), BlindTransfer("200"), END]
    pages = played(prompt, pin=pin)
    pages.system.extensions["100"] = "busy"
    call = pages.system.incoming_call("+3630", "9998").wait(5).wait().press("1234")
    lines = [
        "Call from +3630 to 9998",
        "< PIN?",
        "> (waits 5 s)",
        "> (waits)",
        "< PIN?",
        "> 1234",
        "< [hi.wav]",
        "* not transferred to 100: busy",
        "* transferred to 200",
    ]
    assert str(call) == "\n".join(lines)
    assert repr(call) == f"<{' | '.join(lines)}>"
    assert call.transferred_to == "200"


def test_several_threads_use_one_phone_system() -> None:
    """Counters and clocks belong to a call: 64 notifications at once are no loop."""
    app = Flask("echo")
    errors: list[Exception] = []

    @app.post("/<kind>")
    def echo(kind: str) -> str:
        time.sleep(0.005)  # so that the threads overlap
        caller = request.form.get("Caller") or request.args["caller"]
        again = f"http://localhost/again?caller={caller}"
        return (
            f"<Response><UserInput ForwardToUrl='{again}' Timeout='9'>"
            f"<InitialCommands><Speak>{caller}</Speak></InitialCommands></UserInput>"
            "</Response>"
        )

    urls = {
        "incoming_call": "http://localhost/in",
        "call_changed": "http://localhost/c",
    }
    system = PhoneSystem(app, urls)

    def play(name: str) -> None:
        try:
            for number in range(8):
                caller = f"{name}{number}"
                call = system.incoming_call(caller).press("1").press("2").hang_up()
                assert call.heard == [caller] * 3
        except Exception as error:  # noqa: BLE001  # told to the test
            errors.append(error)

    threads = [threading.Thread(target=play, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert not system.live_calls
