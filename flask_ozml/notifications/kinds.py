"""The notifications: what the phone system tells a web application.

A notification is a form-urlencoded POST. :func:`parse` makes of its body a typed,
frozen object, whose attributes are the names on the wire in snake_case. Source: the
vendor's page "HTTP API Notifications".
"""

import dataclasses
import enum
import logging
import re
import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from ..commands import Command
from ..commands import ExtensionCommand
from ..commands import RoutingCommand
from ..commands import ThirdPartyCommand
from ..errors import NotificationError
from ..errors import StatusCode
from ..frozen import frozen
from ..frozen import FrozenDict
from ..frozen import initializer
from ..logs import log
from ..values import BOOLEANS


class CallState(enum.StrEnum):
    """The state of a call, as in CallChanged.

    Source: the vendor's pages "HTTP API Notifications" and, for ``Answered``, "What
    type of callstates can you get as a response to the ListActiveCalls command".
    """

    RINGING = "Ringing"
    ANSWERED = "Answered"
    IN_CALL = "InCall"
    HOLD = "Hold"
    TRANSFERRED = "Transferred"
    BUSY = "Busy"
    CANCELLED = "Cancelled"
    ERROR = "Error"
    COMPLETED = "Completed"


class RoutingCallState(enum.StrEnum):
    """The last state of a call that is being routed, as in RoutingInterception.

    Source: the vendor's page "What type of callstates can you get in the
    RoutingInterception notification".
    """

    CALLING = "Calling"
    NO_ANSWER = "NoAnswer"
    BUSY = "Busy"
    NOT_FOUND = "NotFound"
    ERROR = "Error"


class _Unreadable(Exception):
    """A value is none of its type; another one stands for it.

    :param words: what is said about it, to be read after the attribute's name.
    :param instead: the value that stands for it.
    """

    def __init__(self, words: str, instead: object) -> None:
        super().__init__(words)
        self.instead = instead


def _read_number(value: str) -> str:
    """A telephone number; one leading blank is a plus that was sent unescaped."""
    number = value.strip()
    unescaped = number and value[0] == " " and value[1] not in " +"
    return f"+{number}" if unescaped else number


def _read_bool(value: str) -> bool:
    found = BOOLEANS.get(value.strip().lower())
    if found is None:
        raise _Unreadable("is no boolean; it is taken as false.", False)
    return found


_DECIMAL: t.Final = re.compile(r"[0-9]{1,15}(?:[.,][0-9]{0,15})?")


def _read_seconds(value: str) -> float:
    number = value.strip()
    if not _DECIMAL.fullmatch(number):
        raise _Unreadable("is no number of seconds; it is taken as 0.", 0.0)
    return float(number.replace(",", "."))


_E = t.TypeVar("_E", bound=enum.Enum)


def _enum_reader(enumeration: type[_E]) -> Callable[[str], _E | str]:
    members: dict[object, _E] = {member.value: member for member in enumeration}

    def read(value: str) -> _E | str:
        value = value.strip()
        return members.get(value, value)

    return read


def _read_code(value: str) -> StatusCode | int:
    number = value.strip()
    if not re.fullmatch(r"[0-9]{1,9}", number):
        raise _Unreadable("is no error code; it is taken as 0.", 0)
    return _STATUS_CODES.get(int(number), int(number))


_STATUS_CODES: t.Final[Mapping[int, StatusCode]] = {code: code for code in StatusCode}


# A field's type, how its value is read and, where they are not its own in CamelCase,
# its names on the wire.
Text = t.Annotated[str, str.strip]
Verbatim = t.Annotated[str, str]
Number = t.Annotated[str, _read_number]
Boolean = t.Annotated[bool, _read_bool]
Seconds = t.Annotated[float, _read_seconds]
AnyCallState = t.Annotated[CallState | str, _enum_reader(CallState)]
AnyRoutingCallState = t.Annotated[
    RoutingCallState | str, _enum_reader(RoutingCallState)
]
ErrorCode = t.Annotated[
    StatusCode | int, _read_code, ("code", "errorcode", "statuscode")
]
ErrorText = t.Annotated[str, str, ("message", "errormessage", "errortext")]


_T = t.TypeVar("_T")


@t.dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def _notification(cls: type[_T]) -> type[_T]:
    made: t.Any = frozen(cls, repr=False)
    made.__init__ = _init(made)
    return t.cast(type[_T], made)


def _init(notification: type) -> Callable[..., None]:
    """Store each field; the keyword-only one stands behind the others."""
    fields = sorted(dataclasses.fields(notification), key=lambda f: bool(f.kw_only))
    parameters: list[str] = []
    for field in fields:
        if field.kw_only:
            parameters.append("*")
        required = field.default is dataclasses.MISSING
        parameters.append(
            field.name if required else f"{field.name}=default_{field.name}"
        )
    lines = "".join(f"    self._ozml_{field.name} = {field.name}\n" for field in fields)
    names = {f"default_{field.name}": field.default for field in fields}
    init = initializer(notification, parameters, lines, names)
    init.__annotations__ = {field.name: field.type for field in fields}
    return init


@_notification
class Notification:
    """The base of all notifications.

    Its ``repr`` shows call ids, states and the API extension only: a traceback or a log
    must not tell what a caller typed, wrote or dialled.
    """

    #: The NotificationName on the wire.
    notification_name: t.ClassVar[str]
    #: The name of the decorator, the endpoint and the default URL rule.
    kind: t.ClassVar[str]
    #: Where the phone system is told the URL, in the vendor's words.
    url_setting: t.ClassVar[str]
    #: Whether the URL is pasted into the phone system's settings.
    pasted: t.ClassVar[bool] = False
    #: Whether OzML commands can carry the URL.
    url_in_commands: t.ClassVar[bool] = True
    #: Whether the URL takes a body with any NotificationName, or none.
    any_name: t.ClassVar[bool] = False
    #: The family whose commands may answer; None: nothing may.
    family: t.ClassVar[type[Command] | None] = ExtensionCommand

    #: All that was posted, under the names that were posted; read-only, not compared.
    fields: Mapping[str, str] = dataclasses.field(
        default=FrozenDict(), kw_only=True, compare=False
    )

    @property
    def answer_family(self) -> type[Command] | None:
        """The family whose commands may answer this very notification."""
        return self.family

    def __repr__(self) -> str:
        names = self.__dataclass_fields__
        shown = (f"{name}={getattr(self, name)!r}" for name in _SHOWN if name in names)
        return f"{type(self).__name__}({', '.join(shown)})"


_SHOWN: t.Final = (
    "call_state",
    "last_call_state",
    "call_id",
    "call_leg_id",
    "api_extension",
)


@_notification
class RoutingInterception(Notification):
    """A call has to be routed; answered with a Route, else the dial plan decides."""

    notification_name = "RoutingInterception"
    kind = "routing_interception"
    url_setting = "HTTP API / Route interception URL"
    pasted = True
    url_in_commands = False
    family = RoutingCommand

    #: The displayed ID of the extension that called.
    caller_id: Number = ""
    #: The number that the caller called originally.
    original_dialed_number: Number = ""
    #: The number dialed in the last call.
    last_dialed_number: Number = ""
    #: The extension that was called last.
    last_called_extension: Number = ""
    #: How that call went.
    last_call_state: AnyRoutingCallState = ""
    #: The name of the extension that called; in the vendor's table only.
    caller_extension: Number = ""
    #: In the vendor's example only.
    api_extension: Text = ""


@_notification
class CallChanged(Notification):
    """A call was created, finished or changed its state."""

    notification_name = "CallChanged"
    kind = "call_changed"
    url_setting = "HTTP API / Call changed URL"
    pasted = True
    url_in_commands = False
    family = ThirdPartyCommand

    call_state: AnyCallState
    call_id: Text
    #: The extension where the call comes from.
    caller: Number = ""
    #: Who started the call.
    caller_id: Number = ""
    #: The called extension.
    callee: Number = ""


@_notification
class RecordCompleted(Notification):
    """A recording ended, successful or not.

    With a call id it is the recording of a call between two others, and third-party
    commands may answer; without one it is that of an API extension.
    """

    notification_name = "RecordCompleted"
    kind = "record_completed"
    url_setting = "FinishedUrl of Record"

    #: False if no voice was found, or the party hung up before anything was recorded.
    success: Boolean
    #: Seconds.
    duration: Seconds = 0.0
    #: Empty if the recording was not successful.
    record_url: Text = ""
    call_id: Text = ""
    caller: Number = ""
    callee: Number = ""

    @property
    def answer_family(self) -> type[Command]:
        return ThirdPartyCommand if self.call_id else ExtensionCommand


@_notification
class CallConnected(Notification):
    """A call that an API extension started was answered."""

    notification_name = "CallConnected"
    kind = "call_connected"
    url_setting = "Url of Call"

    #: The call between the API extension and the other one.
    call_leg_id: Text = ""
    #: Who answered.
    callee: Number = ""
    api_extension: Text = ""


@_notification
class IncomingCall(Notification):
    """Somebody calls an API extension."""

    notification_name = "IncomingCall"
    kind = "incoming_call"
    url_setting = (
        "HTTP API / Notifications / add notifier / Incoming calls / Incoming call URL"
    )
    pasted = True
    url_in_commands = False

    #: The ringing call between the API extension and the other one.
    call_leg_id: Text = ""
    caller: Number = ""
    #: The API extension that was called.
    api_extension: Text = ""


@_notification
class IncomingSMS(Notification):
    """An API extension was sent a text message."""

    notification_name = "IncomingSMS"
    kind = "incoming_sms"
    url_setting = (
        "HTTP API / Notifications / add notifier / Incoming messages"
        " / Incoming message URL"
    )
    pasted = True
    url_in_commands = False

    sender: Number = ""
    recipient: Number = ""
    id: Text = ""
    api_extension: Text = ""
    #: The text, with the white space around it.
    message: Verbatim = ""


@_notification
class SMSDeliveryReport(Notification):
    """A text message that was sent has arrived, or has not."""

    notification_name = "SMSDeliveryReport"
    kind = "sms_delivery_report"
    url_setting = "DeliveryReportURL of SendSms"

    delivered: Boolean
    id: Text
    #: The API extension that sent the message.
    api_extension: Text = ""


@_notification
class DtmfEntered(Notification):
    """The other extension pressed keys that are no Input of the UserInput."""

    notification_name = "DtmfEntered"
    kind = "dtmf_entered"
    url_setting = "ForwardToUrl of UserInput"

    dtmf_digits: Text
    call_leg_id: Text = ""
    api_extension: Text = ""


@_notification
class GoToNotification(Notification):
    """A GoTo command asks for the OzML to go on with; carries nothing but its name."""

    notification_name = "GoTo"
    kind = "goto"
    url_setting = "Url of GoTo"


@_notification
class ErrorNotification(Notification):
    """The phone system could not do what it was told; nothing can be answered.

    The vendor documents the codes, but no name on the wire: of the likely ones the
    first that was posted is taken, and everything that came is in :attr:`fields`.
    """

    notification_name = "Error"
    kind = "error"
    url_setting = "error notification URL, or ErrorUrl of Call"
    pasted = True
    any_name = True
    family = None

    #: 0 when absent or unreadable.
    code: ErrorCode = 0
    message: ErrorText = ""


#: The notification classes by their kinds, in the order of the vendor's page.
KINDS: t.Final[Mapping[str, type[Notification]]] = {
    notification.kind: notification
    for notification in (
        RoutingInterception,
        CallChanged,
        RecordCompleted,
        CallConnected,
        IncomingCall,
        IncomingSMS,
        SMSDeliveryReport,
        DtmfEntered,
        GoToNotification,
        ErrorNotification,
    )
}

_NOTIFICATION_NAMES: t.Final = {n.notification_name for n in KINDS.values()}
_N = t.TypeVar("_N", bound=Notification)


class _Table(t.NamedTuple):
    """How the fields of a notification are read."""

    #: Names on the wire, in lower case and as the vendor writes them most often; where
    #: their values go, and how they are read.
    wires: Mapping[str, tuple[str, Callable[[str], t.Any]]]
    #: Further names on the wire, the best first, and the attributes they stand for.
    others: tuple[tuple[str, str], ...]
    required: tuple[str, ...]


def _camel_case(attribute: str) -> str:
    return "".join(
        part.upper() if part in ("id", "url") else part.capitalize()
        for part in attribute.split("_")
    )


def _table(notification: type[Notification]) -> _Table:
    name_field = ("notification_name", str.strip)
    wires: dict[str, tuple[str, Callable[[str], t.Any]]] = {
        "NotificationName": name_field,
        "notificationname": name_field,
    }
    others = []
    required = []
    for field in dataclasses.fields(notification):
        if field.name == "fields":
            continue
        read, *names = field.type.__metadata__  # type: ignore[union-attr]  # Annotated
        first, *rest = names[0] if names else (field.name.replace("_", ""),)
        wires[first] = wires[_camel_case(field.name)] = (field.name, read)
        wires |= {wire: (wire, read) for wire in rest}
        others += [(wire, field.name) for wire in rest]
        if field.default is dataclasses.MISSING:
            required.append(field.name)
    return _Table(wires, tuple(others), tuple(required))


_TABLES: t.Final = {
    notification: _table(notification) for notification in KINDS.values()
}


def parse(notification: type[_N], body: bytes, *, charset: str = "cp1252") -> _N:
    """Make a notification of a posted body.

    Names match in any case; a value is UTF-8 or, where it is not, in the fallback
    charset, so that no byte loses a field.

    :param notification: the class that is expected.
    :param body: the form-urlencoded body.
    :param charset: the encoding of what is not UTF-8.
    :raises NotificationError: if the body is another notification, lacks a field that
        the notification makes no sense without, or holds a field twice.
    """
    wires, others, required = _TABLES[notification]
    posted, values, unreadable = _read_fields(
        notification, _pairs(body, charset), wires
    )
    name = values.pop("notification_name", None)
    if name != notification.notification_name and not notification.any_name:
        _refuse_name(notification, name)
    for wire, attribute in others:
        taken = attribute not in values
        for found in (values, unreadable):
            if wire in found:
                value = found.pop(wire)
                if taken:
                    found[attribute] = value
    for attribute in required:
        if attribute not in values:
            raise NotificationError(
                f"{notification.notification_name} without {attribute!r}, which it"
                f" needs; {_posted_to(notification)}"
            )
    for attribute, words in unreadable.items():
        log(logging.WARNING, "%s %s", attribute, words)
    return notification(fields=FrozenDict(posted), **values)


def _read_fields(
    notification: type[Notification],
    pairs: list[tuple[str, str, str]],
    wires: Mapping[str, tuple[str, Callable[[str], t.Any]]],
) -> tuple[dict[str, str], dict[str, t.Any], dict[str, t.Any]]:
    posted: dict[str, str] = {}
    values: dict[str, t.Any] = {}
    unreadable: dict[str, t.Any] = {}
    for name, _, value in pairs:
        field = wires.get(name)
        if field is None:
            name = name.strip()  # noqa: PLW2901  # the posted name is of no more use
            if not name and not value:
                continue
            field = wires.get(name.lower())
        posted[name] = value
        if field is None:
            continue
        attribute, read = field
        if attribute in values:
            raise NotificationError(
                f"{notification.notification_name} with the field {name.lower()!r}"
                " twice, and nobody can tell which one is meant;"
                f" {_posted_to(notification)}"
            )
        try:
            values[attribute] = read(value)
        except _Unreadable as wrong:
            values[attribute] = wrong.instead
            unreadable[attribute] = wrong
    return posted, values, unreadable


def _pairs(body: bytes, charset: str) -> list[tuple[str, str, str]]:
    """The fields as ``str.partition`` gives them."""
    if b"%" not in body and b"+" not in body:
        try:
            return [part.partition("=") for part in body.decode().split("&")]
        except UnicodeDecodeError:
            pass
    return [
        (_decode(name, charset), "=", _decode(value, charset))
        for name, _, value in [part.partition(b"=") for part in body.split(b"&")]
    ]


def _decode(raw: bytes, charset: str) -> str:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        raw = unquote_to_bytes(raw) if len(raw) <= _PIECE else _unescaped(raw)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode(charset, "replace")


# Where more is made at once, a byte costs up to a quarter more.
_PIECE: t.Final = 16 * 1024


def _unescaped(raw: bytes) -> bytes:
    pieces = []
    start = 0
    # An escape starts a piece, so that none is cut in two.
    while (end := raw.find(b"%", start + _PIECE)) >= 0:
        pieces.append(unquote_to_bytes(raw[start:end]))
        start = end
    return b"".join([*pieces, unquote_to_bytes(raw[start:])])


def _refuse_name(notification: type[Notification], name: str | None) -> t.NoReturn:
    if name is None:
        came = "no NotificationName"
    elif name in _NOTIFICATION_NAMES:
        came = name
    else:
        came = "an unknown NotificationName"
    raise NotificationError(
        f"Expected {notification.notification_name}, got {came};"
        f" {_posted_to(notification)}"
    )


def _posted_to(notification: type[Notification]) -> str:
    return f"look at this setting of the phone system: {notification.url_setting}."
