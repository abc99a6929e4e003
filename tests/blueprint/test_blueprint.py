import base64
import itertools
import logging
import re
import sys
import threading
import typing as t
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from flask import abort
from flask import copy_current_request_context
from flask import Flask
from flask import got_request_exception
from flask import has_request_context
from flask import request
from flask import Response
from flask.testing import FlaskClient
from werkzeug.exceptions import NotFound
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response as WerkzeugResponse

from flask_ozml import notification_failed
from flask_ozml import notification_received
from flask_ozml import OzML
from flask_ozml.commands import Hangup
from flask_ozml.commands import Reject
from flask_ozml.commands import Route
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.errors import ConfigurationError
from flask_ozml.errors import InappropriateCommand
from flask_ozml.errors import TokenExpired
from flask_ozml.errors import TokenTooLong
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

View = Callable[..., t.Any]

BASE: t.Final = "https://pbx.example"
CALL: t.Final = SAMPLES["incoming_call"].body
ERROR: t.Final = b"NotificationName=Error&Code=302&Message=Bad+3CiHe"
HI: t.Final = "<Speak>Hi</Speak>"
SORRY: t.Final = "<Speak>Sorry</Speak>"
#: What stands in the samples and must stand nowhere else.
SECRETS: t.Final = ("3CiHe", "14*5#3", "06203123412", "06304645433", "Hi John", "HttpR")
#: A command that may answer each kind, and how it is written.
LEGAL: t.Final[dict[str, tuple[object, str]]] = {
    "routing_interception": (Route("101"), '<Route Destination="101"/>'),
    "call_changed": (
        Speak("Hi", party="caller"),
        '<Speak Party="caller">Hi</Speak>',
    ),
    "record_completed": (Hangup(), "<Hangup/>"),
    "error": (None, ""),
}


def make_app(phone: OzML, **config: object) -> Flask:
    app = Flask("site")
    app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL=BASE)
    app.config.update(config)
    app.register_blueprint(phone, url_prefix="/phone")
    return app


def app_of(view: View, kind: str = "incoming_call", **config: t.Any) -> Flask:
    """An app whose only view answers one kind, and whose fallback is sorry."""
    phone = OzML("phone", __name__)
    getattr(phone, kind)(view)
    phone.fallback(sorry)
    return make_app(phone, **config)


def untyped(phone: OzML) -> t.Any:
    """The blueprint for what mypy would refuse."""
    return phone


def sorry(notification: Notification, error: Exception) -> Speak:
    return Speak("Sorry")


def welcome(call: IncomingCall) -> Speak:
    return Speak("Hi")


def crash(notification: Notification) -> t.Any:
    raise ZeroDivisionError("a mistake")


def url(app: Flask, kind: str = "incoming_call") -> str:
    with app.app_context():
        return t.cast(OzML, app.blueprints["phone"]).urls()[kind]


def post(
    app: Flask, kind: str = "incoming_call", body: bytes = CALL, path: str = ""
) -> TestResponse:
    response = app.test_client().post(
        path or urlsplit(url(app, kind)).path,
        data=body,
        content_type="application/x-www-form-urlencoded",
    )
    if response.status_code != 200:
        assert not any(secret in response.text for secret in SECRETS)
    return response


def document(commands: str) -> bytes:
    root = f"<Response>{commands}</Response>" if commands else "<Response/>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{root}'.encode()


def assert_answer(response: TestResponse, commands: str) -> None:
    assert (response.status_code, response.data) == (200, document(commands))
    assert response.content_type == "application/xml; charset=utf-8"


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


@pytest.fixture(autouse=True)
def _logs_tell_nothing(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No record at any level holds what was posted, a token or a path."""
    caplog.set_level(1)
    yield
    formatter = logging.Formatter("%(message)s")
    for record in caplog.get_records("call"):
        text = formatter.format(record)
        assert not any(secret in text for secret in (*SECRETS, "/phone")), text
        assert not re.search(r"[\w-]{40}", text), text


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
    assert_answer(response, written)
    assert seen == [sample.expected]
    assert type(seen[0]) is sample.notification
    assert records(caplog) == []


def test_an_error_notification_reaches_its_view_and_is_answered_with_nothing() -> None:
    seen: list[ErrorNotification] = []
    response = post(app_of(seen.append, "error"), "error", ERROR)
    assert_answer(response, "")
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
    assert_answer(post(app_of(view)), written)


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
def test_an_error_notification_is_answered_with_nothing_whatever_comes(
    answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    phone = OzML("phone", __name__)
    phone.error(returning(answer))
    phone.fallback(returning(answer))
    assert_answer(post(make_app(phone), "error", ERROR), "")
    assert [r.levelno for r in records(caplog)] == [logging.ERROR] * 2


def test_the_view_runs_inside_the_request() -> None:
    def view(call: IncomingCall) -> Speak:
        assert request.endpoint == "phone.incoming_call"
        return Speak("Hi")

    assert_answer(post(app_of(view)), HI)


def test_the_most_specific_view_answers() -> None:
    phone = OzML("phone", __name__)
    phone.incoming_call(welcome)

    @phone.incoming_call(api_extension="9998")
    def night(call: IncomingCall) -> Speak:
        return Speak("Night")

    app = make_app(phone)
    assert_answer(post(app), "<Speak>Night</Speak>")
    assert_answer(post(app, body=CALL.replace(b"9998", b"1")), HI)


def test_decorators_give_the_function_back() -> None:
    phone = OzML("phone", __name__)
    assert phone.incoming_call(welcome) is welcome
    assert phone.incoming_call(api_extension="1")(welcome) is welcome
    assert phone.fallback(sorry) is sorry
    assert list(phone.views.of("incoming_call"))[0].filters == {"api_extension": "1"}


def test_a_blueprint_has_one_fallback() -> None:
    phone = OzML("phone", __name__)
    phone.fallback(sorry)
    with pytest.raises(ValueError, match="fallback already"):
        phone.fallback(sorry)


@pytest.mark.parametrize("name", ["fallback", *KINDS])
def test_decorating_after_registration_is_refused(name: str) -> None:
    phone = OzML("phone", __name__)
    make_app(phone)
    with pytest.raises(AssertionError, match=f"setup method '{name}'"):
        getattr(phone, name)(welcome)


@pytest.mark.parametrize("view", [later, async_generator])
@pytest.mark.parametrize("name", ["fallback", "incoming_call"])
def test_an_async_view_without_asgiref_is_refused(
    name: str, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "asgiref.sync", None)
    phone = OzML("phone", __name__)
    with pytest.raises(RuntimeError, match=f"'{view.__name__}' is async: install"):
        getattr(phone, name)(view)
    getattr(phone, name)(welcome)


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
        assert re.fullmatch(
            r"https://pbx\.example/phone/oops/.+", phone.urls()["error"]
        )
        with pytest.raises(ValueError, match="OZML_GOTO_URL is None"):
            phone.to("one")
    assert post(app, path="/phone/goto").status_code == 404


def continuing(**config: object) -> tuple[Flask, OzML]:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def start(call: IncomingCall) -> UserInput:
        return UserInput(forward_to_url=phone.to(check_pin, tries=2))

    @phone.dtmf_entered
    def check_pin(entered: DtmfEntered, tries: int) -> Speak:
        return Speak(f"{tries + 1}")

    phone.fallback(sorry)
    return make_app(phone, **config), phone


DTMF: t.Final = SAMPLES["dtmf_entered"].body


def made_url(app: Flask, phone: OzML, **state: object) -> str:
    with app.app_context():
        return phone.to("check_pin", **state)


def test_the_state_comes_back_as_arguments() -> None:
    app, _ = continuing()
    body = post(app).text
    found = re.search(r'ForwardToUrl="https://pbx\.example([^"]+)"', body)
    assert found
    assert_answer(post(app, body=DTMF, path=found[1]), "<Speak>3</Speak>")


def test_a_url_for_one_kind_is_refused_for_another() -> None:
    app, phone = continuing()
    path = urlsplit(made_url(app, phone, tries=1)).path
    response = post(app, path=path.replace("dtmf_entered", "incoming_call"))
    assert response.status_code == 403


@pytest.mark.parametrize(
    "state, error, words",
    [
        ({}, TypeError, "cannot take this state: missing"),
        ({"tries": 1, "tires": 1}, TypeError, "cannot take this state: got"),
        ({"tries": (1,)}, TypeError, "JSON gives back equal"),
        ({"tries": "x" * 2000}, TokenTooLong, "2000 are the limit"),
    ],
)
def test_state_that_cannot_travel_is_refused(
    state: dict[str, object], error: type[Exception], words: str
) -> None:
    app, phone = continuing()
    with pytest.raises(error, match=words):
        made_url(app, phone, **state)


def test_state_is_given_by_name() -> None:
    app, phone = continuing()
    with app.app_context(), pytest.raises(TypeError, match="given by name"):
        untyped(phone).to("check_pin", 1)


def test_without_a_registration_there_are_no_urls() -> None:
    app, _ = continuing()
    with app.app_context(), pytest.raises(ValueError, match="'other' is not regist"):
        OzML("other", __name__).urls()


def test_with_two_registrations_the_current_one_is_meant() -> None:
    app, phone = continuing()
    app.register_blueprint(phone, name="second", url_prefix="/second")
    with app.app_context():
        with pytest.raises(ValueError, match=r"registered as \['phone', 'second'\]"):
            phone.urls()
        with pytest.raises(ValueError, match=r"registered as \['phone', 'second'\]"):
            phone.to("check_pin", tries=1)
        path = urlsplit(phone.urls_as("second")["incoming_call"]).path
    assert path.startswith("/second/")
    assert "https://pbx.example/second/dtmf_entered/" in post(app, path=path).text


def test_without_a_public_url_a_notification_says_it() -> None:
    app, phone = continuing(OZML_PUBLIC_URL=None, SERVER_NAME="example.com")
    response = post(app)
    assert 'ForwardToUrl="http://example.com/phone/dtmf_entered/' in response.text


def test_the_variables_of_the_prefix_reach_the_view_and_are_carried_over() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def start(call: IncomingCall, tenant: str) -> UserInput:
        return UserInput(forward_to_url=phone.to("again", tries=1))

    @phone.dtmf_entered
    def again(entered: DtmfEntered, tenant: str, tries: int) -> Speak:
        return Speak(f"{tenant} {tries}")

    app = Flask("site")
    app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL=BASE)
    app.register_blueprint(phone, url_prefix="/<tenant>/phone")
    with app.app_context():
        path = urlsplit(phone.urls(tenant="a b")["incoming_call"]).path
    found = re.search(r'"https://pbx\.example([^"]+)"', post(app, path=path).text)
    assert found
    assert_answer(post(app, body=DTMF, path=found[1]), "<Speak>a b 1</Speak>")
    other = found[1].replace("a%20b", "c")
    assert post(app, body=DTMF, path=other).status_code == 403


def test_a_notification_leaves_nothing_behind_in_a_pushed_context() -> None:
    app, phone = continuing(OZML_PUBLIC_URL=None, SERVER_NAME="example.com")
    with app.app_context():
        before = phone.urls()
        app.test_client().post(urlsplit(before["incoming_call"]).path, data=CALL)
        assert not has_request_context()
        assert phone.urls() == before


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_view_the_answer_is_empty_and_one_warning_tells_the_decorator(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    phone = OzML("phone", __name__)
    phone.fallback(sorry)
    app = make_app(phone)
    bodies = {s.notification.kind: s.body for s in SAMPLES.values()} | {"error": ERROR}
    for _ in range(3):
        assert_answer(post(app, kind, bodies[kind]), "")
    (record,) = records(caplog)
    assert record.levelno == logging.WARNING
    assert f"phone.{kind}: " in record.getMessage()
    assert f"@phone.{kind}" in record.getMessage()


def test_a_view_that_needs_state_does_not_answer_a_pasted_url(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app, _ = continuing()
    assert_answer(post(app, "dtmf_entered", DTMF), "")
    assert "@phone.dtmf_entered" in records(caplog)[0].getMessage()


class Seen:
    """A fallback that keeps what it was given."""

    __name__ = "seen"

    def __init__(self) -> None:
        self.calls: list[tuple[Notification, Exception]] = []

    def __call__(self, notification: Notification, error: Exception) -> Speak:
        self.calls.append((notification, error))
        return Speak("Sorry")


def test_an_expired_token_is_answered_by_the_fallback(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = OzML("phone", __name__)
    runs: list[object] = []

    @phone.dtmf_entered
    def check_pin(entered: DtmfEntered, tries: int) -> None:
        runs.append(entered)

    seen = Seen()
    phone.fallback(seen)
    app = make_app(phone, OZML_TOKEN_MAX_AGE=60, TESTING=True)
    path = urlsplit(made_url(app, phone, tries=1)).path
    clock = SimpleNamespace(time=lambda: 4e9)
    monkeypatch.setattr("flask_ozml.blueprint.tokens.time", clock)
    assert_answer(post(app, body=DTMF, path=path), SORRY)
    assert runs == []
    assert seen.calls[0][0] == SAMPLES["dtmf_entered"].expected
    assert type(seen.calls[0][1]) is TokenExpired
    (record,) = records(caplog)
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)
    assert "phone.dtmf_entered" in record.getMessage()


def test_a_view_that_is_gone_is_answered_by_the_fallback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = urlsplit(made_url(*continuing(), tries=1)).path
    phone = OzML("phone", __name__)
    runs: list[object] = []

    @phone.dtmf_entered
    def renamed(entered: DtmfEntered) -> None:
        runs.append(entered)

    seen = Seen()
    phone.fallback(seen)
    app = make_app(phone, TESTING=True)
    assert_answer(post(app, body=DTMF, path=path), SORRY)
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


def endless(call: IncomingCall) -> object:
    return itertools.repeat(Speak("Hi"))


async def endless_later(call: IncomingCall) -> AsyncIterator[object]:
    while True:
        yield Speak("Hi")


def takes_nothing() -> None:
    return None


FAILING: t.Final[dict[str, tuple[View, type[Exception]]]] = {
    "raises": (crash, ZeroDivisionError),
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
    "takes nothing": (takes_nothing, TypeError),
}
failing = pytest.mark.parametrize("view, error", FAILING.values(), ids=FAILING)


@failing
def test_the_fallback_answers_for_a_view_that_fails(
    view: View, error: type[Exception], caplog: pytest.LogCaptureFixture
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
        assert_answer(post(app), SORRY)
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
    mode: str, view: View, error: type[Exception]
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
    kind, body, path = "incoming_call", CALL, ""
    if role == "fallback":
        other = OzML("phone", __name__)
        other.dtmf_entered(gone)
        with make_app(other).app_context():
            kind, body, path = "", DTMF, urlsplit(other.to(gone)).path
    if propagate is None and (testing or debug):
        with pytest.raises(ZeroDivisionError):
            post(app, kind, body, path)
    else:
        expected = SORRY if role == "view" else ""
        assert_answer(post(app, kind, body, path), expected)


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
    assert_answer(post(fallen_back(fallback)), written)
    assert_logged(caplog, logging.ERROR, words=("crash",))


def test_the_response_of_a_fallback_passes_through() -> None:
    response = post(fallen_back(returning(Response("mine", 503))))
    assert (response.status_code, response.data) == (503, b"mine")


@pytest.mark.parametrize(
    "fallback",
    [
        crash_too,
        abort_too,
        half_a_fallback,
        takes_nothing,
        returning("Hi"),
        returning(Route("1")),
        returning([Speak("Sorry"), Reject()]),
    ],
)
def test_a_fallback_that_fails_leaves_an_empty_answer(
    fallback: View, caplog: pytest.LogCaptureFixture
) -> None:
    assert_answer(post(fallen_back(fallback)), "")
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
    assert_answer(response, '<Route Destination="9"/>')


@pytest.mark.parametrize("exception", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("where", ["view", "generator", "fallback", "receiver"])
def test_what_is_no_exception_passes_through(
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


@pytest.mark.parametrize("is_async", [False, True])
def test_signals_tell_the_notification_and_the_exception(is_async: bool) -> None:
    heard: list[tuple[Flask, dict[str, t.Any]]] = []

    def receive(sender: Flask, **arguments: t.Any) -> None:
        heard.append((sender, arguments))

    async def receive_later(sender: Flask, **arguments: t.Any) -> None:
        heard.append((sender, arguments))

    receiver = receive_later if is_async else receive
    app = app_of(crash)
    with (
        notification_received.connected_to(receiver, app),
        notification_failed.connected_to(receiver, app),
    ):
        assert_answer(post(app), SORRY)
        post(app, body=b"")
    (sender, received), (other_sender, failed) = heard
    expected = SAMPLES["incoming_call"].expected
    assert sender is other_sender is app
    assert received == {"notification": expected}
    assert failed.keys() == {"notification", "exception"}
    assert failed["notification"] == expected
    assert type(failed["exception"]) is ZeroDivisionError


@pytest.mark.parametrize(
    "signal", [notification_received, notification_failed, got_request_exception]
)
@pytest.mark.parametrize("is_async", [False, True])
def test_a_receiver_that_raises_ends_no_call(
    is_async: bool, signal: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(sender: Flask, **_: object) -> None:
        raise LookupError

    async def fail_later(sender: Flask, **_: object) -> None:
        raise LookupError

    app = app_of(crash)
    with signal.connected_to(fail_later if is_async else fail, app):
        assert_answer(post(app), SORRY)
    failed = [r for r in records(caplog) if repr(signal.name) in r.getMessage()]
    assert [r.levelno for r in failed] == [logging.ERROR]
    assert len(records(caplog)) == 2


def test_in_testing_a_receiver_that_raises_is_seen() -> None:
    def fail(sender: Flask, **_: object) -> None:
        raise LookupError

    app = app_of(welcome, TESTING=True)
    with (
        notification_received.connected_to(fail, app),
        pytest.raises(LookupError),
    ):
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
    assert post(app, path=f"/phone/{kind}").status_code == 403


def says(made_url: str) -> str:
    payload = made_url.rpartition("/")[2].partition(".")[0]
    return base64.urlsafe_b64decode(payload + "===").decode()


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
            path = urlsplit(phone.to(view, mark=f"m{number}")).path
        body = f"NotificationName=DtmfEntered&DtmfDigits={number}&CallLegID=c{number}"
        response = post(app, body=body.encode(), path=path)
        first, second = re.findall("<Speak>([^<]*)</Speak>", response.text)
        assert first == f"m{number} {number} c{number}"
        digits, _, made = second.partition(" ")
        assert digits == f"{number}"
        assert f'"m{number}"' in says(made)

    with ThreadPoolExecutor(64) as pool:
        list(pool.map(call, range(64)))


def test_no_state_of_a_request_stays_on_the_blueprint() -> None:
    app = app_of(crash)
    phone, state = app.blueprints["phone"], app.extensions["flask_ozml"]
    post(app)
    before = set(vars(phone)), {name: type(v) for name, v in vars(state).items()}
    client: FlaskClient = app.test_client()
    client.post(urlsplit(url(app)).path, data=CALL)
    assert before == (
        set(vars(phone)),
        {name: type(v) for name, v in vars(state).items()},
    )
    assert "3CiHe" not in repr(vars(phone)) + repr(vars(state))


def test_a_hook_may_copy_the_request_context() -> None:
    # The copy matches the URL again, which brings the token back.
    def anything(call: IncomingCall, **values: object) -> Speak:
        return Speak(f"{values}")

    app = app_of(anything)
    app.before_request(lambda: copy_current_request_context(lambda: None)())
    assert_answer(post(app), "<Speak>{}</Speak>")


class Prefix(str):
    """A str that is equal to what begins with it."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return str(other).startswith(self[:])

    def __ne__(self, other: object) -> bool:
        raise AssertionError("filters are compared with ==")


def test_a_filter_may_have_an_equality_of_its_own() -> None:
    phone = OzML("phone", __name__)
    phone.incoming_call(caller=Prefix("50"))(welcome)
    assert_answer(post(make_app(phone)), "<Speak>Hi</Speak>")


class Picky:
    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError("a mistake")

    __hash__ = object.__hash__


def test_a_filter_that_raises_is_a_failure_of_the_site(
    caplog: pytest.LogCaptureFixture,
) -> None:
    phone = OzML("phone", __name__)
    phone.incoming_call(caller=Picky())(welcome)
    phone.fallback(sorry)
    app = make_app(phone)
    assert_answer(post(app), SORRY)
    assert_logged(caplog, logging.ERROR, words=("a filter failed",))
    app.testing = True
    with pytest.raises(ZeroDivisionError):
        post(app)


def test_views_that_do_not_fit_are_told_from_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    phone = OzML("phone", __name__)
    phone.incoming_call(caller="501")(welcome)
    assert_answer(post(make_app(phone)), "")
    words = (
        "none of its views has filters and arguments that fit; the answer is empty",
    )
    assert_logged(caplog, logging.WARNING, words=words)


def test_another_extension_of_the_name_is_left_alone() -> None:
    app = app_of(welcome)
    app.extensions["csrf"] = object()
    assert_answer(post(app), "<Speak>Hi</Speak>")
