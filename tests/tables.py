"""Tables of the vendor's documents, and what several tests read or change alike."""

import itertools
import os
import string
import typing as t
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest

from flask_ozml.notifications import CallChanged
from flask_ozml.notifications import CallConnected
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import ErrorNotification
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import Notification
from flask_ozml.notifications import RecordCompleted
from flask_ozml.notifications import RoutingInterception
from flask_ozml.notifications import SMSDeliveryReport
from samples import SAMPLES

Kind = type[Notification]

#: The NotificationName of each class, in the order of the vendor's page.
NAMES: t.Final[dict[Kind, str]] = {
    RoutingInterception: "RoutingInterception",
    CallChanged: "CallChanged",
    RecordCompleted: "RecordCompleted",
    CallConnected: "CallConnected",
    IncomingCall: "IncomingCall",
    IncomingSMS: "IncomingSMS",
    SMSDeliveryReport: "SMSDeliveryReport",
    DtmfEntered: "DtmfEntered",
    GoToNotification: "GoTo",
    ErrorNotification: "Error",
}
#: Where the URL of a kind is set in the phone system.
SETTINGS: t.Final[dict[Kind, str]] = {
    RoutingInterception: "Route interception URL",
    CallChanged: "Call changed URL",
    RecordCompleted: "FinishedUrl of Record",
    CallConnected: "Url of Call",
    IncomingCall: "Incoming calls / Incoming call URL",
    IncomingSMS: "Incoming messages / Incoming message URL",
    SMSDeliveryReport: "DeliveryReportURL of SendSms",
    DtmfEntered: "ForwardToUrl of UserInput",
    GoToNotification: "Url of GoTo",
    ErrorNotification: "error notification URL",
}
#: The fields without which a notification is refused.
REQUIRED: t.Final[dict[Kind, dict[str, bytes]]] = {
    CallChanged: {"CallState": b"Hold", "CallId": b"3CiHe"},
    RecordCompleted: {"Success": b"true"},
    SMSDeliveryReport: {"Delivered": b"true", "ID": b"843952f3-3f3g3"},
    DtmfEntered: {"DtmfDigits": b"14*5#3"},
}


class Field(t.NamedTuple):
    """A field's names, and how its value is to be read."""

    notification: Kind
    wire: str
    attribute: str
    sort: t.Literal["number", "text", "message", "bool", "seconds", "state", "code"]


FIELDS: t.Final = (
    Field(RoutingInterception, "CallerID", "caller_id", "number"),
    Field(
        RoutingInterception, "OriginalDialedNumber", "original_dialed_number", "number"
    ),
    Field(RoutingInterception, "LastDialedNumber", "last_dialed_number", "number"),
    Field(
        RoutingInterception, "LastCalledExtension", "last_called_extension", "number"
    ),
    Field(RoutingInterception, "LastCallState", "last_call_state", "state"),
    Field(RoutingInterception, "CallerExtension", "caller_extension", "number"),
    Field(RoutingInterception, "ApiExtension", "api_extension", "text"),
    Field(CallChanged, "CallState", "call_state", "state"),
    Field(CallChanged, "CallId", "call_id", "text"),
    Field(CallChanged, "Caller", "caller", "number"),
    Field(CallChanged, "CallerId", "caller_id", "number"),
    Field(CallChanged, "Callee", "callee", "number"),
    Field(RecordCompleted, "Success", "success", "bool"),
    Field(RecordCompleted, "Duration", "duration", "seconds"),
    Field(RecordCompleted, "RecordURL", "record_url", "text"),
    Field(RecordCompleted, "CallId", "call_id", "text"),
    Field(RecordCompleted, "Caller", "caller", "number"),
    Field(RecordCompleted, "Callee", "callee", "number"),
    Field(CallConnected, "CallLegID", "call_leg_id", "text"),
    Field(CallConnected, "Callee", "callee", "number"),
    Field(CallConnected, "ApiExtension", "api_extension", "text"),
    Field(IncomingCall, "CallLegID", "call_leg_id", "text"),
    Field(IncomingCall, "Caller", "caller", "number"),
    Field(IncomingCall, "ApiExtension", "api_extension", "text"),
    Field(IncomingSMS, "Sender", "sender", "number"),
    Field(IncomingSMS, "Recipient", "recipient", "number"),
    Field(IncomingSMS, "ID", "id", "text"),
    Field(IncomingSMS, "ApiExtension", "api_extension", "text"),
    Field(IncomingSMS, "Message", "message", "message"),
    Field(SMSDeliveryReport, "Delivered", "delivered", "bool"),
    Field(SMSDeliveryReport, "ID", "id", "text"),
    Field(SMSDeliveryReport, "ApiExtension", "api_extension", "text"),
    Field(DtmfEntered, "DtmfDigits", "dtmf_digits", "text"),
    Field(DtmfEntered, "CallLegID", "call_leg_id", "text"),
    Field(DtmfEntered, "ApiExtension", "api_extension", "text"),
    Field(ErrorNotification, "Code", "code", "code"),
    Field(ErrorNotification, "ErrorCode", "code", "code"),
    Field(ErrorNotification, "StatusCode", "code", "code"),
    Field(ErrorNotification, "Message", "message", "message"),
    Field(ErrorNotification, "ErrorMessage", "message", "message"),
    Field(ErrorNotification, "ErrorText", "message", "message"),
)

every_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=list(SAMPLES))
WIRE_NAMES: t.Final = sorted({"NotificationName", *(field.wire for field in FIELDS)})


def body(notification: Kind, *parts: bytes) -> bytes:
    """Return a body of these parts, after the fields that the notification needs."""
    there = {part.partition(b"=")[0].strip().lower() for part in parts}
    needed = {"NotificationName": NAMES[notification].encode()}
    needed |= REQUIRED.get(notification, {})
    missing = (
        name.encode() + b"=" + value
        for name, value in needed.items()
        if name.lower().encode() not in there
    )
    return b"&".join((*missing, *parts))


def decoded(octets: str) -> str:
    """Decode the bytes that Latin-1 text stands for."""
    raw = octets.encode("latin-1")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def fields_by_urllib(notification: Kind, posted: bytes) -> dict[str, str] | None:
    """Read a body in another way than the package; None means that it is refused."""
    octets = posted.decode("latin-1")
    read = parse_qsl(octets, keep_blank_values=True, encoding="latin-1")
    pairs = [(decoded(name).strip(), decoded(value)) for name, value in read]
    pairs = [pair for pair in pairs if any(pair)]
    lower = {name.lower(): value for name, value in pairs}
    times = Counter(name.lower() for name, value in pairs)
    known = {field.wire for field in FIELDS if field.notification is notification}
    if any(times[name.lower()] > 1 for name in (*known, "NotificationName")):
        return None
    if any(name.lower() not in lower for name in REQUIRED.get(notification, ())):
        return None
    name = lower.get("notificationname", "").strip()
    if name != NAMES[notification] and notification is not ErrorNotification:
        return None
    return dict(pairs)


EXHAUSTIVE: t.Final = os.environ.get("FLASK_OZML_EXHAUSTIVE") == "1"
#: Bytes with a meaning in a form, tried at every place; the others are sampled.
MEANINGFUL: t.Final = frozenset(b"&=+%\0\xe1")


def changes(whole: bytes) -> Iterator[bytes]:
    """Yield bodies with one byte changed, with and without an escaped field added."""
    numbers = itertools.count()
    for place, byte in itertools.product(range(len(whole)), range(256)):
        if byte != whole[place] and (
            next(numbers) % 97 == 0 or EXHAUSTIVE or byte in MEANINGFUL
        ):
            changed = whole[:place] + bytes([byte]) + whole[place + 1 :]
            yield changed
            yield changed + b"&%4Eote=+%e1+"


THIRD_PARTY: t.Final = (
    "AttendedTransfer BlindTransfer Forward Hangup Hold Play Record SendDTMF Speak"
    " Unhold"
)
EXTENSION: t.Final = (
    "BlindTransfer Call Delay GoTo Hangup Play Record Reject SendEmail SendSms Speak"
    " UserInput"
)
#: "Valid commands in the OzML response to this notification", in the page's order.
VALID_COMMANDS: t.Final[list[tuple[Notification, list[str]]]] = [
    (RoutingInterception(), ["Route"]),
    (CallChanged("Ringing", "3CiHe"), THIRD_PARTY.split()),
    (RecordCompleted(True, call_id="3CiHe"), THIRD_PARTY.split()),
    (CallConnected(), EXTENSION.split()),
    (IncomingCall(), EXTENSION.split()),
    (IncomingSMS(), EXTENSION.split()),
    (SMSDeliveryReport(True, "843952f3-3f3g3"), EXTENSION.split()),
    (DtmfEntered("14*5#3"), EXTENSION.split()),
    (RecordCompleted(True), EXTENSION.split()),
    (GoToNotification(), EXTENSION.split()),
    (ErrorNotification(), []),
]
#: 3GPP TS 23.038, tables 6.2.1 and 6.2.1.1.
GSM: t.Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
    "\f^{}\\[~]|€"
)

#: The kinds whose URLs are pasted into the phone system, and those whose URLs are
#: given in commands.
PASTED: t.Final = {
    "routing_interception",
    "call_changed",
    "incoming_call",
    "incoming_sms",
    "error",
}
IN_COMMANDS: t.Final = {
    "call_connected",
    "dtmf_entered",
    "record_completed",
    "sms_delivery_report",
    "goto",
    "error",
}

BASE64: t.Final = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def edits(token: str, alphabet: str) -> Iterator[str]:
    """Yield the tokens that differ from a token by one character or by its order."""
    for index, old in enumerate(token):
        yield token[:index] + token[index + 1 :]
        yield token[:index]
        for char in alphabet:
            if char != old:
                yield token[:index] + char + token[index + 1 :]
    for index, char in itertools.product(range(len(token) + 1), alphabet):
        yield token[:index] + char + token[index:]
    for index, (one, two) in enumerate(itertools.pairwise(token)):
        if one != two:
            yield token[:index] + two + one + token[index + 2 :]


#: The configuration keys of the blueprint, besides a rule for each kind.
CONFIG_KEYS: t.Final = {
    "OZML_PUBLIC_URL",
    "OZML_SECRET_KEY",
    "OZML_SECRET_KEY_FALLBACKS",
    "OZML_REQUIRE_TOKEN",
    "OZML_ALLOWED_NETWORKS",
    "OZML_TOKEN_MAX_AGE",
    "OZML_MAX_CONTENT_LENGTH",
    "OZML_FALLBACK_CHARSET",
    "OZML_ALLOWED_DESTINATIONS",
}
