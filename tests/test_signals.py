"""The signals: when they are sent, with what, and what receivers may do."""

import contextlib
import typing as t
from asyncio import CancelledError
from collections.abc import Callable
from collections.abc import Iterator

import pytest
from flask import abort
from flask import Flask
from flask import got_request_exception
from flask import Response

from apps import assert_answered
from apps import make_app
from apps import post
from apps import url_to
from apps import urls_of
from flask_ozml import notification_answered
from flask_ozml import notification_failed
from flask_ozml import notification_received
from flask_ozml import OzML
from flask_ozml.commands import Command
from flask_ozml.commands import Hangup
from flask_ozml.commands import Hold
from flask_ozml.commands import Speak
from flask_ozml.errors import InappropriateCommand
from flask_ozml.errors import TokenExpired
from flask_ozml.errors import UnknownView
from flask_ozml.errors import ViewFailed
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import Notification
from samples import SAMPLES

CALL: t.Final = SAMPLES["incoming_call"].body
FROM_501: t.Final = CALL.replace(b"500", b"501")
DTMF: t.Final = SAMPLES["dtmf_entered"].body
HI: t.Final = "<Speak>Hi</Speak>"
SORRY: t.Final = "<Speak>Sorry</Speak>"


def make_phone() -> OzML:
    """Return a blueprint whose view fails for the caller of the sample."""
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: IncomingCall) -> Speak:
        if call.caller == "500":
            raise LookupError("no such customer")
        return Speak("Hi")

    @phone.dtmf_entered
    def inappropriate(entered: DtmfEntered, number: int) -> t.Any:
        return Hold()

    @phone.fallback
    def sorry(notification: Notification, error: Exception) -> Speak:
        return Speak("Sorry")

    return phone


@pytest.fixture
def phone() -> OzML:
    return make_phone()


@pytest.fixture
def app(phone: OzML) -> Flask:
    return make_app(phone)


@pytest.fixture
def url(app: Flask) -> str:
    return urls_of(app)["incoming_call"]


Sent = list[tuple[str, object, dict[str, t.Any]]]


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def sent(request: pytest.FixtureRequest) -> Iterator[Sent]:
    """What is sent, in order: the signal, the sender and the arguments."""
    found: Sent = []

    def receiver_of(name: str) -> Callable[..., t.Any]:
        def receive(sender: object, **arguments: t.Any) -> None:
            found.append((name, sender, arguments))

        async def receive_later(sender: object, **arguments: t.Any) -> None:
            receive(sender, **arguments)

        return receive_later if request.param else receive

    with (
        notification_received.connected_to(receiver_of("received")),
        notification_failed.connected_to(receiver_of("failed")),
        notification_answered.connected_to(receiver_of("answered")),
    ):
        yield found


def test_an_answered_notification_is_received_by_the_app_itself(
    app: Flask, url: str, sent: Sent
) -> None:
    assert_answered(post(app, url, FROM_501), HI)
    call = IncomingCall("3CiHe", caller="501", api_extension="9998")
    assert sent[0] == ("received", app, {"notification": call})
    # A proxy would be equal, too.
    assert [(name, type(sender)) for name, sender, _ in sent] == [
        ("received", Flask),
        ("answered", Flask),
    ]


def test_a_failed_notification_is_sent_with_its_exception(
    app: Flask, url: str, sent: Sent
) -> None:
    assert_answered(post(app, url, CALL), SORRY)
    call = SAMPLES["incoming_call"].expected
    (received, sender, first), (failed, other_sender, second), (answered, _, _) = sent
    assert (received, failed, answered) == ("received", "failed", "answered")
    assert sender is other_sender is app
    assert first == {"notification": call}
    assert second.keys() == {"notification", "exception"}
    assert second["notification"] is first["notification"]
    assert isinstance(second["exception"], LookupError)


@pytest.mark.parametrize("exception", [InappropriateCommand, TokenExpired, UnknownView])
def test_whatever_the_fallback_answers_is_sent_as_failed(
    exception: type[Exception],
    phone: OzML,
    app: Flask,
    sent: Sent,
    set_clock: Callable[[float], None],
) -> None:
    url = url_to(app, phone, "inappropriate", number=1)
    if exception is TokenExpired:
        set_clock(0)
    if exception is UnknownView:
        without_views = OzML("phone", __name__)
        without_views.fallback(lambda notification, error: Speak("Sorry"))
        app = make_app(without_views)
    assert_answered(post(app, url, DTMF), SORRY)
    assert [name for name, _, _ in sent] == ["received", "failed", "answered"]
    assert sent[0][2]["notification"] == SAMPLES["dtmf_entered"].expected
    assert type(sent[1][2]["exception"]) is exception


@pytest.mark.parametrize(
    "body, path, status",
    [
        (CALL, "/phone/incoming_call", 403),
        (CALL, "/nowhere", 404),
        (b"NotificationName=GoTo", None, 400),
        (b"a" * 300_000, None, 413),
    ],
)
def test_nothing_is_sent_for_a_refused_request(
    body: bytes, path: str | None, status: int, app: Flask, url: str, sent: Sent
) -> None:
    assert post(app, path or url, body).status_code == status
    assert sent == []


def test_a_receiver_connected_to_one_app_receives_from_that_app_only(
    app: Flask, url: str
) -> None:
    heard: list[Notification] = []

    def receiver(sender: Flask, notification: Notification) -> None:
        heard.append(notification)

    other = make_app(make_phone())
    with notification_received.connected_to(receiver, sender=app):
        post(app, url, CALL)
        post(other, url, FROM_501)
    assert heard == [SAMPLES["incoming_call"].expected]


SPEAK: t.Final = Speak("Hi")


def answering(answer: object) -> Callable[..., t.Any]:
    def view(*_: object) -> object:
        if isinstance(answer, type) and issubclass(answer, BaseException):
            raise answer
        return answer

    return view


@pytest.mark.parametrize(
    ("answer", "fallback", "view", "commands"),
    [
        (SPEAK, None, "incoming_call.view", (SPEAK,)),
        ([SPEAK, Hangup()], None, "incoming_call.view", (SPEAK, Hangup())),
        ((SPEAK,), None, "incoming_call.view", (SPEAK,)),
        (None, None, "incoming_call.view", ()),
        (Response("mine"), None, "incoming_call.view", ()),
        ("unregistered", None, None, ()),
        (LookupError, None, None, ()),
        (CancelledError, SPEAK, "fallback", (SPEAK,)),
        ("Hi", [SPEAK, Hangup()], "fallback", (SPEAK, Hangup())),
        (Hold(), Response("mine"), "fallback", ()),
        (LookupError, LookupError, "fallback", ()),
        (LookupError, "Hi", "fallback", ()),
    ],
)
def test_who_answered_and_with_what_is_sent_after_the_answer(
    answer: object,
    fallback: object,
    view: str | None,
    commands: tuple[Command, ...],
    sent: Sent,
) -> None:
    phone = OzML("phone", __name__)
    if answer != "unregistered":
        phone.incoming_call(answering(answer))
    if fallback is not None:
        phone.fallback(answering(fallback))
    app = make_app(phone)
    assert post(app, urls_of(app)["incoming_call"], CALL).status_code == 200
    name, sender, arguments = sent[-1]
    seconds = arguments.pop("seconds")
    assert (name, sender) == ("answered", app)
    assert arguments == {
        "notification": SAMPLES["incoming_call"].expected,
        "view": view,
        "commands": commands,
    }
    assert type(arguments["commands"]) is tuple
    assert type(seconds) is float
    assert seconds >= 0


def test_an_answer_that_is_raised_is_not_sent_as_answered(
    app: Flask, url: str, sent: Sent
) -> None:
    app.testing = True
    with pytest.raises(LookupError):
        post(app, url, CALL)
    assert [name for name, _, _ in sent] == ["received"]


SIGNALS: t.Final = (
    notification_received,
    notification_failed,
    notification_answered,
    got_request_exception,
)
every_signal = pytest.mark.parametrize("signal", SIGNALS, ids=lambda s: s.name)


@every_signal
@pytest.mark.parametrize("error", [ValueError, CancelledError])
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("body", [CALL, FROM_501], ids=["failing", "answered"])
def test_a_receiver_that_raises_is_logged_and_each_other_one_runs(
    body: bytes,
    is_async: bool,
    error: type[BaseException],
    signal: t.Any,
    app: Flask,
    url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ran: list[int] = []

    def receiver_of(number: int) -> Callable[..., t.Any]:
        def fail(sender: Flask, **_: object) -> None:
            ran.append(number)
            raise error

        async def fail_later(sender: Flask, **_: object) -> None:
            fail(sender)

        return fail_later if is_async else fail

    expected = post(app, url, body).data
    caplog.clear()
    with contextlib.ExitStack() as stack:
        for number in range(3):
            stack.enter_context(signal.connected_to(receiver_of(number), app))
        assert post(app, url, body).data == expected
    logged = [r for r in caplog.records if repr(signal.name) in r.getMessage()]
    is_sent = body == CALL or signal in (notification_received, notification_answered)
    assert sorted(ran) == [0, 1, 2] * is_sent
    assert [r.levelname for r in logged] == ["ERROR"] * 3 * is_sent
    assert all(r.exc_info and r.exc_info[0] is error for r in logged)


@every_signal
def test_a_muted_signal_reaches_nobody_and_ends_no_call(
    signal: t.Any, app: Flask, url: str
) -> None:
    ran: list[object] = []

    def receive(sender: Flask, **arguments: object) -> None:
        ran.append(arguments)

    with signal.connected_to(receive, app):
        with signal.muted():
            assert_answered(post(app, url, CALL), SORRY)
        assert ran == []
        assert_answered(post(app, url, CALL), SORRY)
    assert len(ran) == 1


@pytest.mark.parametrize(
    "fail, error, words",
    [
        (lambda sender, **_: 1 / 0, ZeroDivisionError, "division by zero"),
        (
            lambda sender, **_: abort(404),
            ViewFailed,
            "a receiver of 'notification-received'",
        ),
    ],
)
def test_in_testing_the_exception_of_a_receiver_is_raised(
    fail: Callable[..., t.Any], error: type[Exception], words: str, app: Flask, url: str
) -> None:
    app.testing = True
    with (
        notification_received.connected_to(fail, app),
        pytest.raises(error, match=words),
    ):
        post(app, url, CALL)
