"""The OzML commands: what a view can tell the phone system to do."""

from .base import Command
from .base import ExtensionCommand
from .base import RoutingCommand
from .base import ThirdPartyCommand
from .catalogue import AttendedTransfer
from .catalogue import BlindTransfer
from .catalogue import BY_NAME
from .catalogue import Call
from .catalogue import Delay
from .catalogue import Element
from .catalogue import Forward
from .catalogue import GoTo
from .catalogue import Hangup
from .catalogue import Hold
from .catalogue import MAX_DEPTH
from .catalogue import Play
from .catalogue import Record
from .catalogue import Reject
from .catalogue import Route
from .catalogue import SendDTMF
from .catalogue import SendEmail
from .catalogue import SendSms
from .catalogue import Speak
from .catalogue import Unhold
from .catalogue import UserInput

__all__ = [
    "BY_NAME",
    "MAX_DEPTH",
    "AttendedTransfer",
    "BlindTransfer",
    "Call",
    "Command",
    "Delay",
    "Element",
    "ExtensionCommand",
    "Forward",
    "GoTo",
    "Hangup",
    "Hold",
    "Play",
    "Record",
    "Reject",
    "Route",
    "RoutingCommand",
    "SendDTMF",
    "SendEmail",
    "SendSms",
    "Speak",
    "ThirdPartyCommand",
    "Unhold",
    "UserInput",
]
