import io
import itertools
import json
import logging
import re
import typing as t
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask import request
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import create_environ
from werkzeug.wrappers import Response

from flask_ozml import OzML
from flask_ozml.commands import Command
from flask_ozml.commands import Speak
from flask_ozml.errors import ConfigurationError
from flask_ozml.notifications import KINDS
from flask_ozml.notifications import Notification
from samples import SAMPLES

BODY: t.Final = SAMPLES["incoming_call"].body
FORM: t.Final = "application/x-www-form-urlencoded"
EMPTY: t.Final = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
HI: t.Final = (
    b'<?xml version="1.0" encoding="UTF-8"?><Response><Speak>Hi</Speak></Response>'
)
PLAIN: t.Final = "/phone/incoming_call"


class Input:
    """A body of which each byte that is read is counted."""

    def __init__(self, body: bytes, piece: int = 1_000_000) -> None:
        self.body = io.BytesIO(body)
        self.piece = piece
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        self.count += size
        return self.body.read(self.piece if size < 0 else min(size, self.piece))


class Site:
    """An app with a view for each kind, and what the views were given."""

    def __init__(self, *, views: bool = True, **config: t.Any) -> None:
        self.seen: list[Notification] = []
        self.phone = OzML("phone", __name__)
        for kind in KINDS if views else ():
            getattr(self.phone, kind)(self.view)
        self.app = Flask("site")
        self.app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL="https://pbx.example")
        self.app.config.update(config)
        self.app.register_blueprint(self.phone, url_prefix="/phone")

    def view(self, notification: Notification) -> Command | None:
        self.seen.append(notification)
        return Speak("Hi") if notification.kind == "incoming_call" else None

    def path(self, kind: str = "incoming_call") -> str:
        with self.app.app_context():
            return urlsplit(self.phone.urls()[kind]).path

    def post(
        self,
        path: str | None = None,
        body: bytes | Input = BODY,
        method: str = "POST",
        **changes: t.Any,
    ) -> Response:
        """Call the application; None takes a key out of the environment."""
        stream = body if isinstance(body, Input) else Input(body)
        environ = create_environ(path or self.path(), method=method)
        environ["CONTENT_TYPE"] = FORM
        environ["CONTENT_LENGTH"] = str(len(stream.body.getvalue()))
        environ["REMOTE_ADDR"] = "127.0.0.1"
        environ["wsgi.input"] = stream
        environ |= changes
        environ = {k: value for k, value in environ.items() if value is not None}
        return Response.from_app(self.app, environ, buffered=True)

    def assert_accepted(self, response: Response) -> None:
        assert (response.status_code, response.get_data()) == (200, HI)
        assert self.seen.pop() == SAMPLES["incoming_call"].expected
        assert self.seen == []

    def assert_refused(
        self, response: Response, status: int, words: str = ""
    ) -> Response:
        assert (response.status_code, self.seen) == (status, [])
        if status not in (404, 405):
            text = response.get_data(as_text=True)
            assert re.fullmatch(r"[^\n]+\n", text)
            assert words in text
            assert response.content_type == "text/plain; charset=utf-8"
            assert not any(secret in text for secret in ("3CiHe", "9998", "/phone"))
        return response


@pytest.fixture(autouse=True)
def _logs_tell_nothing(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No record at any level holds what was posted, a token or a path."""
    caplog.set_level(1)
    yield
    formatter = logging.Formatter("%(message)s")
    for record in caplog.get_records("call"):
        text = formatter.format(record)
        assert not any(s in text for s in ("3CiHe", "9998", "/phone", "forged")), text
        assert not re.search(r"[\w-]{40}", text), text


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
    for path in (site.path(kind), f"/phone/{kind}", f"/phone/{kind}/forged"):
        response = site.assert_refused(site.post(path, method=method), 405)
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
        "//phone/incoming_call",
        "/phone//incoming_call",
        "/phone/incoming_call//forged",
    ],
)
def test_an_unknown_url_is_404_and_never_a_redirect(path: str) -> None:
    site = Site()
    site.assert_refused(site.post(path), 404)


def test_a_slash_behind_the_url_is_no_redirect() -> None:
    site = Site()
    site.assert_accepted(site.post(f"{site.path()}/"))
    site.assert_refused(site.post(f"{PLAIN}/"), 403)


def switched_on(mode: str | None) -> dict[str, t.Any]:
    return {mode: True} if mode else {}


FORGED: t.Final = [
    "",
    "/forged",
    "/forged.forged",
    "/.",
    "/..forged",
    "/a.b.c.forged",
    "/" + "A" * 43,
    "/" + "A" * 43 + "." + "A" * 43,
    "/%C3%A9forged",
    "/%FFforged",
    "/%00forged",
    "/" + "forged" * 1000,
]


@pytest.mark.parametrize("mode", ["TESTING", "DEBUG", "PROPAGATE_EXCEPTIONS", None])
@pytest.mark.parametrize("token", FORGED, ids=range(len(FORGED)))
def test_a_missing_or_forged_token_is_403_and_the_body_is_not_read(
    token: str, mode: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(**switched_on(mode))
    body = Input(BODY)
    site.assert_refused(site.post(f"{PLAIN}{token}", body), 403, "token")
    assert body.count == 0
    assert_logged(caplog, logging.WARNING, words="403")


def test_each_changed_character_of_a_token_is_403() -> None:
    site = Site()
    path = site.path()
    start = len(PLAIN) + 1
    for index, other in itertools.product(range(start, len(path)), "AB._-"):
        changed = path[:index] + other + path[index + 1 :]
        if changed != path:
            site.assert_refused(site.post(changed), 403)
    for changed in (path[:-1], f"{path}A", f"{path}=", f"{path}%0A", f"{path}%20"):
        site.assert_refused(site.post(changed), 403)
    site.assert_accepted(site.post(path))


def test_the_token_of_one_kind_is_403_at_each_other() -> None:
    site = Site()
    tokens = {kind: site.path(kind).rpartition("/")[2] for kind in KINDS}
    assert len(set(tokens.values())) == len(KINDS)
    for kind, other in itertools.permutations(KINDS, 2):
        body = Input(BODY)
        site.assert_refused(site.post(f"/phone/{kind}/{tokens[other]}", body), 403)
        assert body.count == 0


def test_the_token_of_another_key_or_blueprint_is_403() -> None:
    site = Site()
    site.app.register_blueprint(site.phone, name="second", url_prefix="/second")
    site.assert_refused(site.post(Site(SECRET_KEY="other").path()), 403)
    with site.app.app_context():
        urls = [site.phone.urls_as(n)["incoming_call"] for n in ("phone", "second")]
    first, second = (urlsplit(url).path for url in urls)
    site.assert_accepted(site.post(first))
    site.assert_accepted(site.post(second))
    site.assert_refused(site.post(first.replace("/phone/", "/second/")), 403)
    site.assert_refused(site.post(second.replace("/second/", "/phone/")), 403)


SITE: t.Final = Site()


@given(token=st.text(max_size=80))
@settings(max_examples=200)
def test_no_text_is_a_token(token: str) -> None:
    path = f"{PLAIN}/{token}".encode("utf-8", "replace").decode("latin-1")
    response = SITE.post("/", PATH_INFO=path)
    assert response.status_code in (403, 404)
    assert SITE.seen == []


@pytest.mark.parametrize("key", [None, "", b""])
def test_without_a_key_each_notification_is_403_and_one_error_is_logged(
    key: object, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(SECRET_KEY=key)
    with pytest.raises(ConfigurationError, match="OZML_SECRET_KEY"):
        site.path()
    body = Input(BODY)
    for path in (PLAIN, f"{PLAIN}/forged", f"{PLAIN}/forged.forged"):
        site.assert_refused(site.post(path, body), 403, "not configured")
    assert body.count == 0
    assert_logged(
        caplog, logging.ERROR, *[logging.WARNING] * 3, words="OZML_SECRET_KEY"
    )


def test_configuration_that_has_become_wrong_is_403_and_one_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site()
    path = site.path()
    site.app.config["OZML_TOKEN_MAX_AGE"] = -1
    for _ in range(2):
        site.assert_refused(site.post(path), 403, "not configured")
    assert_logged(
        caplog, logging.ERROR, *[logging.WARNING] * 2, words="OZML_TOKEN_MAX_AGE"
    )
    site.app.config["OZML_TOKEN_MAX_AGE"] = 1
    site.assert_accepted(site.post(path))


@pytest.mark.parametrize("prefix", ["", "OZML_"])
def test_a_rotated_key_is_accepted_with_one_warning(
    prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    config: dict[str, t.Any] = {f"{prefix}SECRET_KEY": "old"}
    site = Site(**config)
    path = site.path()
    site.app.config.update(
        {f"{prefix}SECRET_KEY": "new", f"{prefix}SECRET_KEY_FALLBACKS": ["old"]}
    )
    assert site.path() != path
    for _ in range(3):
        site.assert_accepted(site.post(path))
    site.assert_accepted(site.post(site.path()))
    assert_logged(caplog, logging.WARNING, words="old key; paste the one")
    site.app.config[f"{prefix}SECRET_KEY_FALLBACKS"] = []
    site.assert_refused(site.post(path), 403)


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
    ("127.0.0.1:5060", ["0.0.0.0/0"], False),
]


@pytest.mark.parametrize("mode", ["TESTING", "DEBUG", None])
@pytest.mark.parametrize("address, networks, allowed", NETWORKS)
def test_the_address_of_the_sender(
    address: str | None,
    networks: list[str],
    allowed: bool,
    mode: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site(OZML_ALLOWED_NETWORKS=networks, **switched_on(mode))
    body = Input(BODY)
    response = site.post(body=body, REMOTE_ADDR=address)
    if allowed:
        site.assert_accepted(response)
        site.assert_refused(site.post(PLAIN, REMOTE_ADDR=address), 403, "token")
    else:
        site.assert_refused(response, 403, "OZML_ALLOWED_NETWORKS")
        assert body.count == 0
        assert_logged(caplog, logging.WARNING, words="403")
        assert not address or f" {address}" not in caplog.text


def test_without_tokens_the_address_alone_decides() -> None:
    site = Site(OZML_REQUIRE_TOKEN=False, OZML_ALLOWED_NETWORKS=["127.0.0.1"])
    assert site.path() == PLAIN
    site.assert_accepted(site.post())
    site.assert_accepted(site.post(Site().path()))
    site.assert_refused(site.post(f"{PLAIN}/forged"), 403, "token")
    body = Input(BODY)
    site.assert_refused(site.post(body=body, REMOTE_ADDR="127.0.0.2"), 403)
    assert body.count == 0


def test_without_tokens_nor_networks_nobody_may_post() -> None:
    with pytest.raises(ConfigurationError, match="OZML_ALLOWED_NETWORKS"):
        Site(OZML_REQUIRE_TOKEN=False)


def test_without_tokens_nor_key_a_notification_is_accepted() -> None:
    site = Site(
        SECRET_KEY=None, OZML_REQUIRE_TOKEN=False, OZML_ALLOWED_NETWORKS=["127.0.0.1"]
    )
    site.assert_accepted(site.post(PLAIN))


@pytest.mark.parametrize("forwarded", ["127.0.0.1", "203.0.113.9", ""])
def test_without_tokens_a_proxy_in_front_must_be_known(
    forwarded: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(OZML_REQUIRE_TOKEN=False, OZML_ALLOWED_NETWORKS=["127.0.0.1"])
    body = Input(BODY)
    response = site.post(body=body, HTTP_X_FORWARDED_FOR=forwarded)
    site.assert_refused(response, 403, "ProxyFix")
    assert body.count == 0
    assert_logged(caplog, logging.WARNING, words="403")


@pytest.mark.parametrize("require_token", [True, False])
def test_with_proxy_fix_the_forwarded_address_decides(require_token: bool) -> None:
    site = Site(
        OZML_REQUIRE_TOKEN=require_token, OZML_ALLOWED_NETWORKS=["192.168.1.0/24"]
    )
    site.app.wsgi_app = ProxyFix(site.app.wsgi_app)  # type: ignore[method-assign]  # as documented
    site.assert_accepted(site.post(HTTP_X_FORWARDED_FOR="192.168.1.5"))
    site.assert_accepted(site.post(HTTP_X_FORWARDED_FOR="8.8.8.8, 192.168.1.5"))
    site.assert_refused(site.post(HTTP_X_FORWARDED_FOR="203.0.113.9"), 403)
    site.assert_refused(site.post(HTTP_X_FORWARDED_FOR="192.168.1.5, 8.8.8.8"), 403)
    site.assert_refused(site.post(), 403)


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
    body = Input(BODY)
    response = site.post(body=body, CONTENT_TYPE=content_type)
    site.assert_refused(response, 415, FORM)
    assert body.count == 0
    assert_logged(caplog, logging.WARNING, words="415")


@pytest.mark.parametrize("extra, status", [(-1, 400), (0, 400), (1, 413), (10**9, 413)])
def test_a_content_length_above_the_limit_is_413_and_the_body_is_not_read(
    extra: int, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(OZML_MAX_CONTENT_LENGTH=1000)
    body = Input(BODY)
    response = site.post(body=body, CONTENT_LENGTH=str(1000 + extra))
    site.assert_refused(response, status)
    assert (body.count == 0) is (status == 413)
    assert_logged(caplog, logging.WARNING, words=str(status))


def test_a_body_as_long_as_the_limit_is_accepted() -> None:
    site = Site(OZML_MAX_CONTENT_LENGTH=len(BODY))
    site.assert_accepted(site.post())


def test_the_default_limit_is_256_kib() -> None:
    site = Site()
    padding = b"&X=" + b"a" * (256 * 1024 - len(BODY) - 3)
    site.assert_accepted(site.post(body=BODY + padding))
    site.assert_refused(site.post(body=BODY + padding + b"a"), 413)


CHUNKED: t.Final[dict[str, t.Any]] = {
    "HTTP_TRANSFER_ENCODING": "chunked",
    "wsgi.input_terminated": True,
    "CONTENT_LENGTH": None,
}


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_a_chunked_body_is_read_to_its_end(piece: int) -> None:
    site = Site()
    site.assert_accepted(site.post(body=Input(BODY, piece), **CHUNKED))


def test_the_length_of_a_chunked_body_is_not_asked() -> None:
    site = Site()
    for length in ("", "0", "5", str(len(BODY)), str(10**9)):
        changes = {**CHUNKED, "CONTENT_LENGTH": length}
        site.assert_accepted(site.post(body=Input(BODY, 7), **changes))


@pytest.mark.parametrize(
    "length, status", [(999, 200), (1000, 413), (1001, 413), (10**6, 413)]
)
@pytest.mark.parametrize("piece", [100, 10**7])
def test_as_many_chunked_bytes_as_the_limit_are_413(
    piece: int, length: int, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(OZML_MAX_CONTENT_LENGTH=1000, MAX_CONTENT_LENGTH=10)
    body = Input(BODY + b"&X=" + b"a" * (length - len(BODY) - 3), piece)
    response = site.post(body=body, **CHUNKED)
    if status == 200:
        site.assert_accepted(response)
    else:
        site.assert_refused(response, 413, "1000")
        assert body.body.tell() <= 1001
        assert_logged(caplog, logging.WARNING, words="413")


@pytest.mark.parametrize(
    "changes",
    [
        {"CONTENT_LENGTH": None},
        {"CONTENT_LENGTH": ""},
        {"CONTENT_LENGTH": None, "HTTP_TRANSFER_ENCODING": "chunked"},
        {"CONTENT_LENGTH": "0"},
        {"CONTENT_LENGTH": "-1"},
        {"CONTENT_LENGTH": "many"},
    ],
)
def test_a_body_whose_end_nobody_tells_is_400(changes: dict[str, t.Any]) -> None:
    site = Site()
    site.assert_refused(site.post(**changes), 400, "NotificationName")


def terminating(terminated: bool | None) -> dict[str, t.Any]:
    """Whether the server ends the stream itself, as gunicorn and waitress do."""
    return {"wsgi.input_terminated": terminated}


@pytest.mark.parametrize("terminated", [True, None])
@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_a_body_that_comes_in_pieces_is_put_together(
    piece: int, terminated: bool | None
) -> None:
    site = Site()
    body = Input(BODY, piece)
    site.assert_accepted(site.post(body=body, **terminating(terminated)))


@pytest.mark.parametrize("terminated", [True, None])
def test_each_truncated_body_is_400(terminated: bool | None) -> None:
    site = Site()
    for length in range(len(BODY)):
        response = site.post(
            body=BODY[:length],
            CONTENT_LENGTH=str(len(BODY)),
            **terminating(terminated),
        )
        site.assert_refused(response, 400, "Content-Length")


def test_a_body_longer_than_its_content_length_is_400() -> None:
    site = Site()
    response = site.post(
        body=BODY + b"0",
        CONTENT_LENGTH=str(len(BODY)),
        **terminating(True),
    )
    site.assert_refused(response, 400, "Content-Length")


def test_without_an_end_of_its_own_a_stream_is_not_read_beyond_the_length() -> None:
    site = Site()
    body = Input(BODY + b"POST / HTTP/1.1")
    site.assert_accepted(site.post(body=body, CONTENT_LENGTH=str(len(BODY))))
    assert body.body.tell() == len(BODY)


@pytest.mark.parametrize("changes", [{}, CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize("error", [OSError, ConnectionResetError, ValueError])
def test_a_stream_that_breaks_is_400(
    error: type[Exception],
    changes: dict[str, t.Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Input):
        def read(self, size: int = -1) -> bytes:
            raise error("3CiHe")

    site = Site(TESTING=True)
    site.assert_refused(site.post(body=Broken(BODY), **changes), 400, "to its end")
    assert_logged(caplog, logging.WARNING, words="400")


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_server_that_ends_its_worker_while_it_reads_is_not_stopped(
    error: type[BaseException],
) -> None:
    class Ended(Input):
        def read(self, size: int = -1) -> bytes:
            raise error

    site = Site()
    with pytest.raises(error):
        site.post(body=Ended(BODY))


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
def test_a_body_that_is_no_such_notification_is_400(
    mode: str | None, body: bytes, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(**switched_on(mode))
    site.assert_refused(site.post(body=body), 400, words)
    assert_logged(caplog, logging.WARNING, words=words)


def test_a_required_field_that_is_absent_is_400_and_named() -> None:
    site = Site()
    body = b"NotificationName=DtmfEntered&CallLegID=3CiHe"
    response = site.post(site.path("dtmf_entered"), body)
    site.assert_refused(response, 400, "'dtmf_digits'")


@pytest.mark.parametrize("order", ["address", "token", "body"])
def test_the_address_is_asked_first_and_then_the_token(order: str) -> None:
    site = Site(OZML_ALLOWED_NETWORKS=["10.0.0.1"], OZML_MAX_CONTENT_LENGTH=1)
    address = "10.0.0.2" if order == "address" else "10.0.0.1"
    path = site.path() if order == "body" else PLAIN
    expected = {
        "address": (403, "OZML_ALLOWED_NETWORKS"),
        "token": (403, "token"),
        "body": (413, "1 bytes"),
    }
    site.assert_refused(site.post(path, REMOTE_ADDR=address), *expected[order])


def test_without_any_view_nothing_is_admitted_that_is_not_signed() -> None:
    site = Site(views=False)
    site.assert_refused(site.post(PLAIN), 403)
    assert site.post().get_data() == EMPTY


def test_the_environ_tells_nothing_of_what_was_posted() -> None:
    site = Site()
    shown: list[str] = []

    @site.app.before_request
    def show() -> None:
        shown.append(repr(request.environ))
        shown.append(json.dumps(request.environ, default=str))

    site.assert_accepted(site.post())
    for text in shown:
        assert "<Admission to 'phone.incoming_call'>" in text
        assert "3CiHe" not in text


def test_the_sites_limit_is_not_that_of_a_notification() -> None:
    site = Site(MAX_CONTENT_LENGTH=10)
    callers: list[str] = []
    site.app.before_request(lambda: callers.append(request.form["Caller"]))
    site.assert_accepted(site.post())
    assert callers == ["500"]


def test_of_a_refused_body_nothing_is_left_in_the_stream() -> None:
    site = Site()
    left: list[bytes] = []

    @site.app.before_request
    def read() -> None:
        left.append(request.environ["wsgi.input"].read())

    site.assert_refused(site.post(f"{PLAIN}/forged"), 403)
    assert left == [b""]
