"""The notifications: what the phone system tells a web application."""

from .fields import CallState
from .fields import RoutingCallState
from .kinds import CallChanged
from .kinds import CallConnected
from .kinds import DtmfEntered
from .kinds import ErrorNotification
from .kinds import GoToNotification
from .kinds import IncomingCall
from .kinds import IncomingSMS
from .kinds import KINDS
from .kinds import Notification
from .kinds import RecordCompleted
from .kinds import RoutingInterception
from .kinds import SMSDeliveryReport
from .parsing import parse

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
