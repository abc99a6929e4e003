"""A caller who does random things."""

import random
import typing as t
from collections.abc import Callable
from collections.abc import Sequence

from ..notifications import ErrorNotification
from .calls import Call

_KEYS: t.Final = "0123456789*#"


class Finding(t.NamedTuple):
    """Something that went wrong.

    :param reason: what went wrong.
    :param acts: what the caller did up to there.
    :param exception: what was raised, if anything was.
    """

    reason: str
    acts: tuple[str, ...]
    exception: BaseException | None = None

    def __str__(self) -> str:
        return f"{self.reason} after {', '.join(self.acts)}"


def play_at_random(
    dial: Callable[[], Call],
    seed: int,
    steps: int,
    *,
    failures: Sequence[BaseException],
    errors: Sequence[ErrorNotification],
) -> list[Finding]:
    """Take a number of steps; a call that is over is followed by another one.

    :param dial: makes a call.
    :param seed: the same seed does the same.
    :param steps: how many acts.
    :param failures: the list to which failures of views are added meanwhile.
    :param errors: the list to which refused answers are added meanwhile.
    """
    dice = random.Random(seed)
    findings: list[Finding] = []
    call: Call | None = None
    acts: list[str] = []
    for _ in range(steps):
        if call is None or not call.live:
            act, play, acts = "call", dial, []
        else:
            act, play = _choose(dice, call)
        acts.append(act)
        failed, refused = len(failures), len(errors)
        try:
            call = play()
        except Exception as error:  # noqa: BLE001  # whatever an application raises
            findings.append(Finding(_name(error), tuple(acts), error))
            call = None
        for failure in failures[failed:]:
            reason = f"The application failed: {_name(failure)}"
            findings.append(Finding(reason, tuple(acts), failure))
        for refusal in errors[refused:]:
            reason = f"Error {refusal.code:d}: {refusal.message}"
            findings.append(Finding(reason, tuple(acts)))
    return findings


def _name(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _choose(dice: random.Random, call: Call) -> tuple[str, Callable[[], Call]]:
    if call.recording and dice.random() < 0.5:
        return "speak for 5 s", call.record
    chance = dice.random()
    if chance < 0.05:
        return "hang up", call.hang_up
    if chance < 0.2:
        seconds = dice.choice((1, 5, 30))
        return f"wait {seconds} s", lambda: call.wait(seconds)
    keys = _choose_keys(dice, call)
    return f"press {keys}", lambda: _press(call, keys)


def _choose_keys(dice: random.Random, call: Call) -> str:
    """Choose a key of the menu, or as many digits as it waits for."""
    menu = call.menu
    if menu and menu.keys and dice.random() < 0.5:
        return dice.choice(menu.keys)
    length = dice.choice((1, menu.most)) if menu else 1
    return "".join(dice.choice(_KEYS) for _ in range(length))


def _press(call: Call, keys: str) -> Call:
    """Press keys until the call is over."""
    for key in keys:
        if call.live:
            call.press(key)
    return call
