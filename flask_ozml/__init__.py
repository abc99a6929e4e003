"""Answer the notifications of an Ozeki Phone System from Flask views."""

from .blueprint import OzML as OzML
from .errors import ConfigurationError as ConfigurationError
from .errors import InappropriateCommand as InappropriateCommand
from .errors import InvalidParameter as InvalidParameter
from .errors import NotImplementedCommand as NotImplementedCommand
from .errors import OzMLError as OzMLError
from .errors import ParseError as ParseError
from .errors import StatusCode as StatusCode
from .errors import TokenTooLong as TokenTooLong
from .errors import ViewFailed as ViewFailed
from .signals import notification_failed as notification_failed
from .signals import notification_received as notification_received
