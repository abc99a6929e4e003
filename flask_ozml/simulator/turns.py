"""Acts of people and requests, one after another, and what each of them leads to.

A turn belongs to one thread. While the application is working on an answer, other
threads may take turns, so that one phone system can be used from several threads.
"""

import collections
import contextlib
import threading
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

from ..notifications import KINDS
from .exceptions import CallLoop
from .session import Transcript

#: Notifications and commands without the caller doing anything, at most.
MAX_NOTIFICATIONS: t.Final = 50
MAX_COMMANDS: t.Final = 100_000


class _Turn:
    def __init__(self) -> None:
        self.waiting: collections.deque[Callable[[], object]] = collections.deque()
        self.notifications = 0
        self.commands = 0


class _Thread(threading.local):
    turn: _Turn | None = None


class Turns:
    """The turns of a phone system."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread = _Thread()
        # The turns in which the application is working on an answer.
        self._asking: list[_Turn] = []

    @contextlib.contextmanager
    def turn(self, transcript: Transcript, *, request: bool = False) -> Iterator[None]:
        """Do one act and all that it leads to.

        A request may come from a view that is working on an answer, so what the request
        leads to is posted after that answer.

        :param transcript: aborted if the application fails or loops.
        :param request: whether a request of the HTTP API acts, not a person.
        """
        with transcript.lock, self._lock:
            before = self._thread.turn
            outer = before
            if outer is None and request and self._asking:
                outer = self._asking[-1]
            self._thread.turn = outer or _Turn()
            failed = True  # exits are not caught, but end the call
            try:
                yield
                if outer is None:
                    self.post_waiting()
                failed = False
            finally:
                if failed:
                    transcript.abort()
                self._thread.turn = before

    @property
    def _turn(self) -> _Turn:
        return t.cast(_Turn, self._thread.turn)

    @contextlib.contextmanager
    def unlocked(self) -> Iterator[None]:
        """Let others take turns while the application is working on an answer."""
        turn = self._turn
        self._asking.append(turn)
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()
            self._asking.remove(turn)

    def later(self, post: Callable[[], object]) -> None:
        """Do something after the current command."""
        self._turn.waiting.append(post)

    def post_waiting(self) -> None:
        """Do what waits for the end of the current command."""
        waiting = self._turn.waiting
        while waiting:
            waiting.popleft()()

    def count_command(self) -> None:
        """Count one command.

        :raises CallLoop: if there were too many in this turn.
        """
        self._turn.commands += 1
        if self._turn.commands > MAX_COMMANDS:
            raise CallLoop(
                f"More than {MAX_COMMANDS} commands ran without the caller doing"
                " anything."
            )

    def count_notification(self, kind: str) -> None:
        """Count one notification.

        :raises CallLoop: if there were too many in this turn.
        """
        self._turn.notifications += 1
        if self._turn.notifications > MAX_NOTIFICATIONS:
            raise CallLoop(
                f"More than {MAX_NOTIFICATIONS} notifications without the caller doing"
                f" anything; the last would have been {KINDS[kind].notification_name}."
            )
