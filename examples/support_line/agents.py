"""The agents, who are tried one after another."""

from collections.abc import Iterator

from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import UserInput
from flask_ozml.notifications import GoToNotification

from . import call_log
from .blueprints import line
from .blueprints import mailbox
from .settings import get_settings
from .texts import TEXTS


@line.goto
def ring_agents(
    _: GoToNotification, call: str, language: str
) -> Iterator[ExtensionCommand]:
    """Transfer the caller to the first agent who answers.

    A transfer that fails is followed by the next command (documented).
    """
    texts = TEXTS[language]
    call_log.note(call, "asked for an agent", language)
    yield texts.speak(texts.connecting)
    for agent in get_settings().agents[language]:
        yield BlindTransfer(agent)
    yield GoTo(line.to(nobody_answered, call=call, language=language))


@line.goto
def nobody_answered(
    _: GoToNotification, call: str, language: str
) -> Iterator[ExtensionCommand]:
    """Offer to try again, to leave a message, or the main menu."""
    texts = TEXTS[language]
    state = {"call": call, "language": language}
    call_log.note(call, "reached no agent", language)
    yield UserInput(
        texts.speak(texts.nobody),
        inputs={
            "1": GoTo(line.to(ring_agents, call=call, language=language)),
            "2": GoTo(mailbox.to("goto.take_message", **state)),
            "9": GoTo(line.to("goto.main_menu", **state)),
        },
    )
    yield texts.speak(texts.goodbye)
    yield Hangup()
