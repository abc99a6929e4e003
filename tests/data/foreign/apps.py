"""Phone applications as others write them: plain Flask, documents, nothing else."""

from collections.abc import Callable
from pathlib import Path
from string import Template

from flask import Flask
from flask import request

HERE = Path(__file__).parent
ACCOUNTS = {"1234": ("Jane", "2500")}


def document(name: str, /, **values: str) -> str:
    """A file of this folder, with values filled in."""
    return Template((HERE / f"{name}.xml").read_text("utf-8")).safe_substitute(values)


def application(**pages: Callable[[], str]) -> Flask:
    """An application of one page per address."""
    app = Flask("foreign")
    app.testing = True
    for name, page in pages.items():
        app.add_url_rule(f"/{name}.php", name, page, methods=["POST"])
    return app


def bank(next_page: str) -> Flask:
    """PIN, then a menu with the account's balance.

    :param next_page: where a right PIN leads; the vendor's sample has the page of the
        PIN itself there.
    """

    def dtmf_received() -> str:
        if request.values.get("DtmfDigits") in ACCOUNTS or "accountid" in request.args:
            return document("right_pin", page=next_page)
        return document("wrong_pin")

    def members_area() -> str:
        name, balance = ACCOUNTS["1234"]
        return document("members_area", name=name, balance=balance)

    return application(
        incoming_call=lambda: document("incomingcall"),
        dtmf_received=dtmf_received,
        members_area=members_area,
    )


def voicemail(name: str, recorded: list[dict[str, str]]) -> Flask:
    """A voicemail box that notes what was recorded, and says nothing to it."""

    def record_finished() -> str:
        recorded.append(request.form.to_dict())
        return "<Response></Response>"

    return application(
        incoming_call=lambda: document(name), record_finished=record_finished
    )


def gift(troubles: list[dict[str, str]]) -> Flask:
    """Calls a friend and plays a song."""

    def error_occured() -> str:
        troubles.append(request.form.to_dict())
        return ""

    return application(
        incoming_call=lambda: document("gift"),
        call_connected=lambda: document("gift_connected"),
        error_occured=error_occured,
    )


def reminder() -> Flask:
    """Calls with what the address says."""
    return application(
        incoming_call=lambda: document("reminder_call"),
        callconnected=lambda: document("reminder", time=request.args["time"]),
    )


def one_page(name: str) -> Flask:
    """An application whose calls are one document."""
    return application(incoming_call=lambda: document(name))
