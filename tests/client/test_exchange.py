"""HTTP between the client and the phone system, with its faults."""

import contextlib
import pathlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from client.fake_server import CERTIFICATES
from client.fake_server import FakeServer
from client.fake_server import http_reply
from client.fake_server import running
from client.fake_server import SUCCESS
from flask_ozml.client import PhoneSystemClient
from flask_ozml.client import PhoneSystemUnreachable
from flask_ozml.client import UnexpectedReply
from flask_ozml.errors import OzMLError

AUTHORITY = CERTIFICATES / "authority.pem"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
REPLIES = {
    "HTTP/1.1": http_reply(SUCCESS),
    "chunked": CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(SUCCESS), SUCCESS),
    "ended by the connection": b"HTTP/1.0 200 OK\r\n\r\n" + SUCCESS,
}


@pytest.mark.parametrize("raw", REPLIES.values(), ids=REPLIES.keys())
def test_every_form_of_an_http_reply_is_read(
    server: FakeServer, client: PhoneSystemClient, raw: bytes
) -> None:
    server.send(raw)
    assert client.list_active_calls() == []


BAD_REPLIES = {
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le", "not well-formed XML"),
    "announced as too long": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n" + b" " * 8_000_000,
        "longer than 4194304 bytes",
    ),
    "compressed": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        "compressed",
    ),
    "redirect": (
        b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
        "HTTP status 302",
    ),
    "redirect of a POST": (
        b"HTTP/1.1 308 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
        "HTTP status 308",
    ),
    "redirect to what is not a URL": (
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1\xe9\r\nContent-Length: 0\r\n\r\n",
        "HTTP status 302",
    ),
    "500": (http_reply(SUCCESS, b"500 Oops"), "HTTP status 500"),
    "401": (http_reply(b"", b"401 Unauthorized"), "HTTP status 401"),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", "HTTP status 204"),
}


@pytest.mark.parametrize(
    ("raw", "message"), BAD_REPLIES.values(), ids=BAD_REPLIES.keys()
)
def test_an_http_reply_that_the_phone_system_does_not_send_is_refused(
    server: FakeServer, client: PhoneSystemClient, raw: bytes, message: str
) -> None:
    server.send(raw)
    with pytest.raises(UnexpectedReply, match=message):
        client.list_active_calls()
    assert len(server.bodies) == 1


BROKEN = {
    "closed at once": b"",
    "not HTTP": b"220 mail.example ESMTP\r\n",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 217\r\n\r\n" + SUCCESS[:100],
    "no body": b"HTTP/1.1 200 OK\r\nContent-Length: 217\r\n\r\n",
    "half a chunk": CHUNKED + b"ff\r\n<",
    "not a chunk": CHUNKED + b"hello\r\n",
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_connection_is_not_retried(
    server: FakeServer, client: PhoneSystemClient, raw: bytes
) -> None:
    server.send(raw)
    with pytest.raises(PhoneSystemUnreachable) as caught:
        client.hold("x")
    assert "it is not HTTP, or was cut off" in str(caught.value)
    assert len(server.bodies) == 1


PIECES = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.0 302 Found\r\n",
    b"Content-Length: 30\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: x\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Connection: close\r\n",
    b"Location: http://[\r\n",
    b"\r\n",
    b"1e\r\n",
    b"<Response><Code>200</Code></Response>",
]


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=12))
def test_every_failure_is_an_error_of_this_package(
    shared_server: FakeServer, pieces: list[bytes]
) -> None:
    shared_server.send(b"".join(pieces))
    with contextlib.suppress(OzMLError):
        assert PhoneSystemClient(shared_server.url).list_active_calls() == []


# Without the XML declaration, which may not follow white space.
BODY = SUCCESS[21:]
LENGTH = b"Content-Length: %d\r\n\r\n" % len(BODY)
LAST_CHUNK = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
DRIPS = {
    "silence": (b"", b"", http_reply(BODY)),
    "other replies first": (b"", b"HTTP/1.1 100 Wait\r\n\r\n", http_reply(BODY)),
    "the status line": (b"HTTP/1.1 200 O", b"K", b"\r\n" + LENGTH + BODY),
    "a header": (b"HTTP/1.1 200 OK\r\nX: ", b"x", b"\r\n" + LENGTH + BODY),
    "the body": (b"HTTP/1.0 200 OK\r\n\r\n", b" ", BODY),
    "chunks": (CHUNKED, b"1\r\n \r\n", LAST_CHUNK),
}


@pytest.fixture(params=[False, True], ids=["http", "https"])
def any_server(request: pytest.FixtureRequest) -> Iterator[FakeServer]:
    with running(tls=request.param) as found:
        yield found


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS.keys())
def test_a_slow_reply_ends_in_time_and_leaves_no_connection(
    any_server: FakeServer, drip: tuple[bytes, bytes, bytes]
) -> None:
    any_server.drip(*drip)
    with pytest.raises(PhoneSystemUnreachable, match=r"was up after 0\.3 seconds\.$"):
        PhoneSystemClient(any_server.url, timeout=0.3, ca=AUTHORITY).hold("x")
    assert any_server.hung_up.wait(20)
    assert len(any_server.bodies) == 1


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS.keys())
def test_a_slow_reply_is_read_if_there_is_time(
    server: FakeServer, drip: tuple[bytes, bytes, bytes]
) -> None:
    server.over.set()
    server.drip(*drip)
    PhoneSystemClient(server.url).hold("x")


def test_the_body_of_a_redirect_is_not_read(
    server: FakeServer, client: PhoneSystemClient
) -> None:
    server.drip(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b" ", b"")
    with pytest.raises(UnexpectedReply, match="HTTP status 302"):
        client.list_active_calls()
    assert server.hung_up.wait(20)


def test_a_server_that_reads_slowly_is_left_in_time(any_server: FakeServer) -> None:
    any_server.reading_pause = 0.02
    client = PhoneSystemClient(any_server.url, timeout=0.5, ca=AUTHORITY)
    with pytest.raises(PhoneSystemUnreachable, match=r"was up after 0\.5 seconds\.$"):
        client.add_config("SIP", "x" * 8_000_000)
    assert any_server.hung_up.wait(20)
    assert any_server.bodies == []


@contextlib.contextmanager
def silent_server(backlog: int) -> Iterator[socket.socket]:
    """Listen and say nothing; after ten seconds, refuse and reset connections.

    A client without a time-out then gets another error than that time is up.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as listening:
        reset = threading.Timer(10, listening.close)
        reset.start()
        try:
            yield listening
        finally:
            reset.cancel()
            reset.join()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_says_nothing_is_left_in_time(scheme: str) -> None:
    with silent_server(backlog=1) as listening:
        url = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}/"
        with pytest.raises(PhoneSystemUnreachable, match=r"was up after 0\.3 seconds"):
            PhoneSystemClient(url, timeout=0.3).hold("x")
        accepted, _ = listening.accept()
        with accepted:
            accepted.settimeout(20)
            while accepted.recv(65_536):
                pass


def test_a_server_that_accepts_no_connection_is_left_in_time() -> None:
    with (
        silent_server(backlog=0) as listening,
        socket.create_connection(listening.getsockname()),
    ):
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        with pytest.raises(PhoneSystemUnreachable, match=r"was up after 0\.3 seconds"):
            PhoneSystemClient(url, timeout=0.3).hold("x")


LAST_REQUEST = """
import atexit, sys, threading
from flask_ozml.client import PhoneSystemClient
from flask_ozml.errors import OzMLError

def ask():
    try:
        print(PhoneSystemClient(sys.argv[1], timeout=0.3).hangup("x"))
    except OzMLError as error:
        print(type(error).__name__)
    print(threading.active_count())

atexit.register(ask)
"""


def ask_at_exit(url: str) -> list[str]:
    command = [sys.executable, "-W", "error", "-c", LAST_REQUEST, url]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return run.stdout.split()


def test_requests_need_no_thread_and_work_while_the_interpreter_exits(
    server: FakeServer,
) -> None:
    assert ask_at_exit(server.url) == ["None", "1"]
    server.drip(*DRIPS["a header"])
    assert ask_at_exit(server.url) == ["PhoneSystemUnreachable", "1"]


def resolve_to(
    monkeypatch: pytest.MonkeyPatch, *ports: int, error: OSError | None = None
) -> None:
    """Let every host name lead to these ports of this machine."""

    def getaddrinfo(*args: object, **options: object) -> list[tuple[object, ...]]:
        time.sleep(0.2)  # a slow name server
        if error:
            raise error
        kind = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
        return [(*kind, ("127.0.0.1", port)) for port in ports]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def test_the_next_address_of_a_host_is_tried(
    server: FakeServer, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, closed_port, server.server_port)
    PhoneSystemClient("http://pbx.example/").hold("x")
    assert server.headers[0]["Host"] == "pbx.example"


def test_nothing_is_sent_if_looking_up_the_name_took_all_the_time(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, server.server_port)
    with pytest.raises(PhoneSystemUnreachable, match="time was up"):
        PhoneSystemClient("http://pbx.example/", timeout=0.1).hold("x")
    assert server.bodies == []


@pytest.mark.parametrize("error", [socket.gaierror(-2, "Name not known"), None])
def test_a_host_without_an_address_is_unreachable(
    error: OSError | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, error=error)
    with pytest.raises(PhoneSystemUnreachable, match="not known|no address"):
        PhoneSystemClient("http://pbx.example/").hold("x")


def test_the_reason_of_the_operating_system_is_told(closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}/"
    with pytest.raises(PhoneSystemUnreachable) as caught:
        PhoneSystemClient(url).hold("x")
    assert str(caught.value) == f"No complete reply from {url}: Connection refused."


@pytest.fixture
def secure_server() -> Iterator[FakeServer]:
    with running(tls=True) as found:
        yield found


@pytest.mark.parametrize("ca", [AUTHORITY, str(AUTHORITY)])
def test_the_authority_of_the_certificate_can_be_named(
    secure_server: FakeServer, ca: str | pathlib.Path
) -> None:
    PhoneSystemClient(secure_server.url, ca=ca).hold("x")
    PhoneSystemClient.from_config(
        {"OZML_PHONE_SYSTEM_URL": secure_server.url, "OZML_PHONE_SYSTEM_CA": ca}
    ).hold("x")
    assert len(secure_server.bodies) == 2


def test_an_unknown_authority_is_refused_before_anything_is_sent(
    secure_server: FakeServer,
) -> None:
    with pytest.raises(PhoneSystemUnreachable, match=r"refused .*OZML_PHONE_SYSTEM_CA"):
        PhoneSystemClient(secure_server.url).hold("x")
    assert secure_server.bodies == []


def test_a_certificate_of_another_host_is_refused(secure_server: FakeServer) -> None:
    url = secure_server.url.replace("127.0.0.1", "localhost")
    with pytest.raises(PhoneSystemUnreachable, match="certificate was refused"):
        PhoneSystemClient(url, ca=AUTHORITY).hold("x")
    assert secure_server.bodies == []


def test_checking_the_certificate_can_be_switched_off_with_a_warning(
    secure_server: FakeServer,
) -> None:
    config = {"OZML_PHONE_SYSTEM_URL": secure_server.url, "OZML_PHONE_SYSTEM_CA": False}
    with pytest.warns(UserWarning, match="OZML_PHONE_SYSTEM_CA or ca= is False"):
        client = PhoneSystemClient.from_config(config)
    client.hold("x")
    assert len(secure_server.bodies) == 1


def test_a_server_without_tls_is_unreachable_by_https(server: FakeServer) -> None:
    with pytest.raises(PhoneSystemUnreachable):
        PhoneSystemClient(server.url.replace("http:", "https:")).hold("x")


def test_threads_may_share_a_client(
    server: FakeServer, client: PhoneSystemClient
) -> None:
    def answer(body: bytes) -> Iterator[bytes]:
        text = parse_qs(body.decode())["Message"][0].encode()
        yield http_reply(
            b"<Response><Code>200</Code><SmsId>%s</SmsId></Response>" % text
        )

    def send(text: str) -> str:
        return client.send_sms(text, recipient="1", api_extension="2")

    server.answer = answer
    texts = [f"text {number}" for number in range(64)]
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(send, texts)) == texts
