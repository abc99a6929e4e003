"""The API extension's side of a call: a clock, and a stack of frames.

The stack stands for what the call is doing. It takes the place of recursion on what
others wrote.
"""

import abc
import typing as t
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from ..commands import Command
from ..notifications import CallState
from .session import PhoneCall
from .switchboard import Switchboard


class Frame:
    """Something that a call is doing; the topmost frame of the stack goes on."""

    #: When the phone system goes on by itself; None means that it waits for somebody.
    deadline: float | None = None

    def step(self, leg: "Leg") -> bool:
        """Go one step further; return False to wait for somebody."""
        return False

    def press(self, leg: "Leg", key: str) -> None:
        """Take a key; by default it has no effect."""

    def speak(self, leg: "Leg", seconds: float) -> None:
        """Let the other side speak."""
        leg.pass_time(seconds)

    def expire(self, leg: "Leg") -> None:
        """Go on because the deadline has come."""

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
        self._commands: Iterator[Command] = iter(commands)
        self.answer = answer
        self.prompt = prompt

    def step(self, leg: "Leg") -> bool:
        command = next(self._commands, None)
        if command is None:
            leg.stack.pop()
        else:
            leg.execute(command)
        return True


class Leg(PhoneCall, abc.ABC):
    """The API extension's side of a call, or of a text message.

    Time is virtual and each call has its own: Delay and waiting move the clock, and
    nothing sleeps. When the script ends, the call is hung up (documented). Assumption:
    a text or a file takes no time.

    :param switchboard: the phone system.
    :param title: the first line of the transcript.
    :param api_extension: the API extension.
    :param parties: the arguments of :class:`PhoneCall`.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        title: str,
        *,
        api_extension: str,
        **parties: t.Any,
    ) -> None:
        super().__init__(title, id=f"L{switchboard.next_id()}", **parties)
        self.switchboard = switchboard
        self.api_extension = api_extension
        self.stack: list[Frame] = []

    @abc.abstractmethod
    def execute(self, command: Command) -> None:
        """Run one command."""

    @property
    def live(self) -> bool:
        """Whether two sides are talking."""
        return self.state is CallState.IN_CALL

    def run(self) -> None:
        """Go on until it is the other side's turn, or nothing is left."""
        while self.stack and self.stack[-1].step(self):
            pass
        if not self.stack and self.live:
            self.stop(CallState.COMPLETED)
            self.note("*", "hung up")

    def pass_time(self, seconds: float) -> None:
        """Move the clock; what is due meanwhile happens."""
        end = self.clock + seconds
        while self.stack:
            frame = self.stack[-1]
            if frame.deadline is None or frame.deadline > end:
                break
            self.clock = max(self.clock, frame.deadline)
            frame.expire(self)
            self.run()
        self.clock = max(self.clock, end)

    def stop(self, state: CallState) -> None:
        """End the call; the application is told about a recording."""
        self.state = state
        stack, self.stack = self.stack, []
        if stack:
            stack[-1].cut(self)
            self.run()

    def abort(self) -> None:
        if not self.ended:
            self.state = CallState.ERROR
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
            self.abort()
        else:
            self.begin(answer)

    def begin(self, answer: Iterable[Command]) -> None:
        """Put an answer on the stack."""
        self.stack.append(Script(answer, answer=True))
