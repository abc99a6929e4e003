"""The line to the application: posts notifications and gives back the answers."""

import abc
import functools
import itertools
import typing as t
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping

from ..commands import Call
from ..commands import Command
from ..commands import SendEmail
from ..commands import SendSms
from ..errors import CommandError
from ..errors import InvalidParameter
from ..errors import ParseError
from ..errors import StatusCode
from ..notifications import CallState
from ..notifications import ErrorNotification
from . import answers
from . import wire
from .exceptions import MissingUrl
from .exceptions import TransportError
from .session import Outcome
from .session import PhoneCall
from .session import RESULTS
from .session import RING_TIME
from .session import Transcript
from .transport import Base
from .transport import Reply
from .transport import transport_to
from .turns import Turns

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: URLs by kind, or such mappings by API extension.
Urls = Mapping[str, str] | Mapping[str, Mapping[str, str]]

#: Posts a notification by calling the function, and returns its reply. It gets the
#: transcript that the notification is about (None for an Error), path and query of the
#: URL, the body and the function.
Watcher = Callable[[Transcript | None, str, bytes, Callable[[], Reply]], Reply]

_RECORDINGS: t.Final = "http://ozekixepbx.ip:7780/HttpRecordings"


class Switchboard(Turns, abc.ABC):
    """The part of a phone system that its calls use.

    :param target: any WSGI application, or the base URL of a running server.
    :param urls: the URLs that would be pasted into the phone system, by kind, or such
        mappings by API extension, where ``""`` stands for all others.
    :param base: what all URLs of the application begin with.
    :param first_id: the number of the first call or message.
    """

    #: Whether CallChanged has the state Answered before InCall.
    answered_state: bool
    #: Seconds after which people press a key or speak.
    reaction: float
    #: Seconds from one key to the next.
    per_key: float

    def __init__(
        self,
        target: "WSGIApplication | str",
        urls: Urls,
        base: str | None,
        first_id: int,
    ) -> None:
        super().__init__()
        #: The URLs that are pasted into the phone system, as they were given.
        self.urls: dict[str, t.Any] = dict(urls)
        self._settings = _by_extension(urls)
        all_urls = (url for urls in self._settings.values() for url in urls.values())
        self._transport = transport_to(target, all_urls, base)
        #: The application: a WSGI application, or the base URL of a server.
        self.target = target
        #: Watches each notification and its answer; None if nobody does.
        self.watcher: Watcher | None = None
        #: How extensions and lines take calls; those that are not here answer.
        self.extensions: dict[str, Outcome] = {}
        #: Seconds that an audio file takes; one that is not here takes 5.
        self.audio: dict[str, float] = {}
        #: URLs in answers that are not below the application's base; never opened.
        self.not_opened: list[str] = []
        self._numbers = itertools.count(first_id)

    @abc.abstractmethod
    def register(self, call: PhoneCall) -> None:
        """Add a call that begins."""

    @abc.abstractmethod
    def find(self, call_id: str) -> PhoneCall | None:
        """Return the call of this id that goes on, if there is one."""

    @abc.abstractmethod
    def place(self, command: Call, api_extension: str) -> None:
        """Start the call that a Call command asks for.

        :param api_extension: the API extension that calls if the command names none.
        """

    @abc.abstractmethod
    def connect(self, caller: str, callee: str, caller_id: str) -> PhoneCall:
        """Start a call after a transfer or a routing; the callee answers it."""

    @abc.abstractmethod
    def obey(self, call: PhoneCall, command: Command) -> None:
        """Run a command in the answer to a notification about a call."""

    @abc.abstractmethod
    def send_sms(self, transcript: Transcript, sms: SendSms, api_extension: str) -> str:
        """Send a text message and return the id that its delivery report will have."""

    @abc.abstractmethod
    def send_email(self, transcript: Transcript, email: SendEmail) -> None:
        """Send an e-mail."""

    @abc.abstractmethod
    def keep_error(self, error: ErrorNotification) -> None:
        """Record an error that is reported to the application."""

    def next_id(self) -> int:
        """Return a number that no other call or message of this phone system has."""
        return next(self._numbers)

    def outcome(self, extension: str) -> Outcome:
        """Return how an extension takes a call.

        :raises ValueError: if it is not an :data:`Outcome`.
        """
        outcome = self.extensions.get(extension, "answered")
        if outcome not in t.get_args(Outcome):
            known = ", ".join(map(repr, t.get_args(Outcome)))
            raise ValueError(
                f"The outcome of the extension {extension!r} must be one of {known},"
                f" got {outcome!r}."
            )
        return outcome

    @property
    def base(self) -> Base:
        """The URL that all URLs of the application begin with."""
        return self._transport.base

    @property
    def api_extensions(self) -> Collection[str]:
        """The API extensions that have a URL for incoming calls of their own."""
        return {
            name for name, urls in self._settings.items() if "incoming_call" in urls
        } - {""}

    def find_url(self, kind: str, api_extension: str | None = None) -> str | None:
        """Return the pasted URL of a kind, if there is one.

        :param api_extension: the API extension that it belongs to; None for a kind that
            the whole phone system has one URL for.
        """
        if api_extension is None:
            every = self._settings.values()
            return next((urls[kind] for urls in every if kind in urls), None)
        others = self._settings.get("", {})
        return self._settings.get(api_extension, others).get(kind)

    def url_of(self, kind: str, api_extension: str | None = None) -> str:
        """Return the pasted URL of a kind.

        :raises MissingUrl: if there is none.
        """
        url = self.find_url(kind, api_extension)
        if url is None:
            known = sorted({k for urls in self._settings.values() for k in urls})
            where = f" of the API extension {api_extension!r}" if api_extension else ""
            raise MissingUrl(
                f"The phone system was given no URL for {kind!r}{where}, only for"
                f" {known}."
            )
        return url

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
        answer, and an answer of more than 1 MiB, are ParseErrors. What the application
        raises is raised, and ends the call.

        :param transcript: the call or message that it is about.
        :param values: values by wire name.
        :param source: the command and the parameter that the URL came from.
        """
        try:
            self.count_notification(kind)
            reply = self._post(transcript, kind, url, values, source)
        except Exception:
            transcript.abort()
            raise
        # A CommandError that the application itself raises is no refusal.
        try:
            if isinstance(reply, CommandError):
                raise reply
            return answers.read(reply, kind, values)
        except CommandError as error:
            self.report(transcript, error)
            return None

    def _post(
        self,
        transcript: Transcript | None,
        kind: str,
        url: str,
        values: Mapping[str, str],
        source: tuple[str, str],
    ) -> Reply | CommandError:
        """Return the reply, or the reason why there is none."""
        path = self._transport.base.relative(url)
        if path is None:
            self.not_opened.append(url)
            return InvalidParameter(
                *source, "leads out of the application, where nothing is opened", url
            )
        try:
            with self.unlocked():
                return self._send(transcript, path, wire.body(kind, values))
        except TransportError as error:
            return ParseError(str(error))

    def _send(self, transcript: Transcript | None, path: str, body: bytes) -> Reply:
        post = functools.partial(self._transport.post, path, body)
        return self.watcher(transcript, path, body, post) if self.watcher else post()

    def report(self, transcript: Transcript, error: CommandError) -> None:
        """Report a refused command to the application and record it."""
        message = answers.message(error)
        self.note_error(transcript, error.code, message)
        self.post_error(self.find_url("error"), error.code, message)
        self.post_error(transcript.error_url, error.code, message)

    def fail_call(self, call: PhoneCall, outcome: Outcome) -> None:
        """Report that a call did not come about.

        Assumption: it is posted to the ErrorUrl of the Call only.
        """
        code, result = StatusCode.CALL_CONNECT_FAILED, RESULTS[outcome]
        message = f"Call connect to '{call.callee}' failed with result state '{result}'"
        self.note_error(call, code, message)
        self.later(lambda: self.post_error(call.error_url, code, message))

    def note_error(
        self, transcript: Transcript, code: StatusCode, message: str
    ) -> None:
        """Record an error that is posted to the application."""
        notification = ErrorNotification(code=code, message=message)
        self.keep_error(notification)
        transcript.errors.append(notification)
        transcript.note("!", f"{code:d} {message}")

    def post_error(
        self, url: str | None, code: int, message: str
    ) -> CommandError | None:
        """Post an Error notification; the OzML in its answer is ignored.

        :return: the reason why it did not arrive, or None.
        """
        if not url:
            return None
        values = {"Code": f"{code:d}", "Message": message}
        reply = self._post(None, "error", url, values, ("HTTP API", "ErrorUrl"))
        try:
            if isinstance(reply, CommandError):
                raise reply
            answers.check_status(reply)
        except CommandError as error:
            return error
        return None

    def change(self, call: PhoneCall, state: CallState) -> None:
        """Change the state of a call, and post that if there is a URL for it.

        Source: the vendor's page "HTTP API Notifications": CallChanged is sent when a
        call in the system is created, finished or changes state.
        """
        call.state = state
        url = self.find_url("call_changed")
        if url:
            values = {
                "CallState": state.value,
                "CallId": call.id,
                "Caller": call.caller,
                "CallerId": call.caller_id,
                "Callee": call.callee,
            }
            source = ("HTTP API", "Call changed URL")
            self._ask_later(call, "call_changed", url, values, source)
        call.entered()
        if call.ended:
            self._finish_recordings(call)

    def ring(self, call: PhoneCall) -> None:
        """Let the callee's phone ring, and let the extension take the call.

        The application may act on the CallChanged before the callee does. Assumption: a
        call that is forwarded to a number that does not exist ends in the state Error.
        """
        if self.outcome(call.callee) == "not found":
            self.end_ringing(call, "not found")
            return
        call.rings_until = call.after(RING_TIME)
        self.change(call, CallState.RINGING)
        self.later(lambda: self._take(call))

    def _take(self, call: PhoneCall) -> None:
        outcome = self.outcome(call.callee)
        if outcome != "answered" and call.state is CallState.RINGING:
            self.end_ringing(call, outcome)

    def end_ringing(self, call: PhoneCall, outcome: Outcome) -> None:
        """End a call that is not answered.

        Documented: it is Busy, also if it rings too long. Assumption: that is as long
        as a Route without RingTime rings.
        """
        if outcome == "no answer":
            call.move_clock(call.rings_until)
        not_found = outcome == "not found"
        self.change(call, CallState.ERROR if not_found else CallState.BUSY)
        call.unanswered(outcome)

    def pick_up(self, call: PhoneCall) -> None:
        """Begin the conversation.

        Assumption: the state is InCall at once. Answered, which the page of the call
        states has in addition, comes before it if ``answered_state`` is set.
        """
        if self.answered_state:
            self.change(call, CallState.ANSWERED)
        self.change(call, CallState.IN_CALL)

    def transfer(self, call: PhoneCall, target: str, transferor: str | None) -> None:
        """Transfer a party of a call, unless the target does not answer.

        Source: the vendor's page of GetCallHistory, where the call that is transferred
        ends and a new one has another id. Assumption: an attempt that fails is no call.

        :param transferor: the party that leaves: caller or callee.
        """
        outcome = self.outcome(target)
        if outcome != "answered":
            call.note("*", f"not transferred to {target}: {outcome}")
            return
        if transferor == "caller":
            number = caller_id = call.callee
        else:
            number, caller_id = call.caller, call.caller_id
        call.transferred_to = target
        call.note("*", f"transferred to {target}")
        self.change(call, CallState.TRANSFERRED)
        call.transferred_call = self.connect(number, target, caller_id)

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

    def _finish_recordings(self, call: PhoneCall) -> None:
        """Finish the recordings of third-party call control.

        Documented: they last to the end of the call. Assumption: the length is the time
        that was talked.
        """
        recordings, call.recordings = call.recordings, []
        for command, talked_before in recordings:
            if command.finished_url:
                values = {
                    **self.recorded(call.talked - talked_before, command.format),
                    "CallId": call.id,
                    "Caller": call.caller,
                    "Callee": call.callee,
                }
                source = ("Record", "FinishedUrl")
                url = command.finished_url
                self._ask_later(call, "record_completed", url, values, source)

    def _ask_later(
        self,
        call: PhoneCall,
        kind: str,
        url: str,
        values: Mapping[str, str],
        source: tuple[str, str],
    ) -> None:
        def post() -> None:
            for command in self.ask(call, kind, url, values, source) or ():
                self.obey(call, command)

        self.later(post)


def _by_extension(urls: Urls) -> dict[str, Mapping[str, str]]:
    """Return the URLs by API extension; those for all others come first."""
    if any(isinstance(url, str) for url in urls.values()):
        return {"": t.cast(Mapping[str, str], urls)}
    nested = t.cast(Mapping[str, Mapping[str, str]], urls)
    return {extension: nested[extension] for extension in sorted(nested)}
