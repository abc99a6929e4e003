"""The site around the blueprint: hooks, error handlers, extensions and other pages."""

import re
import typing as t
from collections.abc import Callable

import pytest
from flask import abort
from flask import Blueprint
from flask import Flask
from flask import request
from flask_wtf.csrf import CSRFProtect
from flask_wtf.csrf import generate_csrf
from werkzeug.debug import DebuggedApplication
from werkzeug.exceptions import HTTPException

from apps import assert_answered
from apps import CHUNKED
from apps import make_app
from apps import post
from apps import PUBLIC_URL
from apps import Stream
from apps import token_of
from apps import urls_of
from apps import with_token
from apps import without_token
from flask_ozml import OzML
from flask_ozml.commands import Speak
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import Notification
from samples import SAMPLES

BODY: t.Final = SAMPLES["incoming_call"].body
HI: t.Final = "<Speak>Hi</Speak>"


def make_phone() -> OzML:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: IncomingCall) -> Speak:
        assert call == SAMPLES["incoming_call"].expected
        return Speak("Hi")

    @phone.goto
    def crash(notification: Notification) -> t.NoReturn:
        abort(413)

    @phone.fallback
    def sorry(notification: Notification, error: Exception) -> Speak:
        return Speak("Hi")

    return phone


def url_of(app: Flask, kind: str = "incoming_call", name: str = "phone") -> str:
    return urls_of(app, name)[kind]


HOOKS: t.Final[dict[str, tuple[Callable[[], object], object]]] = {
    "form": (lambda: request.form["Caller"], "500"),
    "values": (lambda: request.values["Caller"], "500"),
    "get_data": (lambda: request.get_data(), BODY),
    "data": (lambda: request.data, BODY),
    "parsed data": (lambda: request.get_data(parse_form_data=True), BODY),
    "files": (lambda: len(request.files), 0),
}


@pytest.mark.parametrize("owner", ["site", "blueprint"])
@pytest.mark.parametrize(
    "changes",
    [{}, {"wsgi.input_terminated": True}, CHUNKED],
    ids=["length", "terminated", "chunked"],
)
@pytest.mark.parametrize("hook, expected", HOOKS.values(), ids=HOOKS)
def test_a_hook_may_read_the_body_before_the_view_runs(
    hook: Callable[[], object],
    expected: object,
    changes: dict[str, t.Any],
    owner: str,
) -> None:
    seen: list[object] = []
    phone = make_phone()
    if owner == "blueprint":
        phone.before_request(lambda: seen.append(hook()))
    app = make_app(phone)
    if owner == "site":
        app.before_request(lambda: seen.append(hook()))
    assert_answered(post(app, url_of(app), BODY, **changes), HI)
    assert seen == [expected]


def test_a_raw_byte_loses_no_field_whatever_a_hook_finds_in_the_form() -> None:
    phone = OzML("phone", __name__)
    came: list[IncomingCall] = []
    phone.incoming_call(came.append)
    app = make_app(phone)
    forms: list[int] = []
    app.before_request(lambda: forms.append(len(request.form)))
    assert_answered(post(app, url_of(app), BODY.replace(b"500", b"\xe1500")))
    assert (came[0].caller, came[0].api_extension) == ("\xe1500", "9998")
    # Werkzeug's parser drops all fields.
    assert forms == [0]


def read_the_form() -> None:
    assert request.form is not None


BREAKING: t.Final = Stream(BODY, error=ConnectionResetError())
LONG: t.Final = BODY + b"&X=" + b"a" * 1000
REFUSED: t.Final[dict[str, tuple[int, str, bytes | Stream, dict[str, t.Any]]]] = {
    "no token": (403, "/phone/incoming_call", BODY, {}),
    "another type": (415, "", BODY, {"CONTENT_TYPE": "text/xml"}),
    "too long": (413, "", LONG, {}),
    "too long and chunked": (413, "", LONG, CHUNKED),
    "truncated": (400, "", BODY, {"CONTENT_LENGTH": "100"}),
    "broken": (400, "", BREAKING, {}),
    "broken and chunked": (400, "", BREAKING, CHUNKED),
    "another kind": (400, "", SAMPLES["goto"].body, {}),
}


@pytest.mark.parametrize("reading", [False, True], ids=["no hook", "reading hook"])
@pytest.mark.parametrize("status, path, body, changes", REFUSED.values(), ids=REFUSED)
def test_refusals_are_ours_and_never_reach_the_error_handlers_of_the_site(
    status: int,
    path: str,
    body: bytes | Stream,
    changes: dict[str, t.Any],
    reading: bool,
) -> None:
    app = make_app(make_phone(), OZML_MAX_CONTENT_LENGTH=400)
    handled: list[Exception] = []

    def handle(error: Exception) -> tuple[str, int]:
        handled.append(error)
        return "<html>", 500

    for exception in (Exception, HTTPException, 400, 403, 413, 415):
        app.register_error_handler(exception, handle)
    if reading:
        app.before_request(read_the_form)
    response = post(app, path or url_of(app), body, **changes)
    assert handled == []
    assert response.status_code == status
    assert re.fullmatch(rb"[^\n<]+\n", response.data)


def test_a_hook_reads_nothing_of_a_sender_who_may_not_post() -> None:
    app = make_app(make_phone())
    app.before_request(read_the_form)
    body = Stream(BODY)
    assert post(app, "/phone/incoming_call", body).status_code == 403
    assert not body.touched


def test_a_view_that_aborts_never_reaches_the_error_handlers_of_the_site() -> None:
    app = make_app(make_phone())
    handled: list[Exception] = []

    def handle(error: Exception) -> str:
        handled.append(error)
        return "<html>"

    for exception in (Exception, HTTPException, 413):
        app.register_error_handler(exception, handle)
    assert_answered(post(app, url_of(app, "goto"), SAMPLES["goto"].body), HI)
    assert handled == []


def test_the_page_of_the_debugger_shows_neither_token_nor_digits() -> None:
    phone = OzML("phone", __name__)

    @phone.dtmf_entered
    def crash(entered: DtmfEntered) -> t.NoReturn:
        raise LookupError

    app = make_app(phone, DEBUG=True)
    url = url_of(app, "dtmf_entered")
    body = SAMPLES["dtmf_entered"].body
    page = post(DebuggedApplication(app, evalex=True), url, body, RAW_URI=url)
    assert page.status_code == 500
    assert "LookupError" in page.text
    assert not re.search(rf"token=|{token_of(url)}|14\*5#3|3CiHe", page.text)


def test_the_error_handlers_of_the_site_answer_for_its_other_urls() -> None:
    app = make_app(make_phone())
    app.register_error_handler(404, lambda error: ("mine", 404))
    app.register_error_handler(405, lambda error: ("mine too", 405))
    assert post(app, "/phone/other", BODY).data == b"mine"
    assert app.test_client().get(url_of(app)).data == b"mine too"


def test_the_site_sees_each_answer_and_each_refusal() -> None:
    app = make_app(make_phone())

    @app.after_request
    def mark(response: t.Any) -> t.Any:
        response.headers["X-Site"] = request.endpoint
        return response

    for path in (url_of(app), "/phone/incoming_call"):
        assert post(app, path, BODY).headers["X-Site"] == "phone.incoming_call"


def add_pages(app: Flask, phone: OzML) -> None:
    @app.post("/page")
    def page() -> str:
        return "page"

    @app.post("/other", endpoint="other")
    def incoming_call() -> str:
        return "other"

    @app.get("/token")
    def token() -> str:
        return t.cast(str, generate_csrf())


def csrf_app(order: str) -> Flask:
    csrf = CSRFProtect()
    phone = make_phone()

    @phone.post("/own")
    def own() -> str:
        return "own"

    @phone.post("/own/incoming_call", endpoint="own_incoming_call")
    def incoming_call() -> str:
        return "own too"

    app = make_app()
    if order == "before":
        csrf.init_app(app)
    app.register_blueprint(phone, url_prefix="/phone")
    if order == "after":
        csrf.init_app(app)
    add_pages(app, phone)
    return app


@pytest.mark.parametrize("order", ["before", "after"])
def test_csrf_protection_lets_notifications_through_and_nothing_else(
    order: str,
) -> None:
    app = csrf_app(order)
    client = app.test_client()
    pages = ("/page", "/other", "/phone/own", "/phone/own/incoming_call")
    for _ in range(2):
        for page in pages:
            response = client.post(page)
            assert (response.status_code, b"CSRF" in response.data) == (400, True)
        assert_answered(post(app, url_of(app), BODY), HI)
        assert_answered(post(app, url_of(app, "goto"), SAMPLES["goto"].body), HI)
        assert post(app, "/phone/incoming_call", BODY).status_code == 403
    token = client.get("/token").text
    for page in pages:
        assert client.post(page, data={"csrf_token": token}).status_code == 200


def test_csrf_protection_of_an_app_factory_knows_each_app() -> None:
    csrf = CSRFProtect()
    phone = make_phone()
    for _ in range(2):
        app = make_app(phone)
        csrf.init_app(app)
        assert_answered(post(app, url_of(app), BODY), HI)


def test_a_login_wall_needs_one_line_for_the_notifications() -> None:
    app = make_app(make_phone())

    @app.before_request
    def wall() -> t.Any:
        if request.blueprint == "phone":
            return None
        return "Please log in.", 401

    @app.get("/page")
    def page() -> str:
        return "page"

    assert app.test_client().get("/page").status_code == 401
    assert_answered(post(app, url_of(app), BODY), HI)
    assert post(app, "/phone/incoming_call", BODY).status_code == 403


def test_a_login_wall_without_that_line_refuses_notifications() -> None:
    app = make_app(make_phone())
    app.before_request(lambda: ("Please log in.", 401))
    assert post(app, url_of(app), BODY).status_code == 401


def test_the_blueprint_can_have_pages_and_children_of_its_own() -> None:
    phone = make_phone()
    child = Blueprint("child", __name__)

    @phone.route("/own/<ozml>", methods=["GET", "POST"])
    def own(ozml: str) -> str:
        return f"{request.blueprint} {ozml} {request.form.get('Caller')}"

    @child.route("/page/<name>", methods=["GET", "POST"])
    def page(name: str) -> str:
        return f"{request.blueprint} {name} {request.form.get('Caller')}"

    phone.register_blueprint(child, url_prefix="/child")
    app = make_app(phone)
    assert app.test_client().get("/phone/own/a").data == b"phone a None"
    assert post(app, "/phone/own/a", BODY).data == b"phone a 500"
    assert app.test_client().get("/phone/child/page/a").data == b"phone.child a None"
    assert post(app, "/phone/child/page/a", BODY).data == b"phone.child a 500"
    assert_answered(post(app, url_of(app), BODY), HI)


def test_the_blueprint_can_be_a_child_and_have_an_ozml_child() -> None:
    parent = Blueprint("parent", __name__)
    phone, inner = make_phone(), make_phone()
    inner.name = "inner"
    phone.register_blueprint(inner, url_prefix="/inner")
    parent.register_blueprint(phone, url_prefix="/phone")
    app = make_app()
    app.register_blueprint(parent, url_prefix="/parent")
    pasted = []
    for name, path in (
        ("parent.phone", "/parent/phone/incoming_call"),
        ("parent.phone.inner", "/parent/phone/inner/incoming_call"),
    ):
        pasted.append(url_of(app, name=name))
        assert without_token(pasted[-1]) == f"{PUBLIC_URL}{path}"
        assert_answered(post(app, pasted[-1], BODY), HI)
    moved = with_token(pasted[1], token_of(pasted[0]))
    assert post(app, moved, BODY).status_code == 403
