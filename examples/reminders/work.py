"""Places the calls that are due."""

import dataclasses

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlalchemy.orm import Session

from flask_ozml import InvalidParameter
from flask_ozml.client import PhoneSystemClient
from flask_ozml.errors import DestinationNotAllowed
from flask_ozml.errors import PhoneSystemError
from flask_ozml.errors import PhoneSystemUnreachable
from flask_ozml.errors import StatusCode
from flask_ozml.errors import UnexpectedReply

from . import outcomes
from .calls import not_reached
from .calls import phone
from .calls import remind
from .models import Appointment
from .models import now
from .models import State
from .models import transaction
from .models import zone


@dataclasses.dataclass(frozen=True)
class Order:
    """A call to be placed, of a row that is committed as placing."""

    appointment: int
    attempt: int
    number: str
    url: str
    error_url: str


def step() -> None:
    """Place calls until all lines are in use or nobody is left to be called.

    Any number of processes on any number of machines may do this at once.

    :raises ConfigurationError: if the phone system or the public URL is not configured.
    """
    client = PhoneSystemClient.from_config(current_app.config)
    outcomes.sweep()
    while (order := claim()) and place(client, order):
        pass


def claim() -> Order | None:
    """Claim one row that is due; None if there is none, or no line for it."""
    if not _may_call():
        return None
    try:
        with transaction() as session:
            line = _free_line(session)
            return _claim(session, line) if line else None
    except IntegrityError:  # another process was quicker to use the line
        return None


def _may_call() -> bool:
    local = now().astimezone(zone())
    first, end = current_app.config["REMINDERS_HOURS"]
    return first <= local.hour < end and (
        local.weekday() in current_app.config["REMINDERS_DAYS"]
    )


def _free_line(session: Session) -> int | None:
    used = sa.select(Appointment.line).where(Appointment.line.is_not(None))
    lines = range(1, current_app.config["REMINDERS_LINES"] + 1)
    return min(set(lines) - set(session.scalars(used)), default=None)


def _claim(session: Session, line: int) -> Order | None:
    """Claim a row by one UPDATE. If its URLs cannot be made, nothing is committed."""
    called = aliased(Appointment)
    first = (
        sa.select(Appointment.id)
        .where(
            Appointment.state == State.DUE,
            Appointment.due <= now(),
            Appointment.number.not_in(
                sa.select(called.number).where(called.line.is_not(None))
            ),
        )
        .order_by(Appointment.due)
        .limit(1)
    )
    claimed = session.execute(
        sa.update(Appointment)
        .where(
            Appointment.id == first.scalar_subquery(),
            Appointment.state == State.DUE,  # once more, for databases with row locks
        )
        .values(
            state=State.PLACING,
            line=line,
            attempts=Appointment.attempts + 1,
            since=now(),
        )
        .returning(Appointment.id, Appointment.attempts, Appointment.number)
    ).one_or_none()
    if claimed is None:
        return None
    appointment, attempt, number = claimed
    urls = [
        phone.to(view, appointment=appointment, attempt=attempt)
        for view in (remind, not_reached)
    ]
    return Order(appointment, attempt, number, *urls)


def place(client: PhoneSystemClient, order: Order) -> bool:
    """Send the request to call; return whether the phone system replied.

    Without a reply it is unknown whether the telephone rings, so the row stays placing.
    """
    row = order.appointment, order.attempt
    try:
        client.call(
            order.number,
            api_extension=current_app.config["REMINDERS_API_EXTENSION"],
            caller_id=current_app.config["REMINDERS_CALLER_ID"],
            url=order.url,
            error_url=order.error_url,
        )
    except (PhoneSystemUnreachable, UnexpectedReply) as error:
        current_app.logger.warning("A call may have been placed: %s", error)
        return False
    except (DestinationNotAllowed, InvalidParameter, PhoneSystemError) as error:
        current_app.logger.warning("No call was placed: %s", error)
        if getattr(error, "code", None) is StatusCode.CALL_CONNECT_FAILED:
            outcomes.not_reached(*row, str(error))
        else:
            outcomes.not_called(*row, str(error))
    else:
        outcomes.placed(*row)
    return True
