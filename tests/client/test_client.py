import contextlib
import dataclasses
import datetime
import enum
import http.server
import importlib
import logging
import pathlib
import socket
import subprocess
import sys
import threading
import time
import traceback
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_ozml.client import ActiveCall
from flask_ozml.client import AuthenticationFailed
from flask_ozml.client import CallNotFound
from flask_ozml.client import CallRecord
from flask_ozml.client import Extension
from flask_ozml.client import ExtensionConfig
from flask_ozml.client import ExtensionUnavailable
from flask_ozml.client import Forbidden
from flask_ozml.client import MAX_REPLY
from flask_ozml.client import PhoneSystemClient
from flask_ozml.client import PhoneSystemError
from flask_ozml.client import PhoneSystemUnreachable
from flask_ozml.client import UnexpectedReply
from flask_ozml.errors import ConfigurationError
from flask_ozml.errors import InvalidParameter
from flask_ozml.errors import OzMLError
from flask_ozml.errors import ParameterTypeError
from flask_ozml.errors import StatusCode
from flask_ozml.http_api import replies
from flask_ozml.http_api import requests as queries
from flask_ozml.notifications import CallState

REPLIES = pathlib.Path(__file__).parents[1] / "data" / "replies"
SUCCESS = (REPLIES / "success.xml").read_bytes()
PASSWORD = "pass wörd&<7>"
SHORT = 0.3

Answer = Callable[[bytes], Iterator[bytes]]


def http_reply(body: bytes, head: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


class FakeServer(http.server.ThreadingHTTPServer):
    """Answers every POST with what a test sets, and keeps what was posted."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[str] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.over = threading.Event()
        self.reply_with(SUCCESS)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def reply_with(self, body: bytes) -> None:
        self.send(http_reply(body))

    def reply_from(self, name: str) -> None:
        self.reply_with((REPLIES / f"{name}.xml").read_bytes())

    def send(self, raw: bytes) -> None:
        self.answer: Answer = lambda body: iter([raw])

    def drip(self, start: bytes, drop: bytes) -> None:
        def answer(body: bytes) -> Iterator[bytes]:
            yield start
            while not self.over.wait(0.02):
                yield drop

        self.answer = answer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: FakeServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body.decode("ascii"))
        self.server.paths.append(self.path)
        self.server.headers.append(dict(self.headers))
        for part in self.server.answer(body):
            self.wfile.write(part)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Not to the terminal."""


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with running_server() as found:
        yield found


@contextlib.contextmanager
def running_server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def client(server: FakeServer) -> PhoneSystemClient:
    return PhoneSystemClient(server.url)


Ask = Callable[[PhoneSystemClient], object]

REQUESTS: list[tuple[str, Ask, str]] = [
    (
        "call",
        lambda c: c.call(
            "1000", api_extension="9994", url="http://xyz.com/call_connected.php"
        ),
        "command=Call&Dialed=1000&ApiExtension=9994"
        "&Url=http%3A%2F%2Fxyz.com%2Fcall_connected.php",
    ),
    (
        "call with all",
        lambda c: c.call(
            "+3612345",
            api_extension="9994",
            url="https://a.example/?x=1&y=%20",
            caller_id="3000",
            caller_display_name="John Smith",
            error_url="http://a.example/e",
        ),
        "command=Call&Dialed=%2B3612345&ApiExtension=9994"
        "&Url=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y%3D%2520&CallerId=3000"
        "&CallerDisplayName=John+Smith&ErrorUrl=http%3A%2F%2Fa.example%2Fe",
    ),
    (
        "send_sms",
        lambda c: c.send_sms(
            "Hello world", recipient="+062554670", api_extension="9994"
        ),
        "command=SendSms&ApiExtension=9994&Recipient=%2B062554670&Message=Hello+world",
    ),
    (
        "send_sms with all",
        lambda c: c.send_sms(
            "Árvíz & 1=1",
            recipient="1",
            api_extension="9994",
            sender="+061554669",
            delivery_report_url="http://a.example/d",
        ),
        "command=SendSms&ApiExtension=9994&Recipient=1"
        "&Message=%C3%81rv%C3%ADz+%26+1%3D1&Sender=%2B061554669"
        "&DeliveryReportURL=http%3A%2F%2Fa.example%2Fd",
    ),
    (
        "send_email",
        lambda c: c.send_email(
            recipient="a@b.example",
            api_extension="9994",
            subject="Hi",
            message="Line 1\r\nLine 2",
            sender="c@d.example",
        ),
        "command=SendEmail&ApiExtension=9994&Recipient=a%40b.example"
        "&Sender=c%40d.example&Subject=Hi&Message=Line+1%0D%0ALine+2",
    ),
    (
        "attended_transfer",
        lambda c: c.attended_transfer(
            transferred_call_id="270Okv", target_call_id="HL1bE"
        ),
        "command=AttendedTransfer&TransferredCallId=270Okv&TargetCallId=HL1bE",
    ),
    (
        "blind_transfer",
        lambda c: c.blind_transfer("1001", call_id="H2Wwb", transferor_party="callee"),
        "command=BlindTransfer&CallId=H2Wwb&TransferorParty=callee&Target=1001",
    ),
    (
        "forward",
        lambda c: c.forward("500", call_id="23Xdz7"),
        "command=Forward&CallId=23Xdz7&Destination=500",
    ),
    ("hangup", lambda c: c.hangup("23Xdz7"), "command=Hangup&CallId=23Xdz7"),
    ("hold", lambda c: c.hold("XzeOK"), "command=Hold&CallId=XzeOK"),
    ("unhold", lambda c: c.unhold("23Xdz7"), "command=Unhold&CallId=23Xdz7"),
    (
        "play",
        lambda c: c.play("moh/a b.wav", call_id="H2Wwb", party="all"),
        "command=Play&Party=all&CallId=H2Wwb&AudioFile=moh%2Fa+b.wav",
    ),
    (
        "play again",
        lambda c: c.play("a.mp3", call_id="H2Wwb", party="caller", repeat=True),
        "command=Play&Party=caller&CallId=H2Wwb&AudioFile=a.mp3&Repeat=true",
    ),
    (
        "play once",
        lambda c: c.play("a.mp3", call_id="H2Wwb", party="caller", repeat=False),
        "command=Play&Party=caller&CallId=H2Wwb&AudioFile=a.mp3&Repeat=false",
    ),
    ("record", lambda c: c.record("XzeOK"), "command=Record&CallId=XzeOK"),
    (
        "record with all",
        lambda c: c.record("XzeOK", format="wav", finished_url="http://a.example/r"),
        "command=Record&CallId=XzeOK&Format=wav&FinishedURL=http%3A%2F%2Fa.example%2Fr",
    ),
    (
        "send_dtmf",
        lambda c: c.send_dtmf("01234#", call_id="H2Wwb", party="callee"),
        "command=SendDTMF&CallId=H2Wwb&Party=callee&Keys=01234%23",
    ),
    (
        "speak",
        lambda c: c.speak("hello world", call_id="H2Wwb", party="all"),
        "command=Speak&CallId=H2Wwb&Text=hello+world&Party=all",
    ),
    ("list_active_calls", lambda c: c.list_active_calls(), "command=ListActiveCalls"),
    ("list_extensions", lambda c: c.list_extensions(), "command=ListExtensions"),
    (
        "add_config",
        lambda c: c.add_config(
            "SIP",
            ExtensionConfig(
                "100",
                user_id="user100",
                username="100",
                authorization_name="<&>",
                password="",
                last_ip_address="127.0.0.1",
            ),
        ),
        "command=AddConfig&ExtensionType=SIP"
        "&ConfigXML=%3CConfig+knownType%3D%22SIPExtensionInfo%22%3E"
        "%3CAuthorizationName%3E%26lt%3B%26amp%3B%26gt%3B%3C%2FAuthorizationName%3E"
        "%3CPassword%2F%3E%3CUsername%3E100%3C%2FUsername%3E"
        "%3CEnabled%3Etrue%3C%2FEnabled%3E%3CID%3E100%3C%2FID%3E"
        "%3CUserID%3Euser100%3C%2FUserID%3E%3C%2FConfig%3E",
    ),
    (
        "modify_config",
        lambda c: c.modify_config(
            "SIP",
            ExtensionConfig(
                "100",
                user_id="user1000",
                username="u",
                authorization_name="a",
                password="p",
                enabled=False,
                known_type="Other",
            ),
        ),
        "command=ModifyConfig&ExtensionType=SIP"
        "&ConfigXML=%3CConfig+knownType%3D%22Other%22%3E"
        "%3CAuthorizationName%3Ea%3C%2FAuthorizationName%3E"
        "%3CPassword%3Ep%3C%2FPassword%3E%3CUsername%3Eu%3C%2FUsername%3E"
        "%3CEnabled%3Efalse%3C%2FEnabled%3E%3CID%3E100%3C%2FID%3E"
        "%3CUserID%3Euser1000%3C%2FUserID%3E%3C%2FConfig%3E",
    ),
    (
        "modify_config with text, escaped as in the vendor's example",
        lambda c: c.modify_config("SIP", "&lt;Config/>"),
        "command=ModifyConfig&ExtensionType=SIP&ConfigXML=%26lt%3BConfig%2F%3E",
    ),
    (
        "remove_config",
        lambda c: c.remove_config("100"),
        "command=RemoveConfig&ExtensionId=100",
    ),
    ("get_call_history", lambda c: c.get_call_history(), "command=GetCallHistory"),
    (
        "get_call_history with all",
        lambda c: c.get_call_history(
            page_number=0,
            rows_per_page=20,
            from_time=datetime.datetime(2013, 1, 17, 13, 32, 12, 999),  # noqa: DTZ001  # local
            general="",
            direction="Internal",
            source="1",
            destination="2",
            state="CalleeHungUp",
            dialed="3",
            caller_id="4",
            call_id="5",
        ),
        "command=GetCallHistory&PageNumber=0&RowsPerPage=20"
        "&From=2013-01-17+13%3A32%3A12&General=&Direction=Internal&Source=1"
        "&Destination=2&State=CalleeHungUp&Dialed=3&CallerId=4&CallId=5",
    ),
    (
        "request",
        lambda c: c.request(
            "SendAlarmNotification",
            PhoneNumber="1000",
            account_number=1234,
            ZoneNumber=None,
            Test=True,
        ),
        "command=SendAlarmNotification&PhoneNumber=1000&AccountNumber=1234&Test=true",
    ),
    (
        "request of a known command, with a parameter of another version",
        lambda c: c.request("speak", CallId="x", text="Hi", party="all", Language="en"),
        "command=speak&CallId=x&Text=Hi&Party=all&Language=en",
    ),
]


@pytest.mark.parametrize(
    ("ask", "body"), [row[1:] for row in REQUESTS], ids=[row[0] for row in REQUESTS]
)
def test_requests(
    server: FakeServer, client: PhoneSystemClient, ask: Ask, body: str
) -> None:
    ask(client)
    assert server.bodies == [body]
    assert server.paths == ["/"]
    assert server.headers[0]["Content-Type"] == "application/x-www-form-urlencoded"


def test_get_config_request(server: FakeServer, client: PhoneSystemClient) -> None:
    server.reply_from("config")
    client.get_config("1000")
    assert server.bodies == ["command=GetConfig&ExtensionId=1000"]


def test_every_documented_request_was_made() -> None:
    made = {body.split("&")[0].removeprefix("command=") for _, _, body in REQUESTS}
    known = {request.command for request in queries.REQUESTS.values()}
    assert known - made == {"GetConfig"}
    assert len(known) == 20


def test_credentials_go_into_the_body(server: FakeServer) -> None:
    client = PhoneSystemClient(server.url, username="user1000", password=PASSWORD)
    client.hold("XzeOK")
    assert server.bodies == [
        "command=Hold&CallId=XzeOK&Username=user1000&Password=pass+w%C3%B6rd%26%3C7%3E"
    ]
    assert server.paths == ["/"]
    assert "Authorization" not in server.headers[0]


def test_path_of_the_url_is_kept(server: FakeServer) -> None:
    PhoneSystemClient(server.url + "pbx/api").hold("XzeOK")
    assert server.paths == ["/pbx/api"]


def test_environment_is_not_asked(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1/")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1/")
    monkeypatch.delenv("NO_PROXY", raising=False)
    PhoneSystemClient(server.url).hold("XzeOK")
    assert "Authorization" not in server.headers[0]


@settings(max_examples=60, deadline=None)
@example("\ud800 \udfff\x00\r\n")
@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_any_text_arrives(shared_server: FakeServer, text: str) -> None:
    PhoneSystemClient(shared_server.url).speak(text, call_id="x", party="all")
    fields = parse_qs(shared_server.bodies[-1], keep_blank_values=True)
    arrived = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    assert fields["Text"] == [arrived]


@pytest.fixture(scope="module")
def shared_server() -> Iterator[FakeServer]:
    with running_server() as found:
        yield found


WRONG: list[tuple[str, Callable[[t.Any], object], type[Exception], str]] = [
    (
        "a destination with white space",
        lambda c: c.call("23 10", api_extension="1", url="http://a.example"),
        InvalidParameter,
        r"^Call: 'dialed' must be .* length 5 with ' ' at index 2\.$",
    ),
    (
        "no destination",
        lambda c: c.call(None, api_extension="1", url="http://a.example"),
        ParameterTypeError,
        "^Call: 'dialed' is mandatory and must be a non-empty str",
    ),
    (
        "a URL that is not absolute",
        lambda c: c.call("2310", api_extension="1", url="/phone"),
        InvalidParameter,
        "^Call: 'url' must be an absolute http or https URL",
    ),
    (
        "a number as int",
        lambda c: c.forward(500, call_id="x"),
        ParameterTypeError,
        "^Forward: 'destination' .* got int",
    ),
    (
        "toll fraud by several numbers",
        lambda c: c.blind_transfer("1,2", call_id="x", transferor_party="caller"),
        InvalidParameter,
        "^BlindTransfer: 'target'",
    ),
    (
        "all as transferor",
        lambda c: c.blind_transfer("1", call_id="x", transferor_party="all"),
        InvalidParameter,
        "^BlindTransfer: 'transferor_party' must be 'caller' or 'callee'",
    ),
    (
        "an unknown party",
        lambda c: c.speak("Hi", call_id="x", party="both"),
        InvalidParameter,
        "^Speak: 'party' must be 'caller', 'callee' or 'all'",
    ),
    (
        "keys that are none",
        lambda c: c.send_dtmf("12x", call_id="x", party="all"),
        InvalidParameter,
        "^SendDTMF: 'keys' .* with 'x' at index 2",
    ),
    (
        "a header injected",
        lambda c: c.send_email(recipient="a@b\nBcc: c@d", api_extension="1"),
        InvalidParameter,
        "^SendEmail: 'recipient'",
    ),
    (
        "an unknown format",
        lambda c: c.record("x", format="ogg"),
        InvalidParameter,
        "^Record: 'format' must be 'mp3' or 'wav'",
    ),
    (
        "a truth that is a text",
        lambda c: c.play("a", call_id="x", party="all", repeat="yes"),
        ParameterTypeError,
        "^Play: 'repeat' must be a bool, got str",
    ),
    (
        "no extension",
        lambda c: c.remove_config(""),
        InvalidParameter,
        "^RemoveConfig: 'extension_id'",
    ),
    (
        "a page before the first",
        lambda c: c.get_call_history(page_number=-1),
        InvalidParameter,
        "^GetCallHistory: 'page_number' must be an int from 0",
    ),
    (
        "a page without rows",
        lambda c: c.get_call_history(rows_per_page=0),
        InvalidParameter,
        "^GetCallHistory: 'rows_per_page' must be an int from 1",
    ),
    (
        "a time with a zone",
        lambda c: c.get_call_history(from_time=datetime.datetime.now(datetime.UTC)),
        InvalidParameter,
        "^GetCallHistory: 'from_time' must be a datetime without a zone",
    ),
    (
        "a config that is none",
        lambda c: c.add_config("SIP", {"ID": "1"}),
        ParameterTypeError,
        "^AddConfig: 'config' must be an ExtensionConfig or a str, not dict",
    ),
    (
        "a request that is no name",
        lambda c: c.request("Call&x=1"),
        InvalidParameter,
        "^request: 'command' must be a name of ASCII letters",
    ),
    (
        "a parameter of the client's",
        lambda c: c.request("Hold", PASSWORD="x"),
        ParameterTypeError,
        "^Hold: 'PASSWORD' is given twice, or set by the client",
    ),
    (
        "a parameter twice",
        lambda c: c.request("Hold", call_id="x", CallID="y"),
        ParameterTypeError,
        "^Hold: 'CallID' is given twice",
    ),
    (
        "a parameter that cannot be written",
        lambda c: c.request("ListExtensionTypes", Type=["SIP"]),
        ParameterTypeError,
        "^ListExtensionTypes: 'Type' must be a str, an int, a bool or a datetime,"
        " got list",
    ),
    (
        "a known rule by the other way",
        lambda c: c.request("Forward", CallId="x", Destination="1;2"),
        InvalidParameter,
        "^Forward: 'destination'",
    ),
]


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [row[1:] for row in WRONG],
    ids=[row[0] for row in WRONG],
)
def test_wrong_arguments_are_not_sent(
    server: FakeServer,
    client: PhoneSystemClient,
    ask: Ask,
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        ask(client)
    assert server.bodies == []


UTEOM = ActiveCall(
    call_state=CallState.IN_CALL,
    call_id="uteom",
    source="1000",
    caller_id="John Smith",
    destination="1001",
    start_time=datetime.datetime(
        2013,
        7,
        1,
        10,
        49,
        7,
        955800,
        datetime.timezone(datetime.timedelta(hours=2)),
    ),
    ring_duration=datetime.timedelta(seconds=2),
    talk_duration=datetime.timedelta(seconds=956),
)
H2WWB = ActiveCall(
    call_state="Parked",
    call_id="H2Wwb",
    source="+36301112222",
    caller_id="Thomas & M. O'Neil",
    destination="1002",
    start_time=datetime.datetime(2013, 7, 1, 8, 49, 7, 123456, datetime.UTC),
    ring_duration=datetime.timedelta(milliseconds=749),
    talk_duration=datetime.timedelta(0),
)
PR14T = CallRecord(
    start_time=datetime.datetime(2013, 8, 13, 8, 4, 47),  # noqa: DTZ001  # local
    direction="Internal",
    source="1003",
    destination="1001",
    state="CalleeHungUp",
    dialed="1001",
    caller_id="1003",
    type="Audio",
    call_id="PR14t",
)
CONFIG = ExtensionConfig(
    "1000",
    user_id="user1000",
    username="",
    authorization_name="1000",
    password="tel-1000-secret",
    enabled=True,
    known_type="SIPExtensionInfo",
    last_ip_address="192.168.115.188:5060 (Udp)",
    user_agent_name="Grandstream GXP2000 1.2.5.3",
)

RESULTS: list[tuple[str, Ask, object]] = [
    ("success", lambda c: c.hangup("x"), None),
    ("success", lambda c: send_sms(c), ""),
    ("sms_sent", lambda c: send_sms(c), "6b5c6978-0cd6-4a58-86fc-3d1b279b9201"),
    ("sms_sent_nested", lambda c: send_sms(c), "6b5c6978-0cd6-4a58-86fc-3d1b279b9201"),
    ("success", lambda c: call(c), ""),
    ("call_with_id", lambda c: call(c), "uteom"),
    ("active_calls_one", lambda c: c.list_active_calls(), [UTEOM]),
    ("active_calls_many", lambda c: c.list_active_calls(), [UTEOM, H2WWB]),
    ("active_calls_empty", lambda c: c.list_active_calls(), []),
    ("active_calls_self_closing", lambda c: c.list_active_calls(), []),
    ("active_calls_nil", lambda c: c.list_active_calls(), []),
    ("success", lambda c: c.list_active_calls(), []),
    ("extensions_one", lambda c: c.list_extensions(), [Extension("1000", "SIP")]),
    (
        "extensions_many",
        lambda c: c.list_extensions(),
        [Extension(id, "SIP") for id in ("1000", "1001", "1002", "100")],
    ),
    ("success", lambda c: c.list_extensions(), []),
    ("config", lambda c: c.get_config("1000"), CONFIG),
    ("call_history_one", lambda c: c.get_call_history(), [PR14T]),
    ("call_history_empty", lambda c: c.get_call_history(), []),
    (
        "call_history_one",
        lambda c: c.request("GetCallHistory")["NumberOfCalls"],
        "1",
    ),
    (
        "success",
        lambda c: c.request("ListExtensionTypes"),
        {"Code": "200", "Message": "Command successfully executed"},
    ),
]


def call(client: PhoneSystemClient) -> str:
    return client.call("2310", api_extension="9999", url="http://a.example/")


def send_sms(client: PhoneSystemClient) -> str:
    return client.send_sms("Hi", recipient="2310", api_extension="9999")


@pytest.mark.parametrize(("name", "ask", "result"), RESULTS)
def test_results(
    server: FakeServer, client: PhoneSystemClient, name: str, ask: Ask, result: object
) -> None:
    server.reply_from(name)
    assert ask(client) == result


def test_attributes_are_no_matter(
    server: FakeServer, client: PhoneSystemClient
) -> None:
    server.reply_with(
        b'<Response xmlns="urn:x" xmlns:i="urn:y"><Code i:type="int">200</Code>'
        b'<SmsId a="b">x</SmsId></Response>'
    )
    assert send_sms(client) == "x"


def test_call_history_keeps_its_order(
    server: FakeServer, client: PhoneSystemClient
) -> None:
    server.reply_from("call_history_many")
    history = client.get_call_history()
    assert [record.call_id for record in history] == [
        "20GPS3",
        "2Fqjg2",
        "AOZXH",
        "PR14t",
    ]
    assert history[3] == PR14T
    assert history[0].state == "TransferCompleted"


def test_call_state_is_typed(server: FakeServer, client: PhoneSystemClient) -> None:
    server.reply_from("active_calls_many")
    first, second = client.list_active_calls()
    assert first.call_state is CallState.IN_CALL
    assert type(second.call_state) is str
    assert type(first.start_time.utcoffset()) is datetime.timedelta


@pytest.mark.parametrize("digits", range(1, 8))
def test_fractions_of_seconds(digits: int) -> None:
    text = "1234567"[:digits]
    document = (REPLIES / "active_calls_one.xml").read_bytes()
    document = document.replace(b".9558", b"." + text.encode())
    (found,) = replies.active_calls(replies.parse(document))
    assert found.start_time.microsecond == int(text.ljust(6, "0")[:6])


def test_results_are_frozen_and_show_no_numbers_or_credentials() -> None:
    shown = repr([UTEOM, H2WWB, PR14T])
    for text in ("1000", "John", "1001", "+36", "Neil", "1002", "1003"):
        assert text not in shown
    assert "uteom" in shown
    assert "tel-1000-secret" not in repr(CONFIG)
    for result in (UTEOM, PR14T, CONFIG, Extension("1", "SIP")):
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            result.call_id = "x"  # type: ignore[union-attr, misc]  # that is the test
        assert not hasattr(result, "__dict__")


def test_received_config_can_be_changed_and_sent(
    server: FakeServer, client: PhoneSystemClient
) -> None:
    server.reply_from("config")
    config = client.get_config("1000")
    server.reply_with(SUCCESS)
    client.modify_config(
        "SIP", dataclasses.replace(config, username="1000", enabled=False)
    )
    assert parse_qs(server.bodies[-1])["ConfigXML"] == [
        '<Config knownType="SIPExtensionInfo"><AuthorizationName>1000'
        "</AuthorizationName><Password>tel-1000-secret</Password>"
        "<Username>1000</Username><Enabled>false</Enabled><ID>1000</ID>"
        "<UserID>user1000</UserID></Config>"
    ]


@pytest.mark.parametrize(
    "name", ["extension_unavailable", "extension_unavailable_as_printed"]
)
def test_extension_unavailable(
    server: FakeServer, client: PhoneSystemClient, name: str
) -> None:
    server.reply_from(name)
    with pytest.raises(ExtensionUnavailable) as caught:
        call(client)
    assert caught.value.code is StatusCode.API_EXTENSION_UNAVAILABLE
    assert caught.value.command == "Call"
    assert caught.value.message == (
        "API extension '9986' unavailable, please check configuration or permissions"
    )
    assert str(caught.value) == (
        "Call: 401 API_EXTENSION_UNAVAILABLE: API extension '9986' unavailable, please"
        " check configuration or permissions"
    )


def test_vendors_content_length_fits_its_sample() -> None:
    assert len((REPLIES / "extension_unavailable.xml").read_bytes()) == 263


def test_call_not_found(server: FakeServer, client: PhoneSystemClient) -> None:
    server.reply_from("call_not_found")
    with pytest.raises(CallNotFound, match="Call not found with ID g67th7") as caught:
        client.hangup("g67th7")
    assert caught.value.code is StatusCode.CALL_NOT_FOUND


ERRORS = {
    300: PhoneSystemError,
    301: PhoneSystemError,
    302: PhoneSystemError,
    303: PhoneSystemError,
    304: AuthenticationFailed,
    305: AuthenticationFailed,
    306: Forbidden,
    307: Forbidden,
    401: ExtensionUnavailable,
    402: PhoneSystemError,
    501: PhoneSystemError,
    601: CallNotFound,
    701: PhoneSystemError,
    702: PhoneSystemError,
    703: PhoneSystemError,
    0: PhoneSystemError,
    201: PhoneSystemError,
    999: PhoneSystemError,
}


def reply(code: object, message: str = "") -> bytes:
    return (
        f"<Response><Code>{code}</Code><Message>{message}</Message></Response>"
    ).encode()


@pytest.mark.parametrize(("code", "error"), ERRORS.items())
def test_codes(
    server: FakeServer,
    client: PhoneSystemClient,
    code: int,
    error: type[PhoneSystemError],
) -> None:
    server.reply_with(reply(code, "to '2310'"))
    with pytest.raises(PhoneSystemError) as caught:
        client.list_active_calls()
    assert type(caught.value) is error
    assert caught.value.code == code
    assert caught.value.message == "to '2310'"
    telling = code in (300, 402, 0, 201, 999)
    assert ("2310" in str(caught.value)) is not telling


def test_every_code_is_listed() -> None:
    assert {int(code) for code in StatusCode} <= {*ERRORS, 200}


def test_unlisted_code_is_an_int(server: FakeServer, client: PhoneSystemClient) -> None:
    server.reply_with(reply(999))
    with pytest.raises(PhoneSystemError, match=r"^ListExtensions: 999\.$") as caught:
        client.list_extensions()
    assert type(caught.value.code) is int


NESTED = b"<a>" * 1_000_000
DOCTYPE = b'<!DOCTYPE Response [<!ENTITY a "b">]>'
EXTERNAL = b'<!DOCTYPE Response [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
OK = b"<Code>200</Code>"

BAD_REPLIES: dict[str, tuple[bytes, str]] = {
    "nothing": (http_reply(b""), "not well-formed XML"),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le", "not well-formed XML"),
    "HTML": (
        http_reply(b"<html><body><p>It works!<br></body></html>"),
        "not well-formed XML",
    ),
    "XHTML": (http_reply(b"<html><Code>200</Code></html>"), "no element 'Response'"),
    "JSON": (http_reply(b'{"Code": 200}'), "not well-formed XML"),
    "cut XML": (http_reply(SUCCESS[:-3]), "not well-formed XML"),
    "two roots": (http_reply(SUCCESS + b"<a/>"), "not well-formed XML"),
    "an unknown encoding": (
        http_reply(b'<?xml version="1.0" encoding="klingon"?><Response/>'),
        "not well-formed XML",
    ),
    "raw bytes": (
        http_reply(b"<Response><Code>200</Code><Message>\xe1</Message></Response>"),
        "not well-formed XML",
    ),
    "a document type": (
        http_reply(b"<!DOCTYPE Response><Response>" + OK + b"</Response>"),
        "document type",
    ),
    "an entity": (
        http_reply(DOCTYPE + b"<Response>" + OK + b"&a;</Response>"),
        "document type",
    ),
    "an entity outside": (
        http_reply(EXTERNAL + b"<Response>" + OK + b"&a;</Response>"),
        "document type",
    ),
    "an entity of HTML": (
        http_reply(b"<Response>" + OK + b"&nbsp;</Response>"),
        "not well-formed XML",
    ),
    "depth": (http_reply(b"<Response>" + NESTED), "more than 32 deep"),
    "no content": (http_reply(b"<Response/>"), "no element 'Response'"),
    "text": (http_reply(b"<Response>200</Response>"), "no element 'Response'"),
    "another case": (http_reply(b"<response/>"), "no element 'Response'"),
    "no code": (http_reply(b"<Response><Message/></Response>"), "'Code'"),
    "an empty code": (http_reply(reply("")), "'Code'"),
    "a code that is none": (http_reply(reply("OK")), "'Code'"),
    "a negative code": (http_reply(reply(-200)), "'Code'"),
    "two codes": (
        http_reply(b"<Response>" + OK + OK + b"</Response>"),
        "several 'Code'",
    ),
    "a list that is a text": (
        http_reply(b"<Response>" + OK + b"<ActiveCalls>x</ActiveCalls></Response>"),
        "'ActiveCalls'",
    ),
    "two lists": (
        http_reply(b"<Response>" + OK + b"<ActiveCalls/><ActiveCalls/></Response>"),
        "'ActiveCalls'",
    ),
    "a call without content": (
        http_reply(
            b"<Response>" + OK + b"<ActiveCalls><CallInfo/></ActiveCalls></Response>"
        ),
        "'CallInfo'",
    ),
    "100 MB": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n" + b" " * 8_000_000,
        "more than 4194304 bytes",
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
    "redirect to no URL": (
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
        "HTTP status 302",
    ),
    "redirect to no text": (
        b"HTTP/1.1 302 Found\r\nLocation: /\xe9\r\nContent-Length: 0\r\n\r\n",
        "HTTP status 302",
    ),
    "500": (http_reply(SUCCESS, b"500 Oops"), "HTTP status 500"),
    "401": (http_reply(b"", b"401 Unauthorized"), "HTTP status 401"),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", "HTTP status 204"),
}


@pytest.mark.parametrize(
    ("raw", "message"), BAD_REPLIES.values(), ids=BAD_REPLIES.keys()
)
def test_bad_replies(
    server: FakeServer, client: PhoneSystemClient, raw: bytes, message: str
) -> None:
    server.send(raw)
    with pytest.raises(UnexpectedReply, match=message):
        client.list_active_calls()
    assert len(server.bodies) == 1


def test_the_body_of_a_redirect_is_not_read(
    server: FakeServer, client: PhoneSystemClient
) -> None:
    server.drip(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b" ")
    with pytest.raises(UnexpectedReply, match="HTTP status 302"):
        client.list_active_calls()


class Word(str, enum.Enum):  # noqa: UP042  # a StrEnum writes its value
    """Its members write themselves as Word.CALLER."""

    CALLER = "caller"
    SECRET = "secret"


class Number(int, enum.Enum):
    FIVE = 5


def test_what_a_subclass_adds_to_a_value_is_not_sent(server: FakeServer) -> None:
    client = PhoneSystemClient(server.url, username="u", password=Word.SECRET)
    client.speak("Hi", call_id="x", party=Word.CALLER)  # type: ignore[arg-type]  # no Literal
    client.request("Foo", word=Word.CALLER, number=Number.FIVE)
    assert server.bodies == [
        "command=Speak&CallId=x&Text=Hi&Party=caller&Username=u&Password=secret",
        "command=Foo&Word=caller&Number=5&Username=u&Password=secret",
    ]


def test_an_empty_filter_of_the_history_is_none(
    server: FakeServer, client: PhoneSystemClient
) -> None:
    # As in the vendor's sample.
    server.reply_from("call_history_empty")
    client.get_call_history(dialed="")
    assert server.bodies[0].endswith("command=GetCallHistory&Dialed=")


def test_reply_at_the_limit_is_read(
    server: FakeServer, client: PhoneSystemClient
) -> None:
    server.reply_with(SUCCESS.ljust(MAX_REPLY))
    assert client.list_active_calls() == []
    server.reply_with(SUCCESS.ljust(MAX_REPLY + 1))
    with pytest.raises(UnexpectedReply, match="bytes"):
        client.list_active_calls()


def test_chunked_reply_is_read(server: FakeServer, client: PhoneSystemClient) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.send(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(SUCCESS), SUCCESS))
    assert client.list_active_calls() == []


def test_reply_that_ends_with_the_connection_is_read(
    server: FakeServer, client: PhoneSystemClient
) -> None:
    server.send(b"HTTP/1.0 200 OK\r\n\r\n" + SUCCESS)
    assert client.list_active_calls() == []


BAD_VALUES = [
    ("active_calls_one", b"2013-07-01T10:49:07.9558+02:00", b"yesterday", "StartTime"),
    ("active_calls_one", b"2013-07-01T10:49:07.9558+02:00", b"", "StartTime"),
    ("active_calls_one", b">2<", b">-2<", "RingDuration"),
    ("active_calls_one", b">956<", b">1e9<", "TalkDuration"),
    ("call_history_one", b"2013-08-13 08:04:47", b"2013-13-13 08:04:47", "StartTime"),
    ("config", b"<Enabled>true", b"<Enabled>maybe", "Enabled"),
    ("config", b"Config", b"Other", "Config"),
]


@pytest.mark.parametrize(("name", "old", "new", "element"), BAD_VALUES)
def test_unreadable_values(name: str, old: bytes, new: bytes, element: str) -> None:
    document = (REPLIES / f"{name}.xml").read_bytes()
    assert old in document
    read = {
        "active_calls_one": replies.active_calls,
        "call_history_one": replies.call_records,
        "config": replies.extension_config,
    }[name]
    found = replies.parse(document.replace(old, new))
    with pytest.raises(UnexpectedReply, match=f"'{element}'") as caught:
        read(found)
    assert new.decode() == "" or new.decode() not in str(caught.value).split()


@pytest.mark.parametrize("name", ["active_calls_many", "config", "call_history_one"])
def test_no_changed_byte_gives_another_error(name: str) -> None:
    document = (REPLIES / f"{name}.xml").read_bytes()
    outcomes = {"read": 0, "refused": 0}
    for index in range(len(document)):
        for changed in (
            document[:index],
            *(document[:index] + b + document[index + 1 :] for b in (b"<", b"0", b"x")),
        ):
            try:
                found = replies.parse(changed)
                replies.check("X", found, str)
                replies.active_calls(found)
                replies.call_records(found)
                replies.extension_config(found)
                outcomes["read"] += 1
            except (UnexpectedReply, PhoneSystemError):
                outcomes["refused"] += 1
    assert outcomes["refused"] > len(document)


BROKEN = {
    "closed at once": b"",
    "no HTTP": b"220 mail.example ESMTP\r\n",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 217\r\n\r\n" + SUCCESS[:100],
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n<",
    "no chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n",
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN.keys())
def test_broken_connections_are_not_retried(
    server: FakeServer, client: PhoneSystemClient, raw: bytes
) -> None:
    server.send(raw)
    with pytest.raises(PhoneSystemUnreachable, match="No reply from http"):
        call(client)
    assert len(server.bodies) == 1


DRIPS = {
    "silence": (b"", b""),
    "the head": (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "the body": (b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n", b" "),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}


@pytest.mark.parametrize(("start", "drop"), DRIPS.values(), ids=DRIPS.keys())
def test_slow_replies_end_in_time(
    server: FakeServer, start: bytes, drop: bytes
) -> None:
    server.drip(start, drop)
    begin = time.monotonic()
    with pytest.raises(PhoneSystemUnreachable, match=r"whole within 0\.3 seconds\.$"):
        PhoneSystemClient(server.url, timeout=SHORT).hold("x")
    assert time.monotonic() - begin < SHORT + 1
    assert len(server.bodies) == 1


def test_abandoned_body_ends_by_itself(server: FakeServer) -> None:
    server.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n", b" ")
    before = set(threading.enumerate())
    with pytest.raises(PhoneSystemUnreachable):
        PhoneSystemClient(server.url, timeout=SHORT).hold("x")
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive()


def test_slow_reading_ends_in_time(server: FakeServer) -> None:
    server.reply_with(b"<Response>" + b"<a/>" * 1_000_000 + b"</Response>")
    begin = time.monotonic()
    with pytest.raises(PhoneSystemUnreachable, match="within"):
        PhoneSystemClient(server.url, timeout=0.1).hold("x")
    assert time.monotonic() - begin < 1


def test_slow_name_lookup_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def lookup(*args: object) -> t.NoReturn:
        over.wait(5)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    before = set(threading.enumerate())
    with pytest.raises(PhoneSystemUnreachable, match=r"within 0\.1 seconds"):
        PhoneSystemClient("http://pbx.example/", timeout=0.1).hold("x")
    over.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    with pytest.raises(PhoneSystemUnreachable, match="Name or service not known"):
        PhoneSystemClient("http://pbx.example/").hold("x")


def test_connection_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(
        PhoneSystemUnreachable,
        match=rf"^No reply from http://127.0.0.1:{port}/: Connection refused\.$",
    ):
        PhoneSystemClient(f"http://127.0.0.1:{port}/").hold("x")


def test_strange_host_is_unreachable() -> None:
    with pytest.raises(PhoneSystemUnreachable):
        PhoneSystemClient(f"http://{'a' * 70}.example/").hold("x")


def test_plain_server_is_no_tls_server(server: FakeServer) -> None:
    url = server.url.replace("http:", "https:")
    with pytest.raises(PhoneSystemUnreachable):
        PhoneSystemClient(url).hold("x")


def test_threads_may_share_a_client(server: FakeServer) -> None:
    def answer(body: bytes) -> Iterator[bytes]:
        text = parse_qs(body.decode())["Message"][0]
        yield http_reply(
            b"<Response><Code>200</Code><SmsId>%s</SmsId></Response>" % text.encode()
        )

    server.answer = answer
    client = PhoneSystemClient(server.url)
    texts = [f"text {number}" for number in range(64)]
    with ThreadPoolExecutor(16) as pool:
        ids = pool.map(
            lambda text: client.send_sms(text, recipient="1", api_extension="2"), texts
        )
        assert list(ids) == texts


def all_texts(error: BaseException, capture_locals: bool) -> str:
    texts: list[str] = []
    chain: BaseException | None = error
    while chain:
        texts += traceback.TracebackException.from_exception(
            chain, capture_locals=capture_locals
        ).format()
        texts += [repr(chain), repr(vars(chain))]
        chain = chain.__cause__ or chain.__context__
    return "\n".join(texts)


ECHOES: dict[str, bytes] = {
    "encoded": reply(300, "parsing 'Password=PASS+W%C3%B6RD%26%3C7%3E'"),
    "decoded": reply(302, "invalid 'pass wörd&amp;&lt;7&gt;' for 'Hold'"),
    "as a path": reply(302, "invalid 'pass%20w%c3%b6rd%26%3c7%3e'"),
    "no XML": "pass wörd&<7>".encode(),
    "no XML name": "<pass wörd&<7>/>".encode(),
}


@pytest.mark.parametrize("body", ECHOES.values(), ids=ECHOES.keys())
def test_password_that_is_echoed_leaks_nowhere(
    server: FakeServer, caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    server.reply_with(body)
    leak_nothing(server.url, caplog, capture_locals=False)


LEAKS: dict[str, bytes] = {
    "refused": http_reply(
        reply(305, "Authentication failed, bad username or password")
    ),
    "no XML": http_reply(b"It works!"),
    "500": http_reply(b"", b"500 Oops"),
    **BROKEN,
}


@pytest.mark.parametrize("raw", LEAKS.values(), ids=LEAKS.keys())
def test_password_leaks_nowhere_and_not_by_locals(
    server: FakeServer, caplog: pytest.LogCaptureFixture, raw: bytes
) -> None:
    server.send(raw)
    leak_nothing(server.url, caplog)


def test_password_leaks_nowhere_without_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    leak_nothing("http://127.0.0.1:1/", caplog)


def leak_nothing(
    url: str, caplog: pytest.LogCaptureFixture, *, capture_locals: bool = True
) -> None:
    client = PhoneSystemClient(url, username="user1000", password=PASSWORD)
    with caplog.at_level(logging.DEBUG), pytest.raises(OzMLError) as caught:
        client.hold("XzeOK")
    assert not isinstance(caught.value.__context__, OSError)
    texts = all_texts(caught.value, capture_locals) + repr(client) + caplog.text
    texts += repr([vars(record) for record in caplog.records])
    for part in ("wörd", "w%c3", r"w\xc3", r"w\xf6"):
        assert part not in texts.lower()


def test_empty_password_hides_nothing(server: FakeServer) -> None:
    server.reply_with(reply(601, "Call not found"))
    with pytest.raises(CallNotFound, match=r"Call not found$"):
        PhoneSystemClient(server.url, username="", password="").hold("x")
    assert server.bodies == ["command=Hold&CallId=x&Username=&Password="]


OPTIONS: list[tuple[dict[str, t.Any], str, str]] = [
    ({"url": None}, "url", "must be an absolute http or https URL"),
    ({"url": "127.0.0.1:7780"}, "url", "must be an absolute http or https URL"),
    ({"url": "ftp://pbx/"}, "url", "must be an absolute http or https URL"),
    ({"url": "http://me:secret@pbx/"}, "url", "without user name"),
    ({"url": "http://pbx/?command=Call"}, "url", "without user name"),
    ({"url": "http://pbx:99999/"}, "url", "without user name"),
    ({"url": "http://pbx:0/"}, "url", "without user name"),
    ({"password": "secret"}, "username", "is missing: a user name and a password"),
    ({"username": "me"}, "password", "is missing: a user name and a password"),
    ({"username": 1, "password": "secret"}, "username", "must be a str, not int"),
    ({"username": "me", "password": 83415}, "password", "must be a str, not int"),
    ({"timeout": "10"}, "timeout", "must be a number of seconds, not str"),
    ({"timeout": True}, "timeout", "must be a number of seconds, not bool"),
    ({"timeout": 0}, "timeout", "must be above 0"),
    ({"timeout": float("nan")}, "timeout", "must be above 0"),
    ({"timeout": float("inf")}, "timeout", "must be above 0"),
]


@pytest.mark.parametrize(("options", "name", "message"), OPTIONS)
def test_wrong_options(options: dict[str, t.Any], name: str, message: str) -> None:
    url = {"url": "http://pbx/"}
    with pytest.raises(InvalidParameter, match=message) as caught:
        PhoneSystemClient(**url | options)
    assert caught.value.parameter == name
    assert "secret" not in str(caught.value)
    assert caught.value.value != 83415


@pytest.mark.parametrize(("options", "name", "message"), OPTIONS)
def test_wrong_config(options: dict[str, t.Any], name: str, message: str) -> None:
    options = {"url": "http://pbx/", **options}
    config = {f"OZML_PHONE_SYSTEM_{key.upper()}": v for key, v in options.items()}
    with pytest.raises(ConfigurationError, match=message) as caught:
        PhoneSystemClient.from_config(config)
    assert str(caught.value).startswith(f"OZML_PHONE_SYSTEM_{name.upper()} ")
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_missing_config() -> None:
    with pytest.raises(ConfigurationError, match=r"^OZML_PHONE_SYSTEM_URL must be"):
        PhoneSystemClient.from_config({})


def test_config(server: FakeServer) -> None:
    client = PhoneSystemClient.from_config(
        {
            "OZML_PHONE_SYSTEM_URL": server.url,
            "OZML_PHONE_SYSTEM_USERNAME": "me",
            "OZML_PHONE_SYSTEM_PASSWORD": "p",
            "OZML_PHONE_SYSTEM_TIMEOUT": 5,
        }
    )
    assert client.timeout == 5.0
    assert repr(client) == f"PhoneSystemClient('{server.url}', timeout=5.0)"
    client.hold("x")
    assert server.bodies == ["command=Hold&CallId=x&Username=me&Password=p"]


def test_shortest_config(server: FakeServer) -> None:
    client = PhoneSystemClient.from_config({"OZML_PHONE_SYSTEM_URL": server.url})
    assert client.timeout == 10.0
    client.hold("x")
    assert server.bodies == ["command=Hold&CallId=x"]


def test_without_requests_the_import_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    monkeypatch.delitem(sys.modules, "flask_ozml.client")
    with pytest.raises(ImportError, match=r"pip install 'Flask-OzML\[client\]'"):
        importlib.import_module("flask_ozml.client")


def test_package_does_not_need_the_client() -> None:
    code = (
        "import sys, flask_ozml;"
        "print({'requests', 'xmltodict', 'flask_ozml.client'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
