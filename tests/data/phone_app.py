"""The application that real servers run in tests/sites."""

import json
import logging
import os
import pathlib
import signal
import typing as t
from collections.abc import Iterator

from flask import Flask

from flask_ozml import OzML
from flask_ozml.commands import Command
from flask_ozml.commands import Element
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import Hangup
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import KINDS
from flask_ozml.notifications import Notification

logging.basicConfig(level=logging.DEBUG, format="%(name)s %(levelname)s %(message)s")

phone = OzML("phone", __name__)


def note(notification: Notification) -> None:
    """Record that a view ran, and in which process."""
    with pathlib.Path(os.environ["RAN"]).open("a") as file:
        file.write(f"{notification.kind} {os.getpid()}\n")


def repeat(notification: Notification) -> Command | None:
    note(notification)
    if notification.kind == "error":
        return None
    return Element("Posted", {}, json.dumps(dict(notification.fields)))


for kind in KINDS:
    getattr(phone, kind)(repeat)


@phone.incoming_call(api_extension="ivr")
def welcome(call: IncomingCall) -> UserInput:
    return ask([os.getpid()], "")


@phone.dtmf_entered
def check_pin(
    entered: DtmfEntered, pids: list[int], keys: str
) -> Iterator[ExtensionCommand]:
    note(entered)
    pids, keys = [*pids, os.getpid()], keys + entered.dtmf_digits
    if len(keys) < 4:
        yield ask(pids, keys)
    else:
        yield Speak(json.dumps([pids, keys]))
        yield Hangup()


def ask(pids: list[int], keys: str) -> UserInput:
    url = phone.to(check_pin, pids=pids, keys=keys)
    return UserInput(Speak("Your PIN?"), digits=1, forward_to_url=url)


@phone.goto
def die(notification: GoToNotification, sure: bool) -> t.NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


app = Flask(__name__)
kept = pathlib.Path(os.environ["KEYS"])
key, *fallbacks = kept.read_text().split() if kept.exists() else ["key"]
app.config.update(
    SECRET_KEY=key,
    SECRET_KEY_FALLBACKS=fallbacks,
    OZML_PUBLIC_URL="http://localhost",
    OZML_MAX_CONTENT_LENGTH=10_000,
    OZML_SMS_DELIVERY_REPORT_URL="/smsdeliveryreport.php",
    **{
        f"OZML_{kind.upper()}_URL": f"/{kind}.php"
        for kind in KINDS
        if kind != "sms_delivery_report"
    },
)
app.register_blueprint(phone, url_prefix="/ozml_example")


@app.get("/urls")
def urls() -> dict[str, str]:
    return {**phone.urls(), "die": phone.to(die, sure=True)}
