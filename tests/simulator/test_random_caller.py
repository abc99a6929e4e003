"""The random caller, and random applications."""

import collections
import contextlib
import typing as t
from collections.abc import Sized

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_ozml import commands as ozml
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Call
from flask_ozml.commands import Command
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Play
from flask_ozml.commands import Record
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import CallState
from flask_ozml.simulator import Call as PlayedCall
from flask_ozml.simulator import CallLoop
from flask_ozml.simulator import CallStateError
from flask_ozml.simulator import PhoneSystem
from simulator_pages import Pages
from simulator_pages import url

MENU = UserInput(
    Speak("menu"),
    inputs={"1": Speak("one"), "2": GoTo(url("menu")), "3": Record(duration=9)},
    back_key="*",
    timeout=5,
    forward_to_url=url("keys"),
)


def wrong(*commands: Command, **pages: t.Any) -> list[str]:
    pages = {"menu": [MENU], "keys": [GoTo(url("menu"))], **pages}
    system = Pages(incoming_call=[*commands], **pages).system
    return [str(finding) for finding in system.random_caller(1, 500)]


def test_an_application_without_mistakes() -> None:
    assert wrong(MENU) == []


def test_the_same_seed_does_the_same() -> None:
    pages = Pages(incoming_call=[MENU], menu=[MENU], keys=[Hangup()])
    posted = []
    for seed in (1, 1, 2):
        pages.posted.clear()
        assert pages.system.random_caller(seed, 50, "1", "2") == []
        posted.append([body.partition("&CallLegID")[0] for _, body in pages.posted])
    assert posted[0] == posted[1] != posted[2]


def test_errors_are_found_with_the_keys_that_lead_there() -> None:
    findings = wrong(MENU, keys="<html/>")
    assert findings
    for finding in findings:
        reason, _, acts = finding.partition(" after ")
        assert reason.startswith("Error 300: Error occured during parsing message")
        assert acts.startswith("call")
        assert "press" in acts


def test_loops_are_found() -> None:
    found = wrong(MENU, keys=[GoTo(url("keys"))])
    assert found
    assert all("CallLoop: More than 50 notifications" in reason for reason in found)


def test_exceptions_are_found() -> None:
    def fail() -> t.NoReturn:
        raise ZeroDivisionError("oops")

    pages = Pages(incoming_call=[MENU], menu=[MENU], keys=fail)
    findings = pages.system.random_caller(1, 200)
    assert findings
    assert all(finding.reason == "ZeroDivisionError: oops" for finding in findings)
    assert isinstance(findings[0].exception, ZeroDivisionError)


def test_failures_that_a_fallback_hides_are_found() -> None:
    def fall_back() -> list[Command]:
        pages.system.failures.append(KeyError("pin"))
        return []

    pages = Pages(incoming_call=[MENU], menu=[MENU], keys=fall_back)
    findings = pages.system.random_caller(1, 200)
    assert findings
    assert {finding.reason for finding in findings} == {
        "The application failed: KeyError: 'pin'"
    }


def test_failures_when_a_caller_who_was_held_hangs_up_are_found() -> None:
    def fail() -> t.NoReturn:
        raise ZeroDivisionError

    pages = Pages(incoming_call=[Record(finished_url=url("done"))], done=fail)
    findings = pages.system.random_caller(1, 200)
    silence = ("call", "say nothing for an hour")
    assert (*silence, "hang up") in [finding.acts for finding in findings]


def test_a_call_that_cannot_be_made() -> None:
    findings = Pages(incoming_call="no").system.random_caller(0, 3)
    assert [finding.acts for finding in findings] == [("call",)] * 3


@pytest.mark.parametrize(
    "commands",
    [
        [UserInput(repeat=True)],
        [UserInput(Speak("PIN?"), digits=4, repeat=True, forward_to_url=url("keys"))],
        [Speak("Please wait."), Play("music.mp3", repeat=True)],
        [Speak("Say something."), Record()],
    ],
)
def test_a_caller_who_says_nothing_and_is_held_for_ever_is_found(
    commands: list[Command],
) -> None:
    found = wrong(*commands)
    held = "A caller who says nothing is held for ever after call"
    assert any(reason.startswith(held) for reason in found)
    assert any(reason.endswith("say nothing for an hour") for reason in found)


def test_keys_that_nothing_answers_are_found() -> None:
    quiet = UserInput(inputs={"1": Speak("one")}, repeat=True)
    found = wrong(Speak("Welcome."), quiet)
    assert any(reason.startswith("Nothing answers the keys after") for reason in found)


def test_busy_callees_are_no_mistake() -> None:
    pages = Pages(incoming_call=[Call("1", url=url("x"))])
    pages.system.extensions["1"] = "busy"
    assert pages.system.random_caller(1, 20) == []
    assert pages.system.errors


def test_a_caller_goes_on_after_a_transfer_to_another_api_extension() -> None:
    pages = Pages(desk=[BlindTransfer("9997")], box=[MENU], keys="<html/>", menu=[])
    urls = {"": {"incoming_call": url("desk")}, "9997": {"incoming_call": url("box")}}
    system = PhoneSystem(pages.app, urls)
    findings = system.random_caller(1, 200)
    assert findings
    assert all(", press" in str(finding) for finding in findings)
    assert len(system.live_calls) <= 1


@pytest.mark.parametrize("page", ["<html/>", [MENU]])
def test_placed_calls_are_played_too(page: t.Any) -> None:
    pages = Pages(
        incoming_sms=[Call("1", url=url("connected"))],
        connected=page,
        menu=[MENU],
        keys=[Hangup()],
    )
    system = pages.system

    def start() -> PlayedCall:
        system.incoming_sms()
        return system.calls_placed[-1]

    findings = system.random_caller(1, 200, start=start)
    assert bool(findings) is (page == "<html/>")
    assert CallState.RINGING not in [call.state for call in system.calls_placed[:-1]]
    if findings:
        assert findings[0].acts == ("call", "answer")


PAGES = ("a", "b", "c")
urls = st.sampled_from([*map(url, PAGES), "https://example.org/"])
keys = st.text("12*", min_size=1, max_size=2)
numbers = st.sampled_from(["100", "200", "300"])
seconds = st.none() | st.integers(0, 20)
texts = st.text(max_size=5)
simple: st.SearchStrategy[t.Any] = st.one_of(
    st.builds(ozml.Speak, texts),
    st.builds(ozml.Play, texts, repeat=st.none() | st.booleans()),
    st.builds(ozml.Delay, st.integers(0, 9)),
    st.builds(ozml.GoTo, urls),
    st.builds(ozml.Hangup),
    st.builds(ozml.BlindTransfer, numbers),
    st.builds(ozml.Call, numbers, url=urls, error_url=st.none() | urls),
    st.builds(ozml.SendEmail, recipient=numbers, subject=st.none() | numbers),
    st.builds(
        ozml.SendSms, texts, recipient=numbers, delivery_report_url=st.none() | urls
    ),
    st.builds(
        ozml.Record,
        finished_url=st.none() | urls,
        duration=seconds,
        inactivity=seconds,
        finish_digits=st.none() | keys,
    ),
)


def menus(inner: st.SearchStrategy[t.Any]) -> st.SearchStrategy[t.Any]:
    some = st.lists(inner, max_size=3)
    return st.builds(
        lambda initial, **arguments: UserInput(*initial, **arguments),
        initial=some,
        inputs=st.dictionaries(keys, some, max_size=3),
        repeat=st.none() | st.booleans(),
        timeout=seconds,
        back_key=st.none() | st.sampled_from("12*"),
        digits=st.none() | st.integers(1, 3),
        min_digits=st.none() | st.integers(1, 2),
        max_digits=st.none() | st.integers(2, 3),
        forward_to_url=st.none() | urls,
    )


nested = st.recursive(simple, menus, max_leaves=4)
# Callers come to a menu, in which they can act.
scripts = st.builds(
    lambda text, inputs, rest, **arguments: [
        UserInput(Speak(text), inputs=inputs, **arguments),
        *rest,
    ],
    text=texts,
    inputs=st.dictionaries(keys, nested, max_size=3),
    rest=st.lists(nested, max_size=3),
    repeat=st.none() | st.booleans(),
    digits=st.none() | st.integers(1, 3),
    forward_to_url=st.none() | urls,
)
illegal = st.sampled_from([ozml.Reject(), ozml.Hold()])
broken = st.text("<Response>/Speak&;", max_size=30).map(
    lambda text: f"<Response>{text}</Response>"
)
others = st.lists(nested | illegal, max_size=3) | broken
documents = st.integers(0, 9).flatmap(lambda dice: others if dice == 9 else scripts)
acts = st.one_of(
    st.tuples(st.just("press"), st.text("123*", min_size=1, max_size=4)),
    st.tuples(st.just("wait"), st.none() | st.integers(0, 60)),
    st.tuples(st.just("record"), st.integers(0, 20)),
    st.tuples(st.just("hang_up")),
)
outcomes = st.sampled_from(["answered", "busy", "no answer", "not found"])


def live_acts(pages: Pages, steps: list[t.Any]) -> int:
    """Act in a call while it goes on, and return how often that was."""
    call = pages.system.incoming_call()
    done = 0
    for name, *arguments in steps:
        if not call.live:
            break
        with contextlib.suppress(CallStateError):
            getattr(call, name)(*arguments)
        done += 1
    for placed in pages.system.calls_placed[:3]:
        if not placed.ended:
            placed.answer().hang_up()
    for sms in pages.system.sms_sent[:3]:
        pages.system.deliver(sms)
    call.hang_up()
    assert not call.live
    assert not call.stack
    return done


def test_whatever_is_answered_and_pressed_there_is_an_end() -> None:
    reached: collections.Counter[str] = collections.Counter()

    @settings(max_examples=150, deadline=None)
    @given(
        st.fixed_dictionaries(
            {"incoming_call": scripts, **dict.fromkeys(PAGES, documents)}
        ),
        st.lists(acts, min_size=1, max_size=8),
        outcomes,
        st.none() | st.integers(0, 30),
    )
    def play(
        answers: dict[str, t.Any], steps: list[t.Any], outcome: t.Any, slow: int | None
    ) -> None:
        pages = Pages({"reaction": slow or 1}, call_changed="<Response/>", **answers)
        pages.system.extensions["100"] = outcome
        try:
            reached["live" if live_acts(pages, steps) else "over at once"] += 1
        except CallLoop:
            reached["loop"] += 1
        for error in pages.system.errors:
            assert error.code in (300, 301, 302, 303, 402)

    play()
    share = reached["live"] / reached.total()
    assert share > 0.9, f"Only {share:.0%} of the examples are live calls: {reached}"


third_party: st.SearchStrategy[t.Any] = st.one_of(
    st.builds(ozml.Hangup, call_id=st.sampled_from([None, "C1", "C2", "C9"])),
    st.builds(ozml.Hold),
    st.builds(ozml.Unhold),
    st.builds(ozml.Forward, numbers),
    st.builds(ozml.Speak, texts, party=st.sampled_from(["caller", "callee", "all"])),
    st.builds(ozml.Play, texts),
    st.builds(ozml.SendDTMF, keys, party=st.just("all")),
    st.builds(ozml.Record, finished_url=st.none() | urls),
    st.builds(ozml.BlindTransfer, numbers, transferor_party=st.just("caller")),
    st.builds(
        ozml.AttendedTransfer,
        target_call_id=st.sampled_from(["C1", "C2", "C9"]),
        transferor_party=st.sampled_from([None, "caller", "callee"]),
    ),
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(third_party, max_size=3), max_size=6),
    st.lists(
        st.sampled_from(["answer", "hold", "unhold", "hang_up", "cancel"]), max_size=6
    ),
    outcomes,
)
def test_whatever_is_answered_about_calls_of_others(
    answers: list[t.Any], steps: list[str], outcome: t.Any
) -> None:
    def answer() -> t.Any:
        return answers.pop() if answers else []

    pages = Pages(call_changed=answer, a=answer, b=answer, c=answer)
    pages.system.extensions["100"] = outcome
    first = pages.system.call_between("100", "200")
    second = pages.system.call_between("200", "300")
    for step in steps:
        for call in (first, second):
            with contextlib.suppress(CallStateError):
                getattr(call, step)()
    for posted in new_calls(pages):
        assert posted in {call.id for call in pages.system.calls}
    assert all(not call.ended for call in pages.system.live_calls.values())


def new_calls(pages: Pages) -> set[str]:
    return set(pages.values("call_changed", "CallId"))


def test_a_thousand_calls_do_not_fill_the_memory() -> None:
    pages = Pages(
        incoming_call=[MENU], menu=[MENU], keys=[GoTo(url("menu"))], call_changed=[]
    )

    def kept_after(calls: int) -> int:
        for _ in range(calls):
            call = pages.system.incoming_call().press("2").press("5").press("6")
            call.wait(1).wait(2).press("2").press("3").record(2).wait().hang_up()
        attributes = vars(pages.system).values()
        return sum(len(kept) for kept in attributes if isinstance(kept, Sized))

    assert kept_after(100) == kept_after(900)


@pytest.mark.parametrize("length", [1, 4])
def test_the_random_caller_presses_as_many_digits_as_are_awaited(length: int) -> None:
    prompt = UserInput(forward_to_url=url("keys"), digits=length, timeout=5)
    pages = Pages(incoming_call=[prompt], keys=[Hangup()])
    assert pages.system.random_caller(3, 60) == []
    lengths = {len(entry) for entry in pages.values("keys", "DtmfDigits")}
    assert lengths == {length}
