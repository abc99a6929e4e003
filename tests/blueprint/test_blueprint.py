"""A notification becomes the answer of a view, whatever the view does."""

import base64
import itertools
import logging
import re
import threading
import typing as t
from asyncio import CancelledError
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import abort
from flask import copy_current_request_context
from flask import Flask
from flask import got_request_exception
from flask import request
from flask import Response
from werkzeug.exceptions import NotFound
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response as WerkzeugResponse

from apps import assert_answered
from apps import make_app
from apps import post as post_to
from apps import PUBLIC_URL
from apps import token_of
from apps import url_to
from apps import urls_of
from flask_ozml import notification_received
from flask_ozml import OzML
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Call
from flask_ozml.commands import Command
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Record
from flask_ozml.commands import Reject
from flask_ozml.commands import Route
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.errors import ConfigurationError
from flask_ozml.errors import InappropriateCommand
from flask_ozml.errors import InvalidParameter
from flask_ozml.errors import TokenExpired
from flask_ozml.errors import UnknownView
from flask_ozml.errors import ViewFailed
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import ErrorNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import KINDS
from flask_ozml.notifications import Notification
from flask_ozml.notifications import RoutingInterception
from samples import Sample
from samples import SAMPLES
from tables import IN_COMMANDS
from tables import NAMES
from tables import SETTINGS

View = Callable[..., t.Any]

CALL: t.Final = SAMPLES["incoming_call"].body
DTMF: t.Final = SAMPLES["dtmf_entered"].body
ERROR: t.Final = b"NotificationName=Error&Code=302&Message=Bad+3CiHe"
HI: t.Final = "<Speak>Hi</Speak>"
SORRY: t.Final = "<Speak>Sorry</Speak>"
#: Values of the samples that no answer may hold.
SECRETS: t.Final = ("3CiHe", "14*5#3", "06203123412", "06304645433", "Hi John", "HttpR")
#: A command that may answer a kind, and how it is written.
LEGAL: t.Final[dict[str, tuple[object, str]]] = {
    "routing_interception": (Route("101"), '<Route Destination="101"/>'),
    "call_changed": (
        Speak("Hi", party="caller"),
        '<Speak Party="caller">Hi</Speak>',
    ),
    "record_completed": (Hangup(), "<Hangup/>"),
    "error": (None, ""),
}


def app_of(view: View, kind: str = "incoming_call", **config: t.Any) -> Flask:
    """Return an app with a view of one kind, and with a fallback."""
    phone = OzML("phone", __name__)
    getattr(phone, kind)(view)
    phone.fallback(sorry)
    return make_app(phone, **config)


def untyped(phone: OzML) -> t.Any:
    """Return the blueprint for calls that mypy would refuse."""
    return phone


def sorry(notification: Notification, error: Exception) -> Speak:
    return Speak("Sorry")


def welcome(call: IncomingCall) -> Speak:
    return Speak("Hi")


def crash(notification: Notification) -> t.Any:
    raise ZeroDivisionError("a mistake")


def post(
    app: Flask, kind: str = "incoming_call", body: bytes = CALL, url: str = ""
) -> TestResponse:
    response = post_to(app, url or urls_of(app)[kind], body)
    if response.status_code != 200:
        assert not any(secret in response.text for secret in SECRETS)
    return response


def records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [r for r in caplog.records if r.name == "flask_ozml"]


def assert_logged(
    caplog: pytest.LogCaptureFixture, *levels: int, words: tuple[str, ...] = ()
) -> list[logging.LogRecord]:
    found = records(caplog)
    assert [record.levelno for record in found] == list(levels)
    for record in found:
        assert "phone.incoming_call" in record.getMessage()
    for word in words:
        assert word in found[0].getMessage()
    return found


@pytest.mark.parametrize("printed", [False, True], ids=["joined", "with line breaks"])
@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_each_sample_reaches_its_view_and_is_answered(
    sample: Sample, printed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    kind = sample.notification.kind
    answer, written = LEGAL.get(kind, (Speak("Hi"), HI))
    seen: list[Notification] = []

    def view(notification: Notification) -> object:
        seen.append(notification)
        return answer

    body = sample.printed if printed else sample.body
    response = post(app_of(view, kind), kind, body)
    assert_answered(response, written)
    assert seen == [sample.expected]
    assert type(seen[0]) is sample.notification
    assert records(caplog) == []


def test_an_error_notification_reaches_its_view_and_is_answered_with_nothing() -> None:
    seen: list[ErrorNotification] = []
    response = post(app_of(seen.append, "error"), "error", ERROR)
    assert_answered(response, "")
    assert seen == [ErrorNotification(code=302, message="Bad 3CiHe")]


def one(call: IncomingCall) -> object:
    return Speak("Hi")


def nothing(call: IncomingCall) -> object:
    return None


def in_list(call: IncomingCall) -> object:
    return [Speak("Hi"), Hangup()]


def in_tuple(call: IncomingCall) -> object:
    return Speak("Hi"), Hangup()


def in_iterator(call: IncomingCall) -> object:
    return iter([Speak("Hi"), Hangup()])


def generator(call: IncomingCall) -> Iterator[object]:
    yield Speak(f"Hi{request.form.get('None', '')}")
    yield Hangup()


def generator_of_nothing(call: IncomingCall) -> Iterator[object]:
    yield from ()


async def later(call: IncomingCall) -> object:
    return Speak("Hi")


async def list_later(call: IncomingCall) -> object:
    return [Speak("Hi"), Hangup()]


async def generator_later(call: IncomingCall) -> object:
    return generator(call)


async def async_generator(call: IncomingCall) -> AsyncIterator[object]:
    yield Speak(f"Hi{request.form.get('None', '')}")
    yield Hangup()


@pytest.mark.parametrize(
    "view, written",
    [
        (one, HI),
        (nothing, ""),
        (in_list, f"{HI}<Hangup/>"),
        (in_tuple, f"{HI}<Hangup/>"),
        (in_iterator, f"{HI}<Hangup/>"),
        (generator, f"{HI}<Hangup/>"),
        (generator_of_nothing, ""),
        (later, HI),
        (list_later, f"{HI}<Hangup/>"),
        (generator_later, f"{HI}<Hangup/>"),
        (async_generator, f"{HI}<Hangup/>"),
    ],
)
def test_what_a_view_may_answer(view: View, written: str) -> None:
    assert_answered(post(app_of(view)), written)


@pytest.mark.parametrize("cls", [Response, WerkzeugResponse])
def test_a_response_passes_through(cls: type[WerkzeugResponse]) -> None:
    made = cls("of my own", 202, {"X-Mine": "1"}, content_type="text/mine")
    response = post(app_of(returning(made)))
    assert (response.status_code, response.data) == (202, b"of my own")
    assert (response.content_type, response.headers["X-Mine"]) == ("text/mine", "1")


def returning(answer: object) -> View:
    def view(*_: object) -> object:
        return answer

    return view


@pytest.mark.parametrize(
    "answer", [Speak("Hi"), [Hangup()], Route("1"), Response("mine"), "Hi"]
)
def test_an_error_notification_is_answered_with_nothing_whatever_its_views_return(
    answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    phone = OzML("phone", __name__)
    phone.error(returning(answer))
    phone.fallback(returning(answer))
    assert_answered(post(make_app(phone), "error", ERROR), "")
    assert [r.levelno for r in records(caplog)] == [logging.ERROR] * 2


def test_the_view_runs_inside_the_request() -> None:
    def view(call: IncomingCall) -> Speak:
        assert request.endpoint == "phone.incoming_call"
        return Speak("Hi")

    assert_answered(post(app_of(view)), HI)


def test_the_most_specific_view_answers() -> None:
    phone = OzML("phone", __name__)
    phone.incoming_call(welcome)

    @phone.incoming_call(api_extension="9998")
    def night(call: IncomingCall) -> Speak:
        return Speak("Night")

    app = make_app(phone)
    assert_answered(post(app), "<Speak>Night</Speak>")
    assert_answered(post(app, body=CALL.replace(b"9998", b"1")), HI)


def test_registering_needs_no_key_and_wrong_configuration_is_refused_at_once() -> None:
    make_app(OzML("phone", __name__), SECRET_KEY=None)
    with pytest.raises(ConfigurationError, match="OZML_REQUIRE_TOKEN"):
        make_app(OzML("phone", __name__), OZML_REQUIRE_TOKEN="no")


def test_a_kind_without_a_url_has_none() -> None:
    phone = OzML("phone", __name__)
    untyped(phone).goto(one)
    app = make_app(phone, OZML_GOTO_URL=None, OZML_ERROR_URL="/oops")
    with app.app_context():
        assert set(phone.urls()) == KINDS.keys() - {"goto"}
        assert phone.urls()["error"].startswith(f"{PUBLIC_URL}/phone/oops")
        with pytest.raises(ValueError, match="OZML_GOTO_URL is None"):
            phone.to("one")
    assert post(app, url="/phone/goto").status_code == 404


def continuing(**config: t.Any) -> tuple[Flask, OzML]:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def start(call: IncomingCall) -> UserInput:
        return UserInput(forward_to_url=phone.to(check_pin, tries=2))

    @phone.dtmf_entered
    def check_pin(entered: DtmfEntered, tries: int) -> Speak:
        return Speak(f"{tries + 1}")

    phone.fallback(sorry)
    return make_app(phone, **config), phone


def test_the_state_comes_back_as_arguments() -> None:
    app, _ = continuing()
    found = re.search(r'ForwardToUrl="([^"]+)"', post(app).text)
    assert found
    assert_answered(post(app, body=DTMF, url=found[1]), "<Speak>3</Speak>")


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_view_the_answer_is_empty_and_one_warning_names_the_decorator(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    phone = OzML("phone", __name__)
    phone.fallback(sorry)
    app = make_app(phone)
    bodies = {s.notification.kind: s.body for s in SAMPLES.values()} | {"error": ERROR}
    for _ in range(3):
        assert_answered(post(app, kind, bodies[kind]), "")
    (record,) = records(caplog)
    assert record.levelno == logging.WARNING
    assert f"phone.{kind}: " in record.getMessage()
    assert f"@phone.{kind}" in record.getMessage()


def test_a_view_that_needs_state_answers_no_pasted_url(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app, _ = continuing()
    assert_answered(post(app, "dtmf_entered", DTMF), "")
    assert "'check_pin': needs ['tries']" in records(caplog)[0].getMessage()


class Seen:
    """A fallback that keeps its arguments."""

    __name__ = "seen"

    def __init__(self) -> None:
        self.calls: list[tuple[Notification, Exception]] = []

    def __call__(self, notification: Notification, error: Exception) -> Speak:
        self.calls.append((notification, error))
        return Speak("Sorry")


def test_an_expired_token_is_answered_by_the_fallback(
    caplog: pytest.LogCaptureFixture, set_clock: Callable[[float], None]
) -> None:
    phone = OzML("phone", __name__)
    runs: list[object] = []

    @phone.dtmf_entered
    def check_pin(entered: DtmfEntered, tries: int) -> None:
        runs.append(entered)

    seen = Seen()
    phone.fallback(seen)
    app = make_app(phone, OZML_TOKEN_MAX_AGE=60, TESTING=True)
    url = url_to(app, phone, "check_pin", tries=1)
    set_clock(4e9)
    assert_answered(post(app, body=DTMF, url=url), SORRY)
    assert runs == []
    assert seen.calls[0][0] == SAMPLES["dtmf_entered"].expected
    assert type(seen.calls[0][1]) is TokenExpired
    (record,) = records(caplog)
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)
    assert "phone.dtmf_entered" in record.getMessage()


def test_a_view_that_is_gone_is_answered_by_the_fallback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = url_to(*continuing(), "check_pin", tries=1)
    phone = OzML("phone", __name__)
    runs: list[object] = []

    @phone.dtmf_entered
    def renamed(entered: DtmfEntered) -> None:
        runs.append(entered)

    seen = Seen()
    phone.fallback(seen)
    app = make_app(phone, TESTING=True)
    assert_answered(post(app, body=DTMF, url=url), SORRY)
    assert runs == []
    assert type(seen.calls[0][1]) is UnknownView
    (record,) = records(caplog)
    assert record.levelno == logging.WARNING
    assert "'check_pin'" in record.getMessage()


def not_found(call: IncomingCall) -> object:
    abort(404)


def half_a_generator(call: IncomingCall) -> Iterator[object]:
    yield Speak("Hi")
    raise ZeroDivisionError


async def crash_later(call: IncomingCall) -> object:
    raise ZeroDivisionError


async def half_an_async_generator(call: IncomingCall) -> AsyncIterator[object]:
    yield Speak("Hi")
    raise ZeroDivisionError


def cancelled(*_: object) -> object:
    raise CancelledError


async def cancelled_later(*_: object) -> object:
    raise CancelledError


async def cancelled_generator(*_: object) -> AsyncIterator[object]:
    yield Speak("Hi")
    raise CancelledError


def endless(call: IncomingCall) -> Iterator[object]:
    yield from itertools.repeat(Speak("Hi"), 2_000)
    pytest.fail("More than 2,000 commands were read.")


async def endless_later(call: IncomingCall) -> AsyncIterator[object]:
    for _ in range(2_000):
        yield Speak("Hi")
    pytest.fail("More than 2,000 commands were read.")


FAILING: t.Final[dict[str, tuple[View, type[BaseException]]]] = {
    "raises": (crash, ZeroDivisionError),
    "cancelled": (cancelled, CancelledError),
    "async cancelled": (cancelled_later, CancelledError),
    "async generator cancelled": (cancelled_generator, CancelledError),
    "aborts": (not_found, NotFound),
    "generator": (half_a_generator, ZeroDivisionError),
    "async": (crash_later, ZeroDivisionError),
    "async generator": (half_an_async_generator, ZeroDivisionError),
    "str": (returning("Hi"), TypeError),
    "bytes": (returning(b"Hi"), TypeError),
    "int": (returning(0), TypeError),
    "bool": (returning(False), TypeError),
    "dict": (returning({"Speak": "Hi"}), TypeError),
    "class": (returning(Hangup), TypeError),
    "list of str": (returning(["Hi"]), TypeError),
    "list with None": (returning([Speak("Hi"), None]), TypeError),
    "nested list": (returning([[Speak("Hi")]]), TypeError),
    "status": (returning((Speak("Hi"), 200)), TypeError),
    "returned exception": (returning(NotFound()), TypeError),
    "other family": (returning(Route("1")), InappropriateCommand),
    "late Reject": (returning([Speak("Hi"), Reject()]), InappropriateCommand),
    "endless": (endless, InappropriateCommand),
    "endless async": (endless_later, InappropriateCommand),
}
failing = pytest.mark.parametrize("view, error", FAILING.values(), ids=FAILING)


@failing
def test_the_fallback_answers_for_a_view_that_fails(
    view: View, error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    phone = OzML("phone", __name__)
    phone.incoming_call(view)
    seen = Seen()
    phone.fallback(seen)
    app = make_app(phone)
    raised: list[object] = []

    def receive(sender: Flask, **arguments: object) -> None:
        raised.append((sender, arguments))

    with got_request_exception.connected_to(receive, app):
        assert_answered(post(app), SORRY)
    ((notification, exception),) = seen.calls
    assert notification == SAMPLES["incoming_call"].expected
    assert type(exception) is error
    assert raised == [(app, {"exception": exception})]
    (record,) = assert_logged(caplog, logging.ERROR, words=(view.__name__,))
    assert record.exc_info
    assert record.exc_info[1] is exception


@failing
@pytest.mark.parametrize("mode", ["TESTING", "DEBUG"])
def test_in_testing_and_debug_the_exception_is_raised(
    mode: str, view: View, error: type[BaseException]
) -> None:
    config: dict[str, t.Any] = {mode: True}
    app = app_of(view, **config)
    if error is NotFound:
        with pytest.raises(ViewFailed, match=f"'{view.__name__}'") as failed:
            post(app)
        assert type(failed.value.__cause__) is NotFound
    else:
        with pytest.raises(error):
            post(app)


@pytest.mark.parametrize("propagate", [None, True, False])
@pytest.mark.parametrize("testing", [True, False])
@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("role", ["view", "fallback"])
def test_exceptions_are_raised_in_the_default_configuration_only(
    role: str, debug: bool, testing: bool, propagate: bool | None
) -> None:
    phone = OzML("phone", __name__)
    phone.incoming_call(crash if role == "view" else welcome)
    phone.dtmf_entered(needs_state)
    phone.fallback(crash_too if role == "fallback" else sorry)
    app = make_app(phone, DEBUG=debug, TESTING=testing, PROPAGATE_EXCEPTIONS=propagate)
    body, url = CALL, ""
    if role == "fallback":
        body, url = DTMF, url_of_a_view_that_is_gone()
    if propagate is None and (testing or debug):
        with pytest.raises(ZeroDivisionError):
            post(app, body=body, url=url)
    else:
        expected = SORRY if role == "view" else ""
        assert_answered(post(app, body=body, url=url), expected)


def url_of_a_view_that_is_gone() -> str:
    other = OzML("phone", __name__)
    other.dtmf_entered(gone)
    return url_to(make_app(other), other, gone)


def test_in_testing_a_fallback_that_aborts_is_named() -> None:
    phone = OzML("phone", __name__)
    phone.fallback(abort_too)
    app = make_app(phone, TESTING=True)
    with pytest.raises(ViewFailed, match="^An HTTP error came from the fallback: <"):
        post(app, body=DTMF, url=url_of_a_view_that_is_gone())


def needs_state(entered: DtmfEntered, tries: int) -> None:
    return None


def gone(entered: DtmfEntered) -> None:
    return None


def crash_too(notification: Notification, error: Exception) -> t.Any:
    raise ZeroDivisionError


def abort_too(notification: Notification, error: Exception) -> t.Any:
    abort(418)


def half_a_fallback(notification: Notification, error: Exception) -> Iterator[object]:
    yield Speak("Sorry")
    raise ZeroDivisionError


def generating(notification: Notification, error: Exception) -> Iterator[object]:
    yield Speak("Sorry")


async def sorry_later(notification: Notification, error: Exception) -> object:
    return Speak("Sorry")


async def generating_later(
    notification: Notification, error: Exception
) -> AsyncIterator[object]:
    yield Speak("Sorry")


def fallen_back(fallback: View | None) -> Flask:
    phone = OzML("phone", __name__)
    phone.incoming_call(crash)
    if fallback is not None:
        phone.fallback(fallback)
    return make_app(phone)


@pytest.mark.parametrize(
    "fallback, written",
    [
        (None, ""),
        (returning(None), ""),
        (sorry, SORRY),
        (returning([Speak("Sorry"), Hangup()]), f"{SORRY}<Hangup/>"),
        (generating, SORRY),
        (sorry_later, SORRY),
        (generating_later, SORRY),
    ],
)
def test_what_a_fallback_may_answer(
    fallback: View | None, written: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert_answered(post(fallen_back(fallback)), written)
    assert_logged(caplog, logging.ERROR, words=("crash",))


def test_the_response_of_a_fallback_passes_through() -> None:
    response = post(fallen_back(returning(Response("mine", 503))))
    assert (response.status_code, response.data) == (503, b"mine")


@pytest.mark.parametrize(
    "fallback",
    [
        crash_too,
        abort_too,
        cancelled,
        cancelled_later,
        cancelled_generator,
        half_a_fallback,
        returning("Hi"),
        returning(Route("1")),
        returning([Speak("Sorry"), Reject()]),
    ],
)
def test_a_fallback_that_fails_leaves_an_empty_answer(
    fallback: View, caplog: pytest.LogCaptureFixture
) -> None:
    assert_answered(post(fallen_back(fallback)), "")
    _, record = assert_logged(caplog, logging.ERROR, logging.ERROR)
    assert "fallback" in record.getMessage()
    assert record.exc_info


def test_the_fallback_obeys_the_kind_of_the_notification() -> None:
    phone = OzML("phone", __name__)
    phone.routing_interception(crash)

    @phone.fallback
    def by_kind(notification: Notification, error: Exception) -> t.Any:
        if isinstance(notification, RoutingInterception):
            return Route("9")
        return Speak("Sorry")

    body = SAMPLES["routing_interception"].body
    response = post(make_app(phone), "routing_interception", body)
    assert_answered(response, '<Route Destination="9"/>')


@pytest.mark.parametrize("exception", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("where", ["view", "generator", "fallback", "receiver"])
def test_system_exit_and_keyboard_interrupt_pass_through(
    where: str, exception: type[BaseException]
) -> None:
    def leave(*_: object, **__: object) -> t.Any:
        raise exception

    def leave_later(call: IncomingCall) -> Iterator[object]:
        yield Speak("Hi")
        raise exception

    views = {"view": leave, "generator": leave_later, "fallback": crash}
    phone = OzML("phone", __name__)
    phone.incoming_call(views.get(where, welcome))
    phone.fallback(leave if where == "fallback" else sorry)
    app = make_app(phone)
    if where == "receiver":
        notification_received.connect(leave, app)
    with pytest.raises(exception):
        post(app)


class Raising(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise OSError("No space left on device")


@pytest.fixture
def raising_handler() -> Iterator[None]:
    handler = Raising()
    logger = logging.getLogger("flask_ozml")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)


REPORT: t.Final = b"NotificationName=SMSDeliveryReport&Delivered=perhaps&ID=1"
RECORDING: t.Final = b"NotificationName=RecordCompleted&Success=true&Duration=long"


@pytest.mark.usefixtures("raising_handler")
@pytest.mark.parametrize(
    "kind, body, status",
    [
        ("incoming_call", CALL, 200),
        ("incoming_call", b"", 400),
        ("incoming_call", DTMF, 400),
        ("goto", SAMPLES["goto"].body, 200),
        ("sms_delivery_report", REPORT, 200),
        ("record_completed", RECORDING, 200),
        ("error", b"NotificationName=Error&Code=none", 200),
    ],
)
def test_a_logging_handler_that_raises_ends_no_call(
    kind: str, body: bytes, status: int
) -> None:
    phone = OzML("phone", __name__)
    phone.incoming_call(crash)
    phone.fallback(crash_too)
    app = make_app(phone)
    assert post(app, kind, body).status_code == status
    assert post(app, url=f"/phone/{kind}").status_code == 403


def payload(url: str) -> str:
    encoded = token_of(url).partition(".")[0]
    return base64.urlsafe_b64decode(encoded + "===").decode()


@pytest.mark.parametrize("is_async", [False, True])
def test_64_calls_at_once_stay_apart(is_async: bool) -> None:
    phone = OzML("phone", __name__)
    together = threading.Barrier(64, timeout=20)

    @phone.dtmf_entered
    def repeat(entered: DtmfEntered, mark: str) -> Iterator[Speak]:
        together.wait()
        yield Speak(f"{mark} {entered.dtmf_digits} {entered.call_leg_id}")
        together.wait()
        yield Speak(f"{request.form['DtmfDigits']} {phone.to(repeat, mark=mark)}")

    @phone.dtmf_entered
    async def repeat_later(entered: DtmfEntered, mark: str) -> list[Speak]:
        return list(repeat(entered, mark))

    view = "repeat_later" if is_async else "repeat"

    app = make_app(phone)

    def call(number: int) -> None:
        with app.app_context():
            url = phone.to(view, mark=f"m{number}")
        body = f"NotificationName=DtmfEntered&DtmfDigits={number}&CallLegID=c{number}"
        response = post(app, body=body.encode(), url=url)
        first, second = re.findall("<Speak>([^<]*)</Speak>", response.text)
        assert first == f"m{number} {number} c{number}"
        digits, _, made = second.partition(" ")
        assert digits == f"{number}"
        assert f'"m{number}"' in payload(made)

    with ThreadPoolExecutor(64) as pool:
        list(pool.map(call, range(64)))


def test_no_data_of_a_request_stays_on_the_blueprint_or_the_app() -> None:
    app = app_of(crash)
    kept = [app.blueprints["phone"], app.extensions["flask_ozml"]]
    post(app)
    before = [{name: type(v) for name, v in vars(one).items()} for one in kept]
    post(app)
    assert before == [{name: type(v) for name, v in vars(one).items()} for one in kept]
    assert "3CiHe" not in "".join(repr(vars(one)) for one in kept)


def test_a_hook_may_copy_the_request_context() -> None:
    def anything(call: IncomingCall, **values: object) -> Speak:
        return Speak(f"{values}")

    app = app_of(anything)
    app.before_request(lambda: copy_current_request_context(lambda: None)())
    assert_answered(post(app), "<Speak>{}</Speak>")


class Prefix(str):
    """A str that is equal to every text that begins with it."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return str(other).startswith(self[:])

    def __ne__(self, other: object) -> bool:
        raise AssertionError("filters are compared with ==")


def test_a_filter_may_define_its_own_equality() -> None:
    phone = OzML("phone", __name__)
    phone.incoming_call(caller=Prefix("50"))(welcome)
    assert_answered(post(make_app(phone)), "<Speak>Hi</Speak>")


class Picky:
    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def __eq__(self, other: object) -> bool:
        raise self.error

    __hash__ = object.__hash__


@pytest.mark.parametrize("error", [ZeroDivisionError, CancelledError])
def test_a_filter_that_raises_is_handled_like_a_view_that_raises(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    phone = OzML("phone", __name__)
    phone.incoming_call(caller=Picky(error))(welcome)
    phone.fallback(sorry)
    app = make_app(phone)
    assert_answered(post(app), SORRY)
    assert_logged(caplog, logging.ERROR, words=("a filter failed",))
    app.testing = True
    with pytest.raises(error):
        post(app)


def test_a_warning_names_the_views_that_do_not_fit_and_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    phone = OzML("phone", __name__)
    phone.incoming_call(caller="501", api_extension="9998")(welcome)
    phone.incoming_call(caller=["501", "502"])(crash)
    phone.incoming_call(takes_tenant)
    app = make_app(phone)
    caplog.clear()
    for _ in range(2):
        assert_answered(post(app), "")
    (record,) = records(caplog)
    assert record.getMessage() == (
        "phone.incoming_call: no view answers this notification, so the answer is"
        " empty. 'welcome': the filter 'caller' does not match; 'crash': the filter"
        " 'caller' does not match; 'takes_tenant': needs ['tenant'] from the URL."
    )


def takes_tenant(notification: Notification, tenant: str, tries: int = 0) -> None:
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_that_no_url_can_ever_reach_is_warned_of_at_registration(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def healthy(notification: Notification, tries: int = 0, **rest: object) -> None:
        return None

    phone = OzML("phone", __name__)
    getattr(phone, kind)(healthy)
    phone.incoming_call(caller="501")(healthy)
    getattr(phone, kind)(**SOME_FILTER.get(kind, {}))(takes_tenant)
    make_app(phone, prefix="/<tenant>/phone")
    assert records(caplog) == []
    make_app(phone)
    messages = [record.getMessage() for record in records(caplog)]
    assert messages == [
        f"phone.{kind}: the view 'takes_tenant' is never called: it needs ['tenant'],"
        " and no URL in OzML can lead to it. Add a default, or a variable to the URL"
        " rule."
    ] * (kind not in IN_COMMANDS)
    # Nothing is registered for a kind that is left out, so nothing is wrong there.
    caplog.clear()
    config: dict[str, t.Any] = {f"OZML_{kind.upper()}_URL": None}
    make_app(phone, **config)
    assert records(caplog) == []


SOME_FILTER: t.Final[dict[str, dict[str, object]]] = {
    "routing_interception": {"caller_id": "1"},
    "call_changed": {"call_id": "1"},
    "incoming_call": {"caller": "1"},
    "incoming_sms": {"sender": "1"},
}


#: What takes the URL of a view, and the kind of notification that is posted there.
TAKERS: t.Final[list[tuple[Callable[[str], Command], str | None]]] = [
    (GoTo, "goto"),
    (lambda url: UserInput(forward_to_url=url), "dtmf_entered"),
    (lambda url: Record(finished_url=url), "record_completed"),
    (
        lambda url: SendSms("Hi", recipient="1", delivery_report_url=url),
        "sms_delivery_report",
    ),
    (lambda url: Call("1", url=url), "call_connected"),
    (lambda url: Call("1", url="http://a.example/", error_url=url), "error"),
    (lambda url: BlindTransfer("1", finished_url=url), None),
]


def phone_of_all_kinds() -> tuple[Flask, dict[str, str]]:
    """Return an app with a view of each kind that OzML can point at, and their URLs."""
    phone = OzML("phone", __name__)
    for kind in IN_COMMANDS:
        getattr(phone, kind)(takes_tenant)
    app = make_app(phone)
    return app, {
        kind: url_to(app, phone, f"{kind}.takes_tenant", tenant="a")
        for kind in sorted(IN_COMMANDS)
    }


@pytest.mark.parametrize(("take", "wanted"), TAKERS)
def test_a_url_to_a_view_of_another_kind_fails_where_it_is_written(
    take: Callable[[str], Command], wanted: str | None
) -> None:
    _, urls = phone_of_all_kinds()
    for kind, url in urls.items():
        if kind == wanted:
            assert url in str(take(url))
            continue
        with pytest.raises(InvalidParameter, match="'takes_tenant'") as caught:
            take(url)
        assert wanted is None or f"decorate it with .{wanted}" in str(caught.value)
        assert token_of(url) not in str(caught.value)
        assert url in str(take(str(url)))


def test_a_notification_at_the_url_of_a_view_of_another_kind_is_400_and_names_both(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app, urls = phone_of_all_kinds()
    for kind, other in itertools.permutations(sorted(IN_COMMANDS), 2):
        caplog.clear()
        body = BODIES[other]
        if KINDS[kind].any_name:
            assert_answered(post(app, body=body, url=urls[kind]), "")
            continue
        response = post(app, body=body, url=urls[kind])
        text = (
            f"Expected {NAMES[KINDS[kind]]}, got {NAMES[KINDS[other]]}. The URL of the"
            f" view '{kind}.takes_tenant' belongs in the {SETTINGS[KINDS[kind]]}, not"
            f" in the {KINDS[other].url_setting}."
        )
        assert (response.status_code, response.text) == (400, f"{text}\n")
        assert caplog.messages == [f"phone.{kind}: refused with 400: {text}"]


BODIES: t.Final = {s.notification.kind: s.body for s in SAMPLES.values()} | {
    "error": ERROR
}


def test_a_cache_that_is_keyed_by_repr_never_gives_a_caller_the_data_of_another() -> (
    None
):
    cache: dict[str, str] = {}

    def balance(entered: DtmfEntered) -> str:
        return cache.setdefault(repr(entered), f"balance of {entered.dtmf_digits}")

    phone = OzML("phone", __name__)
    phone.dtmf_entered(lambda entered: Speak(balance(entered)))
    app = make_app(phone)
    for pin in ("1234", "1235", "", "1234 ", "1234"):
        body = DTMF.replace(b"14*5#3", pin.replace(" ", "+").encode())
        said = f"balance of {pin.strip()}"
        assert_answered(post(app, "dtmf_entered", body), f"<Speak>{said}</Speak>")
    assert len(cache) == 3
    shown = [key.partition("digest=")[0] for key in cache]
    assert not any("123" in text for text in shown)


def test_each_kind_without_a_view_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app(OzML("phone", __name__))
    for kind, body in (("incoming_call", CALL), ("error", ERROR)) * 2:
        post(app, kind, body)
    names = [message.partition(":")[0] for message in caplog.messages]
    assert names == ["phone.incoming_call", "phone.error"]


def test_a_limit_of_destinations_holds_as_soon_as_it_is_configured() -> None:
    app = app_of(lambda call: BlindTransfer(call.caller))
    transfer = "<BlindTransfer>500</BlindTransfer>"
    for allowed, written in ((["[1-4]00"], SORRY), (["[1-5]00"], transfer)):
        app.config["OZML_ALLOWED_DESTINATIONS"] = allowed
        assert_answered(post(app), written)


def test_an_extension_named_csrf_need_not_be_flask_wtf() -> None:
    app = app_of(welcome)
    app.extensions["csrf"] = object()
    assert_answered(post(app), "<Speak>Hi</Speak>")
