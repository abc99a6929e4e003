"""What a person can do with the phone in the browser: one class for each act.

An act is posted as JSON, played, kept to be played again, and written as a line of a
test.
"""

import abc
import dataclasses
import typing as t
from collections.abc import Mapping

from ..simulator import Call
from ..simulator import Outcome
from ..simulator import PlacedCall
from ..simulator import ThirdPartyCall
from ..simulator.session import PhoneCall
from .desk import ActRefused
from .desk import Desk

#: Characters of a text, at most.
LONGEST_TEXT: t.Final = 10_000


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


@dataclasses.dataclass(frozen=True, kw_only=True)
class _SystemAct(Act):
    """Something that is done with the phone system: a method with keyword arguments."""

    method: t.ClassVar[str]
    #: The variable of a test that holds what the method returns.
    result: t.ClassVar[str] = ""

    def play(self, desk: Desk) -> object:
        return desk.kept(getattr(desk.system, self.method)(**self._arguments()))

    def code(self, names: Mapping[int, str], new: str) -> str:
        variable = new or self.result
        given = ", ".join(f"{k}={value!r}" for k, value in self._arguments().items())
        before = f"{variable} = " if variable else ""
        return f"{before}phone_system.{self.method}({given})"

    def _arguments(self) -> dict[str, object]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dial(_SystemAct):
    """Call an API extension."""

    caller: str
    to: str
    method = "incoming_call"

    def _arguments(self) -> dict[str, object]:
        return {"caller": self.caller, "api_extension": self.to}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Between(_SystemAct):
    """Call from one extension to another."""

    caller: str
    callee: str
    method = "call_between"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SendMessage(_SystemAct):
    """Send a text message to the application."""

    sender: str
    recipient: str
    to: str
    message: str
    method = "incoming_sms"

    def _arguments(self) -> dict[str, object]:
        return {
            "sender": self.sender,
            "recipient": self.recipient,
            "message": self.message,
            "api_extension": self.to,
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Route(_SystemAct):
    """Dial a number and see where the application routes the call."""

    caller: str
    dialed: str
    method = "route"
    result = "routing"


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


@dataclasses.dataclass(frozen=True, kw_only=True)
class _CallAct(Act):
    """Something that is done in a call: a method of a kind of call."""

    call: int
    kind: t.ClassVar[type[PhoneCall]] = Call
    method: t.ClassVar[str]

    def play(self, desk: Desk) -> object:
        call = desk.call(self.call, self.kind)
        return getattr(call, self.method)(*self._arguments())

    def code(self, names: Mapping[int, str], new: str) -> str:
        given = ", ".join(map(repr, self._arguments()))
        return f"{names[self.call]}.{self.method}({given})"

    def _arguments(self) -> tuple[object, ...]:
        return ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Press(_CallAct):
    """Press keys."""

    keys: str
    method = "press"

    def _arguments(self) -> tuple[object, ...]:
        return (self.keys,)

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
    method = "wait"

    def play(self, desk: Desk) -> object:
        clock = desk.call(self.call, Call).clock
        if self.clock is not None and abs(clock - self.clock) > 1e-6:
            raise ActRefused("This time has passed already.")
        return super().play(desk)

    def _arguments(self) -> tuple[object, ...]:
        return () if self.seconds is None else (self.seconds,)

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
    method = "record"

    def _arguments(self) -> tuple[object, ...]:
        return (self.seconds,)


class HangUp(_CallAct):
    """Hang up, as the person who talks to the application."""

    method = "hang_up"


class Answer(_CallAct):
    """Answer a call that the application placed."""

    kind = PlacedCall
    method = "answer"


class Refuse(_CallAct):
    """Press the busy button."""

    kind = PlacedCall
    method = "refuse"


class LetRing(_CallAct):
    """Let it ring until the phone system gives up."""

    kind = PlacedCall
    method = "let_ring"


class PickUp(_CallAct):
    """Answer a call between extensions, as the callee."""

    kind = ThirdPartyCall
    method = "answer"


class Busy(_CallAct):
    """Press the busy button, as the callee."""

    kind = ThirdPartyCall
    method = "busy"


class Cancel(_CallAct):
    """Give up while it rings, as the caller."""

    kind = ThirdPartyCall
    method = "cancel"


class Hold(_CallAct):
    """Put a call between extensions on hold, as a party."""

    kind = ThirdPartyCall
    method = "hold"


class Unhold(_CallAct):
    """Take a call between extensions back, as the party that held it."""

    kind = ThirdPartyCall
    method = "unhold"


class EndBetween(_CallAct):
    """Hang up a call between extensions, as a party."""

    kind = ThirdPartyCall
    method = "hang_up"


def _all(families: t.Iterable[type[Act]]) -> t.Iterator[type[Act]]:
    for act in families:
        if not act.__name__.startswith("_"):
            yield act
        yield from _all(act.__subclasses__())


#: The acts by name.
ACTS: t.Final[Mapping[str, type[Act]]] = {
    act.name: act for act in _all(Act.__subclasses__())
}
