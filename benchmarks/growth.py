"""The cost of one more command, byte, view or menu when there are few and many.

The cost of a unit is taken between one size and the next, because the smallest size
includes everything that is done once. A cost that does not grow is flat.
"""

import typing as t
from collections.abc import Callable
from itertools import pairwise

from flask import Flask

from benchmarks.request import poster
from benchmarks.rounds import at_most
from benchmarks.rounds import Candidate
from benchmarks.rounds import conditions
from benchmarks.rounds import measure
from flask_ozml import OzML
from flask_ozml.commands import Element
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import parse
from flask_ozml.serializer import dumps
from flask_ozml.serializer import loads

#: The largest cost of a unit, as a multiple of the smallest.
BOUND = 1.50
COMMANDS = (10, 100, 1_000, 10_000)
BYTES = (1_024, 16_384, 65_536, 262_144)


class Growth(t.NamedTuple):
    """What grows, to which sizes, and what is done with it at a size."""

    title: str
    sizes: tuple[int, ...]
    at: Callable[[int], Candidate]


def write(size: int) -> Candidate:
    return lambda: dumps([Speak("Good morning", language="en-UK") for _ in range(size)])


def read(size: int) -> Candidate:
    document = dumps([Speak("Good morning", language="en-UK")] * size)
    return lambda: loads(document)


def join_texts(size: int) -> Candidate:
    texts = ["Good morning"] * size
    return lambda: Element("Array", None, *texts)


def nest(size: int) -> Candidate:
    def build() -> bytes:
        menu: ExtensionCommand = Speak("Press 1.")
        for _ in range(size):
            menu = UserInput(Speak("Press 1."), inputs={"1": menu})
        return dumps([menu])

    return build


def parse_text(size: int) -> Candidate:
    return parsing(b"Message=" + b"%C3%A9+" * (size // 7))


def parse_fields(size: int) -> Candidate:
    return parsing(b"&".join(b"Field%06d=1234567" % i for i in range(size // 20)))


def parsing(fields: bytes) -> Candidate:
    body = b"NotificationName=IncomingSMS&" + fields
    return lambda: parse(IncomingSMS, body)


def find_view(size: int) -> Candidate:
    """Return a call for the last of that many views, each with its own filter."""
    phone = OzML("phone", __name__)
    for number in range(size):
        view = say_number(number)
        view.__name__ = f"view_{number}"
        phone.incoming_call(api_extension=str(number))(view)
    app = Flask("views")
    app.config.update(SECRET_KEY="benchmark", OZML_PUBLIC_URL="http://localhost")
    app.register_blueprint(phone)
    with app.app_context():
        url = phone.urls()["incoming_call"]
    body = f"NotificationName=IncomingCall&ApiExtension={size - 1}"
    return poster(app, url, body.encode())


def say_number(number: int) -> Callable[[IncomingCall], Speak]:
    return lambda call: Speak(str(number))


ROWS = (
    Growth("a command that is built and written", COMMANDS, write),
    Growth("a command that is read", COMMANDS, read),
    Growth("a text of one element", COMMANDS, join_texts),
    Growth("a menu in a menu", (1, 10, 30, 50), nest),
    Growth("a byte of text", BYTES, parse_text),
    Growth("a byte of unknown fields", BYTES, parse_fields),
    Growth("a view with a filter", (1, 1_000, 2_000, 4_000), find_view),
)


def unit_costs(sizes: t.Sequence[int], seconds: t.Sequence[float]) -> list[float]:
    """Return the cost of a unit between each size and the next."""
    points = pairwise(zip(sizes, seconds, strict=True))
    return [(more - less) / (large - small) for (small, less), (large, more) in points]


def repeated(candidate: Candidate, calls: int) -> Candidate:
    def repeat() -> None:
        for _ in range(calls):
            candidate()

    return repeat


def main(rounds: int = 20, units: int = 10_000) -> None:
    print(f"{conditions()}; the largest cost of a unit, of the smallest")
    for title, sizes, at in ROWS:
        calls = {size: max(1, units // size) for size in sizes}
        work = {str(size): repeated(at(size), calls[size]) for size in sizes}
        times = measure(work, rounds=rounds, calls=1)
        costs = unit_costs(sizes, [min(times[str(n)]) / calls[n] for n in sizes])
        at_most(f"{title}, {1e9 * costs[-1]:.1f} ns", max(costs) / min(costs), BOUND)


if __name__ == "__main__":
    main()
