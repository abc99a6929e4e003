"""A caller who does random things."""

import contextlib
import random
import typing as t
from collections.abc import Callable
from collections.abc import Sequence

from ..errors import StatusCode
from ..notifications import CallState
from ..notifications import ErrorNotification
from .calls import Call
from .calls import PlacedCall
from .exceptions import CallStateError

_KEYS: t.Final = "0123456789*#"

#: Seconds of silence after which a call must be over.
LONGEST_SILENCE: t.Final = 3_600

_SILENCE: t.Final = "say nothing for an hour"


class Finding(t.NamedTuple):
    """Something that went wrong.

    :param reason: what went wrong.
    :param acts: what the caller did before.
    :param exception: the exception that was raised, if one was.
    """

    reason: str
    acts: tuple[str, ...]
    exception: BaseException | None = None

    def __str__(self) -> str:
        return f"{self.reason} after {', '.join(self.acts)}"


def play_at_random(
    start: Callable[[], Call],
    seed: int,
    steps: int,
    *,
    failures: Sequence[BaseException],
    errors: Sequence[ErrorNotification],
) -> list[Finding]:
    """Take a number of steps; a call that is over is followed by another one.

    :param start: starts a call; one that rings is answered.
    :param seed: the same seed does the same.
    :param steps: how many acts.
    :param failures: the list to which failures of views are added meanwhile.
    :param errors: the list to which Error notifications are added meanwhile.
    """
    dice = random.Random(seed)
    findings: list[Finding] = []
    call: Call | None = None
    acts: list[str] = []
    for _ in range(steps):
        if call is None or call.ended:
            act, play, acts = "call", start, []
        elif acts[-1] == _SILENCE:
            act, play = "hang up", call.hang_up
        else:
            act, play = _choose(dice, call)
        acts.append(act)
        failed, refused = len(failures), len(errors)
        try:
            call = play().continued
        except Exception as error:  # noqa: BLE001  # whatever an application raises
            findings.append(Finding(_name(error), tuple(acts), error))
            call = None
        findings += _seen(acts, call, failures[failed:], errors[refused:])
    return findings


def _seen(
    acts: Sequence[str],
    call: Call | None,
    failures: Sequence[BaseException],
    errors: Sequence[ErrorNotification],
) -> list[Finding]:
    """Return what one act has led to.

    A call that is not answered is no mistake of the application.
    """
    done = tuple(acts)
    found = [Finding(f"The application failed: {_name(e)}", done, e) for e in failures]
    found += [
        Finding(f"Error {error.code:d}: {error.message}", done)
        for error in errors
        if error.code != StatusCode.CALL_CONNECT_FAILED
    ]
    if call and call.live and acts[-1] == _SILENCE:
        found.append(Finding(_held(call, acts), done))
    return found


def _held(call: Call, acts: Sequence[str]) -> str:
    """Return what is wrong with a call that goes on after an hour of silence."""
    nothing_happened = call.events[-1].text.startswith("(waits")
    if call.menu and nothing_happened and acts[-2].startswith("press"):
        return "Nothing answers the keys"
    return "A caller who says nothing is held for ever"


def _name(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _choose(dice: random.Random, call: Call) -> tuple[str, Callable[[], Call]]:
    if isinstance(call, PlacedCall) and call.state is CallState.RINGING:
        return "answer", call.answer
    if call.recording and dice.random() < 0.5:
        return "speak for 5 s", lambda: _speak(call)
    chance = dice.random()
    if chance < 0.05:
        return "hang up", call.hang_up
    if chance < 0.1:
        return _SILENCE, lambda: call.wait(LONGEST_SILENCE)
    if chance < 0.2:
        seconds = dice.choice((1, 5, 30))
        return f"wait {seconds} s", lambda: call.wait(seconds)
    keys, early = _choose_keys(dice, call), dice.random() < 0.2
    words = f"press {keys} early" if early else f"press {keys}"
    return words, lambda: _press(call, keys, early)


def _choose_keys(dice: random.Random, call: Call) -> str:
    """Choose a key of the menu, or as many digits as it waits for."""
    menu = call.menu
    if menu and menu.keys and dice.random() < 0.5:
        return dice.choice(menu.keys)
    length = dice.choice((1, menu.most)) if menu else 1
    return "".join(dice.choice(_KEYS) for _ in range(length))


def _press(call: Call, keys: str, early: bool) -> Call:
    """Press keys until the call is over."""
    with contextlib.suppress(CallStateError):
        call.press(keys, early=early)
    return call


def _speak(call: Call) -> Call:
    with contextlib.suppress(CallStateError):
        call.record()
    return call
