"""One site with many extensions that real sites have."""

import re
import typing as t
from collections.abc import Callable

import pytest
from flask import redirect
from flask import request
from flask_login import current_user
from flask_login import login_required
from flask_login import login_user
from flask_login import LoginManager
from flask_login import logout_user
from flask_login import UserMixin
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect
from flask_wtf.csrf import generate_csrf
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from apps import make_app
from apps import post as post_to
from apps import relative
from apps import urls_of
from apps import with_token
from flask_ozml import OzML
from flask_ozml.commands import Command
from flask_ozml.commands import Hangup
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from samples import SAMPLES

#: The headers that a proxy in front adds after it ends TLS.
BY_PROXY: t.Final = {
    "HTTP_X_FORWARDED_FOR": "192.168.1.5",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "www.example.com",
}


class User(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    id = "1"


class Site:
    """A site with extensions, pages and, if wanted, the blueprint."""

    def __init__(self, order: str, *, with_phone: bool = True) -> None:
        self.app = make_app()
        self.phone = make_phone()
        #: The forms that the site's hook has read.
        self.forms: list[dict[str, str]] = []
        self.handled: list[Exception] = []
        self.talisman = Talisman()
        if order == "extensions first":
            self._add_extensions()
        if with_phone:
            self.app.register_blueprint(self.phone, url_prefix="/phone")
        if order == "blueprint first":
            self._add_extensions()
        self._add_pages()
        wsgi = ProxyFix(self.app.wsgi_app, x_proto=1, x_host=1)
        self.app.wsgi_app = wsgi  # type: ignore[method-assign]  # as its documentation says

    def _add_extensions(self) -> None:
        CSRFProtect(self.app)
        self.talisman.init_app(self.app)
        login = LoginManager(self.app)
        login.user_loader(lambda user_id: User())
        login.unauthorized_handler(lambda: redirect("/login"))
        self.app.before_request(self._read_the_form)
        self.app.before_request(self._wall)
        self.app.register_error_handler(Exception, self._handle)

    def _read_the_form(self) -> None:
        self.forms.append(request.form.to_dict())

    def _wall(self) -> t.Any:
        if request.blueprint == "phone" or request.endpoint in ("log_in", "token"):
            return None
        return None if current_user.is_authenticated else redirect("/login")

    def _handle(self, error: Exception) -> tuple[str, int]:
        self.handled.append(error)
        code = error.code if isinstance(error, HTTPException) else 500
        return f"The site says {code}.", code or 500

    def _add_pages(self) -> None:
        @self.app.route("/login", methods=["GET", "POST"])
        def log_in() -> str:
            if request.method == "POST":
                login_user(User())
            return "log in"

        @self.app.get("/token")
        def token() -> str:
            return t.cast(str, generate_csrf())

        @self.app.route("/page", methods=["GET", "POST"])
        @login_required  # type: ignore[untyped-decorator]  # Flask-Login has no types
        def page() -> str:
            return f"page {request.form.get('Caller')}"

        @self.app.get("/logout")
        def log_out() -> str:
            logout_user()
            return "logged out"

        @self.app.get("/crash")
        def crash() -> str:
            raise ZeroDivisionError

    def post(self, kind: str, url: str = "", headers: t.Any = BY_PROXY) -> t.Any:
        # The proxy in front connects with plain HTTP to another host.
        url = relative(url or urls_of(self.app)[kind])
        return post_to(self.app, url, SAMPLES[kind].body, **headers)


def make_phone() -> OzML:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def ask(call: IncomingCall) -> UserInput:
        return UserInput(Speak(call.caller), forward_to_url=phone.to(obey, tries=1))

    @phone.dtmf_entered
    def obey(entered: DtmfEntered, tries: int) -> list[Speak | Hangup]:
        return [Speak(f"{entered.dtmf_digits} {tries}"), Hangup()]

    @phone.goto
    def crash(notification: GoToNotification) -> None:
        raise LookupError("a mistake")

    @phone.fallback
    def sorry(notification: object, error: Exception) -> Command:
        return Speak(f"Sorry, {type(error).__name__}.")

    return phone


orders = pytest.mark.parametrize("order", ["extensions first", "blueprint first"])


@orders
def test_a_call_goes_through(order: str) -> None:
    site = Site(order)
    answer = site.post("incoming_call")
    found = re.fullmatch(
        r'<\?xml version="1\.0" encoding="UTF-8"\?><Response>'
        r'<UserInput Timeout="10" ForwardToUrl="(https://pbx\.example/phone/[^"]+)">'
        r"<InitialCommands><Speak>500</Speak></InitialCommands></UserInput>"
        r"</Response>",
        answer.text,
    )
    assert found
    assert (answer.status_code, answer.content_type) == (
        200,
        "application/xml; charset=utf-8",
    )
    assert "Set-Cookie" not in answer.headers
    second = site.post("dtmf_entered", found[1])
    assert "<Response><Speak>14*5#3 1</Speak><Hangup/></Response>" in second.text
    assert [form["NotificationName"] for form in site.forms] == [
        "IncomingCall",
        "DtmfEntered",
    ]
    assert site.handled == []


@orders
def test_a_view_that_raises_is_answered_by_the_fallback(order: str) -> None:
    site = Site(order)
    answer = site.post("goto")
    assert answer.status_code == 200
    assert "<Response><Speak>Sorry, LookupError.</Speak></Response>" in answer.text
    assert site.handled == []


@orders
def test_refusals_are_ours_and_not_those_of_the_site(order: str) -> None:
    site = Site(order)
    forged = with_token(urls_of(site.app)["incoming_call"], "forged")
    for url in ("/phone/incoming_call", forged):
        answer = site.post("incoming_call", url)
        assert (answer.status_code, answer.mimetype) == (403, "text/plain")
    assert site.forms == [{}, {}]
    assert site.handled == []


#: What a browser sends, which cookies and Flask-WTF check.
BROWSER: t.Final[dict[str, t.Any]] = {
    "base_url": "https://www.example.com",
    "headers": {"Referer": "https://www.example.com/"},
}


class Seen(t.NamedTuple):
    page: str
    status: int
    text: str
    location: str
    headers: list[str]


def tour(site: Site) -> list[Seen]:
    """Return the answers of the site's own pages to a guest and to a user."""
    client = site.app.test_client()

    def look(method: str, path: str, **form: str) -> Seen:
        answer = client.open(path, method=method, data=form, **BROWSER)
        location = answer.headers.get("Location", "")
        names = sorted(answer.headers.keys())
        return Seen(
            f"{method} {path}", answer.status_code, answer.text, location, names
        )

    def token() -> str:
        return client.get("/token", **BROWSER).text

    return [
        *(look("GET", path) for path in ("/page", "/login", "/crash", "/nowhere")),
        look("POST", "/login", csrf_token="wrong"),
        look("POST", "/login", csrf_token=token()),
        *(look("GET", path) for path in ("/page", "/crash", "/nowhere")),
        look("POST", "/page", Caller="500", csrf_token="wrong"),
        look("POST", "/page", Caller="500", csrf_token=token()),
        look("GET", "/logout"),
        look("GET", "/page"),
    ]


@orders
def test_the_pages_of_the_site_are_as_before(order: str) -> None:
    before = tour(Site(order, with_phone=False))
    assert [seen.status for seen in before] == (
        [302, 200, 302, 302, 400, 200, 200, 500, 404, 400, 200, 200, 302]
    )
    site = Site(order)
    for _ in range(2):
        assert tour(site) == before
        assert site.post("incoming_call").status_code == 200
    assert site.post("incoming_call", "/phone/incoming_call").status_code == 403
    assert tour(site) == before


@orders
def test_nobody_is_logged_in_by_a_notification(order: str) -> None:
    site = Site(order)
    client = site.app.test_client()
    for url in (urls_of(site.app)["incoming_call"], "/phone/incoming_call"):
        answer = site.post("incoming_call", url)
        assert "Set-Cookie" not in answer.headers
    headers = {"X-Forwarded-Proto": "https"}
    assert client.get("/page", headers=headers).status_code == 302


def exempt(site: Site) -> None:
    for name, view in site.app.view_functions.items():
        if name.startswith("phone."):
            site.talisman(force_https=False)(view)


@orders
@pytest.mark.parametrize("prepare, status", [(exempt, 200), (lambda site: None, 302)])
def test_talisman_redirects_plain_http_unless_views_are_exempt(
    order: str, prepare: Callable[[Site], None], status: int
) -> None:
    site = Site(order)
    prepare(site)
    assert site.post("incoming_call", headers={}).status_code == status
    page = site.app.test_client().get("/page")
    assert (page.status_code, page.location) == (302, "https://localhost/page")
    refused = site.post("incoming_call", "/phone/incoming_call", headers={})
    assert refused.status_code == (403 if status == 200 else 302)
