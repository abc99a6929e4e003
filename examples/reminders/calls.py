"""What is said at the telephone, and what is heard back."""

import typing as t
from collections.abc import Iterator

from flask import current_app

from flask_ozml import OzML
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import CallConnected
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import ErrorNotification
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import Notification
from flask_ozml.notifications import SMSDeliveryReport

from . import numbers
from . import outcomes
from .models import Appointment
from .models import find
from .models import State
from .models import zone

Commands: t.TypeAlias = Iterator[ExtensionCommand]

KEYS = "Press 1 to confirm it, 2 to cancel it, or 3 to be called back."
CHOICES: t.Final = {
    "1": (State.CONFIRMED, "Thank you. We look forward to seeing you."),
    "2": (State.CANCELLED, "Your appointment is cancelled."),
    "3": (State.CALL_BACK, "We will call you back."),
}
#: How many keys without a meaning a patient may press.
TRIES: t.Final = 3

phone = OzML("phone", __name__, cli_group=None)


@phone.call_connected
def remind(call: CallConnected, appointment: int, attempt: int) -> Commands:
    """Tell the patient about the appointment."""
    outcomes.reached(appointment)
    practice = current_app.config["REMINDERS_PRACTICE"]
    yield Speak(f"Good day. This is {practice}.")
    yield from menu(appointment, f"You have an appointment {when(find(appointment))}.")


def menu(appointment: int, said: str, tries: int = 1) -> Commands:
    """Ask for a key. A patient who presses none is not asked again."""
    url = phone.to(choose, appointment=appointment, tries=tries)
    yield UserInput(Speak(f"{said} {KEYS}"), digits=1, timeout=10, forward_to_url=url)
    yield from good_bye(appointment, "We have heard no answer.")


@phone.dtmf_entered
def choose(entered: DtmfEntered, appointment: int, tries: int) -> Commands:
    """Take the patient's choice."""
    if entered.dtmf_digits in CHOICES:
        choice, said = CHOICES[entered.dtmf_digits]
        patient = find(appointment)
        confirmed = choice is State.CONFIRMED and patient.state is not choice
        texted = confirmed and numbers.takes_sms(patient.number)
        outcomes.chosen(appointment, choice, texted=texted)
        if texted:
            yield confirmation(patient)
        yield from good_bye(appointment, said)
    elif tries < TRIES:
        yield from menu(appointment, "This key has no meaning.", tries + 1)
    else:
        yield from good_bye(appointment, "This key has no meaning.")


def good_bye(appointment: int, said: str) -> Commands:
    """Say the last words, and come back to note the end of the call."""
    yield Speak(f"{said} Good bye.")
    yield GoTo(phone.to(over, appointment=appointment))


@phone.goto
def over(end: GoToNotification, appointment: int) -> Hangup:
    """Free the line. That of a patient who hung up is freed by the sweep."""
    outcomes.over(appointment)
    return Hangup()


def confirmation(patient: Appointment) -> SendSms:
    """Return the text message for a patient who has confirmed."""
    practice = current_app.config["REMINDERS_PRACTICE"]
    url = phone.to(report_sms, appointment=patient.id)
    text = f"Thank you. We expect you {when(patient)}. Yours, {practice}"
    return SendSms(text, recipient=patient.number, delivery_report_url=url)


def when(patient: Appointment) -> str:
    """Return the time of an appointment in words."""
    starts = patient.starts.astimezone(zone())
    return f"on {starts:%A}, {starts.day} {starts:%B}, at {starts.hour}:{starts:%M}"


@phone.sms_delivery_report
def report_sms(report: SMSDeliveryReport, appointment: int) -> None:
    """Note whether the text message was delivered."""
    outcomes.sms_reported(appointment, report.delivered)


@phone.error
def not_reached(error: ErrorNotification, appointment: int, attempt: int) -> None:
    """Call again later. An error after the patient answered changes nothing."""
    outcomes.not_reached(appointment, attempt, error.message)


@phone.fallback
def sorry(notification: Notification, error: Exception) -> Commands:
    """Apologise if somebody listens. The sweep finds the row."""
    if isinstance(notification, CallConnected | DtmfEntered):
        yield Speak("We are sorry, something went wrong. Please call us.")
        yield Hangup()
