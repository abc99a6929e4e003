"""What all calls share: the transcript, the parties, the states and the clock."""

import threading
import typing as t
from collections.abc import Mapping

from ..commands import Command
from ..commands import Record
from ..notifications import CallState
from ..notifications import ErrorNotification
from ..notifications import RoutingCallState

#: The states of calls that are over.
ENDED: t.Final = frozenset(
    (
        CallState.TRANSFERRED,
        CallState.BUSY,
        CallState.CANCELLED,
        CallState.ERROR,
        CallState.COMPLETED,
    )
)

#: How an extension takes a call; an extension that has no outcome answers.
Outcome = t.Literal["answered", "busy", "no answer", "not found"]

#: What the phone system calls the outcomes of calls that are not answered.
RESULTS: t.Final[Mapping[Outcome, RoutingCallState]] = {
    "busy": RoutingCallState.BUSY,
    "no answer": RoutingCallState.NO_ANSWER,
    "not found": RoutingCallState.NOT_FOUND,
}

#: Seconds that a call rings (documented for Route).
RING_TIME: t.Final = 90

#: Seconds that one act may last, so that each has an end.
MAX_SECONDS: t.Final = 86_400


def check_seconds(seconds: float) -> None:
    """Raise ValueError unless this is a number of seconds that an act may last."""
    if not 0 <= seconds <= MAX_SECONDS:
        raise ValueError(f"seconds must be from 0 to {MAX_SECONDS}, got {seconds!r}.")


def printable(line: str) -> str:
    """Replace control characters, which could control a terminal, by U+FFFD."""
    return "".join(c if c.isprintable() else "\ufffd" for c in line)


class Event(t.NamedTuple):
    """One line of a transcript.

    :param mark: ``<`` for what is heard, ``>`` for what the caller does, ``*`` for what
        the phone system does, ``!`` for what it refuses.
    :param text: the line.
    """

    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.mark} {self.text}"


class Transcript:
    """The record of one call, text message, routing or request.

    :param title: the first line.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        #: The commands that ran, in their order.
        self.commands: list[Command] = []
        #: The errors that were reported to the application.
        self.errors: list[ErrorNotification] = []
        #: The lines after the title.
        self.events: list[Event] = []
        #: A URL that gets errors too, besides the error notification URL.
        self.error_url: str | None = None
        #: Held during an act, so that acts of several threads come one after another.
        self.lock = threading.RLock()

    def note(self, mark: str, text: str) -> None:
        """Add a line."""
        self.events.append(Event(mark, text))

    def abort(self) -> None:
        """Give up because the application failed."""

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def __repr__(self) -> str:
        return f"<{' | '.join(self._lines())}>"

    def _lines(self) -> list[str]:
        return [printable(str(line)) for line in (self.title, *self.events)]


class PhoneCall(Transcript):
    """A call in the phone system. It begins Ringing.

    :param title: the first line of the transcript.
    :param id: the id that notifications and requests have for the call.
    :param caller: the number that calls.
    :param callee: the number that is called.
    :param caller_id: the number that the callee sees. Default: the caller's.
    :param api_extension: the API extension that is one of the parties, if one is.
    """

    def __init__(
        self,
        title: str,
        *,
        id: str,
        caller: str,
        callee: str,
        caller_id: str | None = None,
        api_extension: str | None = None,
    ) -> None:
        super().__init__(title)
        self.id = id
        self.caller = caller
        self.callee = callee
        #: The number that the callee sees; a transfer does not change it.
        self.caller_id = caller_id or caller
        #: The number that was dialled; a transfer does not change it.
        self.dialed = callee
        self.api_extension = api_extension
        self.state = CallState.RINGING
        #: Texts and audio files in their order. White space cannot be heard: a run of
        #: it in a text is one blank.
        self.heard: list[str] = []
        #: The number that the call was transferred to.
        self.transferred_to: str | None = None
        #: The call that goes on after a transfer.
        self.transferred_call: PhoneCall | None = None
        #: What keeps the call on hold: a Hold command, or one of the parties.
        self.held_by: set[t.Literal["command", "party"]] = set()
        #: Recordings of third-party call control, and how long was talked before.
        self.recordings: list[tuple[Record, float]] = []
        #: Seconds since the call began, and those spent ringing and talking.
        self.clock = self.rang = self.talked = 0.0
        #: When the phone system gives up if nobody answers.
        self.rings_until = float(RING_TIME)

    @property
    def ended(self) -> bool:
        """Whether the call is over."""
        return self.state in ENDED

    def after(self, seconds: float) -> float:
        """Return the time after some seconds, in microseconds so that times compare."""
        return round(self.clock + seconds, 6)

    def move_clock(self, to: float) -> None:
        """Move the clock forward."""
        seconds = max(to - self.clock, 0)
        if self.state is CallState.RINGING:
            self.rang += seconds
        elif self.state is CallState.IN_CALL:
            self.talked += seconds
        self.clock += seconds

    def hear(self, sound: str, party: str | None, shown: str) -> None:
        """Hear a text or an audio file.

        :param party: who hears it; None means the other party of the API extension.
        :param shown: what the transcript shows.
        """
        self.heard.append(sound)
        self.note("<", shown)

    def entered(self) -> None:
        """Do what follows from a change of the state."""

    def unanswered(self, outcome: Outcome) -> None:
        """Do what follows if the call is not answered."""

    def abort(self) -> None:
        if not self.ended:
            self.state = CallState.ERROR
        self.recordings.clear()
