"""A small company's telephone: the example application of Flask-OzML."""

import contextlib
import os
import secrets
import sqlite3
import tempfile
import typing as t
from collections.abc import Iterator
from pathlib import Path

from flask import Flask, current_app, g, render_template_string

from flask_ozml import OzML
from flask_ozml.commands import BlindTransfer, ExtensionCommand, GoTo, Hangup, Record
from flask_ozml.commands import Route, SendSms, Speak, UserInput
from flask_ozml.notifications import CallChanged, DtmfEntered, GoToNotification
from flask_ozml.notifications import IncomingCall, IncomingSMS, Notification
from flask_ozml.notifications import RecordCompleted, RoutingInterception
from flask_ozml.notifications import SMSDeliveryReport

SUPPORT = "1500"  # the number that customers dial
TEAM = ("101", "102", "103")  # who is rung, one after another
VOICEMAIL = "9997"  # the API extension that takes messages

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (pin TEXT PRIMARY KEY, name, balance);
CREATE TABLE IF NOT EXISTS calls (id PRIMARY KEY, caller, callee, state);
CREATE TABLE IF NOT EXISTS voicemails (id INTEGER PRIMARY KEY, caller, url, seconds);
CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, sender, text, answered);
INSERT OR IGNORE INTO accounts VALUES ('1234', 'Anna', '12.50');
"""
PAGE = """<!doctype html><title>Telephone</title><h1>Calls</h1>
{% for c in calls %}<p>{{ c.caller }} to {{ c.callee }}: {{ c.state }}{% endfor %}
<h1>Voicemails</h1>
{% for v in voicemails %}<p>{{ v.caller }}: {{ v.seconds }} s, {{ v.url }}{% endfor %}
"""

Commands = Iterator[ExtensionCommand]
phone = OzML("phone", __name__)


@phone.incoming_call
def welcome(call: IncomingCall) -> Commands:
    yield Speak("Welcome to Example Limited.")
    yield from menu(call.caller)


@phone.goto
def main_menu(notification: GoToNotification, caller: str) -> Commands:
    yield from menu(caller)


def menu(caller: str) -> Commands:
    yield UserInput(
        Speak("Press 1 for your balance, 2 for a colleague, 3 to leave a message."),
        inputs={
            "1": ask_pin("Please enter your four digit PIN code.", caller),
            "2": [BlindTransfer("2000"), *take_message(caller)],
            "3": take_message(caller),
        },
        timeout=10,
    )
    yield Speak("That is no choice. Good bye.")
    yield Hangup()


def ask_pin(prompt: str, caller: str, tries: int = 0) -> UserInput:
    url = phone.to(check_pin, caller=caller, tries=tries)
    return UserInput(Speak(prompt), digits=4, timeout=15, forward_to_url=url)


@phone.dtmf_entered
def check_pin(entered: DtmfEntered, caller: str, tries: int) -> Commands:
    pin = (entered.dtmf_digits,)
    account = database().execute("SELECT * FROM accounts WHERE pin = ?", pin).fetchone()
    if account:
        yield Speak(f"Hello {account['name']}, your balance is {account['balance']}.")
        yield GoTo(phone.to(main_menu, caller=caller))
    elif tries < 2:
        yield ask_pin("That PIN is not valid, please try again.", caller, tries + 1)
    else:
        yield Speak("That PIN is not valid. Good bye.")
        yield Hangup()


@phone.incoming_call(api_extension=VOICEMAIL)
def answer_machine(call: IncomingCall) -> list[ExtensionCommand]:
    return take_message(call.caller)


def take_message(caller: str) -> list[ExtensionCommand]:
    finished = phone.to(keep_voicemail, caller=caller)
    return [
        Speak("Please leave a message after this sentence and press the hash key."),
        Record(finished_url=finished, duration=120, inactivity=5, finish_digits="#"),
    ]


@phone.record_completed
def keep_voicemail(recording: RecordCompleted, caller: str) -> Commands:
    if recording.success:
        row = (caller, recording.record_url, recording.duration)
        execute("INSERT INTO voicemails (caller, url, seconds) VALUES (?, ?, ?)", row)
        yield Speak("Thank you for your message. Good bye.")
    else:
        yield Speak("We could not hear you. Good bye.")
    yield Hangup()


@phone.incoming_sms
def auto_reply(sms: IncomingSMS) -> SendSms | None:
    row = (sms.sender, sms.message)
    message = execute("INSERT INTO messages (sender, text) VALUES (?, ?)", row)
    if not sms.sender.removeprefix("+").isdecimal():
        return None  # a name cannot be answered
    url = phone.to(delivered, message=message)
    reply = "Thank you. We will call you back today."
    return SendSms(reply, recipient=sms.sender, delivery_report_url=url)


@phone.sms_delivery_report
def delivered(report: SMSDeliveryReport, message: int) -> None:
    row = (report.delivered, message)
    execute("UPDATE messages SET answered = ? WHERE id = ?", row)


@phone.routing_interception(original_dialed_number=SUPPORT)
def ring_the_team(call: RoutingInterception) -> Route:
    last = call.last_called_extension
    tried = TEAM.index(last) + 1 if last in TEAM else 0
    return Route((*TEAM, VOICEMAIL)[tried], ring_time=20)


@phone.call_changed
def log_call(call: CallChanged) -> None:
    row = (call.call_id, call.caller, call.callee, str(call.call_state))
    execute("INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?)", row)


@phone.fallback
def sorry(notification: Notification, error: Exception) -> Commands:
    if isinstance(notification, IncomingCall | DtmfEntered | GoToNotification):
        yield Speak("We are sorry, something went wrong. Please call again later.")
        yield Hangup()


def overview() -> str:
    calls = database().execute("SELECT * FROM calls ORDER BY rowid DESC LIMIT 50")
    mails = database().execute("SELECT * FROM voicemails ORDER BY id DESC LIMIT 50")
    return render_template_string(PAGE, calls=calls, voicemails=mails)


def database() -> sqlite3.Connection:
    if "database" not in g:
        path = Path(current_app.instance_path, "phone.sqlite")
        g.database = sqlite3.connect(path, timeout=10)
        g.database.row_factory = sqlite3.Row
    return t.cast(sqlite3.Connection, g.database)


def execute(statement: str, row: tuple[object, ...]) -> int:
    with database() as connection:
        return connection.execute(statement, row).lastrowid or 0


def secret_key(folder: str) -> str:
    """The key of this instance; made once, by whichever worker comes first."""
    path = Path(folder, "secret_key")
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=folder)
        with open(handle, "w") as file:
            file.write(secrets.token_hex())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        os.unlink(draft)
    return path.read_text()


def create_app(instance_path: str | None = None) -> Flask:
    app = Flask(__name__, instance_path=instance_path)
    Path(app.instance_path).mkdir(parents=True, exist_ok=True)
    app.config["OZML_ALLOWED_DESTINATIONS"] = [r"\+?[0-9]{3,15}"]
    app.config.from_prefixed_env()
    app.config["SECRET_KEY"] = app.secret_key or secret_key(app.instance_path)
    app.register_blueprint(phone, url_prefix="/phone")
    app.add_url_rule("/", view_func=overview)

    @app.teardown_appcontext
    def close_database(error: BaseException | None) -> None:
        if "database" in g:
            g.pop("database").close()

    with app.app_context(), database() as connection:
        connection.executescript(SCHEMA)
    return app


app = create_app()
