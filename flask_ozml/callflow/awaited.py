"""What a menu, a recording or a ringing call waits for, and what people can do."""

import typing as t
from collections.abc import Iterator

from ..commands import Record
from ..commands import UserInput
from ..notifications import CallState
from ..simulator import Call
from ..simulator.frames import Menu
from .states import Act
from .states import Kind

_KEYS: t.Final = "1234567890*#"

_ENDS: t.Final = {
    CallState.COMPLETED: "hung up",
    CallState.BUSY: "rejected",
    CallState.ERROR: "ended with an error",
}


class Awaited(t.NamedTuple):
    """What is awaited.

    :param kind: what the call does.
    :param words: what is awaited, or how the call ended, in words.
    :param acts: what can be done.
    """

    kind: Kind
    words: str
    acts: tuple[Act, ...] = ()


def awaited(call: Call, press: tuple[str, ...]) -> Awaited:
    """Return what a call waits for.

    :param press: entries for menus that wait for several digits.
    """
    if call.state is CallState.RINGING:
        people = Act("answer"), Act("refuse"), Act("ring out")
        return Awaited("ringing", "rings", people)
    if call.state is CallState.TRANSFERRED:
        return Awaited("transfer", f"transferred to {call.transferred_to}")
    if call.ended:
        return Awaited("end", _ENDS[call.state])
    menu = call.menu
    if menu:
        command = t.cast(UserInput, menu.commands[0])
        acts = tuple(_entries(menu, command, press))
        return Awaited("menu", f"waits for {expected(menu)}", (*acts, Act("wait")))
    if call.recording:
        return Awaited("recording", "records", (Act("speak"), Act("say nothing")))
    return Awaited("held", "waits for nothing")


def expected(menu: Menu) -> str:
    """Return the keys that a menu waits for, in words."""
    command = t.cast(UserInput, menu.commands[0])
    words = []
    if menu.keys:
        words.append(", ".join(menu.keys))
    if menu.keys and command.forward_to_url and menu.most == 1:
        words.append("another digit")
    elif command.forward_to_url or not menu.keys:
        count = str(menu.most)
        if menu.least != menu.most:
            count = f"{menu.least} to {menu.most}"
        words.append(f"{count} digit{'s' if menu.most > 1 else ''}")
    return " or ".join(words)


def _entries(menu: Menu, command: UserInput, press: tuple[str, ...]) -> Iterator[Act]:
    """Yield each key, the given entries, and one wrong entry of the right length."""
    keys = dict.fromkeys(menu.keys)
    if command.forward_to_url:
        if menu.most == 1:
            # Only the view knows which of the keys mean something.
            keys |= dict.fromkeys(_KEYS)
        fit = (entry for entry in press if menu.least <= len(entry) <= menu.most)
        keys |= dict.fromkeys(fit)
    yield from (Act("press", entry) for entry in keys)
    wrong = _wrong_entry(menu, command, keys)
    if wrong:
        yield Act("wrong", wrong)


def _wrong_entry(menu: Menu, command: UserInput, keys: dict[str, None]) -> str | None:
    for key in reversed(_KEYS[:10]):
        entry = key * menu.most
        if entry not in keys and key != command.back_key:
            return entry
    return None


def is_incomplete(menu: Menu, entry: str) -> bool:
    """Return whether a menu waits for more digits after an entry."""
    longer = any(k.startswith(entry) and k != entry for k in menu.keys)
    return longer or len(entry) < menu.most


def is_hasty(menu: Menu) -> bool:
    """Return whether only keys that are pressed during the prompt count."""
    return not t.cast(UserInput, menu.commands[0]).timeout


def finish_digit(command: Record) -> str:
    """Return a key that ends a recording; empty if none does."""
    return (command.finish_digits or "")[:1]
