"""What one more command, byte, view, filter or menu costs, from few of them to many.

The smallest size pays for all that is done once, so the cost of a unit is taken between
one size and the next. It is flat where the last column of a table does not grow.
"""

import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from itertools import pairwise

from benchmarks.rounds import conditions
from benchmarks.rounds import measure
from flask_ozml.blueprint.views import ViewTable
from flask_ozml.commands import Element
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import parse
from flask_ozml.serializer import dumps
from flask_ozml.serializer import loads

COMMANDS = (10, 100, 1_000, 10_000)
BYTES = (1_024, 16_384, 65_536, 262_144)
VIEWS = (1, 10, 100, 1_000)
DEPTHS = (1, 10, 30, 50)


class Growth(t.NamedTuple):
    """One thing that grows, and what is done with it at a size."""

    title: str
    unit: str
    sizes: tuple[int, ...]
    at: Callable[[int], Callable[[], object]]


def build_and_write(size: int) -> Callable[[], object]:
    return lambda: dumps([Speak("Good morning", language="en-UK") for _ in range(size)])


def read(size: int) -> Callable[[], object]:
    document = dumps([Speak("Good morning", language="en-UK")] * size)
    return lambda: loads(document)


def join_texts(size: int) -> Callable[[], object]:
    texts = ["Good morning"] * size
    return lambda: Element("Array", None, *texts)


def parse_text(size: int) -> Callable[[], object]:
    return _parsing(b"Message=" + b"x" * size)


def parse_escaped(size: int) -> Callable[[], object]:
    return _parsing(b"Message=" + b"%C3%A9+" * (size // 7))


def parse_fields(size: int) -> Callable[[], object]:
    return _parsing(b"&".join(b"Field%06d=1234567" % i for i in range(size // 20)))


def _parsing(fields: bytes) -> Callable[[], object]:
    body = b"NotificationName=IncomingSMS&" + fields
    return lambda: parse(IncomingSMS, body)


def select_view(size: int) -> Callable[[], object]:
    """The last of the views, each with a filter of its own."""
    views = ViewTable()
    for number in range(size):
        views.add(IncomingCall, _view(number), {"api_extension": str(number)})
    call = IncomingCall(api_extension=str(size - 1))
    return lambda: views.select(call, {})


def _view(number: int) -> Callable[..., None]:
    def view(call: IncomingCall) -> None: ...

    view.__name__ = f"view_{number}"
    return view


def nest(size: int) -> Callable[[], object]:
    def build() -> object:
        menu = UserInput(Speak("Press 1."))
        for _ in range(size - 1):
            menu = UserInput(Speak("Press 1."), inputs={"1": menu})
        return dumps([menu])

    return build


ROWS = (
    Growth("commands, built and written", "command", COMMANDS, build_and_write),
    Growth("commands, read", "command", COMMANDS, read),
    Growth("texts of one element", "text", COMMANDS, join_texts),
    Growth("a body of plain text", "byte", BYTES, parse_text),
    Growth("a body of escaped text", "byte", BYTES, parse_escaped),
    Growth("a body of unknown fields", "byte", BYTES, parse_fields),
    Growth("views, by their filters", "view", VIEWS, select_view),
    Growth("menus in menus", "level", DEPTHS, nest),
)


def unit_costs(sizes: Iterable[int], seconds: Iterable[float]) -> list[float]:
    """The cost of a unit between each size and the next."""
    points = pairwise(zip(sizes, seconds, strict=True))
    return [(more - less) / (large - small) for (small, less), (large, more) in points]


def repeated(candidate: Callable[[], object], calls: int) -> Callable[[], None]:
    def repeat() -> None:
        for _ in range(calls):
            candidate()

    return repeat


def show(growth: Growth, rounds: int, units: int) -> None:
    calls = {size: max(1, units // size) for size in growth.sizes}
    candidates = {
        str(size): repeated(growth.at(size), calls[size]) for size in growth.sizes
    }
    figures = measure(candidates, rounds=rounds, calls=1)
    seconds = [figures[str(size)].best / calls[size] for size in growth.sizes]
    costs = unit_costs(growth.sizes, seconds)
    print(f"\n{growth.title}")
    print(f"{growth.unit + 's':>10}{'microseconds':>16}{'ns a further one':>20}")
    for size, total, cost in zip(growth.sizes, seconds, [None, *costs], strict=True):
        further = "" if cost is None else f"{1e9 * cost:.2f}"
        print(f"{size:>10}{1e6 * total:>16.1f}{further:>20}")
    print(f"largest / smallest: {max(costs) / min(costs):.2f}")


def main(rounds: int = 40, units: int = 20_000) -> None:
    print(f"{conditions()}; the best of {rounds} rounds of CPU time")
    for growth in ROWS:
        show(growth, rounds, units)


if __name__ == "__main__":
    main()
