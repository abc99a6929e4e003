"""What goes back to the phone system: the commands of a view, or a refusal."""

import typing as t
from collections.abc import AsyncIterable

from flask import current_app
from flask import Flask
from werkzeug.wrappers import Response

from ..commands import Command
from ..errors import InappropriateCommand
from ..notifications import Notification
from ..serializer import dumps
from .admission import Admission
from .answers import check_answer
from .answers import MAX_COMMANDS
from .answers import read_answer

_OZML: t.Final = "application/xml; charset=utf-8"


def answered(
    answer: object, admission: Admission, notification: Notification
) -> Response:
    """Make a response of what a view returned.

    :raises InappropriateCommand: for what may not answer the notification.
    :raises TypeError: for what is no answer.
    """
    if isinstance(answer, Response):
        if notification.answer_family is None:
            raise InappropriateCommand("Nothing can answer an Error; return None.")
        return answer
    if not isinstance(answer, list):
        if hasattr(answer, "__aiter__"):
            answer = current_app.ensure_sync(_collect)(answer)
        answer = read_answer(answer)
    check_answer(notification, answer, admission.settings.allowed_destinations)
    return ozml(admission.app, answer)


def ozml(app: Flask, commands: list[Command]) -> Response:
    """Commands as they are posted back."""
    return app.response_class(dumps(commands), content_type=_OZML)


def refusal(status: int, reason: str) -> Response:
    """One line of text that says why."""
    return current_app.response_class(f"{reason}\n", status, mimetype="text/plain")


async def _collect(answer: AsyncIterable[object]) -> list[object]:
    commands = []
    async for command in answer:
        commands.append(command)
        if len(commands) > MAX_COMMANDS:
            break
    return commands
