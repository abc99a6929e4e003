"""A plain Flask app whose pages are OzML, for the simulator's tests."""

import typing as t
from collections.abc import Callable

from flask import Flask
from flask import request
from flask.typing import ResponseReturnValue

from flask_ozml.commands import Command
from flask_ozml.notifications import KINDS
from flask_ozml.serializer import dumps
from flask_ozml.simulator import PhoneSystem

Answer = str | bytes | tuple[str, int] | tuple[str, int, dict[str, str]] | list[Command]
Page = Answer | Callable[[], Answer]

#: A text that takes one second to say.
SECOND = "abcdefghijklmno"


def url(name: str) -> str:
    """Return the URL of a page."""
    return f"http://localhost/{name}"


class Pages:
    """Answers each page's name with its OzML, and keeps what was posted.

    :param options: options of the phone system.
    """

    def __init__(self, options: dict[str, t.Any] | None = None, **pages: Page) -> None:
        self.app = Flask("pages")
        self.app.testing = True
        self.app.add_url_rule("/<name>", view_func=self.answer, methods=["POST"])
        self.pages = pages
        self.posted: list[tuple[str, str]] = []
        urls = {kind: url(kind) for kind in pages if kind in KINDS}
        self.system = PhoneSystem(self.app, urls, **(options or {}))

    def answer(self, name: str) -> ResponseReturnValue:
        self.posted.append((name, request.get_data(as_text=True)))
        page = self.pages[name]
        answer = page() if callable(page) else page
        # Flask would turn a list into JSON.
        return dumps(answer) if isinstance(answer, list) else answer

    @property
    def asked(self) -> list[str]:
        """The names of the pages, in the order of the posts."""
        return [name for name, body in self.posted]

    def values(self, page: str, field: str) -> list[str]:
        """Return the values of a field in what was posted to a page."""
        bodies = [f"&{body}&" for name, body in self.posted if name == page]
        return [body.partition(f"&{field}=")[2].partition("&")[0] for body in bodies]

    @property
    def states(self) -> list[str]:
        """The states that were posted as CallChanged."""
        return self.values("call_changed", "CallState")
