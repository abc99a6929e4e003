"""What a view may answer: commands out of what it returns, and which are legal."""

import itertools
import typing as t
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from re import Pattern

from ..commands import BY_NAME
from ..commands import Command
from ..commands import Element
from ..errors import InappropriateCommand
from ..notifications import Notification

#: How many commands an answer may hold, nested ones included.
MAX_COMMANDS: t.Final = 1_000

_RETURN: t.Final = (
    "return None, a command, an iterable of commands, or a flask.Response"
)


def read_answer(answer: object) -> list[t.Any]:
    """What a view returned as a list; an iterable is read to its end first.

    At most one more than :data:`MAX_COMMANDS` is read, for :func:`check_answer` to see.

    :raises TypeError: if it returned something else.
    """
    if isinstance(answer, list):
        return answer
    if answer is None:
        return []
    if isinstance(answer, Command):
        return [answer]
    if isinstance(answer, str | bytes | Mapping) or not isinstance(answer, Iterable):
        raise TypeError(f"A view returned {type(answer).__name__}; {_RETURN}.")
    return list(itertools.islice(answer, MAX_COMMANDS + 1))


def check_answer(
    notification: Notification,
    commands: Sequence[Command],
    allowed_destinations: Iterable[Pattern[str]] | None = None,
) -> None:
    """Check that all are commands that may answer a notification, nested ones too.

    :param allowed_destinations: patterns of which each destination must match one in
        full; None: there is no limit.
    :raises InappropriateCommand: if one may not, or there are too many.
    :raises TypeError: if one is no command.
    """
    family = notification.answer_family
    pending = list(commands)
    for count, command in enumerate(pending, 1):
        if not isinstance(command, Command):
            raise TypeError(
                f"A view's answer holds {type(command).__name__}; {_RETURN}."
            )
        obeyed = command.obeys
        if family is None or not issubclass(obeyed, family):
            raise InappropriateCommand(_not_legal(command, notification))
        if count > 1 and obeyed.first_only:
            raise InappropriateCommand(
                f"{_name(command)} is legal as the first command of an answer only."
            )
        if count > MAX_COMMANDS:
            raise InappropriateCommand(
                f"An answer has more than {MAX_COMMANDS} commands; go on with a GoTo."
            )
        if family in command.mandatory_in or family in command.unknown_in:
            _check_arguments(command, family, notification)
        if allowed_destinations is not None:
            _check_destinations(command, allowed_destinations)
        pending += command.children


def _check_arguments(
    command: Command, family: type[Command], notification: Notification
) -> None:
    for argument in command.mandatory_in.get(family, ()):
        if getattr(command, argument) is None:
            raise InappropriateCommand(
                f"{_name(command)} needs {argument!r} in the answer to"
                f" {notification.notification_name}."
            )
    for argument in command.unknown_in.get(family, ()):
        if getattr(command, argument) is not None:
            raise InappropriateCommand(
                f"{_name(command)} takes no {argument!r} in the answer to"
                f" {notification.notification_name}."
            )


def _check_destinations(command: Command, allowed: Iterable[Pattern[str]]) -> None:
    if isinstance(command, Element) and command.obeys.destinations:
        raise InappropriateCommand(
            "With OZML_ALLOWED_DESTINATIONS set, no Element may stand for"
            f" {command.obeys.__name__}; use the class."
        )
    for argument in command.destinations:
        destination = getattr(command, argument)
        # An empty destination rejects the caller, an absent one adds none.
        if destination and not any(p.fullmatch(destination) for p in allowed):
            raise InappropriateCommand(
                f"{_name(command)}: {argument!r} matches nothing in"
                " OZML_ALLOWED_DESTINATIONS; add a pattern if it may be called."
            )


def _name(command: Command) -> str:
    return command.name if isinstance(command, Element) else command.origin.__name__


def _not_legal(command: Command, notification: Notification) -> str:
    family = notification.answer_family
    legal = [c.__name__ for c in BY_NAME.values() if family and issubclass(c, family)]
    return (
        f"{_name(command)} may not answer {notification.notification_name}; legal is"
        f" {', '.join(sorted(legal)) or 'nothing: its answer is empty'}."
    )
