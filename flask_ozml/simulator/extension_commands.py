"""Executes the commands of an API extension.

A command is a function and a row in a table. Source: the vendor's page of each command.
"""

import typing as t
from collections.abc import Callable
from collections.abc import Mapping

from .. import commands as ozml
from ..notifications import CallState
from .frames import Menu
from .frames import Music
from .frames import Recording
from .legs import Leg


def execute(leg: Leg, command: ozml.Command) -> None:
    """Run one command.

    Assumption: without a call, commands that need one are left out (the vendor lists
    them as legal).
    """
    leg.switchboard.count_command()
    row = _ROWS[command.origin]
    if row.needs_call and not leg.live:
        leg.note("*", f"left out {type(command).__name__}, there is no call")
        return
    leg.commands.append(command)
    row.execute(leg, command)


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
    """Assumption: the new answer replaces all that is left."""
    leg.replace_by_answer("goto", command.url, {}, ("GoTo", "Url"))


def _blind_transfer(leg: Leg, command: ozml.BlindTransfer) -> None:
    """Transfer the other party.

    Documented: after an unsuccessful transfer the next command runs, and FinishedUrl
    counts in third-party call control only. Assumption: after a successful transfer no
    command runs.
    """
    outcome = leg.switchboard.outcome(command.target)
    if outcome == "answered":
        leg.transferred_to = command.target
        leg.note("*", f"transferred to {command.target}")
        leg.stop(CallState.TRANSFERRED)
    else:
        leg.note("*", f"not transferred to {command.target}: {outcome}")


def _call(leg: Leg, command: ozml.Call) -> None:
    """Assumption: the script does not wait for the new call."""
    leg.note("*", f"calls {command.dialled}")
    leg.switchboard.place(command, leg.api_extension)


def _send_sms(leg: Leg, command: ozml.SendSms) -> None:
    leg.switchboard.send_sms(leg, command, leg.api_extension)


def _send_email(leg: Leg, command: ozml.SendEmail) -> None:
    leg.switchboard.send_email(leg, command)


def _hang_up(leg: Leg, command: ozml.Hangup | ozml.Reject) -> None:
    """Assumption: a Reject in a call that is already picked up hangs up."""
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
