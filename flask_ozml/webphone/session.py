"""The acts at the phone in the browser, and what they led to."""

import dataclasses
import secrets
import threading
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import OzMLError
from ..simulator import PhoneSystem
from ..simulator import Routing
from ..simulator.session import PhoneCall
from .acts import Act
from .desk import ActRefused
from .desk import Desk
from .recorder import Exchange
from .recorder import Recorder

#: Acts that are kept; after that many the phone has to be cleared.
MAX_ACTS: t.Final = 1_000

#: A check of a test: the number of a call, or None, and what stands after ``assert``
#: and the call's name.
Check = tuple[int | None, str]


@dataclasses.dataclass(eq=False)
class Played:
    """An act that was played.

    :param act: the act.
    :param created: the number of the call that it began.
    :param checks: what a test can check after it.
    :param exchanges: how many notifications it led to, or others did meanwhile.
    :param done: whether it is over.
    :param error: why it could not be played again.
    """

    act: Act
    created: int | None = None
    checks: list[Check] = dataclasses.field(default_factory=list)
    exchanges: int = 0
    done: bool = False
    error: str | None = None


class Session:
    """One live phone system, what was done with it, and what the application answered.

    Acts in different calls may be played at the same time.

    :param system: the phone system.
    :param save: called with the acts when they change.
    """

    def __init__(
        self,
        system: PhoneSystem,
        save: Callable[[list[Act]], None] = lambda acts: None,
    ) -> None:
        #: Differs from process to process, so that a page notices a restart.
        self.id = secrets.token_hex(8)
        self.system = system
        self.revision = 1
        self.notice = ""
        #: Acts of the process before this one, which can be played again.
        self.before: list[Act] = []
        self.replaying = False
        self._alone = False
        self._save = save
        self._changed = threading.Condition()
        #: What was said about extensions before the first act.
        self.extensions = dict(system.extensions)
        self.desk = Desk(system)
        self.played: list[Played] = []
        self.recorder = Recorder(self._exchange_changed)
        system.watcher = self.recorder.watch

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Change something that pages show."""
        with self._changed:
            self.desk.find_new_calls()
            yield
            self.revision += 1
            self._changed.notify_all()

    def _exchange_changed(self, exchange: Exchange) -> None:
        with self.changing():
            exchange.revision = self.revision + 1

    def wait_for_change(self, seen: int, seconds: float) -> None:
        """Wait until the revision is another one than a page has seen."""
        with self._changed:
            self._changed.wait_for(lambda: self.revision != seen, seconds)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep acts out while something else plays the site.

        :raises ActRefused: if an act goes on.
        """
        with self._changed:
            self._check_alone()
            if self.replaying or any(not played.done for played in self.played):
                raise ActRefused("An act goes on. Try again when it is over.")
            self._alone = True
        try:
            yield
        finally:
            self._alone = False

    def _check_alone(self) -> None:
        if self._alone:
            raise ActRefused("The calls are being explored. Wait until that is over.")

    def do(self, act: Act) -> Played:
        """Play an act, keep it, and return how it was played.

        What the application raises is kept by the recorder.

        :raises ActRefused: if it is not possible now.
        """
        if len(self.played) >= MAX_ACTS:
            raise ActRefused(f"There are {MAX_ACTS} acts. Start over to go on.")
        played = Played(act)
        with self.changing():
            self._check_alone()
            self.notice = ""
            self.played.append(played)
            self._keep()
        try:
            self._play(played)
        except ActRefused:
            with self.changing():
                self.played.remove(played)
                self._keep()
            raise
        with self.changing():
            self._join(played)
            self._keep()
        return played

    def _play(self, played: Played) -> None:
        before, exchanges = self._snapshot(), self.recorder.count
        result: object = None
        try:
            result = played.act.play(self.desk)
        except Exception as error:
            if not self.recorder.caused(error):
                if not isinstance(error, OzMLError | ValueError):
                    raise
                raise ActRefused(str(error).partition("\n")[0]) from error
        finally:
            played.done = True
            with self.changing():
                played.exchanges = self.recorder.count - exchanges
        if isinstance(result, PhoneCall) and result in self.desk.calls:
            played.created = self.desk.calls.index(result)
        played.checks = list(self._checks(before, result))

    def _join(self, played: Played) -> None:
        """Join an act with the one before it if that led to nothing."""
        index = self.played.index(played)
        previous = self.played[index - 1] if index else None
        if not previous or not previous.done or previous.checks or previous.exchanges:
            return
        if act := previous.act.joined(played.act):
            played.act = act
            del self.played[index - 1]

    def play_again(self, acts: Iterable[Act], reason: str = "") -> None:
        """Play acts of another process, in their order.

        :param reason: why, for the notice on the pages; empty to show none.
        """
        kept = [Played(act) for act in acts]
        with self.changing():
            self._check_alone()
            self.before = []
            self.replaying = True
            self.played += kept
        try:
            for played in kept:
                self._play_once_more(played)
        finally:
            with self.changing():
                self.replaying = False
                self.notice = _played_again(kept, reason) if reason else ""
                self._keep()

    def _play_once_more(self, played: Played) -> None:
        try:
            self._play(played)
        except ActRefused as error:
            played.error = str(error)

    def start_over(self) -> None:
        """Hang up all calls, and forget what was done."""
        self._check_alone()
        for call in self.system.live_calls.values():
            call.abort()
        with self.changing():
            self.notice = ""
            self.before = []
            self.system.calls.clear()
            self.recorder.exchanges.clear()
            self.desk = Desk(self.system)
            self.played = []
            self.id = secrets.token_hex(8)
            self._keep()

    def say(self, notice: str, before: Iterable[Act] = ()) -> None:
        """Show a notice on the pages.

        :param before: acts that the pages offer to play again.
        """
        with self.changing():
            self.notice = notice
            self.before = list(before)

    def _keep(self) -> None:
        self._save([played.act for played in self.played])

    def _snapshot(self) -> "_Snapshot":
        return _Snapshot(
            [(len(c.heard), c.state, c.transferred_to) for c in self.desk.calls],
            len(self.desk.sms_sent),
            len(self.desk.emails_sent),
        )

    def _checks(self, before: "_Snapshot", result: object) -> Iterator[Check]:
        for number, call in enumerate(tuple(self.desk.calls)):
            known = number < len(before.calls)
            heard, state, target = before.calls[number] if known else (0, "", None)
            if len(call.heard) > heard:
                part = f"[{heard}:]" if heard else ""
                yield number, f".heard{part} == {_listed(call.heard[heard:])}"
            if call.transferred_to != target:
                yield number, f".transferred_to == {call.transferred_to!r}"
            if call.ended and call.state != state:
                yield number, f".state == {str(call.state)!r}"
        for index, sms in enumerate(self.desk.sms_sent[before.sms :], before.sms):
            yield None, f"phone_system.sms_sent[{index}].message == {sms.message!r}"
        emails = self.desk.emails_sent[before.emails :]
        for index, email in enumerate(emails, before.emails):
            sent = f"phone_system.emails_sent[{index}]"
            yield None, f"{sent}.recipient == {email.recipient!r}"
        if isinstance(result, Routing):
            yield None, f"routing.tried == {result.tried!r}"
            yield None, f"routing.outcome == {result.outcome!r}"


class _Snapshot(t.NamedTuple):
    calls: list[tuple[int, str, str | None]]
    sms: int
    emails: int


def _listed(texts: list[str]) -> str:
    """Return a list of texts as code; several have a line each."""
    if len(texts) == 1:
        return f"[{texts[0]!r}]"
    items = "".join(f"\n        {text!r}," for text in texts)
    return f"[{items}\n    ]"


def _played_again(kept: list[Played], reason: str) -> str:
    errors = [played.error for played in kept if played.error]
    acts = f"{len(kept)} {'act' if len(kept) == 1 else 'acts'}"
    if errors:
        done = len(kept) - len(errors)
        return f"{reason} - played {done} of {acts} again. {errors[0]}"
    return f"{reason} - played {acts} again."
