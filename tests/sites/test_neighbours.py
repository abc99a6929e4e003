"""The site around the blueprint: its hooks, handlers, extensions and other pages."""

import io
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import abort
from flask import Blueprint
from flask import Flask
from flask import request
from flask_wtf.csrf import CSRFProtect
from flask_wtf.csrf import generate_csrf
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import create_environ
from werkzeug.wrappers import Response

from flask_ozml import OzML
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import Notification
from samples import SAMPLES

BODY: t.Final = SAMPLES["incoming_call"].body
FORM: t.Final = "application/x-www-form-urlencoded"
HI: t.Final = (
    b'<?xml version="1.0" encoding="UTF-8"?><Response><Speak>Hi</Speak></Response>'
)
CHUNKED: t.Final[dict[str, t.Any]] = {
    "HTTP_TRANSFER_ENCODING": "chunked",
    "wsgi.input_terminated": True,
}


class Body(io.BytesIO):
    """A body that tells whether it was asked for."""

    touched = False

    def read(self, size: int | None = -1) -> bytes:
        self.touched = True
        return super().read(size)

    def readinto(self, buffer: t.Any) -> int:
        self.touched = True
        return super().readinto(buffer)


def make_app(phone: OzML | None = None, **config: t.Any) -> Flask:
    app = Flask("site")
    app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL="https://pbx.example")
    app.config.update(config)
    app.register_blueprint(phone or make_phone(), url_prefix="/phone")
    return app


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


def path_of(app: Flask, kind: str = "incoming_call", name: str = "phone") -> str:
    with app.app_context():
        phone = t.cast(OzML, app.blueprints[name])
        return urlsplit(phone.urls_as(name)[kind]).path


def post(
    app: t.Any, path: str, body: bytes | Body = BODY, **changes: t.Any
) -> Response:
    stream = body if isinstance(body, Body) else Body(body)
    environ = create_environ(path, method="POST", content_type=FORM)
    environ["wsgi.input"] = stream
    if "HTTP_TRANSFER_ENCODING" not in changes:
        environ["CONTENT_LENGTH"] = str(len(stream.getvalue()))
    environ |= changes
    return Response.from_app(app, environ, buffered=True)


def assert_answered(response: Response) -> None:
    assert (response.status_code, response.get_data()) == (200, HI)


HOOKS: t.Final[dict[str, tuple[Callable[[], object], object]]] = {
    "form": (lambda: request.form["Caller"], "500"),
    "values": (lambda: request.values["Caller"], "500"),
    "get_data": (lambda: request.get_data(), BODY),
    "data": (lambda: request.data, b""),
    "parsed data": (lambda: request.get_data(parse_form_data=True), b""),
    "stream": (lambda: request.stream.read(), BODY),
    "raw stream": (lambda: request.environ["wsgi.input"].read(len(BODY)), BODY),
    "files": (lambda: len(request.files), 0),
}


@pytest.mark.parametrize("owner", ["site", "blueprint"])
@pytest.mark.parametrize(
    "changes",
    [{}, {"wsgi.input_terminated": True}, CHUNKED],
    ids=["length", "terminated", "chunked"],
)
@pytest.mark.parametrize("hook, expected", HOOKS.values(), ids=HOOKS)
def test_hooks_that_read_the_body_see_it_and_the_view_runs(
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
    assert_answered(post(app, path_of(app), **changes))
    assert seen == [expected]


@pytest.mark.parametrize("limit", [1, 10**6])
def test_the_limit_of_the_site_is_not_that_of_the_notifications(limit: int) -> None:
    app = make_app(MAX_CONTENT_LENGTH=limit, MAX_FORM_MEMORY_SIZE=limit)
    assert_answered(post(app, path_of(app)))
    assert_answered(post(app, path_of(app), **CHUNKED))


def read_the_form() -> None:
    assert request.form is not None


class Breaking(Body):
    def read(self, size: int | None = -1) -> bytes:
        raise ConnectionResetError

    def readinto(self, buffer: t.Any) -> int:
        raise ConnectionResetError


REFUSED: t.Final[dict[str, tuple[int, str, bytes | Body, dict[str, t.Any]]]] = {
    "no token": (403, "/phone/incoming_call", BODY, {}),
    "another type": (415, "", BODY, {"CONTENT_TYPE": "text/xml"}),
    "too long": (413, "", BODY + b"&X=" + b"a" * 1000, {}),
    "too long and chunked": (413, "", BODY + b"&X=" + b"a" * 1000, CHUNKED),
    "truncated": (400, "", BODY, {"CONTENT_LENGTH": "100"}),
    "broken": (400, "", Breaking(BODY), {}),
    "broken and chunked": (400, "", Breaking(BODY), CHUNKED),
    "another kind": (400, "", SAMPLES["goto"].body, {}),
}


@pytest.mark.parametrize("reading", [False, True], ids=["no hook", "reading hook"])
@pytest.mark.parametrize("status, path, body, changes", REFUSED.values(), ids=REFUSED)
def test_refusals_are_ours_and_never_reach_the_error_handlers_of_the_site(
    status: int,
    path: str,
    body: bytes | Body,
    changes: dict[str, t.Any],
    reading: bool,
) -> None:
    app = make_app(OZML_MAX_CONTENT_LENGTH=500)
    handled: list[Exception] = []

    def handle(error: Exception) -> tuple[str, int]:
        handled.append(error)
        return "<html>", 500

    for exception in (Exception, HTTPException, 400, 403, 413, 415):
        app.register_error_handler(exception, handle)
    if reading:
        app.before_request(read_the_form)
    response = post(app, path or path_of(app), body, **changes)
    assert handled == []
    assert response.status_code == status
    assert re.fullmatch(rb"[^\n<]+\n", response.get_data())


def test_a_hook_reads_nothing_of_a_sender_who_may_not_post() -> None:
    app = make_app()
    app.before_request(read_the_form)
    body = Body(BODY)
    assert post(app, "/phone/incoming_call", body).status_code == 403
    assert not body.touched


def test_a_view_that_aborts_never_reaches_the_error_handlers_of_the_site() -> None:
    app = make_app()
    handled: list[Exception] = []

    def handle(error: Exception) -> str:
        handled.append(error)
        return "<html>"

    for exception in (Exception, HTTPException, 413):
        app.register_error_handler(exception, handle)
    assert_answered(post(app, path_of(app, "goto"), SAMPLES["goto"].body))
    assert handled == []


def test_the_error_handlers_of_the_site_answer_for_its_other_urls() -> None:
    app = make_app()
    app.register_error_handler(404, lambda error: ("mine", 404))
    app.register_error_handler(405, lambda error: ("mine too", 405))
    assert post(app, "/phone/other").get_data() == b"mine"
    assert app.test_client().get(path_of(app)).data == b"mine too"


def test_the_site_sees_each_answer_and_each_refusal() -> None:
    app = make_app()

    @app.after_request
    def mark(response: t.Any) -> t.Any:
        response.headers["X-Site"] = request.endpoint
        return response

    for path in (path_of(app), "/phone/incoming_call"):
        assert post(app, path).headers["X-Site"] == "phone.incoming_call"


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

    app = Flask("site")
    app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL="https://pbx.example")
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
        assert_answered(post(app, path_of(app)))
        assert_answered(post(app, path_of(app, "goto"), SAMPLES["goto"].body))
        assert post(app, "/phone/incoming_call").status_code == 403
    token = client.get("/token").text
    for page in pages:
        assert client.post(page, data={"csrf_token": token}).status_code == 200


def test_csrf_protection_of_an_app_factory_knows_each_app() -> None:
    csrf = CSRFProtect()
    phone = make_phone()
    for _ in range(2):
        app = make_app(phone)
        csrf.init_app(app)
        assert_answered(post(app, path_of(app)))


def test_behind_proxy_fix_a_notification_says_the_base_that_the_proxy_says() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def start(call: IncomingCall) -> UserInput:
        return UserInput(forward_to_url=phone.to(go_on, state=1))

    @phone.dtmf_entered
    def go_on(entered: DtmfEntered, state: int) -> Speak:
        return Speak("Hi")

    app = make_app(phone)
    path = path_of(app)
    app.config["OZML_PUBLIC_URL"] = None
    fixed = ProxyFix(app.wsgi_app, x_proto=1, x_host=1, x_prefix=1)
    headers: dict[str, t.Any] = {
        "HTTP_X_FORWARDED_FOR": "192.168.1.5",
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_HOST": "www.example.com",
        "HTTP_X_FORWARDED_PREFIX": "/site",
    }
    answer = post(fixed, path, **headers).get_data(as_text=True)
    found = re.search(r'"https://www\.example\.com/site([^"]+)"', answer)
    assert found
    assert_answered(post(fixed, found[1], SAMPLES["dtmf_entered"].body, **headers))


def test_below_a_dispatcher_the_urls_hold_its_prefix() -> None:
    app = make_app(OZML_PUBLIC_URL="https://pbx.example/site")
    with app.app_context():
        url = t.cast(OzML, app.blueprints["phone"]).urls()["incoming_call"]
    assert url.startswith("https://pbx.example/site/phone/incoming_call/")
    dispatcher = DispatcherMiddleware(Flask("other"), {"/site": app})
    assert_answered(post(dispatcher, urlsplit(url).path))


def test_a_login_wall_needs_one_line_for_the_notifications() -> None:
    app = make_app()

    @app.before_request
    def wall() -> t.Any:
        if request.blueprint == "phone":
            return None
        return "Please log in.", 401

    @app.get("/page")
    def page() -> str:
        return "page"

    assert app.test_client().get("/page").status_code == 401
    assert_answered(post(app, path_of(app)))
    assert post(app, "/phone/incoming_call").status_code == 403


def test_a_login_wall_without_that_line_stands_before_the_view() -> None:
    app = make_app()
    app.before_request(lambda: ("Please log in.", 401))
    assert post(app, path_of(app)).status_code == 401


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
    assert post(app, "/phone/own/a").get_data() == b"phone a 500"
    assert app.test_client().get("/phone/child/page/a").data == b"phone.child a None"
    assert post(app, "/phone/child/page/a").get_data() == b"phone.child a 500"
    assert_answered(post(app, path_of(app)))


def test_the_blueprint_can_be_a_child_and_have_one_of_its_kind() -> None:
    parent = Blueprint("parent", __name__)
    phone, inner = make_phone(), make_phone()
    inner.name = "inner"
    phone.register_blueprint(inner, url_prefix="/inner")
    parent.register_blueprint(phone, url_prefix="/phone")
    app = Flask("site")
    app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL="https://pbx.example")
    app.register_blueprint(parent, url_prefix="/parent")
    for name, start in (
        ("parent.phone", "/parent/phone/incoming_call/"),
        ("parent.phone.inner", "/parent/phone/inner/incoming_call/"),
    ):
        path = path_of(app, name=name)
        assert path.startswith(start)
        assert_answered(post(app, path))
    token = path_of(app, name="parent.phone").rpartition("/")[2]
    moved = f"/parent/phone/inner/incoming_call/{token}"
    assert post(app, moved).status_code == 403


def test_the_page_of_a_site_gets_no_url_from_its_host_header() -> None:
    phone = make_phone()
    app = make_app(phone, OZML_PUBLIC_URL=None, SERVER_NAME="example.com")

    @app.get("/urls")
    def urls() -> str:
        return phone.urls()["incoming_call"]

    path = path_of(app)
    with app.app_context():
        for _ in range(2):
            page = app.test_client().get("/urls", headers={"Host": "evil.example"})
            assert page.text.startswith("http://example.com/phone/incoming_call/")
            # Below this context g outlives the request.
            assert_answered(post(app, path))


@pytest.fixture(autouse=True)
def _no_leak(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(1)
    yield
    ours = [r for r in caplog.get_records("call") if r.name == "flask_ozml"]
    assert not any(re.search("3CiHe|/phone|[\\w-]{40}", r.getMessage()) for r in ours)
