"""What a call is at: a stack of frames instead of recursion on what others wrote."""

import typing as t
from collections.abc import Iterable
from collections.abc import Iterator

from ..commands import Command
from ..commands import Record
from ..commands import UserInput

if t.TYPE_CHECKING:
    from .engine import Leg


class Frame:
    """Something that a call is at; the topmost frame of a stack goes on."""

    #: When the phone system goes on by itself; None: it waits for somebody.
    deadline: float | None = None

    def step(self, leg: "Leg") -> bool:
        """Go one step further; False when it is somebody else's turn."""
        return False

    def press(self, leg: "Leg", key: str) -> None:
        """A key was pressed; nobody waits for it."""

    def speak(self, leg: "Leg", seconds: float) -> None:
        """The other side speaks."""
        leg.pass_time(seconds)

    def expire(self, leg: "Leg") -> None:
        """The deadline has come."""

    def cut(self, leg: "Leg") -> None:
        """The call has ended meanwhile."""


class Script(Frame):
    """Commands that run one after another.

    :param answer: whether they are a whole answer; menus nest inside of one only.
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


class Menu(Frame):
    """A UserInput. Source: the vendor's pages "OzML Userinput command".

    Keys are scanned while the initial commands run; nobody says whether a key cuts them
    off (assumed: the caller listens to their end). Assumed as well:

    * the time-out counts from the end of the initial commands and again from each key;
      a time-out of 0, the default, leaves one second;
    * an entry is complete with ``MaxDigits``, else ``Digits`` digits, but not while a
      longer Input begins with it; at the time-out it is complete if it is an Input or
      has ``MinDigits`` digits, and is forgotten else;
    * ForwardToUrl is not requested on a time-out without digits;
    * a wrong key without ForwardToUrl: the prompt again if Repeat, else it goes on;
    * what follows an Input's commands, or the answer to DtmfEntered, is what stands
      behind the UserInput;
    * BackKey takes effect at once and drops the digits before it. Documented: it leads
      to the upper menu or, where there is none, to the commands behind the UserInput.
    """

    def __init__(self, command: UserInput) -> None:
        self._command = command
        self._entered = ""
        self._next: t.Literal["prompt", "keys", "leave"] = "prompt"
        digits = command.digits or 1
        self.most = command.max_digits or max(digits, command.min_digits or 1)
        self.least = command.min_digits or (1 if command.max_digits else digits)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the Inputs, and the BackKey."""
        back_key = self._command.back_key
        return (*self._command.inputs, *([back_key] if back_key else []))

    def step(self, leg: "Leg") -> bool:
        if self._next == "prompt":
            self._next = "keys"
            leg.stack.append(Script(self._command.initial_commands, prompt=True))
        elif self._next == "leave":
            leg.stack.pop()
        else:
            if self.deadline is None:
                self._wait(leg)
            return False
        return True

    def restart(self) -> None:
        """Begin with the initial commands again."""
        self._next = "prompt"
        self._entered = ""
        self.deadline = None

    def _wait(self, leg: "Leg") -> None:
        self.deadline = leg.clock + max(self._command.timeout or 0, 1)

    def press(self, leg: "Leg", key: str) -> None:
        if key == self._command.back_key:
            self._go_back(leg)
            return
        self._entered += key
        self._wait(leg)
        longer = any(
            len(keys) > len(self._entered) and keys.startswith(self._entered)
            for keys in self._command.inputs
        )
        if len(self._entered) >= self.most and not longer:
            self._finish(leg)

    def expire(self, leg: "Leg") -> None:
        if self._entered in self._command.inputs or len(self._entered) >= self.least:
            self._finish(leg)
        else:
            self._repeat_or_leave(leg)

    def _go_back(self, leg: "Leg") -> None:
        # At the bottom of the stack is always an answer.
        index = len(leg.stack) - 2
        while isinstance(frame := leg.stack[index], Script) and not frame.answer:
            index -= 1
        if isinstance(frame, Menu):
            del leg.stack[index + 1 :]
            frame.restart()
        else:
            leg.stack.pop()

    def _finish(self, leg: "Leg") -> None:
        commands = self._command.inputs.get(self._entered)
        if commands is not None:
            self._next = "leave"
            leg.stack.append(Script(commands))
        elif self._command.forward_to_url:
            leg.stack.pop()
            leg.insert_answer(
                "dtmf_entered",
                self._command.forward_to_url,
                {
                    "DtmfDigits": self._entered,
                    "CallLegID": leg.id,
                    "ApiExtension": leg.api_extension,
                },
                ("UserInput", "ForwardToUrl"),
            )
        else:
            self._repeat_or_leave(leg)

    def _repeat_or_leave(self, leg: "Leg") -> None:
        if self._command.repeat:
            self.restart()
        else:
            leg.stack.pop()


class Recording(Frame):
    """A Record of an API extension. Source: the vendor's page "OzML Record command".

    It ends by a key of FinishDigits, by Duration, by Inactivity or by the end of the
    call. Documented: it was successful if a voice could be heard. Assumed: without
    Duration or Inactivity there is no such limit; the length counts to the last word;
    the answer to RecordCompleted runs, then what follows Record.
    """

    def __init__(self, command: Record, clock: float) -> None:
        self._command = command
        self._started = self._last_word = clock
        self._set_deadline()

    def _set_deadline(self) -> None:
        command = self._command
        limits = [
            start + seconds
            for start, seconds in (
                (self._started, command.duration),
                (self._last_word, command.inactivity),
            )
            if seconds is not None
        ]
        self.deadline = min(limits) if limits else None

    def press(self, leg: "Leg", key: str) -> None:
        if key in (self._command.finish_digits or ""):
            self.expire(leg)

    def speak(self, leg: "Leg", seconds: float) -> None:
        longest = self._command.duration
        spoken = seconds
        if longest is not None:
            spoken = min(seconds, max(self._started + longest - leg.clock, 0))
        leg.clock += spoken
        self._last_word = leg.clock
        self._set_deadline()
        if spoken < seconds:
            self.expire(leg)
            leg.run()
            leg.pass_time(seconds - spoken)

    def expire(self, leg: "Leg") -> None:
        leg.stack.pop()
        self.cut(leg)

    def cut(self, leg: "Leg") -> None:
        seconds = self._last_word - self._started
        leg.note("*", f"recorded {seconds:g} s" if seconds else "recorded nothing")
        if self._command.finished_url:
            leg.insert_answer(
                "record_completed",
                self._command.finished_url,
                {
                    **leg.board.recorded(seconds, self._command.format),
                    "Caller": leg.caller,
                    "Callee": leg.callee,
                },
                ("Record", "FinishedUrl"),
            )


class Music(Frame):
    """A Play with Repeat.

    Assumed: nothing behind it ever runs. Among the initial commands of a UserInput it
    plays on while keys and the time-out are awaited.
    """

    def step(self, leg: "Leg") -> bool:
        below = leg.stack[-2]
        if isinstance(below, Script) and below.prompt:
            del leg.stack[-2:]
            return True
        return False
