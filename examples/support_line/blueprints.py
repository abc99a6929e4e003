"""The two phone blueprints, and what both say when something fails."""

from flask_ozml import OzML
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import Hangup
from flask_ozml.commands import Speak
from flask_ozml.notifications import CallChanged
from flask_ozml.notifications import Notification

#: What customers reach: menus and agents.
line = OzML("line", __name__)
#: What takes messages, and plays them to the team.
mailbox = OzML("mailbox", __name__)


@line.fallback
@mailbox.fallback
def sorry(notification: Notification, error: Exception) -> list[ExtensionCommand]:
    """Apologize and hang up, if somebody is listening."""
    if isinstance(notification, CallChanged):
        return []
    return [Speak("We are sorry, something went wrong. Please call again."), Hangup()]
