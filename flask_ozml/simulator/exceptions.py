"""The exceptions of the simulator."""

from ..errors import ConfigurationError
from ..errors import OzMLError


class CallLoop(OzMLError):
    """The application keeps the phone system busy without the caller doing anything.

    Raised after 50 notifications or 100,000 commands. The call has ended in the state
    Error.
    """


class CallStateError(OzMLError):
    """The call is not in a state that allows this.

    A key in a call that is over would let a test pass for the wrong reason.
    """


class MissingUrl(ConfigurationError):
    """The phone system was given no URL for a notification."""


class TransportError(OzMLError):
    """The application sent no complete answer.

    It is reported to the application as a ParseError (300).
    """
