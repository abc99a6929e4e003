"""The notifications: what the phone system tells a web application.

Class names are the names on the wire, except for :class:`GoToNotification` and
:class:`ErrorNotification`; attributes are the names on the wire in snake_case. Source:
the vendor's page "HTTP API Notifications".
"""

import dataclasses
import hashlib
import secrets
import typing as t
from collections.abc import Mapping

from ..commands import Command
from ..commands import ExtensionCommand
from ..commands import RoutingCommand
from ..commands import ThirdPartyCommand
from ..values import FrozenDict
from .fields import AnyCallState
from .fields import AnyRoutingCallState
from .fields import Boolean
from .fields import ErrorCode
from .fields import ErrorText
from .fields import Number
from .fields import Seconds
from .fields import Text
from .fields import Verbatim

# With a key, nobody can find out what was posted by trying values.
_DIGEST_KEY: t.Final = secrets.token_bytes(32)

#: The attributes that a repr shows.
_SHOWN: t.Final = (
    "call_state",
    "last_call_state",
    "call_id",
    "call_leg_id",
    "api_extension",
)


@dataclasses.dataclass(frozen=True, repr=False)
class Notification:
    """The base of all notifications.

    The ``repr`` shows call ids, states and the API extension, so that tracebacks and
    logs do not reveal what a caller typed, wrote or dialled. Its digest differs for
    unequal notifications, and from process to process.
    """

    #: The NotificationName on the wire.
    notification_name: t.ClassVar[str]
    #: The name of the decorator, the endpoint and the default URL rule.
    kind: t.ClassVar[str]
    #: The setting or OzML attribute that holds the URL, in the vendor's words.
    url_setting: t.ClassVar[str]
    #: Whether the URL is pasted into the phone system's settings.
    pasted: t.ClassVar[bool] = False
    #: Whether OzML commands can carry the URL.
    url_in_commands: t.ClassVar[bool] = True
    #: Whether a body with any NotificationName, or none, is accepted.
    any_name: t.ClassVar[bool] = False
    #: The family of the commands that may answer; None if the answer must be empty.
    family: t.ClassVar[type[Command] | None] = ExtensionCommand

    #: Everything that was posted, under the posted names; read-only, not compared.
    fields: Mapping[str, str] = dataclasses.field(
        default=FrozenDict(), kw_only=True, compare=False
    )

    @property
    def answer_family(self) -> type[Command] | None:
        """The family of the commands that may answer this notification."""
        return self.family

    def __repr__(self) -> str:
        names = [field.name for field in dataclasses.fields(self)]
        shown = [f"{n}={str(getattr(self, n))!r}" for n in _SHOWN if n in names]
        shown.append(f"digest={self._digest()!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def _digest(self) -> str:
        compared = [
            _spelling(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if field.compare
        ]
        made = hashlib.blake2b(repr(compared).encode(), digest_size=8, key=_DIGEST_KEY)
        return made.hexdigest()


def _spelling(value: object) -> str:
    """Return the same text for equal values, such as 15 and 15.0."""
    if isinstance(value, str):
        return ascii(str.__str__(value))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return int.__repr__(value) if isinstance(value, int) else ascii(value)


@dataclasses.dataclass(frozen=True, repr=False)
class RoutingInterception(Notification):
    """A call that needs a routing decision; without a Route, the dial plan decides."""

    notification_name = "RoutingInterception"
    kind = "routing_interception"
    url_setting = "HTTP API / Route interception URL"
    pasted = True
    url_in_commands = False
    family = RoutingCommand

    #: The displayed ID of the extension that made the call.
    caller_id: Number = ""
    #: The number that the caller called originally.
    original_dialed_number: Number = ""
    #: The dialed number of the last call.
    last_dialed_number: Number = ""
    #: The extension that was last called.
    last_called_extension: Number = ""
    #: The state in which the last call ended, or Calling.
    last_call_state: AnyRoutingCallState = ""
    #: The name of the extension that made the call; only the vendor's table has it.
    caller_extension: Number = ""
    #: Only the vendor's example has it.
    api_extension: Text = ""


@dataclasses.dataclass(frozen=True, repr=False)
class CallChanged(Notification):
    """A call that was created, finished or changed its state."""

    notification_name = "CallChanged"
    kind = "call_changed"
    url_setting = "HTTP API / Call changed URL"
    pasted = True
    url_in_commands = False
    family = ThirdPartyCommand

    call_state: AnyCallState
    call_id: Text
    #: The extension where the call originates.
    caller: Number = ""
    #: The caller who initiated the call.
    caller_id: Number = ""
    #: The called extension.
    callee: Number = ""


@dataclasses.dataclass(frozen=True, repr=False)
class RecordCompleted(Notification):
    """A recording that ended, successful or not.

    With a call id, it is the recording of a call between two other parties, and
    third-party commands may answer. Without one, it was made by an API extension.
    """

    notification_name = "RecordCompleted"
    kind = "record_completed"
    url_setting = "FinishedUrl of Record"

    #: False if no voice was detected, or the party hung up before there was any.
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


@dataclasses.dataclass(frozen=True, repr=False)
class CallConnected(Notification):
    """A call started by an API extension that was answered."""

    notification_name = "CallConnected"
    kind = "call_connected"
    url_setting = "Url of Call"

    #: The call between the API extension and the other extension.
    call_leg_id: Text = ""
    #: The extension that answered.
    callee: Number = ""
    api_extension: Text = ""


@dataclasses.dataclass(frozen=True, repr=False)
class IncomingCall(Notification):
    """A call to an API extension."""

    notification_name = "IncomingCall"
    kind = "incoming_call"
    url_setting = (
        "HTTP API / Notifications / add notifier / Incoming calls / Incoming call URL"
    )
    pasted = True
    url_in_commands = False

    #: The ringing call between the API extension and the other extension.
    call_leg_id: Text = ""
    caller: Number = ""
    #: The API extension that was called.
    api_extension: Text = ""


@dataclasses.dataclass(frozen=True, repr=False)
class IncomingSMS(Notification):
    """A text message to an API extension."""

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
    #: The text, including white space around it.
    message: Verbatim = ""


@dataclasses.dataclass(frozen=True, repr=False)
class SMSDeliveryReport(Notification):
    """A report whether a text message reached its destination."""

    notification_name = "SMSDeliveryReport"
    kind = "sms_delivery_report"
    url_setting = "DeliveryReportURL of SendSms"

    delivered: Boolean
    id: Text
    #: The API extension that sent the message.
    api_extension: Text = ""


@dataclasses.dataclass(frozen=True, repr=False)
class DtmfEntered(Notification):
    """Keys pressed by the other extension that are not an Input of the UserInput."""

    notification_name = "DtmfEntered"
    kind = "dtmf_entered"
    url_setting = "ForwardToUrl of UserInput"

    dtmf_digits: Text
    call_leg_id: Text = ""
    api_extension: Text = ""


@dataclasses.dataclass(frozen=True, repr=False)
class GoToNotification(Notification):
    """A request of a GoTo command for more OzML; it has no fields."""

    notification_name = "GoTo"
    kind = "goto"
    url_setting = "Url of GoTo"


@dataclasses.dataclass(frozen=True, repr=False)
class ErrorNotification(Notification):
    """An error in the phone system; the answer must be empty.

    Assumption: the vendor documents the codes, but not the names of the fields. The
    first of the likely names is used; everything posted is in :attr:`fields`.
    """

    notification_name = "Error"
    kind = "error"
    url_setting = "error notification URL, or ErrorUrl of Call"
    pasted = True
    any_name = True
    family = None

    #: 0 if absent or unreadable.
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
