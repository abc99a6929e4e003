"""The phone system: the register of calls and messages, and what can be done to it."""

import collections
import functools
import itertools
import typing as t
from collections.abc import Callable

from ..commands import Call as CallCommand
from ..commands import Command
from ..commands import SendEmail
from ..commands import SendSms
from ..notifications import ErrorNotification
from . import answers
from .calls import Call
from .calls import IncomingCall
from .calls import Message
from .calls import PlacedCall
from .http_api import HttpApi
from .randomcaller import Finding
from .randomcaller import play_at_random
from .routing import Routing
from .session import PhoneCall
from .session import Transcript
from .switchboard import Switchboard
from .switchboard import Urls
from .thirdparty import ThirdPartyCall
from .thirdparty_commands import obey

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: Calls that are kept, besides those that go on.
MAX_CALLS: t.Final = 50

_T = t.TypeVar("_T", bound=Transcript)


class PhoneSystem(Switchboard):
    """A model of an Ozeki Phone System that plays an application.

    It posts the notifications of the vendor's page and executes the OzML that comes
    back, in virtual time. What the vendor's documents leave open is an assumption;
    ``docs/assumptions.rst`` lists them all.

    URLs in answers are opened only if they are below the application's base; others are
    kept in :attr:`not_opened` and are InvalidParameter (302).

    :param target: any WSGI application, which is called in process, or the base URL of
        a running server.
    :param urls: the URLs that would be pasted into the phone system, by kind, as
        ``phone.urls()`` gives them; or such mappings by API extension, where ``""``
        stands for all others: ``{"9997": voicemail.urls(), "": phone.urls()}``.
    :param base: what all URLs of the application begin with, for example its
        OZML_PUBLIC_URL. Default: the target, if it is a URL, else scheme and host of
        the given URLs.
    :param first_id: the number of the first call or message. The ids of a phone system
        are unique for ever; those of the next phone system begin again.
    :param answered_state: whether CallChanged has the state Answered before InCall.
    :param reaction: seconds after which people press a key or speak.
    :param per_key: seconds from one key to the next.
    """

    def __init__(
        self,
        target: "WSGIApplication | str",
        urls: Urls,
        base: str | None = None,
        *,
        first_id: int = 1,
        answered_state: bool = False,
        reaction: float = 1.0,
        per_key: float = 0.3,
    ) -> None:
        super().__init__(target, urls, base, first_id)
        self.answered_state = answered_state
        self.reaction = reaction
        self.per_key = per_key
        #: The text messages that were sent.
        self.sms_sent: list[SendSms] = []
        # Their ids, and the API extensions that sent them.
        self._senders: list[tuple[str, str]] = []
        self._sms_numbers = itertools.count(first_id)
        #: The e-mails that were sent.
        self.emails_sent: list[SendEmail] = []
        #: The calls that Call commands started.
        self.calls_placed: list[PlacedCall] = []
        #: The Error notifications, with the codes 300 to 303 for refused answers and
        #: 402 for calls that did not come about.
        self.errors: list[ErrorNotification] = []
        #: The exceptions of views whose fallback answered. They cannot be seen over
        #: HTTP; whoever sees them (the pytest fixture does) appends them.
        self.failures: list[BaseException] = []
        #: The transcripts of the last calls, routings, messages and requests.
        self.sessions: collections.deque[Transcript] = collections.deque(maxlen=20)
        #: All calls that go on, and the last ones that are over.
        self.calls: list[PhoneCall] = []

    @property
    def live_calls(self) -> dict[str, PhoneCall]:
        """The calls that go on, by id."""
        return {call.id: call for call in tuple(self.calls) if not call.ended}

    def register(self, call: PhoneCall) -> None:
        over = [kept for kept in self.calls if kept.ended]
        for kept in over[: 1 - MAX_CALLS]:
            self.calls.remove(kept)
        self.calls.append(call)
        # Nobody notices a call between others that the application does not watch.
        if call.api_extension or self.find_url("call_changed"):
            self.sessions.append(call)

    def find(self, call_id: str) -> PhoneCall | None:
        return self.live_calls.get(call_id)

    def obey(self, call: PhoneCall, command: Command) -> None:
        obey(self, call, command)

    def keep_error(self, error: ErrorNotification) -> None:
        self.errors.append(error)

    @functools.cached_property
    def http_api(self) -> HttpApi:
        """A WSGI application that answers the requests of the HTTP API."""
        return HttpApi(self, self.calls, self.sessions)

    def incoming_call(
        self,
        caller: str = "500",
        api_extension: str = "9998",
        *,
        hang_up_after: float | None = None,
    ) -> Call:
        """Call an API extension, up to the first prompt or the end of the call.

        :param hang_up_after: seconds after which the caller hangs up, whatever is going
            on then.
        """
        return IncomingCall(self, caller, api_extension).ring(hang_up_after)

    def incoming_sms(
        self,
        sender: str = "06203123412",
        recipient: str = "06304645433",
        message: str = "",
        api_extension: str = "9999",
    ) -> Message:
        """Send a text message to an API extension."""
        title = f"Text message from {sender}: {' '.join(message.split())}"
        received = Message(self, title, sender=sender, api_extension=api_extension)
        values = {
            "Sender": sender,
            "Recipient": recipient,
            "ID": received.id,
            "ApiExtension": api_extension,
            "Message": message,
        }
        url = self.url_of("incoming_sms", api_extension)
        return self._kept(received).deliver(
            "incoming_sms", url, values, ("HTTP API", "Incoming message URL")
        )

    def deliver(self, sms: SendSms, delivered: bool = True) -> Message:
        """Deliver a text message, or not, and post the report that it asked for.

        :param sms: one of :attr:`sms_sent`.
        :raises ValueError: if it is not one of them.
        """
        same = [number for number, kept in enumerate(self.sms_sent) if kept is sms]
        number = same[0] if same else self.sms_sent.index(sms)
        sms_id, sender = self._senders[number]
        extension = sms.api_extension or sender
        state = "delivered" if delivered else "not delivered"
        report = Message(
            self, f"Text message to {sms.recipient}: {state}", api_extension=extension
        )
        if sms.delivery_report_url:
            values = {
                "Delivered": "true" if delivered else "false",
                "ID": sms_id,
                "ApiExtension": extension,
            }
            self._kept(report).deliver(
                "sms_delivery_report",
                sms.delivery_report_url,
                values,
                ("SendSms", "DeliveryReportURL"),
            )
        return report

    def route(
        self,
        caller: str = "1000",
        dialed: str = "1500",
        api_extension: str = "9999",
        caller_extension: str | None = None,
        *,
        last_call_state: str = "Calling",
        last_called_extension: str = "1200",
        last_dialed_number: str = "431413",
    ) -> Routing:
        """Dial a number, and ask the application until the call has a destination.

        What the first notification says about the last call is, by default, what the
        vendor's example says.

        :param last_call_state: one of Calling, NoAnswer, Busy, NotFound and Error.
        """
        fixed = {"ApiExtension": api_extension}
        if caller_extension is not None:
            fixed["CallerExtension"] = caller_extension
        last = {
            "LastDialedNumber": last_dialed_number,
            "LastCalledExtension": last_called_extension,
            "LastCallState": last_call_state,
        }
        return self._kept(Routing(self, caller, dialed, fixed=fixed, last=last)).go()

    def call_between(self, caller: str = "103", callee: str = "101") -> ThirdPartyCall:
        """Call from one extension to another; the callee's phone rings."""
        return ThirdPartyCall(self, caller, callee).ring()

    def send_error(self, code: int = 300, message: str = "") -> Transcript:
        """Post an Error notification to the error notification URL.

        If it does not arrive, :attr:`errors` holds the reason.
        """
        url = self.url_of("error")
        transcript = self._kept(Transcript(f"Error notification {code:d}"))
        with self.turn(transcript):
            transcript.note("*", f"{code:d} {message}".rstrip())
            error = self.post_error(url, code, message)
            if error:
                self.note_error(transcript, error.code, answers.message(error))
        return transcript

    def random_caller(
        self,
        seed: int,
        steps: int,
        caller: str = "500",
        api_extension: str = "9998",
        *,
        start: Callable[[], Call] | None = None,
    ) -> list[Finding]:
        """Press keys, speak, wait and hang up at random; return what went wrong.

        After a transfer to another API extension the caller goes on there.

        :param seed: the same seed does the same.
        :param steps: how many acts, in as many calls as they fill.
        :param start: places or receives a call. Default: an incoming call.
        """
        return play_at_random(
            start or (lambda: self.incoming_call(caller, api_extension)),
            seed,
            steps,
            failures=self.failures,
            errors=self.errors,
        )

    def place(self, command: CallCommand, api_extension: str) -> None:
        call = PlacedCall(self, command, api_extension)
        self.calls_placed.append(call)
        call.start()

    def connect(self, caller: str, callee: str, caller_id: str) -> PhoneCall:
        if callee not in self.api_extensions:
            call = ThirdPartyCall(self, caller, callee, caller_id)
            call.begin()
            self.pick_up(call)
            return call
        extension = IncomingCall(self, caller, callee, caller_id)
        extension.start()
        return extension

    def send_sms(self, transcript: Transcript, sms: SendSms, api_extension: str) -> str:
        text = " ".join(sms.message.split())
        transcript.note("*", f"sends a text message to {sms.recipient}: {text}")
        sms_id = f"S{next(self._sms_numbers)}"
        self.sms_sent.append(sms)
        self._senders.append((sms_id, api_extension))
        return sms_id

    def send_email(self, transcript: Transcript, email: SendEmail) -> None:
        subject = email.subject or ""
        transcript.note("*", f"sends an e-mail to {email.recipient}: {subject}")
        self.emails_sent.append(email)

    def _kept(self, transcript: _T) -> _T:
        self.sessions.append(transcript)
        return transcript
