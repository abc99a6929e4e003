"""Taking messages."""

from collections.abc import Iterator

from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import Hangup
from flask_ozml.commands import Record
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import RecordCompleted

from . import call_log
from . import messages
from .blueprints import mailbox
from .texts import TEXTS


@mailbox.goto
def take_message(
    _: GoToNotification, call: str, language: str
) -> Iterator[ExtensionCommand]:
    """Record a message."""
    texts = TEXTS[language]
    yield texts.speak(texts.leave_message)
    yield Record(
        finished_url=mailbox.to(message_recorded, call=call, language=language),
        duration=180,
        inactivity=5,
        finish_digits="#",
    )


@mailbox.record_completed
def message_recorded(
    recording: RecordCompleted, call: str, language: str
) -> Iterator[ExtensionCommand]:
    """Keep the message, if anything was said."""
    texts = TEXTS[language]
    if recording.success:
        messages.add(recording.caller, recording.record_url, recording.duration)
        call_log.note(call, f"left a message ({recording.duration:.0f} s)", language)
        yield texts.speak(texts.thanks)
    else:
        yield texts.speak(texts.not_heard)
    yield Hangup()
