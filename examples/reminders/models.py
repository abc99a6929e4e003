"""The table of appointments, the only memory: every process reads and writes it."""

import datetime
import enum
import typing as t
from contextlib import AbstractContextManager
from contextlib import suppress
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import Session

from . import numbers


class State(enum.StrEnum):
    """The state of a reminder; the first four are on the way to one of the others."""

    DUE = "waiting"
    #: The request to call is being sent, or it is unknown whether it was.
    PLACING = "placing"
    RINGING = "ringing"
    TALKING = "talking"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    CALL_BACK = "call back"
    #: The patient, or an answering machine, heard the reminder and pressed no key.
    NO_CHOICE = "no choice"
    NOT_REACHED = "not reached"
    WRONG_NUMBER = "wrong number"


ON_THE_WAY: t.Final = (State.DUE, State.PLACING, State.RINGING, State.TALKING)
OUTCOMES: t.Final = tuple(state for state in State if state not in ON_THE_WAY)

#: The most characters that a name and a number may have together.
MAX_LENGTH: t.Final = 200


class _UtcTime(sa.TypeDecorator[datetime.datetime]):
    """A time with a time zone, stored in UTC by every database."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(
        self, value: datetime.datetime | None, dialect: sa.Dialect
    ) -> datetime.datetime | None:
        return value and value.astimezone(datetime.UTC).replace(tzinfo=None)

    def process_result_value(
        self, value: datetime.datetime | None, dialect: sa.Dialect
    ) -> datetime.datetime | None:
        return value and value.replace(tzinfo=datetime.UTC)


class Base(DeclarativeBase):
    """The base of the tables."""

    type_annotation_map: t.ClassVar = {
        State: sa.Enum(State, native_enum=False, length=20),
        datetime.datetime: _UtcTime,
    }


class Appointment(Base):
    """An appointment and the outcome of its reminder."""

    __tablename__ = "appointment"
    __table_args__ = (sa.UniqueConstraint("name", "number", "starts"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    number: Mapped[str]
    starts: Mapped[datetime.datetime]
    state: Mapped[State]
    #: When the patient is to be called.
    due: Mapped[datetime.datetime]
    #: The line that is in use, from 1. It is unique: the database itself keeps several
    #: processes from using more lines than there are.
    line: Mapped[int | None] = mapped_column(unique=True)
    #: How often the patient was called.
    attempts: Mapped[int] = mapped_column(default=0)
    #: Whether one of the calls may have been placed twice.
    maybe_twice: Mapped[bool] = mapped_column(default=False)
    #: When the state changed.
    since: Mapped[datetime.datetime]
    #: Why the last call failed.
    note: Mapped[str] = mapped_column(default="")
    #: What became of the text message.
    sms: Mapped[str] = mapped_column(default="")


def now() -> datetime.datetime:
    """Return the time."""
    return datetime.datetime.now(datetime.UTC)


def zone() -> ZoneInfo:
    """Return the time zone of the practice."""
    return ZoneInfo(current_app.config["REMINDERS_TIME_ZONE"])


def transaction() -> AbstractContextManager[Session]:
    """Return a session that is committed at the end of its ``with`` block."""
    sessions = current_app.extensions["reminders"]
    return t.cast(AbstractContextManager[Session], sessions.begin())


def find(appointment: int) -> Appointment:
    """Return an appointment by its id."""
    with transaction() as session:
        return session.get_one(Appointment, appointment)


def new(name: str, number: str, starts: str) -> Appointment:
    """Return an appointment that is not in the table yet.

    :param number: a number as people write it. One that must not be called is kept as
        it is, for the practice to see.
    :param starts: the local time, for example ``2026-11-27 09:30``.
    :raises ValueError: if something is missing, too long, or is no time.
    """
    # PostgreSQL keeps no text with a NUL.
    name, number = (text.replace("\0", "").strip() for text in (name, number))
    if not name or not number:
        raise ValueError("A name and a number are needed.")
    if len(name + number) > MAX_LENGTH:
        raise ValueError(f"Name and number have more than {MAX_LENGTH} characters.")
    begins = _local_time(starts.strip())
    normal = numbers.normalise(number, current_app.config["REMINDERS_REGION"])
    return Appointment(
        name=name,
        number=normal or number,
        starts=begins,
        state=State.DUE if normal else State.WRONG_NUMBER,
        due=_due(begins),
        since=now(),
        note="" if normal else "This number is not called.",
    )


def add(*appointments: Appointment) -> None:
    """Add appointments that are not in the table already."""
    for given in appointments:
        with suppress(IntegrityError), transaction() as session:
            session.add(given)


def _local_time(text: str) -> datetime.datetime:
    with suppress(ValueError):
        parsed = datetime.datetime.strptime(
            text.replace("T", " "),  # browsers send a T
            "%Y-%m-%d %H:%M",
        ).replace(tzinfo=zone())
        if has_neighbours(parsed):
            return parsed
    raise ValueError("The time must look like 2026-11-27 09:30.")


def has_neighbours(date: datetime.date) -> bool:
    """Return whether there is a day before and one after, in every time zone."""
    return datetime.MINYEAR < date.year < datetime.MAXYEAR


def _due(starts: datetime.datetime) -> datetime.datetime:
    """Return when the reminder is due: some hours before, on a day for calls."""
    config = current_app.config
    due = starts - datetime.timedelta(hours=config["REMINDERS_LEAD"])
    while due.weekday() not in config["REMINDERS_DAYS"]:
        due -= datetime.timedelta(days=1)
    return due
