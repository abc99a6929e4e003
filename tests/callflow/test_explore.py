"""The states of a flow, and how far an exploration goes."""

import itertools
import random
import time
import typing as t

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from apps import make_app
from flask_ozml import OzML
from flask_ozml.callflow import Bounds
from flask_ozml.callflow import explore
from flask_ozml.callflow import Flow
from flask_ozml.callflow import State
from flask_ozml.client import PhoneSystemClient
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Call
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Record
from flask_ozml.commands import Reject
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.simulator import PhoneSystem
from flask_ozml.simulator import PlacedCall

Answer = list[ExtensionCommand]


def site(*commands: ExtensionCommand) -> Flow:
    """Return the flow of a site that answers every call with these commands."""
    phone = OzML("phone", __name__)
    phone.incoming_call(lambda call: list(commands))
    return explore(make_app(phone))


def after(flow: Flow, state: State, label: str) -> State:
    """Return the state that an act leads to."""
    (number,) = [edge.to for edge in state.edges if edge.act.label == label]
    assert number
    return flow.states[number - 1]


def labels(state: State) -> list[str]:
    return [edge.act.label for edge in state.edges]


MENUS: t.Final = st.lists(
    st.dictionaries(st.sampled_from("123456789*#"), st.integers(0, 7), max_size=4),
    min_size=1,
    max_size=6,
)


@settings(max_examples=30)
@given(menus=MENUS)
def test_the_map_of_menus_made_of_data_has_the_states_of_the_data(
    menus: list[dict[str, int]],
) -> None:
    phone = OzML("phone", __name__)

    def target(index: int) -> ExtensionCommand:
        return GoTo(phone.to(menu, index=index)) if index < len(menus) else Hangup()

    @phone.goto
    def menu(_: t.Any, index: int) -> Answer:
        inputs = {key: target(to) for key, to in menus[index].items()}
        prompt = Speak(f"Menu {'abcdefgh'[index]}")
        return [UserInput(prompt, inputs=inputs), Speak("Bye"), Hangup()]

    phone.incoming_call(lambda call: GoTo(phone.to(menu, index=0)))
    flow = explore(make_app(phone))

    reachable, waiting = set(), [0]
    while waiting:
        index = waiting.pop()
        if index < len(menus) and index not in reachable:
            reachable.add(index)
            waiting += menus[index].values()
    ends = {to >= len(menus) for index in reachable for to in menus[index].values()} - {
        False
    }
    heard = [state.heard for state in flow.states]
    expected = [(f"Menu {'abcdefgh'[index]}",) for index in reachable]
    assert sorted(heard) == sorted([*expected, ("Bye",), *[() for _ in ends]])
    assert not flow.all_findings
    assert not flow.notes
    for state in flow.states:
        if state.kind == "menu":
            keys = menus["abcdefgh".index(state.heard[0][-1])]
            assert labels(state)[: len(keys)] == list(keys)
            for key, index in keys.items():
                found = after(flow, state, key)
                shown = f"Menu {'abcdefgh'[index]}" if index < len(menus) else ""
                assert "".join(found.heard) == shown
            assert after(flow, state, "silence").heard == ("Bye",)


def test_the_whole_prompt_of_a_menu_is_heard() -> None:
    flow = site(Speak("Hello."), UserInput(Speak("One."), Speak("Two."), digits=1))
    assert flow.states[0].heard == ("Hello.", "One.", "Two.")


@pytest.mark.parametrize(
    "menu, words, acts",
    [
        (
            {"inputs": {"1": Hangup(), "#": Hangup()}},
            "waits for 1, #",
            ["1", "#", "0 (a wrong entry)", "silence"],
        ),
        ({"digits": 2}, "waits for 2 digits", ["00 (a wrong entry)", "silence"]),
        (
            {"inputs": {"12": Hangup()}, "back_key": "0", "max_digits": 3},
            "waits for 12, 0",
            ["12", "0", "999 (a wrong entry)", "silence"],
        ),
        (
            {"inputs": dict.fromkeys("0123456789", Hangup())},
            "waits for 0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
            [*"0123456789", "silence"],
        ),
    ],
)
def test_every_key_one_wrong_entry_and_silence_are_tried(
    menu: dict[str, t.Any], words: str, acts: list[str]
) -> None:
    state = site(UserInput(Speak("Menu."), **menu), Speak("Bye.")).states[0]
    assert state.awaits == words
    assert labels(state) == acts


@pytest.mark.parametrize(
    "menu, press, words, acts",
    [
        ({"digits": 4}, ("1234", "12"), "4 digits", ["1234", "0000 (a wrong entry)"]),
        (
            {"min_digits": 1, "max_digits": 2},
            ("7", "00"),
            "1 to 2 digits",
            ["7", "00", "99 (a wrong entry)"],
        ),
        ({"digits": 1}, (), "1 digit", list("1234567890*#")),
        (
            {"digits": 1, "inputs": {"5": Speak("Five.")}},
            (),
            "5 or another digit",
            list("5123467890*#"),
        ),
    ],
)
def test_given_entries_are_tried_where_a_view_takes_digits(
    menu: dict[str, t.Any], press: tuple[str, ...], words: str, acts: list[str]
) -> None:
    phone = OzML("phone", __name__)

    @phone.dtmf_entered
    def take(entered: t.Any) -> Answer:
        return [Speak(f"You entered {entered.dtmf_digits}."), Hangup()]

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        return [UserInput(Speak("Digits."), forward_to_url=phone.to(take), **menu)]

    flow = explore(make_app(phone), press=press)
    state = flow.states[0]
    assert state.awaits == f"waits for {words}"
    assert state.continues == ("take",)
    assert labels(state) == [*acts, "silence"]
    assert after(flow, state, acts[-1]).views == ("dtmf_entered.take",)


def test_a_key_that_counts_only_during_the_prompt_is_pressed_then() -> None:
    menu = UserInput(Speak("Menu."), inputs={"1": Speak("One.")}, timeout=0)
    flow = site(menu, Speak("Too late."))
    assert after(flow, flow.states[0], "1").heard == ("One.", "Too late.")
    assert after(flow, flow.states[0], "silence").heard == ("Too late.",)


@pytest.mark.parametrize("finish", ["#", None])
def test_a_recording_hears_a_voice_or_none(finish: str | None) -> None:
    phone = OzML("phone", __name__)

    @phone.record_completed
    def keep(voice: t.Any) -> Answer:
        return [Speak("Thanks." if voice.success else "Nothing.")]

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        url = phone.to(keep)
        return [Record(finished_url=url, inactivity=5, finish_digits=finish)]

    flow = explore(make_app(phone))
    assert after(flow, flow.states[0], "speak").heard == ("Thanks.",)
    assert after(flow, flow.states[0], "silence").heard == ("Nothing.",)


def test_each_outcome_of_a_transfer_is_followed() -> None:
    flow = site(
        Speak("Wait."), BlindTransfer("2000"), BlindTransfer("2001"), Speak("Sorry.")
    )
    first = flow.states[0]
    assert (first.heard, first.awaits) == (("Wait.",), "transferred to 2000")
    second = after(flow, first, "2000 does not answer")
    assert (second.heard, second.awaits) == ((), "transferred to 2001")
    last = after(flow, second, "2001 does not answer")
    assert (last.heard, last.awaits) == (("Sorry.",), "hung up")
    assert last.where == "call 9998, 2000 does not answer, 2001 does not answer"


def test_transfers_that_differ_only_in_what_follows_are_two_states() -> None:
    transfers: dict[str, Answer] = {
        key: [BlindTransfer("2000"), Speak(f"After {key}.")] for key in ("1", "2")
    }
    flow = site(UserInput(Speak("Menu."), inputs=transfers), Hangup())
    kinds = [state.kind for state in flow.states]
    assert kinds.count("transfer") == 2


@pytest.mark.parametrize("back_key", ["*", None])
def test_a_menu_around_another_counts_only_with_a_back_key(
    back_key: str | None,
) -> None:
    def menu(prompt: str) -> UserInput:
        inner = UserInput(
            Speak("Inner."), inputs={"1": Hangup()}, back_key=back_key, repeat=True
        )
        return UserInput(Speak(prompt), inputs={"1": inner})

    phone = OzML("phone", __name__)

    @phone.goto
    def other(_: t.Any) -> Answer:
        return [menu("Other."), Hangup()]

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        return [menu("First."), GoTo(phone.to(other))]

    heard = [state.heard for state in explore(make_app(phone)).states]
    assert heard.count(("Inner.",)) == 2
    inner_of = [menu("A."), menu("B.")]
    found = site(UserInput(Speak("M."), inputs=dict(zip("12", inner_of, strict=True))))
    inner = [s for s in found.states if s.heard == ("Inner.",)]
    assert len(inner) == (2 if back_key else 1)
    if back_key:
        assert [after(found, s, "*").heard for s in inner] == [("A.",), ("B.",)]


def test_calls_that_views_place_are_followed() -> None:
    phone = OzML("phone", __name__)

    @phone.call_connected
    def connected(call: t.Any, who: str) -> Answer:
        return [Speak(f"Hello {who}.")]

    @phone.error
    def failed(error: t.Any) -> None:
        raise KeyError("broken")

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        url, error_url = phone.to(connected, who="Anna"), phone.to(failed)
        menu = UserInput(Speak("Menu."), inputs={"1": SendSms("Hi", recipient="1")})
        return [Call("1000", url=url, error_url=error_url), menu]

    flow = explore(make_app(phone))
    ringing = after(flow, flow.states[0], "call 1000 that was placed")
    assert (ringing.kind, ringing.continues) == (
        "ringing",
        ('connected(who="Anna")', "failed"),
    )
    assert after(flow, ringing, "answer").heard == ("Hello Anna.",)
    assert after(flow, ringing, "busy").awaits == "rejected"
    assert [found.name for found in flow.all_findings] == ["error"]
    assert flow.all_findings[0].where.endswith("busy (view error.failed)")


def test_calls_to_views_without_state_are_explored() -> None:
    phone = OzML("phone", __name__)
    phone.call_connected(lambda call: [Speak("Hello.")])

    @phone.call_connected
    def with_state(call: t.Any, who: str) -> Answer:
        raise KeyError("never called")

    flow = explore(make_app(phone))
    assert [state.heard for _, state in flow.roots] == [("Hello.",)]
    assert not flow.all_findings


def test_a_call_may_be_started_by_a_test() -> None:
    phone = OzML("phone", __name__)

    @phone.call_connected
    def remind(call: t.Any, who: str) -> Answer:
        return [UserInput(Speak(f"Hello {who}."), inputs={"1": Hangup()}), Hangup()]

    app = make_app(phone)

    def by_client(system: PhoneSystem) -> PlacedCall:
        with app.app_context():
            client = PhoneSystemClient.from_config(app.config)
            client.call("1000", url=phone.to(remind, who="Anna"))
        return system.calls_placed[-1]

    def by_hand(system: PhoneSystem) -> PlacedCall:
        return by_client(system).answer()

    flow = explore(app, starts=[by_client, by_hand])
    assert [act.label for act, _ in flow.roots] == [
        "call of by_client",
        "call of by_hand",
    ]
    assert [state.heard for state in flow.states] == [("Hello Anna.",), ()]


def test_every_api_extension_that_a_view_names_is_called() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call(api_extension="9996")
    def sales(call: t.Any) -> Answer:
        return [Speak("Sales.")]

    @phone.incoming_call(api_extension=("9997", "9995"))
    def closed(call: t.Any) -> Answer:
        return [Reject()]

    app = make_app(phone)
    assert [act.what for act, _ in explore(app).roots] == [
        "9995",
        "9996",
        "9997",
    ]
    flow = explore(app, to=["9997"])
    assert [state.awaits for state in flow.states] == ["rejected"]


def test_ids_and_times_are_no_part_of_a_state() -> None:
    phone = OzML("phone", __name__)
    clock = itertools.count()

    @phone.goto
    def menu(_: t.Any, call: str) -> Answer:
        inputs = {"1": GoTo(phone.to(menu, call=call)), "2": Hangup()}
        return [UserInput(Speak(f"Call {call}."), inputs=inputs), Hangup()]

    phone.incoming_call(lambda call: [GoTo(phone.to(menu, call=call.call_leg_id))])
    app = make_app(phone)
    with pytest.MonkeyPatch.context() as patch:
        now = time.time()
        patch.setattr(time, "time", lambda: now + next(clock))
        flow = explore(app)
    assert [state.heard for state in flow.states] == [("Call L1.",), ()]
    assert flow.states[0].continues == ('menu(call="L1")',)


def test_what_an_answer_was_inserted_into_counts_only_if_it_is_reached() -> None:
    phone = OzML("phone", __name__)

    @phone.dtmf_entered
    def take(entered: t.Any, ends: bool) -> Answer:
        return menu(ends)

    def menu(ends: bool) -> Answer:
        url = phone.to(take, ends=ends)
        ask = UserInput(Speak("A key?"), digits=1, forward_to_url=url)
        return [ask, Speak("Bye."), *([Hangup()] if ends else [])]

    ends = [True]
    phone.incoming_call(lambda call: menu(ends[0]))
    assert len(explore(make_app(phone)).states) == 2
    # Now every round leaves another "Bye." to be said at the end.
    ends[0] = False
    phone = OzML("phone", __name__)
    phone.dtmf_entered(take)
    phone.incoming_call(lambda call: menu(False))
    flow = explore(make_app(phone), bounds=Bounds(depth=3))
    assert flow.states[-1].heard == ("Bye.",) * 3


def test_call_changed_is_posted_while_a_call_begins() -> None:
    phone = OzML("phone", __name__)
    seen = []
    phone.call_changed(lambda call: seen.append(str(call.call_state)))
    phone.incoming_call(lambda call: [UserInput(Speak("Menu."), digits=1), Hangup()])
    flow = explore(make_app(phone))
    assert len(flow.states) == 2
    assert seen == ["Ringing", "InCall"]


def test_call_changed_is_always_posted_if_its_answers_do_something() -> None:
    from flask_ozml.commands import Speak as ThirdPartySpeak

    phone = OzML("phone", __name__)

    @phone.call_changed(call_state="InCall")
    def announce(call: t.Any) -> t.Any:
        return ThirdPartySpeak("Recorded line.", party="caller")

    phone.incoming_call(lambda call: [UserInput(Speak("Menu."), digits=1), Hangup()])
    flow = explore(make_app(phone))
    assert flow.states[0].heard == ("Recorded line.", "Menu.")
    assert not flow.notes


def test_several_blueprints_are_one_flow() -> None:
    line, mailbox = OzML("line", __name__), OzML("mailbox", __name__)

    @mailbox.goto
    def listen(_: t.Any) -> Answer:
        return [Speak("No messages."), Hangup()]

    line.incoming_call(lambda call: [GoTo(mailbox.to(listen))])
    line.call_changed(lambda call: None)

    @mailbox.incoming_call(api_extension="9997")
    def closed(call: t.Any) -> Answer:
        return [Reject()]

    app = make_app(line)
    app.register_blueprint(mailbox, url_prefix="/mailbox")
    flow = explore(app)
    assert [state.heard for _, state in flow.roots] == [("No messages.",), ()]
    assert flow.reached >= {("mailbox", "goto.listen")}


def test_a_counter_is_followed_for_some_rounds() -> None:
    phone = OzML("phone", __name__)

    @phone.goto
    def menu(_: t.Any, count: int) -> Answer:
        again = GoTo(phone.to(menu, count=count + 1))
        inputs = dict.fromkeys("123456789", again)
        return [UserInput(Speak(f"Round {count}."), inputs=inputs), Hangup()]

    phone.incoming_call(lambda call: [GoTo(phone.to(menu, count=0))])
    flow = explore(make_app(phone), bounds=Bounds(depth=4))
    assert [s.heard for s in flow.states if s.heard] == [
        (f"Round {count}.",) for count in range(5)
    ]
    assert [state.number for state in flow.states if state.left_out] == [6]
    assert flow.notes == ["Counters were followed for 4 rounds. --depth sets how many."]


def test_random_prompts_are_bounded_and_noted() -> None:
    phone = OzML("phone", __name__)
    dice = random.Random(1)

    @phone.goto
    def menu(_: t.Any) -> Answer:
        greeting = dice.choice(["Good day", "Welcome", "Dear caller", "Hi"])
        again = GoTo(phone.to(menu))
        menu_ = UserInput(Speak(f"{greeting}, press a key."), inputs={"1": again})
        return [menu_, Hangup()]

    phone.incoming_call(lambda call: [GoTo(phone.to(menu))])
    flow = explore(make_app(phone))
    assert len(flow.states) < 20
    assert any("differs from play to play" in note for note in flow.notes)


def test_a_time_in_a_prompt_is_one_state_with_dots() -> None:
    phone = OzML("phone", __name__)

    @phone.goto
    def menu(_: t.Any) -> Answer:
        again = GoTo(phone.to(menu))
        inputs = dict.fromkeys("123456789", again)
        prompt = Speak(f"It is {time.perf_counter_ns()} now.")
        return [UserInput(prompt, inputs=inputs), Hangup()]

    phone.incoming_call(lambda call: [GoTo(phone.to(menu))])
    flow = explore(make_app(phone))
    assert [state.heard for state in flow.states] == [("It is … now.",), ()]


def test_a_site_that_goes_another_way_in_each_play_is_noted() -> None:
    phone = OzML("phone", __name__)
    calls = itertools.count()

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        number = next(calls)
        record = Record(inactivity=5)
        menu = UserInput(Speak("Menu."), digits=1)
        return [menu if number % 3 == 0 else record if number % 3 == 1 else Hangup()]

    flow = explore(make_app(phone))
    assert any("is not the same in each play" in note for note in flow.notes)
    assert len(flow.states) < 10


def test_what_is_only_sometimes_possible_is_noted() -> None:
    phone = OzML("phone", __name__)
    calls = itertools.count()

    @phone.call_connected
    def connected(call: t.Any) -> Answer:
        return [Speak("Hello.")]

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        if next(calls):
            return [Speak("One two."), Hangup()]
        return [Call("1000", url=phone.to(connected)), Speak("One."), Hangup()]

    flow = explore(make_app(phone), to=["9998"])
    assert [state.heard for state in flow.states] == [("One.",)]
    assert "'call 1000 that was placed' was not always" in flow.notes[0]


def test_prompts_of_different_lengths_are_dots() -> None:
    phone = OzML("phone", __name__)
    calls = itertools.count()

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        number = next(calls)
        more = (Speak("More."),) if number == 2 else ()
        words = " ".join(["word"] * (2 if number else 1))
        menu = UserInput(Speak(words), inputs={"1": Hangup()})
        return [Speak("Hello."), *more, menu, Hangup()]

    flow = explore(make_app(phone))
    assert flow.states[0].heard == ("…",)


def test_a_menu_that_changes_is_noted() -> None:
    phone = OzML("phone", __name__)
    calls = itertools.count()

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        keys = "12" if next(calls) == 0 else "123"
        return [UserInput(Speak("Menu."), inputs=dict.fromkeys(keys, Hangup()))]

    flow = explore(make_app(phone))
    assert flow.notes == ["State 1 is not the same in each play."]


@pytest.mark.parametrize("token", ["abcde", "MTIz", "e30", "W1tdLDEsMiwzXQ", "WzEsMl0"])
def test_tokens_of_other_sites_may_have_any_form(token: str) -> None:
    url = f"http://other.example/audio?token={token}"
    flow = site(UserInput(Speak("Menu."), forward_to_url=url))
    assert flow.states[0].heard == ("Menu.",)
    assert not flow.states[0].continues


def test_a_limit_counts_for_the_beginnings_of_calls_too() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        return [Speak(f"Extension {call.api_extension}."), Hangup()]

    flow = explore(make_app(phone), to=["9997", "9998"], bounds=Bounds(states=1))
    assert [act.what for act, _ in flow.roots] == ["9997"]


def test_ten_thousand_states_are_left_out() -> None:
    phone = OzML("phone", __name__)

    @phone.goto
    def menu(_: t.Any, name: str) -> Answer:
        names = [name + letter for letter in "abcdefghij"] if len(name) < 4 else []
        inputs = {
            key: GoTo(phone.to(menu, name=to))
            for key, to in zip("0123456789", names, strict=False)
        }
        return [UserInput(Speak(f"Menu {name}."), inputs=inputs), Hangup()]

    phone.incoming_call(lambda call: [GoTo(phone.to(menu, name=""))])
    seen: list[tuple[int, int]] = []
    flow = explore(
        make_app(phone),
        bounds=Bounds(states=50),
        progress=lambda done, found: seen.append((done, found)),
    )
    assert len(flow.states) == 50
    assert {bool(state.left_out) for state in flow.states} == {True, False}
    assert seen == sorted(seen)
    assert len(seen) == 50
    assert flow.notes == [
        "There are more than 50 states; exploring ended there. --states sets the limit."
    ]


def test_exploring_ends_when_its_time_is_over() -> None:
    phone = OzML("phone", __name__)
    phone.incoming_call(lambda call: UserInput(Speak("One."), inputs={"1": Hangup()}))
    flow = explore(make_app(phone), bounds=Bounds(seconds=0))
    assert [state.left_out for state in flow.states] == ["not explored to the end"]
    assert flow.notes == ["Exploring ended after 0 seconds."]


def test_what_was_found_before_an_interruption_is_kept() -> None:
    def interrupt(done: int, found: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    phone = OzML("phone", __name__)
    phone.incoming_call(lambda call: [UserInput(Speak("A."), digits=1), Hangup()])
    flow = explore(make_app(phone), progress=interrupt)
    assert [state.heard for state in flow.states] == [("A.",), ()]
    assert flow.notes == ["Interrupted: the rest was not explored."]
