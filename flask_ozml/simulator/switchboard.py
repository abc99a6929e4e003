"""What all calls of a phone system share: the line to the application, and the logs."""

import abc
import collections
import contextlib
import itertools
import threading
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from ..commands import Call as CallCommand
from ..commands import Command
from ..commands import SendEmail
from ..commands import SendSms
from ..commands import ThirdPartyCommand
from ..errors import CommandError
from ..errors import ConfigurationError
from ..errors import InappropriateCommand
from ..errors import InvalidParameter
from ..errors import NotImplementedCommand
from ..errors import ParseError
from ..errors import StatusCode
from ..notifications import CallState
from ..notifications import ErrorNotification
from ..notifications import KINDS
from ..serializer import loads
from . import wire
from .exceptions import CallLoop
from .exceptions import TransportError
from .transport import Reply
from .transport import transport_to

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from .calls import Call
    from .calls import PlacedCall
    from .thirdparty import ThirdPartyCall

#: Notifications and commands without the caller doing anything, at most.
MAX_NOTIFICATIONS: t.Final = 50
MAX_COMMANDS: t.Final = 100_000

#: Calls that are kept, besides those that go on.
MAX_CALLS: t.Final = 50

_RECORDINGS: t.Final = "http://ozekixepbx.ip:7780/HttpRecordings"

#: The states of calls that are over.
ENDED: t.Final = frozenset(
    (
        CallState.TRANSFERRED,
        CallState.BUSY,
        CallState.CANCELLED,
        CallState.ERROR,
        CallState.COMPLETED,
    )
)

#: How an extension takes a call; an extension that nobody set answers.
Outcome = t.Literal["answered", "busy", "no answer", "not found"]


class Event(t.NamedTuple):
    """One line of a transcript.

    :param mark: ``<`` for what is heard, ``>`` for what the caller does, ``*`` for what
        the phone system does, ``!`` for what it refuses.
    """

    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.mark} {self.text}"


class Session:
    """What happens between the phone system and the application on one occasion."""

    def __init__(self, board: "Switchboard", title: str) -> None:
        self.board = board
        self.title = title
        #: The commands that ran, in their order.
        self.commands: list[Command] = []
        #: What the phone system refused here.
        self.errors: list[ErrorNotification] = []
        #: The lines of the transcript.
        self.events: list[Event] = []
        #: Where errors are told besides the error notification URL.
        self.error_url: str | None = None

    def note(self, mark: str, text: str) -> None:
        """Add a line to the transcript."""
        self.events.append(Event(mark, text))

    def abort(self) -> None:
        """Give up because the application failed."""

    def __str__(self) -> str:
        return "\n".join([self.title, *map(str, self.events)])

    def __repr__(self) -> str:
        return f"<{' | '.join([self.title, *map(str, self.events)])}>"


class Switchboard(abc.ABC):
    """Posts notifications, reads the answers, and keeps what came of them."""

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
        #: The text messages that were sent.
        self.sms_sent: list[SendSms] = []
        #: The API extensions that sent them.
        self.sms_extensions: list[str] = []
        #: The e-mails that were sent.
        self.emails_sent: list[SendEmail] = []
        #: The calls that Call commands started.
        self.calls_placed: list[PlacedCall] = []
        #: The Error notifications, with codes 300 to 303.
        self.errors: list[ErrorNotification] = []
        #: What views failed with, where a fallback answered: it cannot be seen over
        #: HTTP, so who can see it (the pytest fixture does) appends it.
        self.failures: list[BaseException] = []
        #: URLs in answers that lie outside of the application; never opened.
        self.not_opened: list[str] = []
        #: The last calls, routings and messages, for reports.
        self.sessions: collections.deque[Session] = collections.deque(maxlen=20)
        #: All calls that go on, and the last ones that are over.
        self.calls: list[Call | ThirdPartyCall] = []
        self.live_calls: dict[str, ThirdPartyCall] = {}
        self.pending: collections.deque[Callable[[], None]] = collections.deque()
        self._numbers = itertools.count(first_id)
        self._notifications = 0
        self._commands = 0
        self._lock = threading.Lock()
        self._turns = 0

    @abc.abstractmethod
    def place(self, command: CallCommand, api_extension: str) -> None:
        """Start the call that a Call command asks for."""

    def next_id(self) -> int:
        """A number that no other call or message of this phone system has."""
        return next(self._numbers)

    def recorded(self, seconds: float, audio_format: str | None) -> dict[str, str]:
        """What RecordCompleted says about a recording of this length.

        Source: the vendor's page "HTTP API Notifications", where a recording without a
        voice is unsuccessful and has no URL.
        """
        name = f"{self.next_id():032x}.{audio_format or 'mp3'}"
        return {
            "Success": "true" if seconds else "false",
            "Duration": f"{seconds:.10g}",
            "RecordURL": f"{_RECORDINGS}/{name}" if seconds else "",
        }

    def send_sms(self, session: Session, sms: SendSms, api_extension: str) -> str:
        """Send a text message, and give the id that its delivery report will have."""
        text = " ".join(sms.message.split())
        session.note("*", f"sends a text message to {sms.recipient}: {text}")
        self.sms_sent.append(sms)
        self.sms_extensions.append(api_extension)
        return f"S{len(self.sms_sent)}"

    def send_email(self, session: Session, email: SendEmail) -> None:
        """Send an e-mail."""
        subject = email.subject or ""
        session.note("*", f"sends an e-mail to {email.recipient}: {subject}")
        self.emails_sent.append(email)

    def outcome(self, extension: str) -> Outcome:
        """How an extension takes a call."""
        return self.extensions.get(extension, "answered")

    def url_of(self, kind: str) -> str:
        """The pasted URL of a kind."""
        try:
            return self.urls[kind]
        except KeyError:
            raise ConfigurationError(
                f"The phone system was given no URL for {kind!r}, only for"
                f" {sorted(self.urls)}."
            ) from None

    def count_turn(self) -> None:
        """Somebody did something: loops are counted from here."""
        self._notifications = self._commands = 0

    @contextlib.contextmanager
    def turn(self, session: Session) -> Iterator[None]:
        """What one act of a person leads to, up to its end.

        While the application is asked another thread may take a turn, since a view may
        send requests; what that one leaves to be posted is posted here.

        :param session: ends if the application fails or loops.
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
                session.abort()
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
        session: Session,
        kind: str,
        url: str,
        values: Mapping[str, str],
        named: tuple[str, str] = ("HTTP API", "URL"),
    ) -> list[Command] | None:
        """Post a notification and read the answer; None if it is refused.

        Assumed, since the documents are silent: a status other than 2xx (so a
        redirect), no answer and an answer above 1 MiB are ParseErrors, and of an answer
        with one wrong command nothing runs.

        :param session: on whose behalf.
        :param named: the command and the parameter that the URL came from.
        """
        self._count_notification(kind)
        # Not below try: what the application itself raises is no answer.
        reply = self._post(kind, url, values, named)
        try:
            answer = _read(reply)
            _check(answer, _family(kind, values))
        except CommandError as error:
            self.report(session, error)
            return None
        return answer

    def _count_notification(self, kind: str) -> None:
        self._notifications += 1
        if self._notifications > MAX_NOTIFICATIONS:
            raise CallLoop(
                f"More than {MAX_NOTIFICATIONS} notifications without the caller doing"
                f" anything; the last would have been {KINDS[kind].notification_name}."
            )

    def _post(
        self, kind: str, url: str, values: Mapping[str, str], named: tuple[str, str]
    ) -> Reply | CommandError:
        """What came back, or why nothing could."""
        path = self._transport.base.relative(url)
        if path is None:
            self.not_opened.append(url)
            return InvalidParameter(
                *named, "leads out of the application, where nothing is opened", url
            )
        try:
            with self._unlocked():
                return self._transport.post(path, wire.body(kind, values))
        except TransportError as error:
            return ParseError(str(error))

    def report(self, session: Session, error: CommandError) -> None:
        """Tell the application what was refused, and keep it."""
        self._report(session, error.code, _message(error))

    def _report(self, session: Session, code: StatusCode, message: str) -> None:
        notification = ErrorNotification(code=code, message=message)
        self.errors.append(notification)
        session.errors.append(notification)
        session.note("!", f"{code:d} {message}")
        self.post_error(self.urls.get("error"), code, message)
        self.post_error(session.error_url, code, message)

    def post_error(self, url: str | None, code: StatusCode, message: str) -> None:
        """Post an Error notification; whatever comes back is ignored."""
        if not url:
            return
        path = self._transport.base.relative(url)
        if path is None:
            self.not_opened.append(url)
            return
        values = {"Code": f"{code:d}", "Message": message}
        with contextlib.suppress(TransportError), self._unlocked():
            self._transport.post(path, wire.body("error", values))


def _read(reply: Reply | CommandError) -> list[Command]:
    if isinstance(reply, CommandError):
        raise reply
    if not 200 <= reply.status < 300:
        raise ParseError(
            f"The application answered with the status {reply.status}{_reason(reply)}"
        )
    return loads(reply.body, strict=True)


def _reason(reply: Reply) -> str:
    """The line with which a notification is refused; of a page nothing is told."""
    text = reply.body.decode(errors="replace").strip()
    is_line = reply.content_type.startswith("text/plain") and "\n" not in text
    return f": {text}" if is_line and 0 < len(text) <= _LONGEST_REASON else ""


_LONGEST_REASON: t.Final = 300


def _family(kind: str, values: Mapping[str, str]) -> type[Command]:
    if values.get("CallId"):
        return ThirdPartyCommand
    return t.cast(type[Command], KINDS[kind].family)


def _check(answer: list[Command], family: type[Command]) -> None:
    """Raise what the phone system would refuse about commands it can read.

    Source: the vendor's lists of valid commands for each notification, and the
    parameters that are mandatory in third-party call control. Assumed: 303 for a
    command of another list and for a Reject that is not the first command.
    """
    first = answer[0] if answer else None
    for command in _walk(answer):
        name = type(command).__name__
        if not issubclass(command.obeys, family) or (
            command.first_only and command is not first
        ):
            raise InappropriateCommand(f"Command '{name}' cannot be used here")
        for parameter in command.mandatory_in.get(family, ()):
            if getattr(command, parameter) is None:
                raise InvalidParameter(name, parameter, "is mandatory here")


def _walk(commands: Iterable[Command]) -> Iterator[Command]:
    waiting = collections.deque(commands)
    while waiting:
        command = waiting.popleft()
        yield command
        waiting.extend(command.children)


def _message(error: CommandError) -> str:
    return _MESSAGES[error.code](error)


# Source: the vendor's page "Status codes of Ozeki Phone System"; what is in parentheses
# is for the developer.
_MESSAGES: t.Final[Mapping[StatusCode, Callable[[t.Any], str]]] = {
    ParseError.code: lambda e: f"Error occured during parsing message: '{e}'",
    NotImplementedCommand.code: str,
    InvalidParameter.code: lambda e: (
        f"Missing or invalid parameter '{e.parameter}' for command '{e.command}'"
        f" ({e.rule})"
    ),
    InappropriateCommand.code: str,
}
