"""The CPU time of one notification, compared with the same view in plain Flask."""

import io
import re
import typing as t
import xml.etree.ElementTree as ET
from collections.abc import Callable
from collections.abc import Mapping

from flask import Flask
from flask import Response
from werkzeug.test import EnvironBuilder

from benchmarks import apps
from benchmarks.rounds import at_most
from benchmarks.rounds import conditions
from benchmarks.rounds import measure
from benchmarks.rounds import ratio

CALL = b"NotificationName=IncomingCall&CallLegID=3CiHe&Caller=500&ApiExtension=9998"
DIGITS = b"NotificationName=DtmfEntered&CallLegID=3CiHe&DtmfDigits=1&ApiExtension=9998"
#: Fields that no notification has, as a later phone system might post them.
MORE = b"&CallID=7fa2&CallerName=Ann+%26+Bob&Trunk=voip"

Poster = Callable[[], bytes]


class Row(t.NamedTuple):
    """A view in its three forms, and the bounds of its cost."""

    title: str
    name: str
    body: bytes
    by_hand: Callable[[], Response]
    by_twiml: Callable[[], Response]
    #: At most these parts of the cost of the two others.
    of_by_hand: float
    of_twiml: float


WELCOME = apps.welcome_by_hand, apps.welcome_by_twiml
MENU = apps.menu_by_hand, apps.menu_by_twiml
CHECK_PIN = apps.check_pin_by_hand, apps.check_pin_by_twiml
ROWS = (
    Row("entry URL, three commands", "welcome", CALL, *WELCOME, 1.20, 0.85),
    Row("entry URL, a menu", "menu", CALL, *MENU, 1.40, 0.85),
    Row("URL with state, three commands", "check_pin", DIGITS, *CHECK_PIN, 1.32, 0.95),
)


def poster(app: Flask, url: str, body: bytes) -> Poster:
    """Return a function that posts a body as the phone system does."""
    environ = EnvironBuilder(
        url.removeprefix(apps.BASE),
        base_url=apps.BASE,
        method="POST",
        data=body,
        content_type="application/x-www-form-urlencoded",
        environ_base={
            "REMOTE_ADDR": "127.0.0.1",
            "SERVER_PROTOCOL": "HTTP/1.0",
            "HTTP_CACHE_CONTROL": "no-store,no-cache",
            "HTTP_PRAGMA": "no-cache",
        },
    ).get_environ()
    # Like gunicorn, which sets RAW_URI only.
    del environ["REQUEST_URI"]

    def start_response(status: str, *headers: object) -> t.Any:
        if status != "200 OK":
            raise SystemExit(f"{url} was answered with {status}.")

    def post() -> bytes:
        own = {**environ, "wsgi.input": io.BytesIO(body)}
        answer = app.wsgi_app(own, start_response)
        content = b"".join(answer)
        answer.close()  # type: ignore[attr-defined]  # Werkzeug's ClosingIterator
        return content

    return post


def candidates(row: Row, more: bytes = b"") -> dict[str, Poster]:
    """Return what posts one notification to the three forms of a view."""
    plain = apps.plain_app(row.by_hand, row.by_twiml)
    app, urls = apps.ozml_app()
    return {
        name: poster(app, url, row.body + more)
        for name, app, url in (
            ("Flask-OzML", app, urls[row.name]),
            ("by hand", plain, f"/{row.by_hand.__name__}?tries=1"),
            ("form + TwiML", plain, f"/{row.by_twiml.__name__}?tries=1"),
        )
    }


def check_equal(posters: Mapping[str, Poster]) -> None:
    """Stop the program unless all answers are the same document."""
    documents = {name: ET.canonicalize(post()) for name, post in posters.items()}
    if len(set(documents.values())) > 1:
        raise SystemExit(f"The answers differ: {documents}")


def show(row: Row, more: bytes, rounds: int, calls: int) -> None:
    posters = candidates(row, more)
    check_equal(posters)
    times = measure(posters, rounds=rounds, calls=calls)
    fields = 6 if more else 3
    for base, bound in (("by hand", row.of_by_hand), ("form + TwiML", row.of_twiml)):
        measured = ratio(times["Flask-OzML"], times[base])
        at_most(f"{row.title}, {fields} fields, of {base}", measured, bound)


def show_to(rounds: int, calls: int) -> None:
    """Compare a view that calls ``to()`` with the same view and a constant URL."""
    app, urls = apps.ozml_app()
    posters = {
        name: poster(app, urls[name], CALL) for name in ("with_to", "without_to")
    }
    check_equal({name: without_url(post) for name, post in posters.items()})
    posters["by hand"] = candidates(ROWS[0])["by hand"]
    times = measure(posters, rounds=rounds, calls=calls)
    both = zip(times["with_to"], times["without_to"], strict=True)
    added = [with_to - without_to for with_to, without_to in both]
    at_most("one to() in a view, of by hand", ratio(added, times["by hand"]), 0.50)


def without_url(post: Poster) -> Poster:
    """Return a function whose answer has nothing in its ForwardToUrl."""
    return lambda: re.sub(rb'(?<=ForwardToUrl=")[^"]+', b"", post())


def main(rounds: int = 60, calls: int = 100) -> None:
    print(conditions("werkzeug", "twilio"))
    for row in ROWS:
        for more in (b"", MORE):
            show(row, more, rounds, calls)
    show_to(rounds, calls)


if __name__ == "__main__":
    main()
