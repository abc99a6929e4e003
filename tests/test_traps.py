"""One regression test for each trap that a server, a library or the vendor sets."""

import ast
import io
import pathlib
import re
import typing as t
from collections.abc import Callable
from types import SimpleNamespace
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask import request
from flask_wtf.csrf import CSRFProtect
from lxml import etree
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import create_environ
from werkzeug.wrappers import Response

import flask_ozml
from flask_ozml import OzML
from flask_ozml import TokenTooLong
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import Notification
from samples import SAMPLES

FORM: t.Final = "application/x-www-form-urlencoded"
SMS: t.Final = SAMPLES["incoming_sms"].body
DTMF: t.Final = SAMPLES["dtmf_entered"].body
PARSERS: t.Final[dict[str, Callable[[bytes], t.Any]]] = {
    "expat": ElementTree.fromstring,
    "libxml2": etree.fromstring,
}


class Site:
    """An app that takes text messages and keys."""

    def __init__(self, answer: Callable[..., object] | None = None, **config: t.Any):
        self.seen: list[t.Any] = []
        self.states: list[str] = []
        self.answer = answer
        self.phone = OzML("phone", __name__)
        t.cast(t.Any, self.phone).incoming_sms(self.take)
        t.cast(t.Any, self.phone).dtmf_entered(self.go_on)
        self.phone.fallback(self.sorry)
        self.app = Flask("site")
        self.app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL="http://localhost")
        self.app.config.update(config)
        self.app.register_blueprint(self.phone, url_prefix="/phone")

    def take(self, notification: Notification) -> object:
        self.seen.append(notification)
        return self.answer(notification) if self.answer else None

    def go_on(self, notification: Notification, state: str) -> None:
        self.states.append(state)

    def sorry(self, notification: Notification, error: Exception) -> Speak:
        return Speak(type(error).__name__)

    def path(self) -> str:
        with self.app.app_context():
            return urlsplit(self.phone.urls()["incoming_sms"]).path

    def url(self, state: str = "a") -> str:
        with self.app.app_context():
            return self.phone.to("go_on", state=state)

    def post(
        self, body: bytes = SMS, path: str | None = None, **options: t.Any
    ) -> Response:
        options = {"content_type": FORM, "data": body, **options}
        return self.app.test_client().post(path or self.path(), **options)

    def go_on_at(self, url: str) -> Response:
        return self.post(DTMF, urlsplit(url).path)


def test_t1_one_raw_byte_empties_the_form_and_no_field_of_ours() -> None:
    forms: list[int] = []
    site = Site()
    site.app.before_request(lambda: forms.append(len(request.form)))
    names = [m.end() for m in re.finditer(b"&[A-Za-z]+=", SMS)]
    for start in names:
        site.post(SMS[:start] + b"\xe1" + SMS[start:])
    assert set(forms) == {0}
    expected = SAMPLES["incoming_sms"].expected
    fields = ["sender", "recipient", "id", "api_extension", "message"]
    assert len(site.seen) == len(fields) == len(names)
    for sms, field in zip(site.seen, fields, strict=True):
        for name in fields:
            value = getattr(expected, name)
            assert getattr(sms, name) == (f"á{value}" if name == field else value)


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-2", "iso-8859-1", "unknown"])
def test_t2_escaped_latin_2_is_read_by_the_fallback_charset(charset: str) -> None:
    site = Site(OZML_FALLBACK_CHARSET="iso-8859-2")
    body = SMS.replace(b"Hi+John!", b"%E1rv%EDzt%FBr%F5")
    site.post(body, content_type=f"{FORM}; charset={charset}")
    assert site.seen[0].message == "árvíztűrő"


class Endless:
    def __init__(self) -> None:
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0
        self.count += size
        return b"a" * size


@pytest.mark.parametrize("length", [str(50 * 2**20), None])
def test_t3_50_megabytes_of_form_are_refused_and_not_read(length: str | None) -> None:
    site = Site()
    body = Endless()
    environ = create_environ(site.path(), method="POST", content_type=FORM)
    environ |= {"wsgi.input": body, "wsgi.input_terminated": True}
    environ |= (
        {"CONTENT_LENGTH": length} if length else {"HTTP_TRANSFER_ENCODING": "chunked"}
    )
    response = Response.from_app(site.app, environ, buffered=True)
    assert (response.status_code, site.seen) == (413, [])
    assert body.count <= (0 if length else 256 * 1024 + 1)


def test_t3_the_limit_is_for_our_requests_alone() -> None:
    site = Site(OZML_MAX_CONTENT_LENGTH=10)

    @site.app.post("/page")
    def page() -> str:
        return str(len(request.form["text"]))

    assert site.post(b"text=" + b"a" * 1000, "/page").get_data() == b"1000"
    assert site.post().status_code == 413


@pytest.mark.parametrize("terminated", [True, False])
def test_t4_a_body_that_was_cut_off_is_not_taken_for_a_whole_one(
    terminated: bool,
) -> None:
    site = Site()
    whole = b"NotificationName=DtmfEntered&DtmfDigits=1234567890"
    path = urlsplit(site.url()).path
    for length in range(len(whole)):
        environ = create_environ(path, method="POST", content_type=FORM)
        environ |= {"wsgi.input": io.BytesIO(whole[:length])}
        environ |= {"CONTENT_LENGTH": str(len(whole))}
        environ |= {"wsgi.input_terminated": True} if terminated else {}
        response = Response.from_app(site.app, environ, buffered=True)
        assert (response.status_code, site.states) == (400, [])


@pytest.mark.parametrize("token", ["é", "é.é", "%E9", "%FF.%FF", "日本"])
def test_t6_a_token_that_is_not_ascii_is_403(token: str) -> None:
    site = Site()
    for kind in ("incoming_sms", "dtmf_entered"):
        assert site.post(path=f"/phone/{kind}/{token}").status_code == 403


WEIRD: t.Final = "a\x00b\x0cc\x1bd\ufffee\ud800f"


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
def test_t7_what_xml_cannot_hold_becomes_a_replacement_character(
    parse: Callable[[bytes], t.Any],
) -> None:
    site = Site(lambda sms: Speak(WEIRD, language=WEIRD))
    command = parse(site.post().get_data())[0]
    assert command.text == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf"
    assert command.get("Language") == command.text


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
def test_t8_a_text_message_with_a_form_feed_can_be_sent_back(
    parse: Callable[[bytes], t.Any],
) -> None:
    def echo(sms: IncomingSMS) -> SendSms:
        return SendSms(sms.message, recipient=sms.sender)

    site = Site(echo)
    answer = site.post(SMS.replace(b"Hi+John!", b"page%0Cbreak")).get_data()
    assert site.seen[0].message == "page\x0cbreak"
    assert parse(answer)[0].text == "page\ufffdbreak"


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
def test_t9_line_breaks_and_tabs_come_back_from_text_and_attributes(
    parse: Callable[[bytes], t.Any],
) -> None:
    text = "a\rb\nc\td\r\ne"
    site = Site(lambda sms: Speak(text, language=text))
    command = parse(site.post().get_data())[0]
    assert (command.text, command.get("Language")) == (text, text)


def test_t10_no_other_last_character_makes_a_token_that_is_ours() -> None:
    site = Site()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for url in (site.path(), urlsplit(site.url()).path):
        statuses = [
            site.post(b"", url[:-1] + last).status_code
            for last in alphabet
            if last != url[-1]
        ]
        assert statuses == [403] * 63
        assert site.post(b"", url).status_code == 400


@pytest.mark.parametrize("ahead, runs", [(1, True), (59, True), (61, False)])
def test_t11_a_clock_that_is_behind_ends_no_call(
    ahead: int, runs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site()
    clock = SimpleNamespace(time=lambda: 1_800_000_000.0 + ahead)
    monkeypatch.setattr("flask_ozml.blueprint.tokens.time", clock)
    url = site.url()
    clock.time = lambda: 1_800_000_000.0
    answer = site.go_on_at(url).get_data()
    assert site.states == (["a"] if runs else [])
    assert (b"TokenExpired" in answer) is not runs


def test_t12_the_current_key_signs_and_the_fallbacks_are_accepted() -> None:
    site = Site(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old", "older"])
    accepting = {
        key: Site(SECRET_KEY=key).go_on_at(site.url()).status_code
        for key in ("new", "old", "older")
    }
    assert accepting == {"new": 200, "old": 403, "older": 403}
    for key in ("new", "old", "older"):
        assert site.go_on_at(Site(SECRET_KEY=key).url()).status_code == 200
        assert site.post(path=Site(SECRET_KEY=key).path()).status_code == 200
    assert (len(site.states), len(site.seen)) == (3, 3)


def test_t14_a_url_that_servers_would_cut_is_not_made() -> None:
    site = Site()
    lengths = set()
    for count in range(1300, 1600):
        try:
            url = site.url("a" * count)
        except TokenTooLong as error:
            assert "2000" in str(error)
        else:
            lengths.add(len(url))
            last = url
    assert 1990 < max(lengths) <= 2000
    assert site.go_on_at(last).status_code == 200
    with pytest.raises(TokenTooLong):
        site.url("a" * 1500)


def test_t15_csrf_protection_and_a_slash_lose_no_notification() -> None:
    site = Site()
    CSRFProtect(site.app)
    paths = (site.path(), urlsplit(site.url()).path)
    for path, body in zip(paths, (SMS, DTMF), strict=True):
        for slash in ("", "/"):
            assert site.post(body, f"{path}{slash}").status_code == 200
    assert (len(site.seen), len(site.states)) == (2, 2)


@pytest.mark.parametrize("address", ["192.168.1.5", "::ffff:192.168.1.5"])
@pytest.mark.parametrize("proxied", [False, True])
def test_t16_an_ipv4_address_is_the_same_in_ipv6(proxied: bool, address: str) -> None:
    site = Site(OZML_ALLOWED_NETWORKS=["192.168.1.0/24"])
    overrides = {"REMOTE_ADDR": address}
    if proxied:
        site.app.wsgi_app = ProxyFix(site.app.wsgi_app)  # type: ignore[method-assign]  # as documented
        overrides = {"REMOTE_ADDR": "::1", "HTTP_X_FORWARDED_FOR": address}
    response = site.post(environ_overrides=overrides)
    assert (response.status_code, len(site.seen)) == (200, 1)


def test_t17_a_server_can_end_its_worker() -> None:
    def slow(sms: IncomingSMS) -> t.NoReturn:
        raise SystemExit(1)

    with pytest.raises(SystemExit):
        Site(slow).post()


def test_t17_nothing_in_the_package_catches_a_base_exception() -> None:
    folder = pathlib.Path(flask_ozml.__file__).parent
    handlers = [
        (path.name, ast.unparse(node.type) if node.type else "")
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
    ]
    assert len(handlers) > 10
    for name, caught in handlers:
        assert caught, name
        assert not re.search("BaseException|SystemExit|KeyboardInterrupt", caught), name
