"""A phone in a terminal: plays a call, a text message or a routing, line by line.

Each function returns the exit status: 1 if the application failed or gave an answer
that the phone system refuses, with the reason as the last line, else 0.
"""

import traceback
import typing as t
from collections.abc import Callable
from collections.abc import Sequence

from ..commands import rules
from ..errors import StatusCode
from .calls import Call
from .exceptions import CallLoop
from .exceptions import CallStateError
from .exceptions import MissingUrl
from .phonesystem import PhoneSystem
from .session import Event
from .session import MAX_SECONDS
from .session import printable
from .session import Transcript

#: Seconds that an empty line lets pass if nothing is due.
PAUSE: t.Final = 10

HELP: t.Final = (
    "Type keys and Enter; an empty line lets time pass, Ctrl-D hangs up."
    " While you are recorded, any words are spoken."
)

_KEYS: t.Final = rules.rule_of(rules.Keys)
_COLOURS: t.Final = {"<": "36", ">": "1", "*": "33", "!": "31"}
#: The colour of what is wrong.
WORST: t.Final = "31"


class Screen:
    """Writes transcripts to a stream, each line once.

    :param out: a text stream.
    :param colour: whether it is a terminal that shows colours.
    """

    def __init__(self, out: t.TextIO, colour: bool) -> None:
        self._out = out
        self._colour = colour
        self._shown: dict[Transcript, int] = {}

    def show(self, sessions: Sequence[Transcript], *, typed: bool = False) -> None:
        """Write the lines that have not been written yet.

        :param typed: whether the keys are on the screen already.
        """
        for session in sessions:
            if session not in self._shown:
                self.line(session.title)
            for event in session.events[self._shown.get(session, 0) :]:
                if not (typed and _is_keys(event)):
                    self.line(str(event), _COLOURS[event.mark])
            self._shown[session] = len(session.events)

    def line(self, text: str, colour: str | None = None) -> None:
        """Write text as one line."""
        self._write(" ".join(text.split()), colour)

    def lines(self, text: str, colour: str | None = None) -> None:
        """Write text of several lines, with their indentation."""
        for line in text.expandtabs().splitlines():
            self._write(line, colour)

    def _write(self, line: str, colour: str | None = None) -> None:
        encoding = self._out.encoding or "utf-8"
        plain = printable(line).encode(encoding, "replace").decode(encoding)
        if self._colour and colour:
            plain = f"\x1b[{colour}m{plain}\x1b[0m"
        self._out.write(f"{plain}\n")
        self._out.flush()

    def prompt(self) -> None:
        """Ask for a line."""
        self._out.write("> ")
        self._out.flush()

    def traceback(self, error: BaseException) -> None:
        """Write the traceback of an exception of the application."""
        self.lines("".join(traceback.format_exception(error)))


def _is_keys(event: Event) -> bool:
    return event.mark == ">" and not event.text.startswith("(")


def call(
    system: PhoneSystem,
    out: t.TextIO,
    *,
    caller: str,
    api_extension: str,
    press: Sequence[str] = (),
    typed: t.TextIO | None = None,
    hang_up_after: float | None = None,
    colour: bool = False,
) -> int:
    """Make a call.

    :param press: groups of keys, pressed one after another; then the caller hangs up.
    :param typed: a stream of lines, read if there are no keys: keys are pressed, an
        empty line lets time pass, and the end of the stream hangs up. Without it the
        caller hangs up at once.
    :param hang_up_after: seconds after which the caller hangs up, whatever is going on
        then.
    """
    screen = Screen(out, colour)

    def play() -> None:
        talk = system.incoming_call(caller, api_extension, hang_up_after=hang_up_after)
        for keys in press:
            press_or_say(talk, keys)
        if typed is not None and not press:
            _talk(screen, system, talk, typed)
        while hang_up_after is not None and talk.continued.live:
            talk.continued.wait()
        talk.continued.hang_up()

    return _played(system, screen, play)


def sms(
    system: PhoneSystem,
    out: t.TextIO,
    *,
    sender: str,
    recipient: str,
    message: str,
    api_extension: str,
    colour: bool = False,
) -> int:
    """Send a text message to the application."""

    def play() -> None:
        system.incoming_sms(sender, recipient, message, api_extension)

    return _played(system, Screen(out, colour), play)


def route(
    system: PhoneSystem,
    out: t.TextIO,
    *,
    caller: str,
    dialed: str,
    colour: bool = False,
) -> int:
    """Dial a number and show where the call goes."""

    def play() -> None:
        system.route(caller, dialed)

    return _played(system, Screen(out, colour), play)


def third_party(
    system: PhoneSystem,
    out: t.TextIO,
    *,
    caller: str,
    callee: str,
    colour: bool = False,
) -> int:
    """Call from one extension to another, talk, and hang up."""

    def play() -> None:
        talk = system.call_between(caller, callee)
        if not talk.ended:
            talk.answer()
        if not talk.ended:
            talk.hang_up()

    return _played(system, Screen(out, colour), play)


def error(
    system: PhoneSystem,
    out: t.TextIO,
    *,
    code: int,
    message: str = "",
    colour: bool = False,
) -> int:
    """Post an Error notification."""
    return _played(
        system, Screen(out, colour), lambda: system.send_error(code, message)
    )


def _played(system: PhoneSystem, screen: Screen, play: Callable[[], object]) -> int:
    reason = None
    try:
        play()
    except Exception as error:  # noqa: BLE001  # anything the application raises
        screen.show(system.sessions)
        if not isinstance(error, (CallLoop, CallStateError, MissingUrl)):
            screen.traceback(error)
        reason = f"{type(error).__name__}: {error}"
    screen.show(system.sessions)
    reason = reason or _reason(system)
    if reason is None:
        return 0
    screen.line(reason, WORST)
    return 1


def _reason(system: PhoneSystem) -> str | None:
    if system.failures:
        error = system.failures[-1]
        return f"The application failed: {type(error).__name__}: {error}"
    refused = [e for e in system.errors if e.code != StatusCode.CALL_CONNECT_FAILED]
    if refused:
        code, message = refused[-1].code, refused[-1].message
        name = StatusCode(code).name.replace("_", " ").lower()
        return f"The phone system reports {name} ({code:d}): {message}"
    return None


def _talk(screen: Screen, system: PhoneSystem, talk: Call, typed: t.TextIO) -> None:
    screen.line(HELP)
    screen.show(system.sessions)
    while talk.continued.live:
        screen.prompt()
        line = typed.readline()
        if not line:
            screen.line("")
            return
        _act(screen, talk.continued, line.strip())
        screen.show(system.sessions, typed=True)


def press_or_say(talk: Call, keys: str) -> None:
    """Press keys, or say in the transcript that the call ended too early."""
    talk = talk.continued
    try:
        talk.press(keys)
    except CallStateError:
        talk.note(">", f"(the call ended before {keys} could be entered)")


def _act(screen: Screen, talk: Call, line: str) -> None:
    if not line:
        talk.wait(PAUSE if talk.due is None else None)
        return
    if _KEYS.accepts(line):
        press_or_say(talk, line)
    elif talk.recording:
        talk.record(min(len(line.split()), MAX_SECONDS))
    else:
        screen.line(HELP)
