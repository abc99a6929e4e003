"""What a view may answer, and the response it becomes."""

import itertools
import typing as t
from collections.abc import AsyncIterable
from collections.abc import Awaitable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from re import Pattern

from flask import Flask
from werkzeug.wrappers import Response

from ..commands import BY_NAME
from ..commands import Command
from ..commands import Element
from ..commands.rules import is_allowed
from ..errors import InappropriateCommand
from ..notifications import Notification
from ..serializer import dumps
from .admission import RequestRefused
from .admission import VerifiedRequest

#: How many commands an answer may have, nested ones included.
MAX_COMMANDS: t.Final = 1_000

_OZML: t.Final = "application/xml; charset=utf-8"
_RETURN: t.Final = (
    "return None, a command, an iterable of commands, or a flask.Response"
)


class Answered(t.NamedTuple):
    """A response, and the commands in it."""

    response: Response
    #: Empty if the view returned a Response.
    commands: tuple[Command, ...] = ()


def respond(
    verified: VerifiedRequest, notification: Notification, answer: object
) -> Answered:
    """Make a response of what a view returned.

    :raises InappropriateCommand: if a command may not answer the notification.
    :raises TypeError: if the view returned something else than an answer.
    """
    app = verified.app
    # A wrapper hands on what an async view returned.
    if isinstance(answer, Awaitable | AsyncIterable):
        answer = app.ensure_sync(_settle)(answer)
    if isinstance(answer, Response):
        if notification.answer_family is None:
            raise InappropriateCommand("Nothing can answer an Error; return None.")
        return Answered(answer)
    commands = read_answer(answer)
    check_answer(notification, commands, verified.settings.allowed_destinations)
    response = app.response_class(dumps(commands), content_type=_OZML)
    return Answered(response, tuple(commands))


def refuse(app: Flask, refused: RequestRefused) -> Response:
    """Make a response of one line of text that says why."""
    return app.response_class(
        f"{refused.reason}\n", refused.status, mimetype="text/plain"
    )


async def _settle(answer: object) -> object:
    if isinstance(answer, Awaitable):
        answer = await answer
    if not isinstance(answer, AsyncIterable):
        return answer
    commands = []
    async for command in answer:
        commands.append(command)
        if len(commands) > MAX_COMMANDS:
            break
    return commands


def read_answer(answer: object) -> list[t.Any]:
    """Return the commands that a view returned; read an iterable to its end.

    Reading stops one command above :data:`MAX_COMMANDS`, which check_answer refuses.

    :raises TypeError: if the view returned something else.
    """
    if isinstance(answer, list):
        return answer
    if answer is None:
        return []
    if isinstance(answer, Command):
        return [answer]
    if isinstance(answer, str | bytes | Mapping) or not isinstance(answer, Iterable):
        raise TypeError(f"A view returned {type(answer).__name__}; {_RETURN}.")
    return list(itertools.islice(_yielded(answer), MAX_COMMANDS + 1))


def _yielded(answer: Iterable[object]) -> Iterator[object]:
    """Yield what an iterable gives, and refuse what a generator returns."""
    returned = yield from t.cast(t.Any, answer)
    if returned is not None:
        raise TypeError(
            f"A view that yields commands returned {type(returned).__name__}, which"
            " would be lost. Use `yield` for every command."
        )


def check_answer(
    notification: Notification,
    commands: Sequence[Command],
    allowed_destinations: Iterable[Pattern[str]] | None = None,
) -> None:
    """Check that every command may answer a notification, nested ones included.

    :param allowed_destinations: patterns, one of which every destination must match in
        full. None means no limit.
    :raises InappropriateCommand: if one may not, or there are too many.
    :raises TypeError: if one is not a command.
    """
    family = notification.answer_family
    pending = list(commands)
    for count, command in enumerate(pending, 1):
        # isinstance() would be true for a proxy too, whose command may change later.
        if not issubclass(type(command), Command):
            raise TypeError(
                f"A view's answer contains {type(command).__name__}; {_RETURN}."
                + (" Use `yield from`." if isinstance(command, Iterator) else "")
            )
        obeyed = command.obeys
        if family is None or not issubclass(obeyed, family):
            raise InappropriateCommand(_not_legal(command, notification))
        if count > 1 and obeyed.first_only:
            raise InappropriateCommand(
                f"{_name(command)} is legal only as the first command of an answer."
            )
        if count > MAX_COMMANDS:
            raise InappropriateCommand(
                f"An answer has more than {MAX_COMMANDS} commands; continue with a"
                " GoTo."
            )
        _check_arguments(command, family, notification)
        if allowed_destinations is not None:
            _check_destinations(command, allowed_destinations)
        pending += command.children


def _check_arguments(
    command: Command, family: type[Command], notification: Notification
) -> None:
    origin = type(command).origin
    for argument in origin.mandatory_in.get(family, ()):
        if getattr(command, argument) is None:
            raise InappropriateCommand(
                f"{_name(command)} needs {argument!r} in the answer to"
                f" {notification.notification_name}."
            )
    for argument in origin.unknown_in.get(family, ()):
        if getattr(command, argument) is not None:
            raise InappropriateCommand(
                f"{_name(command)} does not take {argument!r} in the answer to"
                f" {notification.notification_name}."
            )


def _check_destinations(command: Command, allowed: Iterable[Pattern[str]]) -> None:
    if isinstance(command, Element) and command.obeys.destinations:
        raise InappropriateCommand(
            "With OZML_ALLOWED_DESTINATIONS set, no Element may be a"
            f" {command.obeys.__name__}; use the class."
        )
    for argument in type(command).origin.destinations:
        destination = getattr(command, argument)
        # An empty destination rejects the caller; without one, the dial plan decides.
        if destination and not is_allowed(destination, allowed):
            raise InappropriateCommand(
                f"{_name(command)}: {argument!r} matches no pattern in"
                " OZML_ALLOWED_DESTINATIONS. Add one if it may be called."
            )


def _name(command: Command) -> str:
    return command.name if isinstance(command, Element) else command.origin.__name__


def _not_legal(command: Command, notification: Notification) -> str:
    family = notification.answer_family
    legal = [c.__name__ for c in BY_NAME.values() if family and issubclass(c, family)]
    return (
        f"{_name(command)} may not answer {notification.notification_name}. Legal:"
        f" {', '.join(sorted(legal)) or 'nothing; the answer must be empty'}."
    )
