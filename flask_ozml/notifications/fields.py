"""The types of notification fields, each with the function that reads its text.

A field is annotated with one of these types.
"""

import dataclasses
import enum
import re
import typing as t
from collections.abc import Callable

from ..errors import StatusCode
from ..values import BOOLEANS


class CallState(enum.StrEnum):
    """The state of a call, as in CallChanged.

    Source: the vendor's pages "HTTP API Notifications" and, for ``Answered``, "What
    type of callstates can you get as a response to the ListActiveCalls command".
    """

    RINGING = "Ringing"
    ANSWERED = "Answered"
    IN_CALL = "InCall"
    HOLD = "Hold"
    TRANSFERRED = "Transferred"
    BUSY = "Busy"
    CANCELLED = "Cancelled"
    ERROR = "Error"
    COMPLETED = "Completed"


class RoutingCallState(enum.StrEnum):
    """The last state of a call that is being routed, as in RoutingInterception.

    Source: the vendor's page "What type of callstates can you get in the
    RoutingInterception notification".
    """

    CALLING = "Calling"
    NO_ANSWER = "NoAnswer"
    BUSY = "Busy"
    NOT_FOUND = "NotFound"
    ERROR = "Error"


class Unreadable(ValueError):
    """A value could not be parsed; `instead` is used in its place.

    :param problem: the message, to be read after the attribute's name.
    :param instead: the value to use.
    """

    def __init__(self, problem: str, instead: object) -> None:
        super().__init__(problem)
        self.instead = instead


def read_number(text: str) -> str:
    """Read a telephone number; one leading blank is a plus that was not escaped."""
    number = text.strip()
    unescaped = number and text[0] == " " and text[1] not in " +"
    return f"+{number}" if unescaped else number


def read_boolean(text: str) -> bool:
    """Read a boolean.

    :raises Unreadable: for any other text.
    """
    try:
        return BOOLEANS[text.strip().lower()]
    except KeyError:
        raise Unreadable("is not a boolean; using False.", False) from None


def read_seconds(text: str) -> float:
    """Read a number of seconds, with a point or a comma before its fraction.

    :raises Unreadable: for any other text.
    """
    number = text.strip()
    if not re.fullmatch(r"[0-9]{1,15}(?:[.,][0-9]{0,15})?", number):
        raise Unreadable("is not a number of seconds; using 0.", 0.0)
    return float(number.replace(",", "."))


def read_code(text: str) -> StatusCode | int:
    """Read a status code; one that the vendor does not list stays an ``int``.

    :raises Unreadable: for any other text.
    """
    number = text.strip()
    if not re.fullmatch(r"[0-9]{1,9}", number):
        raise Unreadable("is not a status code; using 0.", 0)
    try:
        return StatusCode(int(number))
    except ValueError:
        return int(number)


@dataclasses.dataclass(frozen=True, repr=False)
class Reader:
    """How a field is read.

    :param name: the name that ``help()`` shows.
    :param read: a function that reads the text of the field.
    :param wire_names: the names on the wire, in lower case and in order of preference,
        if they do not follow from the attribute's name.
    """

    name: str
    read: Callable[[str], t.Any]
    wire_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return self.name


_E = t.TypeVar("_E", bound=enum.StrEnum)


def _reader_of(states: type[_E]) -> Callable[[str], _E | str]:
    """Make the reader of a state; one that the vendor does not list stays a ``str``."""

    def read(text: str) -> _E | str:
        try:
            return states(text.strip())
        except ValueError:
            return text.strip()

    return read


Text = t.Annotated[str, Reader("Text", str.strip)]
Verbatim = t.Annotated[str, Reader("Verbatim", str)]
Number = t.Annotated[str, Reader("Number", read_number)]
Boolean = t.Annotated[bool, Reader("Boolean", read_boolean)]
Seconds = t.Annotated[float, Reader("Seconds", read_seconds)]
AnyCallState = t.Annotated[CallState | str, Reader("CallState", _reader_of(CallState))]
AnyRoutingCallState = t.Annotated[
    RoutingCallState | str, Reader("RoutingCallState", _reader_of(RoutingCallState))
]
ErrorCode = t.Annotated[
    StatusCode | int,
    Reader("ErrorCode", read_code, ("code", "errorcode", "statuscode")),
]
ErrorText = t.Annotated[
    str, Reader("ErrorText", str, ("message", "errormessage", "errortext"))
]
