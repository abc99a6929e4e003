"""The CPU time of building commands and writing OzML, compared with TwiML's builder.

Both write the same document. The builder checks no command.
"""

import typing as t
from functools import partial

from twilio.twiml import TwiML

from benchmarks.request import check_equal
from benchmarks.rounds import at_least
from benchmarks.rounds import conditions
from benchmarks.rounds import measure
from benchmarks.rounds import ratio
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Command
from flask_ozml.commands import Delay
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Play
from flask_ozml.commands import Record
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.serializer import dumps

MENU_URL = "https://www.example.com/phone/goto"
RECORDED_URL = "https://www.example.com/phone/record_completed"
CALLER = "Ann & Co"
PAIRS = range(100)


class Response(TwiML):  # type: ignore[misc]  # twilio has no types
    """TwiML's builder with the root element of OzML."""


def three_commands(name: str) -> bytes:
    speak = Speak(f"Hello {name}, how are you?", language="en-UK")
    return dumps([speak, Play("hello.wav"), Hangup()])


def three_by_twiml(name: str) -> bytes:
    root = Response()
    root.add_child("Speak", f"Hello {name}, how are you?", Language="en-UK")
    root.add_child("Play", "hello.wav")
    root.add_child("Hangup")
    return bytes(root.to_xml().encode())


def menu_commands(name: str) -> bytes:
    record = Record(finished_url=RECORDED_URL, format="wav", duration=60)
    balance = UserInput(
        Speak("1 for the balance, 2 for a colleague."),
        inputs={
            "1": [Speak("It is 12.50."), GoTo(MENU_URL)],
            "2": BlindTransfer("2000"),
        },
        timeout=5,
    )
    menu = UserInput(
        Speak(f"Hello {name}. Press 1, 2 or 3."),
        inputs={
            "1": balance,
            "2": [Play("beep.wav"), record],
            "3": [Speak("Good bye."), Delay(2), Hangup()],
        },
        repeat=True,
        timeout=10,
    )
    return dumps([menu])


def menu_by_twiml(name: str) -> bytes:
    root = Response()
    menu = root.add_child("UserInput", Repeat=True, Timeout=10)
    initial = menu.add_child("InitialCommands")
    initial.add_child("Speak", f"Hello {name}. Press 1, 2 or 3.")
    inputs = menu.add_child("Inputs")
    _balance_by_twiml(inputs.add_child("Input", key="1"))
    message = inputs.add_child("Input", key="2")
    message.add_child("Play", "beep.wav")
    message.add_child("Record", FinishedUrl=RECORDED_URL, Format="wav", Duration=60)
    leave = inputs.add_child("Input", key="3")
    leave.add_child("Speak", "Good bye.")
    leave.add_child("Delay", "2")
    leave.add_child("Hangup")
    return bytes(root.to_xml().encode())


def _balance_by_twiml(parent: t.Any) -> None:
    menu = parent.add_child("UserInput", Timeout=5)
    initial = menu.add_child("InitialCommands")
    initial.add_child("Speak", "1 for the balance, 2 for a colleague.")
    inputs = menu.add_child("Inputs")
    first = inputs.add_child("Input", key="1")
    first.add_child("Speak", "It is 12.50.")
    first.add_child("GoTo", MENU_URL)
    inputs.add_child("Input", key="2").add_child("BlindTransfer", "2000")


def many_commands(name: str) -> bytes:
    commands: list[Command] = []
    for number in PAIRS:
        commands.append(Speak(f"Number {number}, {name}", language="en-UK"))
        commands.append(Play(f"{number}.wav"))
    return dumps(commands)


def many_by_twiml(name: str) -> bytes:
    root = Response()
    for number in PAIRS:
        root.add_child("Speak", f"Number {number}, {name}", Language="en-UK")
        root.add_child("Play", f"{number}.wav")
    return bytes(root.to_xml().encode())


#: Titles, builders, and how many times as fast as TwiML ours have to be.
ROWS = (
    ("3 commands", three_commands, three_by_twiml, 2.5),
    ("a menu of 12 commands", menu_commands, menu_by_twiml, 1.5),
    ("200 commands", many_commands, many_by_twiml, 1.3),
)


def main(rounds: int = 60, calls: int = 50) -> None:
    print(conditions("twilio"))
    for title, by_commands, by_twiml, bound in ROWS:
        builders = {
            "Flask-OzML": partial(by_commands, CALLER),
            "TwiML": partial(by_twiml, CALLER),
        }
        check_equal(builders)
        times = measure(builders, rounds=rounds, calls=calls)
        measured = ratio(times["TwiML"], times["Flask-OzML"])
        at_least(f"{title}, times as fast as TwiML", measured, bound)


if __name__ == "__main__":
    main()
