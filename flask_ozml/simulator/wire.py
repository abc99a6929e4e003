"""The bodies of notifications, as the phone system writes them.

Names, their order and the escaping are those of the example bodies on the vendor's page
"HTTP API Notifications".
"""

import typing as t
from collections.abc import Mapping
from urllib.parse import quote_plus

from ..notifications import KINDS

#: Field names by kind, in the order of the vendor's examples.
#:
#: RoutingInterception: the vendor's table has CallerExtension, the example ApiExtension
#: instead. The example is followed; CallerExtension comes after it if a test gives
#: one. Assumption: the fields of Error are Code and Message.
FIELDS: t.Final[Mapping[str, tuple[str, ...]]] = {
    "routing_interception": (
        "NotificationName",
        "CallerID",
        "OriginalDialedNumber",
        "LastDialedNumber",
        "LastCalledExtension",
        "LastCallState",
        "ApiExtension",
        "CallerExtension",
    ),
    "call_changed": (
        "NotificationName",
        "CallState",
        "CallId",
        "Caller",
        "CallerId",
        "Callee",
    ),
    "record_completed": (
        "Success",
        "Duration",
        "RecordURL",
        "CallId",
        "Caller",
        "Callee",
        "NotificationName",
    ),
    "call_connected": ("NotificationName", "CallLegID", "Callee", "ApiExtension"),
    "incoming_call": ("NotificationName", "CallLegID", "Caller", "ApiExtension"),
    "incoming_sms": (
        "NotificationName",
        "Sender",
        "Recipient",
        "ID",
        "ApiExtension",
        "Message",
    ),
    "sms_delivery_report": ("NotificationName", "Delivered", "ID", "ApiExtension"),
    "dtmf_entered": ("NotificationName", "DtmfDigits", "CallLegID", "ApiExtension"),
    "goto": ("NotificationName",),
    "error": ("NotificationName", "Code", "Message"),
}


def body(kind: str, values: Mapping[str, str]) -> bytes:
    """Return the body of a notification.

    As in the vendor's examples, a blank is written as ``+`` and ``*#:/!`` are not
    escaped. Assumption: other characters that mean something in a body (``& % + =``),
    control characters and non-ASCII characters (as UTF-8) are percent-encoded.

    :param kind: the kind of notification.
    :param values: values by wire name; a field without one is left out.
    """
    named = {"NotificationName": KINDS[kind].notification_name, **values}
    return "&".join(
        f"{name}={quote_plus(named[name], safe='*#:/!', errors='replace')}"
        for name in FIELDS[kind]
        if name in named
    ).encode("ascii")
