"""Reads the application's answers, and says what the phone system refuses about them.

Source: the vendor's lists of valid commands for each notification, the parameters that
are mandatory in third-party call control, and the page "Status codes of Ozeki Phone
System".
"""

import collections
import dataclasses
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from ..commands import BY_NAME
from ..commands import Command
from ..commands import ThirdPartyCommand
from ..errors import CommandError
from ..errors import InappropriateCommand
from ..errors import InvalidParameter
from ..errors import NotImplementedCommand
from ..errors import ParseError
from ..errors import StatusCode
from ..notifications import KINDS
from ..serializer import loads
from ..serializer import wire_name
from . import not_simulated
from .transport import Reply

#: Characters of an error message that are repeated, at most.
_LONGEST_REASON: t.Final = 300


def read(reply: Reply, kind: str, values: Mapping[str, str]) -> list[Command]:
    """Read an answer and check that its commands are legal.

    Assumption: a status outside 200 to 299, so a redirect too, is a ParseError, and if
    one command is refused none runs.

    :param kind: the kind of notification that is answered.
    :param values: its values by wire name.
    :raises CommandError: if the phone system refuses the answer.
    """
    check_status(reply)
    commands = loads(reply.body)
    _check(commands, _family(kind, values))
    return commands


def check_status(reply: Reply) -> None:
    """Raise ParseError for a status outside 200 to 299 (an assumption)."""
    if not 200 <= reply.status < 300:
        raise ParseError(
            f"The application answered with the status {reply.status}{_reason(reply)}"
        )


def _reason(reply: Reply) -> str:
    """Return the line of text with which a notification is refused, not a page."""
    text = reply.body.decode(errors="replace").strip()
    is_line = reply.content_type.startswith("text/plain") and "\n" not in text
    return f": {text}" if is_line and 0 < len(text) <= _LONGEST_REASON else ""


def _family(kind: str, values: Mapping[str, str]) -> type[Command]:
    if values.get("CallId"):
        return ThirdPartyCommand
    return t.cast(type[Command], KINDS[kind].family)


def _check(answer: list[Command], family: type[Command]) -> None:
    """Raise an error for the first command that is not legal here.

    Assumption: a command of another list, and a Reject that is not the first command,
    are 303.
    """
    for index, command in enumerate(_walk(answer)):
        name = command.origin.__name__
        if not issubclass(command.obeys, family) or (command.first_only and index):
            raise InappropriateCommand(f"Command '{name}' cannot be used here")
        for parameter in command.mandatory_in.get(family, ()):
            if getattr(command, parameter) is None:
                raise InvalidParameter(name, parameter, "is mandatory here")


def _walk(commands: Iterable[Command]) -> Iterator[Command]:
    """Yield commands at any depth, level by level, as far as they are simulated."""
    waiting = collections.deque(commands)
    while waiting:
        command, _ = not_simulated.split(waiting.popleft())
        if command is not None:
            yield command
            waiting.extend(command.children)


def message(error: CommandError) -> str:
    """Return the phone system's words for an error.

    What is in parentheses is for the developer.
    """
    return _MESSAGES[error.code](error)


_MESSAGES: t.Final[Mapping[StatusCode, Callable[[t.Any], str]]] = {
    ParseError.code: lambda e: f"Error occured during parsing message: '{e}'",
    NotImplementedCommand.code: str,
    InvalidParameter.code: lambda e: (
        f"Missing or invalid parameter '{_on_the_wire(e)}' for command '{e.command}'"
        f" ({e.rule})"
    ),
    InappropriateCommand.code: str,
}


def _on_the_wire(error: InvalidParameter) -> str:
    """Return the parameter's name in OzML; an unknown one is named as it was sent."""
    command: t.Any = BY_NAME.get(error.command.lower())
    known = [field.name for field in dataclasses.fields(command)] if command else []
    return wire_name(error.parameter) if error.parameter in known else error.parameter
