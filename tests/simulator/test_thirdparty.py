"""CallChanged and third-party call control, named after the vendor's pages."""

import itertools
import typing as t
from collections.abc import Callable

import pytest

from flask_ozml.commands import AttendedTransfer
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Call
from flask_ozml.commands import Command
from flask_ozml.commands import Forward
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Hold
from flask_ozml.commands import Play
from flask_ozml.commands import Record
from flask_ozml.commands import Reject
from flask_ozml.commands import Route
from flask_ozml.commands import SendDTMF
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import Unhold
from flask_ozml.commands import UserInput
from flask_ozml.errors import ConfigurationError
from flask_ozml.notifications import CallState
from flask_ozml.simulator import CallLoop
from flask_ozml.simulator import CallStateError
from flask_ozml.simulator import PhoneSystem
from flask_ozml.simulator import ThirdPartyCall
from simulator_pages import Pages
from simulator_pages import SECOND
from simulator_pages import url


def watched(
    answers: dict[str, list[Command]] | None = None,
    options: dict[str, t.Any] | None = None,
    **pages: t.Any,
) -> Pages:
    """Return pages where a CallChanged is answered by its state, once for each."""
    left = dict(answers or {})

    def changed() -> list[Command]:
        return left.pop(made.states[-1], [])

    made = Pages(options, call_changed=changed, **pages)
    return made


def codes(call: t.Any) -> list[int]:
    return [error.code for error in call.errors]


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        ([], ["Ringing"]),
        (["answer"], ["Ringing", "InCall"]),
        (["busy"], ["Ringing", "Busy"]),
        (["cancel"], ["Ringing", "Cancelled"]),
        (["answer", "hang_up"], ["Ringing", "InCall", "Completed"]),
        (
            ["answer", "hold", "unhold", "hold", "hang_up"],
            ["Ringing", "InCall", "Hold", "InCall", "Hold", "Completed"],
        ),
    ],
)
def test_p4201_each_change_is_posted(acts: list[str], expected: list[str]) -> None:
    pages = watched()
    call = pages.system.call_between("103", "101")
    for act in acts:
        getattr(call, act)()
    assert pages.states == expected
    assert call.state == expected[-1]
    assert pages.posted[0][1] == (
        "NotificationName=CallChanged&CallState=Ringing&CallId=C1&Caller=103"
        "&CallerId=103&Callee=101"
    )


MENU = UserInput(Speak("menu"), timeout=10)


@pytest.mark.parametrize(
    ("answer", "acts", "expected"),
    [
        ([], [], ["Ringing", "InCall", "Completed"]),
        ([MENU], ["wait"], ["Ringing", "InCall", "Completed"]),
        ([MENU], ["hang_up"], ["Ringing", "InCall", "Completed"]),
        ([Reject()], [], ["Ringing", "Busy"]),
        ("<html/>", [], ["Ringing", "Error"]),
        ([BlindTransfer("7")], [], ["Ringing", "InCall", "Transferred"]),
    ],
)
def test_p4201_calls_of_api_extensions_are_posted_too(
    answer: t.Any, acts: list[str], expected: list[str]
) -> None:
    pages = watched(incoming_call=answer)
    call = pages.system.incoming_call("500", "9998")
    for act in acts:
        getattr(call, act)()
    states = [
        state for state, id in zip(pages.states, ids(pages), strict=True) if id == "L1"
    ]
    assert states == expected
    assert pages.asked[:2] == ["call_changed", "incoming_call"]
    assert pages.posted[0][1].endswith("&CallId=L1&Caller=500&CallerId=500&Callee=9998")


def ids(pages: Pages) -> list[str]:
    return pages.values("call_changed", "CallId")


def test_p4587_answered_is_posted_if_the_phone_system_knows_it() -> None:
    pages = watched(options={"answered_state": True}, incoming_call=[MENU])
    pages.system.call_between().answer()
    pages.system.incoming_call()
    assert pages.states == ["Ringing", "Answered", "InCall"] * 2


ACTS = {
    "answer": {"Ringing"},
    "busy": {"Ringing"},
    "cancel": {"Ringing"},
    "hold": {"InCall"},
    "unhold": {"Hold"},
    "hang_up": {"InCall", "Hold"},
}
WAYS: dict[str, list[str]] = {
    "Ringing": [],
    "InCall": ["answer"],
    "Hold": ["answer", "hold"],
    "Completed": ["answer", "hang_up"],
}


@pytest.mark.parametrize(("act", "state"), list(itertools.product(ACTS, WAYS)))
def test_parties_can_do_what_the_state_allows(act: str, state: str) -> None:
    call = watched().system.call_between()
    for step in WAYS[state]:
        getattr(call, step)()
    if state in ACTS[act]:
        getattr(call, act)()
    else:
        with pytest.raises(CallStateError, match=f"the call is {state}"):
            getattr(call, act)()
        assert call.state == state


def test_all_that_can_be_said_in_an_answer() -> None:
    pages = watched(
        {
            "InCall": [
                Speak("Your credit\nis low.", party="caller"),
                Play("beep.wav", party="callee"),
                Speak("All of you.", party="all"),
                SendDTMF("01234#", party="caller"),
                Hold(),
                Hold(),
            ],
            "Hold": [Unhold()],
        }
    )
    call = pages.system.call_between().answer()
    assert call.heard == ["Your credit is low.", "beep.wav", "All of you."]
    assert call.heard_by == {
        "caller": ["Your credit is low.", "All of you."],
        "callee": ["beep.wav", "All of you."],
    }
    assert call.clock == pytest.approx(5 + 30 / 15)
    assert pages.states == ["Ringing", "InCall", "Hold", "InCall"]
    assert "< (caller) keys 01234#" in str(call)
    assert not call.errors


SPOKEN = Speak("Hi", party="all")
PLAYED = Play("a.wav", party="callee")
KEYS = SendDTMF("1", party="all")
TRANSFER = BlindTransfer("7", transferor_party="caller")


@pytest.mark.parametrize(
    ("state", "command", "allowed"),
    [
        ("Ringing", SPOKEN, False),
        ("Ringing", PLAYED, False),
        ("Ringing", KEYS, False),
        ("Ringing", Hold(), False),
        ("Ringing", Unhold(), False),
        ("Ringing", TRANSFER, False),
        ("Ringing", Record(), True),
        ("Ringing", Hangup(), True),
        ("InCall", Forward("500"), False),
        ("InCall", Unhold(), False),
        ("InCall", TRANSFER, True),
        ("Hold", SPOKEN, True),
        ("Hold", Hold(), True),
        ("Hold", TRANSFER, True),
        ("Hold", Forward("500"), False),
    ],
)
def test_p4586_p4572_commands_need_a_state(
    state: str, command: Command, allowed: bool
) -> None:
    pages = watched({state: [command]})
    call = pages.system.call_between()
    for step in WAYS[state]:
        getattr(call, step)()
    assert codes(call) == ([] if allowed else [303])
    assert call.heard == (["Hi"] if allowed and command is SPOKEN else [])
    if not allowed:
        assert call.state == state


def test_p4592_p4086_only_unhold_ends_the_hold_of_a_command() -> None:
    pages = watched({"InCall": [Hold()]})
    call = pages.system.call_between().answer()
    with pytest.raises(CallStateError, match="Only Unhold ends the hold"):
        call.unhold()
    assert call.state is CallState.HOLD

    pages = watched({"Hold": [Unhold()]})
    call = pages.system.call_between().answer().hold()
    assert (codes(call), call.state) == ([303], CallState.HOLD)
    assert call.unhold().state is CallState.IN_CALL

    pages = watched({"Hold": [Hold()]})
    call = pages.system.call_between().answer().hold().unhold()
    assert call.state is CallState.HOLD

    pages = watched({"Hold": [Hold(), Unhold()]})
    call = pages.system.call_between().answer().hold()
    assert (codes(call), call.state) == ([], CallState.HOLD)
    assert call.unhold().state is CallState.IN_CALL


def test_p4584_forward_while_it_rings() -> None:
    pages = watched({"Ringing": [Forward("500")]})
    call = pages.system.call_between("103", "101")
    assert (call.callee, pages.states) == ("500", ["Ringing", "Ringing"])
    assert pages.posted[1][1].endswith("&Callee=500")


TAKEN: list[tuple[t.Any, str, float]] = [
    ("answered", "Ringing", 0),
    ("busy", "Busy", 0),
    ("no answer", "Busy", 90),
    ("not found", "Error", 0),
]


@pytest.mark.parametrize(("outcome", "state", "rang"), TAKEN)
def test_p4584_extensions_take_forwarded_calls(
    outcome: t.Any, state: str, rang: float
) -> None:
    pages = watched({"Ringing": [Forward("500")]})
    pages.system.extensions["500"] = outcome
    call = pages.system.call_between("103", "101")
    assert (call.state, call.rang) == (state, rang)
    assert pages.states == {
        "Ringing": ["Ringing", "Ringing"],
        "Busy": ["Ringing", "Ringing", "Busy"],
        "Error": ["Ringing", "Error"],
    }.get(state)


def test_a_call_may_be_hung_up_before_it_has_rung_too_long() -> None:
    pages = placing()
    pages.pages["call_changed"] = [Hangup()]
    pages.system.extensions["2310"] = "no answer"
    pages.system.incoming_sms()
    (call,) = pages.system.calls_placed
    assert (call.state, call.rang) == (CallState.CANCELLED, 0)
    assert "failed" not in pages.asked


def test_the_test_says_how_a_call_of_others_is_taken() -> None:
    pages = watched()
    pages.system.extensions["101"] = "busy"
    assert pages.system.call_between().answer().state is CallState.IN_CALL


def test_p4587_a_phone_rings_for_a_predetermined_time() -> None:
    call = watched().system.call_between().wait(60).wait(29)
    assert (call.state, call.rang) == (CallState.RINGING, 89)
    assert (call.wait(1).state, call.rang) == (CallState.BUSY, 90)
    pages = placing()
    pages.system.incoming_sms()
    (placed,) = pages.system.calls_placed
    assert (placed.wait(89).state, placed.patience) == (CallState.RINGING, 1)
    assert (placed.wait().state, placed.rang) == (CallState.BUSY, 90)
    assert pages.asked[-1] == "failed"
    assert str(placed).endswith("result state 'NoAnswer'")


def test_p4584_a_forwarded_call_rings_again_as_long() -> None:
    pages = watched()
    call = pages.system.call_between().wait(80)
    after(pages, call, Forward("500"))
    assert call.wait(89).state is CallState.RINGING
    assert call.wait(1).state is CallState.BUSY


@pytest.mark.parametrize("place", ["call", "transfer", "route"])
def test_an_unknown_outcome_is_an_error(place: str) -> None:
    pages = watched(
        {"InCall": [TRANSFER]},
        incoming_sms=[Call("7", url=url("x"))],
        routing_interception=[Route("7")],
    )
    system = pages.system
    system.extensions["7"] = t.cast(t.Any, "Busy")
    acts: dict[str, Callable[[], object]] = {
        "call": system.incoming_sms,
        "transfer": lambda: system.call_between("1", "2").answer(),
        "route": system.route,
    }
    with pytest.raises(ValueError, match=r"'7' must be one of .*, got 'Busy'\."):
        acts[place]()


@pytest.mark.parametrize("kind", ["third party", "extension"])
def test_a_hangup_while_it_rings_cancels_the_call(kind: str) -> None:
    pages = watched({"Ringing": [Hangup()]}, incoming_call=[MENU])
    system = pages.system
    third_party = kind == "third party"
    call = system.call_between() if third_party else system.incoming_call()
    assert call.state is CallState.CANCELLED
    assert pages.states == ["Ringing", "Cancelled"]
    assert "incoming_call" not in pages.asked


def new_calls(pages: Pages) -> list[tuple[str, ...]]:
    fields = ("CallState", "CallId", "Caller", "CallerId", "Callee")
    return list(zip(*(pages.values("call_changed", f) for f in fields), strict=True))


@pytest.mark.parametrize(
    ("transferor", "stays", "caller_id"),
    [("callee", "1003", "1003"), ("caller", "50", "50")],
)
def test_p4804_after_a_transfer_there_is_a_new_call(
    transferor: t.Any, stays: str, caller_id: str
) -> None:
    command = BlindTransfer("1001", transferor_party=transferor)
    for by_command in (True, False):
        pages = watched({"InCall": [command]} if by_command else {})
        call = pages.system.call_between("1003", "50").answer()
        if not by_command:
            call.transfer("1001", transferor=transferor)
        new = call.transferred_call
        assert isinstance(new, ThirdPartyCall)
        assert (call.transferred_to, call.state) == ("1001", CallState.TRANSFERRED)
        assert new.hang_up().state is CallState.COMPLETED
        numbers = (stays, caller_id, "1001")
        assert new_calls(pages)[2:] == [
            ("Transferred", "C1", "1003", "1003", "50"),
            ("Ringing", "C2", *numbers),
            ("InCall", "C2", *numbers),
            ("Completed", "C2", *numbers),
        ]


def test_p4804_after_a_transfer_by_an_api_extension_there_is_a_new_call() -> None:
    place = Call("2310", url=url("next"), caller_id="3000")
    pages = watched(
        incoming_call=[place, BlindTransfer("2000")], next=[BlindTransfer("2001")]
    )
    call = pages.system.incoming_call("+3630")
    placed = pages.system.calls_placed[0].answer()
    for old, caller, callee in ((call, "+3630", "2000"), (placed, "2310", "2001")):
        new = old.transferred_call
        assert new is not None
        assert (new.caller, new.caller_id, new.callee) == (caller, caller, callee)
        assert (old.state, new.state) == (CallState.TRANSFERRED, CallState.IN_CALL)
        assert pages.system.find(new.id) is new


@pytest.mark.parametrize("outcome", ["busy", "no answer", "not found"])
def test_p4617_a_transfer_may_fail(outcome: t.Any) -> None:
    failure = Speak("Nobody there.", party="all")
    pages = watched({"InCall": [TRANSFER, failure]})
    pages.system.extensions["7"] = outcome
    call = pages.system.call_between().answer().transfer("7")
    assert (call.transferred_to, call.transferred_call) == (None, None)
    assert (call.state, call.heard) == (CallState.IN_CALL, ["Nobody there."])


def secretary(options: t.Any = None) -> tuple[Pages, ThirdPartyCall, ThirdPartyCall]:
    """The secretary (200) has a client (100) on hold, and talks to the boss (300)."""
    pages = watched(options=options)
    client = pages.system.call_between("100", "200").answer().hold()
    boss = pages.system.call_between("200", "300").answer()
    return pages, client, boss


def after(pages: Pages, call: ThirdPartyCall, *commands: Command) -> None:
    """Answer the next CallChanged of a call with these commands."""
    answers = [list(commands)]
    pages.pages["call_changed"] = lambda: answers.pop() if answers else []
    with pages.system.turn(call):
        pages.system.change(call, call.state)


@pytest.mark.parametrize(
    "command",
    [
        AttendedTransfer(target_call_id="C2"),
        AttendedTransfer(target_call_id="C2", transferred_call_id="C1"),
        AttendedTransfer(target_call_id="C2", transferor_party="callee"),
    ],
)
def test_p4582_attended_transfer(command: AttendedTransfer) -> None:
    pages, client, boss = secretary()
    after(pages, boss if command.transferred_call_id else client, command)
    assert (client.state, client.transferred_to) == (CallState.TRANSFERRED, "300")
    assert client.transferred_call is boss
    assert (boss.caller, boss.callee, boss.caller_id) == ("100", "300", "200")
    assert new_calls(pages)[-2:] == [
        ("Transferred", "C1", "100", "100", "200"),
        ("InCall", "C2", "100", "200", "300"),
    ]


def test_p4582_the_transferor_may_be_the_callee_of_both_calls() -> None:
    pages = watched()
    client = pages.system.call_between("200", "100").answer().hold()
    boss = pages.system.call_between("300", "200").answer()
    after(pages, client, AttendedTransfer(target_call_id="C2"))
    assert (boss.caller, boss.callee) == ("300", "100")
    assert client.transferred_to == "300"


@pytest.mark.parametrize(
    ("first", "second", "command"),
    [
        (["answer"], ["answer"], AttendedTransfer(target_call_id="C2")),
        (["answer", "hold"], [], AttendedTransfer(target_call_id="C2")),
        (["answer", "hold"], ["answer"], AttendedTransfer(target_call_id="C1")),
        (
            ["answer", "hold"],
            ["answer"],
            AttendedTransfer(target_call_id="C2", transferor_party="caller"),
        ),
    ],
)
def test_p4582_a_common_party_must_hold_the_first_and_talk_in_the_second(
    first: list[str], second: list[str], command: Command
) -> None:
    pages = watched()
    calls = (
        pages.system.call_between("100", "200"),
        pages.system.call_between("200", "300"),
    )
    for call, steps in zip(calls, (first, second), strict=True):
        for step in steps:
            getattr(call, step)()
    states = [call.state for call in calls]
    after(pages, calls[0], command)
    assert codes(calls[0]) == [303]
    assert [call.state for call in calls] == states


def test_p4582_the_target_must_be_a_call_that_goes_on() -> None:
    pages, client, _ = secretary()
    after(pages, client, AttendedTransfer(target_call_id="23Xdz7"))
    assert "parameter 'TargetCallId' for command" in client.errors[0].message


@pytest.mark.parametrize("parties", [("3", "4"), ("1", "2"), ("2", "1")])
def test_p4582_calls_without_one_common_party_are_not_joined(
    parties: tuple[str, str],
) -> None:
    pages = watched()
    call = pages.system.call_between("1", "2").answer().hold()
    pages.system.call_between(*parties).answer()
    after(pages, call, AttendedTransfer(target_call_id="C2"))
    assert codes(call) == [303]


@pytest.mark.parametrize(
    ("command", "parameter", "state"),
    [
        (Hangup(call_id="23Xdz7"), "CallId", "InCall"),
        (
            AttendedTransfer(target_call_id="C1", transferred_call_id="x"),
            "TransferredCallId",
            "InCall",
        ),
        (Hangup(call_id=""), None, "Completed"),
        (Hangup(call_id="C1"), None, "Completed"),
    ],
)
def test_commands_name_calls(
    command: Command, parameter: str | None, state: str
) -> None:
    pages = watched({"InCall": [command]})
    call = pages.system.call_between().answer()
    assert call.state == state
    assert codes(call) == ([302] if parameter else [])
    if parameter:
        assert f"parameter '{parameter}' for command" in call.errors[0].message


def test_p4585_one_answer_acts_on_two_calls() -> None:
    pages = watched()
    other = pages.system.call_between("1", "2").answer()
    pages.pages["call_changed"] = [Hangup(call_id="C1"), Hangup(), Hangup()]
    call = pages.system.call_between("3", "4")
    assert (other.state, call.state) == ("Completed", "Cancelled")
    assert "left out Hangup, the call is over" in str(call)
    assert not pages.system.live_calls


def test_p4775_a_recording_lasts_to_the_end_of_the_call() -> None:
    pages = watched(
        {"InCall": [Record(finished_url=url("done"), format="wav"), Record()]},
        done=[Speak("too late", party="all")],
    )
    call = pages.system.call_between("103", "101").answer().wait(15).hang_up()
    name = "http://ozekixepbx.ip:7780/HttpRecordings/00000000000000000000000000000002"
    assert pages.posted[-1] == (
        "done",
        f"Success=true&Duration=15&RecordURL={name}.wav&CallId=C1"
        "&Caller=103&Callee=101&NotificationName=RecordCompleted",
    )
    assert call.heard == []
    assert not call.errors


def test_p4201_a_recording_of_a_call_that_only_rang_is_no_success() -> None:
    pages = watched({"Ringing": [Record(finished_url=url("done"))]}, done=[])
    pages.system.call_between().wait(20).cancel()
    assert pages.values("done", "Success") == ["false"]
    pages = watched({"Ringing": [Record(finished_url=url("done"))]}, done=[])
    pages.system.call_between().wait(20).answer().wait(3).hold().wait(9).hang_up()
    assert pages.values("done", "Duration") == ["3"]


@pytest.mark.parametrize(
    ("command", "third_party", "extension"),
    [(Hold(), [], [303]), (SendSms("Hi", recipient="1"), [303], [])],
)
def test_p4201_the_call_id_decides_what_may_answer_a_recording(
    command: Command, third_party: list[int], extension: list[int]
) -> None:
    record = Record(finished_url=url("done"))
    pages = watched({"InCall": [record]}, done=[command])
    assert codes(pages.system.call_between().answer().hang_up()) == third_party
    pages = Pages(incoming_call=[record], done=[command])
    assert codes(pages.system.incoming_call().hang_up()) == extension


def test_two_answers_that_undo_each_other() -> None:
    def toggle() -> list[Command]:
        return [Unhold()] if pages.states[-1] == "Hold" else [Hold()]

    pages = Pages(call_changed=toggle)
    call = pages.system.call_between()
    with pytest.raises(CallLoop):
        call.answer()
    assert call.state is CallState.ERROR
    assert not pages.system.live_calls


def test_a_loop_of_transfers_leaves_no_call() -> None:
    pages = Pages(call_changed=lambda: [TRANSFER] * (pages.states[-1] == "InCall"))
    with pytest.raises(CallLoop):
        pages.system.call_between().answer()
    assert not pages.system.live_calls


def test_a_failure_ends_the_call_after_a_transfer_too() -> None:
    def fail() -> t.NoReturn:
        raise ZeroDivisionError

    pages = Pages(desk=[BlindTransfer("9997")], box=fail)
    urls = {"": {"incoming_call": url("desk")}, "9997": {"incoming_call": url("box")}}
    system = PhoneSystem(pages.app, urls)
    with pytest.raises(ZeroDivisionError):
        system.incoming_call()
    assert not system.live_calls


def test_a_call_of_an_api_extension_obeys_some_commands() -> None:
    record = Record(finished_url=url("done"))
    heard = [Speak("To all", party="all"), Speak("To us", party="callee"), KEYS]
    pages = watched(
        {"InCall": [record, *heard]}, incoming_call=[Speak(SECOND), MENU], done=[]
    )
    call = pages.system.incoming_call()
    assert call.heard == ["To all", SECOND, "menu"]
    assert "* to the API extension: To us" in str(call)
    assert (call.wait(4).hang_up().clock, call.errors) == (5, [])
    assert pages.values("done", "Duration") == ["5"]


def test_an_incoming_call_may_be_hung_up_before_its_answer_runs() -> None:
    sms = SendSms("Hi", recipient="1")
    pages = watched({"InCall": [Hangup()]}, incoming_call=[Speak("Hi"), sms])
    place = [Call("2310", url=url("next"))]
    call = pages.system.incoming_call()
    assert (call.heard, pages.states) == ([], ["Ringing", "InCall", "Completed"])
    assert not pages.system.sms_sent
    pages = watched({"InCall": [Hangup()]}, incoming_sms=place, next=[Speak("Hi")])
    pages.system.incoming_sms()
    assert pages.system.calls_placed[0].answer().state is CallState.COMPLETED
    assert "next" not in pages.asked


def test_what_a_command_leads_to_is_posted_before_the_next_command() -> None:
    answer = [Call("2310", url=url("connected")), GoTo(url("next"))]
    pages = watched(incoming_sms=answer, next=[])
    pages.system.incoming_sms()
    assert pages.asked == ["incoming_sms", "call_changed", "next"]


CALL = Call("2310", url=url("connected"), caller_id="3000", error_url=url("failed"))


def placing(**pages: t.Any) -> Pages:
    return watched(incoming_sms=[CALL], failed=[], **pages)


def test_p4588_a_placed_call_is_answered() -> None:
    pages = watched(
        incoming_call=[Speak("We will call your friend."), CALL, Speak("Good bye.")],
        connected=[Play("birthday.mp3"), UserInput(inputs={"1": Speak("again")})],
    )
    call = pages.system.incoming_call(api_extension="9998")
    assert call.heard == ["We will call your friend.", "Good bye."]
    (friend,) = pages.system.calls_placed
    assert friend.state is CallState.RINGING
    with pytest.raises(CallStateError, match="Cannot press keys: the call is Ringing"):
        friend.press("1")
    assert friend.answer().press("1").heard == ["birthday.mp3", "again"]
    assert [body for name, body in pages.posted if name == "connected"] == [
        "NotificationName=CallConnected&CallLegID=L2&Callee=2310&ApiExtension=9998",
    ]
    for act in (friend.answer, friend.refuse, friend.let_ring):
        with pytest.raises(CallStateError, match="the call is Completed"):
            act()
    numbers = ("9998", "3000", "2310")
    assert [row for row in new_calls(pages) if row[1] == "L2"] == [
        ("Ringing", "L2", *numbers),
        ("InCall", "L2", *numbers),
        ("Completed", "L2", *numbers),
    ]


@pytest.mark.parametrize(
    ("outcome", "act", "states", "result", "rang"),
    [
        (None, "refuse", ["Ringing", "Busy"], "Busy", 0),
        (None, "hang_up", ["Ringing", "Busy"], "Busy", 0),
        (None, "let_ring", ["Ringing", "Busy"], "NoAnswer", 90),
        ("busy", None, ["Ringing", "Busy"], "Busy", 0),
        ("no answer", None, ["Ringing", "Busy"], "NoAnswer", 90),
        ("not found", None, [], "NotFound", 0),
    ],
)
def test_p4588_a_call_that_does_not_come_about_is_reported(
    outcome: t.Any, act: str | None, states: list[str], result: str, rang: float
) -> None:
    pages = placing()
    if outcome:
        pages.system.extensions["2310"] = outcome
    pages.system.incoming_sms()
    (call,) = pages.system.calls_placed
    if act:
        getattr(call, act)()
    assert (pages.states, call.ended, call.rang) == (states, True, rang)
    assert pages.posted[-1] == (
        "failed",
        "NotificationName=Error&Code=402&Message=Call+connect+to+%272310%27+failed"
        f"+with+result+state+%27{result}%27",
    )
    assert pages.system.errors == call.errors
    assert codes(call) == [402]


def test_a_callee_may_hang_up_in_the_middle_of_anything() -> None:
    pages = placing(connected=[Speak(SECOND * 9)])
    pages.system.incoming_sms()
    call = pages.system.calls_placed[0].answer(hang_up_after=3)
    assert (call.state, call.clock) == (CallState.COMPLETED, 3)


def test_p4588_a_call_without_ozml_at_its_url_is_hung_up() -> None:
    place = Call("1", url=url("gone"), api_extension="77")
    pages = Pages(incoming_call=[place], gone=("", 404))
    pages.system.incoming_call()
    (friend,) = pages.system.calls_placed
    assert friend.caller == "77"
    assert friend.answer().state is CallState.ERROR
    assert codes(friend) == [300]


def test_errors_in_a_placed_call_are_posted_to_its_error_url() -> None:
    pages = Pages(
        incoming_call=[CALL], connected="<p>sorry</p>", failed=[], error=("no", 500)
    )
    pages.system.incoming_call()
    pages.system.calls_placed[0].answer()
    assert pages.asked == ["incoming_call", "connected", "error", "failed"]
    assert pages.posted[2][1].startswith("NotificationName=Error&Code=300&Message=")
    assert [error.code for error in pages.system.errors] == [300]


def test_an_error_notification_may_be_sent_by_hand() -> None:
    pages = Pages(error=[])
    sent = pages.system.send_error(402, "Who?")
    assert pages.posted[0][1] == "NotificationName=Error&Code=402&Message=Who%3F"
    assert str(sent) == "Error notification 402\n* 402 Who?"


def test_an_error_notification_that_does_not_arrive_is_an_error() -> None:
    pages = Pages(error=("no", 500))
    sent = pages.system.send_error(402)
    assert [error.code for error in pages.system.errors] == [300]
    assert sent.events[-1].text.endswith("answered with the status 500'")
    assert pages.asked == ["error"]


def test_several_blueprints_have_urls_of_their_own() -> None:
    pages = Pages(
        desk=[BlindTransfer("9997")],
        box=[Speak("Leave a message."), UserInput()],
        changed=[],
        sms=[],
        error=[],
    )
    urls = {
        "9997": {"incoming_call": url("box"), "call_changed": url("changed")},
        "": {"incoming_call": url("desk"), "error": url("error")},
        "5": {"incoming_sms": url("sms")},
    }
    system = PhoneSystem(pages.app, urls)
    call = system.incoming_call(api_extension="9998").transferred_call
    assert call is not None
    assert (call.api_extension, call.heard) == ("9997", ["Leave a message."])
    system.incoming_sms(api_extension="5")
    system.send_error()
    assert [name for name in pages.asked if name != "changed"] == [
        "desk",
        "box",
        "sms",
        "error",
    ]
    with pytest.raises(ConfigurationError, match="of the API extension '5', only for"):
        system.incoming_call(api_extension="5")
