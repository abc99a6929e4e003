"""The phone system itself."""

import functools
import typing as t

from ..commands import Call as CallCommand
from ..commands import SendSms
from .calls import Call
from .calls import IncomingCall
from .calls import Message
from .calls import PlacedCall
from .http_api import HttpApi
from .randomcaller import Finding
from .randomcaller import play_at_random
from .routing import Routing
from .switchboard import MAX_CALLS
from .switchboard import Session
from .switchboard import Switchboard
from .thirdparty import ThirdPartyCall

_C = t.TypeVar("_C", bound=Call | ThirdPartyCall)
_S = t.TypeVar("_S", bound=Session)


class PhoneSystem(Switchboard):
    """A model of an Ozeki Phone System that plays an application.

    It posts the notifications of the vendor's page and executes the OzML that comes
    back, in virtual time. Where the vendor's documents are silent, what the model does
    is said to be *assumed* where it does it.

    URLs in answers are opened only if they lie below the application's base; others are
    kept in :attr:`not_opened` and count as InvalidParameter (302).

    :param target: any WSGI application, which is called in process, or the base URL of
        a running server.
    :param urls: the URLs that would be pasted into the phone system, by kind, as
        ``phone.urls()`` gives them.
    :param base: what all URLs of the application begin with, such as its
        OZML_PUBLIC_URL. Default: the target, if it is a URL, else scheme and host of
        the given URLs.
    :param first_id: the number of the first call or message. The ids of a phone system
        are unique for ever; those of the next one begin again.
    """

    @functools.cached_property
    def http_api(self) -> HttpApi:
        """A WSGI application that takes the requests of the HTTP API."""
        return HttpApi(self)

    def incoming_call(self, caller: str = "500", api_extension: str = "9998") -> Call:
        """Call an API extension; the call is at its first prompt, or over.

        Assumed: a call to an API extension posts no CallChanged.
        """
        call = IncomingCall(self, caller, api_extension)
        return self._begun(call).ring()

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
        url = self.url_of("incoming_sms")
        return self._kept(received).deliver(
            "incoming_sms", url, values, ("HTTP API", "Incoming message URL")
        )

    def deliver(self, sms: SendSms, delivered: bool = True) -> Message:
        """Have a text message arrive, or not, and report that if it was asked for.

        :param sms: one of :attr:`sms_sent`.
        :raises ValueError: if it was not sent.
        """
        same = [number for number, kept in enumerate(self.sms_sent) if kept is sms]
        number = same[0] if same else self.sms_sent.index(sms)
        state = "delivered" if delivered else "not delivered"
        extension = sms.api_extension or self.sms_extensions[number]
        report = Message(
            self, f"Text message to {sms.recipient}: {state}", api_extension=extension
        )
        if sms.delivery_report_url:
            values = {
                "Delivered": "true" if delivered else "false",
                "ID": f"S{number + 1}",
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
    ) -> Routing:
        """Dial a number and be routed until it is decided where the call goes."""
        routing = Routing(self, caller, dialed, api_extension, caller_extension)
        return self._kept(routing).go()

    def call_between(self, caller: str = "103", callee: str = "101") -> ThirdPartyCall:
        """Call from one extension to another; the callee's phone rings."""
        return self._begun(ThirdPartyCall(self, caller, callee)).ring()

    def random_caller(
        self,
        seed: int,
        steps: int,
        caller: str = "500",
        api_extension: str = "9998",
    ) -> list[Finding]:
        """Press keys, speak, wait and hang up at random, and report what went wrong.

        :param seed: the same seed does the same.
        :param steps: how many acts, in as many calls as they fill.
        """
        return play_at_random(
            self, lambda: self.incoming_call(caller, api_extension), seed, steps
        )

    def place(self, command: CallCommand, api_extension: str) -> None:
        call = PlacedCall(self, command, api_extension)
        self.calls_placed.append(self._begun(call))

    def _begun(self, call: _C) -> _C:
        over = [kept for kept in self.calls if kept.ended]
        for kept in over[: 1 - MAX_CALLS]:
            self.calls.remove(kept)
        self.calls.append(call)
        return self._kept(call)

    def _kept(self, session: _S) -> _S:
        self.sessions.append(session)
        return session
