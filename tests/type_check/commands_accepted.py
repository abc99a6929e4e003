"""Code that mypy must accept; it is never run."""

import typing as t
from collections.abc import Iterator
from collections.abc import Mapping

from flask_ozml.commands import AttendedTransfer
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Call
from flask_ozml.commands import Command
from flask_ozml.commands import Delay
from flask_ozml.commands import Element
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import Forward
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Hold
from flask_ozml.commands import Play
from flask_ozml.commands import Record
from flask_ozml.commands import Reject
from flask_ozml.commands import Route
from flask_ozml.commands import RoutingCommand
from flask_ozml.commands import SendDTMF
from flask_ozml.commands import SendEmail
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import ThirdPartyCommand
from flask_ozml.commands import Unhold
from flask_ozml.commands import UserInput
from flask_ozml.serializer import dumps
from flask_ozml.serializer import loads

URL = "http://yourapp.com/"

routing: list[RoutingCommand] = [
    Route(""),
    Route(destination="1000"),
    Route("line 1", ring_time=30, caller_id="3000", dialed_number="234567"),
    Element("Beep"),
]

third_party: list[ThirdPartyCommand] = [
    AttendedTransfer(target_call_id="1"),
    AttendedTransfer(
        target_call_id="1", transferred_call_id="2", transferor_party="caller"
    ),
    BlindTransfer("1", transferor_party="callee", call_id="1", finished_url=URL),
    Forward("500"),
    Forward(destination="500", call_id="1"),
    Hangup(call_id="1"),
    Hold(),
    Hold(call_id="1"),
    Unhold(call_id=None),
    Play("hello.wav", party="all", call_id="1", repeat=False),
    Record(finished_url=URL, format="wav", call_id="1"),
    SendDTMF("12", party="caller", call_id="1"),
    Speak("Hi", party="callee", call_id="1", language="en-UK"),
    Element("Beep", {"Times": "2"}),
]

extension: list[ExtensionCommand] = [
    BlindTransfer(target="1"),
    Call(
        "2310",
        url=URL,
        api_extension="9994",
        caller_id="3000",
        caller_display_name="Ozeki",
        error_url=URL,
    ),
    Delay(5),
    Delay(time=5),
    GoTo(URL),
    GoTo(url=URL),
    Hangup(),
    Play(audio_file="hello.wav"),
    Record(duration=60, inactivity=5, finish_digits="12"),
    Record(format=None),
    Reject(),
    SendEmail(recipient="a@b.example"),
    SendEmail(
        recipient="a", subject="b", message="c", sender="d", api_extension="9994"
    ),
    SendSms("Hi", recipient="1"),
    SendSms(
        message="Hi",
        recipient="1",
        sender="2",
        delivery_report_url=URL,
        api_extension="9994",
    ),
    Speak(text="Hi", party=None, language=None),
    UserInput(),
    UserInput(Speak("Hi"), Delay(1), Element("Beep")),
    UserInput(
        Speak("Hi"),
        inputs={
            "1": Hangup(),
            "2": [Speak("Bye"), Hangup()],
            "3": (),
            "*": UserInput(),
        },
        repeat=True,
        timeout=10,
        back_key="*",
        digits=4,
        min_digits=1,
        max_digits=4,
        forward_to_url=URL,
    ),
    UserInput(inputs=None, digits=None),
    Element("Array", None, "a", Hangup(), Element("item", {}, "b")),
]


def menu(choices: Mapping[str, ExtensionCommand]) -> UserInput:
    return UserInput(*extension, inputs=choices)


def either(call_id: str) -> list[ThirdPartyCommand] | list[ExtensionCommand]:
    if call_id:
        return [Speak("Hi", party="all"), Hold()]
    return [Speak("Hi"), Reject()]


def party(caller: bool) -> t.Literal["caller", "callee"]:
    return "caller" if caller else "callee"


def transfer(caller: bool) -> Iterator[ThirdPartyCommand]:
    yield Speak("Hi", party=party(caller))
    yield BlindTransfer("1", transferor_party=party(caller))


class Greeting(Speak):
    def __init__(self, name: str) -> None:
        super().__init__(f"Hello {name}!", language="en-UK")


def described(command: Command) -> str | None:
    match command:
        case Speak(text, language="en-UK"):
            return t.assert_type(text, str)
        case Delay(time):
            return str(t.assert_type(time, int))
        case UserInput(initial_commands=first, inputs=inputs):
            t.assert_type(first, tuple[Command, ...])
            t.assert_type(inputs, Mapping[str, tuple[Command, ...]])
            return None
        case Element(name=name):
            return t.assert_type(name, str)
    return None


t.assert_type(Speak("Hi").language, str | None)
t.assert_type(Speak("Hi").party, t.Literal["caller", "callee", "all"] | None)
t.assert_type(Record().format, t.Literal["mp3", "wav"] | None)
t.assert_type(Record().duration, int | None)
t.assert_type(Play("a").repeat, bool | None)
t.assert_type(Element("Beep").attributes, Mapping[str, str])
t.assert_type(Element("Beep").content, tuple[str | Command, ...])
t.assert_type(dumps([Greeting("John"), *routing, *third_party, *extension]), bytes)
t.assert_type(loads(b"<Response/>"), list[Command])
t.assert_type(loads("<Response/>", strict=True), list[Command])
hash(Speak("Hi"))
