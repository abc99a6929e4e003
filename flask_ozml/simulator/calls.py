"""Calls and text messages, as the person takes part in them who calls or is called."""

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
from . import extension_commands
from .exceptions import CallStateError
from .frames import Menu
from .frames import Recording
from .legs import Leg
from .switchboard import Switchboard

#: Seconds that one act may last, so that each has an end.
MAX_SECONDS: t.Final = 86_400

# What a third party can do to a call of an API extension.
_OBEYED: t.Final = (BlindTransfer, Hangup, Play, Speak)


def check_seconds(seconds: float) -> None:
    """Raise ValueError unless this is a number of seconds that an act may last."""
    if not 0 <= seconds <= MAX_SECONDS:
        raise ValueError(f"seconds must be from 0 to {MAX_SECONDS}, got {seconds!r}.")


class Call(Leg):
    """A call with an API extension, seen by the person who talks to it.

    Everything that this person does returns the call, so that acts can be chained. What
    the application raises in process is raised here, and ends the call.
    """

    #: Which party this person is.
    person: t.ClassVar[t.Literal["caller", "callee"]] = "caller"

    def execute(self, command: Command) -> None:
        extension_commands.execute(self, command)

    def press(self, keys: str) -> t.Self:
        """Press keys, one after another.

        :raises InvalidParameter: if there are other keys than ``0-9*#A-D``.
        :raises CallStateError: if the call is over before all are pressed.
        :raises CallLoop: if the application comes to no end.
        """
        rule_of(Keys).check("press", "keys", keys)
        self._need("press keys")
        self.note(">", keys)
        for key in keys:
            self._need(f"press all of the {len(keys)} keys")
            with self.switchboard.turn(self):
                self.stack[-1].press(self, key)
                self.run()
        return self

    def wait(self, seconds: float) -> t.Self:
        """Do nothing for some seconds.

        :raises CallLoop: if the application comes to no end.
        """
        check_seconds(seconds)
        if self.live:
            self.note(">", f"(waits {seconds:g} s)")
        with self.switchboard.turn(self):
            self.pass_time(seconds)
        return self

    def record(self, seconds: float = 5, press: str = "") -> t.Self:
        """Speak for some seconds, then press keys or fall silent.

        Without keys, wait until Inactivity or Duration ends a recording.

        :raises CallStateError: if the call is over.
        """
        check_seconds(seconds)
        self._need("speak")
        self.note(">", f"(speaks for {seconds:g} s)")
        with self.switchboard.turn(self):
            self.stack[-1].speak(self, seconds)
            self.run()
        if press:
            return self.press(press)
        silence = self.patience
        return self.wait(silence) if self.recording and silence is not None else self

    def obey(self, command: Command) -> None:
        """Run a command of third-party call control.

        Assumption: a call of an API extension can be hung up, transferred and spoken or
        played into (once); a Hangup while it rings cancels it; it ends with a transfer,
        whoever the transferor is.

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
        """Hang up; a call that is over stays as it is."""
        if self.live:
            self.note(">", "(hangs up)")
            with self.switchboard.turn(self):
                self.stop(CallState.COMPLETED)
        return self

    @property
    def menu(self) -> Menu | None:
        """The menu that waits for keys."""
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

    def __init__(
        self, switchboard: Switchboard, caller: str, api_extension: str
    ) -> None:
        super().__init__(
            switchboard,
            f"Call from {caller} to {api_extension}",
            caller=caller,
            callee=api_extension,
            api_extension=api_extension,
        )

    def ring(self) -> t.Self:
        """Post the IncomingCall, and run the answer.

        Documented: if its first command is Reject nothing runs, else the phone is
        picked up. Assumption: a rejected call is Busy.
        """
        url = self.switchboard.url_of("incoming_call")
        with self.switchboard.turn(self):
            answer = self.switchboard.ask(
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
                self.begin(answer)
                self.run()
        return self


class PlacedCall(Call):
    """A call that a Call command started. It rings until the callee acts.

    Source: the vendor's page "OzML Call command". Assumption: errors in it are posted
    to its ErrorUrl, too, as Error notifications.
    """

    person = "callee"

    def __init__(
        self, switchboard: Switchboard, command: CallCommand, extension: str
    ) -> None:
        extension = command.api_extension or extension
        super().__init__(
            switchboard,
            f"Call from {extension} to {command.dialled}",
            caller=extension,
            callee=command.dialled,
            caller_id=command.caller_id,
            api_extension=extension,
        )
        self.command = command
        self.error_url = command.error_url

    def answer(self) -> t.Self:
        """Pick up: post the CallConnected, and run the answer.

        Documented: without OzML from there the call is hung up.
        """
        self._need_ringing("answer")
        with self.switchboard.turn(self):
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
        """Let it ring until the phone system gives up (documented: Busy)."""
        return self._fail("let ring", "lets it ring")

    def _fail(self, act: str, done: str) -> t.Self:
        self._need_ringing(act)
        self.note(">", f"({done})")
        self.state = CallState.BUSY
        with self.switchboard.turn(self):
            self.switchboard.post_error(
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
    """A text message, or a report about one: there is no call."""

    def __init__(
        self,
        switchboard: Switchboard,
        title: str,
        *,
        sender: str = "",
        api_extension: str,
    ) -> None:
        super().__init__(
            switchboard,
            title,
            caller=sender,
            callee=api_extension,
            api_extension=api_extension,
            state=CallState.COMPLETED,
        )

    def execute(self, command: Command) -> None:
        extension_commands.execute(self, command)

    def deliver(
        self, kind: str, url: str, values: dict[str, str], source: tuple[str, str]
    ) -> t.Self:
        """Post the notification, and run the answer."""
        with self.switchboard.turn(self):
            self.replace_by_answer(kind, url, values, source)
            self.run()
        return self
