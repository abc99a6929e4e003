"""A plain Flask app whose pages are OzML, for the simulator's tests."""

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


def url(name: str) -> str:
    """Return the address of a page."""
    return f"http://localhost/{name}"


class Pages:
    """An app that answers each page's name with its OzML, and keeps what was posted."""

    def __init__(self, **pages: Page) -> None:
        self.app = Flask("pages")
        self.app.testing = True
        self.app.add_url_rule("/<name>", view_func=self.answer, methods=["POST"])
        self.pages = pages
        self.posted: list[tuple[str, str]] = []
        urls = {kind: url(kind) for kind in pages if kind in KINDS}
        self.system = PhoneSystem(self.app, urls)

    def answer(self, name: str) -> ResponseReturnValue:
        self.posted.append((name, request.get_data(as_text=True)))
        page = self.pages[name]
        answer = page() if callable(page) else page
        # Flask would make JSON of a list.
        return dumps(answer) if isinstance(answer, list) else answer

    @property
    def asked(self) -> list[str]:
        """The names of the pages that were posted to, in order."""
        return [name for name, body in self.posted]
