"""Calls between two extensions, which the application watches and may act on.

Source: the vendor's pages "HTTP API Notifications", of the third-party form of each
command, and of the call states.
"""

import typing as t
from collections.abc import Callable
from collections.abc import Mapping

from .. import commands as ozml
from ..errors import CommandError
from ..errors import InappropriateCommand
from ..errors import InvalidParameter
from ..notifications import CallState
from .calls import check_seconds
from .exceptions import CallStateError
from .session import PhoneCall
from .switchboard import Switchboard

_TALKING: t.Final = (CallState.IN_CALL, CallState.HOLD)


class ThirdPartyCall(PhoneCall):
    """A call between two extensions; each change is posted as a CallChanged.

    The call begins Ringing. Assumption: commands for a call that is over are left out,
    since a real phone system is always a little ahead of an application.
    """

    def __init__(self, switchboard: Switchboard, caller: str, callee: str) -> None:
        super().__init__(
            f"Call from {caller} to {callee}",
            id=f"C{switchboard.next_id()}",
            caller=caller,
            callee=callee,
        )
        self.switchboard = switchboard
        #: What each party heard.
        self.heard_by: dict[str, list[str]] = {"caller": [], "callee": []}
        self.recordings: list[tuple[ozml.Record, float]] = []

    def ring(self) -> t.Self:
        """Begin to ring."""
        self.switchboard.url_of("call_changed")
        return self._act(CallState.RINGING)

    def answer(self) -> t.Self:
        """Pick up: Answered, which happens once, then InCall."""
        self._need("answer", CallState.RINGING)
        self._act(CallState.ANSWERED)
        return self if self.ended else self._act(CallState.IN_CALL)

    def busy(self) -> t.Self:
        """Press the busy button, or do not answer in time."""
        self._need("refuse", CallState.RINGING)
        return self._act(CallState.BUSY)

    def cancel(self) -> t.Self:
        """Give up while it rings."""
        self._need("cancel", CallState.RINGING)
        return self._act(CallState.CANCELLED)

    def hold(self) -> t.Self:
        """Put the call on hold, as a party."""
        self._need("hold", CallState.IN_CALL)
        return self._act(CallState.HOLD)

    def unhold(self) -> t.Self:
        """Take the call back, as a party."""
        self._need("unhold", CallState.HOLD)
        return self._act(CallState.IN_CALL)

    def transfer(self, target: str) -> t.Self:
        """Transfer the call, as a party."""
        self._need("transfer", *_TALKING)
        self.transferred_to = target
        return self._act(CallState.TRANSFERRED)

    def hang_up(self) -> t.Self:
        """Hang up, as a party."""
        self._need("hang up", *_TALKING)
        return self._act(CallState.COMPLETED)

    def wait(self, seconds: float) -> t.Self:
        """Let time pass."""
        check_seconds(seconds)
        self.clock += seconds
        return self

    def abort(self) -> None:
        self.state = CallState.ERROR
        self.recordings.clear()

    def _need(self, act: str, *states: CallState) -> None:
        if self.state not in states:
            raise CallStateError(
                f"Nobody can {act} a call in the state {self.state}:\n{self}"
            )

    def _act(self, state: CallState) -> t.Self:
        with self.switchboard.turn(self):
            self.change(state)
        return self

    def change(self, state: CallState) -> None:
        """Change the state; the CallChanged is posted after the current answer."""
        self.state = state
        self.note("*", state)
        values = {
            "CallState": state.value,
            "CallId": self.id,
            "Caller": self.caller,
            "CallerId": self.caller_id,
            "Callee": self.callee,
        }
        url = self.switchboard.url_of("call_changed")
        self._post_later("call_changed", url, values, ("HTTP API", "Call changed URL"))
        if self.ended:
            self._finish_recordings()

    def _finish_recordings(self) -> None:
        """Finish the recordings: they last to the end of the call (documented)."""
        recordings, self.recordings = self.recordings, []
        for command, started in recordings:
            if command.finished_url:
                values = {
                    **self.switchboard.recorded(self.clock - started, command.format),
                    "CallId": self.id,
                    "Caller": self.caller,
                    "Callee": self.callee,
                }
                self._post_later(
                    "record_completed",
                    command.finished_url,
                    values,
                    ("Record", "FinishedUrl"),
                )

    def _post_later(
        self, kind: str, url: str, values: dict[str, str], source: tuple[str, str]
    ) -> None:
        def post() -> None:
            for command in self.switchboard.ask(self, kind, url, values, source) or ():
                self._execute(command)

        self.switchboard.pending.append(post)

    def _execute(self, command: ozml.Command) -> None:
        """Run a command for the call that it names, by default for this one."""
        self.switchboard.count_command()
        call = self
        call_id = getattr(command, "call_id", None)
        try:
            if call_id not in (None, "", self.id):
                call = _find(self, command, "CallId", call_id)
            if call.ended:
                call.note("*", f"left out {type(command).__name__}, the call is over")
            else:
                call.obey(command)
        except CommandError as error:
            call.switchboard.report(call, error)

    def obey(self, command: ozml.Command) -> None:
        """Run a command.

        :raises CommandError: if the state of the call does not allow it.
        """
        self.commands.append(command)
        _EXECUTORS[command.origin](self, command)


def _find(
    call: ThirdPartyCall, command: ozml.Command, parameter: str, call_id: str
) -> ThirdPartyCall:
    """Return the call of this id. Assumption: 302 if there is none that goes on."""
    found = call.switchboard.find(call_id)
    if not isinstance(found, ThirdPartyCall):
        name, rule = type(command).__name__, "is not the id of a call that goes on"
        raise InvalidParameter(name, parameter, rule)
    return found


def _hear(call: ThirdPartyCall, party: str, what: str) -> None:
    call.heard.append(what)
    for who, heard in call.heard_by.items():
        if party in (who, "all"):
            heard.append(what)


def _speak(call: ThirdPartyCall, command: ozml.Speak) -> None:
    text = " ".join(command.text.split())
    _hear(call, str(command.party), text)
    call.note("<", f"({command.party}) {text}")


def _play(call: ThirdPartyCall, command: ozml.Play) -> None:
    _hear(call, str(command.party), command.audio_file.strip())
    call.note("<", f"({command.party}) [{command.audio_file.strip()}]")


def _send_dtmf(call: ThirdPartyCall, command: ozml.SendDTMF) -> None:
    call.note("<", f"({command.party}) keys {command.keys}")


def _record(call: ThirdPartyCall, command: ozml.Record) -> None:
    call.note("*", "records")
    call.recordings.append((command, call.clock))


def _hang_up(call: ThirdPartyCall, command: ozml.Hangup) -> None:
    call.change(CallState.COMPLETED)


def _hold(call: ThirdPartyCall, command: ozml.Hold) -> None:
    """Assumption: nothing changes if there is no conversation."""
    if call.state is CallState.IN_CALL:
        call.change(CallState.HOLD)


def _unhold(call: ThirdPartyCall, command: ozml.Unhold) -> None:
    """Documented: only for a call on hold. Assumption: 303 for any other."""
    if call.state is CallState.HOLD:
        call.change(CallState.IN_CALL)
    else:
        raise _cannot(command)


def _forward(call: ThirdPartyCall, command: ozml.Forward) -> None:
    """Documented: only while it rings. Assumption: 303 later; it rings again."""
    if call.state is CallState.RINGING:
        call.callee = command.destination
        call.change(CallState.RINGING)
    else:
        raise _cannot(command)


def _cannot(command: ozml.Command) -> InappropriateCommand:
    return InappropriateCommand(
        f"Command '{type(command).__name__}' cannot be used here"
    )


def _blind_transfer(call: ThirdPartyCall, command: ozml.BlindTransfer) -> None:
    """Assumption: FinishedUrl is not requested, since its fields are undocumented."""
    outcome = call.switchboard.outcome(command.target)
    if outcome == "answered":
        call.transferred_to = command.target
        call.note("*", f"transferred to {command.target}")
        call.change(CallState.TRANSFERRED)
    else:
        call.note("*", f"not transferred to {command.target}: {outcome}")


def _attended_transfer(call: ThirdPartyCall, command: ozml.AttendedTransfer) -> None:
    """Join the other parties of two calls; the transferor leaves both (documented).

    Assumption: the transferor is TransferorParty of the transferred call, by default
    its caller; the transferred call ends as Transferred, and the target call goes on
    InCall with the transferred party in the place of the transferor.
    """
    moved_id = command.transferred_call_id or call.id
    target = _find(call, command, "TargetCallId", command.target_call_id)
    transferred = _find(call, command, "TransferredCallId", moved_id)
    if target is transferred:
        return
    transferor, moved = transferred.caller, transferred.callee
    if command.transferor_party == "callee":
        transferor, moved = moved, transferor
    if target.callee == transferor:
        transferred.transferred_to, target.callee = target.caller, moved
    else:
        transferred.transferred_to, target.caller = target.callee, moved
    transferred.change(CallState.TRANSFERRED)
    target.change(CallState.IN_CALL)


_EXECUTORS: t.Final[
    Mapping[type[ozml.Command], Callable[[ThirdPartyCall, t.Any], None]]
] = {
    ozml.AttendedTransfer: _attended_transfer,
    ozml.BlindTransfer: _blind_transfer,
    ozml.Forward: _forward,
    ozml.Hangup: _hang_up,
    ozml.Hold: _hold,
    ozml.Play: _play,
    ozml.Record: _record,
    ozml.SendDTMF: _send_dtmf,
    ozml.Speak: _speak,
    ozml.Unhold: _unhold,
}
