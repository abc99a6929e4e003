"""What happens to the row of an appointment.

Each change is one UPDATE whose WHERE names the states that it starts from. So any
process may make it, notifications may overtake each other, and one that comes twice
does no harm.
"""

import datetime
import typing as t

import sqlalchemy as sa
from flask import current_app

from .models import Appointment
from .models import now
from .models import ON_THE_WAY
from .models import OUTCOMES
from .models import State
from .models import transaction

_Where: t.TypeAlias = sa.ColumnElement[bool]
_Values: t.TypeAlias = dict[str, t.Any]


def placed(appointment: int, attempt: int) -> None:
    """Note that the phone system calls. The patient may have answered already."""
    _change(_attempt(appointment, attempt, State.PLACING), state=State.RINGING)


def reached(appointment: int) -> None:
    """Note that somebody answers."""
    where = Appointment.id == appointment, Appointment.state.in_(ON_THE_WAY)
    _change(where, state=State.TALKING, note="")


def chosen(appointment: int, choice: State, *, texted: bool) -> None:
    """Note what the patient wants; what was said last counts.

    :param texted: whether a text message is sent.
    """
    sms = {"sms": "sent"} if texted else {}
    _change((Appointment.id == appointment,), state=choice, **sms)


def over(appointment: int) -> None:
    """Note that the call is over, and free its line."""
    _end(Appointment.id == appointment)


def not_reached(appointment: int, attempt: int, note: str) -> None:
    """Note that the patient was busy or did not answer, and call again later."""
    where = _attempt(appointment, attempt, State.PLACING, State.RINGING)
    _change(where, **_again(attempt, note))


def not_called(appointment: int, attempt: int, note: str) -> None:
    """Note that the phone system did not call, and ask it again in a minute."""
    due = now() + datetime.timedelta(minutes=1)
    _change(
        _attempt(appointment, attempt, State.PLACING),
        **_DUE | {"attempts": attempt - 1, "due": due, "note": note},
    )


def sms_reported(appointment: int, delivered: bool) -> None:
    """Note whether the text message was delivered."""
    sms = "delivered" if delivered else "not delivered"
    _change((Appointment.id == appointment,), sms=sms)


def sweep() -> None:
    """Take up the rows that make no progress.

    A row that is still placing belonged to a process that was killed, or the reply to
    its request was lost. The call may have been placed, so there may be two of them.
    """
    for row in _overdue("placing"):
        where = _attempt(row.id, row.attempts, State.PLACING)
        again = _again(row.attempts, "It is unknown whether the last call was placed.")
        _change(where, **again, maybe_twice=True)
    for row in _overdue("ringing"):
        not_reached(row.id, row.attempts, "The phone system reported no result.")
    _end(_unchanged_for("talking"))
    too_late = Appointment.state == State.DUE, Appointment.starts <= now()
    _change(too_late, **_NOT_REACHED | {"note": "The appointment came first."})


def _end(calls: _Where) -> None:
    silent = Appointment.state == State.TALKING
    _change((calls, silent), state=State.NO_CHOICE, line=None)
    done = Appointment.state.in_(OUTCOMES), Appointment.line.is_not(None)
    _change((calls, *done), line=None)


def _overdue(state: str) -> t.Sequence[Appointment]:
    where = Appointment.state == State(state), _unchanged_for(state)
    with transaction() as session:
        return session.scalars(sa.select(Appointment).where(*where)).all()


def _unchanged_for(state: str) -> _Where:
    seconds = current_app.config["REMINDERS_TIMEOUTS"][state]
    timeout = datetime.timedelta(seconds=seconds)
    # A change in the future was made before the clock was set back.
    return ~Appointment.since.between(now() - timeout, now() + timeout)


_DUE: t.Final[_Values] = {"state": State.DUE, "line": None}
_NOT_REACHED: t.Final[_Values] = {"state": State.NOT_REACHED, "line": None}


def _again(attempt: int, note: str) -> _Values:
    """Return the values of a row after an attempt that failed."""
    pauses = current_app.config["REMINDERS_PAUSES"]
    if attempt > len(pauses):
        return _NOT_REACHED | {"note": note}
    due = now() + datetime.timedelta(seconds=pauses[attempt - 1])
    return _DUE | {"due": due, "note": note}


def _attempt(appointment: int, attempt: int, *states: State) -> tuple[_Where, ...]:
    return (
        Appointment.id == appointment,
        Appointment.attempts == attempt,
        Appointment.state.in_(states),
    )


def _change(where: tuple[_Where, ...], **values: t.Any) -> None:
    with transaction() as session:
        rows = sa.update(Appointment).where(*where)
        session.execute(rows.values(since=now(), **values))
