"""Which requests are accepted, and how the others are refused."""

import contextlib
import json
import logging
import re
import typing as t
from collections.abc import Callable

import pytest
from flask import Flask
from flask import Request
from flask import request
from flask import request_started
from flask.sessions import SecureCookieSessionInterface
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import TestResponse

from apps import assert_answered
from apps import CHUNKED
from apps import document
from apps import FORM
from apps import make_app
from apps import post
from apps import PUBLIC_URL
from apps import relative
from apps import Stream
from apps import token_of
from apps import urls_of
from apps import with_slash
from apps import with_token
from apps import without_token
from flask_ozml import OzML
from flask_ozml.commands import Command
from flask_ozml.commands import Speak
from flask_ozml.errors import ConfigurationError
from flask_ozml.notifications import KINDS
from flask_ozml.notifications import Notification
from samples import SAMPLES

BODY: t.Final = SAMPLES["incoming_call"].body
#: The path of a URL to paste without its token.
PLAIN: t.Final = "/phone/incoming_call"


class Site:
    """An app with a view for each kind, and the notifications that views were given."""

    def __init__(self, *, views: bool = True, **config: t.Any) -> None:
        self.seen: list[Notification] = []
        phone = OzML("phone", __name__)
        for kind in KINDS if views else ():
            getattr(phone, kind)(self.view)
        self.phone = phone
        self.app = make_app(phone, **config)

    def view(self, notification: Notification) -> Command | None:
        self.seen.append(notification)
        return Speak("Hi") if notification.kind == "incoming_call" else None

    @property
    def url(self) -> str:
        return urls_of(self.app)["incoming_call"]

    def post(
        self, url: str | None = None, body: bytes | Stream = BODY, **changes: t.Any
    ) -> TestResponse:
        return post(self.app, url or self.url, body, **changes)

    def assert_accepted(self, response: TestResponse) -> None:
        assert_answered(response, "<Speak>Hi</Speak>")
        assert self.seen.pop() == SAMPLES["incoming_call"].expected
        assert self.seen == []

    def assert_refused(
        self, response: TestResponse, status: int, words: str = ""
    ) -> TestResponse:
        assert (response.status_code, self.seen) == (status, [])
        if status not in (404, 405):
            assert re.fullmatch(r"[^\n]+\n", response.text)
            assert words in response.text
            assert response.content_type == "text/plain; charset=utf-8"
            secrets = ("3CiHe", "9998", "/phone")
            assert not any(secret in response.text for secret in secrets)
        return response


def assert_logged(
    caplog: pytest.LogCaptureFixture, *levels: int, words: str = ""
) -> None:
    found = [r for r in caplog.records if r.name == "flask_ozml"]
    assert [record.levelno for record in found] == list(levels)
    for record in found:
        assert "phone.incoming_call: " in record.getMessage()
        assert record.exc_info is None
    assert words in found[0].getMessage()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("kind", KINDS)
def test_anything_but_post_is_405(kind: str, method: str) -> None:
    site = Site()
    url = urls_of(site.app)[kind]
    for one in (url, without_token(url), with_token(url, "forged")):
        response = site.assert_refused(site.post(one, REQUEST_METHOD=method), 405)
        assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/phone",
        "/phone/",
        "/phone/unknown",
        "/phone/incoming_call/a/b",
        "/incoming_call",
        "/phone/Incoming_Call",
        "/phone//incoming_call",
        "/phone/incoming_call//forged",
    ],
)
def test_an_unknown_url_is_404_and_never_a_redirect(path: str) -> None:
    site = Site()
    site.assert_refused(site.post(path), 404)


def test_a_slash_after_the_url_is_not_a_redirect() -> None:
    site = Site()
    site.assert_accepted(site.post(with_slash(site.url)))
    site.assert_refused(site.post(f"{PLAIN}/"), 403)


def switched_on(mode: str | None) -> dict[str, t.Any]:
    return {mode: True} if mode else {}


FORGED: t.Final[list[str | bytes]] = [
    "",
    "forged",
    "forged.forged",
    ".",
    "..forged",
    "a.b.c.forged",
    "A" * 43,
    "A" * 43 + "." + "A" * 43,
    "\xe9",
    "\xe9.\xe9",
    b"\xffforged",
    "\0forged",
    "forged" * 1000,
]


@pytest.mark.parametrize("mode", ["TESTING", "DEBUG", "PROPAGATE_EXCEPTIONS", None])
@pytest.mark.parametrize("token", FORGED, ids=range(len(FORGED)))
def test_a_missing_or_forged_token_is_403_and_the_body_is_not_read(
    token: str | bytes, mode: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(**switched_on(mode))
    body = Stream(BODY)
    url = with_token(site.url, token) if token else PLAIN
    site.assert_refused(site.post(url, body), 403, "token")
    assert not body.touched
    assert_logged(caplog, logging.WARNING, words="403")


SITE: t.Final = Site()


@given(token=st.text(max_size=80))
@settings(max_examples=200)
def test_no_other_text_is_a_token(token: str) -> None:
    url = with_token(SITE.url, token.encode("utf-8", "replace"))
    response = SITE.post(url)
    assert response.status_code in (403, 404)
    assert SITE.seen == []


@pytest.mark.parametrize("key", [None, "", b""])
def test_without_a_key_each_notification_is_403_and_one_error_is_logged(
    key: object, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(SECRET_KEY=key)
    with pytest.raises(ConfigurationError, match="OZML_SECRET_KEY"):
        urls_of(site.app)
    body = Stream(BODY)
    given = Site().url
    for url in (PLAIN, with_token(given, "forged"), with_token(given, "forged.forged")):
        site.assert_refused(site.post(url, body), 403, "not configured")
    assert not body.touched
    assert_logged(
        caplog, logging.ERROR, *[logging.WARNING] * 3, words="OZML_SECRET_KEY"
    )


def test_configuration_that_has_become_wrong_is_403_and_one_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site()
    url = site.url
    site.app.config["OZML_TOKEN_MAX_AGE"] = -1
    for _ in range(2):
        site.assert_refused(site.post(url), 403, "not configured")
    assert_logged(
        caplog, logging.ERROR, *[logging.WARNING] * 2, words="OZML_TOKEN_MAX_AGE"
    )
    site.app.config["OZML_TOKEN_MAX_AGE"] = 1
    site.assert_accepted(site.post(url))


def test_each_mistake_in_the_configuration_is_logged_once_with_the_endpoint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site()
    url = site.url
    site.app.config["SECRET_KEY"] = None
    site.post(url)
    site.app.config.update(SECRET_KEY="key", OZML_TOKEN_MAX_AGE="x")
    for _ in range(2):
        site.post(url)
    assert_logged(caplog, *[logging.ERROR, logging.WARNING] * 2, logging.WARNING)


@pytest.mark.parametrize("prefix", ["", "OZML_"])
def test_a_rotated_key_is_accepted_with_one_warning(
    prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    config: dict[str, t.Any] = {f"{prefix}SECRET_KEY": "old"}
    site = Site(**config)
    old = site.url
    site.app.config.update(
        {f"{prefix}SECRET_KEY": "new", f"{prefix}SECRET_KEY_FALLBACKS": ["old"]}
    )
    assert site.url != old
    for _ in range(3):
        site.assert_accepted(site.post(old))
    site.assert_accepted(site.post())
    assert_logged(caplog, logging.WARNING, words="old key. Paste the one")
    site.app.config[f"{prefix}SECRET_KEY_FALLBACKS"] = []
    site.assert_refused(site.post(old), 403)


def test_each_pasted_url_with_an_old_key_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site()
    urls = urls_of(site.app)
    site.app.config.update(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["key"])
    site.post(urls["incoming_call"])
    site.post(urls["error"], b"")
    warnings = [m.partition(":")[0] for m in caplog.messages if "old key" in m]
    assert warnings == ["phone.incoming_call", "phone.error"]


NETWORKS: t.Final = [
    ("127.0.0.1", ["127.0.0.1"], True),
    ("127.0.0.1", ["127.0.0.2"], False),
    ("192.168.1.5", ["192.168.1.0/24"], True),
    ("192.168.2.5", ["192.168.1.0/24"], False),
    ("192.168.2.5", ["10.0.0.0/8", "192.168.0.0/16"], True),
    ("::ffff:192.168.1.5", ["192.168.1.0/24"], True),
    ("::ffff:192.168.1.5", ["::ffff:192.168.1.0/120"], True),
    ("192.168.2.5", ["::ffff:192.168.1.0/120"], False),
    ("::FFFF:C0A8:0105", ["192.168.1.0/24"], True),
    ("::ffff:192.168.2.5", ["192.168.1.0/24"], False),
    ("2001:db8::1", ["2001:db8::/32"], True),
    ("2001:db8::1", ["192.168.1.0/24", "2001:db8::/32"], True),
    ("2001:db9::1", ["2001:db8::/32"], False),
    ("fe80::1%eth0", ["fe80::/10"], True),
    ("::1", ["127.0.0.1"], False),
    ("127.0.0.1", ["::1"], False),
    ("127.0.0.1", [], False),
    (None, ["0.0.0.0/0", "::/0"], False),
    ("", ["0.0.0.0/0", "::/0"], False),
    ("localhost", ["0.0.0.0/0", "::/0"], False),
    ("unix:", ["0.0.0.0/0", "::/0"], False),
    ("127.0.0.1, 127.0.0.1", ["0.0.0.0/0", "::/0"], False),
    ("127.0.0.01", ["0.0.0.0/0"], False),
    ("2130706433", ["0.0.0.0/0"], False),
    ("127.0.0.1:5060", ["0.0.0.0/0"], True),
]


@pytest.mark.parametrize("mode", ["TESTING", "DEBUG", None])
@pytest.mark.parametrize("address, networks, allowed", NETWORKS)
def test_only_a_sender_in_the_allowed_networks_may_post(
    address: str | None,
    networks: list[str],
    allowed: bool,
    mode: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site(OZML_ALLOWED_NETWORKS=networks, **switched_on(mode))
    body = Stream(BODY)
    response = site.post(body=body, REMOTE_ADDR=address)
    if allowed:
        site.assert_accepted(response)
        site.assert_refused(site.post(PLAIN, REMOTE_ADDR=address), 403, "token")
    else:
        site.assert_refused(response, 403, "OZML_ALLOWED_NETWORKS")
        assert not body.touched
        assert_logged(caplog, logging.WARNING, words="403")
        assert not address or f" {address}" not in caplog.text


def test_without_tokens_the_address_alone_decides() -> None:
    site = Site(OZML_REQUIRE_TOKEN=False, OZML_ALLOWED_NETWORKS=["127.0.0.1"])
    assert site.url == f"{PUBLIC_URL}{PLAIN}"
    site.assert_accepted(site.post())
    given = Site().url
    site.assert_accepted(site.post(given))
    site.assert_refused(site.post(with_token(given, "forged")), 403, "token")
    body = Stream(BODY)
    site.assert_refused(site.post(body=body, REMOTE_ADDR="127.0.0.2"), 403)
    assert not body.touched


def test_without_tokens_nor_networks_nobody_may_post() -> None:
    with pytest.raises(ConfigurationError, match="OZML_ALLOWED_NETWORKS"):
        Site(OZML_REQUIRE_TOKEN=False)


def test_without_tokens_nor_key_a_notification_is_accepted() -> None:
    site = Site(
        SECRET_KEY=None, OZML_REQUIRE_TOKEN=False, OZML_ALLOWED_NETWORKS=["127.0.0.1"]
    )
    site.assert_accepted(site.post(PLAIN))


@pytest.mark.parametrize(
    "header", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP"]
)
@pytest.mark.parametrize("forwarded", ["127.0.0.1", "203.0.113.9", ""])
@pytest.mark.parametrize("proxies", [None, 0, 1, 2])
def test_without_tokens_a_request_through_a_proxy_is_refused(
    header: str, forwarded: str, proxies: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(OZML_REQUIRE_TOKEN=False, OZML_ALLOWED_NETWORKS=["127.0.0.1"])
    if proxies is not None:
        fix = ProxyFix(site.app.wsgi_app, x_for=proxies)
        site.app.wsgi_app = fix  # type: ignore[method-assign]  # as documented
    body = Stream(BODY)
    response = site.post(body=body, **{header: forwarded})
    site.assert_refused(response, 403)
    assert not body.touched
    assert_logged(caplog, logging.WARNING, words="403")


def test_with_proxy_fix_the_forwarded_address_decides() -> None:
    site = Site(OZML_ALLOWED_NETWORKS=["192.168.1.0/24"])
    site.app.wsgi_app = ProxyFix(site.app.wsgi_app)  # type: ignore[method-assign]  # as documented
    site.assert_accepted(site.post(HTTP_X_FORWARDED_FOR="192.168.1.5"))
    site.assert_accepted(site.post(HTTP_X_FORWARDED_FOR="8.8.8.8, 192.168.1.5"))
    site.assert_refused(site.post(HTTP_X_FORWARDED_FOR="203.0.113.9"), 403)
    site.assert_refused(site.post(HTTP_X_FORWARDED_FOR="192.168.1.5, 8.8.8.8"), 403)
    site.assert_refused(site.post(), 403)


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("10.1.2.3:51008", True),
        ("[2001:db8::1]:443", True),
        ("[2001:db8::1]", True),
        ("2001:db8::1", True),
        ("::ffff:10.1.2.3", True),
        ("[::ffff:10.1.2.3]:443", True),
        ("10.1.2.4:51008", False),
        ("[2001:db8::2]:443", False),
        ("10.1.2.3:", False),
        ("10.1.2.3:port", False),
        ("10.1.2.3:51008, 10.1.2.3", False),
        ("unix:", False),
    ],
)
def test_an_address_with_a_port_is_read_as_the_address(
    address: str, accepted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(OZML_ALLOWED_NETWORKS=["10.1.2.3", "2001:db8::1"])
    response = site.post(REMOTE_ADDR=address)
    if accepted:
        site.assert_accepted(response)
    else:
        site.assert_refused(response, 403, repr(address))
        assert repr(address) in caplog.messages[-1]


def test_with_tokens_a_proxy_in_front_needs_no_setting() -> None:
    site = Site()
    site.assert_accepted(site.post(HTTP_X_FORWARDED_FOR="203.0.113.9"))


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        FORM,
        f"{FORM}; charset=iso-8859-2",
        f"{FORM};charset=utf-8",
        f" {FORM.upper()} ; charset=UTF-8",
        "; charset=utf-8",
    ],
)
def test_a_form_of_any_charset_or_no_type_is_accepted(content_type: str | None) -> None:
    site = Site()
    site.assert_accepted(site.post(CONTENT_TYPE=content_type))


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=x",
        "application/json",
        "text/plain",
        "text/xml",
        f"{FORM}x",
        f"{FORM}, {FORM}",
        "application/octet-stream",
    ],
)
def test_another_content_type_is_415(
    content_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site()
    body = Stream(BODY)
    response = site.post(body=body, CONTENT_TYPE=content_type)
    site.assert_refused(response, 415, FORM)
    assert not body.touched
    assert_logged(caplog, logging.WARNING, words="415")


@pytest.mark.parametrize("extra, status", [(-1, 400), (0, 400), (1, 413), (10**9, 413)])
def test_a_content_length_above_the_limit_is_413_and_the_body_is_not_read(
    extra: int, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(OZML_MAX_CONTENT_LENGTH=1000)
    body = Stream(BODY)
    response = site.post(body=body, CONTENT_LENGTH=str(1000 + extra))
    site.assert_refused(response, status)
    assert body.touched is (status == 400)
    assert_logged(caplog, logging.WARNING, words=str(status))


def test_a_body_as_long_as_the_limit_is_accepted() -> None:
    site = Site(OZML_MAX_CONTENT_LENGTH=len(BODY))
    site.assert_accepted(site.post())


def test_the_default_limit_is_256_kib() -> None:
    site = Site()
    padding = b"&X=" + b"a" * (256 * 1024 - len(BODY) - 3)
    site.assert_accepted(site.post(body=BODY + padding))
    site.assert_refused(site.post(body=BODY + padding + b"a"), 413)


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_a_chunked_body_is_read_to_its_end(piece: int) -> None:
    site = Site()
    site.assert_accepted(site.post(body=Stream(BODY, piece), **CHUNKED))


def test_a_length_announced_for_a_chunked_body_is_ignored() -> None:
    site = Site()
    for length in ("", "0", "5", str(len(BODY)), str(10**9)):
        changes = {**CHUNKED, "CONTENT_LENGTH": length}
        site.assert_accepted(site.post(body=Stream(BODY, 7), **changes))


@pytest.mark.parametrize(
    "length, status", [(999, 200), (1000, 413), (1001, 413), (10**6, 413)]
)
@pytest.mark.parametrize("piece", [100, 10**7])
def test_as_many_chunked_bytes_as_the_limit_are_413(
    piece: int, length: int, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(OZML_MAX_CONTENT_LENGTH=1000, MAX_CONTENT_LENGTH=10)
    body = Stream(BODY + b"&X=" + b"a" * (length - len(BODY) - 3), piece)
    response = site.post(body=body, **CHUNKED)
    if status == 200:
        site.assert_accepted(response)
    else:
        site.assert_refused(response, 413, "1000")
        assert body.given <= 1001
        assert_logged(caplog, logging.WARNING, words="413")


@pytest.mark.parametrize(
    "changes",
    [
        {"CONTENT_LENGTH": None},
        {"CONTENT_LENGTH": ""},
        {"CONTENT_LENGTH": "0"},
        {"CONTENT_LENGTH": "-1"},
        {"CONTENT_LENGTH": "many"},
    ],
)
def test_a_body_without_a_known_end_is_400(changes: dict[str, t.Any]) -> None:
    site = Site()
    site.assert_refused(site.post(**changes), 400, "NotificationName")


def test_a_chunked_body_that_the_server_does_not_pass_on_is_blamed_on_it() -> None:
    site = Site()
    changes = {**CHUNKED, "wsgi.input_terminated": None}
    site.assert_refused(site.post(**changes), 400, "wsgi.input_terminated")


#: Whether the server ends the stream itself, as gunicorn and waitress do.
terminated = pytest.mark.parametrize(
    "changes", [{}, {"wsgi.input_terminated": True}], ids=["open", "terminated"]
)


@terminated
@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_a_body_that_comes_in_pieces_is_put_together(
    piece: int, changes: dict[str, t.Any]
) -> None:
    site = Site()
    site.assert_accepted(site.post(body=Stream(BODY, piece), **changes))


@terminated
def test_each_truncated_body_is_400(changes: dict[str, t.Any]) -> None:
    site = Site()
    changes = {**changes, "CONTENT_LENGTH": str(len(BODY))}
    for length in range(len(BODY)):
        response = site.post(body=BODY[:length], **changes)
        site.assert_refused(response, 400, "The body ")


def test_a_body_longer_than_its_content_length_is_400() -> None:
    site = Site()
    changes: dict[str, t.Any] = {"wsgi.input_terminated": True}
    changes["CONTENT_LENGTH"] = str(len(BODY))
    response = site.post(body=BODY + b"0", **changes)
    site.assert_refused(response, 400, "Content-Length")


def test_the_next_request_on_a_connection_is_left_alone() -> None:
    site = Site()
    connection = Stream(BODY + b"POST / HTTP/1.1", piece=10)
    length = str(len(BODY))
    site.assert_accepted(site.post(body=connection, CONTENT_LENGTH=length))
    assert connection.given == len(BODY)


def test_nothing_is_read_of_a_body_of_unknown_length_that_does_not_end() -> None:
    site = Site()
    connection = Stream(BODY)
    site.assert_refused(site.post(body=connection, CONTENT_LENGTH=None), 400)
    assert connection.given == 0


@pytest.mark.parametrize("changes", [{}, CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize("error", [OSError, ConnectionResetError, ValueError])
def test_a_stream_that_breaks_is_400(
    error: type[Exception],
    changes: dict[str, t.Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site(TESTING=True)
    broken = Stream(BODY, error=error("broken"))
    site.assert_refused(site.post(body=broken, **changes), 400, "to its end")
    assert_logged(caplog, logging.WARNING, words="400")


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_server_may_end_its_worker_while_a_body_is_read(
    error: type[BaseException],
) -> None:
    with pytest.raises(error):
        Site().post(body=Stream(BODY, error=error()))


@pytest.mark.parametrize(
    "body, words",
    [
        (b"", "NotificationName"),
        (b"3CiHe", "NotificationName"),
        (b"\xff\x00&%&==&;", "NotificationName"),
        (b"NotificationName=3CiHe", "unknown"),
        (SAMPLES["goto"].body, "GoTo"),
        (BODY + b"&caller=3CiHe", "'caller' twice"),
        (BODY + b"&NotificationName=IncomingCall", "'notificationname' twice"),
    ],
)
@pytest.mark.parametrize("mode", ["TESTING", "DEBUG", None])
def test_a_body_that_is_not_the_expected_notification_is_400(
    mode: str | None, body: bytes, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(**switched_on(mode))
    site.assert_refused(site.post(body=body), 400, words)
    assert_logged(caplog, logging.WARNING, words=words)


def test_a_required_field_that_is_absent_is_400_and_named() -> None:
    site = Site()
    body = b"NotificationName=DtmfEntered&CallLegID=3CiHe"
    response = site.post(urls_of(site.app)["dtmf_entered"], body)
    site.assert_refused(response, 400, "'dtmf_digits'")


@pytest.mark.parametrize("order", ["address", "token", "body"])
def test_the_address_is_checked_first_then_the_token_then_the_body(order: str) -> None:
    site = Site(OZML_ALLOWED_NETWORKS=["10.0.0.1"], OZML_MAX_CONTENT_LENGTH=1)
    address = "10.0.0.2" if order == "address" else "10.0.0.1"
    url = site.url if order == "body" else PLAIN
    expected = {
        "address": (403, "OZML_ALLOWED_NETWORKS"),
        "token": (403, "token"),
        "body": (413, "1 bytes"),
    }
    site.assert_refused(site.post(url, REMOTE_ADDR=address), *expected[order])


def test_without_any_view_a_url_needs_its_token_too() -> None:
    site = Site(views=False)
    site.assert_refused(site.post(PLAIN), 403)
    assert site.post().data == document()


def test_the_environ_shows_nothing_that_was_posted() -> None:
    site = Site()
    shown: list[str] = []

    @site.app.before_request
    def show() -> None:
        shown.append(repr(request.environ))
        shown.append(json.dumps(request.environ, default=str))

    site.assert_accepted(site.post())
    assert len(shown) == 2
    assert "3CiHe" not in "".join(shown)


def test_the_limit_of_the_site_does_not_apply_to_notifications() -> None:
    site = Site(MAX_CONTENT_LENGTH=10, MAX_FORM_MEMORY_SIZE=10)
    callers: list[str] = []
    site.app.before_request(lambda: callers.append(request.form["Caller"]))
    site.assert_accepted(site.post())
    assert callers == ["500"]


def test_the_limit_of_notifications_does_not_apply_to_the_site() -> None:
    site = Site(OZML_MAX_CONTENT_LENGTH=10)

    @site.app.post("/page")
    def page() -> str:
        return str(len(request.form["text"]))

    assert site.post("/page", b"text=" + b"a" * 999).data == b"999"
    site.assert_refused(site.post(), 413)


def test_hooks_find_a_refused_body_empty() -> None:
    site = Site()
    left: list[tuple[str, bytes]] = []

    @site.app.before_request
    def read() -> None:
        environ = request.environ
        left.append((environ["CONTENT_LENGTH"], environ["wsgi.input"].read()))

    site.assert_refused(site.post(PLAIN), 403)
    assert left == [("0", b"")]


def test_a_refusal_is_one_line_that_is_logged_with_the_status(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site()
    for url, body, status in ((PLAIN, BODY, 403), (site.url, b"", 400)):
        caplog.clear()
        reason = site.assert_refused(site.post(url, body), status).text.rstrip()
        assert caplog.messages == [
            f"phone.incoming_call: refused with {status}: {reason}"
        ]


#: What surrounds a token in a query, and what has to be left of it.
QUERIES: t.Final = {
    "{}": "",
    "a=%2F&b=+&&=&c=%ff&{}&d=\xc3\xa9": "a=%2F&b=+&&=&c=%ff&d=\xc3\xa9",
    "{}&&TOKEN=1;token=2&xtoken=3": "&TOKEN=1;token=2&xtoken=3",
}
#: Spellings of the parameter, and the status of a request with it.
PARAMETERS: t.Final = {
    "token={}": 200,
    "%74oke%6E={}": 200,
    "token={escaped}": 200,
    "token={}&token={}": 403,
    "token={}&%74oken=": 403,
    "token={}&token": 403,
    "token={}x": 403,
    "token={}+": 403,
    "token=": 403,
    "token": 403,
}


@pytest.mark.parametrize("query, left", QUERIES.items())
@pytest.mark.parametrize("parameter, status", PARAMETERS.items())
def test_no_later_reader_finds_a_token_and_other_parameters_stay(
    parameter: str, status: int, query: str, left: str
) -> None:
    site = Site()
    token = token_of(site.url)
    shown: list[str] = []

    def show(*_: object, **__: object) -> None:
        shown.append(repr(request.environ) + repr(vars(request)) + repr(request))
        shown[-1] += f"{request.url}{request.full_path}{request.args}{request.values}"

    @site.app.after_request
    def compare(response: t.Any) -> t.Any:
        show()
        raw = left.encode("latin-1")
        assert request.query_string == raw
        assert request.full_path == f"{PLAIN}?{raw.decode()}"
        for name in sent:
            expected = f"{PLAIN}?{left}" if left else PLAIN
            assert request.environ[name].removeprefix(PUBLIC_URL) == expected
        return response

    escaped = "".join(f"%{octet:02x}" for octet in token.encode())
    given = query.format(parameter.format(token, token, escaped=escaped))
    url = f"{PUBLIC_URL}{PLAIN}?{given}"
    sent: dict[str, t.Any] = {
        "RAW_URI": relative(url),
        "REQUEST_URI": url,
        "HTTP_X_ORIGINAL_URL": relative(url),
        "HTTP_X_ORIGINAL_URI": relative(url),
        "HTTP_X_FORWARDED_URI": url,
    }
    with request_started.connected_to(show, site.app):  # an early reader fills caches
        response = site.post(url, QUERY_STRING=given, **sent)
    assert response.status_code == status
    before, after = shown
    assert (token in before) == ("{" in parameter)
    assert token not in after
    assert escaped not in after


@pytest.mark.parametrize(
    "name", ["TOKEN", "Token", "token%20", "tok%65n%00", "x.token"]
)
def test_a_parameter_of_another_name_is_no_token(name: str) -> None:
    site = Site()
    url = site.url.replace("?token=", f"?{name}=")
    site.assert_refused(site.post(url), 403, "The URL has no token")


Read = Callable[[Request], object]


class Sessions(SecureCookieSessionInterface):
    """Sessions that read the body first."""

    def __init__(self, read: Read) -> None:
        self.read = read

    def open_session(self, app: Flask, request: Request) -> t.Any:
        self.read(request)
        return super().open_session(app, request)


def read_the_form() -> None:
    assert request.form is not None


def by_receiver(app: Flask, read: Read) -> None:
    request_started.connect(lambda sender, **_: read(request), app, weak=False)


def by_session(app: Flask, read: Read) -> None:
    app.session_interface = Sessions(read)


def by_preprocessor(app: Flask, read: Read) -> None:
    app.url_value_preprocessor(lambda *_: t.cast(None, read(request)))


places = pytest.mark.parametrize("place", [by_receiver, by_session, by_preprocessor])
endings = pytest.mark.parametrize(
    "changes", [{}, {"wsgi.input_terminated": True}, CHUNKED], ids=["", "end", "chunks"]
)


@places
@endings
@pytest.mark.parametrize(
    "read, is_parsed",
    [
        (lambda early: early.form, True),
        (lambda early: early.values, True),
        (lambda early: early.data, True),
        (lambda early: early.get_data(parse_form_data=True), True),
        (lambda early: early.get_data(), False),
        (lambda early: (early.get_data(), early.form), False),
        (lambda early: early.args, False),
    ],
)
def test_whoever_reads_the_body_first_loses_no_field_and_a_parser_is_warned_of_once(
    read: Read,
    is_parsed: bool,
    changes: dict[str, t.Any],
    place: t.Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site()
    place(site.app, read)
    callers: list[str] = []
    site.app.before_request(lambda: callers.append(request.form["Caller"]))
    for _ in range(2):
        site.assert_accepted(site.post(**changes))
    assert callers == ["500", "500"]
    assert [r.levelno for r in caplog.records] == [logging.WARNING] * is_parsed
    assert not is_parsed or "read request.form before" in caplog.text


@places
@endings
@pytest.mark.parametrize(
    "read",
    [
        lambda early: early.get_data(cache=False),
        lambda early: early.stream.read(),
        lambda early: early.environ["wsgi.input"].read(),
        lambda early: early.form if early.stream.read() else None,
    ],
)
def test_a_body_that_other_code_has_consumed_is_400_and_the_log_names_the_cause(
    read: Read,
    changes: dict[str, t.Any],
    place: t.Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site()
    place(site.app, read)
    site.app.before_request(read_the_form)
    site.assert_refused(site.post(**changes), 400, "code of the site consumed")
    assert_logged(caplog, logging.WARNING, words="must use request.get_data()")


@places
def test_a_parsed_form_is_400_for_the_reasons_that_a_body_is(place: t.Any) -> None:
    site = Site()
    place(site.app, lambda early: early.form)
    for body, words in (
        (SAMPLES["goto"].body, "GoTo"),
        (BODY + b"&caller=3CiHe", "'caller' twice"),
        # Werkzeug's parser finds nothing in such a body.
        (BODY + b"&x=\xff", "code of the site consumed"),
    ):
        site.assert_refused(site.post(body=body), 400, words)


@places
@endings
def test_a_sender_who_disconnects_during_an_early_read_is_400(
    place: t.Any, changes: dict[str, t.Any]
) -> None:
    def read(early: Request) -> None:
        with contextlib.suppress(Exception):
            assert early.form

    site = Site()
    place(site.app, read)
    site.app.before_request(read_the_form)
    broken = Stream(BODY, error=ConnectionResetError())
    site.assert_refused(site.post(body=broken, **changes), 400, "to its end")


def test_another_app_is_warned_of_its_own_parser(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in range(2):
        site = Site()
        by_receiver(site.app, lambda early: early.form)
        site.assert_accepted(site.post())
    assert_logged(caplog, logging.WARNING, logging.WARNING)
