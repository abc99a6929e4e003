"""The commands that take time: what is said, pauses, menus and recordings.

Each is a frame with a deadline, so that keys, hanging up and time can fall into it.
"""

import typing as t

from ..commands import Command
from ..commands import Record
from ..commands import UserInput
from .legs import Frame
from .legs import Leg
from .legs import Script

#: Characters of a text that are spoken in a second. Assumption: about the speed of
#: text-to-speech; the vendor's documents do not say.
CHARACTERS_PER_SECOND: t.Final = 15
#: Seconds that an audio file takes. Assumption: see :attr:`Switchboard.audio`.
AUDIO_SECONDS: t.Final = 5.0


class Pause(Frame):
    """A Delay.

    :param until: when it is over.
    """

    passes_keys = True

    def __init__(self, until: float) -> None:
        self.deadline = until


class Rest(Pause):
    """What is left of a second before a prompt is repeated."""

    passes_keys = False


class Sound(Pause):
    """A Speak or a Play."""

    def says_more(self) -> bool:
        return True

    def expire(self, leg: Leg) -> None:
        leg.cue = leg.clock
        leg.stack.pop()


class Music(Frame):
    """A Play with Repeat.

    Assumption: the commands after it never run. Among the initial commands of a
    UserInput it plays on while the menu waits for keys or its time-out.
    """

    passes_keys = True

    def step(self, leg: Leg) -> bool:
        below = leg.stack[-2]
        if below.passes_keys:
            del leg.stack[-2:]
        return below.passes_keys


class Menu(Frame):
    """A UserInput. Source: the vendor's pages "OzML Userinput command".

    Documented: keys are scanned while the initial commands run, and a time-out of 0 is
    the default. Assumptions:

    * an entry that is complete ends the initial commands, an incomplete one does not;
    * the time-out counts from the end of the initial commands and again from each key;
      a key at the very end counts;
    * an entry is complete with ``MaxDigits``, else ``Digits`` digits, but not while a
      longer Input begins with it; at the time-out it is complete if it is an Input or
      has ``MinDigits`` digits, else it is forgotten;
    * ForwardToUrl is not requested on a time-out without digits;
    * after a wrong key without ForwardToUrl the prompt runs again if Repeat is set,
      else the commands after the UserInput; a repetition takes at least a second;
    * an Input's commands, or the answer to DtmfEntered, are followed by the commands
      after the UserInput;
    * BackKey takes effect at once and drops the digits before it. Documented: it leads
      to the upper menu or, if there is none, to the commands after the UserInput.
    """

    takes_keys = True

    def __init__(self, command: UserInput) -> None:
        self._command = command
        self._entered = ""
        self._began = 0.0
        self._next: t.Literal["prompt", "keys", "leave"] = "prompt"
        digits = command.digits or 1
        self.most = command.max_digits or max(digits, command.min_digits or 1)
        self.least = command.min_digits or (1 if command.max_digits else digits)

    @property
    def commands(self) -> tuple[Command, ...]:
        return (self._command,)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the Inputs, and the BackKey."""
        back_key = self._command.back_key
        return (*self._command.inputs, *([back_key] if back_key else []))

    def step(self, leg: Leg) -> bool:
        if self._next == "prompt":
            self._next = "keys"
            self._began = leg.clock
            leg.stack.append(Script(self._command.initial_commands, prompt=True))
        elif self._next == "leave":
            leg.stack.pop()
        else:
            if self.deadline is None:
                self._wait(leg)
            return False
        return True

    def restart(self, leg: Leg) -> None:
        """Begin with the initial commands again."""
        self._next = "prompt"
        self._entered = ""
        self.deadline = None
        repeats_at = round(self._began + 1, 6)
        if repeats_at > leg.clock:
            leg.stack.append(Rest(repeats_at))

    def _wait(self, leg: Leg) -> None:
        self.deadline = leg.after(self._command.timeout or 0)

    def press(self, leg: Leg, key: str) -> None:
        if key == self._command.back_key:
            self._cut_prompt(leg)
            self._go_back(leg)
            return
        self._entered += key
        if self.deadline is not None:
            self._wait(leg)
        longer = any(
            len(keys) > len(self._entered) and keys.startswith(self._entered)
            for keys in self._command.inputs
        )
        if len(self._entered) >= self.most and not longer:
            self._cut_prompt(leg)
            self._finish(leg)

    def _cut_prompt(self, leg: Leg) -> None:
        del leg.stack[leg.stack.index(self) + 1 :]

    def expire(self, leg: Leg) -> None:
        if self._entered in self._command.inputs or len(self._entered) >= self.least:
            self._finish(leg)
        else:
            self._repeat_or_leave(leg)

    def _go_back(self, leg: Leg) -> None:
        # At the bottom of the stack is always an answer.
        index = len(leg.stack) - 2
        while isinstance(frame := leg.stack[index], Script) and not frame.answer:
            index -= 1
        if isinstance(frame, Menu):
            del leg.stack[index + 1 :]
            frame.restart(leg)
        else:
            leg.stack.pop()

    def _finish(self, leg: Leg) -> None:
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

    def _repeat_or_leave(self, leg: Leg) -> None:
        if self._command.repeat:
            self.restart(leg)
        else:
            leg.stack.pop()


class Recording(Frame):
    """A Record of an API extension. Source: the vendor's page "OzML Record command".

    It ends with a key of FinishDigits, after Duration or Inactivity, or with the call.
    Documented: it is successful if a voice was detected. Assumption: without Duration
    or Inactivity there is no such limit, and without FinishDigits no key ends it; it is
    as long as the voice in it, from the first word to the last; the answer to
    RecordCompleted runs before the commands after Record.
    """

    takes_keys = True

    def __init__(self, command: Record, now: float) -> None:
        self._command = command
        self._started = self._last_word = now
        self._first_word: float | None = None
        self._set_deadline()

    @property
    def commands(self) -> tuple[Command, ...]:
        return (self._command,)

    def _set_deadline(self) -> None:
        command = self._command
        limits = [
            round(start + seconds, 6)
            for start, seconds in (
                (self._started, command.duration),
                (self._last_word, command.inactivity),
            )
            if seconds is not None
        ]
        self.deadline = min(limits, default=None)

    def press(self, leg: Leg, key: str) -> None:
        if key in (self._command.finish_digits or ""):
            self.expire(leg)

    def hear(self, start: float, end: float) -> None:
        """Hear a voice between two times."""
        if self._first_word is None:
            self._first_word = start
        self._last_word = end
        self._set_deadline()

    def expire(self, leg: Leg) -> None:
        leg.stack.pop()
        self.cut(leg)

    def cut(self, leg: Leg) -> None:
        end = min(self._last_word, leg.clock)
        seconds = 0 if self._first_word is None else round(end - self._first_word, 6)
        leg.note("*", f"recorded {seconds:g} s" if seconds else "recorded nothing")
        if self._command.finished_url:
            leg.insert_answer(
                "record_completed",
                self._command.finished_url,
                {
                    **leg.switchboard.recorded(seconds, self._command.format),
                    "Caller": leg.caller,
                    "Callee": leg.callee,
                },
                ("Record", "FinishedUrl"),
            )
