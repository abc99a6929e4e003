"""What the phone in the browser accepts and refuses over HTTP."""

import dataclasses
import json
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask import redirect
from flask import Response
from werkzeug.test import Client
from werkzeug.test import TestResponse

from flask_ozml import OzML
from flask_ozml.commands import Call
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Record
from flask_ozml.commands import Route
from flask_ozml.commands import SendEmail
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import CallChanged
from flask_ozml.notifications import CallConnected
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import RoutingInterception
from flask_ozml.phone_urls import ozml_blueprints
from flask_ozml.phone_urls import pasted_urls
from flask_ozml.simulator import PhoneSystem
from flask_ozml.simulator.server import served
from flask_ozml.webphone.acts import Act
from flask_ozml.webphone.acts import ACTS
from flask_ozml.webphone.audio import fetch
from flask_ozml.webphone.desk import ActRefused
from flask_ozml.webphone.server import create_app
from flask_ozml.webphone.session import MAX_ACTS
from flask_ozml.webphone.session import Played
from flask_ozml.webphone.session import Session
from flask_ozml.webphone.store import Store
from flask_ozml.webphone.written_test import written_test

BASE = "http://localhost"
LOCAL = "http://127.0.0.1:7781"


@pytest.fixture
def site() -> Flask:
    app = Flask("site")
    app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL=BASE)
    phone = OzML("phone", __name__)

    @phone.incoming_call(api_extension="9998")
    def menu(call: IncomingCall) -> ExtensionCommand:
        return UserInput(
            Speak("Menu."),
            inputs={
                "1": Record(inactivity=2, duration=60),
                "2": Call("2000", url=phone.to(connected)),
                "3": GoTo(phone.to(fail)),
                "4": [SendEmail(recipient="a@example.com"), Hangup()],
            },
            repeat=True,
        )

    @phone.incoming_call
    def loop(call: IncomingCall) -> ExtensionCommand:
        return GoTo(phone.to(again))

    @phone.goto
    def again(notification: GoToNotification) -> ExtensionCommand:
        return GoTo(phone.to(again))

    @phone.goto
    def fail(notification: GoToNotification) -> None:
        raise ValueError("token=0123456789abcdef is nobody's.")

    @phone.call_connected
    def connected(call: CallConnected) -> ExtensionCommand:
        return Speak("Connected.")

    @phone.incoming_sms
    def reply(sms: IncomingSMS) -> ExtensionCommand:
        return SendSms("Thanks.", recipient=sms.sender)

    @phone.call_changed
    def changed(call: CallChanged) -> None:
        pass

    @phone.routing_interception
    def route(call: RoutingInterception) -> Route:
        return Route("")

    app.register_blueprint(phone, url_prefix="/phone")
    app.add_url_rule("/a.wav", "a", lambda: Response(b"RIFF", content_type="audio/wav"))
    app.add_url_rule("/page", "page", lambda: "page")
    app.add_url_rule("/away", "away", lambda: redirect("/a.wav"))
    return app


@pytest.fixture
def system(site: Flask) -> PhoneSystem:
    with site.app_context():
        return PhoneSystem(site, pasted_urls(ozml_blueprints(site), {}), BASE)


class Desk:
    """A client of the phone that has the key."""

    def __init__(self, session: Session | None, store: Store) -> None:
        self.store = store
        self.session = session
        about: dict[str, t.Any] = {"name": "site", "urls": [], "reload": False}
        self.client = Client(create_app(store, session, about, {"title": "No"}))
        self.seen: dict[str, t.Any] = {}

    def post(self, path: str, values: object = None, **options: t.Any) -> TestResponse:
        options.setdefault("headers", {"X-Phone-Key": self.store.key})
        if "data" not in options:
            options["json"] = {} if values is None else values
        return self.client.post(path, base_url=LOCAL, **options)

    def do(self, act: str, **values: object) -> dict[str, t.Any]:
        answer = self.post("/act", {**self.seen, "do": {"act": act, **values}})
        assert answer.status_code == 200, answer.text
        shown: dict[str, t.Any] = answer.json  # type: ignore[assignment]
        self.seen = {"run": shown["run"], "seen": shown["revision"]}
        return shown

    def refused(self, act: str, **values: object) -> str:
        answer = self.post("/act", {"do": {"act": act, **values}})
        assert answer.status_code == 409
        error: str = answer.json["error"]  # type: ignore[index]
        return error


@pytest.fixture
def desk(system: PhoneSystem, tmp_path: Path) -> Iterator[Desk]:
    store = Store(tmp_path / "phone.json")
    session = Session(system, store.keep_acts)
    with session.recorder.connected():
        yield Desk(session, store)


PATHS = (
    "state", "act", "start-over", "play-again", "settings", "test", "audio", "explore",
    "play-to",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", [None, "", "wrong", "\xe9"])
def test_nothing_happens_without_the_key(
    desk: Desk, path: str, key: str | None
) -> None:
    headers = {} if key is None else {"X-Phone-Key": key}
    answer = desk.post(f"/{path}", headers=headers)
    assert answer.status_code == 403
    assert "Open the address" in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_a_get_does_nothing(desk: Desk, path: str) -> None:
    headers = {"X-Phone-Key": desk.store.key}
    answer = desk.client.get(f"/{path}", base_url=LOCAL, headers=headers)
    assert answer.status_code == 405


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[::1]"])
def test_a_foreign_host_is_refused(desk: Desk, host: str) -> None:
    headers = {"X-Phone-Key": desk.store.key, "Host": host}
    assert desk.post("/state", headers=headers).status_code == 400
    assert desk.client.get("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        ("x" * 1_000_000, "application/json", 413),
        ("{}", "text/plain", 415),
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ("[" * 60_000, "application/json", 400),
        ('{"do": {"act": []}}', "application/json", 409),
    ],
)
def test_a_body_that_is_no_act_is_refused(
    desk: Desk, data: str, kind: str, status: int
) -> None:
    assert desk.post("/act", data=data, content_type=kind).status_code == status


@pytest.mark.parametrize("press", ["1234", [1234], None, {}])
def test_entries_for_the_map_are_texts(desk: Desk, press: object) -> None:
    assert desk.post("/explore", {"press": press}).status_code == 400


def test_the_page_runs_no_script_but_its_own(desk: Desk) -> None:
    answer = desk.client.get("/", base_url=LOCAL)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert answer.text.count("<script") == 1
    assert "style=" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


VALUES: dict[str, object] = {
    "caller": "500", "to": "9998", "call": 0, "keys": "1", "seconds": 1,
    "callee": "101", "sender": "1", "recipient": "2", "message": "Hi", "number": "7",
    "delivered": True, "dialed": "1", "outcome": "busy", "clock": None,
}  # fmt: skip


@pytest.mark.parametrize("name", ACTS)
def test_an_act_is_read_back_as_it_was_written(name: str) -> None:
    values = {
        field.name: VALUES[field.name] for field in dataclasses.fields(ACTS[name])
    }
    if name == "Deliver":
        values["number"] = 0
    act = Act.read({"act": name, **values})
    assert Act.read(json.loads(json.dumps(act.as_json()))) == act


@pytest.mark.parametrize(
    ("posted", "reason"),
    [
        ({"act": "Explode"}, "'act' must be one of Dial, "),
        ({"act": "Press", "call": 0}, "keys"),
        ({"act": "Press", "call": 0, "keys": "1", "early": True}, "early"),
        ({"act": "Press", "call": True, "keys": "1"}, "'call' of Press"),
        ({"act": "Press", "call": 0, "keys": 1}, "'keys' of Press"),
        ({"act": "Dial", "caller": "1", "to": "2" * 20_000}, "'to' of Dial"),
        ({"act": "SetExtension", "number": "1", "outcome": "gone"}, "outcome"),
        ({"act": "SetExtension", "number": "", "outcome": "busy"}, "number"),
        ("Dial", "'act' must be"),
    ],
)
def test_a_wrong_act_is_refused_with_the_reason(posted: object, reason: str) -> None:
    with pytest.raises(ActRefused, match=reason):
        Act.read(posted)


def test_an_act_that_is_not_possible_is_refused_and_forgotten(desk: Desk) -> None:
    assert "does not exist" in desk.refused("Press", call=0, keys="1")
    assert "does not exist" in desk.refused("Press", call=-1, keys="1")
    assert "does not exist" in desk.refused("Deliver", number=0, delivered=True)
    desk.do("Dial", caller="500", to="9998")
    assert "0-9*#A-D" in desk.refused("Press", call=0, keys="x")
    assert "86400" in desk.refused("Wait", call=0, seconds=-1)
    assert "does not exist" in desk.refused("Answer", call=0)
    desk.do("HangUp", call=0)
    assert (
        desk.refused("Press", call=0, keys="1")
        == "Cannot press keys: the call is Completed."
    )
    assert desk.session
    assert [played.act.name for played in desk.session.played] == ["Dial", "HangUp"]


def test_a_call_that_never_ends_is_refused(desk: Desk) -> None:
    assert "More than 50 notifications" in desk.refused("Dial", caller="1", to="7")


def test_an_error_of_the_simulator_itself_is_not_hidden(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **named: object) -> None:
        raise LookupError

    monkeypatch.setattr(PhoneSystem, "incoming_call", broken)
    assert (
        desk.post("/act", {"do": {"act": "Dial", "caller": "1", "to": "2"}}).status_code
        == 500
    )


def test_keys_and_pauses_that_lead_to_nothing_are_joined(desk: Desk) -> None:
    desk.do("Dial", caller="500", to="9998")
    desk.do("Wait", call=0, seconds=1)
    desk.do("Wait", call=0, seconds=2, clock=1)
    assert "passed" in desk.refused("Wait", call=0, seconds=2, clock=1)
    desk.do("Wait", call=0)
    desk.do("Press", call=0, keys="1")
    desk.do("Press", call=0, keys="5")
    desk.do("Talk", call=0, seconds=3)
    assert desk.session
    code = written_test(desk.session)
    assert "    call.wait(3)\n    call.wait()\n" in code
    assert "    call.press('15')\n    call.record(3)\n" in code


def test_a_failure_names_view_and_line_and_shortens_the_token(
    desk: Desk, site: Flask
) -> None:
    site.testing = True
    desk.do("Dial", caller="500", to="9998")
    shown = desk.do("Press", call=0, keys="3")
    exchange = shown["wire"][-1]
    assert exchange["failure"]["view"] == "fail"
    assert exchange["failure"]["title"] == "ValueError: token=01234567… is nobody's."
    assert exchange["failure"]["source"].startswith("raise ValueError(")
    assert exchange["status"] is None
    assert shown["calls"][0]["state"] == "Error"
    assert shown["calls"][0]["lines"][-1]["who"] == "failed"


def test_a_view_that_exits_has_failed(tmp_path: Path) -> None:
    app = Flask("other")
    app.add_url_rule("/call", "call", lambda: sys.exit(3), methods=["POST"])
    system = PhoneSystem(app, {"incoming_call": f"{BASE}/call"}, BASE)
    desk = Desk(Session(system), Store(tmp_path / "phone.json"))
    with pytest.raises(SystemExit):
        desk.do("Dial", caller="1", to="2")
    shown = t.cast(t.Any, desk.post("/state").json)
    assert shown["wire"][0]["failure"]["title"] == "SystemExit: 3"
    assert shown["calls"][0]["lines"][-1]["who"] == "failed"


def test_a_long_exception_is_cut_in_the_conversation(desk: Desk, site: Flask) -> None:
    site.testing = True
    site.before_request(lambda: str(int("x" * 1_000)))  # the exception has this text
    shown = desk.do("Dial", caller="500", to="9998")
    assert not shown["wire"][-1]["failure"]["title"].endswith("…")
    assert shown["calls"][0]["lines"][-1]["text"].endswith("xxx…")


def test_only_what_the_phone_posts_is_recorded(desk: Desk, site: Flask) -> None:
    (phone,) = ozml_blueprints(site).values()
    with site.app_context():
        urls = (phone.urls()["incoming_call"], phone.to("goto.fail"))
    for url, name in zip(urls, ("IncomingCall", "GoTo"), strict=True):
        posted = {"NotificationName": name}
        assert site.test_client().post(url, data=posted).status_code == 200
    shown = desk.post("/state").json
    assert shown
    assert shown["wire"] == []


def test_what_is_no_ozml_is_shown_as_it_is(tmp_path: Path) -> None:
    app = Flask("other")
    app.add_url_rule("/call", "call", lambda: "<!DOCTYPE html>", methods=["POST"])
    system = PhoneSystem(app, {"incoming_call": f"{BASE}/call"}, BASE)
    desk = Desk(Session(system), Store(tmp_path / "phone.json"))
    shown = desk.do("Dial", caller="1", to="2")
    assert shown["wire"][0]["answer"] == "<!DOCTYPE html>"
    assert shown["calls"][0]["lines"][-1]["who"] == "refused"


def test_a_server_that_is_gone_is_no_failure_of_a_view(tmp_path: Path) -> None:
    urls = {"incoming_call": "http://127.0.0.1:1/call"}
    system = PhoneSystem("http://127.0.0.1:1", urls)
    desk = Desk(Session(system), Store(tmp_path / "phone.json"))
    shown = desk.do("Dial", caller="1", to="2")
    assert shown["wire"][0]["answer"].startswith("No answer from 127.0.0.1:1")
    assert shown["wire"][0]["failure"] is None


def test_a_written_test_plays_every_kind_of_act(
    desk: Desk, system: PhoneSystem
) -> None:
    system.extensions["7"] = "busy"
    assert desk.session
    desk.session.extensions = dict(system.extensions)
    desk.do("Dial", caller="500", to="9998")
    desk.do("Press", call=0, keys="2")
    for act in ("Answer", "HangUp"):
        desk.do(act, call=1)
    for act in ("Refuse", "LetRing"):
        desk.do("Dial", caller="500", to="9998")
        last = len(desk.session.desk.calls)
        desk.do("Press", call=last - 1, keys="2")
        desk.do(act, call=last)
    desk.do("Dial", caller="500", to="9998")
    desk.do("Press", call=len(desk.session.desk.calls) - 1, keys="4")
    for acts in (["PickUp", "Hold", "Unhold", "EndBetween"], ["Busy"], ["Cancel"]):
        desk.do("Between", caller="103", callee="101")
        for act in acts:
            desk.do(act, call=len(desk.session.desk.calls) - 1)
    desk.do("SendMessage", sender="1", recipient="2", to="9", message="Hi")
    desk.do("Deliver", number=0, delivered=False)
    desk.do("SetExtension", number="8", outcome="busy")
    desk.do("Route", caller="1", dialed="2")
    code = written_test(desk.session)
    assert "phone_system.emails_sent[0].recipient == 'a@example.com'" in code
    fresh = PhoneSystem(system.target, system.urls, BASE)
    names: dict[str, t.Any] = {}
    exec(code, names)
    names["test_phone"](fresh)
    assert fresh.extensions == {"7": "busy", "8": "busy"}


def test_a_test_of_nothing_is_code(desk: Desk) -> None:
    answer = desk.post("/test")
    assert answer.json == {"code": "def test_phone(phone_system):\n    pass\n"}


def test_starting_over_forgets_everything(desk: Desk) -> None:
    desk.do("Dial", caller="500", to="9998")
    desk.do("SendMessage", sender="1", recipient="2", to="9", message="Hi")
    shown = desk.post("/start-over").json
    assert shown
    assert (shown["calls"], shown["sent"], shown["wire"], shown["acts"]) == (
        [], [], [], 0,
    )  # fmt: skip
    assert desk.do("Dial", caller="500", to="9998")["calls"][0]["number"] == 0


def test_only_so_many_acts_are_kept(desk: Desk) -> None:
    assert desk.session
    desk.session.played += [Played(Act.read({"act": "HangUp", "call": 0}))] * MAX_ACTS
    assert "Start over" in desk.refused("Dial", caller="1", to="2")


def test_acts_are_kept_and_played_again_as_far_as_possible(
    desk: Desk, system: PhoneSystem, tmp_path: Path
) -> None:
    desk.do("Dial", caller="500", to="9998")
    desk.do("Press", call=0, keys="1")
    assert desk.post("/settings", {"play_again": False}).json == {"play_again": False}
    store = Store(tmp_path / "phone.json")
    assert not store.play_again
    assert store.key == desk.store.key
    again = Desk(Session(PhoneSystem(system.target, system.urls, BASE)), store)
    assert again.session
    gone = Act.read({"act": "HangUp", "call": 9})
    again.session.say("main.py changed.", [*store.acts, gone])
    assert again.post("/state").json["before"] == 3  # type: ignore[index]
    shown = again.post("/play-again").json
    assert shown
    assert shown["notice"].startswith("As you asked - played 2 of 3 acts again.")
    assert shown["calls"][0]["awaits"] == "voice"
    assert "call.hang_up" not in written_test(again.session)


def test_a_page_that_knows_everything_waits_for_news(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = desk.do("Dial", caller="500", to="9998")
    monkeypatch.setattr("flask_ozml.webphone.server.LONGEST_POLL", 0.01)
    news = desk.post("/state", {"run": shown["run"], "seen": shown["revision"]}).json
    assert news
    assert news["wire"] == []


def test_a_site_that_cannot_be_loaded_is_explained(tmp_path: Path) -> None:
    desk = Desk(None, Store(tmp_path / "phone.json"))
    shown = desk.post("/state").json
    assert shown
    assert shown["problem"] == {"title": "No"}
    assert "cannot be loaded" in desk.refused("Dial", caller="1", to="2")
    assert desk.post("/test").json == {"code": ""}
    assert desk.post("/explore").status_code == 409
    assert desk.post("/audio", {"url": f"{BASE}/a.wav"}).status_code == 400


AUDIO = [
    (f"{BASE}/a.wav", b"RIFF"),
    (f"{BASE}/page", None),
    (f"{BASE}/away", None),
    (f"{BASE}/missing.wav", None),
    ("http://elsewhere.example/a.wav", None),
    ("file:///etc/passwd", None),
]


@pytest.mark.parametrize(("url", "content"), AUDIO)
def test_only_audio_files_of_the_site_are_opened(
    desk: Desk, site: Flask, url: str, content: bytes | None
) -> None:
    answer = desk.post("/audio", {"url": url})
    assert (answer.data if answer.status_code == 200 else None) == content
    with served(site) as address:
        remote = fetch(PhoneSystem(address, {}, BASE), url)
    assert (remote and remote[1]) == content


def test_no_file_comes_from_a_server_that_is_gone() -> None:
    assert fetch(PhoneSystem("http://127.0.0.1:1", {}, BASE), f"{BASE}/a.wav") is None
    system = PhoneSystem("https://127.0.0.1:1", {}, BASE)
    assert fetch(system, f"{BASE}/a.wav") is None
