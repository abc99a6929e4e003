"""Executes the commands of an API extension.

A command is a class and a row in a table here. Source of what each does: the vendor's
page of that command; what those pages leave open is marked as assumed.
"""

import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

from .. import commands as ozml
from ..notifications import CallState
from .frames import Frame
from .frames import Menu
from .frames import Music
from .frames import Recording
from .frames import Script
from .switchboard import ENDED
from .switchboard import Session
from .switchboard import Switchboard


class Leg(Session):
    """The API extension's side of a call, or of a text message.

    Time is virtual and each call has its own: Delay and waiting move the clock, a text
    or a file takes no time (assumed), and nothing sleeps. When the script ends, the
    call is hung up (documented).

    :param state: in a state other than InCall there is nobody to talk to, and commands
        that need a call are left out (assumed; the vendor's lists allow them there).
    """

    def __init__(
        self,
        board: Switchboard,
        title: str,
        *,
        caller: str,
        callee: str,
        api_extension: str,
        state: CallState,
    ) -> None:
        super().__init__(board, title)
        self.id = f"L{board.next_id()}"
        self.caller = caller
        self.callee = callee
        #: The number that was dialled.
        self.dialed = callee
        self.api_extension = api_extension
        self.state = state
        #: Texts and audio files, in order; white space in a text cannot be heard.
        self.heard: list[str] = []
        #: The number that the call was transferred to.
        self.transferred_to: str | None = None
        #: Seconds since the call began.
        self.clock = 0.0
        self.stack: list[Frame] = []

    @property
    def live(self) -> bool:
        """Whether two sides are talking."""
        return self.state is CallState.IN_CALL

    @property
    def ended(self) -> bool:
        """Whether the call is over."""
        return self.state in ENDED

    def run(self) -> None:
        """Go on until it is the other side's turn, or nothing is left."""
        while self.stack and self.stack[-1].step(self):
            pass
        if not self.stack and self.live:
            self.stop(CallState.COMPLETED)
            self.note("*", "hung up")

    def pass_time(self, seconds: float) -> None:
        """Let the clock go on; what has to happen meanwhile happens."""
        end = self.clock + seconds
        while self.stack:
            frame = self.stack[-1]
            if frame.deadline is None or frame.deadline > end:
                break
            self.clock = max(self.clock, frame.deadline)
            frame.expire(self)
            self.run()
        self.clock = max(self.clock, end)

    def stop(self, state: CallState) -> None:
        """End the call; a recording is told to the application."""
        self.state = state
        stack, self.stack = self.stack, []
        if stack:
            stack[-1].cut(self)
            self.run()

    def abort(self) -> None:
        if not self.ended:
            self.state = CallState.ERROR
        self.stack = []

    def execute(self, command: ozml.Command) -> None:
        """Run one command."""
        self.board.count_command()
        row = _ROWS[command.origin]
        if row.needs_call and not self.live:
            self.note("*", f"left out {type(command).__name__}, there is no call")
            return
        self.commands.append(command)
        row.execute(self, command)

    def insert_answer(
        self, kind: str, url: str, values: Mapping[str, str], named: tuple[str, str]
    ) -> None:
        """Run an answer, then go on; a refused one is left out (assumed)."""
        answer = self.board.ask(self, kind, url, values, named)
        self._begin(answer or ())

    def replace_by_answer(
        self, kind: str, url: str, values: Mapping[str, str], named: tuple[str, str]
    ) -> None:
        """Run an answer in place of everything.

        A call whose script is refused ends in the state Error (assumed; documented for
        the Url of Call only).
        """
        self.stack.clear()
        answer = self.board.ask(self, kind, url, values, named)
        if answer is None:
            self.abort()
        else:
            self._begin(answer)

    def _begin(self, answer: Iterable[ozml.Command]) -> None:
        self.stack.append(Script(answer, answer=True))


def _speak(leg: Leg, command: ozml.Speak) -> None:
    leg.heard.append(" ".join(command.text.split()))
    leg.note("<", leg.heard[-1])


def _play(leg: Leg, command: ozml.Play) -> None:
    leg.heard.append(command.audio_file.strip())
    leg.note("<", f"[{leg.heard[-1]}]")
    if command.repeat:
        leg.stack.append(Music())


def _delay(leg: Leg, command: ozml.Delay) -> None:
    leg.clock += command.time


def _user_input(leg: Leg, command: ozml.UserInput) -> None:
    leg.stack.append(Menu(command))


def _record(leg: Leg, command: ozml.Record) -> None:
    leg.note("*", "records")
    leg.stack.append(Recording(command, leg.clock))


def _go_to(leg: Leg, command: ozml.GoTo) -> None:
    """Assumed: the new answer replaces all that is left."""
    leg.replace_by_answer("goto", command.url, {}, ("GoTo", "Url"))


def _blind_transfer(leg: Leg, command: ozml.BlindTransfer) -> None:
    """Documented: after an unsuccessful transfer the next command runs.

    Assumed: after a successful one nothing does. FinishedUrl is considered in
    third-party call control only (documented).
    """
    outcome = leg.board.outcome(command.target)
    if outcome == "answered":
        leg.transferred_to = command.target
        leg.note("*", f"transferred to {command.target}")
        leg.stop(CallState.TRANSFERRED)
    else:
        leg.note("*", f"not transferred to {command.target}: {outcome}")


def _call(leg: Leg, command: ozml.Call) -> None:
    """Assumed: the script does not wait for the new call."""
    leg.note("*", f"calls {command.dialled}")
    leg.board.place(command, leg.api_extension)


def _send_sms(leg: Leg, command: ozml.SendSms) -> None:
    leg.board.send_sms(leg, command, leg.api_extension)


def _send_email(leg: Leg, command: ozml.SendEmail) -> None:
    leg.board.send_email(leg, command)


def _hang_up(leg: Leg, command: ozml.Hangup | ozml.Reject) -> None:
    """Assumed: a Reject in a call that is already picked up hangs up."""
    leg.note("*", "hung up")
    leg.stop(CallState.COMPLETED)


class _Row(t.NamedTuple):
    execute: Callable[[Leg, t.Any], None]
    needs_call: bool = True


_ROWS: t.Final[Mapping[type[ozml.Command], _Row]] = {
    ozml.BlindTransfer: _Row(_blind_transfer),
    ozml.Call: _Row(_call, needs_call=False),
    ozml.Delay: _Row(_delay),
    ozml.GoTo: _Row(_go_to, needs_call=False),
    ozml.Hangup: _Row(_hang_up),
    ozml.Play: _Row(_play),
    ozml.Record: _Row(_record),
    ozml.Reject: _Row(_hang_up),
    ozml.SendEmail: _Row(_send_email, needs_call=False),
    ozml.SendSms: _Row(_send_sms, needs_call=False),
    ozml.Speak: _Row(_speak),
    ozml.UserInput: _Row(_user_input),
}
