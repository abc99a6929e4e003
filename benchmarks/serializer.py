"""Documents of 3, 12 and 200 commands, built and written in six ways.

Each way writes the same document, as a canonical parser sees it. The f-strings escape
every text and attribute value, as all the others do;
like the peers they check no command.
"""

import typing as t
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial
from html import escape

import xmltodict
from lxml import etree as lxml_etree
from twilio.twiml import TwiML

from benchmarks.rounds import conditions
from benchmarks.rounds import measure
from benchmarks.rounds import table
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
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
CALLER = "Ann & Co"
PAIRS = range(100)

Builder = Callable[[str], bytes]


def three_by_hand(name: str) -> bytes:
    text = f"Hello {name}, how are you?"
    return (
        f'{DECLARATION}<Response><Speak Language="{escape("en-UK")}">{escape(text)}'
        f"</Speak><Play>{escape('hello.wav')}</Play><Hangup/></Response>"
    ).encode()


def menu_by_hand(name: str) -> bytes:
    welcome = f"Hello {name}. Press 1, 2 or 3."
    below = "1 for the balance, 2 for a colleague."
    return (
        f'{DECLARATION}<Response><UserInput Repeat="true" Timeout="10">'
        f"<InitialCommands><Speak>{escape(welcome)}</Speak>"
        '</InitialCommands><Inputs><Input key="1"><UserInput Timeout="5">'
        f"<InitialCommands><Speak>{escape(below)}</Speak>"
        '</InitialCommands><Inputs><Input key="1">'
        f"<Speak>{escape('It is 12.50.')}</Speak><GoTo>{escape(MENU_URL)}</GoTo>"
        '</Input><Input key="2">'
        f"<BlindTransfer>{escape('2000')}</BlindTransfer></Input></Inputs></UserInput>"
        f'</Input><Input key="2"><Play>{escape("beep.wav")}</Play>'
        f'<Record FinishedUrl="{escape(RECORDED_URL)}" Format="{escape("wav")}"'
        ' Duration="60"/></Input>'
        f'<Input key="3"><Speak>{escape("Good bye.")}</Speak><Delay>2</Delay><Hangup/>'
        "</Input></Inputs></UserInput></Response>"
    ).encode()


def many_by_hand(name: str) -> bytes:
    content = "".join(
        f'<Speak Language="{escape("en-UK")}">{escape(f"Number {number}, {name}")}'
        f"</Speak><Play>{escape(f'{number}.wav')}</Play>"
        for number in PAIRS
    )
    return f"{DECLARATION}<Response>{content}</Response>".encode()


def three_commands(name: str) -> bytes:
    return dumps(
        [
            Speak(f"Hello {name}, how are you?", language="en-UK"),
            Play("hello.wav"),
            Hangup(),
        ]
    )


def menu_commands(name: str) -> bytes:
    below = UserInput(
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
            "1": below,
            "2": [
                Play("beep.wav"),
                Record(finished_url=RECORDED_URL, format="wav", duration=60),
            ],
            "3": [Speak("Good bye."), Delay(2), Hangup()],
        },
        repeat=True,
        timeout=10,
    )
    return dumps([menu])


def many_commands(name: str) -> bytes:
    commands: list[Command] = []
    for number in PAIRS:
        commands.append(Speak(f"Number {number}, {name}", language="en-UK"))
        commands.append(Play(f"{number}.wav"))
    return dumps(commands)


class Response(TwiML):  # type: ignore[misc]  # twilio has no types
    """TwiML's own builder, with the elements of OzML."""


def three_twiml(name: str) -> bytes:
    root = Response()
    root.add_child("Speak", f"Hello {name}, how are you?", Language="en-UK")
    root.add_child("Play", "hello.wav")
    root.add_child("Hangup")
    return bytes(root.to_xml().encode())


def menu_twiml(name: str) -> bytes:
    root = Response()
    menu = root.add_child("UserInput", Repeat=True, Timeout=10)
    _initial_twiml(menu, f"Hello {name}. Press 1, 2 or 3.")
    inputs = menu.add_child("Inputs")
    below = inputs.add_child("Input", key="1").add_child("UserInput", Timeout=5)
    _initial_twiml(below, "1 for the balance, 2 for a colleague.")
    below_inputs = below.add_child("Inputs")
    balance = below_inputs.add_child("Input", key="1")
    balance.add_child("Speak", "It is 12.50.")
    balance.add_child("GoTo", MENU_URL)
    below_inputs.add_child("Input", key="2").add_child("BlindTransfer", "2000")
    message = inputs.add_child("Input", key="2")
    message.add_child("Play", "beep.wav")
    message.add_child("Record", FinishedUrl=RECORDED_URL, Format="wav", Duration=60)
    leave = inputs.add_child("Input", key="3")
    leave.add_child("Speak", "Good bye.")
    leave.add_child("Delay", "2")
    leave.add_child("Hangup")
    return bytes(root.to_xml().encode())


def _initial_twiml(menu: t.Any, text: str) -> None:
    menu.add_child("InitialCommands").add_child("Speak", text)


def many_twiml(name: str) -> bytes:
    root = Response()
    for number in PAIRS:
        root.add_child("Speak", f"Number {number}, {name}", Language="en-UK")
        root.add_child("Play", f"{number}.wav")
    return bytes(root.to_xml().encode())


def three_tree(library: t.Any, name: str) -> bytes:
    root = library.Element("Response")
    speak = library.SubElement(root, "Speak", Language="en-UK")
    speak.text = f"Hello {name}, how are you?"
    library.SubElement(root, "Play").text = "hello.wav"
    library.SubElement(root, "Hangup")
    return _tree_bytes(library, root)


def menu_tree(library: t.Any, name: str) -> bytes:
    sub = library.SubElement
    root = library.Element("Response")
    menu = sub(root, "UserInput", Repeat="true", Timeout="10")
    _initial_tree(library, menu, f"Hello {name}. Press 1, 2 or 3.")
    inputs = sub(menu, "Inputs")
    below = sub(sub(inputs, "Input", key="1"), "UserInput", Timeout="5")
    _initial_tree(library, below, "1 for the balance, 2 for a colleague.")
    below_inputs = sub(below, "Inputs")
    balance = sub(below_inputs, "Input", key="1")
    sub(balance, "Speak").text = "It is 12.50."
    sub(balance, "GoTo").text = MENU_URL
    sub(sub(below_inputs, "Input", key="2"), "BlindTransfer").text = "2000"
    message = sub(inputs, "Input", key="2")
    sub(message, "Play").text = "beep.wav"
    sub(message, "Record", FinishedUrl=RECORDED_URL, Format="wav", Duration="60")
    leave = sub(inputs, "Input", key="3")
    sub(leave, "Speak").text = "Good bye."
    sub(leave, "Delay").text = "2"
    sub(leave, "Hangup")
    return _tree_bytes(library, root)


def _initial_tree(library: t.Any, menu: t.Any, text: str) -> None:
    initial = library.SubElement(menu, "InitialCommands")
    library.SubElement(initial, "Speak").text = text


def many_tree(library: t.Any, name: str) -> bytes:
    root = library.Element("Response")
    for number in PAIRS:
        speak = library.SubElement(root, "Speak", Language="en-UK")
        speak.text = f"Number {number}, {name}"
        library.SubElement(root, "Play").text = f"{number}.wav"
    return _tree_bytes(library, root)


def _tree_bytes(library: t.Any, root: t.Any) -> bytes:
    return bytes(library.tostring(root, encoding="utf-8", xml_declaration=True))


def three_dict(name: str) -> bytes:
    speak = {"@Language": "en-UK", "#text": f"Hello {name}, how are you?"}
    return _dict_bytes({"Speak": speak, "Play": "hello.wav", "Hangup": None})


def menu_dict(name: str) -> bytes:
    below = {
        "@Timeout": "5",
        "InitialCommands": {"Speak": "1 for the balance, 2 for a colleague."},
        "Inputs": {
            "Input": [
                {"@key": "1", "Speak": "It is 12.50.", "GoTo": MENU_URL},
                {"@key": "2", "BlindTransfer": "2000"},
            ]
        },
    }
    record = {"@FinishedUrl": RECORDED_URL, "@Format": "wav", "@Duration": "60"}
    menu = {
        "@Repeat": "true",
        "@Timeout": "10",
        "InitialCommands": {"Speak": f"Hello {name}. Press 1, 2 or 3."},
        "Inputs": {
            "Input": [
                {"@key": "1", "UserInput": below},
                {"@key": "2", "Play": "beep.wav", "Record": record},
                {"@key": "3", "Speak": "Good bye.", "Delay": "2", "Hangup": None},
            ]
        },
    }
    return _dict_bytes({"UserInput": menu})


def many_dict(name: str) -> bytes:
    # A dict cannot tell the order of elements of two names, so each pair is its own.
    pairs = "".join(
        xmltodict.unparse(
            {
                "Speak": {"@Language": "en-UK", "#text": f"Number {number}, {name}"},
                "Play": f"{number}.wav",
            },
            full_document=False,
        )
        for number in PAIRS
    )
    return f"{DECLARATION}<Response>{pairs}</Response>".encode()


def _dict_bytes(content: dict[str, t.Any]) -> bytes:
    return str(xmltodict.unparse({"Response": content})).encode()


DOCUMENTS: dict[str, dict[str, Builder]] = {
    "3 commands": {
        "escaped f-string": three_by_hand,
        "Flask-OzML": three_commands,
        "TwiML": three_twiml,
        "xml.etree": partial(three_tree, ET),
        "lxml": partial(three_tree, lxml_etree),
        "xmltodict": three_dict,
    },
    "12 commands in nested menus": {
        "escaped f-string": menu_by_hand,
        "Flask-OzML": menu_commands,
        "TwiML": menu_twiml,
        "xml.etree": partial(menu_tree, ET),
        "lxml": partial(menu_tree, lxml_etree),
        "xmltodict": menu_dict,
    },
    "200 commands": {
        "escaped f-string": many_by_hand,
        "Flask-OzML": many_commands,
        "TwiML": many_twiml,
        "xml.etree": partial(many_tree, ET),
        "lxml": partial(many_tree, lxml_etree),
        "xmltodict": many_dict,
    },
}


def check_equal(builders: dict[str, Builder]) -> None:
    """Stop unless all write the same document."""
    written = {name: build(CALLER) for name, build in builders.items()}
    canonical = {name: ET.canonicalize(text) for name, text in written.items()}
    for name, text in canonical.items():
        if text != canonical["escaped f-string"]:
            raise SystemExit(f"{name} writes another document:\n{text}")


def main(rounds: int = 60, calls: int = 400) -> None:
    print(conditions("xmltodict", "twilio", "lxml"))
    for title, builders in DOCUMENTS.items():
        check_equal(builders)
        print(f"\n{title}")
        candidates = {n: partial(build, CALLER) for n, build in builders.items()}
        per_round = max(1, calls // 50) if title == "200 commands" else calls
        figures = measure(candidates, rounds=rounds, calls=per_round)
        print(table(figures, "escaped f-string"))
        times = figures["TwiML"].ratio(figures["Flask-OzML"])
        print(f"Flask-OzML is {times:.1f} times as fast as TwiML.")


if __name__ == "__main__":
    main()
