"""A small company's telephone: the example application of Flask-OzML."""

import contextlib
import re
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask, current_app, render_template_string, request

from flask_ozml import OzML, OzMLError, notifications as posted
from flask_ozml.commands import BlindTransfer, ExtensionCommand, Hangup, Record, Route
from flask_ozml.commands import SendSms, Speak, UserInput

SUPPORT = "1500"  # the number that customers dial
TEAM = ("101", "102", "103")  # who is rung, one after another
VOICEMAIL = "9997"  # the API extension that takes messages, and calls back
ACCOUNTS = {"1234": ("Anna", "12.50")}
APPOINTMENTS = {17: ("+36301112222", "on Monday at nine")}

PAGE = """<!doctype html><title>Telephone</title><h1>Call me back</h1><p>{{ notice }}
<form method="post"><input name="number" type="tel"><button>Call me</button></form>
<h1>Log</h1>{% for entry in log %}<p>{{ entry.kind }}: {{ entry.text }}{% endfor %}
"""

Commands = Iterator[ExtensionCommand]
phone = OzML("phone", __name__, cli_group=None)


@phone.incoming_call
def welcome(call: posted.IncomingCall) -> Commands:
    yield Speak("Welcome to Example Limited.")
    yield from menu(call.caller)


def menu(caller: str) -> Commands:
    pin = ask_pin("Please enter your four digit PIN code.", caller)
    message = take_message(caller)
    yield UserInput(
        Speak("Press 1 for your balance, 2 for a colleague, 3 to leave a message."),
        inputs={"1": pin, "2": [BlindTransfer("2000"), *message], "3": message},
        timeout=10,
    )
    yield Speak("That is no choice. Good bye.")
    yield Hangup()


def ask_pin(prompt: str, caller: str, tries: int = 0) -> UserInput:
    url = phone.to(check_pin, caller=caller, tries=tries)
    return UserInput(Speak(prompt), digits=4, timeout=15, forward_to_url=url)


@phone.dtmf_entered
def check_pin(entered: posted.DtmfEntered, caller: str, tries: int) -> Commands:
    if entered.dtmf_digits in ACCOUNTS:
        name, balance = ACCOUNTS[entered.dtmf_digits]
        yield Speak(f"Hello {name}, your balance is {balance}.")
        yield from menu(caller)
    elif tries < 2:
        yield ask_pin("That PIN is not valid, please try again.", caller, tries + 1)
    else:
        yield Speak("That PIN is not valid. Good bye.")
        yield Hangup()


@phone.incoming_call(api_extension=VOICEMAIL)
def answer_machine(call: posted.IncomingCall) -> list[ExtensionCommand]:
    return take_message(call.caller)


def take_message(caller: str) -> list[ExtensionCommand]:
    finished = phone.to(keep_voicemail, caller=caller)
    return [
        Speak("Please leave a message after this sentence and press the hash key."),
        Record(finished_url=finished, duration=120, inactivity=5, finish_digits="#"),
    ]


@phone.record_completed
def keep_voicemail(recording: posted.RecordCompleted, caller: str) -> Commands:
    if recording.success:
        url, seconds = recording.record_url, recording.duration
        keep("voicemail", url, f"{caller}: {seconds} s, {url}")
        yield Speak("Thank you for your message. Good bye.")
    else:
        yield Speak("We could not hear you. Good bye.")
    yield Hangup()


@phone.incoming_sms
def auto_reply(sms: posted.IncomingSMS) -> SendSms | None:
    keep("message", sms.id, f"{sms.sender}: {sms.message}")
    if not sms.sender.removeprefix("+").isdecimal():
        return None  # a name cannot be answered
    url = phone.to(delivered, message=sms.id)
    reply = "Thank you. We will call you back today."
    return SendSms(reply, recipient=sms.sender, delivery_report_url=url)


@phone.sms_delivery_report
def delivered(report: posted.SMSDeliveryReport, message: str) -> None:
    keep("answer", message, f"{message}: {'' if report.delivered else 'not '}delivered")


@phone.routing_interception(original_dialed_number=SUPPORT)
def ring_the_team(call: posted.RoutingInterception) -> Route:
    rung, last = (*TEAM, VOICEMAIL), call.last_called_extension
    tried = rung.index(last) + 1 if last in rung else 0
    return Route((*rung, "")[tried], ring_time=20)  # empty: the caller is rejected


@phone.call_changed
def log_call(call: posted.CallChanged) -> None:
    keep("call", call.call_id, f"{call.caller} to {call.callee}: {call.call_state}")


@phone.call_connected
def call_back(call: posted.CallConnected) -> Commands:
    yield Speak("You asked us to call you back. Please wait for a colleague.")
    yield BlindTransfer("2000")


@phone.call_connected
def reminder(call: posted.CallConnected, appointment: int) -> Commands:
    time = APPOINTMENTS[appointment][1]
    url = phone.to(delivered, message=f"reminder {appointment}")
    sms = SendSms(f"See you {time}.", recipient=call.callee, delivery_report_url=url)
    text = f"We expect you {time}. Press 1 to confirm it and get it as a text message."
    yield UserInput(Speak(text), inputs={"1": [sms, Speak("Thank you.")]}, timeout=10)
    yield Speak("Good bye.")


@phone.fallback
def sorry(notification: posted.Notification, error: Exception) -> Commands:
    if hasattr(notification, "call_leg_id"):  # somebody listens
        yield Speak("We are sorry, something went wrong. Please call again later.")
        yield Hangup()


def overview() -> str:
    notice = ""
    if request.method == "POST":
        try:
            ring(request.form["number"], phone.to(call_back))
            notice = "Your telephone will ring in a moment."
        except OzMLError as error:
            current_app.logger.error("Nobody was called back: %s", error)
            notice = "We cannot call this number now. Please call us."
    log = execute("SELECT * FROM log ORDER BY rowid DESC LIMIT 50")
    return render_template_string(PAGE, log=log, notice=notice)


@phone.cli.command()
@click.argument("appointment", type=int)
def remind(appointment: int) -> None:
    """Call the customer who has an appointment."""
    ring(APPOINTMENTS[appointment][0], phone.to(reminder, appointment=appointment))


def ring(number: str, url: str) -> None:
    from flask_ozml.client import PhoneSystemClient  # needs the extra "client"

    patterns = current_app.config["OZML_ALLOWED_DESTINATIONS"]
    if not any(re.fullmatch(pattern, number) for pattern in patterns):
        raise OzMLError("This number may not be called.")
    client = PhoneSystemClient.from_config(current_app.config)
    client.call(number, api_extension=VOICEMAIL, url=url)


def keep(kind: str, name: str, text: str) -> None:
    execute("INSERT OR REPLACE INTO log VALUES (?, ?, ?)", kind, name, text)


def execute(statement: str, *row: object) -> list[sqlite3.Row]:
    path = Path(current_app.instance_path, "phone.sqlite")
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as database, database:
        database.row_factory = sqlite3.Row
        return database.execute(statement, row).fetchall()


def create_app(instance_path: str | None = None) -> Flask:
    app = Flask(__name__, instance_path=instance_path)
    Path(app.instance_path).mkdir(0o700, parents=True, exist_ok=True)
    app.config["OZML_ALLOWED_DESTINATIONS"] = [r"\+?[0-9]{3,15}"]
    app.config.from_prefixed_env()
    app.register_blueprint(phone, url_prefix="/phone")
    app.add_url_rule("/", view_func=overview, methods=["GET", "POST"])
    with app.app_context():
        execute("CREATE TABLE IF NOT EXISTS log (kind, id, text, UNIQUE (kind, id))")
        execute("CREATE TABLE IF NOT EXISTS keys (id PRIMARY KEY, key)")  # made once
        execute("INSERT OR IGNORE INTO keys VALUES (1, ?)", secrets.token_hex())
        key = execute("SELECT key FROM keys")[0]["key"]
    app.config["SECRET_KEY"] = app.secret_key or key
    return app


app = create_app()
