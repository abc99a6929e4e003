"""What the simulator raises besides the errors of the application itself."""

from ..errors import OzMLError


class CallLoop(OzMLError):
    """The application keeps the phone system busy without the caller doing anything.

    After 50 notifications (or 100,000 commands) the simulator gives up; the call has
    ended in the state Error.
    """


class CallStateError(OzMLError):
    """Somebody was asked to do what the state of the call does not allow.

    A key in a call that is over would make a test pass for the wrong reason.
    """


class TransportError(OzMLError):
    """No whole answer came back; told to the application as a ParseError (300)."""
