"""The map of the phone in the browser: exploring, and playing up to a state."""

import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import Client
from werkzeug.test import TestResponse

from flask_ozml import OzML
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Call
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import GoTo
from flask_ozml.commands import Record
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import CallConnected
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import Notification
from flask_ozml.notifications import RecordCompleted
from flask_ozml.phone_urls import ozml_blueprints
from flask_ozml.phone_urls import pasted_urls
from flask_ozml.playing import playing
from flask_ozml.simulator import PhoneSystem
from flask_ozml.webphone.acts import Act
from flask_ozml.webphone.server import create_app
from flask_ozml.webphone.session import Played
from flask_ozml.webphone.session import Session
from flask_ozml.webphone.store import Store

LOCAL = "http://127.0.0.1:7781"


@pytest.fixture
def site() -> Flask:
    app = Flask("site")
    app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL="http://localhost")
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def menu(call: IncomingCall) -> Iterator[ExtensionCommand]:
        yield UserInput(
            Speak("Menu."),
            Speak("Press a key."),
            inputs={
                "1": [BlindTransfer("2000"), Speak("Nobody is there.")],
                "2": Record(finished_url=phone.to(recorded), inactivity=2, duration=60),
                "3": Call("2000", url=phone.to(connected, name="Anna")),
                "4": GoTo(phone.to(fail)),
                "6": Speak("Six."),
                "66": Speak("Sixty-six."),
                "5": [
                    UserInput(
                        Speak("Your PIN."), digits=4, forward_to_url=phone.to(entered)
                    ),
                    Speak("No PIN."),
                ],
            },
        )
        yield Speak("Good bye.")

    @phone.incoming_call(api_extension="9997")
    def broken(call: IncomingCall) -> None:
        raise ValueError("Nothing works.")

    @phone.dtmf_entered
    def entered(entered: DtmfEntered) -> ExtensionCommand:
        return Speak(f"{len(entered.dtmf_digits)} digits.")

    @phone.record_completed
    def recorded(voice: RecordCompleted) -> ExtensionCommand:
        return Speak("Thanks." if voice.success else "Nothing was said.")

    @phone.call_connected
    def connected(call: CallConnected, name: str) -> ExtensionCommand:
        return UserInput(Speak(f"Hello {name}."), inputs={"1": Speak("Thanks.")})

    @phone.call_connected
    def remind(call: CallConnected) -> ExtensionCommand:
        return Speak("We expect you.")

    @phone.goto
    def fail(notification: GoToNotification) -> None:
        raise ValueError("Nothing works.")

    @phone.fallback
    def sorry(notification: Notification, error: Exception) -> ExtensionCommand:
        return Speak("Sorry.")

    app.register_blueprint(phone, url_prefix="/phone")
    return app


class Desk(t.NamedTuple):
    """A client of a phone."""

    session: Session
    client: Client
    key: str

    def post(self, path: str, **values: object) -> TestResponse:
        headers = {"X-Phone-Key": self.key}
        return self.client.post(path, base_url=LOCAL, json=values, headers=headers)

    def refused(self, path: str, **values: object) -> str:
        answer = self.post(path, **values)
        assert answer.status_code == 409
        error: str = answer.json["error"]  # type: ignore[index]
        return error

    def explore(self) -> dict[str, t.Any]:
        answer = self.post("/explore")
        assert answer.status_code == 200, answer.text
        found: dict[str, t.Any] = answer.json  # type: ignore[assignment]
        return found


def desk_for(system: PhoneSystem, folder: Path) -> Desk:
    store = Store(folder / "phone.json")
    session = Session(system, store.keep_acts)
    return Desk(
        session, Client(create_app(store, session, {"name": "site"})), store.key
    )


@pytest.fixture
def desk(site: Flask, tmp_path: Path) -> Iterator[Desk]:
    with site.app_context():
        urls = pasted_urls(ozml_blueprints(site), {})
    with playing(site, urls) as system:
        desk = desk_for(system, tmp_path)
        with desk.session.recorder.connected():
            yield desk


def test_the_phone_comes_to_each_state_that_a_person_can_reach(desk: Desk) -> None:
    states = desk.explore()["states"]
    verbs = {act["verb"] for state in states for act in state["acts"]}
    assert verbs == {
        "call", "view", "follow", "press", "wrong", "wait", "say nothing", "speak",
        "answer", "refuse",
    }  # fmt: skip
    for state in states:
        if state["acts"][0]["verb"] == "view":
            refusal = desk.refused("/play-to", number=state["number"])
            assert refusal.startswith("Only the site can place this call.")
            continue
        answer = desk.post("/play-to", number=state["number"])
        assert answer.status_code == 200, (state, answer.text)
        call = desk.session.desk.calls[answer.json["call"]]  # type: ignore[index]
        assert not state["heard"] or call.heard[-1] in state["heard"], state
    assert "busy" not in desk.session.system.extensions.values()


def test_exploring_leaves_the_live_phone_as_it_is(desk: Desk, site: Flask) -> None:
    desk.post("/act", do={"act": "Dial", "caller": "500", "to": "9998"})
    system, revision = desk.session.system, desk.session.revision
    address = site.config["OZML_PHONE_SYSTEM_URL"]
    found = desk.explore()
    assert {"error", "fallback"} & {finding["name"] for finding in found["findings"]}
    assert desk.session.revision == revision
    assert (len(system.calls), desk.session.recorder.count) == (1, 1)
    assert (system.failures, system.errors) == ([], [])
    assert site.config["OZML_PHONE_SYSTEM_URL"] == address
    shown = desk.post("/act", do={"act": "Press", "call": 0, "keys": "5"}).json
    assert shown
    assert shown["calls"][0]["lines"][-1]["text"] == "Your PIN."


def test_acts_and_exploring_wait_for_each_other(desk: Desk) -> None:
    with desk.session.alone():
        dial = {"act": "Dial", "caller": "500", "to": "9998"}
        for path in ("/act", "/start-over", "/play-again", "/explore"):
            assert "being explored" in desk.refused(path, do=dial)
    desk.session.played.append(Played(Act.read({"act": "HangUp", "call": 0})))
    assert "An act goes on" in desk.refused("/explore")


@pytest.mark.parametrize("number", [None, 0, 9999, "1", [1]])
def test_a_state_that_is_not_on_the_map_is_refused(desk: Desk, number: object) -> None:
    desk.explore()
    assert "not on the map" in desk.refused("/play-to", number=number)


def test_a_call_that_goes_another_way_than_on_the_map_says_so(desk: Desk) -> None:
    states = desk.explore()["states"]
    (transfer,) = [s["number"] for s in states if s["kind"] == "transfer"]
    desk.session.system.extensions["2000"] = "busy"
    assert "went another way" in desk.refused("/play-to", number=transfer)
    ended = next(
        s for s in states if len(s["acts"]) > 1 and s["acts"][-1]["unanswered"]
    )
    assert desk.post("/play-to", number=ended["number"]).status_code == 200
    assert desk.session.system.extensions == {"2000": "busy"}


def test_a_site_elsewhere_or_without_a_blueprint_cannot_be_explored(
    tmp_path: Path,
) -> None:
    urls = {"incoming_call": "http://127.0.0.1:1/call"}
    remote = desk_for(PhoneSystem("http://127.0.0.1:1", urls), tmp_path)
    assert "without --url" in remote.refused("/explore")
    other = desk_for(PhoneSystem(Flask("other"), urls), tmp_path)
    assert "no OzML blueprint" in other.refused("/explore")
