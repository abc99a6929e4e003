"""Each finding: a small application that has it, and the same one without it."""

import sys
import typing as t
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.wrappers import Response

from apps import make_app
from flask_ozml import OzML
from flask_ozml.callflow import Bounds
from flask_ozml.callflow import explore
from flask_ozml.callflow.findings import ADVICE
from flask_ozml.callflow.findings import deploy_findings
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Call
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Play
from flask_ozml.commands import Record
from flask_ozml.commands import Route
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput

Answer = ExtensionCommand | list[ExtensionCommand] | Response | None

#: Registers views, with a mistake or without it.
Build = Callable[[OzML, bool], object]

CASES: list[tuple[str, Build, str]] = []


def case(name: str, where: str) -> Callable[[Build], Build]:
    """Add a case: the name of the finding, and a part of where it is."""

    def add(build: Build) -> Build:
        CASES.append((name, build, where))
        return build

    return add


def answering(phone: OzML, *commands: ExtensionCommand) -> None:
    """Let every call be answered with these commands."""

    @phone.incoming_call
    def welcome(call: t.Any) -> list[ExtensionCommand]:
        return list(commands)


@case("held", "call 9998 (view incoming_call.welcome)")
def repeat_a_menu(phone: OzML, wrong: bool) -> None:
    menu = UserInput(Speak("Press 1."), inputs={"1": Hangup()}, repeat=wrong)
    answering(phone, menu, Hangup())


@case("held", "call 9998")
def record_without_an_end(phone: OzML, wrong: bool) -> None:
    record = Record() if wrong else Record(inactivity=5, finish_digits="#")
    answering(phone, Speak("Speak."), record)


@case("held", "call 9998")
def play_music(phone: OzML, wrong: bool) -> None:
    answering(phone, Play("music.wav", repeat=wrong))


@case("held", "call 9998, 0 (a wrong entry)")
def count_rounds_of_silence(phone: OzML, wrong: bool) -> None:
    @phone.goto
    def menu(_: t.Any, tries: int) -> Answer:
        if tries == 9 and not wrong:
            return Hangup()
        again = GoTo(phone.to(menu, tries=tries + 1))
        return [UserInput(Speak(f"Try {tries}."), inputs={"1": Hangup()}), again]

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        return GoTo(phone.to(menu, tries=0))


@case("held", "call 9998, 0 (a wrong entry)")
def count_long_rounds(phone: OzML, wrong: bool) -> None:
    @phone.goto
    def menu(_: t.Any, tries: int) -> Answer:
        if tries == 9 and not wrong:
            return Hangup()
        again = GoTo(phone.to(menu, tries=tries + 1))
        return [UserInput(Speak("Go."), inputs={"1": Hangup()}, timeout=300), again]

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        return GoTo(phone.to(menu, tries=0))


@case("dead-key", "call 9998 (view incoming_call.welcome)")
def lead_to_a_silent_menu(phone: OzML, wrong: bool) -> None:
    prompt = () if wrong else (Speak("Press 2."),)
    inner = UserInput(*prompt, inputs={"2": Hangup()})
    answering(phone, UserInput(Speak("Press 1."), inputs={"1": inner}))


@case("loop", "call 9998 (view goto.again)")
def go_round_in_a_circle(phone: OzML, wrong: bool) -> None:
    @phone.goto
    def again(_: t.Any) -> Answer:
        return GoTo(phone.to(again)) if wrong else Hangup()

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        return GoTo(phone.to(again))


@case("error", "call 9998 (view incoming_call.welcome)")
def fail_without_a_fallback(phone: OzML, wrong: bool) -> None:
    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        if wrong:
            raise KeyError("broken")
        return Hangup()


@case("error", "call 9998 (view incoming_call.welcome)")
def fail_with_a_fallback_that_fails(phone: OzML, wrong: bool) -> None:
    fail_without_a_fallback(phone, wrong)

    @phone.fallback
    def sorry(notification: t.Any, error: Exception) -> Answer:
        raise error


@case("error", "call 9998 (view incoming_call.welcome)")
def exit_the_process(phone: OzML, wrong: bool) -> None:
    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        return sys.exit() if wrong else Hangup()


@case("error", "call 9998 (view incoming_call.welcome)")
def answer_with_what_is_no_command(phone: OzML, wrong: bool) -> None:
    @phone.incoming_call
    def welcome(call: t.Any) -> t.Any:
        return "Hello" if wrong else Speak("Hello")


@case("fallback", "call 9998, 1 (view dtmf_entered.take)")
def fail_with_a_fallback(phone: OzML, wrong: bool) -> None:
    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        return UserInput(Speak("Press a key."), digits=1, forward_to_url=phone.to(take))

    @phone.dtmf_entered
    def take(entered: t.Any) -> Answer:
        if wrong:
            raise KeyError("broken")
        return Hangup()

    @phone.fallback
    def sorry(notification: t.Any, error: Exception) -> Answer:
        return Speak("Sorry.")


@case("refused", "call 9998 (view incoming_call.welcome)")
def answer_with_an_unknown_command(phone: OzML, wrong: bool) -> None:
    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        command = "Sing" if wrong else "Hangup"
        return Response(f"<Response><{command}/></Response>", mimetype="text/xml")


@case("outside", "call 9998 (view incoming_call.welcome)")
def lead_to_another_site(phone: OzML, wrong: bool) -> None:
    away = GoTo("https://elsewhere.example/menu?token=t")
    answering(phone, Speak("Hello."), away if wrong else Hangup())


@case("transfer", "call 9998")
def transfer_and_nothing_more(phone: OzML, wrong: bool) -> None:
    rest = () if wrong else (Speak("Nobody is there."),)
    answering(phone, Speak("Please wait."), BlindTransfer("2000"), *rest)


@case("transfer", "call 9998, 2000 does not answer")
def transfer_twice_and_nothing_more(phone: OzML, wrong: bool) -> None:
    rest = () if wrong else (Speak("Nobody is there."),)
    answering(phone, BlindTransfer("2000"), BlindTransfer("2001"), *rest)


@case("unreached", "view phone: dtmf_entered.take")
def keep_a_view_that_nothing_leads_to(phone: OzML, wrong: bool) -> None:
    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        return UserInput(
            Speak("Press a key."), forward_to_url=None if wrong else phone.to(take)
        )

    @phone.dtmf_entered
    def take(entered: t.Any) -> Answer:
        return Hangup()


@case("unreached", "view phone: goto.over")
def follow_the_calls_that_views_place(phone: OzML, wrong: bool) -> None:
    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        return [Call("1000", url=phone.to(connected, wrong=wrong)), Hangup()]

    @phone.call_connected
    def connected(call: t.Any, wrong: bool) -> Answer:
        return Speak("Hello.") if wrong else GoTo(phone.to(over))

    @phone.goto
    def over(_: t.Any) -> Answer:
        return Hangup()


@case("never", "view phone: incoming_call.premium")
def need_what_no_url_can_carry(phone: OzML, wrong: bool) -> None:
    def premium(call: t.Any, tariff: str) -> Answer:
        return Hangup()

    def with_default(call: t.Any, tariff: str = "") -> Answer:
        return Hangup()

    phone.incoming_call(api_extension="9999")(premium if wrong else with_default)


@pytest.mark.parametrize("name, build, where", CASES)
@pytest.mark.parametrize("wrong", [True, False])
def test_a_finding_is_reported_if_and_only_if_it_is_there(
    name: str, build: Build, where: str, wrong: bool
) -> None:
    phone = OzML("phone", __name__)
    build(phone, wrong)
    flow = explore(make_app(phone))
    assert [found.name for found in flow.all_findings] == [name] * wrong
    for found in flow.all_findings:
        assert where in found.where
        assert str(found).startswith(f"{name}: {found.where}: {found.what} ")
        assert "token" not in str(found)


def test_a_refused_answer_is_that_of_no_view_if_several_may_have_given_it() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call(api_extension="1")
    def wrong(call: t.Any) -> t.Any:
        return "Hello"

    @phone.incoming_call(api_extension="2")
    def right(call: t.Any) -> Answer:
        return Hangup()

    (found,) = explore(make_app(phone)).all_findings
    assert found.where == "call 1"
    assert found.what.startswith("TypeError: A view returned str")


def test_an_exception_without_a_message_is_named() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        raise RecursionError

    (found,) = explore(make_app(phone)).all_findings
    assert found.what == "RecursionError."


def test_the_same_failure_of_a_view_is_reported_once() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        url = phone.to(take)
        return UserInput(Speak("Press a key."), inputs={}, forward_to_url=url)

    @phone.dtmf_entered
    def take(entered: t.Any) -> Answer:
        raise KeyError("broken")

    app = make_app(phone)
    for app.testing in (False, True):  # if it is, the view's exception is raised
        assert [f.name for f in explore(app).all_findings] == ["error"]


def test_a_counter_that_ends_beyond_the_depth_is_not_held() -> None:
    phone = OzML("phone", __name__)
    count_rounds_of_silence(phone, False)
    flow = explore(make_app(phone), bounds=Bounds(depth=2))
    assert not flow.all_findings
    assert flow.notes == ["Counters were followed for 2 rounds. --depth sets how many."]


SOUND: t.Final[dict[str, t.Any]] = {
    "SECRET_KEY": "k" * 32,
    "OZML_PUBLIC_URL": "https://pbx.example",
    "OZML_ALLOWED_DESTINATIONS": ["2000"],
}


@pytest.mark.parametrize(
    "shown, config",
    [
        (None, {}),
        ("key: SECRET_KEY: It is shorter than 16", {"SECRET_KEY": "short"}),
        ("key: SECRET_KEY: There is no key.", {"SECRET_KEY": ""}),
        ("key: OZML_SECRET_KEY: It is shorter", {"OZML_SECRET_KEY": "short"}),
        ("public-url: OZML_PUBLIC_URL: It is not set.", {"OZML_PUBLIC_URL": None}),
        (
            "public-url: OZML_PUBLIC_URL: It is not an https URL.",
            {"OZML_PUBLIC_URL": "http://pbx.example"},
        ),
        (
            "destinations: OZML_ALLOWED_DESTINATIONS: It is not set, although views",
            {"OZML_ALLOWED_DESTINATIONS": None},
        ),
        ("no-url: OZML_ERROR_URL of phone: It is None", {"OZML_ERROR_URL": None}),
        ("no-fallback: blueprint phone: It has views, but no fallback.", {}),
    ],
)
@pytest.mark.parametrize("routes", [True, False])
def test_the_set_up_is_checked(
    shown: str | None, config: dict[str, t.Any], routes: bool
) -> None:
    phone = OzML("phone", __name__)
    if routes:
        phone.routing_interception(lambda call: Route("2000"))
    else:
        answering(phone, BlindTransfer("2000"), Speak("Good bye."))
    phone.error(lambda error: None)
    if shown is None or not shown.startswith("no-fallback"):
        phone.fallback(lambda notification, error: None)
    found = deployed(make_app(phone, **{**SOUND, **config}))
    assert len(found) == (shown is not None)
    assert all(str(finding).startswith(shown or "") for finding in found)


def test_a_site_that_calls_nobody_needs_no_destinations() -> None:
    phone = OzML("phone", __name__)
    answering(phone, Hangup())
    phone.fallback(lambda notification, error: None)
    app = make_app(phone, **{**SOUND, "OZML_ALLOWED_DESTINATIONS": None})
    assert not deployed(app)


def deployed(app: Flask) -> list[t.Any]:
    from flask_ozml.callflow.commands import prepare
    from flask_ozml.phone_urls import ozml_blueprints

    config = dict(app.config)
    prepare(app)
    flow = explore(app)
    assert not flow.all_findings
    phones = ozml_blueprints(app)
    with app.app_context():
        return list(deploy_findings(flow, config, phones, {}))


def test_every_finding_is_tested() -> None:
    deployment = {"key", "public-url", "destinations", "no-url", "no-fallback"}
    assert ADVICE.keys() == {name for name, _, _ in CASES} | deployment
