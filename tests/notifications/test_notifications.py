"""Notifications, and how posted bytes become one."""

import copy
import dataclasses
import inspect
import itertools
import logging
import pickle
import re
import subprocess
import sys
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from urllib.parse import quote
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_ozml.commands import Command
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import RoutingCommand
from flask_ozml.commands import ThirdPartyCommand
from flask_ozml.errors import NotificationError
from flask_ozml.errors import StatusCode
from flask_ozml.notifications import CallChanged
from flask_ozml.notifications import CallConnected
from flask_ozml.notifications import CallState
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import ErrorNotification
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import KINDS
from flask_ozml.notifications import Notification
from flask_ozml.notifications import parse
from flask_ozml.notifications import RecordCompleted
from flask_ozml.notifications import RoutingCallState
from flask_ozml.notifications import RoutingInterception
from flask_ozml.notifications import SMSDeliveryReport
from samples import Sample
from samples import SAMPLES
from tables import body
from tables import every_sample
from tables import Field
from tables import FIELDS
from tables import fields_by_urllib
from tables import GSM
from tables import IN_COMMANDS
from tables import Kind
from tables import NAMES
from tables import PASTED
from tables import REQUIRED
from tables import SETTINGS
from tables import WIRE_NAMES

N = t.TypeVar("N", bound=Notification)

examples = settings(max_examples=40, deadline=None)
every_kind = pytest.mark.parametrize("notification", NAMES, ids=list(NAMES.values()))


def fields_of(*sorts: str) -> pytest.MarkDecorator:
    fields = [field for field in FIELDS if field.sort in sorts]
    ids = [f"{field.notification.__name__}-{field.wire}" for field in fields]
    return pytest.mark.parametrize("field", fields, ids=ids)


every_field = fields_of("number", "text", "message", "bool", "seconds", "state", "code")


def parsed(notification: type[N], *parts: bytes) -> N:
    return parse(notification, body(notification, *parts))


def parts_of(posted: dict[str, str]) -> Iterator[bytes]:
    return (urlencode({name: value}).encode() for name, value in posted.items())


def value_of(field: Field, value: bytes) -> t.Any:
    notification = parsed(field.notification, field.wire.encode() + b"=" + value)
    return getattr(notification, field.attribute)


def refusal(notification: Kind, posted: bytes) -> str:
    with pytest.raises(NotificationError) as caught:
        parse(notification, posted)
    return str(caught.value)


def only_warning(caplog: pytest.LogCaptureFixture) -> str:
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("flask_ozml", logging.WARNING)
    assert record.exc_info is None
    message = record.getMessage()
    caplog.clear()
    return message


@every_sample
def test_a_sample_of_the_vendor_is_read(sample: Sample) -> None:
    assert parse(sample.notification, sample.body) == sample.expected


@every_sample
@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_a_sample_with_the_line_breaks_of_the_page_is_read(
    sample: Sample, line_break: bytes
) -> None:
    posted = sample.printed.replace(b"\n", line_break)
    assert parse(sample.notification, posted) == sample.expected


def test_the_samples_are_those_of_the_page() -> None:
    assert {name: len(sample.body) for name, sample in SAMPLES.items()} == {
        "routing_interception": 165,
        "call_changed": 94,
        "record_completed_third_party": 180,
        "call_connected": 76,
        "incoming_call": 74,
        "incoming_sms": 122,
        "sms_delivery_report": 85,
        "dtmf_entered": 80,
        "record_completed_extension": 167,
        "goto": 21,
    }
    for sample in SAMPLES.values():
        assert sample.printed.replace(b"\n", b"") == sample.body
    assert sum(sample.printed.count(b"\n") for sample in SAMPLES.values()) == 6


def test_kinds_are_in_the_order_of_the_page() -> None:
    assert list(KINDS.items()) == [
        ("routing_interception", RoutingInterception),
        ("call_changed", CallChanged),
        ("record_completed", RecordCompleted),
        ("call_connected", CallConnected),
        ("incoming_call", IncomingCall),
        ("incoming_sms", IncomingSMS),
        ("sms_delivery_report", SMSDeliveryReport),
        ("dtmf_entered", DtmfEntered),
        ("goto", GoToNotification),
        ("error", ErrorNotification),
    ]
    for kind, notification in KINDS.items():
        assert notification.kind == kind
        assert notification.notification_name == NAMES[notification]
        assert SETTINGS[notification] in notification.url_setting


def test_a_kind_says_where_its_url_is_given() -> None:
    assert {kind for kind, cls in KINDS.items() if cls.pasted} == PASTED
    assert {kind for kind, cls in KINDS.items() if cls.url_in_commands} == IN_COMMANDS


@pytest.mark.parametrize(
    ("notification", "family"),
    [
        (RoutingInterception(), RoutingCommand),
        (CallChanged(call_state="", call_id=""), ThirdPartyCommand),
        (RecordCompleted(success=False, call_id="3CiHe"), ThirdPartyCommand),
        (RecordCompleted(success=False), ExtensionCommand),
        (CallConnected(), ExtensionCommand),
        (IncomingCall(), ExtensionCommand),
        (IncomingSMS(), ExtensionCommand),
        (SMSDeliveryReport(delivered=False, id=""), ExtensionCommand),
        (DtmfEntered(dtmf_digits=""), ExtensionCommand),
        (GoToNotification(), ExtensionCommand),
        (ErrorNotification(), None),
    ],
)
def test_a_notification_says_which_family_may_answer_it(
    notification: Notification, family: type[Command] | None
) -> None:
    assert notification.answer_family is family


def test_a_blank_call_id_is_no_call_id() -> None:
    completed = parsed(RecordCompleted, b"CallId=+%0A")
    assert completed.answer_family is ExtensionCommand


@every_kind
def test_the_table_of_fields_is_complete(notification: Kind) -> None:
    table = {field.attribute for field in FIELDS if field.notification is notification}
    assert table | {"fields"} == {f.name for f in dataclasses.fields(notification)}


GOOD: t.Final[dict[str, tuple[bytes, object]]] = {
    "number": (b"0036301112222", "0036301112222"),
    "text": (b"3CiHe", "3CiHe"),
    "message": (b"Hi", "Hi"),
    "bool": (b"true", True),
    "seconds": (b"1.5", 1.5),
    "state": (b"Busy", "Busy"),
    "code": (b"302", 302),
}


@every_field
@pytest.mark.parametrize("spell", [str, str.lower, str.upper, str.swapcase])
def test_names_match_in_any_case(field: Field, spell: Callable[[str], str]) -> None:
    name = spell(field.wire)
    posted, value = GOOD[field.sort]
    notification = parsed(field.notification, name.encode() + b"=" + posted)
    assert getattr(notification, field.attribute) == value
    assert notification.fields[name] == posted.decode()


@every_kind
@pytest.mark.parametrize("name", [b"notificationname", b"NOTIFICATIONNAME"])
def test_notification_name_matches_in_any_case(notification: Kind, name: bytes) -> None:
    value = NAMES[notification].encode()
    assert type(parsed(notification, name + b"=" + value)) is notification


@pytest.mark.parametrize(
    "name", [b" Caller", b"Caller\t", b"\r\n+Caller+", b"%20Caller%0A"]
)
def test_white_space_around_names_is_ignored(name: bytes) -> None:
    call = parsed(IncomingCall, name + b"=500")
    assert call.caller == call.fields["Caller"] == "500"


@fields_of("text", "bool", "seconds", "state", "code")
@pytest.mark.parametrize(
    ("before", "after"),
    [(b"+", b"+"), (b" \t", b""), (b"", b"\r\n"), (b"%0A", b"%0C%20")],
)
def test_white_space_around_values_is_ignored(
    field: Field, before: bytes, after: bytes
) -> None:
    posted, value = GOOD[field.sort]
    assert value_of(field, before + posted + after) == value


def test_white_space_around_the_notification_name_is_ignored() -> None:
    posted = b"\nNotificationName=+GoTo\r\n"
    assert parse(GoToNotification, posted) == GoToNotification()


@fields_of("message")
@pytest.mark.parametrize(
    ("posted", "text"),
    [
        (b"", ""),
        (b"+", " "),
        (b"+Hi++John!+", " Hi  John! "),
        (b"Hi%0D%0AJohn%09%0A", "Hi\r\nJohn\t\n"),
        (b"Hi\r\nJohn\t\n", "Hi\r\nJohn\t\n"),
        (b"1+1=2", "1 1=2"),
        (b"1%2B1%3D2%262%25", "1+1=2&2%"),
        (b"100%+%4+%zz+%u0151", "100% %4 %zz %u0151"),
        (b"%00", "\0"),
    ],
)
def test_a_message_is_kept_verbatim(field: Field, posted: bytes, text: str) -> None:
    assert value_of(field, posted) == text


def test_a_message_may_hold_every_character_of_gsm_03_38() -> None:
    # The characters of the extension table first, each of which SMS escapes.
    text = GSM[-10:] + GSM[:-10]
    assert parsed(IncomingSMS, b"Message=" + quote(text).encode()).message == text


@fields_of("number")
@pytest.mark.parametrize(
    ("posted", "number"),
    [
        (b"%2B36301112222", "+36301112222"),
        (b"+36301112222", "+36301112222"),
        (b"+X500", "+X500"),
        (b" 36301112222", "+36301112222"),
        (b"+36301112222++", "+36301112222"),
        (b"++36301112222", "36301112222"),
        (b" +36301112222", "36301112222"),
        (b"++++36301112222", "36301112222"),
        (b"\n36301112222", "36301112222"),
        (b"\t36301112222\r\n", "36301112222"),
        (b"0036301112222+", "0036301112222"),
        (b"+36+30+111+2222", "+36 30 111 2222"),
        (b"Anonymous", "Anonymous"),
        (b"", ""),
        (b"+", ""),
        (b"++", ""),
        (b"+\n", ""),
    ],
)
def test_one_leading_blank_of_a_number_is_an_unescaped_plus(
    field: Field, posted: bytes, number: str
) -> None:
    assert value_of(field, posted) == number


@fields_of("text")
def test_a_leading_blank_of_another_text_is_not_a_plus(field: Field) -> None:
    assert value_of(field, b"+9998") == "9998"


@fields_of("bool")
@pytest.mark.parametrize(
    ("posted", "value"),
    [
        (b"true", True),
        (b"True", True),
        (b"TRUE", True),
        (b"tRuE", True),
        (b"1", True),
        (b"false", False),
        (b"False", False),
        (b"FALSE", False),
        (b"fAlSe", False),
        (b"0", False),
    ],
)
def test_a_boolean_is_a_word_or_digit_in_any_case(
    field: Field, posted: bytes, value: bool, caplog: pytest.LogCaptureFixture
) -> None:
    assert value_of(field, posted) is value
    assert not caplog.records


@fields_of("seconds")
@pytest.mark.parametrize(
    ("posted", "seconds"),
    [
        (b"15", 15.0),
        (b"15.0", 15.0),
        (b"15,0", 15.0),
        (b"0", 0.0),
        (b"0.25", 0.25),
        (b"0,25", 0.25),
        (b"007", 7.0),
        (b"86400", 86400.0),
    ],
)
def test_seconds_may_have_a_point_or_a_comma(
    field: Field, posted: bytes, seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    value = value_of(field, posted)
    assert (type(value), value) == (float, seconds)
    assert not caplog.records


UNREADABLE: t.Final = (
    b"",
    b"+",
    b"nan",
    b"inf",
    b"-inf",
    b"Infinity",
    b"1e3",
    b"-15",
    b"%2B15",
    b"0x1F",
    b"1_000",
    b"15+s",
    b"1:30",
    b"1,000.5",
    b"15.0.0",
    b".",
    b",",
    b"9" * 400,
    b"0." + b"9" * 400,
    "\uff11\uff15".encode(),
    "\u0661\u0665".encode(),
    b"\xb2",
    b"%00",
)


NO_BOOLEANS: t.Final = b" + yes on 2 -1 01 1.0 truee %EF".split(b" ")


@pytest.mark.parametrize(
    ("field", "posted", "instead"),
    [
        (field, posted, instead)
        for sort, values, instead in (
            ("bool", NO_BOOLEANS, False),
            ("seconds", UNREADABLE, 0.0),
            ("code", (*UNREADABLE, b"300.5", b"ParseError"), 0),
        )
        for field in FIELDS
        if field.sort == sort
        for posted in values
    ],
)
def test_an_unreadable_value_is_replaced_with_a_warning_that_names_the_field(
    field: Field, posted: bytes, instead: object, caplog: pytest.LogCaptureFixture
) -> None:
    value = value_of(field, posted)
    assert (type(value), value) == (type(instead), instead)
    warning = only_warning(caplog)
    assert warning.startswith(
        f"{field.notification.notification_name}: {field.attribute!r} is not a "
    )
    value_of(field, b"4711 words")
    assert warning == only_warning(caplog)


CALL_STATES: t.Final = {
    "Ringing": CallState.RINGING,
    "Answered": CallState.ANSWERED,
    "InCall": CallState.IN_CALL,
    "Hold": CallState.HOLD,
    "Transferred": CallState.TRANSFERRED,
    "Busy": CallState.BUSY,
    "Cancelled": CallState.CANCELLED,
    "Error": CallState.ERROR,
    "Completed": CallState.COMPLETED,
}
ROUTING_CALL_STATES: t.Final = {
    "Calling": RoutingCallState.CALLING,
    "NoAnswer": RoutingCallState.NO_ANSWER,
    "Busy": RoutingCallState.BUSY,
    "NotFound": RoutingCallState.NOT_FOUND,
    "Error": RoutingCallState.ERROR,
}


@pytest.mark.parametrize(("posted", "state"), CALL_STATES.items())
def test_a_documented_call_state_is_a_member(posted: str, state: CallState) -> None:
    changed = parsed(CallChanged, b"CallState=" + posted.encode())
    assert changed.call_state is state
    assert state == posted


@pytest.mark.parametrize(("posted", "state"), ROUTING_CALL_STATES.items())
def test_a_documented_routing_call_state_is_a_member(
    posted: str, state: RoutingCallState
) -> None:
    routing = parsed(RoutingInterception, b"LastCallState=" + posted.encode())
    assert routing.last_call_state is state
    assert state == posted


def test_the_tables_of_states_are_complete() -> None:
    assert set(CallState) == set(CALL_STATES.values())
    assert set(RoutingCallState) == set(ROUTING_CALL_STATES.values())


@pytest.mark.parametrize(
    ("notification", "attribute", "part", "state"),
    [
        (CallChanged, "call_state", b"CallState=Parked", "Parked"),
        (CallChanged, "call_state", b"CallState=+Parked%0A", "Parked"),
        (CallChanged, "call_state", b"CallState=Calling", "Calling"),
        (CallChanged, "call_state", b"CallState=", ""),
        (RoutingInterception, "last_call_state", b"LastCallState=Parked", "Parked"),
        (RoutingInterception, "last_call_state", b"LastCallState=Ringing", "Ringing"),
        (RoutingInterception, "last_call_state", b"LastCallState=", ""),
    ],
)
def test_an_unknown_state_stays_a_str(
    notification: Kind,
    attribute: str,
    part: bytes,
    state: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    value = getattr(parsed(notification, part), attribute)
    assert (type(value), value) == (str, state)
    assert not caplog.records


@fields_of("code")
@pytest.mark.parametrize("code", StatusCode)
def test_a_status_code_is_a_member(
    field: Field, code: StatusCode, caplog: pytest.LogCaptureFixture
) -> None:
    assert value_of(field, str(code.value).encode()) is code
    assert not caplog.records


@fields_of("code")
@pytest.mark.parametrize("code", [0, 1, 199, 308, 404, 999, 1000])
def test_an_unknown_code_stays_an_int(field: Field, code: int) -> None:
    value = value_of(field, str(code).encode())
    assert (type(value), value) == (int, code)


@pytest.mark.parametrize(
    ("parts", "code", "message"),
    [
        ((b"Code=301", b"ErrorCode=302", b"StatusCode=303"), 301, ""),
        ((b"ErrorCode=302", b"StatusCode=303"), 302, ""),
        ((b"CODE=301", b"statuscode=303"), 301, ""),
        ((b"Code=301", b"errorCODE=302"), 301, ""),
        ((b"Code=unreadable", b"ErrorCode=302"), 0, ""),
        ((b"Message=a", b"ErrorMessage=b", b"ErrorText=c"), 0, "a"),
        ((b"ErrorMessage=b", b"ErrorText=c"), 0, "b"),
        ((b"MESSAGE=a", b"errortext=c"), 0, "a"),
        ((b"StatusCode=303", b"ErrorText=c"), 303, "c"),
        ((b"Number=301", b"Text=a"), 0, ""),
    ],
)
def test_an_error_takes_the_first_of_the_likely_names(
    parts: tuple[bytes, ...], code: int, message: str
) -> None:
    for order in itertools.permutations(parts):
        error = parsed(ErrorNotification, *order)
        assert (error.code, error.message) == (code, message)
        assert len(error.fields) == 1 + len(parts)


@pytest.mark.parametrize(
    ("posted", "warnings"),
    [
        (b"Code=302&ErrorCode=x", 0),
        (b"ErrorCode=x&StatusCode=303", 1),
        (b"StatusCode=303&ErrorCode=302", 0),
    ],
)
def test_only_the_value_that_is_taken_is_warned_of(
    posted: bytes, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    parse(ErrorNotification, posted)
    assert len(caplog.records) == warnings


@pytest.mark.parametrize(
    "posted",
    [
        b"",
        b"Code=302",
        *(b"NotificationName=" + name.encode() for name in NAMES.values()),
        b"NotificationName=Failure",
        b"NotificationName=",
    ],
)
def test_an_error_takes_any_notification_name(posted: bytes) -> None:
    assert type(parse(ErrorNotification, posted)) is ErrorNotification


@every_kind
def test_an_absent_field_is_empty_or_zero(
    notification: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    least = parsed(notification)
    required = {name.lower() for name in REQUIRED.get(notification, ())}
    for field in FIELDS:
        if field.notification is notification and field.wire.lower() not in required:
            absent = {"seconds": 0.0, "code": 0}.get(field.sort, "")
            value = getattr(least, field.attribute)
            assert (type(value), value) == (type(absent), absent)
    assert not caplog.records


required_fields = pytest.mark.parametrize(
    ("notification", "name"),
    [
        (notification, name)
        for notification, needed in REQUIRED.items()
        for name in needed
    ],
)


@required_fields
def test_an_absent_required_field_is_refused_and_named(
    notification: Kind, name: str
) -> None:
    parts = body(notification, b"Note=4711").split(b"&")
    posted = b"&".join(part for part in parts if not part.startswith(name.encode()))
    (attribute,) = (
        field.attribute
        for field in FIELDS
        if (field.notification, field.wire) == (notification, name)
    )
    message = refusal(notification, posted)
    assert attribute in message
    assert NAMES[notification] in message
    assert SETTINGS[notification] in message
    assert "4711" not in message


@required_fields
@pytest.mark.parametrize("ending", [b"=", b""])
def test_a_required_field_may_be_empty(
    notification: Kind, name: str, ending: bytes
) -> None:
    assert parsed(notification, name.encode() + ending).fields[name] == ""


def test_unknown_fields_are_kept_as_posted() -> None:
    posted = (
        b"\nNotificationName=IncomingCall&callerid=+36&New+Field=+a%0A"
        b"&Flag&=4711&Caller=+36301112222&&%C5%91=%E1&CallId=&"
    )
    call = parse(IncomingCall, posted)
    assert call.fields == {
        "NotificationName": "IncomingCall",
        "callerid": " 36",
        "New Field": " a\n",
        "Flag": "",
        "": "4711",
        "Caller": " 36301112222",
        "ő": "á",
        "CallId": "",
    }
    assert call == IncomingCall(caller="+36301112222")


def test_an_unknown_field_may_come_twice() -> None:
    call = parsed(IncomingCall, b"Note=1", b"Note=2", b"Caller=500", b"NOTE=3")
    assert call == IncomingCall(caller="500")
    assert {"Note", "NOTE"} < set(call.fields)


@every_sample
def test_fields_are_read_only_and_not_compared(sample: Sample) -> None:
    notification = parse(sample.notification, sample.body + b"&Note=1")
    assert notification.fields["Note"] == "1"
    fields: t.Any = notification.fields
    with pytest.raises(TypeError):
        fields["Note"] = "2"
    assert notification == sample.expected
    assert hash(notification) == hash(sample.expected)
    assert dict(sample.expected.fields) == {}


@every_field
@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_a_known_field_that_comes_twice_is_refused(
    field: Field, spell: Callable[[str], str]
) -> None:
    parts = f"{field.wire}=4711", "Note=4712", f"+{spell(field.wire)}=4713"
    posted = body(field.notification, *(part.encode() for part in parts))
    message = refusal(field.notification, posted)
    assert field.wire.lower() in message.lower()
    assert NAMES[field.notification] in message
    assert "471" not in message


@every_kind
@pytest.mark.parametrize("name", [b"NotificationName", b"notificationNAME"])
def test_a_second_notification_name_is_refused_and_the_setting_named(
    notification: Kind, name: bytes
) -> None:
    part = name + b"=" + NAMES[notification].encode()
    message = refusal(notification, body(notification) + b"&" + part)
    assert "notificationname" in message.lower()
    assert SETTINGS[notification] in message


@pytest.mark.parametrize(
    ("notification", "came"),
    [
        (notification, came)
        for notification, name in NAMES.items()
        for came in NAMES.values()
        if notification is not ErrorNotification and came != name
    ],
)
def test_another_notification_is_refused_and_the_setting_named(
    notification: Kind, came: str
) -> None:
    part = b"NotificationName=" + came.encode()
    message = refusal(notification, body(notification, part, b"Note=4711"))
    assert NAMES[notification] in message
    assert came in message.replace(SETTINGS[notification], "")
    assert SETTINGS[notification] in message
    assert "4711" not in message


@pytest.mark.parametrize(
    "notification", [n for n in NAMES if n is not ErrorNotification]
)
@pytest.mark.parametrize(
    "part",
    [
        b"Note=4711",
        b"NotificationName=4711",
        b"NotificationName=",
        b"Notification=4711",
    ],
)
def test_a_missing_or_unknown_name_is_refused_and_the_setting_named(
    notification: Kind, part: bytes
) -> None:
    wanted = b"NotificationName=" + NAMES[notification].encode()
    posted = body(notification, part).replace(wanted, b"")
    message = refusal(notification, posted)
    assert NAMES[notification] in message
    assert "NotificationName" in message
    assert SETTINGS[notification] in message
    assert "4711" not in message


def test_a_missing_name_and_an_unknown_one_have_different_messages() -> None:
    assert refusal(IncomingCall, b"") != refusal(IncomingCall, b"NotificationName=4711")


def refusal_or_nothing(notification: Kind, posted: bytes) -> str:
    try:
        parse(notification, posted)
    except NotificationError as error:
        return f"{error} {error!r}"
    return ""


@every_kind
@examples
@given(st.lists(st.tuples(st.sampled_from([*WIRE_NAMES, "Note"]), st.text())))
def test_a_refusal_holds_no_value(
    notification: Kind, fields: list[tuple[str, str]]
) -> None:
    posted = urlencode([(name, f"☎{value}☎") for name, value in fields])
    assert "☎" not in refusal_or_nothing(notification, posted.encode())


@pytest.mark.parametrize(
    ("posted", "charset", "text"),
    [
        (b"%C3%A1rv%C3%ADzt%C5%B1r%C5%91", "cp1252", "árvíztűrő"),
        ("árvíztűrő".encode(), "cp1252", "árvíztűrő"),
        ("árvíztűr%C5%91".encode(), "cp1252", "árvíztűrő"),
        (b"%F0%9F%98%80", "cp1252", "😀"),
        (b"%E1", "cp1252", "á"),
        (b"\xe1", "cp1252", "á"),
        (b"%F5", "cp1252", "õ"),
        (b"%F5", "iso-8859-2", "ő"),
        (b"\xf5", "iso-8859-2", "ő"),
        (b"\xfb%F5", "iso-8859-2", "űő"),
        (b"%C5%91", "iso-8859-2", "ő"),
        (b"%80", "cp1252", "€"),
        (b"%CF%F0%E8", "cp1251", "При"),
        (b"%81", "cp1252", "\ufffd"),
        (b"a\x81b%8Dc\x8fd%90e\x9d", "cp1252", "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd"),
        (b"%C3", "cp1252", "Ã"),
        (b"%C3%A1+%E1", "cp1252", "Ã¡ á"),
        (b"%ED%A0%80", "cp1252", "í\xa0€"),
        (b"%C0%80", "cp1252", "À€"),
        (b"%E1", "ascii", "\ufffd"),
    ],
)
def test_a_value_is_utf_8_or_else_the_fallback_charset(
    posted: bytes, charset: str, text: str
) -> None:
    part = b"Message=" + posted
    sms = parse(IncomingSMS, body(IncomingSMS, part, b"Sender=1"), charset=charset)
    assert sms.message == sms.fields["Message"] == text
    assert sms.sender == "1"


@pytest.mark.parametrize("shift", range(8))
def test_a_long_value_is_read_as_a_short_one(shift: int) -> None:
    raw = b"x" * shift + 10_000 * b"%C3%A9%4" + b"x" * 40_000 + b"%2B"
    text = "x" * shift + 10_000 * "é%4" + "x" * 40_000 + "+"
    assert parsed(IncomingSMS, b"Message=" + raw).message == text
    plain = parsed(IncomingSMS, b"Message=%2B" + b"x" * 40_000)
    assert plain.message == "+" + "x" * 40_000


def test_a_raw_byte_loses_no_field() -> None:
    for byte in range(0x80, 0x100):
        raw = bytes([byte])
        parts = b"Sender=1", b"Message=" + raw, b"Note" + raw + b"=4"
        sms = parsed(IncomingSMS, *parts)
        text = raw.decode("cp1252", "replace")
        assert (sms.sender, sms.message) == ("1", text)
        assert sms.fields[f"Note{text}".strip()] == "4"
        assert len(sms.fields) == 4


def test_each_field_has_a_charset_of_its_own() -> None:
    parts = (
        b"Message=%C5%91",
        b"Sender=J\xfalia",
        b"ID=%E1",
        b"N\xf5=\xc5\x91",
        b"Caf%C3%A9=%81",
    )
    sms = parse(IncomingSMS, body(IncomingSMS, *parts), charset="iso-8859-2")
    assert sms == IncomingSMS(message="ő", sender="Júlia", id="á")
    assert (sms.fields["Nő"], sms.fields["Café"]) == ("ő", "\x81")


OBJECTS: t.Final = [
    *(sample.expected for sample in SAMPLES.values()),
    ErrorNotification(code=StatusCode.INVALID_PARAMETER, message="Missing"),
]
every_object = pytest.mark.parametrize("notification", OBJECTS, ids=[*SAMPLES, "error"])


@every_object
def test_notifications_are_frozen(notification: Notification) -> None:
    for field in dataclasses.fields(notification):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(notification, field.name, getattr(notification, field.name))
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(notification, field.name)
    with pytest.raises(dataclasses.FrozenInstanceError):
        notification.misspelt = ""  # type: ignore[attr-defined]  # the point


@every_object
def test_every_attribute_but_fields_is_compared(notification: Notification) -> None:
    for field in dataclasses.fields(notification):
        others: t.Any = {field.name: {"fields": {}}.get(field.name, "something else")}
        other = dataclasses.replace(notification, **others)
        assert (other == notification) is (field.name == "fields")


def test_notifications_of_two_kinds_are_never_equal() -> None:
    assert len({CallConnected(), IncomingCall()}) == 2
    assert len({*OBJECTS, *OBJECTS}) == len(OBJECTS) == 11


def test_the_signature_shows_the_types() -> None:
    assert t.get_type_hints(RecordCompleted.__init__) == {
        "success": bool,
        "duration": float,
        "record_url": str,
        "call_id": str,
        "caller": str,
        "callee": str,
        "fields": Mapping[str, str],
        "return": type(None),
    }
    for notification in KINDS.values():
        shown = str(inspect.signature(notification))
        assert not re.search(r" at 0x|<", shown), shown


def test_a_notification_can_be_made_for_a_unit_test() -> None:
    changed = CallChanged(call_state="Ringing", call_id="3CiHe")
    assert changed == CallChanged(call_state=CallState.RINGING, call_id="3CiHe")
    assert hash(changed) == hash(
        CallChanged(call_state=CallState.RINGING, call_id="3CiHe")
    )
    assert IncomingCall() == IncomingCall(call_leg_id="", caller="", api_extension="")
    assert IncomingCall(fields={"Note": "1"}).fields["Note"] == "1"
    assert IncomingCall("3CiHe", "500") == IncomingCall(
        call_leg_id="3CiHe", caller="500"
    )
    with pytest.raises(TypeError):
        IncomingCall("3CiHe", "500", "9998", {"Note": "1"})  # type: ignore[call-arg]  # too many


@pytest.mark.parametrize("notification", REQUIRED)
def test_a_notification_cannot_be_made_without_a_required_field(
    notification: t.Any,
) -> None:
    with pytest.raises(TypeError):
        notification()


def pickled(notification: Notification) -> Notification:
    restored = pickle.loads(pickle.dumps(notification))
    assert isinstance(restored, Notification)
    return restored


def replaced(notification: Notification) -> Notification:
    return dataclasses.replace(notification)


@every_sample
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled, replaced])
def test_a_copy_is_equal_and_as_read_only(
    sample: Sample, copied: Callable[[Notification], Notification]
) -> None:
    notification = parse(sample.notification, sample.body)
    twin = copied(notification)
    assert type(twin) is type(notification)
    assert twin == notification
    assert twin.fields == notification.fields
    fields: t.Any = twin.fields
    with pytest.raises(TypeError):
        fields["Note"] = "2"


@every_sample
def test_asdict_gives_what_makes_it_again(sample: Sample) -> None:
    notification = parse(sample.notification, sample.body)
    posted = dataclasses.asdict(notification)
    assert posted.pop("fields") == notification.fields
    assert type(notification)(**posted) == notification


SHOWN: t.Final = {
    "CallState": "Hold",
    "LastCallState": "Busy",
    "CallId": "3CiHe",
    "CallLegID": "4DjIf",
    "ApiExtension": "9998",
}


@every_kind
@examples
@given(data=st.data())
def test_repr_shows_neither_digits_nor_texts_nor_numbers(
    notification: Kind, data: st.DataObject
) -> None:
    names = {field.wire for field in FIELDS if field.notification is notification}
    shown = {name: value for name, value in SHOWN.items() if name in names}
    secret = {name: st.text(max_size=9) for name in (*(names - set(SHOWN)), "Note")}
    hidden = data.draw(st.fixed_dictionaries(secret))
    plain = parsed(notification, *parts_of(shown))
    private = parsed(notification, *parts_of(shown), *parts_of(hidden))
    text = repr(private)
    assert text == str(private) == f"{private}"
    assert (text == repr(plain)) is (private == plain)
    assert without_digest(text) == without_digest(repr(plain))
    assert text.startswith(notification.__name__)
    assert all(value in text for value in shown.values())


def without_digest(text: str) -> str:
    return re.sub("digest='[0-9a-f]{16}'", "", text)


def test_equal_notifications_have_equal_reprs() -> None:
    changed = CallChanged(call_state="Hold", call_id="3CiHe", caller="\ud800")
    same = CallChanged(call_state=CallState.HOLD, call_id="3CiHe", caller="\ud800")
    assert repr(changed) == repr(same)
    recorded = RecordCompleted(success=True, duration=15)
    assert repr(recorded) == repr(RecordCompleted(success=True, duration=15.0))
    assert repr(recorded) != repr(RecordCompleted(success=True, duration=15.5))
    assert repr(recorded) != repr(RecordCompleted(success=False, duration=15))


def test_the_digest_of_a_repr_differs_from_process_to_process() -> None:
    program = (
        "from flask_ozml.notifications import DtmfEntered;"
        "print(DtmfEntered('1234'), end='')"
    )
    run = [sys.executable, "-c", program]
    other = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    own = repr(DtmfEntered("1234"))
    assert without_digest(other) == without_digest(own)
    assert other != own


def fields_by_parse(notification: Kind, posted: bytes) -> dict[str, str] | None:
    try:
        return dict(parse(notification, posted).fields)
    except NotificationError:
        return None


FRAGMENTS: t.Final = st.one_of(
    st.binary(max_size=6),
    st.sampled_from(b"&|=|+|%|%26|%3D|%00|%E1|\xe1|\r\n|&Note=| Caller=1&".split(b"|")),
    st.sampled_from([f"&{name}=1".encode() for name in WIRE_NAMES]),
)


@every_kind
@examples
@given(whole=st.booleans(), tail=st.lists(FRAGMENTS).map(b"".join))
def test_any_bytes_are_read_as_urllib_reads_them(
    notification: Kind, whole: bool, tail: bytes
) -> None:
    posted = body(notification, b"Note=1") + tail if whole else tail
    expected = fields_by_urllib(notification, posted)
    assert fields_by_parse(notification, posted) == expected


TEXTS: t.Final = {
    "text": st.text(),
    "state": st.text(),
    "message": st.text(),
    "number": st.text().filter(lambda number: not number.startswith(" ")),
}


@every_kind
@examples
@given(data=st.data())
def test_any_text_comes_back(notification: Kind, data: st.DataObject) -> None:
    fields = {
        field.attribute: field
        for field in reversed(FIELDS)
        if field.notification is notification and field.sort in TEXTS
    }
    strategy = {field.wire: TEXTS[field.sort] for field in fields.values()}
    posted = data.draw(st.fixed_dictionaries(strategy))
    came = parsed(notification, *parts_of(posted))
    assert posted.items() <= came.fields.items()
    for attribute, field in fields.items():
        value = posted[field.wire]
        expected = value if field.sort == "message" else value.strip()
        assert getattr(came, attribute) == expected


def test_pairs_of_a_parsed_form_are_read_like_a_body() -> None:
    pairs = [("NotificationName", "DtmfEntered"), (" dtmfdigits ", " 14*5#3 ")]
    assert parse(DtmfEntered, pairs) == DtmfEntered("14*5#3")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b"NotificationName=GoTo",
            "Expected DtmfEntered, got GoTo. The URL of the view 'check_pin' belongs in"
            " the ForwardToUrl of UserInput, not in the Url of GoTo.",
        ),
        (
            b"NotificationName=Other",
            "Expected DtmfEntered, got an unknown NotificationName. The URL of the view"
            " 'check_pin' belongs in the ForwardToUrl of UserInput.",
        ),
    ],
)
def test_a_url_made_for_a_view_is_blamed_instead_of_the_phone_system(
    body: bytes, message: str
) -> None:
    with pytest.raises(NotificationError) as refused:
        parse(DtmfEntered, body, view="check_pin")
    assert str(refused.value) == message
