import functools
import itertools
import types
import typing as t
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

from flask_ozml import ConfigurationError
from flask_ozml import OzML
from flask_ozml import TokenTooLong
from flask_ozml.blueprint.ozml import MAX_URL_LENGTH
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import GoTo
from flask_ozml.commands import Speak
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import ErrorNotification
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import KINDS

PUBLIC = "http://yourapp.com"


def make_app(*phones: OzML, prefix: str = "/phone", **config: object) -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY="key", TESTING=True, **config)
    for phone in phones:
        app.register_blueprint(phone, url_prefix=prefix)
    return app


def post(app: Flask, url: str, **environ: str) -> TestResponse:
    """Post what the kind of a URL expects."""
    kind = next(kind for kind in KINDS if f"/{kind}" in url)
    body = f"NotificationName={KINDS[kind].notification_name}&DtmfDigits=1"
    return app.test_client().post(
        url,
        data=body,
        content_type="application/x-www-form-urlencoded",
        environ_overrides=environ,
    )


def said(response: TestResponse) -> str:
    """The text of the first command of an answer."""
    assert response.status_code == 200, response.text
    return ElementTree.fromstring(response.data)[0].text or ""


def urls(app: Flask, phone: OzML, **values: object) -> dict[str, str]:
    with app.app_context():
        return phone.urls(**values)


def to(app: Flask, phone: OzML, view: t.Any, **state: t.Any) -> str:
    with app.app_context():
        return phone.to(view, **state)


class Asked:
    """A blueprint whose first view says where a second one is."""

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


def name_of(path: str) -> str:
    return path.rpartition("/")[0]


def test_urls_are_those_to_paste() -> None:
    asked = Asked()
    app = make_app(asked.phone, OZML_PUBLIC_URL=PUBLIC)
    found = urls(app, asked.phone)
    assert list(found) == list(KINDS)
    for kind, url in found.items():
        assert name_of(url) == f"http://yourapp.com/phone/{kind}"
        assert len(url.rpartition("/")[2]) == 43
        assert post(app, url).status_code in (200, 400)
    assert urls(app, asked.phone) == found
    assert len({url.rpartition("/")[2] for url in found.values()}) == len(KINDS)


def test_urls_without_tokens() -> None:
    asked = Asked()
    app = make_app(
        asked.phone,
        OZML_PUBLIC_URL=PUBLIC,
        OZML_REQUIRE_TOKEN=False,
        OZML_ALLOWED_NETWORKS=["127.0.0.1"],
    )
    found = urls(app, asked.phone)
    assert found == {kind: f"http://yourapp.com/phone/{kind}" for kind in KINDS}
    url = said(post(app, found["incoming_call"]))
    assert said(post(app, url)) == "step 1 {}"
    assert post(app, f"{url}x").status_code == 403
    assert post(app, f"{found['goto']}/x").status_code == 403


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
    ],
)
def test_the_base_outside_of_a_request(config: dict[str, str], base: str) -> None:
    asked = Asked()
    app = make_app(asked.phone, **config)
    url = urls(app, asked.phone)["goto"]
    assert name_of(url) == f"{base}/phone/goto"
    assert name_of(to(app, asked.phone, "step", number=1)) == f"{base}/phone/goto"


def test_the_base_of_url_for_is_ours() -> None:
    asked = Asked()
    app = make_app(
        asked.phone,
        SERVER_NAME="b.example",
        PREFERRED_URL_SCHEME="https",
        APPLICATION_ROOT="/ivr",
    )
    with app.app_context():
        assert name_of(asked.phone.urls()["goto"]) == url_for("phone.goto")


def test_without_a_base_the_key_to_set_is_named() -> None:
    asked = Asked()
    app = make_app(asked.phone)
    for call in (urls, functools.partial(to, view="step", number=1)):
        with pytest.raises(ConfigurationError, match="OZML_PUBLIC_URL"):
            call(app, asked.phone)


def page_of(asked: Asked, **config: t.Any) -> Flask:
    """An app with a page that shows what a blueprint gives out."""
    app = make_app(asked.phone, **config)
    app.add_url_rule("/to", "to", lambda: asked.phone.to("step", number=1))
    app.add_url_rule("/urls", "urls", lambda: asked.phone.urls()["goto"])
    return app


@pytest.mark.parametrize("path", ["/to", "/urls"])
def test_the_host_header_of_a_page_is_never_used(path: str) -> None:
    app = page_of(Asked())
    with pytest.raises(ConfigurationError, match="OZML_PUBLIC_URL"):
        app.test_client().get(path, headers={"Host": "evil.example"})
    for key, value in (("SERVER_NAME", "b.example"), ("OZML_PUBLIC_URL", PUBLIC)):
        app = page_of(Asked())
        app.config[key] = value
        headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        shown = app.test_client().get(path, headers=headers).text
        assert urlsplit(shown).netloc in ("b.example", "yourapp.com")


@pytest.mark.parametrize("path", ["/to", "/urls"])
def test_nor_is_it_after_a_notification_in_the_same_context(path: str) -> None:
    # As in a test, or a command, that pushes a context and then makes requests.
    asked = Asked()
    app = page_of(asked, SERVER_NAME="b.example")
    with app.app_context():
        inside = asked.phone.urls()
        assert post(app, inside["incoming_call"]).status_code == 200
        shown = app.test_client().get(path, headers={"Host": "evil.example"}).text
        assert urlsplit(shown).netloc == "b.example"
        assert asked.phone.urls() == inside


def test_nor_is_it_where_a_notification_is_refused() -> None:
    asked = Asked()
    app = make_app(asked.phone)
    seen: list[object] = []

    @app.after_request
    def remember(response: t.Any) -> t.Any:
        try:
            seen.append(asked.phone.urls())
        except ConfigurationError:
            seen.append(None)
        return response

    assert post(app, "http://evil.example/phone/goto/forged").status_code == 403
    assert seen == [None]


def entry_path(app: Flask, phone: OzML, **values: object) -> str:
    """The path of the URL to paste, of an app that may know no base."""
    before = app.config.get("OZML_PUBLIC_URL")
    app.config["OZML_PUBLIC_URL"] = PUBLIC
    path = urlsplit(urls(app, phone, **values)["incoming_call"]).path
    app.config["OZML_PUBLIC_URL"] = before
    return path


@pytest.mark.parametrize("server_name", [None, "b.example"])
def test_inside_a_notification_the_base_is_its_own(server_name: str | None) -> None:
    asked = Asked()
    app = make_app(asked.phone, SERVER_NAME=server_name)
    path = entry_path(app, asked.phone)
    for base in ("http://10.0.0.5:5000", "https://a.example", "http://localhost"):
        url = said(post(app, f"{base}{path}"))
        assert name_of(url) == f"{base}/phone/goto"
        assert said(post(app, url)) == "step 1 {}"


def test_inside_a_notification_the_public_url_goes_first() -> None:
    asked = Asked()
    app = make_app(asked.phone, OZML_PUBLIC_URL="https://a.example/ivr")
    url = said(post(app, f"http://localhost{entry_path(app, asked.phone)}"))
    assert name_of(url) == "https://a.example/ivr/phone/goto"


def test_below_a_script_name() -> None:
    asked = Asked()
    app = make_app(asked.phone)
    path = entry_path(app, asked.phone)
    root = Flask("root")
    mounted = DispatcherMiddleware(root.wsgi_app, {"/site/a": app})
    root.wsgi_app = mounted  # type: ignore[method-assign]  # as Flask's manual says
    url = said(post(root, f"http://a.example/site/a{path}"))
    assert name_of(url) == "http://a.example/site/a/phone/goto"
    assert said(post(root, url)) == "step 1 {}"


def test_behind_a_proxy() -> None:
    asked = Asked()
    app = make_app(asked.phone)
    path = entry_path(app, asked.phone)
    forwarded = {
        "HTTP_X_FORWARDED_FOR": "192.168.1.5",
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_HOST": "a.example",
        "HTTP_X_FORWARDED_PREFIX": "/ivr",
    }
    url = said(post(app, f"http://127.0.0.1:8000{path}", **forwarded))
    assert name_of(url) == "http://127.0.0.1:8000/phone/goto"
    fixed = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)
    app.wsgi_app = fixed  # type: ignore[method-assign]  # as Flask's manual says
    url = said(post(app, f"http://127.0.0.1:8000{path}", **forwarded))
    assert name_of(url) == "https://a.example/ivr/phone/goto"
    path = urlsplit(url).path.removeprefix("/ivr")
    assert said(post(app, f"http://127.0.0.1:8000{path}", **forwarded)) == "step 1 {}"


def ivr() -> tuple[Flask, OzML]:
    """An app with views in all the forms that `to` takes."""
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
    return make_app(phone, OZML_PUBLIC_URL=PUBLIC), phone


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
        assert said(post(app, to(app, phone, view))) == "step 0"
        assert said(post(app, to(app, phone, view, number=5))) == "step 5"
    url = to(app, phone, strict, number=1, text="&=?/<>")
    assert said(post(app, url)) == "strict 1 &=?/<>"
    assert said(post(app, to(app, phone, anything, a=1, b=2))) == "['a', 'b']"
    assert post(app, to(app, phone, failed, number=1)).status_code == 200


def test_state_may_have_any_name() -> None:
    app, phone = ivr()
    with app.app_context():
        url = phone.to(odd, self=1, view=2, args=3, path=4, ozml_token=5)
    assert said(post(app, url)) == "odd 1 2 3 4 5"


def test_the_qualified_name_says_which_kind() -> None:
    app, phone = ivr()
    with pytest.raises(ValueError, match="'dtmf_entered.shared' or 'goto.shared'"):
        to(app, phone, shared)
    for kind, name in (("goto", "GoToNotification"), ("dtmf_entered", "DtmfEntered")):
        url = to(app, phone, f"{kind}.shared")
        assert f"/phone/{kind}/" in url
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
def test_what_to_does_not_find(view: t.Any, words: str) -> None:
    app, phone = ivr()
    with pytest.raises(ValueError, match=words):
        to(app, phone, view)


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
def test_state_that_the_view_cannot_take(
    view: t.Any, state: dict[str, t.Any], words: str
) -> None:
    app, phone = ivr()
    with pytest.raises(TypeError, match=words):
        to(app, phone, view, **state)


def test_state_that_json_does_not_give_back() -> None:
    app, phone = ivr()
    for value in ((1, 2), {1: 2}, {1}, b"1", object(), float("nan")):
        with pytest.raises(TypeError, match="^State must be what JSON"):
            to(app, phone, anything, value=value)


def test_state_by_position() -> None:
    app, phone = ivr()
    with app.app_context():
        for view in (step, "step"):
            with pytest.raises(TypeError, match="State is given by name"):
                t.cast(t.Any, phone).to(view, 1)
        with pytest.raises(TypeError):
            t.cast(t.Any, phone).to()
        with pytest.raises(TypeError):
            t.cast(t.Any, phone).to(view=step)


def test_t14_a_url_has_2000_characters_at_most() -> None:
    assert MAX_URL_LENGTH == 2_000
    app, phone = ivr()
    lengths = []
    for size in itertools.count(1_300):
        try:
            url = to(app, phone, anything, text="a" * size)
        except TokenTooLong as error:
            assert "'goto.anything'" in str(error)
            assert "2000" in str(error)
            assert "aaa" not in str(error)
            break
        lengths.append(len(url))
    # Base64 has no text of each length, so a longer host fills what is left.
    app.config["OZML_PUBLIC_URL"] = PUBLIC + "m" * (2_000 - lengths[-1])
    text = "a" * (size - 1)
    assert len(to(app, phone, anything, text=text)) == 2_000
    app.config["OZML_PUBLIC_URL"] += "m"
    with pytest.raises(TokenTooLong, match="2001"):
        to(app, phone, anything, text=text)


def test_urls_of_equal_state_differ_in_their_time_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = types.SimpleNamespace(time=lambda: 1_800_000_000.9)
    monkeypatch.setattr("flask_ozml.blueprint.tokens.time", clock)
    app, phone = ivr()
    one = to(app, phone, step, number=1)
    assert to(app, phone, "goto.step", number=1) == one
    assert to(app, phone, step, number=2) != one


@settings(max_examples=40)
@given(
    st.dictionaries(
        # The others are arguments of the function to of this module.
        st.text(st.characters(exclude_categories=["Cs"])).filter(
            lambda name: name not in ("app", "phone", "view")
        ),
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

    app = make_app(phone, OZML_PUBLIC_URL=PUBLIC)
    assert post(app, to(app, phone, remember, **state)).status_code == 200
    assert seen == [state]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_is_left_out_has_no_url(kind: str) -> None:
    phone = OzML("phone", __name__)
    getattr(phone, kind)(step)
    config: dict[str, t.Any] = {f"OZML_{kind.upper()}_URL": None}
    app = make_app(phone, OZML_PUBLIC_URL=PUBLIC, **config)
    words = f"OZML_{kind.upper()}_URL is None"
    if not KINDS[kind].url_in_commands:
        words = "cannot be reached"
    with pytest.raises(ValueError, match=words):
        to(app, phone, step)


def test_a_blueprint_that_is_not_registered() -> None:
    app, phone = make_app(), OzML("phone", __name__)
    phone.goto(step)
    for call in (urls, functools.partial(to, view=step)):
        with pytest.raises(ValueError, match="'phone' is not registered in this app"):
            call(app, phone)
    with pytest.raises(RuntimeError, match="application context"):
        phone.to(step)


def test_registered_under_two_names() -> None:
    asked = Asked()
    app = make_app(asked.phone, OZML_PUBLIC_URL=PUBLIC)
    app.register_blueprint(asked.phone, url_prefix="/second", name="second")
    for call in (urls, functools.partial(to, view="step", number=1)):
        with pytest.raises(ValueError, match="phone.*second"):
            call(app, asked.phone)
    with app.app_context():
        pasted = {name: asked.phone.urls_as(name) for name in ("phone", "second")}
    for name, found in pasted.items():
        assert found.keys() == KINDS.keys()
        url = said(post(app, found["incoming_call"]))
        assert name_of(url) == f"http://yourapp.com/{name}/goto"
        assert said(post(app, url)) == "step 1 {}"
        other = "second" if name == "phone" else "phone"
        assert post(app, url.replace(f"/{name}/", f"/{other}/")).status_code == 403


def test_nested() -> None:
    asked = Asked()
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    inner.register_blueprint(asked.phone, url_prefix="/phone")
    outer.register_blueprint(inner, url_prefix="/inner")
    app = make_app(OZML_PUBLIC_URL=PUBLIC)
    app.register_blueprint(outer, url_prefix="/outer")
    found = urls(app, asked.phone)
    assert name_of(found["goto"]) == "http://yourapp.com/outer/inner/phone/goto"
    url = said(post(app, found["incoming_call"]))
    assert name_of(url) == "http://yourapp.com/outer/inner/phone/goto"
    assert said(post(app, url)) == "step 1 {}"
    assert "outer.inner.phone.goto" in app.view_functions


def test_nested_in_another_of_its_kind() -> None:
    outer, inner = Asked("outer"), Asked("inner")
    outer.phone.register_blueprint(inner.phone, url_prefix="/inner")
    app = make_app(outer.phone, OZML_PUBLIC_URL=PUBLIC)
    for asked, path in ((outer, "phone"), (inner, "phone/inner")):
        found = urls(app, asked.phone)
        assert name_of(found["goto"]) == f"http://yourapp.com/{path}/goto"
        assert said(post(app, said(post(app, found["incoming_call"])))) == "step 1 {}"


def test_in_two_apps() -> None:
    asked = Asked()
    one = make_app(asked.phone, OZML_PUBLIC_URL="http://one.example")
    two = make_app(asked.phone, prefix="/ivr", OZML_PUBLIC_URL="http://two.example")
    two.config["SECRET_KEY"] = "other"
    for app, base in (
        (one, "http://one.example/phone"),
        (two, "http://two.example/ivr"),
    ):
        url = said(post(app, urls(app, asked.phone)["incoming_call"]))
        assert name_of(url) == f"{base}/goto"
        assert said(post(app, url)) == "step 1 {}"
    path = urlsplit(urls(one, asked.phone)["goto"]).path
    assert post(two, path.replace("/phone/", "/ivr/")).status_code == 403


def test_two_blueprints_point_at_each_other() -> None:
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
    url = said(post(app, f"https://a.example{entry_path(app, sales)}"))
    assert name_of(url) == "https://a.example/help/goto"
    assert said(post(app, url)) == "answer 1"


VALUES = ["acme", "a b", "a+b", "50%", "%41", "a%2Fb", "\xe9", "\u65e5", "a;b", "a?b"]
VALUES += ["a#b", "a:b", "a&b=c", "'\"", "..", "~", "goto", "0"]


@pytest.mark.parametrize("tenant", VALUES)
def test_a_variable_reaches_the_view_and_is_carried_over(tenant: str) -> None:
    asked = Asked()
    app = make_app(asked.phone, prefix="/<tenant>/phone", OZML_PUBLIC_URL=PUBLIC)
    url = said(post(app, urls(app, asked.phone, tenant=tenant)["incoming_call"]))
    assert said(post(app, url)) == f"step 1 { ({'tenant': tenant}) }"


def test_variables_have_converters() -> None:
    asked = Asked()
    app = make_app(
        asked.phone, prefix="/<int:line>/<path:rest>", OZML_PUBLIC_URL=PUBLIC
    )
    found = urls(app, asked.phone, line=7, rest="a/b")
    assert name_of(found["goto"]) == "http://yourapp.com/7/a/b/goto"
    url = said(post(app, found["incoming_call"]))
    values = {"line": 7, "rest": "a/b"}
    assert said(post(app, url)) == f"step 1 {values}"


def test_another_value_of_the_variable_is_forbidden() -> None:
    asked = Asked()
    app = make_app(asked.phone, prefix="/<tenant>/phone", OZML_PUBLIC_URL=PUBLIC)
    entry = urls(app, asked.phone, tenant="acme")["incoming_call"]
    url = said(post(app, entry))
    assert "/acme/" in entry
    for signed in (entry, url):
        assert post(app, signed).status_code == 200
        for tenant in ("other", "acm", "acme2", "ACME", "acme%20", "acme%00"):
            changed = signed.replace("/acme/", f"/{tenant}/")
            assert post(app, changed).status_code == 403
    assert entry.rpartition("/")[2] not in urls(app, asked.phone, tenant="b").values()


def test_a_variable_does_not_mix_with_the_rest_of_the_path() -> None:
    phone = OzML("phone", __name__)
    app = make_app(phone, prefix="/<a>/<b>", OZML_PUBLIC_URL=PUBLIC)
    url = urls(app, phone, a="1", b="2")["goto"]
    assert post(app, url).status_code == 200
    for a, b in (("2", "1"), ("12", ""), ("1", "22"), ("1%2F2", "")):
        changed = url.replace("/1/2/", f"/{a}/{b}/")
        assert post(app, changed).status_code in (403, 404)


def test_a_variable_that_is_missing() -> None:
    asked = Asked()
    app = make_app(asked.phone, prefix="/<tenant>/phone", OZML_PUBLIC_URL=PUBLIC)
    with pytest.raises(TypeError, match="'tenant'"):
        urls(app, asked.phone)
    with pytest.raises(TypeError, match="'tenant'"):
        urls(app, asked.phone, tennant="acme")
    with pytest.raises(TypeError, match="'tenant'"):
        to(app, asked.phone, "step", number=1)
    url = to(app, asked.phone, "step", number=1, tenant="acme")
    assert said(post(app, url)) == "step 1 {'tenant': 'acme'}"


def test_a_variable_can_be_given_inside_a_notification() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: IncomingCall, tenant: str) -> GoTo:
        return GoTo(phone.to(there, tenant=f"{tenant}2"))

    @phone.goto
    def there(go: GoToNotification, tenant: str) -> Speak:
        return Speak(tenant)

    app = make_app(phone, prefix="/<tenant>/phone", OZML_PUBLIC_URL=PUBLIC)
    url = said(post(app, urls(app, phone, tenant="a")["incoming_call"]))
    assert said(post(app, url)) == "a2"


def test_the_variable_can_be_taken_out_of_the_views() -> None:
    # As Flask's manual does it for languages.
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: IncomingCall) -> Iterator[ExtensionCommand]:
        yield GoTo(phone.to(there, number=1))

    @phone.goto
    def there(go: GoToNotification, number: int) -> Speak:
        return Speak(f"{g.tenant} {number}")

    app = make_app(prefix="", OZML_PUBLIC_URL=PUBLIC)

    @app.url_value_preprocessor
    def take(endpoint: str | None, values: dict[str, t.Any] | None) -> None:
        g.tenant = values.pop("tenant", None) if values else None

    @app.url_defaults
    def inject(endpoint: str, values: dict[str, t.Any]) -> None:
        if app.url_map.is_endpoint_expecting(endpoint, "tenant") and "tenant" in g:
            values.setdefault("tenant", g.tenant)

    app.register_blueprint(phone, url_prefix="/<tenant>/phone")
    entry = urls(app, phone, tenant="acme")["incoming_call"]
    assert name_of(entry) == "http://yourapp.com/acme/phone/incoming_call"
    url = said(post(app, entry))
    assert name_of(url) == "http://yourapp.com/acme/phone/goto"
    assert said(post(app, url)) == "acme 1"
    for signed in (entry, url):
        assert post(app, signed.replace("/acme/", "/b/")).status_code == 403
    assert said(post(app, to(app, phone, there, number=2, tenant="b"))) == "b 2"
    with pytest.raises(TypeError, match="'tenant'"):
        to(app, phone, there, number=2)


def test_values_that_the_blueprint_has_by_default() -> None:
    asked = Asked(url_defaults={"language": "en"})
    app = make_app(asked.phone, OZML_PUBLIC_URL=PUBLIC)
    url = said(post(app, urls(app, asked.phone)["incoming_call"]))
    assert name_of(url) == "http://yourapp.com/phone/goto"
    assert said(post(app, url)) == "step 1 {'language': 'en'}"


def test_a_variable_of_the_host_is_refused() -> None:
    asked = Asked(subdomain="<tenant>")
    app = Flask(__name__, subdomain_matching=True)
    app.config.update(SECRET_KEY="key", SERVER_NAME="b.example", TESTING=True)
    with pytest.raises(ConfigurationError, match="'<tenant>'.*url_prefix"):
        app.register_blueprint(asked.phone, url_prefix="/phone")


def test_what_is_no_variable_is_state() -> None:
    phone = OzML("phone", __name__)
    phone.goto(anything)
    app = make_app(phone, OZML_PUBLIC_URL=PUBLIC)
    found = urls(app, phone, tenant="ignored")
    assert name_of(found["goto"]) == "http://yourapp.com/phone/goto"
    url = to(app, phone, anything, tenant="acme")
    assert name_of(url) == "http://yourapp.com/phone/goto"
    assert said(post(app, url)) == "['tenant']"


def test_another_app_inside_a_notification_has_its_own_urls() -> None:
    phone = OzML("phone", __name__)
    found: list[object] = []

    @phone.incoming_call
    def welcome(call: IncomingCall) -> None:
        for other in others:
            with other.app_context():
                try:
                    found.append(name_of(phone.to(step)))
                except ConfigurationError:
                    found.append(None)

    phone.goto(step)
    app = make_app(phone, OZML_PUBLIC_URL=PUBLIC)
    others = [
        make_app(OZML_PUBLIC_URL="http://a.example"),
        make_app(SERVER_NAME="b.example"),
        make_app(),
    ]
    for other in others:
        other.register_blueprint(phone, name="tel", url_prefix="/tel")
    assert post(app, urls(app, phone)["incoming_call"]).status_code == 200
    assert found == ["http://a.example/tel/goto", "http://b.example/tel/goto", None]


def test_an_environ_that_is_dispatched_again_is_that_of_another_request() -> None:
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
    app = make_app(phone, SERVER_NAME="b.example")
    app.add_url_rule("/to", "to", lambda: phone.to(step))
    assert post(app, urls(app, phone)["incoming_call"]).status_code == 200
    assert name_of(b"".join(shown).decode()) == "http://b.example/phone/goto"


def test_hooks_for_url_defaults_see_what_is_given() -> None:
    # As Flask's manual has it: where the language is given, g is not asked.
    asked = Asked()
    app = make_app(asked.phone, prefix="/<language>/phone", OZML_PUBLIC_URL=PUBLIC)

    @app.url_defaults
    def add(endpoint: str, values: dict[str, t.Any]) -> None:
        if "language" not in values:
            values["language"] = g.language

    found = urls(app, asked.phone, language="hu")["goto"]
    assert name_of(found) == "http://yourapp.com/hu/phone/goto"
    made = to(app, asked.phone, "step", number=1, language="hu")
    assert said(post(app, made)) == "step 1 {'language': 'hu'}"


def test_below_a_subdomain() -> None:
    asked = Asked(subdomain="tel")
    app = Flask(__name__, subdomain_matching=True)
    app.config.update(SECRET_KEY="key", SERVER_NAME="b.example", TESTING=True)
    app.register_blueprint(asked.phone, url_prefix="/phone")
    url = to(app, asked.phone, "step", number=1)
    assert name_of(url) == "http://tel.b.example/phone/goto"
    assert said(post(app, url)) == "step 1 {}"


def test_what_the_registration_says_cannot_be_given_otherwise() -> None:
    asked = Asked()
    app = make_app(OZML_PUBLIC_URL=PUBLIC)
    app.register_blueprint(asked.phone, url_defaults={"language": "en"})
    made = to(app, asked.phone, "step", number=1, language="en")
    assert said(post(app, made)) == "step 1 {'language': 'en'}"
    with pytest.raises(ValueError, match="registered with 'language' as 'en'"):
        to(app, asked.phone, "step", number=1, language="hu")


class Even(BaseConverter):
    def to_url(self, value: t.Any) -> str:
        if value % 2:
            raise ValidationError
        return str(value)


def test_a_value_that_the_converter_refuses() -> None:
    asked = Asked()
    app = make_app(OZML_PUBLIC_URL=PUBLIC)
    app.url_map.converters["even"] = Even
    app.register_blueprint(asked.phone, url_prefix="/<even:tenant>")
    found = urls(app, asked.phone, tenant=2)["goto"]
    assert name_of(found) == "http://yourapp.com/2/goto"
    with pytest.raises(ValueError, match=r"\['tenant'\]; look at the converters"):
        urls(app, asked.phone, tenant=1)


def test_an_expired_url_at_another_path_is_forbidden() -> None:
    asked = Asked()
    app = make_app(asked.phone, prefix="/<tenant>", OZML_PUBLIC_URL=PUBLIC)
    url = to(app, asked.phone, "step", number=1, tenant="a")
    app.config["OZML_TOKEN_MAX_AGE"] = 1e-9
    assert post(app, url).status_code == 200
    assert post(app, url.replace("/a/", "/b/")).status_code == 403
