"""Writes a test that plays what was done with the phone in the browser."""

from collections.abc import Iterator

from .session import Played
from .session import Session


def written_test(session: Session) -> str:
    """Return a pytest function that plays the acts so far and checks what was heard.

    It needs the fixture ``phone_system``.
    """
    lines = [line for part in _Writer(session).parts() for line in part]
    body = "\n".join(f"    {line}" if line else "" for line in lines)
    return f"def test_phone(phone_system):\n{body or '    pass'}\n"


class _Writer:
    def __init__(self, session: Session) -> None:
        self._played = [p for p in session.played if p.done and not p.error]
        self._extensions = session.extensions
        self._names: dict[int, str] = {}

    def parts(self) -> Iterator[list[str]]:
        yield [
            f"phone_system.extensions[{number!r}] = {outcome!r}"
            for number, outcome in self._extensions.items()
        ]
        for played in self._played:
            yield list(self._act(played))

    def _act(self, played: Played) -> Iterator[str]:
        yield from self._known(getattr(played.act, "call", None))
        new = "" if played.created is None else self._name(played.created)
        yield played.act.code(self._names, new)
        for number, check in played.checks:
            yield from self._known(number)
            name = "" if number is None else self._names[number]
            yield f"assert {name}{check}"

    def _name(self, number: int) -> str:
        name = f"call_{number + 1}" if self._names else "call"
        return self._names.setdefault(number, name)

    def _known(self, number: int | None) -> Iterator[str]:
        """Yield the line that names a call that no act of the test began."""
        if number is not None and number not in self._names:
            yield f"{self._name(number)} = phone_system.calls[{number}]"
