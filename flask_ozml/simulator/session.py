"""What all calls share: the transcript, the parties and the states."""

import typing as t

from ..commands import Command
from ..notifications import CallState
from ..notifications import ErrorNotification

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
    """A call: two parties and a state.

    :param title: the first line of the transcript.
    :param id: the id that notifications and requests have for the call.
    :param caller: the number that calls.
    :param callee: the number that is called.
    :param caller_id: the number that the callee sees. Default: the caller's.
    :param state: the state to begin with.
    """

    def __init__(
        self,
        title: str,
        *,
        id: str,
        caller: str,
        callee: str,
        caller_id: str | None = None,
        state: CallState = CallState.RINGING,
    ) -> None:
        super().__init__(title)
        self.id = id
        self.caller = caller
        self.callee = callee
        #: The number that the callee sees; a transfer does not change it.
        self.caller_id = caller_id or caller
        #: The number that was dialled; a transfer does not change it.
        self.dialed = callee
        self.state = state
        #: Texts and audio files in their order. White space cannot be heard: a run of
        #: it in a text is one blank.
        self.heard: list[str] = []
        #: The number that the call was transferred to.
        self.transferred_to: str | None = None
        #: Seconds since the call began.
        self.clock = 0.0

    @property
    def ended(self) -> bool:
        """Whether the call is over."""
        return self.state in ENDED
