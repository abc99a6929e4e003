"""The API extension's side of a call: a stack of frames in virtual time.

The stack stands for what the call is doing. It takes the place of recursion on what
others wrote.
"""

import abc
import typing as t
from collections.abc import Iterable
from collections.abc import Mapping

from ..commands import Command
from ..commands import Play
from ..commands import Speak
from ..notifications import CallState
from .session import PhoneCall
from .switchboard import Switchboard


class Frame:
    """Something that a call is doing; the topmost frame of the stack goes on."""

    #: When the phone system goes on by itself; None means that it waits for somebody.
    deadline: float | None = None
    #: Whether the frame takes keys.
    takes_keys: t.ClassVar[bool] = False
    #: Whether keys go to the frame below.
    passes_keys: bool = False

    @property
    def commands(self) -> tuple[Command, ...]:
        """The command that is running, or those that are still to run."""
        return ()

    def says_more(self) -> bool:
        """Return whether somebody would hear more before pressing a key."""
        return False

    def step(self, leg: "Leg") -> bool:
        """Go one step further; return False to wait."""
        return False

    def press(self, leg: "Leg", key: str) -> None:
        """Take a key."""

    def expire(self, leg: "Leg") -> None:
        """Go on because the deadline has come."""
        leg.stack.pop()

    def cut(self, leg: "Leg") -> None:
        """Finish because the call has ended."""


class Script(Frame):
    """Commands that run one after another.

    :param answer: whether they are a whole answer; menus nest only inside of one.
    :param prompt: whether they are the initial commands of a UserInput.
    """

    def __init__(
        self, commands: Iterable[Command], *, answer: bool = False, prompt: bool = False
    ) -> None:
        self._left = list(reversed(tuple(commands)))
        self.answer = answer
        self.passes_keys = prompt

    @property
    def commands(self) -> tuple[Command, ...]:
        return tuple(reversed(self._left))

    def says_more(self) -> bool:
        return self.passes_keys and any(
            issubclass(command.obeys, Speak | Play) for command in self._left
        )

    def step(self, leg: "Leg") -> bool:
        if self._left:
            leg.execute(self._left.pop())
        else:
            leg.stack.pop()
        return True


class Leg(PhoneCall, abc.ABC):
    """The API extension's side of a call, or of a text message.

    Time is virtual and each call has its own clock, which begins when the phone is
    picked up: nothing sleeps. When the script ends, the call is hung up (documented).

    :param switchboard: the phone system.
    :param title: the first line of the transcript.
    :param parties: the arguments of :class:`PhoneCall`.
    """

    api_extension: str
    #: Which party the other side is.
    person: t.ClassVar[t.Literal["caller", "callee"]] = "caller"

    def __init__(self, switchboard: Switchboard, title: str, **parties: t.Any) -> None:
        super().__init__(title, id=f"L{switchboard.next_id()}", **parties)
        self.switchboard = switchboard
        self.stack: list[Frame] = []
        #: When the other side hangs up, whatever is going on; None if it does not.
        self.hangs_up_at: float | None = None
        #: When the other side noticed that it is its turn, and when it can press its
        #: next key.
        self.cue = self.next_key_at = 0.0

    @abc.abstractmethod
    def execute(self, command: Command) -> None:
        """Run one command."""

    @property
    def live(self) -> bool:
        """Whether two sides are talking."""
        return self.state is CallState.IN_CALL

    @property
    def due(self) -> float | None:
        """When the next thing happens by itself; None if nothing will."""
        deadline = self.stack[-1].deadline if self.stack else None
        times = [time for time in (deadline, self.hangs_up_at) if time is not None]
        return min(times, default=None)

    @property
    def listener(self) -> Frame | None:
        """The frame that takes keys now."""
        for frame in reversed(self.stack):
            if frame.takes_keys:
                return frame
            if not frame.passes_keys:
                return None
        return None

    def run(self) -> None:
        """Go on until time has to pass, or nothing is left."""
        while self.stack and self.stack[-1].step(self):
            self.switchboard.post_waiting()
        if not self.stack and self.live:
            self.note("*", "hung up")
            self.switchboard.change(self, CallState.COMPLETED)

    def pass_time(self, until: float, *, before: bool = False) -> None:
        """Move the clock; what is due happens.

        :param before: whether only that happens which is due before that time.
        """
        while not self.ended:
            due = self.due
            if due is None or due > until or (before and due == until):
                self.move_clock(until)
                return
            self.go_on()

    def go_on(self) -> None:
        """Let time pass to the next thing that is due, and let it happen."""
        self.move_clock(t.cast(float, self.due))
        if self.hangs_up_at is not None and self.clock >= self.hangs_up_at:
            self.hang_up_now()
        else:
            self.stack[-1].expire(self)
            self.run()

    def hang_up_now(self) -> None:
        """Let the other side hang up."""
        self.note(">", "(hangs up)")
        self.switchboard.change(self, CallState.COMPLETED)

    def settle(self) -> None:
        """Let time pass until keys or a voice are awaited, or the call is over."""
        while self.live and not self.listener and self.due is not None:
            self.go_on()

    def entered(self) -> None:
        """Stop what the call is doing, if it has ended."""
        if self.ended and self.stack:
            top = self.stack[-1]
            self.stack = []
            self.switchboard.later(lambda: self._cut(top))

    def _cut(self, frame: Frame) -> None:
        frame.cut(self)
        self.run()

    def fail(self) -> None:
        """End because an answer was refused."""
        if not self.ended:
            self.switchboard.change(self, CallState.ERROR)

    def abort(self) -> None:
        super().abort()
        self.stack = []

    def insert_answer(
        self, kind: str, url: str, values: Mapping[str, str], source: tuple[str, str]
    ) -> None:
        """Run an answer, then go on. Assumption: one that is refused is left out."""
        answer = self.switchboard.ask(self, kind, url, values, source)
        self.begin(answer or ())

    def replace_by_answer(
        self, kind: str, url: str, values: Mapping[str, str], source: tuple[str, str]
    ) -> None:
        """Run an answer in place of everything.

        Assumption: a call whose answer is refused ends in the state Error (documented
        for the Url of Call only).
        """
        self.stack.clear()
        answer = self.switchboard.ask(self, kind, url, values, source)
        if answer is None:
            self.fail()
        else:
            self.begin(answer)

    def begin(self, answer: Iterable[Command]) -> None:
        """Put an answer on the stack."""
        self.stack.append(Script(answer, answer=True))
