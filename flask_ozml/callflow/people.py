"""One play, and what people do in its call."""

import contextlib
import typing as t
from collections.abc import Callable
from collections.abc import Mapping

from ..commands import Record
from ..simulator import Call
from ..simulator import CallStateError
from ..simulator import PhoneSystem
from ..simulator.frames import Menu
from ..simulator.legs import Frame
from .awaited import finish_digit
from .awaited import is_hasty
from .awaited import is_incomplete
from .identity import Namer
from .moments import Trouble

_HOUR: t.Final = 3_600


class Play:
    """One play.

    :param system: a fresh phone system.
    :param namer: gives its ids the names that they have in every play.
    """

    def __init__(self, system: PhoneSystem, namer: Namer) -> None:
        self.system = system
        self.namer = namer
        self.call: Call | None = None
        self.reset()

    def reset(self) -> None:
        """Forget what the acts until now have led to."""
        self.heard_before = len(self.call.heard) if self.call else 0
        self.placed_before = len(self.system.calls_placed)
        self.errors_before = len(self.system.errors)
        self.not_opened_before = len(self.system.not_opened)
        #: The views that answered.
        self.views: list[str] = []
        #: Whether anything but CallChanged was posted.
        self.posted = False
        self.troubles: list[Trouble] = []
        self.failure: BaseException | None = None
        self.quiet = False

    def noticed(self) -> bool:
        """Return whether the caller or the application noticed the act."""
        heard = self.call is None or len(self.call.heard) > self.heard_before
        return heard or self.posted

    @property
    def last_view(self) -> str:
        """The view that answered last; empty if none did."""
        return self.views[-1] if self.views else ""


def listen(call: Call) -> None:
    """Listen to the end of a prompt."""
    while (menu := call.menu) and menu.deadline is None and call.patience is not None:
        if is_hasty(menu):
            return
        call.wait(call.patience)


def _press(play: Play, call: Call, entry: str) -> None:
    menu = t.cast(Menu, call.menu)
    with contextlib.suppress(CallStateError):  # the call may end in the middle
        call.press(entry, early=is_hasty(menu))
    if call.menu is menu and is_incomplete(menu, entry) and not play.noticed():
        call.wait()
    play.quiet = bool(call.live and not call.recording and not play.noticed())


def _speak(call: Call) -> None:
    command = t.cast(Record, t.cast(Frame, call.listener).commands[0])
    call.record(press=finish_digit(command))


#: What people do, by the verbs of acts.
ACTS: t.Final[Mapping[str, Callable[[Play, t.Any, str], object]]] = {
    "press": _press,
    "wrong": _press,
    "speak": lambda play, call, _: _speak(call),
    "wait": lambda play, call, _: call.wait(),
    "say nothing": lambda play, call, _: call.wait(),
    "hour": lambda play, call, _: call.wait(_HOUR),
    "answer": lambda play, call, _: call.answer(),
    "refuse": lambda play, call, _: call.refuse(),
    "ring out": lambda play, call, _: call.let_ring(),
}
