"""The line to the application: posts notifications and gives back the answers."""

import abc
import collections
import contextlib
import itertools
import threading
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping

from ..commands import Call
from ..commands import Command
from ..commands import SendEmail
from ..commands import SendSms
from ..errors import CommandError
from ..errors import ConfigurationError
from ..errors import InvalidParameter
from ..errors import ParseError
from ..errors import StatusCode
from ..notifications import ErrorNotification
from ..notifications import KINDS
from . import answers
from . import wire
from .exceptions import CallLoop
from .exceptions import TransportError
from .session import Outcome
from .session import PhoneCall
from .session import Transcript
from .transport import Reply
from .transport import transport_to

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: Notifications and commands without the caller doing anything, at most.
MAX_NOTIFICATIONS: t.Final = 50
MAX_COMMANDS: t.Final = 100_000

_RECORDINGS: t.Final = "http://ozekixepbx.ip:7780/HttpRecordings"


class Switchboard(abc.ABC):
    """The part of a phone system that calls talk to.

    :param target: any WSGI application, or the base URL of a running server.
    :param urls: the URLs that would be pasted into the phone system, by kind.
    :param base: what all URLs of the application begin with.
    :param first_id: the number of the first call or message.
    """

    def __init__(
        self,
        target: "WSGIApplication | str",
        urls: Mapping[str, str],
        base: str | None = None,
        *,
        first_id: int = 1,
    ) -> None:
        self._transport = transport_to(target, urls.values(), base)
        #: The URLs that are pasted into the phone system, by kind.
        self.urls = dict(urls)
        #: How extensions and lines take calls; those that are not here answer.
        self.extensions: dict[str, Outcome] = {}
        #: URLs in answers that are not below the application's base; never opened.
        self.not_opened: list[str] = []
        #: Posts that wait for the end of the current command.
        self.pending: collections.deque[Callable[[], None]] = collections.deque()
        self._numbers = itertools.count(first_id)
        self._notifications = 0
        self._commands = 0
        self._lock = threading.Lock()
        self._turns = 0

    @abc.abstractmethod
    def place(self, command: Call, api_extension: str) -> None:
        """Start the call that a Call command asks for."""

    @abc.abstractmethod
    def send_sms(self, transcript: Transcript, sms: SendSms, api_extension: str) -> str:
        """Send a text message and return the id that its delivery report will have."""

    @abc.abstractmethod
    def send_email(self, transcript: Transcript, email: SendEmail) -> None:
        """Send an e-mail."""

    @abc.abstractmethod
    def find(self, call_id: str) -> PhoneCall | None:
        """Return the call of this id that goes on, if there is one."""

    @abc.abstractmethod
    def keep_error(self, error: ErrorNotification) -> None:
        """Record an error that is reported to the application."""

    def next_id(self) -> int:
        """Return a number that no other call or message of this phone system has."""
        return next(self._numbers)

    def recorded(self, seconds: float, audio_format: str | None) -> dict[str, str]:
        """Return the values of RecordCompleted for a recording of this length.

        Source: the vendor's page "HTTP API Notifications", where a recording without a
        voice is unsuccessful and has no URL.
        """
        name = f"{self.next_id():032x}.{audio_format or 'mp3'}"
        return {
            "Success": "true" if seconds else "false",
            "Duration": f"{seconds:.10g}",
            "RecordURL": f"{_RECORDINGS}/{name}" if seconds else "",
        }

    def outcome(self, extension: str) -> Outcome:
        """Return how an extension takes a call."""
        return self.extensions.get(extension, "answered")

    def url_of(self, kind: str) -> str:
        """Return the pasted URL of a kind.

        :raises ConfigurationError: if there is none.
        """
        try:
            return self.urls[kind]
        except KeyError:
            raise ConfigurationError(
                f"The phone system was given no URL for {kind!r}, only for"
                f" {sorted(self.urls)}."
            ) from None

    def count_turn(self) -> None:
        """Start counting notifications and commands again: somebody did something."""
        self._notifications = self._commands = 0

    @contextlib.contextmanager
    def turn(self, transcript: Transcript) -> Iterator[None]:
        """Do one act of a person and all that it leads to.

        While the application is working on an answer another thread may take a turn,
        since a view may send requests; what that turn leaves to be posted is posted
        here.

        :param transcript: aborted if the application fails or loops.
        """
        with self._lock:
            self._turns += 1
            if self._turns == 1:
                self.count_turn()
            try:
                yield
                while self._turns == 1 and self.pending:
                    self.pending.popleft()()
            except Exception:
                self.pending.clear()
                transcript.abort()
                raise
            finally:
                self._turns -= 1

    @contextlib.contextmanager
    def _unlocked(self) -> Iterator[None]:
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()

    def count_command(self) -> None:
        """Count one command against the limit."""
        self._commands += 1
        if self._commands > MAX_COMMANDS:
            raise CallLoop(
                f"More than {MAX_COMMANDS} commands ran without the caller doing"
                " anything."
            )

    def ask(
        self,
        transcript: Transcript,
        kind: str,
        url: str,
        values: Mapping[str, str],
        source: tuple[str, str] = ("HTTP API", "URL"),
    ) -> list[Command] | None:
        """Post a notification and return the commands of the answer.

        None means that the answer was refused, which has been reported. Assumption: no
        answer, and an answer of more than 1 MiB, are ParseErrors.

        :param transcript: the call or message that it is about.
        :param values: values by wire name.
        :param source: the command and the parameter that the URL came from.
        """
        self._count_notification(kind)
        # Outside of the try block: a CommandError that the application itself raises
        # is no refusal.
        reply = self._post(kind, url, values, source)
        try:
            if isinstance(reply, CommandError):
                raise reply
            return answers.read(reply, kind, values)
        except CommandError as error:
            self.report(transcript, error)
            return None

    def _post(
        self, kind: str, url: str, values: Mapping[str, str], source: tuple[str, str]
    ) -> Reply | CommandError:
        """Return the reply, or the reason why there is none."""
        path = self._transport.base.relative(url)
        if path is None:
            self.not_opened.append(url)
            return InvalidParameter(
                *source, "leads out of the application, where nothing is opened", url
            )
        try:
            with self._unlocked():
                return self._transport.post(path, wire.body(kind, values))
        except TransportError as error:
            return ParseError(str(error))

    def _count_notification(self, kind: str) -> None:
        self._notifications += 1
        if self._notifications > MAX_NOTIFICATIONS:
            raise CallLoop(
                f"More than {MAX_NOTIFICATIONS} notifications without the caller doing"
                f" anything; the last would have been {KINDS[kind].notification_name}."
            )

    def report(self, transcript: Transcript, error: CommandError) -> None:
        """Report a refused command to the application and record it."""
        code, message = error.code, answers.message(error)
        notification = ErrorNotification(code=code, message=message)
        self.keep_error(notification)
        transcript.errors.append(notification)
        transcript.note("!", f"{code:d} {message}")
        self.post_error(self.urls.get("error"), code, message)
        self.post_error(transcript.error_url, code, message)

    def post_error(self, url: str | None, code: StatusCode, message: str) -> None:
        """Post an Error notification; the answer is ignored."""
        if not url:
            return
        path = self._transport.base.relative(url)
        if path is None:
            self.not_opened.append(url)
            return
        values = {"Code": f"{code:d}", "Message": message}
        with contextlib.suppress(TransportError), self._unlocked():
            self._transport.post(path, wire.body("error", values))
