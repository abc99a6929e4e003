import contextlib
import io
import re
import socket
import threading
import typing as t
import wsgiref.simple_server
import wsgiref.validate
from collections.abc import Callable
from collections.abc import Iterator

import pytest
from flask import Flask
from flask import request

from flask_ozml.notifications import CallState
from flask_ozml.simulator import PhoneSystem
from flask_ozml.simulator import transport
from flask_ozml.simulator import wire
from flask_ozml.simulator.transport import Base
from simulator_pages import Pages

RECORDING = (
    "http://ozekixepbx.ip:7780/HttpRecordings/21d75202569941b5a9576babd030e55f.mp3"
)
VENDOR: list[tuple[str, dict[str, str], str]] = [
    (
        "routing_interception",
        {
            "CallerID": "1000",
            "OriginalDialedNumber": "1500",
            "LastDialedNumber": "431413",
            "LastCalledExtension": "1200",
            "LastCallState": "Calling",
            "ApiExtension": "9999",
        },
        "NotificationName=RoutingInterception&CallerID=1000&OriginalDialedNumber=1500"
        "&LastDialedNumber=431413&LastCalledExtension=1200&LastCallState=Calling"
        "&ApiExtension=9999",
    ),
    (
        "call_changed",
        {
            "Callee": "101",
            "CallerId": "103",
            "Caller": "103",
            "CallId": "3CiHe",
            "CallState": "Ringing",
        },
        "NotificationName=CallChanged&CallState=Ringing&CallId=3CiHe&Caller=103"
        "&CallerId=103&Callee=101",
    ),
    (
        "record_completed",
        {
            "Success": "true",
            "Duration": "15",
            "RecordURL": RECORDING,
            "CallId": "3CiHe",
            "Caller": "103",
            "Callee": "101",
        },
        f"Success=true&Duration=15&RecordURL={RECORDING}&CallId=3CiHe&Caller=103"
        "&Callee=101&NotificationName=RecordCompleted",
    ),
    (
        "call_connected",
        {"CallLegID": "3CiHe", "Callee": "1100", "ApiExtension": "9999"},
        "NotificationName=CallConnected&CallLegID=3CiHe&Callee=1100&ApiExtension=9999",
    ),
    (
        "incoming_call",
        {"CallLegID": "3CiHe", "Caller": "500", "ApiExtension": "9998"},
        "NotificationName=IncomingCall&CallLegID=3CiHe&Caller=500&ApiExtension=9998",
    ),
    (
        "incoming_sms",
        {
            "Sender": "06203123412",
            "Recipient": "06304645433",
            "ID": "843952f3-3f3g3",
            "ApiExtension": "9999",
            "Message": "Hi John!",
        },
        "NotificationName=IncomingSMS&Sender=06203123412&Recipient=06304645433"
        "&ID=843952f3-3f3g3&ApiExtension=9999&Message=Hi+John!",
    ),
    (
        "sms_delivery_report",
        {"Delivered": "true", "ID": "843952f3-3f3g3", "ApiExtension": "9998"},
        "NotificationName=SMSDeliveryReport&Delivered=true&ID=843952f3-3f3g3"
        "&ApiExtension=9998",
    ),
    (
        "dtmf_entered",
        {"DtmfDigits": "14*5#3", "CallLegID": "3CiHe", "ApiExtension": "9998"},
        "NotificationName=DtmfEntered&DtmfDigits=14*5#3&CallLegID=3CiHe"
        "&ApiExtension=9998",
    ),
    (
        "record_completed",
        {
            "Success": "true",
            "Duration": "15",
            "RecordURL": RECORDING,
            "Caller": "103",
            "Callee": "101",
        },
        f"Success=true&Duration=15&RecordURL={RECORDING}&Caller=103&Callee=101"
        "&NotificationName=RecordCompleted",
    ),
    ("goto", {}, "NotificationName=GoTo"),
]


@pytest.mark.parametrize(("kind", "values", "expected"), VENDOR)
def test_bodies_are_the_vendors(
    kind: str, values: dict[str, str], expected: str
) -> None:
    assert wire.body(kind, values) == expected.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a&b=c%d", "a%26b%3Dc%25d"),
        ("+3630", "%2B3630"),
        ("Jó napot!", "J%C3%B3+napot!"),
        ("\r\n\x0c", "%0D%0A%0C"),
        ("\ud800", "?"),
    ],
)
def test_what_would_break_the_body_is_escaped(text: str, expected: str) -> None:
    body = wire.body("incoming_sms", {"Message": text})
    assert body.decode() == f"NotificationName=IncomingSMS&Message={expected}".replace(
        "=?", "=%3F"
    )


@pytest.mark.parametrize(
    ("base", "url", "expected"),
    [
        ("http://a.org", "http://a.org/x?y=1#z", "/x?y=1"),
        ("http://a.org", "http://a.org", "/"),
        ("http://a.org/", "http://A.ORG:80/x", "/x"),
        ("http://a.org", "HTTP://a.org/x", "/x"),
        ("https://a.org", "https://a.org:443/x", "/x"),
        ("http://a.org", "https://a.org/x", None),
        ("http://a.org", "http://a.org:8080/x", None),
        ("http://a.org", "http://a.org.evil.org/x", None),
        ("http://a.org", "http://evil.org/http://a.org/x", None),
        ("http://a.org", "http://a.org@evil.org/x", None),
        ("http://a.org", "http://user@a.org/x", None),
        ("http://a.org", "http://a.org:99999/x", None),
        ("http://a.org", "http://[::1/x", None),
        ("http://a.org", "//a.org/x", None),
        ("http://a.org", "/x", None),
        ("http://a.org", "file:///etc/passwd", None),
        ("http://a.org/app", "http://a.org/app/x", "/x"),
        ("http://a.org/app/", "http://a.org/app?x", "/?x"),
        ("http://a.org/app", "http://a.org/apple", None),
        ("http://a.org/app", "http://a.org/x", None),
        ("http://a.org/app", "http://a.org/app/../x", None),
        ("http://a.org/app", "http://a.org/app/%2e%2E/x", None),
        ("http://a.org/app", "http://a.org/app/..\\x", None),
        ("http://a.org", "http://a.org//evil.org/x", "//evil.org/x"),
        ("http://a.org", "http://a.org/é b%2F?q=é", "/%C3%A9%20b%2F?q=%C3%A9"),
        ("http://[::1]:8000", "http://[::1]:8000/x", "/x"),
    ],
)
def test_what_lies_below_the_base(base: str, url: str, expected: str | None) -> None:
    assert Base(base).relative(url) == expected


@pytest.mark.parametrize(
    "base",
    ["a.org", "ftp://a.org", "http://", "http://é.org", "http://[::1", "http://a:x"],
)
def test_a_base_is_a_url(base: str) -> None:
    with pytest.raises(ValueError, match="must be an absolute http or https URL"):
        PhoneSystem(base, {})


def test_in_process_the_urls_share_a_host() -> None:
    urls = {"incoming_call": "http://a.org/x", "goto": "http://b.org/x"}
    with pytest.raises(ValueError, match=r"on 2 hosts: http://a.org, http://b.org\."):
        PhoneSystem(Flask("app"), urls)


def test_in_process_below_a_prefix() -> None:
    app = Flask("app")
    seen: list[t.Any] = []

    @app.post("//evil.org/<path:rest>")
    def view(rest: str) -> str:
        seen.append((request.script_root, rest, request.query_string))
        seen.append(request.environ["REQUEST_URI"])
        seen.append((request.environ["SERVER_PROTOCOL"], request.remote_addr))
        return "<Response/>"

    url = "https://a.org/pbx//evil.org/a%3Fb/%C3%A9?q=%26"
    system = PhoneSystem(app, {"incoming_call": url}, "https://a.org/pbx")
    call = system.incoming_call()
    assert not call.errors
    assert seen == [
        ("/pbx", "a?b/é", b"q=%26"),
        "/pbx//evil.org/a%3Fb/%C3%A9?q=%26",
        ("HTTP/1.0", "127.0.0.1"),
    ]


def test_in_process_headers() -> None:
    seen: list[dict[str, str]] = []

    def answer() -> str:
        seen.append(dict(request.headers))
        return "<Response/>"

    Pages(incoming_call=answer).system.incoming_call()
    assert seen == [
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "Host": "localhost",
            "Cache-Control": "no-store,no-cache",
            "Pragma": "no-cache",
            "Content-Length": "71",
        }
    ]


def test_any_wsgi_application_is_read_and_closed() -> None:
    closed = []

    class Answer:
        def __iter__(self) -> Iterator[bytes]:
            yield b"<Response>"
            yield b"<Speak>a</Speak></Response>"

        def close(self) -> None:
            closed.append(True)

    def plain(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])
        return Answer() if environ["PATH_INFO"] == "/a" else [b"<Response/>"]

    urls = {"incoming_call": "http://localhost/a", "incoming_sms": "http://localhost/b"}
    system = PhoneSystem(plain, urls)
    assert system.incoming_call().heard == ["a"]
    assert closed == [True]
    assert not system.incoming_sms(message="Hi").errors


def test_the_environ_is_valid_and_its_errors_go_to_the_present_stderr() -> None:
    def plain(environ: t.Any, start_response: t.Any) -> t.Any:
        environ["wsgi.errors"].write("no agent is free\n")
        start_response("200 OK", [("Content-Type", "application/xml")])
        return [b"<Response/>"]

    urls = {"incoming_call": "http://localhost/a"}
    system = PhoneSystem(wsgiref.validate.validator(plain), urls)
    with contextlib.redirect_stderr(io.StringIO()) as stderr:
        assert not system.incoming_call().errors
    assert stderr.getvalue() == "no agent is free\n"


@contextlib.contextmanager
def listening(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server on a port of its own that gives each request the same bytes."""
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        requests.append(connection.recv(65536))
                        connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", requests
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_on_the_network_byte_for_byte() -> None:
    answer = b"<Response><Speak>Hi</Speak></Response>"
    with listening(b"HTTP/1.1 200 OK\r\n\r\n" + answer) as (base, requests):
        system = PhoneSystem(f"{base}/app", {"incoming_call": f"{base}/app/in/x?y=1"})
        assert system.incoming_call("500", "9998").heard == ["Hi"]
    host = base.removeprefix("http://")
    assert requests == [
        (
            "POST /app/in/x?y=1 HTTP/1.0\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Host: {host}\r\n"
            "Cache-Control: no-store,no-cache\r\n"
            "Pragma: no-cache\r\n"
            "Content-Length: 71\r\n"
            "\r\n"
            "NotificationName=IncomingCall&CallLegID=L1&Caller=500&ApiExtension=9998"
        ).encode()
    ]


def test_a_server_that_stands_for_another_url() -> None:
    with listening(b"HTTP/1.0 200 OK\r\n\r\n<Response/>") as (target, requests):
        base = "https://www.example.org/pbx"
        system = PhoneSystem(target, {"incoming_call": f"{base}/in"}, base)
        assert not system.incoming_call().errors
    assert requests[0].startswith(b"POST /in HTTP/1.0\r\n")
    assert b"\r\nHost: www.example.org\r\n" in requests[0]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "RemoteDisconnected"),
        (b"<Response/>", "BadStatusLine"),
        (b"HTTP/1.0 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "HTTPException"),
        (b"HTTP/1.0 302 Found\r\nLocation: /x\r\n\r\n", "status 302"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\n<Response/>", "cut off"),
        (b"HTTP/1.0 200 OK\r\n\r\n" + b"<" * 1_100_000, "longer than 1048576 bytes"),
    ],
)
def test_a_server_that_gives_no_answer(answer: bytes, message: str) -> None:
    with listening(answer) as (base, requests):
        call = PhoneSystem(base, {"incoming_call": f"{base}/in"}).incoming_call()
    (error,) = call.errors
    assert error.code == 300
    assert message in error.message
    assert len(requests) == 1


def test_no_server_and_no_tls() -> None:
    with listening(b"no TLS here") as (base, _):
        secure = base.replace("http:", "https:")
        call = PhoneSystem(secure, {"incoming_call": f"{secure}/in"}).incoming_call()
        assert "No answer from 127.0.0.1" in call.errors[0].message
    urls = {"incoming_call": f"{base}/in", "error": f"{base}/error"}
    call = PhoneSystem(base, urls).incoming_call()
    assert "ConnectionRefusedError" in call.errors[0].message
    assert call.state is CallState.ERROR


def test_a_host_name_that_cannot_be() -> None:
    base = f"http://{'a' * 64}.example"
    call = PhoneSystem(base, {"incoming_call": f"{base}/in"}).incoming_call()
    assert re.search("Unicode(Encode)?Error", call.errors[0].message)


def test_a_real_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TIMEOUT", 10.0)
    pages = Pages(
        incoming_call="<Response><UserInput ForwardToUrl='http://localhost:{}/pin'"
        " digits='2' timeout='5'/></Response>",
        pin="<Response><Speak>right</Speak></Response>",
    )
    with serving(pages.app) as port:
        base = f"http://localhost:{port}"
        pages.pages["incoming_call"] = str(pages.pages["incoming_call"]).format(port)
        system = PhoneSystem(base, {"incoming_call": f"{base}/incoming_call"})
        assert system.incoming_call().press("12").heard == ["right"]
    assert pages.asked == ["incoming_call", "pin"]


@contextlib.contextmanager
def serving(app: Callable[..., t.Any]) -> Iterator[int]:
    class Quiet(wsgiref.simple_server.WSGIRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with wsgiref.simple_server.make_server(
        "127.0.0.1", 0, app, handler_class=Quiet
    ) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
