"""Answer the notifications of an Ozeki Phone System from Flask views."""

from .blueprint import OzML
from .errors import ConfigurationError
from .errors import DestinationNotAllowed
from .errors import InappropriateCommand
from .errors import InvalidParameter
from .errors import NotImplementedCommand
from .errors import OzMLError
from .errors import ParseError
from .errors import StatusCode
from .errors import TokenTooLong
from .errors import ViewFailed
from .signals import notification_answered
from .signals import notification_failed
from .signals import notification_received

__all__ = [
    "ConfigurationError",
    "DestinationNotAllowed",
    "InappropriateCommand",
    "InvalidParameter",
    "NotImplementedCommand",
    "OzML",
    "OzMLError",
    "ParseError",
    "StatusCode",
    "TokenTooLong",
    "ViewFailed",
    "notification_answered",
    "notification_failed",
    "notification_received",
]
