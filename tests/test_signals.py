import types
import typing as t
from collections.abc import Iterator

import pytest
from flask import abort
from flask import Flask

from flask_ozml import notification_failed
from flask_ozml import notification_received
from flask_ozml import OzML
from flask_ozml import signals
from flask_ozml.commands import Hold
from flask_ozml.commands import Speak
from flask_ozml.errors import InappropriateCommand
from flask_ozml.errors import TokenExpired
from flask_ozml.errors import UnknownView
from flask_ozml.errors import ViewFailed
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import Notification

CALL = "NotificationName=IncomingCall&CallLegID=3CiHe&Caller=500&ApiExtension=9998"


def welcome(call: IncomingCall) -> Speak:
    if call.caller == "500":
        raise LookupError("no such customer")
    return Speak("Hi")


class Site(t.NamedTuple):
    app: Flask
    phone: OzML
    url: str

    def post(self, body: str, url: str | None = None) -> tuple[int, str]:
        response = self.app.test_client().post(
            url or self.url,
            data=body,
            content_type="application/x-www-form-urlencoded",
        )
        return response.status_code, response.text.rpartition("?>")[2]


def make_site() -> Site:
    phone, app = OzML("phone", __name__), Flask(__name__)
    phone.incoming_call(welcome)
    phone.dtmf_entered(inappropriate)
    app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL="http://yourapp.com")
    app.register_blueprint(phone)
    with app.app_context():
        return Site(app, phone, phone.urls()["incoming_call"])


def inappropriate(entered: DtmfEntered, number: int = 0) -> t.Any:
    return Hold()


Sent = list[tuple[str, object, dict[str, t.Any]]]


@pytest.fixture
def sent() -> Iterator[Sent]:
    """What is sent, in order: the signal, the sender and the arguments."""
    found: Sent = []

    def received(sender: object, **arguments: t.Any) -> None:
        found.append(("received", sender, arguments))

    def failed(sender: object, **arguments: t.Any) -> None:
        found.append(("failed", sender, arguments))

    with (
        notification_received.connected_to(received),
        notification_failed.connected_to(failed),
    ):
        yield found


def test_the_names_are_those_of_the_package() -> None:
    assert notification_received is signals.notification_received
    assert notification_failed is signals.notification_failed
    assert notification_received.name == "notification-received"
    assert notification_failed.name == "notification-failed"


def test_received(sent: Sent) -> None:
    site = make_site()
    assert site.post(CALL.replace("500", "501"))[0] == 200
    call = IncomingCall("3CiHe", caller="501", api_extension="9998")
    assert sent == [("received", site.app, {"notification": call})]
    # And no proxy of it.
    assert type(sent[0][1]) is Flask


def test_failed(sent: Sent) -> None:
    site = make_site()
    assert site.post(CALL) == (200, "<Response/>")
    call = IncomingCall("3CiHe", caller="500", api_extension="9998")
    assert [(name, sender) for name, sender, _ in sent] == [
        ("received", site.app),
        ("failed", site.app),
    ]
    assert sent[0][2] == {"notification": call}
    assert sent[1][2].keys() == {"notification", "exception"}
    assert sent[1][2]["notification"] is sent[0][2]["notification"]
    assert isinstance(sent[1][2]["exception"], LookupError)


@pytest.mark.parametrize("exception", [InappropriateCommand, TokenExpired, UnknownView])
def test_failed_where_the_fallback_answers(
    exception: type[Exception], sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site()
    with site.app.app_context():
        url = site.phone.to("inappropriate", number=1)
    if exception is TokenExpired:
        clock = types.SimpleNamespace(time=lambda: 0.0)
        monkeypatch.setattr("flask_ozml.blueprint.tokens.time", clock)
    if exception is UnknownView:
        monkeypatch.setattr(site.phone.views, "get", lambda kind, name: None)
    entered = "NotificationName=DtmfEntered&DtmfDigits=1"
    assert site.post(entered, url) == (200, "<Response/>")
    assert [name for name, _, _ in sent] == ["received", "failed"]
    assert sent[0][2]["notification"] == DtmfEntered("1")
    assert type(sent[1][2]["exception"]) is exception


@pytest.mark.parametrize(
    "body, path, status",
    [
        (CALL, "/incoming_call", 403),
        (CALL, "/incoming_call/forged", 403),
        (CALL, "/nowhere", 404),
        ("NotificationName=GoTo", None, 400),
        ("a" * 300_000, None, 413),
    ],
)
def test_nothing_is_sent_of_a_refused_request(
    body: str, path: str | None, status: int, sent: Sent
) -> None:
    assert make_site().post(body, path)[0] == status
    assert sent == []


def test_a_receiver_of_one_app_hears_of_that_app_only() -> None:
    heard: list[Notification] = []

    def receiver(sender: Flask, notification: Notification) -> None:
        heard.append(notification)

    one, two = make_site(), make_site()
    with notification_received.connected_to(receiver, sender=one.app):
        one.post(CALL)
        two.post(CALL.replace("9998", "9997"))
    assert heard == [IncomingCall("3CiHe", caller="500", api_extension="9998")]


def test_an_async_receiver_is_awaited() -> None:
    heard: list[Notification] = []

    async def receiver(sender: Flask, notification: Notification) -> None:
        heard.append(notification)

    site = make_site()
    with notification_received.connected_to(receiver):
        assert site.post(CALL.replace("500", "1")) == (
            200,
            "<Response><Speak>Hi</Speak></Response>",
        )
    assert heard == [IncomingCall("3CiHe", caller="1", api_extension="9998")]


@pytest.mark.parametrize("signal", [notification_received, notification_failed])
@pytest.mark.parametrize("caller", ["500", "1"])
def test_a_receiver_that_raises_does_not_end_the_call(
    signal: t.Any, caller: str, caplog: pytest.LogCaptureFixture
) -> None:
    def receiver(sender: Flask, **arguments: object) -> None:
        raise ValueError(f"disk full at {caller}")

    site = make_site()
    expected = site.post(CALL.replace("500", caller))
    caplog.clear()
    with signal.connected_to(receiver):
        assert site.post(CALL.replace("500", caller)) == expected
    failed = signal is notification_received or caller == "500"
    assert ("disk full" in caplog.text) == failed


def test_an_http_error_of_a_receiver_is_no_page() -> None:
    def receiver(sender: Flask, **arguments: object) -> None:
        abort(404)

    site = make_site()
    site.app.testing = True
    with (
        notification_received.connected_to(receiver),
        pytest.raises(ViewFailed, match="a receiver of 'notification-received'"),
    ):
        site.post(CALL)
