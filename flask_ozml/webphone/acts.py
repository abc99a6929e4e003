"""What a person can do with the phone in the browser: one class for each act.

An act is posted as JSON, played, kept to be played again, and written as a line of a
test.
"""

import abc
import dataclasses
import typing as t
from collections.abc import Mapping

from ..commands import SendEmail
from ..commands import SendSms
from ..errors import OzMLError
from ..simulator import Call
from ..simulator import Outcome
from ..simulator import PhoneSystem
from ..simulator import PlacedCall
from ..simulator import Routing
from ..simulator import ThirdPartyCall
from ..simulator.session import PhoneCall
from ..simulator.session import Transcript

#: Characters of a text, at most.
LONGEST_TEXT: t.Final = 10_000


class ActRefused(OzMLError):
    """The act is unknown, has wrong values, or is not possible now."""


class Desk:
    """The phone system, and all that was done with it in the order of doing it."""

    def __init__(self, system: PhoneSystem) -> None:
        self.system = system
        self.calls: list[PhoneCall] = []
        self.messages: list[Transcript] = []
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

    def call(self, number: int, kind: type["_C"]) -> "_C":
        """Return a call of a kind that can do the act."""
        call = self.calls[number] if 0 <= number < len(self.calls) else None
        if not isinstance(call, kind):
            raise ActRefused("This call does not exist, or cannot do this.")
        return call


_C = t.TypeVar("_C", bound=PhoneCall)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Act(abc.ABC):
    """Something that a person does."""

    name: t.ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.name = cls.__name__

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            right = isinstance(value, t.cast(type, field.type))
            if isinstance(value, bool) and field.type is not bool:
                right = False
            if not right or len(str(value)) > LONGEST_TEXT:
                raise ActRefused(f"{field.name!r} of {self.name} has a wrong value.")

    @classmethod
    def read(cls, posted: object) -> "Act":
        """Return the act that a JSON object describes.

        :raises ActRefused: if it does not describe one.
        """
        values = dict(posted) if isinstance(posted, dict) else {}
        act = ACTS.get(str(values.pop("act", "")))
        if act is None:
            raise ActRefused(f"'act' must be one of {', '.join(ACTS)}.")
        try:
            return act(**values)
        except TypeError as error:  # an unknown or a missing name
            raise ActRefused(str(error)) from error

    def as_json(self) -> dict[str, object]:
        """Return the JSON object that describes the act."""
        return {"act": self.name, **dataclasses.asdict(self)}

    @abc.abstractmethod
    def play(self, desk: Desk) -> object:
        """Do it; return the transcript that it began, if it began one."""

    @abc.abstractmethod
    def code(self, names: Mapping[int, str], new: str) -> str:
        """Return the line of a test that does it.

        :param names: the variables that hold calls, by the numbers of the calls.
        :param new: the variable for a call that begins.
        """

    def joined(self, following: "Act") -> "Act | None":
        """Return the act that does the same as this one and the following one."""
        return None


def _arguments(**values: object) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dial(Act):
    """Call an API extension."""

    caller: str
    to: str

    def play(self, desk: Desk) -> object:
        return desk.system.incoming_call(self.caller, self.to)

    def code(self, names: Mapping[int, str], new: str) -> str:
        values = _arguments(caller=self.caller, api_extension=self.to)
        return f"{new} = phone_system.incoming_call({values})"


@dataclasses.dataclass(frozen=True, kw_only=True)
class _CallAct(Act):
    """Something that is done in a call."""

    call: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Press(_CallAct):
    """Press keys."""

    keys: str

    def play(self, desk: Desk) -> object:
        return desk.call(self.call, Call).press(self.keys)

    def code(self, names: Mapping[int, str], new: str) -> str:
        return f"{names[self.call]}.press({self.keys!r})"

    def joined(self, following: Act) -> Act | None:
        if isinstance(following, Press) and following.call == self.call:
            return Press(call=self.call, keys=self.keys + following.keys)
        return None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wait(_CallAct):
    """Let time pass.

    :param seconds: how long; None means until something happens.
    :param clock: the time of the call at which this was meant, so that of two pages
        whose countdowns end only one lets the time pass.
    """

    seconds: int | float | None = None
    clock: int | float | None = None

    def play(self, desk: Desk) -> object:
        call = desk.call(self.call, Call)
        if self.clock is not None and abs(call.clock - self.clock) > 1e-6:
            raise ActRefused("This time has passed already.")
        return call.wait(self.seconds)

    def code(self, names: Mapping[int, str], new: str) -> str:
        seconds = "" if self.seconds is None else f"{self.seconds!r}"
        return f"{names[self.call]}.wait({seconds})"

    def as_json(self) -> dict[str, object]:
        return {**super().as_json(), "clock": None}

    def joined(self, following: Act) -> Act | None:
        if (
            isinstance(following, Wait)
            and following.call == self.call
            and None not in (self.seconds, following.seconds)
        ):
            seconds = t.cast(float, self.seconds) + t.cast(float, following.seconds)
            return Wait(call=self.call, seconds=round(seconds, 6))
        return None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Talk(_CallAct):
    """Speak for some seconds."""

    seconds: int | float

    def play(self, desk: Desk) -> object:
        return desk.call(self.call, Call).record(self.seconds)

    def code(self, names: Mapping[int, str], new: str) -> str:
        return f"{names[self.call]}.record({self.seconds!r})"


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Simple(_CallAct):
    """An act without a choice: a method of the call, with the same name in a test."""

    kind: t.ClassVar[type[PhoneCall]] = Call
    method: t.ClassVar[str]

    def play(self, desk: Desk) -> object:
        return getattr(desk.call(self.call, self.kind), self.method)()

    def code(self, names: Mapping[int, str], new: str) -> str:
        return f"{names[self.call]}.{self.method}()"


class HangUp(_Simple):
    """Hang up, as the person who talks to the application."""

    method = "hang_up"


class Answer(_Simple):
    """Answer a call that the application placed."""

    kind = PlacedCall
    method = "answer"


class Refuse(_Simple):
    """Press the busy button."""

    kind = PlacedCall
    method = "refuse"


class LetRing(_Simple):
    """Let it ring until the phone system gives up."""

    kind = PlacedCall
    method = "let_ring"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Between(Act):
    """Call from one extension to another."""

    caller: str
    callee: str

    def play(self, desk: Desk) -> object:
        return desk.system.call_between(self.caller, self.callee)

    def code(self, names: Mapping[int, str], new: str) -> str:
        values = _arguments(caller=self.caller, callee=self.callee)
        return f"{new} = phone_system.call_between({values})"


class PickUp(_Simple):
    """Answer a call between extensions, as the callee."""

    kind = ThirdPartyCall
    method = "answer"


class Busy(_Simple):
    """Press the busy button, as the callee."""

    kind = ThirdPartyCall
    method = "busy"


class Cancel(_Simple):
    """Give up while it rings, as the caller."""

    kind = ThirdPartyCall
    method = "cancel"


class Hold(_Simple):
    """Put a call between extensions on hold, as a party."""

    kind = ThirdPartyCall
    method = "hold"


class Unhold(_Simple):
    """Take a call between extensions back, as the party that held it."""

    kind = ThirdPartyCall
    method = "unhold"


class EndBetween(_Simple):
    """Hang up a call between extensions, as a party."""

    kind = ThirdPartyCall
    method = "hang_up"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SendMessage(Act):
    """Send a text message to the application."""

    sender: str
    recipient: str
    to: str
    message: str

    def play(self, desk: Desk) -> object:
        message = desk.system.incoming_sms(
            self.sender, self.recipient, self.message, self.to
        )
        desk.messages.append(message)
        return message

    def code(self, names: Mapping[int, str], new: str) -> str:
        values = _arguments(
            sender=self.sender,
            recipient=self.recipient,
            message=self.message,
            api_extension=self.to,
        )
        return f"phone_system.incoming_sms({values})"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Deliver(Act):
    """Deliver a text message of the application, or not."""

    number: int
    delivered: bool

    def play(self, desk: Desk) -> object:
        sent = desk.sms_sent
        if not 0 <= self.number < len(sent):
            raise ActRefused("This text message does not exist.")
        desk.delivered[self.number] = self.delivered
        return desk.system.deliver(sent[self.number], self.delivered)

    def code(self, names: Mapping[int, str], new: str) -> str:
        sms = f"phone_system.sms_sent[{self.number}]"
        return f"phone_system.deliver({sms}, delivered={self.delivered!r})"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Route(Act):
    """Dial a number and see where the application routes the call."""

    caller: str
    dialed: str

    def play(self, desk: Desk) -> object:
        routing = desk.system.route(self.caller, self.dialed)
        desk.routings.append(routing)
        return routing

    def code(self, names: Mapping[int, str], new: str) -> str:
        values = _arguments(caller=self.caller, dialed=self.dialed)
        return f"routing = phone_system.route({values})"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SetExtension(Act):
    """Say how an extension takes calls."""

    number: str
    outcome: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.outcome not in t.get_args(Outcome) or not self.number:
            raise ActRefused("An extension needs a number and a known outcome.")

    def play(self, desk: Desk) -> object:
        desk.system.extensions[self.number] = t.cast(Outcome, self.outcome)
        return None

    def code(self, names: Mapping[int, str], new: str) -> str:
        return f"phone_system.extensions[{self.number!r}] = {self.outcome!r}"


def _all(families: t.Iterable[type[Act]]) -> t.Iterator[type[Act]]:
    for act in families:
        if not act.__name__.startswith("_"):
            yield act
        yield from _all(act.__subclasses__())


#: The acts by name.
ACTS: t.Final[Mapping[str, type[Act]]] = {
    act.name: act for act in _all(Act.__subclasses__())
}
