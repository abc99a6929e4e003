"""Calls and text messages, as the person takes part in them who calls or is called."""

import typing as t

from ..commands import Call as CallCommand
from ..commands import Command
from ..commands import Reject
from ..commands.rules import Keys
from ..commands.rules import rule_of
from ..notifications import CallState
from . import extension_commands
from .exceptions import CallStateError
from .frames import Menu
from .frames import Recording
from .legs import Leg
from .session import check_seconds
from .session import Outcome
from .switchboard import Switchboard

#: Seconds that ``wait()`` waits at most for something to happen.
LONGEST_WAIT: t.Final = 3_600


class Call(Leg):
    """A call with an API extension, seen by the person who talks to it.

    Everything that this person does takes its time and returns the call, so that acts
    can be chained. An act returns when keys or a voice are awaited: at the beginning of
    a prompt, whose first text is in :attr:`heard`, and of a recording. What the
    application raises in process is raised here, and ends the call.
    """

    def execute(self, command: Command) -> None:
        extension_commands.execute(self, command)

    def press(self, keys: str, *, early: bool = False) -> t.Self:
        """Press keys, one after another.

        The person listens to the end of the prompt's last text or file, and presses the
        first key ``reaction`` seconds later and each further one after ``per_key``
        seconds. Meanwhile what is due happens, so that a key may come too late.

        :param early: whether to press the first key at once, during the prompt.
        :raises InvalidParameter: if there are other keys than ``0-9*#A-D``.
        :raises CallStateError: if the call is over before all are pressed.
        :raises CallLoop: if the application comes to no end.
        """
        rule_of(Keys).check("press", "keys", keys)
        self._need("press keys")
        for number, key in enumerate(keys):
            with self.switchboard.turn(self):
                if number == 0 and not early:
                    self._get_ready()
                self.pass_time(max(self.clock, self.next_key_at), before=True)
                pressed = self.live
                if pressed:
                    if number == 0:
                        self.note(">", keys)
                    self._take(key)
                    if number + 1 == len(keys):
                        self.settle()
            if not pressed:
                self._need(f"press all of the {len(keys)} keys")
        return self

    def wait(self, seconds: float | None = None) -> t.Self:
        """Do nothing.

        :param seconds: how long. Default: until something happens, at most an hour.
        :raises CallLoop: if the application comes to no end.
        """
        check_seconds(seconds or 0)
        with self.switchboard.turn(self):
            if not self.ended:
                shown = "(waits)" if seconds is None else f"(waits {seconds:g} s)"
                self.note(">", shown)
            if seconds is None:
                self._wait_for_something()
            else:
                self.pass_time(self.after(seconds))
            self.settle()
        return self

    def _wait_for_something(self) -> None:
        lines, end = len(self.events), self.after(LONGEST_WAIT)
        while not self.ended and len(self.events) == lines:
            if self.due is None or self.due > end:
                return
            self.go_on()

    def record(self, seconds: float = 5, press: str = "") -> t.Self:
        """Speak for some seconds, then press keys or fall silent.

        The voice begins ``reaction`` seconds after the recording. Without keys, wait
        until Inactivity or Duration ends the recording.

        :raises CallStateError: if the call is over.
        """
        check_seconds(seconds)
        self._need("speak")
        with self.switchboard.turn(self):
            self._get_ready()
            spoken = self.live
            if spoken:
                self.note(">", f"(speaks for {seconds:g} s)")
                self._speak(seconds)
                self.settle()
        if not spoken:
            self._need("speak")
        if press:
            return self.press(press)
        return self.wait() if self.recording and self.due is not None else self

    def _speak(self, seconds: float) -> None:
        listener = self.listener
        if seconds and isinstance(listener, Recording):
            listener.hear(self.clock, self.after(seconds))
        self.pass_time(self.after(seconds))

    def hang_up(self) -> t.Self:
        """Hang up; a call that is over stays as it is."""
        if self.live:
            with self.switchboard.turn(self):
                self.hang_up_now()
        return self

    def hear(self, sound: str, party: str | None, shown: str) -> None:
        if party in (None, "all", self.person):
            super().hear(sound, party, shown)
        else:
            self.note("*", f"to the API extension: {shown}")

    @property
    def menu(self) -> Menu | None:
        """The menu that waits for keys."""
        return self.listener if isinstance(self.listener, Menu) else None

    @property
    def recording(self) -> bool:
        """Whether the other side is being recorded."""
        return isinstance(self.listener, Recording)

    @property
    def patience(self) -> float | None:
        """Seconds until the phone system goes on by itself; None if it does not."""
        return None if self.due is None else max(self.due - self.clock, 0)

    @property
    def continued(self) -> "Call":
        """The call in which the person goes on after transfers to API extensions."""
        call = self
        while isinstance(call.transferred_call, Call):
            call = call.transferred_call
        return call

    def _get_ready(self) -> None:
        """Let time pass until the person would act."""
        self.settle()
        while self.live and self._hears_more() and self.due is not None:
            self.go_on()
        ready = round(self.cue + self.switchboard.reaction, 6)
        self.pass_time(max(self.clock, ready), before=True)

    def _hears_more(self) -> bool:
        for frame in reversed(self.stack):
            if frame.takes_keys:
                return False
            if frame.says_more():
                return True
        return False

    def _take(self, key: str) -> None:
        self.next_key_at = self.after(self.switchboard.per_key)
        listener = self.listener
        if listener:
            listener.press(self, key)
            self.run()
        else:
            self.note("*", f"{key} has no effect")

    def _need(self, act: str) -> None:
        if not self.live:
            raise CallStateError(f"Cannot {act}: the call is {self.state}.\n{self}")

    def picked_up(self, hang_up_after: float | None) -> None:
        """Begin the conversation.

        :param hang_up_after: seconds after which the person hangs up.
        """
        if hang_up_after is not None:
            self.hangs_up_at = self.after(hang_up_after)
        self.switchboard.pick_up(self)


class IncomingCall(Call):
    """A call to an API extension.

    Source: the vendor's page "HTTP API Notifications".
    """

    def __init__(
        self,
        switchboard: Switchboard,
        caller: str,
        api_extension: str,
        caller_id: str | None = None,
    ) -> None:
        super().__init__(
            switchboard,
            f"Call from {caller} to {api_extension}",
            caller=caller,
            callee=api_extension,
            caller_id=caller_id,
            api_extension=api_extension,
        )

    def ring(self, hang_up_after: float | None = None) -> t.Self:
        """Call, and talk up to the first act.

        :param hang_up_after: seconds after which the caller hangs up.
        """
        check_seconds(hang_up_after or 0)
        with self.switchboard.turn(self):
            self.start(hang_up_after)
            self.switchboard.post_waiting()
            self.settle()
        return self

    def start(self, hang_up_after: float | None = None) -> None:
        """Begin to ring.

        Assumption: CallChanged is posted before IncomingCall.
        """
        url = self.switchboard.url_of("incoming_call", self.api_extension)
        self.switchboard.register(self)
        self.switchboard.change(self, CallState.RINGING)
        self.switchboard.later(lambda: self._ask(url, hang_up_after))

    def _ask(self, url: str, hang_up_after: float | None) -> None:
        """Post the IncomingCall, and pick up or reject the call.

        Documented: if the first command is Reject nothing runs, else the phone is
        picked up. Assumption: a rejected call is Busy.
        """
        if self.ended:
            return
        values = {
            "CallLegID": self.id,
            "Caller": self.caller,
            "ApiExtension": self.api_extension,
        }
        source = ("HTTP API", "Incoming call URL")
        answer = self.switchboard.ask(self, "incoming_call", url, values, source)
        if answer is None:
            self.fail()
        elif self.ended:
            self.note("*", "over before it was picked up")
        elif answer and answer[0].origin is Reject:
            self.commands.append(answer[0])
            self.note("*", "rejected")
            self.switchboard.change(self, CallState.BUSY)
        else:
            self.picked_up(hang_up_after)
            self.switchboard.later(lambda: self._run_answer(answer))

    def _run_answer(self, answer: list[Command]) -> None:
        if self.live:
            self.begin(answer)
            self.run()


class PlacedCall(Call):
    """A call that a Call command started.

    It rings until the callee acts, unless :attr:`PhoneSystem.extensions` says that the
    callee is busy, does not answer or does not exist. Source: the vendor's page "OzML
    Call command". Assumption: errors in the call are posted to its ErrorUrl, too, as
    Error notifications.
    """

    person = "callee"

    def __init__(
        self, switchboard: Switchboard, command: CallCommand, extension: str
    ) -> None:
        extension = command.api_extension or extension
        super().__init__(
            switchboard,
            f"Call from {extension} to {command.dialled}",
            caller=extension,
            callee=command.dialled,
            caller_id=command.caller_id,
            api_extension=extension,
        )
        self.command = command
        self.error_url = command.error_url

    def start(self) -> None:
        """Begin to ring, if the callee exists.

        Assumption: a call to a number that does not exist posts no CallChanged.
        """
        self.switchboard.register(self)
        if self.switchboard.outcome(self.callee) == "not found":
            self.state = CallState.ERROR
            self.unanswered("not found")
        else:
            self.switchboard.ring(self)

    @property
    def due(self) -> float | None:
        return self.rings_until if self.state is CallState.RINGING else super().due

    def go_on(self) -> None:
        if self.state is CallState.RINGING:
            self.switchboard.end_ringing(self, "no answer")
        else:
            super().go_on()

    def unanswered(self, outcome: Outcome) -> None:
        self.switchboard.fail_call(self, outcome)

    def answer(self, *, hang_up_after: float | None = None) -> t.Self:
        """Pick up: post the CallConnected, and run the answer.

        Documented: without OzML from there the call is hung up.

        :param hang_up_after: seconds after which the callee hangs up.
        """
        check_seconds(hang_up_after or 0)
        self._need_ringing("answer")
        with self.switchboard.turn(self):
            self.note(">", "(answers)")
            self.picked_up(hang_up_after)
            self.switchboard.later(self._connected)
            self.switchboard.post_waiting()
            self.settle()
        return self

    def _connected(self) -> None:
        if self.live:
            values = {
                "CallLegID": self.id,
                "Callee": self.callee,
                "ApiExtension": self.api_extension,
            }
            source = ("Call", "Url")
            self.replace_by_answer("call_connected", self.command.url, values, source)
            self.run()

    def refuse(self) -> t.Self:
        """Press the busy button."""
        self._need_ringing("refuse")
        with self.switchboard.turn(self):
            self.note(">", "(refuses)")
            self.switchboard.end_ringing(self, "busy")
        return self

    def let_ring(self) -> t.Self:
        """Let it ring until the phone system gives up (documented: Busy)."""
        self._need_ringing("let it ring")
        with self.switchboard.turn(self):
            self.note(">", "(lets it ring)")
            self.switchboard.end_ringing(self, "no answer")
        return self

    def hang_up(self) -> t.Self:
        if self.state is CallState.RINGING:
            return self.refuse()
        return super().hang_up()

    def _need_ringing(self, act: str) -> None:
        if self.state is not CallState.RINGING:
            raise CallStateError(f"Cannot {act}: the call is {self.state}.\n{self}")


class Message(Leg):
    """A text message, or a report about one: there is no call."""

    def __init__(
        self,
        switchboard: Switchboard,
        title: str,
        *,
        sender: str = "",
        api_extension: str,
    ) -> None:
        super().__init__(
            switchboard,
            title,
            caller=sender,
            callee=api_extension,
            api_extension=api_extension,
        )
        self.state = CallState.COMPLETED

    def execute(self, command: Command) -> None:
        extension_commands.execute(self, command)

    def deliver(
        self, kind: str, url: str, values: dict[str, str], source: tuple[str, str]
    ) -> t.Self:
        """Post the notification, and run the answer."""
        with self.switchboard.turn(self):
            self.replace_by_answer(kind, url, values, source)
            self.run()
        return self
