"""Records what is posted to the application, and what it answers."""

import contextlib
import dataclasses
import datetime
import re
import sys
import threading
import time
import typing as t
from collections import deque
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from werkzeug.debug.tbtools import DebugTraceback

from ..errors import CommandError
from ..notifications import KINDS
from ..serializer import loads
from ..signals import notification_answered
from ..signals import notification_failed
from ..simulator.exceptions import TransportError
from ..simulator.session import Transcript
from ..simulator.transport import Reply

#: Exchanges that are kept.
MAX_EXCHANGES: t.Final = 300
#: Characters of an answer that are shown.
LONGEST_ANSWER: t.Final = 100_000

_TOKEN = re.compile(r"(token=[\w.~-]{8})[\w.~%-]+")
_PACKAGE = str(Path(__file__).parent.parent)


def shortened(text: str) -> str:
    """Return a text with only the beginning of each token."""
    return _TOKEN.sub(r"\1…", text)


@dataclasses.dataclass(frozen=True)
class Failure:
    """An exception of the application.

    :param title: the exception's type and message.
    :param view: the first function of the site in the traceback.
    :param place: the file and line that raised it.
    :param source: that line.
    :param traceback: the whole traceback.
    """

    title: str
    view: str
    place: str
    source: str
    traceback: str

    @classmethod
    def of(cls, error: BaseException) -> t.Self:
        """Describe an exception."""
        debug = DebugTraceback(error)
        frames = [
            frame
            for frame in debug.all_frames
            if not frame.is_library and not frame.filename.startswith(_PACKAGE)
        ]
        last = frames[-1] if frames else None
        return cls(
            title=shortened(f"{type(error).__name__}: {error}".rstrip(": ")),
            view=frames[0].name if frames else "",
            place=f"{last.filename}, line {last.lineno}" if last else "",
            source=(last.line or "").strip() if last else "",
            traceback=shortened(debug.render_traceback_text()),
        )


@dataclasses.dataclass(eq=False)
class Exchange:
    """A notification and its answer."""

    number: int
    kind: str
    path: str
    fields: list[tuple[str, str]]
    transcript: Transcript | None
    #: The time of day, and a clock to measure with.
    time: str
    started: float
    #: The line of the transcript with which what follows from it begins.
    line: int
    revision: int = 0
    milliseconds: float | None = None
    status: int | None = None
    answer: str = ""
    view: str | None = None
    failure: Failure | None = None
    error: BaseException | None = None

    @property
    def waiting(self) -> bool:
        """Whether the application is still working on it."""
        return self.milliseconds is None

    def finish(self, reply: Reply | None, error: BaseException | None) -> None:
        """Note how it ended."""
        self.milliseconds = (time.perf_counter() - self.started) * 1000
        if reply is not None:
            self.status = reply.status
            self.answer = shortened(_indented(reply.body))
        if isinstance(error, TransportError):
            self.answer = str(error)
        elif error is not None:
            self.error = error
            self.failure = Failure.of(error)
        if self.transcript is not None:
            self.line = len(self.transcript.events)


def _indented(body: bytes) -> str:
    """Return OzML with an element a line; anything else as it is."""
    text = body.decode("utf-8", "replace")[:LONGEST_ANSWER]
    try:
        loads(body)  # refuses entities, which the next line would resolve
        root = ElementTree.fromstring(body)
    except (CommandError, ElementTree.ParseError):
        return text
    ElementTree.indent(root)
    return ElementTree.tostring(root, "unicode")


class Recorder:
    """Watches a phone system, and keeps the last exchanges.

    :param changed: called after each change of an exchange.
    """

    def __init__(self, changed: Callable[[Exchange], None]) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=MAX_EXCHANGES)
        self._changed = changed
        #: How many notifications were posted.
        self.count = 0
        self._lock = threading.Lock()
        self._now = threading.local()

    def watch(
        self,
        transcript: Transcript | None,
        path: str,
        body: bytes,
        post: Callable[[], Reply],
    ) -> Reply:
        """Post a notification, and record it."""
        exchange = self._begin(transcript, path, body)
        outer = getattr(self._now, "exchange", None)
        self._now.exchange = exchange
        reply: Reply | None = None
        try:
            reply = post()
            return reply
        finally:
            self._now.exchange = outer
            # What is raised may be an exit, which is shown, but not caught.
            exchange.finish(reply, None if reply else sys.exception())
            self._changed(exchange)

    def _begin(self, transcript: Transcript | None, path: str, body: bytes) -> Exchange:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True)
        names = {kind.notification_name: name for name, kind in KINDS.items()}
        with self._lock:
            self.count += 1
            exchange = Exchange(
                number=self.count,
                kind=names[dict(fields)["NotificationName"]],
                path=shortened(path),
                fields=fields,
                transcript=transcript,
                time=datetime.datetime.now().astimezone().strftime("%H:%M:%S"),
                started=time.perf_counter(),
                line=len(transcript.events) if transcript else 0,
            )
            self.exchanges.append(exchange)
        self._changed(exchange)
        return exchange

    def caused(self, error: BaseException) -> bool:
        """Return whether the application raised this."""
        return any(exchange.error is error for exchange in tuple(self.exchanges))

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        """Learn from signals which views answer, and what they raise."""

        def answered(app: object, *, view: str | None, **rest: object) -> None:
            if exchange := getattr(self._now, "exchange", None):
                exchange.view = view

        def failed(app: object, *, exception: BaseException, **rest: object) -> None:
            if exchange := getattr(self._now, "exchange", None):
                exchange.failure = Failure.of(exception)

        with (
            notification_answered.connected_to(answered),
            notification_failed.connected_to(failed),
        ):
            yield
