"""How replies are read: results, errors, and what is not a reply."""

import dataclasses
import datetime
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest

from client.fake_server import FakeServer
from client.fake_server import REPLIES
from client.fake_server import SUCCESS
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
from flask_ozml.client import UnexpectedReply
from flask_ozml.errors import StatusCode
from flask_ozml.http_api import replies
from flask_ozml.notifications import CallState

Ask = Callable[[PhoneSystemClient], object]

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
#: What the later version of the API shows.
VQHKD = ActiveCall(
    call_state=CallState.RINGING,
    call_id="1vQHKd",
    source="103",
    caller_id="103",
    destination="101",
    start_time=datetime.datetime(2019, 4, 9, 10, 34, 7),  # noqa: DTZ001  # local
    ring_duration=datetime.timedelta(milliseconds=749),
    talk_duration=datetime.timedelta(0),
)
ZS1B3 = ActiveCall(
    call_state=CallState.IN_CALL,
    call_id="1zS1b3",
    source="104",
    caller_id="104",
    destination="105",
    start_time=datetime.datetime(2019, 4, 9, 10, 34, 8),  # noqa: DTZ001  # local
    ring_duration=datetime.timedelta(milliseconds=1250),
    talk_duration=datetime.timedelta(milliseconds=2500),
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
    (
        "extensions_later",
        lambda c: c.list_extensions(),
        [
            Extension("101@localhost", "Phone"),
            Extension("106@localhost", "IVR extension"),
        ],
    ),
    ("success", lambda c: c.list_extensions(), []),
    ("active_calls_later", lambda c: c.list_active_calls(), [VQHKD, ZS1B3]),
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
def test_a_reply_becomes_a_typed_result(
    server: FakeServer, client: PhoneSystemClient, name: str, ask: Ask, result: object
) -> None:
    server.reply_from(name)
    assert ask(client) == result


def test_attributes_and_namespaces_are_ignored(
    server: FakeServer, client: PhoneSystemClient
) -> None:
    server.reply_with(
        b'<Response xmlns="urn:x" xmlns:i="urn:y"><Code i:type="int">200</Code>'
        b'<SmsId a="b">x</SmsId></Response>'
    )
    assert send_sms(client) == "x"


def test_the_call_history_keeps_its_order(
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


def test_an_unknown_call_state_stays_a_str(
    server: FakeServer, client: PhoneSystemClient
) -> None:
    server.reply_from("active_calls_many")
    first, second = client.list_active_calls()
    assert first.call_state is CallState.IN_CALL
    assert type(second.call_state) is str
    assert type(first.start_time.utcoffset()) is datetime.timedelta


@pytest.mark.parametrize("digits", range(1, 8))
def test_a_time_may_have_up_to_seven_digits_of_a_second(digits: int) -> None:
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
    config = dataclasses.replace(
        CONFIG, username="my-secret", authorization_name="its-secret"
    )
    assert "secret" not in repr(config)
    for result in (UTEOM, PR14T, CONFIG, Extension("1", "SIP")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            result.call_id = "x"  # type: ignore[union-attr, misc]  # that is the test


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
def test_the_vendors_example_of_an_error(
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


def test_the_vendors_example_of_a_call_that_is_not_found(
    server: FakeServer, client: PhoneSystemClient
) -> None:
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
def test_a_code_becomes_an_exception(
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


def test_every_code_was_tried() -> None:
    assert {int(code) for code in StatusCode} <= {*ERRORS, 200}


def test_a_code_that_the_vendor_does_not_list_is_an_int(
    server: FakeServer, client: PhoneSystemClient
) -> None:
    server.reply_with(reply(999))
    with pytest.raises(PhoneSystemError, match=r"^ListExtensions: 999\.$") as caught:
        client.list_extensions()
    assert type(caught.value.code) is int


OK = b"<Code>200</Code>"
NESTED = b"<a>" * 1_000_000
DOCTYPE = b'<!DOCTYPE Response [<!ENTITY a "b">]>'
EXTERNAL = b'<!DOCTYPE Response [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def response(content: bytes) -> bytes:
    return b"<Response>" + content + b"</Response>"


BAD_REPLIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not well-formed XML"),
    "HTML": (b"<html><body><p>It works!<br></body></html>", "not well-formed XML"),
    "XHTML": (b"<html><Code>200</Code></html>", "root .* is not a 'Response'"),
    "JSON": (b'{"Code": 200}', "not well-formed XML"),
    "cut off": (SUCCESS[:-3], "not well-formed XML"),
    "two roots": (SUCCESS + b"<a/>", "not well-formed XML"),
    "an unknown encoding": (
        b'<?xml version="1.0" encoding="klingon"?><Response/>',
        "in an unknown encoding",
    ),
    "bytes that are not UTF-8": (response(OK + b"\xe1"), "not well-formed XML"),
    "a document type": (b"<!DOCTYPE Response>" + response(OK), "document type"),
    "an entity": (DOCTYPE + response(OK + b"&a;"), "document type"),
    "an external entity": (EXTERNAL + response(OK + b"&a;"), "document type"),
    "an entity of HTML": (response(OK + b"&nbsp;"), "not well-formed XML"),
    "deep nesting": (b"<Response>" + NESTED, "more than 32 deep"),
    "no content": (b"<Response/>", "root .* is not a 'Response'"),
    "text only": (response(b"200"), "root .* is not a 'Response'"),
    "another case": (b"<response/>", "root .* is not a 'Response'"),
    "no code": (response(b"<Message/>"), "'Code'"),
    "an empty code": (reply(""), "'Code'"),
    "a code of letters": (reply("OK"), "'Code'"),
    "a negative code": (reply(-200), "'Code'"),
    "two codes": (response(OK + OK), "several 'Code'"),
    "too long": (SUCCESS.ljust(MAX_REPLY + 1), "longer than 4194304 bytes"),
    "a list of text": (response(OK + b"<ActiveCalls>x</ActiveCalls>"), "'ActiveCalls'"),
    "two lists": (response(OK + b"<ActiveCalls/>" * 2), "'ActiveCalls'"),
    "an empty entry": (
        response(OK + b"<ActiveCalls><CallInfo/></ActiveCalls>"),
        "'CallInfo'",
    ),
}


@pytest.mark.parametrize(
    ("document", "message"), BAD_REPLIES.values(), ids=BAD_REPLIES.keys()
)
def test_a_document_that_is_not_a_reply_is_refused(
    server: FakeServer, client: PhoneSystemClient, document: bytes, message: str
) -> None:
    server.reply_with(document)
    with pytest.raises(UnexpectedReply, match=message):
        client.list_active_calls()
    assert len(server.bodies) == 1


def test_a_reply_of_the_greatest_length_is_read(
    server: FakeServer, client: PhoneSystemClient
) -> None:
    server.reply_with(SUCCESS.ljust(MAX_REPLY))
    assert client.list_active_calls() == []


#: What may not be taken for an empty list.
UNREADABLE: list[tuple[Ask, bytes, str]] = [
    (
        lambda c: c.list_active_calls(),
        b"<ActiveCalls><callInfo><CallId>x</CallId></callInfo></ActiveCalls>",
        "'ActiveCalls' of the reply has more than 'CallInfo' or 'Call'",
    ),
    (
        lambda c: c.list_active_calls(),
        b'<ActiveCalls xmlns:a="urn:a"><a:CallInfo/></ActiveCalls>',
        "'ActiveCalls' of the reply has more than",
    ),
    (
        lambda c: c.list_active_calls(),
        b"<ActiveCalls>text<Call/></ActiveCalls>",
        "'ActiveCalls' of the reply has more than",
    ),
    (
        lambda c: c.list_active_calls(),
        b"<Calls><CallInfo><CallId>x</CallId></CallInfo></Calls>",
        "no 'ActiveCalls', but other elements",
    ),
    (
        lambda c: c.list_active_calls(),
        b"<CallInfo><CallId>x</CallId></CallInfo>",
        "no 'ActiveCalls', but other elements",
    ),
    (
        lambda c: c.get_call_history(),
        b"<TotalRecords>1</TotalRecords><CallHistory><Call/></CallHistory>",
        "no 'Calls', but other elements",
    ),
    (
        lambda c: c.get_call_history(),
        b"<Calls><Call><StartTime>2013-08-13 08:02:50</StartTime></Call></Calls>",
        "no 'CallId'",
    ),
    (
        lambda c: c.list_extensions(),
        b"<Extensions><Extension><Id>1</Id></Extension></Extensions>",
        "'Extensions' of the reply has more than 'ExtensionSummary'",
    ),
    (
        lambda c: c.list_extensions(),
        b"<Extensions><ExtensionSummary><Type>SIP</Type></ExtensionSummary></Extensions>",
        "no 'Id'",
    ),
    (
        lambda c: c.get_config("1"),
        b"<Config><Enabled>true</Enabled></Config>",
        "no 'ID'",
    ),
]


@pytest.mark.parametrize(("ask", "content", "message"), UNREADABLE)
def test_entries_that_cannot_be_read_are_not_an_empty_list(
    server: FakeServer,
    client: PhoneSystemClient,
    ask: Ask,
    content: bytes,
    message: str,
) -> None:
    server.reply_with(response(OK + content))
    with pytest.raises(UnexpectedReply, match=message):
        ask(client)


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
def test_values_that_cannot_be_read_are_refused(
    name: str, old: bytes, new: bytes, element: str
) -> None:
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
