"""What was done with the phone in the browser, in the order of doing it."""

import typing as t

from ..commands import SendEmail
from ..commands import SendSms
from ..errors import OzMLError
from ..simulator import Message
from ..simulator import PhoneSystem
from ..simulator import Routing
from ..simulator.session import PhoneCall

_C = t.TypeVar("_C", bound=PhoneCall)


class ActRefused(OzMLError):
    """The act is unknown, has wrong values, or is not possible now."""


class Desk:
    """The phone system, and all that was done with it in the order of doing it."""

    def __init__(self, system: PhoneSystem) -> None:
        self.system = system
        self.calls: list[PhoneCall] = []
        self.messages: list[Message] = []
        self.routings: list[Routing] = []
        #: Whether text messages were delivered, by their numbers.
        self.delivered: dict[int, bool] = {}
        self._known: set[PhoneCall] = set()
        # The phone system keeps the messages, since their numbers are their ids.
        self._sms = len(system.sms_sent)
        self._emails = len(system.emails_sent)

    @property
    def sms_sent(self) -> list[SendSms]:
        """The text messages that the application has sent."""
        return self.system.sms_sent[self._sms :]

    @property
    def emails_sent(self) -> list[SendEmail]:
        """The e-mails that the application has sent."""
        return self.system.emails_sent[self._emails :]

    def find_new_calls(self) -> None:
        """Number the calls that the phone system has and the desk does not know."""
        for call in tuple(self.system.calls):
            if call not in self._known:
                self._known.add(call)
                self.calls.append(call)

    def kept(self, result: object) -> object:
        """Return what an act led to, after noting it if it is no call."""
        if isinstance(result, Routing):
            self.routings.append(result)
        elif isinstance(result, Message):
            self.messages.append(result)
        return result

    def call(self, number: int, kind: type[_C]) -> _C:
        """Return a call of a kind that can do the act."""
        call = self.calls[number] if 0 <= number < len(self.calls) else None
        if not isinstance(call, kind):
            raise ActRefused("This call does not exist, or cannot do this.")
        return call
