"""The ten sample notifications of the vendor's page "HTTP API Notifications".

The Error notification has no sample there.
"""

import pathlib
import typing as t
from collections.abc import Mapping

from flask_ozml.notifications import CallChanged
from flask_ozml.notifications import CallConnected
from flask_ozml.notifications import CallState
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import Notification
from flask_ozml.notifications import RecordCompleted
from flask_ozml.notifications import RoutingCallState
from flask_ozml.notifications import RoutingInterception
from flask_ozml.notifications import SMSDeliveryReport

_DATA: t.Final = pathlib.Path(__file__).parent / "data" / "notifications"
_RECORDING: t.Final = (
    "http://ozekixepbx.ip:7780/HttpRecordings/21d75202569941b5a9576babd030e55f.mp3"
)


class Sample(t.NamedTuple):
    """One sample: what is posted where, and what it means."""

    #: The path of the request.
    path: str
    notification: type[Notification]
    #: The body in one line, as it is posted.
    body: bytes
    #: The body with the line breaks that the page has inside it.
    printed: bytes
    #: The object, without its ``fields``.
    expected: Notification


def _sample(name: str, path: str, expected: Notification) -> Sample:
    return Sample(
        f"/ozml_example/{path}",
        type(expected),
        (_DATA / f"{name}.txt").read_bytes(),
        (_DATA / "printed" / f"{name}.txt").read_bytes(),
        expected,
    )


#: The samples by name: the kind, and for RecordCompleted whose recording it is.
SAMPLES: t.Final[Mapping[str, Sample]] = {
    "routing_interception": _sample(
        "routing_interception",
        "routing_interception.php",
        RoutingInterception(
            caller_id="1000",
            original_dialed_number="1500",
            last_dialed_number="431413",
            last_called_extension="1200",
            last_call_state=RoutingCallState.CALLING,
            caller_extension="",
            api_extension="9999",
        ),
    ),
    "call_changed": _sample(
        "call_changed",
        "call_changed.php",
        CallChanged(
            call_state=CallState.RINGING,
            call_id="3CiHe",
            caller="103",
            caller_id="103",
            callee="101",
        ),
    ),
    "record_completed_third_party": _sample(
        "record_completed_third_party",
        "record_completed.php",
        RecordCompleted(
            success=True,
            duration=15.0,
            record_url=_RECORDING,
            call_id="3CiHe",
            caller="103",
            callee="101",
        ),
    ),
    "call_connected": _sample(
        "call_connected",
        "call_connected.php",
        CallConnected(call_leg_id="3CiHe", callee="1100", api_extension="9999"),
    ),
    "incoming_call": _sample(
        "incoming_call",
        "incoming_call.php",
        IncomingCall(call_leg_id="3CiHe", caller="500", api_extension="9998"),
    ),
    "incoming_sms": _sample(
        "incoming_sms",
        "incoming_sms.php",
        IncomingSMS(
            sender="06203123412",
            recipient="06304645433",
            id="843952f3-3f3g3",
            api_extension="9999",
            message="Hi John!",
        ),
    ),
    "sms_delivery_report": _sample(
        "sms_delivery_report",
        "smsdeliveryreport.php",
        SMSDeliveryReport(delivered=True, id="843952f3-3f3g3", api_extension="9998"),
    ),
    "dtmf_entered": _sample(
        "dtmf_entered",
        "dtmf_entered.php",
        DtmfEntered(dtmf_digits="14*5#3", call_leg_id="3CiHe", api_extension="9998"),
    ),
    "record_completed_extension": _sample(
        "record_completed_extension",
        "record_completed.php",
        RecordCompleted(
            success=True,
            duration=15.0,
            record_url=_RECORDING,
            call_id="",
            caller="103",
            callee="101",
        ),
    ),
    "goto": _sample("goto", "goto.php", GoToNotification()),
}
