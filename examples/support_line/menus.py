"""The menus: language, and what callers want."""

from collections.abc import Iterator
from datetime import datetime
from datetime import UTC

from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import UserInput
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall

from . import call_log
from .blueprints import line
from .blueprints import mailbox
from .settings import get_settings
from .texts import TEXTS


@line.incoming_call
def welcome(call: IncomingCall) -> list[ExtensionCommand]:
    """Greet a caller in all languages."""
    call_log.begin(call.call_leg_id, call.caller, call.api_extension)
    return language_menu(call.call_leg_id)


@line.goto
def choose_language(_: GoToNotification, call: str) -> list[ExtensionCommand]:
    """Ask for the language again."""
    return language_menu(call)


def language_menu(call: str) -> list[ExtensionCommand]:
    """Return the menu. After a time-out the call goes on in the first language."""
    main_menus = {
        language: GoTo(line.to(main_menu, call=call, language=language))
        for language in TEXTS
    }
    prompts = [texts.speak(texts.choose) for texts in TEXTS.values()]
    inputs = {TEXTS[language].key: goto for language, goto in main_menus.items()}
    return [UserInput(*prompts, inputs=inputs), next(iter(main_menus.values()))]


@line.goto
def main_menu(
    _: GoToNotification, call: str, language: str
) -> Iterator[ExtensionCommand]:
    """Offer what is possible now: agents while the line is open, a message always."""
    texts, hours, now = TEXTS[language], get_settings().hours, datetime.now(UTC)
    state = {"call": call, "language": language}
    inputs = {
        "2": GoTo(mailbox.to("goto.take_message", **state)),
        "9": GoTo(line.to(choose_language, call=call)),
        # For the team, and therefore not in the prompt.
        "*": GoTo(mailbox.to("goto.open_mailbox")),
    }
    if hours.is_open(now):
        call_log.note(call, "in the menu", language)
        inputs["1"] = GoTo(line.to("goto.ring_agents", **state))
        prompt = texts.menu
    else:
        call_log.note(call, "called while closed", language)
        prompt = texts.closed_until(hours.next_opening(now))
    yield UserInput(texts.speak(prompt), inputs=inputs)
    yield texts.speak(texts.goodbye)
    yield Hangup()
