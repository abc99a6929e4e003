"""The notifications: what the phone system tells a web application."""

from .kinds import CallChanged
from .kinds import CallConnected
from .kinds import CallState
from .kinds import DtmfEntered
from .kinds import ErrorNotification
from .kinds import GoToNotification
from .kinds import IncomingCall
from .kinds import IncomingSMS
from .kinds import KINDS
from .kinds import Notification
from .kinds import parse
from .kinds import RecordCompleted
from .kinds import RoutingCallState
from .kinds import RoutingInterception
from .kinds import SMSDeliveryReport

__all__ = [
    "KINDS",
    "CallChanged",
    "CallConnected",
    "CallState",
    "DtmfEntered",
    "ErrorNotification",
    "GoToNotification",
    "IncomingCall",
    "IncomingSMS",
    "Notification",
    "RecordCompleted",
    "RoutingCallState",
    "RoutingInterception",
    "SMSDeliveryReport",
    "parse",
]
