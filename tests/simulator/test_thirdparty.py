import itertools
import typing as t

import pytest

from flask_ozml.commands import AttendedTransfer
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Command
from flask_ozml.commands import Forward
from flask_ozml.commands import Hangup
from flask_ozml.commands import Hold
from flask_ozml.commands import Play
from flask_ozml.commands import Record
from flask_ozml.commands import SendDTMF
from flask_ozml.commands import Speak
from flask_ozml.commands import Unhold
from flask_ozml.notifications import CallState
from flask_ozml.simulator import CallLoop
from flask_ozml.simulator import CallStateError
from simulator_pages import Pages
from simulator_pages import url


def watched(answers: dict[str, list[Command]] | None = None, **pages: t.Any) -> Pages:
    """Pages where a CallChanged is answered by its state, once for each."""
    left = dict(answers or {})

    def changed() -> list[Command]:
        body = made.posted[-1][1]
        state = body.partition("CallState=")[2].partition("&")[0]
        return left.pop(state, [])

    made = Pages(call_changed=changed, **pages)
    return made


def states(pages: Pages) -> list[str]:
    bodies = [body for name, body in pages.posted if name == "call_changed"]
    return [body.split("&")[1].removeprefix("CallState=") for body in bodies]


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        ([], ["Ringing"]),
        (["answer"], ["Ringing", "Answered", "InCall"]),
        (["busy"], ["Ringing", "Busy"]),
        (["cancel"], ["Ringing", "Cancelled"]),
        (["answer", "hang_up"], ["Ringing", "Answered", "InCall", "Completed"]),
        (
            ["answer", "hold", "unhold", "hold", "hang_up"],
            ["Ringing", "Answered", "InCall", "Hold", "InCall", "Hold", "Completed"],
        ),
    ],
)
def test_each_change_is_posted(acts: list[str], expected: list[str]) -> None:
    pages = watched()
    call = pages.system.call_between("103", "101")
    for act in acts:
        getattr(call, act)()
    assert states(pages) == expected
    assert call.state == expected[-1]
    assert pages.posted[0][1] == (
        "NotificationName=CallChanged&CallState=Ringing&CallId=C1&Caller=103"
        "&CallerId=103&Callee=101"
    )


def test_a_party_transfers() -> None:
    pages = watched()
    call = pages.system.call_between().answer().transfer("200")
    assert (call.transferred_to, call.state) == ("200", CallState.TRANSFERRED)
    assert call.ended


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
def test_what_a_state_does_not_allow(act: str, state: str) -> None:
    call = watched().system.call_between()
    for step in WAYS[state]:
        getattr(call, step)()
    if state in ACTS[act]:
        getattr(call, act)()
    else:
        with pytest.raises(CallStateError, match=f"in the state {state}"):
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
    assert states(pages) == ["Ringing", "Answered", "InCall", "Hold", "InCall"]
    assert "< (caller) keys 01234#" in str(call)
    assert not call.errors


def test_forward_while_it_rings() -> None:
    pages = watched({"Ringing": [Forward("500")]})
    call = pages.system.call_between("103", "101")
    assert call.callee == "500"
    assert states(pages) == ["Ringing", "Ringing"]
    assert pages.posted[1][1].endswith("&Callee=500")


@pytest.mark.parametrize("command", [Forward("500"), Unhold()])
def test_refused_in_a_conversation(command: Command) -> None:
    pages = watched({"InCall": [command, Speak("next", party="all")]})
    call = pages.system.call_between().answer()
    assert [error.code for error in call.errors] == [303]
    assert call.heard == ["next"]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("answered", ("1001", "Transferred", [])),
        ("busy", (None, "InCall", ["Nobody there."])),
    ],
)
def test_blind_transfer(outcome: t.Any, expected: object) -> None:
    transfer = BlindTransfer("1001", transferor_party="callee")
    pages = watched({"InCall": [transfer, Speak("Nobody there.", party="all")]})
    pages.system.extensions["1001"] = outcome
    call = pages.system.call_between().answer()
    assert (call.transferred_to, call.state, call.heard) == expected


@pytest.mark.parametrize(
    ("command", "parties", "to"),
    [
        # the secretary (200) has a client (100) in C1 and the boss (300) in C2
        (
            AttendedTransfer(
                target_call_id="C2",
                transferred_call_id="C1",
                transferor_party="callee",
            ),
            ("100", "300"),
            "300",
        ),
        (AttendedTransfer(target_call_id="C1"), ("100", "300"), "100"),
    ],
)
def test_attended_transfer(command: Command, parties: tuple[str, str], to: str) -> None:
    pages = watched()
    client = pages.system.call_between("100", "200").answer().hold()
    pages.pages["call_changed"] = lambda: (
        [command] if "CallState=InCall" in pages.posted[-1][1] else []
    )
    boss = pages.system.call_between("200", "300")
    boss.answer()
    ended, joined = (client, boss) if to == "300" else (boss, client)
    assert (ended.state, ended.transferred_to) == (CallState.TRANSFERRED, to)
    assert joined.state is CallState.IN_CALL
    assert {joined.caller, joined.callee} == set(parties)


@pytest.mark.parametrize(
    ("command", "codes", "state"),
    [
        (Hangup(call_id="23Xdz7"), [302], "InCall"),
        (AttendedTransfer(target_call_id="23Xdz7"), [302], "InCall"),
        (
            AttendedTransfer(target_call_id="C1", transferred_call_id="x"),
            [302],
            "InCall",
        ),
        (AttendedTransfer(target_call_id="C1"), [], "InCall"),
        (Hangup(call_id=""), [], "Completed"),
        (Hangup(call_id="C1"), [], "Completed"),
    ],
)
def test_commands_name_calls(command: Command, codes: list[int], state: str) -> None:
    pages = watched({"InCall": [command]})
    call = pages.system.call_between().answer()
    assert [error.code for error in call.errors] == codes
    assert call.state == state


def test_one_answer_acts_on_two_calls() -> None:
    pages = watched()
    other = pages.system.call_between("1", "2").answer()
    pages.pages["call_changed"] = [Hangup(call_id="C1"), Hangup(), Hangup()]
    call = pages.system.call_between("3", "4")
    assert (other.state, call.state) == ("Completed", "Completed")
    assert "left out Hangup, the call is over" in str(call)
    assert not pages.system.live_calls


def test_a_recording_lasts_to_the_end_of_the_call() -> None:
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


def test_two_answers_that_undo_each_other() -> None:
    def toggle() -> list[Command]:
        return [Unhold()] if "=Hold" in pages.posted[-1][1] else [Hold()]

    pages = Pages(call_changed=toggle)
    call = pages.system.call_between()
    with pytest.raises(CallLoop):
        call.answer()
    assert call.state is CallState.ERROR
    assert not pages.system.live_calls
    assert not pages.system.pending


def test_an_answered_call_may_be_hung_up_at_once() -> None:
    pages = watched({"Answered": [Hangup()]})
    assert pages.system.call_between().answer().state is CallState.COMPLETED
    assert states(pages) == ["Ringing", "Answered", "Completed"]
