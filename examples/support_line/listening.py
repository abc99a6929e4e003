"""Listening to the messages, for those who know the PIN."""

import secrets
import typing as t
from collections.abc import Iterator
from datetime import datetime
from datetime import timedelta
from datetime import UTC

from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Play
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall

from . import messages
from .blueprints import mailbox
from .database import execute
from .database import now
from .settings import get_settings

#: The API extension of the mailbox.
EXTENSION: t.Final = "9997"
#: Wrong PINs of all callers together, before the mailbox stays closed for an hour.
MAX_WRONG_PINS: t.Final = 10

Commands = Iterator[ExtensionCommand]


@mailbox.incoming_call(api_extension=EXTENSION)
@mailbox.goto
def open_mailbox(_: IncomingCall | GoToNotification) -> Commands:
    """Ask for the PIN."""
    if _is_closed():
        yield Speak("The mailbox is closed. Please try again later.")
    else:
        yield _ask_pin("Please enter the PIN of the mailbox.", tries=0)
        yield Speak("Good bye.")
    yield Hangup()


@mailbox.dtmf_entered
def check_pin(entered: DtmfEntered, tries: int) -> Commands:
    """Play the messages after the right PIN; allow three tries."""
    if _is_closed():
        yield Speak("The mailbox is closed. Please try again later.")
        yield Hangup()
    elif _is_pin(entered.dtmf_digits):
        yield Speak(_summary())
        yield GoTo(mailbox.to(play_message, older_than=messages.NEWEST))
    else:
        execute("INSERT INTO wrong_pins VALUES (?)", now())
        if tries < 2:
            yield _ask_pin("That is not the PIN. Please try again.", tries=tries + 1)
        yield Speak("Good bye.")
        yield Hangup()


@mailbox.goto
def play_message(_: GoToNotification, older_than: int) -> Commands:
    """Play the newest message before this number, and offer what to do with it."""
    found = messages.older_than(older_than)
    if not found:
        yield Speak("There are no more messages. Good bye.")
    else:
        message = found[0]
        messages.mark_heard(message.id)
        number = " ".join(message.caller) or "an unknown number"
        received = _local(message.received)
        yield UserInput(
            Speak(f"Message from {number}, received on {received:%A at %H:%M}."),
            Play(message.url),
            Speak("To hear it again, press 1. For the next one, 2. To delete it, 3."),
            inputs={
                "1": GoTo(mailbox.to(play_message, older_than=message.id + 1)),
                "2": GoTo(mailbox.to(play_message, older_than=message.id)),
                "3": GoTo(mailbox.to(delete_message, message=message.id)),
            },
        )
        yield Speak("Good bye.")
    yield Hangup()


@mailbox.goto
def delete_message(_: GoToNotification, message: int) -> Commands:
    """Delete a message, and go on with the next one."""
    messages.delete(message)
    yield Speak("The message is deleted.")
    yield GoTo(mailbox.to(play_message, older_than=message))


def _is_closed() -> bool:
    """Return whether there is no PIN, or too many wrong ones were entered."""
    last_hour = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
    wrong = execute("SELECT count(*) AS n FROM wrong_pins WHERE at > ?", last_hour)
    return not get_settings().pin or wrong[0]["n"] >= MAX_WRONG_PINS


def _is_pin(digits: str) -> bool:
    return secrets.compare_digest(digits.encode(), get_settings().pin.encode())


def _ask_pin(prompt: str, tries: int) -> UserInput:
    return UserInput(
        Speak(prompt),
        digits=len(get_settings().pin),
        forward_to_url=mailbox.to(check_pin, tries=tries),
    )


def _summary() -> str:
    found = messages.older_than()
    new = sum(not message.heard for message in found)
    return f"Messages: {len(found)}. New: {new}."


def _local(moment: datetime) -> datetime:
    return moment.astimezone(get_settings().hours.timezone)
