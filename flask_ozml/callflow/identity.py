"""When two moments of two calls are the same state.

What a call is doing is described by nested tuples. What may differ without a meaning is
left out: the ids of calls, and the time in the token of a URL.
"""

import dataclasses
import json
import re
import typing as t
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from urllib.parse import parse_qs
from urllib.parse import urlsplit

from ..blueprint.admission import TOKEN
from ..blueprint.tokens import unchecked
from ..commands import Command
from ..commands import GoTo
from ..commands import Hangup
from ..simulator.legs import Frame
from ..simulator.legs import Script

#: How many ids one play may use.
IDS: t.Final = 10_000

#: The arguments whose text does not change what can be done.
_TEXTS: t.Final = frozenset(("text", "audio_file", "message", "subject"))


class Value(t.NamedTuple):
    """A text that is said or sent, or a value of a view's state."""

    text: str


class Continuation(t.NamedTuple):
    """A URL that leads to a view, without the time in its token."""

    path: str
    view: str
    state: tuple[tuple[str, Value], ...]

    def __str__(self) -> str:
        state = ", ".join(f"{name}={value.text}" for name, value in self.state)
        return f"{self.view}({state})" if state else self.view


class Namer:
    """Gives the ids of one play the names that they have in every play.

    :param first_id: the first id of the play.
    """

    def __init__(self, first_id: int) -> None:
        self._first_id = first_id

    def text(self, text: str) -> str:
        """Return a text with the ids of calls, messages and recordings renamed."""
        return re.sub(r"\b([LCS])([0-9]+)\b|\b([0-9a-f]{32})\b", self._rename, text)

    def _rename(self, found: re.Match[str]) -> str:
        letter, decimal, hexadecimal = found.groups()
        number = int(decimal) if decimal else int(hexadecimal, 16)
        own = self._first_id <= number < self._first_id + IDS
        return f"{letter or 'R'}{number - self._first_id + 1}" if own else found[0]

    def describe(self, value: object, argument: str = "") -> t.Any:
        """Return nested tuples that are equal for equal commands."""
        if isinstance(value, Command):
            fields = dataclasses.fields(t.cast(t.Any, value))
            given = ((f.name, getattr(value, f.name)) for f in fields)
            return (
                type(value).__name__,
                *((name, self.describe(v, name)) for name, v in given if v is not None),
            )
        if isinstance(value, Mapping):
            return tuple((key, self.describe(item)) for key, item in value.items())
        if isinstance(value, tuple):
            return tuple(self.describe(item) for item in value)
        if isinstance(value, str):
            if argument in _TEXTS:
                return Value(self.text(value))
            return self.continuation(value) or self.text(value)
        return value

    def continuation(self, url: str) -> Continuation | None:
        """Return what the token of a URL says; None if it has none with state."""
        token = parse_qs(urlsplit(url).query).get(TOKEN, [""])[0]
        found = unchecked(token)
        if found is None:
            return None
        pairs = sorted((name, self._state(found.state[name])) for name in found.state)
        return Continuation(found.path, found.view, tuple(pairs))

    def _state(self, value: object) -> Value:
        return Value(self.text(json.dumps(value, ensure_ascii=False, sort_keys=True)))


def reachable_frames(stack: Iterable[Frame]) -> Iterator[Frame]:
    """Yield what a call is doing, the innermost first, as far as it can be reached.

    What an answer was inserted into is never reached if that answer ends the call, and
    a menu around another one only if a BackKey leads there.
    """
    ends, menus, back_key = False, True, False
    for frame in reversed(list(stack)):
        if frame.commands and (menus or back_key or not frame.takes_keys):
            yield frame
        if frame.takes_keys:
            menus = False
            back_key |= bool(getattr(frame.commands[0], "back_key", None))
        if isinstance(frame, Script):
            ends |= any(isinstance(c, Hangup | GoTo) for c in frame.commands)
            if frame.answer and ends:
                return


def masked(described: t.Any, mask: t.Callable[[str], str]) -> t.Any:
    """Return a description with its texts and values changed."""
    if isinstance(described, Value):
        return Value(mask(described.text))
    if isinstance(described, tuple):
        return tuple(masked(item, mask) for item in described)
    return described


def without_numbers(text: str) -> str:
    """Return a text with the same mark for every number."""
    return re.sub("[0-9]+", "#", text)


def continuations(described: t.Any) -> Iterator[Continuation]:
    """Yield the views that a description names, in their order."""
    if isinstance(described, Continuation):
        yield described
    elif isinstance(described, tuple) and not isinstance(described, Value):
        for item in described:
            yield from continuations(item)


def common_words(texts: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """Return texts with three dots in place of the words that differ."""
    if len(texts) != len(others):
        return ("…",)
    return tuple(map(_common, texts, others))


def _common(text: str, other: str) -> str:
    words, other_words = text.split(), other.split()
    if len(words) != len(other_words):
        return "…"
    pairs = zip(words, other_words, strict=True)
    return " ".join(a if a == b else "…" for a, b in pairs)
