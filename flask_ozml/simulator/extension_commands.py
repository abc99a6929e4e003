"""Executes the commands of an API extension.

A command is a function and a row in a table. Source: the vendor's page of each command.
"""

import typing as t
from collections.abc import Callable
from collections.abc import Mapping

from .. import commands as ozml
from ..notifications import CallState
from . import not_simulated
from .frames import AUDIO_SECONDS
from .frames import CHARACTERS_PER_SECOND
from .frames import Menu
from .frames import Music
from .frames import Pause
from .frames import Recording
from .frames import Sound
from .legs import Leg


def execute(leg: Leg, command: ozml.Command) -> None:
    """Run one command.

    Assumption: without a call, commands that need one are left out (the vendor lists
    them as legal).
    """
    leg.switchboard.count_command()
    plain = not_simulated.plain(leg, command)
    if plain is None:
        return
    row = _ROWS[plain.origin]
    if row.needs_call and not leg.live:
        leg.note("*", f"left out {plain.origin.__name__}, there is no call")
        return
    leg.commands.append(plain)
    row.execute(leg, plain)


def spoken(text: str) -> tuple[str, float]:
    """Return what is heard of a text, and how many seconds that takes."""
    heard = " ".join(text.split())
    return heard, len(heard) / CHARACTERS_PER_SECOND


def _speak(leg: Leg, command: ozml.Speak) -> None:
    text, seconds = spoken(command.text)
    leg.hear(text, None, text)
    leg.stack.append(Sound(leg.after(seconds)))


def _play(leg: Leg, command: ozml.Play) -> None:
    name = command.audio_file.strip()
    leg.hear(name, None, f"[{name}]")
    if command.repeat:
        leg.stack.append(Music())
    else:
        seconds = leg.switchboard.audio.get(name, AUDIO_SECONDS)
        leg.stack.append(Sound(leg.after(seconds)))


def _delay(leg: Leg, command: ozml.Delay) -> None:
    leg.stack.append(Pause(leg.after(command.time)))


def _user_input(leg: Leg, command: ozml.UserInput) -> None:
    leg.cue = leg.clock
    leg.stack.append(Menu(command))


def _record(leg: Leg, command: ozml.Record) -> None:
    leg.note("*", "records")
    leg.cue = leg.clock
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
    transferor = "callee" if leg.person == "caller" else "caller"
    leg.switchboard.transfer(leg, command.target, transferor)
    # The same person talks to another API extension, and hangs up at the same time.
    new = leg.transferred_call
    if isinstance(new, Leg) and leg.hangs_up_at is not None:
        new.hangs_up_at = new.after(leg.hangs_up_at - leg.clock)


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
    leg.switchboard.change(leg, CallState.COMPLETED)


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
