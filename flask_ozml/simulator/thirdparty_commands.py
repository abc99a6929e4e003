"""Executes the commands of third-party call control.

A command is a function and a row in a table, which names the states that it needs.
Source: the vendor's third-party page of each command.
"""

import typing as t
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping

from .. import commands as ozml
from ..errors import CommandError
from ..errors import InappropriateCommand
from ..errors import InvalidParameter
from ..notifications import CallState
from . import not_simulated
from .extension_commands import spoken
from .frames import AUDIO_SECONDS
from .session import PhoneCall
from .switchboard import Switchboard

_RINGING: t.Final = (CallState.RINGING,)
_TALKING: t.Final = (CallState.IN_CALL, CallState.HOLD)
_ANY: t.Final = (*_RINGING, *_TALKING)


def obey(switchboard: Switchboard, call: PhoneCall, command: ozml.Command) -> None:
    """Run a command of an answer for the call that it names, by default for this one.

    Assumption: commands for a call that is over are left out, since a real phone system
    is always a little ahead of an application.
    """
    switchboard.count_command()
    plain = not_simulated.plain(call, command)
    if plain is None:
        return
    transfers = isinstance(plain, ozml.AttendedTransfer)
    parameter = "transferred_call_id" if transfers else "call_id"
    call_id = getattr(plain, parameter)
    try:
        if call_id and call_id != call.id:
            call = _find(switchboard, plain, parameter, call_id)
        if call.ended:
            call.note("*", f"left out {plain.origin.__name__}, the call is over")
        else:
            execute(switchboard, call, plain)
    except CommandError as error:
        switchboard.report(call, error)


def execute(switchboard: Switchboard, call: PhoneCall, command: ozml.Command) -> None:
    """Run a command.

    Assumption: 303 if the call is not in a state that the command needs. Calls of an
    API extension obey only some of the commands.

    :raises CommandError: if the call is not in a state that allows the command.
    """
    row = _ROWS[command.origin]
    if call.state not in row.states or (call.api_extension and not row.extensions):
        raise _refused(command)
    call.commands.append(command)
    row.execute(switchboard, call, command)


def _refused(command: ozml.Command) -> InappropriateCommand:
    return InappropriateCommand(
        f"Command '{command.origin.__name__}' cannot be used here"
    )


def _find(
    switchboard: Switchboard, command: ozml.Command, parameter: str, call_id: str
) -> PhoneCall:
    """Return the call of this id. Assumption: 302 if there is none that goes on."""
    found = switchboard.find(call_id)
    if found is None:
        name, rule = command.origin.__name__, "is not the id of a call that goes on"
        raise InvalidParameter(name, parameter, rule)
    return found


def _speak(switchboard: Switchboard, call: PhoneCall, command: ozml.Speak) -> None:
    text, seconds = spoken(command.text)
    call.hear(text, command.party, text)
    _take_time(call, seconds)


def _play(switchboard: Switchboard, call: PhoneCall, command: ozml.Play) -> None:
    """Assumption: with Repeat it is heard once."""
    name = command.audio_file.strip()
    call.hear(name, command.party, f"[{name}]")
    _take_time(call, switchboard.audio.get(name, AUDIO_SECONDS))


def _take_time(call: PhoneCall, seconds: float) -> None:
    """Assumption: what an API extension is doing goes on meanwhile."""
    if call.api_extension is None:
        call.move_clock(call.after(seconds))


def _send_dtmf(
    switchboard: Switchboard, call: PhoneCall, command: ozml.SendDTMF
) -> None:
    call.note("<", f"({command.party}) keys {command.keys}")


def _record(switchboard: Switchboard, call: PhoneCall, command: ozml.Record) -> None:
    call.note("*", "records")
    call.recordings.append((command, call.talked))


def _hang_up(switchboard: Switchboard, call: PhoneCall, command: ozml.Hangup) -> None:
    """Assumption: a call that still rings is Cancelled."""
    rings = call.state is CallState.RINGING
    state = CallState.CANCELLED if rings else CallState.COMPLETED
    call.note("*", "cancelled" if rings else "hung up")
    switchboard.change(call, state)


def _hold(switchboard: Switchboard, call: PhoneCall, command: ozml.Hold) -> None:
    """Put both legs on hold; only Unhold brings them back (documented)."""
    call.held_by.add("command")
    if call.state is CallState.IN_CALL:
        switchboard.change(call, CallState.HOLD)


def _unhold(switchboard: Switchboard, call: PhoneCall, command: ozml.Unhold) -> None:
    """Documented: only for a call that a Hold put on hold."""
    if "command" not in call.held_by:
        raise _refused(command)
    call.held_by.remove("command")
    if not call.held_by:
        switchboard.change(call, CallState.IN_CALL)


def _forward(switchboard: Switchboard, call: PhoneCall, command: ozml.Forward) -> None:
    """Documented: only while it rings. Assumption: it begins to ring again."""
    call.callee = command.destination
    switchboard.ring(call)


def _blind_transfer(
    switchboard: Switchboard, call: PhoneCall, command: ozml.BlindTransfer
) -> None:
    """Assumption: the transferor leaves, as the table of parameters says.

    The narration of the vendor's example says the opposite. FinishedUrl is not
    requested, since its fields are undocumented.
    """
    switchboard.transfer(call, command.target, command.transferor_party)


def _attended_transfer(
    switchboard: Switchboard, call: PhoneCall, command: ozml.AttendedTransfer
) -> None:
    """Move a party to another call; the transferor leaves both calls.

    Documented: the transferor has put the first call on hold and talks to the target.
    Assumption: 303 otherwise; TransferorParty is a party of the first call, by default
    the one who is in both; the target call keeps its CallerId.
    """
    target = _find(switchboard, command, "target_call_id", command.target_call_id)
    in_both = {call.caller, call.callee} & {target.caller, target.callee}
    transferor = _transferor(call, command.transferor_party, in_both)
    if target.state is not CallState.IN_CALL or in_both != {transferor}:
        raise _refused(command)
    stays = call.callee if call.caller == transferor else call.caller
    if target.caller == transferor:
        call.transferred_to, target.caller = target.callee, stays
    else:
        call.transferred_to, target.callee = target.caller, stays
    call.transferred_call = target
    call.note("*", f"transferred to {call.transferred_to}")
    switchboard.change(call, CallState.TRANSFERRED)
    switchboard.change(target, CallState.IN_CALL)


def _transferor(
    call: PhoneCall, party: str | None, in_both: Collection[str]
) -> str | None:
    if party:
        return call.caller if party == "caller" else call.callee
    return call.caller if call.caller in in_both else call.callee


class _Row(t.NamedTuple):
    execute: Callable[[Switchboard, PhoneCall, t.Any], None]
    states: Collection[CallState]
    #: Whether calls of API extensions obey too. Assumption.
    extensions: bool = False


_ROWS: t.Final[Mapping[type[ozml.Command], _Row]] = {
    ozml.AttendedTransfer: _Row(_attended_transfer, (CallState.HOLD,)),
    ozml.BlindTransfer: _Row(_blind_transfer, _TALKING, extensions=True),
    ozml.Forward: _Row(_forward, _RINGING),
    ozml.Hangup: _Row(_hang_up, _ANY, extensions=True),
    ozml.Hold: _Row(_hold, _TALKING),
    ozml.Play: _Row(_play, _TALKING, extensions=True),
    ozml.Record: _Row(_record, _ANY, extensions=True),
    ozml.SendDTMF: _Row(_send_dtmf, _TALKING, extensions=True),
    ozml.Speak: _Row(_speak, _TALKING, extensions=True),
    ozml.Unhold: _Row(_unhold, _TALKING),
}
