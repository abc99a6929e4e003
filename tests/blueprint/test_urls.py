"""The URLs that are given out, and the requests to them."""

import functools
import itertools
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from flask import Blueprint
from flask import Flask
from flask import g
from flask import request
from flask import url_for
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter
from werkzeug.routing import ValidationError
from werkzeug.test import run_wsgi_app
from werkzeug.test import TestResponse

import apps
from apps import PUBLIC_URL
from apps import relative
from apps import token_of
from apps import url_to
from apps import urls_of
from apps import with_slash
from apps import with_token
from apps import without_token
from flask_ozml import ConfigurationError
from flask_ozml import OzML
from flask_ozml import TokenTooLong
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import GoTo
from flask_ozml.commands import Speak
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import ErrorNotification
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import KINDS


def make_app(*phones: OzML, **config: t.Any) -> Flask:
    return apps.make_app(*phones, TESTING=True, **config)


def post(app: Flask, url: str, **environ: str) -> TestResponse:
    """Post the notification that a URL expects."""
    kind = next(kind for kind in KINDS if f"/{kind}" in url)
    body = f"NotificationName={KINDS[kind].notification_name}&DtmfDigits=1"
    return apps.post(app, url, body.encode(), **environ)


def said(response: TestResponse) -> str:
    """Return the text of the first command of an answer."""
    assert response.status_code == 200, response.text
    return ElementTree.fromstring(response.data)[0].text or ""


class Asked:
    """A blueprint whose first view gives out the URL of a second one."""

    def __init__(self, name: str = "phone", **options: t.Any) -> None:
        self.phone = OzML(name, __name__, **options)
        self.phone.incoming_call(self.welcome)
        self.phone.goto(self.step)

    def welcome(self, call: IncomingCall, /, **values: t.Any) -> GoTo:
        return GoTo(self.phone.to(self.step, number=1))

    def step(self, go: GoToNotification, /, number: int, **values: t.Any) -> Speak:
        return Speak(f"step {number} {values}")


def step(notification: GoToNotification, number: int = 0) -> Speak:
    return Speak(f"step {number}")


def test_each_kind_has_a_url_to_paste_with_a_token_of_its_own() -> None:
    asked = Asked()
    app = make_app(asked.phone)
    found = urls_of(app)
    assert list(found) == list(KINDS)
    for kind, url in found.items():
        assert without_token(url) == f"{PUBLIC_URL}/phone/{kind}"
        assert len(token_of(url)) == 43
        assert post(app, url).status_code in (200, 400)
    assert urls_of(app) == found
    assert len({token_of(url) for url in found.values()}) == len(KINDS)


def test_pasted_urls_may_have_no_token_and_those_with_state_have_one() -> None:
    asked = Asked()
    app = make_app(
        asked.phone,
        OZML_REQUIRE_TOKEN=False,
        OZML_ALLOWED_NETWORKS=["127.0.0.1"],
    )
    found = urls_of(app)
    assert found == {kind: f"{PUBLIC_URL}/phone/{kind}" for kind in KINDS}
    url = said(post(app, found["incoming_call"]))
    assert said(post(app, url)) == "step 1 {}"
    for forged in (f"{token_of(url)}x", "x"):
        assert post(app, with_token(url, forged)).status_code == 403


@pytest.mark.parametrize(
    "config, base",
    [
        ({"OZML_PUBLIC_URL": "https://a.example"}, "https://a.example"),
        ({"OZML_PUBLIC_URL": "https://a.example:8443/"}, "https://a.example:8443"),
        ({"OZML_PUBLIC_URL": "http://a.example/ivr/b/"}, "http://a.example/ivr/b"),
        (
            {"OZML_PUBLIC_URL": "http://a.example/ivr", "SERVER_NAME": "b.example"},
            "http://a.example/ivr",
        ),
        (
            {"OZML_PUBLIC_URL": "http://a.example", "APPLICATION_ROOT": "/b"},
            "http://a.example",
        ),
        ({"SERVER_NAME": "b.example"}, "http://b.example"),
        ({"SERVER_NAME": "b.example:5000"}, "http://b.example:5000"),
        (
            {"SERVER_NAME": "b.example", "PREFERRED_URL_SCHEME": "https"},
            "https://b.example",
        ),
        (
            {
                "SERVER_NAME": "b.example",
                "PREFERRED_URL_SCHEME": "https",
                "APPLICATION_ROOT": "/ivr",
            },
            "https://b.example/ivr",
        ),
        ({"SERVER_NAME": "b.example", "APPLICATION_ROOT": "/a/"}, "http://b.example/a"),
        (
            {"OZML_PUBLIC_URL": "http://m\xfcller.example/k\xf6zp%20%C3%B6/"},
            "http://xn--mller-kva.example/k%C3%B6zp%20%C3%B6",
        ),
        (
            {"SERVER_NAME": "m\xfcller.example", "APPLICATION_ROOT": "/k\xf6zp"},
            "http://xn--mller-kva.example/k%C3%B6zp",
        ),
        ({"SERVER_NAME": "b.example", "APPLICATION_ROOT": "a"}, "http://b.example/a"),
        (
            {"SERVER_NAME": "b.example", "APPLICATION_ROOT": "/a%20b?"},
            "http://b.example/a%20b%3F",
        ),
    ],
)
def test_outside_of_a_notification_the_configuration_says_the_base(
    config: dict[str, t.Any], base: str
) -> None:
    asked = Asked()
    app = make_app(asked.phone, **{"OZML_PUBLIC_URL": None, **config})
    made = url_to(app, asked.phone, "step", number=1)
    for url in (urls_of(app)["goto"], made):
        assert without_token(url) == f"{base}/phone/goto"


@pytest.mark.parametrize(
    "config",
    [
        {"SERVER_NAME": ""},
        {"SERVER_NAME": "http://b.example"},
        {"SERVER_NAME": "b.example", "PREFERRED_URL_SCHEME": "ftp"},
    ],
)
def test_a_configuration_that_gives_no_base_names_the_keys(
    config: dict[str, str],
) -> None:
    app = make_app(Asked().phone, OZML_PUBLIC_URL=None, **config)
    words = "SERVER_NAME or PREFERRED_URL_SCHEME is invalid. Set OZML_PUBLIC_URL"
    with pytest.raises(ConfigurationError, match=words):
        urls_of(app)


def test_urls_have_the_base_that_url_for_has() -> None:
    asked = Asked()
    app = make_app(
        asked.phone,
        OZML_PUBLIC_URL=None,
        SERVER_NAME="b.example",
        PREFERRED_URL_SCHEME="https",
        APPLICATION_ROOT="/ivr",
    )
    with app.app_context():
        assert without_token(asked.phone.urls()["goto"]) == url_for("phone.goto")


def test_without_a_base_the_key_to_set_is_named() -> None:
    asked = Asked()
    app = make_app(asked.phone, OZML_PUBLIC_URL=None)
    for call in calls(asked.phone):
        with app.app_context(), pytest.raises(ConfigurationError, match="_PUBLIC_URL"):
            call()


def calls(phone: OzML) -> list[Callable[[], object]]:
    return [phone.urls, functools.partial(phone.to, "step", number=1)]


def page_of(asked: Asked, **config: t.Any) -> Flask:
    """Return an app with pages that show the URLs of a blueprint."""
    app = make_app(asked.phone, OZML_PUBLIC_URL=None, **config)
    app.add_url_rule("/to", "to", lambda: asked.phone.to("step", number=1))
    app.add_url_rule("/urls", "urls", lambda: asked.phone.urls()["goto"])
    return app


@pytest.mark.parametrize("path", ["/to", "/urls"])
def test_the_host_header_of_a_page_is_never_used(path: str) -> None:
    app = page_of(Asked())
    with pytest.raises(ConfigurationError, match="OZML_PUBLIC_URL"):
        app.test_client().get(path, headers={"Host": "evil.example"})
    for key, value in (("SERVER_NAME", "b.example"), ("OZML_PUBLIC_URL", PUBLIC_URL)):
        app = page_of(Asked())
        app.config[key] = value
        headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        shown = app.test_client().get(path, headers=headers).text
        assert urlsplit(shown).netloc in ("b.example", "pbx.example")


@pytest.mark.parametrize("path", ["/to", "/urls"])
def test_the_host_header_of_a_page_is_not_used_after_a_call_either(
    path: str,
) -> None:
    # As in a test or a command that pushes a context and then makes requests.
    asked = Asked()
    app = page_of(asked, SERVER_NAME="b.example")
    with app.app_context():
        inside = asked.phone.urls()
        assert post(app, inside["incoming_call"]).status_code == 200
        shown = app.test_client().get(path, headers={"Host": "evil.example"}).text
        assert urlsplit(shown).netloc == "b.example"
        assert asked.phone.urls() == inside


def test_the_host_header_of_a_refused_notification_is_not_used() -> None:
    asked = Asked()
    app = make_app(asked.phone, OZML_PUBLIC_URL=None)
    seen: list[object] = []

    @app.after_request
    def remember(response: t.Any) -> t.Any:
        try:
            seen.append(asked.phone.urls())
        except ConfigurationError:
            seen.append(None)
        return response

    url = with_token(entry(app, "http://evil.example"), "forged")
    assert post(app, url).status_code == 403
    assert seen == [None]


def entry(app: Flask, base: str = "", name: str = "phone") -> str:
    """Return the URL to paste of an app without a base, below a base."""
    app.config["OZML_PUBLIC_URL"] = PUBLIC_URL
    url = urls_of(app, name)["incoming_call"]
    app.config["OZML_PUBLIC_URL"] = None
    return base + relative(url)


@pytest.mark.parametrize("server_name", [None, "b.example"])
def test_in_a_notification_the_base_is_that_of_the_request(
    server_name: str | None,
) -> None:
    asked = Asked()
    app = make_app(asked.phone, SERVER_NAME=server_name)
    for base in ("http://10.0.0.5:5000", "https://a.example", "http://localhost"):
        url = said(post(app, entry(app, base)))
        assert without_token(url) == f"{base}/phone/goto"
        assert said(post(app, url)) == "step 1 {}"


@pytest.mark.parametrize(
    ("host", "script_name", "base"),
    [
        ("xn--mller-kva.example", "", "http://xn--mller-kva.example"),
        ("a.example:18880", "", "http://a.example:18880"),
        ("a.example", "site/", "http://a.example/site"),
        ("a.example", "/telefon-k\xf6zpont", "http://a.example/telefon-k%C3%B6zpont"),
        ("[::1]:5000", "/a b%20", "http://[::1]:5000/a%20b%2520"),
        ("A.example", "/\udcff", "http://a.example/%EF%BF%BD"),
    ],
)
def test_urls_are_ascii_whatever_the_base_of_the_request(
    host: str, script_name: str, base: str
) -> None:
    asked = Asked()
    app = make_app(asked.phone, prefix="/k\xf6zp/<tenant>")
    app.config["OZML_PUBLIC_URL"] = PUBLIC_URL
    pasted = urls_of(app, tenant="\xe9")["incoming_call"]
    app.config["OZML_PUBLIC_URL"] = None
    name = script_name.encode("utf-8", "surrogateescape").decode("latin-1")
    changes = {"HTTP_HOST": host, "SCRIPT_NAME": name}
    url = said(post(app, relative(pasted), **changes))
    assert without_token(url) == f"{base}/k%C3%B6zp/%C3%A9/goto"
    assert said(post(app, relative(url.removeprefix(base)))) == (
        "step 1 {'tenant': '\xe9'}"
    )


@pytest.mark.parametrize(
    "host",
    ["a_b.example", "", "m\xfcller.example", "user:secret@a.example", "a.example:99999"]
    + ["a.example/secret", "a b", "[::1", "a.example:"],
)
def test_a_request_whose_host_gives_no_base_names_the_key_to_set(host: str) -> None:
    asked = Asked()
    app = make_app(asked.phone)
    words = "^Cannot build an external URL: the Host .* Set OZML_PUBLIC_URL"
    with pytest.raises(ConfigurationError, match=words) as caught:
        post(app, entry(app), HTTP_HOST=host)
    assert "secret" not in str(caught.value)
    app.config["OZML_PUBLIC_URL"] = PUBLIC_URL
    url = said(post(app, urls_of(app)["incoming_call"], HTTP_HOST=host))
    assert without_token(url) == f"{PUBLIC_URL}/phone/goto"


def test_in_a_notification_the_public_url_goes_first() -> None:
    asked = Asked()
    app = make_app(asked.phone)
    url = entry(app, "http://localhost")
    app.config["OZML_PUBLIC_URL"] = "https://a.example/ivr"
    url = said(post(app, url))
    assert without_token(url) == "https://a.example/ivr/phone/goto"


def test_the_script_name_is_part_of_the_base() -> None:
    asked = Asked()
    app = make_app(asked.phone)
    url = entry(app, "http://a.example/site/a")
    root = Flask("root")
    mounted = DispatcherMiddleware(root.wsgi_app, {"/site/a": app})
    root.wsgi_app = mounted  # type: ignore[method-assign]  # as Flask's manual says
    url = said(post(root, url))
    assert without_token(url) == "http://a.example/site/a/phone/goto"
    assert said(post(root, url)) == "step 1 {}"


def test_the_base_is_the_forwarded_one_if_proxy_fix_trusts_it() -> None:
    asked = Asked()
    app = make_app(asked.phone)
    url = entry(app, "http://127.0.0.1:8000")
    forwarded = {
        "HTTP_X_FORWARDED_FOR": "192.168.1.5",
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_HOST": "a.example",
        "HTTP_X_FORWARDED_PREFIX": "/ivr",
    }
    made = said(post(app, url, **forwarded))
    assert without_token(made) == "http://127.0.0.1:8000/phone/goto"
    fixed = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)
    app.wsgi_app = fixed  # type: ignore[method-assign]  # as Flask's manual says
    made = said(post(app, url, **forwarded))
    assert without_token(made) == "https://a.example/ivr/phone/goto"
    behind = f"http://127.0.0.1:8000{relative(made).removeprefix('/ivr')}"
    assert said(post(app, behind, **forwarded)) == "step 1 {}"


def ivr() -> tuple[Flask, OzML]:
    """Return an app with views of all forms that `to` takes."""
    phone = OzML("phone", __name__)
    phone.goto(step)
    phone.goto(strict)
    phone.goto(by_position)
    phone.goto(anything)
    phone.goto(odd)
    phone.incoming_call(entry_only)
    phone.dtmf_entered(shared)
    phone.goto(shared)
    phone.error(failed)
    return make_app(phone), phone


def strict(go: GoToNotification, number: int, *, text: str = "") -> Speak:
    return Speak(f"strict {number} {text}")


def by_position(go: GoToNotification, number: int, /) -> None: ...


def anything(go: GoToNotification, *args: int, **state: t.Any) -> Speak:
    return Speak(str(sorted(state)))


def odd(
    go: GoToNotification, self: int, view: int, args: int, path: int, ozml_token: int
) -> Speak:
    return Speak(f"odd {self} {view} {args} {path} {ozml_token}")


def entry_only(call: IncomingCall) -> None: ...
def shared(notification: DtmfEntered | GoToNotification) -> Speak:
    return Speak(type(notification).__name__)


def failed(error: ErrorNotification, number: int = 0) -> None: ...


def test_the_state_comes_back_as_keyword_arguments() -> None:
    app, phone = ivr()
    for view in (step, "step", "goto.step", functools.wraps(step)(lambda go: None)):
        assert said(post(app, url_to(app, phone, view))) == "step 0"
        assert said(post(app, url_to(app, phone, view, number=5))) == "step 5"
    url = url_to(app, phone, strict, number=1, text="&=?/<>")
    assert said(post(app, url)) == "strict 1 &=?/<>"
    assert said(post(app, url_to(app, phone, anything, a=1, b=2))) == "['a', 'b']"
    assert post(app, url_to(app, phone, failed, number=1)).status_code == 200


def test_state_may_have_any_name() -> None:
    app, phone = ivr()
    url = url_to(app, phone, odd, self=1, view=2, args=3, path=4, ozml_token=5)
    assert said(post(app, url)) == "odd 1 2 3 4 5"


def test_the_qualified_name_says_which_kind() -> None:
    app, phone = ivr()
    with pytest.raises(ValueError, match="'dtmf_entered.shared' or 'goto.shared'"):
        url_to(app, phone, shared)
    for kind, name in (("goto", "GoToNotification"), ("dtmf_entered", "DtmfEntered")):
        url = url_to(app, phone, f"{kind}.shared")
        assert without_token(url) == f"{PUBLIC_URL}/phone/{kind}"
        assert said(post(app, url)) == name


@pytest.mark.parametrize(
    "view, words",
    [
        ("stepp", "did you mean 'step'"),
        (lambda go: None, "There is no view '<lambda>'"),
        (entry_only, "cannot be reached by a URL in OzML"),
        ("incoming_call.entry_only", "cannot be reached by a URL in OzML"),
    ],
)
def test_a_view_that_no_url_leads_to_is_a_value_error(view: t.Any, words: str) -> None:
    app, phone = ivr()
    with pytest.raises(ValueError, match=words):
        url_to(app, phone, view)


@pytest.mark.parametrize(
    "view, state, words",
    [
        (step, {"nmber": 1}, "unexpected keyword argument 'nmber'"),
        (step, {"number": 1, "text": ""}, "unexpected keyword argument 'text'"),
        (step, {"notification": 1}, "multiple values for argument 'notification'"),
        (strict, {}, "missing a required argument: 'number'"),
        (strict, {"text": "a"}, "missing a required argument: 'number'"),
        (strict, {"number": 1, "go": 1}, "multiple values for argument 'go'"),
        (by_position, {"number": 1}, "'goto.by_position'"),
        (by_position, {}, "missing a required"),
        (anything, {"go": 1}, "multiple values for argument 'go'"),
    ],
)
def test_state_that_the_view_cannot_take_is_refused(
    view: t.Any, state: dict[str, t.Any], words: str
) -> None:
    app, phone = ivr()
    with pytest.raises(TypeError, match=words):
        url_to(app, phone, view, **state)


def test_state_that_json_does_not_give_back_is_refused() -> None:
    app, phone = ivr()
    for value in ((1, 2), {1: 2}, {1}, b"1", object(), float("nan")):
        with pytest.raises(TypeError, match="state"):
            url_to(app, phone, anything, value=value)


def test_state_is_given_by_name() -> None:
    app, phone = ivr()
    with app.app_context():
        for view in (step, "step"):
            with pytest.raises(TypeError, match="Give state by name"):
                t.cast(t.Any, phone).to(view, 1)
        with pytest.raises(TypeError):
            t.cast(t.Any, phone).to()
        with pytest.raises(TypeError):
            t.cast(t.Any, phone).to(view=step)


def test_a_url_has_2000_characters_at_most() -> None:
    app, phone = ivr()
    lengths = []
    for size in itertools.count(1_300):
        try:
            url = url_to(app, phone, anything, text="a" * size)
        except TokenTooLong as error:
            assert "'phone.goto'" in str(error)
            assert "2000" in str(error)
            assert "aaa" not in str(error)
            break
        lengths.append(len(url))
    # Base64 has no text of each length, so a longer host fills what is left.
    app.config["OZML_PUBLIC_URL"] = PUBLIC_URL + "m" * (2_000 - lengths[-1])
    text = "a" * (size - 1)
    url = url_to(app, phone, anything, text=text)
    assert len(url) == 2_000
    assert post(app, url).status_code == 200
    app.config["OZML_PUBLIC_URL"] += "m"
    with pytest.raises(TokenTooLong, match="2001"):
        url_to(app, phone, anything, text=text)


def test_urls_with_equal_state_differ_only_by_the_time_they_were_made(
    set_clock: Callable[[float], None],
) -> None:
    set_clock(1_800_000_000.9)
    app, phone = ivr()
    one = url_to(app, phone, step, number=1)
    assert url_to(app, phone, "goto.step", number=1) == one
    assert url_to(app, phone, step, number=2) != one


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False),
        max_size=5,
    )
)
def test_state_of_any_name_and_value_comes_back(state: dict[str, t.Any]) -> None:
    seen: list[dict[str, t.Any]] = []
    phone = OzML("phone", __name__)

    @phone.goto
    def remember(go: GoToNotification, /, **state: t.Any) -> None:
        seen.append(state)

    app = make_app(phone)
    assert post(app, url_to(app, phone, remember, **state)).status_code == 200
    assert seen == [state]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_is_left_out_has_no_url(kind: str) -> None:
    phone = OzML("phone", __name__)
    getattr(phone, kind)(step)
    config: dict[str, t.Any] = {f"OZML_{kind.upper()}_URL": None}
    app = make_app(phone, **config)
    words = f"OZML_{kind.upper()}_URL is None"
    if not KINDS[kind].url_in_commands:
        words = "cannot be reached"
    with pytest.raises(ValueError, match=words):
        url_to(app, phone, step)


def test_a_blueprint_that_is_not_registered_has_no_urls() -> None:
    app, phone = make_app(), OzML("phone", __name__)
    phone.goto(step)
    for call in calls(phone):
        with (
            app.app_context(),
            pytest.raises(ValueError, match="'phone' is not reg"),
        ):
            call()
    with pytest.raises(RuntimeError, match="application context"):
        phone.to(step)


def test_two_registrations_have_urls_of_their_own() -> None:
    asked = Asked()
    app = make_app(asked.phone)
    app.register_blueprint(asked.phone, url_prefix="/second", name="second")
    for call in calls(asked.phone):
        with app.app_context(), pytest.raises(ValueError, match="phone.*second"):
            call()
    for name in ("phone", "second"):
        found = urls_of(app, name)
        assert found.keys() == KINDS.keys()
        url = said(post(app, found["incoming_call"]))
        assert without_token(url) == f"{PUBLIC_URL}/{name}/goto"
        assert said(post(app, url)) == "step 1 {}"
        other = "second" if name == "phone" else "phone"
        assert post(app, url.replace(f"/{name}/", f"/{other}/")).status_code == 403


def test_a_nested_blueprint_has_the_prefixes_of_its_parents() -> None:
    asked = Asked()
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    inner.register_blueprint(asked.phone, url_prefix="/phone")
    outer.register_blueprint(inner, url_prefix="/inner")
    app = make_app()
    app.register_blueprint(outer, url_prefix="/outer")
    found = urls_of(app, "outer.inner.phone")
    assert without_token(found["goto"]) == f"{PUBLIC_URL}/outer/inner/phone/goto"
    url = said(post(app, found["incoming_call"]))
    assert without_token(url) == f"{PUBLIC_URL}/outer/inner/phone/goto"
    assert said(post(app, url)) == "step 1 {}"


def test_an_ozml_blueprint_may_be_nested_in_another() -> None:
    outer, inner = Asked("outer"), Asked("inner")
    outer.phone.register_blueprint(inner.phone, url_prefix="/inner")
    app = make_app(outer.phone)
    for name, path in (("outer", "phone"), ("outer.inner", "phone/inner")):
        found = urls_of(app, name)
        assert without_token(found["goto"]) == f"{PUBLIC_URL}/{path}/goto"
        assert said(post(app, said(post(app, found["incoming_call"])))) == "step 1 {}"


def test_a_blueprint_may_be_in_two_apps() -> None:
    asked = Asked()
    one = make_app(asked.phone, OZML_PUBLIC_URL="http://one.example")
    two = make_app(asked.phone, prefix="/ivr", OZML_PUBLIC_URL="http://two.example")
    two.config["SECRET_KEY"] = "other"
    for app, base in (
        (one, "http://one.example/phone"),
        (two, "http://two.example/ivr"),
    ):
        url = said(post(app, urls_of(app)["incoming_call"]))
        assert without_token(url) == f"{base}/goto"
        assert said(post(app, url)) == "step 1 {}"
    url = relative(urls_of(one)["goto"])
    assert post(two, url.replace("/phone/", "/ivr/")).status_code == 403


def test_two_blueprints_may_point_at_each_other() -> None:
    sales, help_desk = OzML("sales", __name__), OzML("help", __name__)

    @sales.incoming_call
    def welcome(call: IncomingCall) -> GoTo:
        return GoTo(help_desk.to("answer", number=1))

    @help_desk.goto
    def answer(go: GoToNotification, number: int) -> Speak:
        return Speak(f"answer {number}")

    app = make_app()
    app.register_blueprint(sales, url_prefix="/sales")
    app.register_blueprint(help_desk, url_prefix="/help")
    url = said(post(app, entry(app, "https://a.example", "sales")))
    assert without_token(url) == "https://a.example/help/goto"
    assert said(post(app, url)) == "answer 1"


VALUES = ["acme", "a b", "a+b", "50%", "%41", "a%2Fb", "\xe9", "\u65e5", "a;b", "a?b"]
VALUES += ["a#b", "a:b", "a&b=c", "'\"", "...", "~", "goto", "0"]


@pytest.mark.parametrize("tenant", VALUES)
def test_a_variable_reaches_the_view_and_is_carried_over(tenant: str) -> None:
    asked = Asked()
    app = make_app(asked.phone, prefix="/<tenant>/phone")
    url = said(post(app, urls_of(app, tenant=tenant)["incoming_call"]))
    assert said(post(app, url)) == f"step 1 { ({'tenant': tenant}) }"


def test_variables_may_have_converters() -> None:
    asked = Asked()
    app = make_app(asked.phone, prefix="/<int:line>/<path:rest>")
    found = urls_of(app, line=7, rest="a/b")
    assert without_token(found["goto"]) == f"{PUBLIC_URL}/7/a/b/goto"
    url = said(post(app, found["incoming_call"]))
    values = {"line": 7, "rest": "a/b"}
    assert said(post(app, url)) == f"step 1 {values}"


def test_another_value_of_a_variable_is_403() -> None:
    asked = Asked()
    app = make_app(asked.phone, prefix="/<tenant>/phone")
    pasted = urls_of(app, tenant="acme")["incoming_call"]
    url = said(post(app, pasted))
    for signed in (pasted, url):
        assert post(app, signed).status_code == 200
        for tenant in ("other", "acm", "acme2", "ACME", "acme%20", "acme%00"):
            changed = signed.replace("/acme/", f"/{tenant}/")
            assert post(app, changed).status_code == 403
    assert token_of(pasted) != token_of(urls_of(app, tenant="b")["incoming_call"])


def test_a_variable_is_signed_apart_from_the_rest_of_the_path() -> None:
    phone = OzML("phone", __name__)
    app = make_app(phone, prefix="/<a>/<b>")
    url = urls_of(app, a="1", b="2")["goto"]
    assert post(app, url).status_code == 200
    for a, b in (("2", "1"), ("12", ""), ("1", "22"), ("1%2F2", "")):
        changed = url.replace("/1/2/", f"/{a}/{b}/")
        assert post(app, changed).status_code in (403, 404)


def test_a_missing_variable_is_a_type_error_that_names_it() -> None:
    asked = Asked()
    app = make_app(asked.phone, prefix="/<tenant>/phone")
    with pytest.raises(TypeError, match="'tenant'"):
        urls_of(app)
    with pytest.raises(TypeError, match="'tenant'"):
        urls_of(app, tennant="acme")
    with pytest.raises(TypeError, match="'tenant'"):
        url_to(app, asked.phone, "step", number=1)
    url = url_to(app, asked.phone, "step", number=1, tenant="acme")
    assert said(post(app, url)) == "step 1 {'tenant': 'acme'}"


def test_a_variable_may_be_given_inside_a_notification() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: IncomingCall, tenant: str) -> GoTo:
        return GoTo(phone.to(there, tenant=f"{tenant}2"))

    @phone.goto
    def there(go: GoToNotification, tenant: str) -> Speak:
        return Speak(tenant)

    app = make_app(phone, prefix="/<tenant>/phone")
    url = said(post(app, urls_of(app, tenant="a")["incoming_call"]))
    assert said(post(app, url)) == "a2"


def test_a_variable_may_be_kept_from_the_views() -> None:
    # As Flask's documentation does it for languages.
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: IncomingCall) -> Iterator[ExtensionCommand]:
        yield GoTo(phone.to(there, number=1))

    @phone.goto
    def there(go: GoToNotification, number: int) -> Speak:
        return Speak(f"{g.tenant} {number}")

    app = make_app(prefix="")

    @app.url_value_preprocessor
    def take(endpoint: str | None, values: dict[str, t.Any] | None) -> None:
        g.tenant = values.pop("tenant", None) if values else None

    @app.url_defaults
    def inject(endpoint: str, values: dict[str, t.Any]) -> None:
        if app.url_map.is_endpoint_expecting(endpoint, "tenant") and "tenant" in g:
            values.setdefault("tenant", g.tenant)

    app.register_blueprint(phone, url_prefix="/<tenant>/phone")
    pasted = urls_of(app, tenant="acme")["incoming_call"]
    assert without_token(pasted) == f"{PUBLIC_URL}/acme/phone/incoming_call"
    url = said(post(app, pasted))
    assert without_token(url) == f"{PUBLIC_URL}/acme/phone/goto"
    assert said(post(app, url)) == "acme 1"
    for signed in (pasted, url):
        assert post(app, signed.replace("/acme/", "/b/")).status_code == 403
    assert said(post(app, url_to(app, phone, there, number=2, tenant="b"))) == "b 2"
    with pytest.raises(TypeError, match="'tenant'"):
        url_to(app, phone, there, number=2)


def test_the_url_defaults_of_a_blueprint_reach_the_view() -> None:
    asked = Asked(url_defaults={"language": "en"})
    app = make_app(asked.phone)
    url = said(post(app, urls_of(app)["incoming_call"]))
    assert without_token(url) == f"{PUBLIC_URL}/phone/goto"
    assert said(post(app, url)) == "step 1 {'language': 'en'}"


def test_the_name_of_a_registration_must_be_right() -> None:
    phone = OzML("phone", __name__)
    app = make_app(phone)
    app.register_blueprint(phone, name="tel", url_prefix="/tel")
    app.register_blueprint(OzML("other", __name__), url_prefix="/other")
    names = r"is registered as \['phone', 'tel'\], "
    with app.app_context():
        for wrong in ("Phone", "other", ""):
            with pytest.raises(ValueError, match=f"{names}not as {wrong!r}"):
                phone.urls_as(wrong)
        with pytest.raises(ValueError, match=f"{names}so outside of its notificat"):
            phone.urls()
    with make_app().app_context(), pytest.raises(ValueError, match="not registered"):
        phone.urls_as("phone")


def test_a_subdomain_with_a_variable_is_refused() -> None:
    asked = Asked(subdomain="<tenant>")
    app = Flask(__name__, subdomain_matching=True)
    app.config.update(SECRET_KEY="key", SERVER_NAME="b.example", TESTING=True)
    with pytest.raises(ConfigurationError, match="'<tenant>'.*url_prefix"):
        app.register_blueprint(asked.phone, url_prefix="/phone")


def test_an_app_with_host_matching_is_refused() -> None:
    app = Flask(__name__, host_matching=True, static_host="a.example")
    with pytest.raises(ConfigurationError, match="host_matching. Use the url_prefix"):
        app.register_blueprint(Asked().phone)


@pytest.mark.parametrize("prefix", ["/a?b", "/a#b", "/<tenant>?"])
def test_a_prefix_that_ends_the_path_of_a_url_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="neither must the url_prefix"):
        make_app(Asked().phone, prefix=prefix)
    outer = Blueprint("outer", __name__, url_prefix=prefix)
    outer.register_blueprint(Asked().phone)
    with pytest.raises(ConfigurationError, match="neither must the url_prefix"):
        make_app().register_blueprint(outer)


def test_a_name_that_is_not_a_variable_is_state() -> None:
    phone = OzML("phone", __name__)
    phone.goto(anything)
    app = make_app(phone)
    found = urls_of(app, tenant="ignored")
    assert without_token(found["goto"]) == f"{PUBLIC_URL}/phone/goto"
    url = url_to(app, phone, anything, tenant="acme")
    assert without_token(url) == f"{PUBLIC_URL}/phone/goto"
    assert said(post(app, url)) == "['tenant']"


def test_another_app_inside_a_notification_has_its_own_urls() -> None:
    phone = OzML("phone", __name__)
    found: list[object] = []

    @phone.incoming_call
    def welcome(call: IncomingCall) -> None:
        for other in others:
            with other.app_context():
                try:
                    found.append(without_token(phone.to(step)))
                except ConfigurationError:
                    found.append(None)

    phone.goto(step)
    app = make_app(phone)
    others = [
        make_app(OZML_PUBLIC_URL="http://a.example"),
        make_app(OZML_PUBLIC_URL=None, SERVER_NAME="b.example"),
        make_app(OZML_PUBLIC_URL=None),
    ]
    for other in others:
        other.register_blueprint(phone, name="tel", url_prefix="/tel")
    assert post(app, urls_of(app)["incoming_call"]).status_code == 200
    assert found == ["http://a.example/tel/goto", "http://b.example/tel/goto", None]


def test_an_environ_that_is_dispatched_again_is_another_request() -> None:
    phone = OzML("phone", __name__)
    shown: list[bytes] = []

    @phone.incoming_call
    def welcome(call: IncomingCall) -> None:
        page = {
            "PATH_INFO": "/to",
            "REQUEST_METHOD": "GET",
            "HTTP_HOST": "evil.example",
        }
        shown.extend(run_wsgi_app(app, {**request.environ, **page})[0])

    phone.goto(step)
    app = make_app(phone, OZML_PUBLIC_URL=None, SERVER_NAME="b.example")
    app.add_url_rule("/to", "to", lambda: phone.to(step))
    assert post(app, urls_of(app)["incoming_call"]).status_code == 200
    assert without_token(b"".join(shown).decode()) == "http://b.example/phone/goto"


def test_url_defaults_hooks_see_the_values_that_are_given() -> None:
    # As in Flask's documentation: g is not read if the language is given.
    asked = Asked()
    app = make_app(asked.phone, prefix="/<language>/phone")

    @app.url_defaults
    def add(endpoint: str, values: dict[str, t.Any]) -> None:
        if "language" not in values:
            values["language"] = g.language

    found = urls_of(app, language="hu")["goto"]
    assert without_token(found) == f"{PUBLIC_URL}/hu/phone/goto"
    made = url_to(app, asked.phone, "step", number=1, language="hu")
    assert said(post(app, made)) == "step 1 {'language': 'hu'}"


def test_a_blueprint_may_be_on_a_subdomain() -> None:
    asked = Asked(subdomain="tel")
    app = Flask(__name__, subdomain_matching=True)
    app.config.update(SECRET_KEY="key", SERVER_NAME="b.example", TESTING=True)
    app.register_blueprint(asked.phone, url_prefix="/phone")
    url = url_to(app, asked.phone, "step", number=1)
    assert without_token(url) == "http://tel.b.example/phone/goto"
    assert said(post(app, url)) == "step 1 {}"


def test_a_value_given_at_registration_cannot_be_given_otherwise() -> None:
    asked = Asked()
    app = make_app()
    app.register_blueprint(asked.phone, url_defaults={"language": "en"})
    made = url_to(app, asked.phone, "step", number=1, language="en")
    assert said(post(app, made)) == "step 1 {'language': 'en'}"
    with pytest.raises(ValueError, match="registered with 'language' as 'en'"):
        url_to(app, asked.phone, "step", number=1, language="hu")


class Even(BaseConverter):
    def to_url(self, value: t.Any) -> str:
        if value % 2:
            raise ValidationError
        return str(value)


def test_a_value_that_a_converter_refuses_is_a_value_error() -> None:
    asked = Asked()
    app = make_app()
    app.url_map.converters["even"] = Even
    app.register_blueprint(asked.phone, url_prefix="/<even:tenant>")
    found = urls_of(app, tenant=2)["goto"]
    assert without_token(found) == f"{PUBLIC_URL}/2/goto"
    with pytest.raises(ValueError, match=r"\['tenant'\]\. Check the converters"):
        urls_of(app, tenant=1)


@pytest.mark.parametrize(
    ("prefix", "values"),
    [
        ("/<tenant>", ["a/b", "/", "", "\ud800", None, ".", ".."]),
        ("/<path:tenant>", ["/a", "", "a/..", "./a"]),
        ("/<int:tenant>", ["x", "007", -1, 1.5, None]),
        ("/<any(a, b):tenant>", ["c"]),
        ("/<uuid:tenant>", ["a"]),
        ("/<string(length=2):tenant>", ["abc"]),
    ],
)
def test_a_value_to_which_no_url_leads_back_is_a_value_error(
    prefix: str, values: list[object]
) -> None:
    asked = Asked()
    app = make_app(asked.phone, prefix=prefix)
    words = r"^The URL of 'phone\.[a-z_]+' cannot hold these values of \['tenant'\]\."
    for value in values:
        with pytest.raises(ValueError, match=words):
            urls_of(app, tenant=value)
        with pytest.raises(ValueError, match=words):
            url_to(app, asked.phone, "step", number=1, tenant=value)


def test_a_pasted_url_has_2000_characters_at_most() -> None:
    app = make_app(Asked().phone, prefix="/<tenant>")
    longest = max(len(url) for url in urls_of(app, tenant="a").values())
    tenant = "a" * (2_001 - longest)
    assert max(len(url) for url in urls_of(app, tenant=tenant).values()) == 2_000
    with pytest.raises(TokenTooLong, match="2001") as caught:
        urls_of(app, tenant=f"{tenant}a")
    assert "aaa" not in str(caught.value)


#: Changes of the part of a path that a variable is in.
SPELLINGS: t.Final = [
    *("{}/", "{}//", "/{}", "//{}", "./{}", "{}/.", "../{}", "{}/..", "{}%2f"),
    *("{}%2F/", "%2f{}", "{}%20", "+{}", "{}%00", "0{}", "+{}", "{}.0", "{};a"),
    *("{}%ff", "{}\xe9", "{}%", "{}?", "{}#", "{}x", "{}/x", "x/{}", "{}/{}", ""),
]


@pytest.mark.parametrize("rule", ["/", "/goto", "/goto/"])
@pytest.mark.parametrize(
    ("prefix", "tenant"),
    [
        ("/t/<tenant>", "a"),
        ("/t/<string:tenant>", "A"),
        ("/t/<path:tenant>", "a"),
        ("/t/<path:tenant>", "a/b"),
        ("/t/<path:tenant>", "a//b"),
        ("/t/<int:tenant>", 7),
        ("/t/<float:tenant>", 1.0),
        ("/t/<any(a, ax, b):tenant>", "a"),
    ],
)
def test_no_other_spelling_of_a_path_opens_another_tenant(
    prefix: str, tenant: object, rule: str
) -> None:
    seen: list[object] = []
    phone = OzML("phone", __name__)

    @phone.goto
    def menu(go: GoToNotification, tenant: object) -> None:
        seen.append(tenant)

    app = make_app(phone, prefix=prefix, OZML_GOTO_URL=rule)
    for signed in (
        urls_of(app, tenant=tenant)["goto"],
        url_to(app, phone, menu, tenant=tenant),
    ):
        path, _, query = signed.removeprefix(PUBLIC_URL).partition("?")
        for spelling in ("{}", "{}".upper(), *SPELLINGS):
            part = spelling.replace("{}", str(tenant))
            changed = path.replace(f"/t/{tenant}", f"/t/{part}", 1).replace("?", "%3F")
            for other in (changed, f"{changed}/", f"/{changed}", changed.rstrip("/")):
                body = b"NotificationName=GoTo"
                response = apps.post(app, f"{other}?{query}", body)
                assert response.status_code in (200, 403, 404)
                assert (response.status_code == 200) == bool(seen)
                assert seen in ([], [tenant]), other
                seen.clear()
        assert apps.post(app, signed, b"NotificationName=GoTo").status_code == 200
        assert seen.pop() == tenant


def test_an_expired_url_at_another_path_is_403() -> None:
    asked = Asked()
    app = make_app(asked.phone, prefix="/<tenant>")
    url = url_to(app, asked.phone, "step", number=1, tenant="a")
    app.config["OZML_TOKEN_MAX_AGE"] = 1e-9
    assert post(app, url).status_code == 200
    assert post(app, url.replace("/a/", "/b/")).status_code == 403


@pytest.mark.parametrize("name", ["Xphone", "phone2", "my-phone"])
def test_a_blueprint_may_have_any_name(name: str) -> None:
    app = make_app(Asked(name).phone)
    url = said(post(app, urls_of(app, name)["incoming_call"]))
    assert said(post(app, url)) == "step 1 {}"


def test_the_options_of_a_flask_blueprint_are_taken() -> None:
    asked = Asked(url_prefix="/from-here")
    app = make_app()
    app.register_blueprint(asked.phone)
    url = said(post(app, urls_of(app)["incoming_call"]))
    assert without_token(url) == f"{PUBLIC_URL}/from-here/goto"
    assert said(post(app, url)) == "step 1 {}"


def test_a_slash_after_a_url_is_not_a_redirect() -> None:
    asked = Asked()
    app = make_app(asked.phone)
    url = said(post(app, with_slash(urls_of(app)["incoming_call"])))
    assert said(post(app, with_slash(url))) == "step 1 {}"


def test_state_that_does_not_fit_names_the_arguments_that_would() -> None:
    asked = Asked()
    asked.phone.goto(strict)
    app = make_app(asked.phone, prefix="/<tenant>")
    with pytest.raises(TypeError) as caught:
        url_to(app, asked.phone, "strict", tenant="a", numbr=1)
    assert str(caught.value) == (
        "The view 'goto.strict' cannot take the state ['numbr']: missing a required"
        " argument: 'number'; it takes ['number', 'text']."
    )
