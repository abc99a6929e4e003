"""Calls and text messages as a test, or a person at a terminal, takes part in them."""

import typing as t

from ..commands import BlindTransfer
from ..commands import Call as CallCommand
from ..commands import Command
from ..commands import Hangup
from ..commands import Play
from ..commands import Reject
from ..commands import Speak
from ..commands.rules import Keys
from ..commands.rules import rule_of
from ..errors import InappropriateCommand
from ..errors import StatusCode
from ..notifications import CallState
from .engine import Leg
from .exceptions import CallStateError
from .frames import Menu
from .frames import Recording
from .switchboard import Switchboard

#: Seconds that one act may last, so that each has an end.
MAX_SECONDS: t.Final = 86_400

# What a third party can do to a call of an API extension.
_OBEYED: t.Final = (BlindTransfer, Hangup, Play, Speak)


def check_seconds(seconds: float) -> None:
    """Raise ValueError for what is no time, or too long."""
    if not 0 <= seconds <= MAX_SECONDS:
        raise ValueError(f"seconds must be from 0 to {MAX_SECONDS}, not {seconds!r}.")


class Call(Leg):
    """A call to an API extension, seen by the person who is connected to it.

    All that this person does gives the call back, so that acts can be chained. What the
    application raises in process comes through, and ends the call.
    """

    #: Which party this person is.
    person: t.ClassVar[t.Literal["caller", "callee"]] = "caller"

    @property
    def caller_id(self) -> str:
        """What the callee sees of the caller."""
        return self.caller

    def press(self, keys: str) -> t.Self:
        """Press keys, one after another.

        :raises InvalidParameter: if they are not of ``0-9*#A-D``.
        :raises CallStateError: if the call is over before all are pressed.
        :raises CallLoop: if the application does not come to an end.
        """
        rule_of(Keys).check("press", "keys", keys)
        self._need("press keys")
        self.note(">", keys)
        for key in keys:
            self._need(f"press all of the {len(keys)} keys")
            with self.board.turn(self):
                self.stack[-1].press(self, key)
                self.run()
        return self

    def wait(self, seconds: float) -> t.Self:
        """Do nothing for some seconds; a Delay that has begun is waited out.

        :raises CallLoop: if the application does not come to an end.
        """
        check_seconds(seconds)
        if self.live:
            self.note(">", f"(waits {seconds:g} s)")
        with self.board.turn(self):
            self.pass_time(seconds)
        return self

    def record(self, seconds: float = 5, press: str = "") -> t.Self:
        """Speak for some seconds, then press keys or fall silent.

        Without keys a recording's own end by Inactivity or Duration is waited for.

        :raises CallStateError: if the call is over.
        """
        check_seconds(seconds)
        self._need("speak")
        self.note(">", f"(speaks for {seconds:g} s)")
        with self.board.turn(self):
            self.stack[-1].speak(self, seconds)
            self.run()
        if press:
            return self.press(press)
        silence = self.patience
        return self.wait(silence) if self.recording and silence is not None else self

    def obey(self, command: Command) -> None:
        """Run what a request of a third party asks for.

        Assumed: a call to or from an API extension can be hung up, transferred and
        spoken or played into (once); a Hangup while it rings cancels it; whoever makes
        a transfer, it is over for the application.

        :raises InappropriateCommand: for any other command, or if it rings.
        """
        name = type(command).__name__
        if isinstance(command, Hangup) and not self.live:
            self.state = CallState.CANCELLED
            self.note("*", "cancelled")
        elif not (self.live and isinstance(command, _OBEYED)):
            raise InappropriateCommand(f"Command '{name}' cannot be used here")
        elif getattr(command, "party", "all") in (self.person, "all"):
            if isinstance(command, Play):
                command = Play(command.audio_file)
            self.execute(command)
        else:
            self.note("*", f"{name} to the API extension")

    def hang_up(self) -> t.Self:
        """End the call; one that is over stays as it is."""
        if self.live:
            self.note(">", "(hangs up)")
            with self.board.turn(self):
                self.stop(CallState.COMPLETED)
        return self

    @property
    def menu(self) -> Menu | None:
        """The menu whose keys are awaited."""
        frame = self.stack[-1] if self.stack else None
        return frame if isinstance(frame, Menu) else None

    @property
    def recording(self) -> bool:
        """Whether the other side is being recorded."""
        return bool(self.stack) and isinstance(self.stack[-1], Recording)

    @property
    def patience(self) -> float | None:
        """Seconds until the phone system goes on by itself; None if it does not."""
        deadline = self.stack[-1].deadline if self.stack else None
        return None if deadline is None else max(deadline - self.clock, 0)

    def _need(self, act: str) -> None:
        if not self.live:
            raise CallStateError(
                f"Nobody can {act} in a call in the state {self.state}:\n{self}"
            )


class IncomingCall(Call):
    """A call from an extension to an API extension."""

    def __init__(self, board: Switchboard, caller: str, api_extension: str) -> None:
        super().__init__(
            board,
            f"Call from {caller} to {api_extension}",
            caller=caller,
            callee=api_extension,
            api_extension=api_extension,
            state=CallState.RINGING,
        )

    def ring(self) -> t.Self:
        """Ask the application, and be picked up unless it rejects the call.

        Documented: if the first command is Reject nothing runs, and else the phone is
        picked up. Assumed: a rejected call is Busy.
        """
        url = self.board.url_of("incoming_call")
        with self.board.turn(self):
            answer = self.board.ask(
                self,
                "incoming_call",
                url,
                {
                    "CallLegID": self.id,
                    "Caller": self.caller,
                    "ApiExtension": self.api_extension,
                },
            )
            if answer is None:
                self.abort()
            elif self.ended:
                self.note("*", "over before it was picked up")
            elif answer and answer[0].origin is Reject:
                self.commands.append(answer[0])
                self.note("*", "rejected")
                self.state = CallState.BUSY
            else:
                self.state = CallState.IN_CALL
                self._begin(answer)
                self.run()
        return self


class PlacedCall(Call):
    """A call that a Call command started; it rings until somebody does something.

    Source: the vendor's page "OzML Call command". Errors in it are told to its
    ErrorUrl, too, as an Error notification (assumed).
    """

    person = "callee"

    def __init__(
        self, board: Switchboard, command: CallCommand, extension: str
    ) -> None:
        extension = command.api_extension or extension
        super().__init__(
            board,
            f"Call from {extension} to {command.dialled}",
            caller=extension,
            callee=command.dialled,
            api_extension=extension,
            state=CallState.RINGING,
        )
        self.command = command
        self.error_url = command.error_url

    @property
    def caller_id(self) -> str:
        return self.command.caller_id or self.caller

    def answer(self) -> t.Self:
        """Pick up: CallConnected is posted, and its answer runs.

        Documented: where no OzML comes from there, the call is hung up.
        """
        self._need_ringing("answer")
        with self.board.turn(self):
            self.note(">", "(answers)")
            self.state = CallState.IN_CALL
            self.replace_by_answer(
                "call_connected",
                self.command.url,
                {
                    "CallLegID": self.id,
                    "Callee": self.callee,
                    "ApiExtension": self.api_extension,
                },
                ("Call", "Url"),
            )
            self.run()
        return self

    def refuse(self) -> t.Self:
        """Press the busy button."""
        return self._fail("refuse", "refuses")

    def let_ring(self) -> t.Self:
        """Let it ring until the phone system gives up (documented: that is Busy)."""
        return self._fail("let ring", "lets it ring")

    def _fail(self, act: str, done: str) -> t.Self:
        self._need_ringing(act)
        self.note(">", f"({done})")
        self.state = CallState.BUSY
        with self.board.turn(self):
            self.board.post_error(
                self.error_url,
                StatusCode.CALL_CONNECT_FAILED,
                f"Call connect to '{self.callee}' failed with result state"
                f" '{self.state}'",
            )
        return self

    def _need_ringing(self, act: str) -> None:
        if self.state is not CallState.RINGING:
            raise CallStateError(f"Nobody can {act} a call in the state {self.state}.")


class Message(Leg):
    """A text message, or a report about one: commands run, but there is no call."""

    def __init__(
        self, board: Switchboard, title: str, *, sender: str = "", api_extension: str
    ) -> None:
        super().__init__(
            board,
            title,
            caller=sender,
            callee=api_extension,
            api_extension=api_extension,
            state=CallState.COMPLETED,
        )

    def deliver(
        self, kind: str, url: str, values: dict[str, str], named: tuple[str, str]
    ) -> t.Self:
        """Tell the application, and run its answer."""
        with self.board.turn(self):
            self.replace_by_answer(kind, url, values, named)
            self.run()
        return self
