"""A small company's telephone: the example application of Flask-OzML.

It can be deployed as it stands: visitors who are not logged in read nothing and make
nothing ring. The page calls back numbers of the country and of customers, each at most
once in ten minutes. Put your own data into the constants, set FLASK_PASSWORD (without
it, nobody can log in), FLASK_OZML_PUBLIC_URL, FLASK_OZML_PHONE_SYSTEM_URL and, behind
https, FLASK_SESSION_COOKIE_SECURE=true, and run ``gunicorn -w 2 example_app:app``.
"""

import contextlib
import re
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from flask import Flask, abort, current_app, flash, redirect, render_template_string
from flask import request, session, url_for
from werkzeug.wrappers import Response

from flask_ozml import OzML, OzMLError, notifications as posted
from flask_ozml.client import PhoneSystemClient
from flask_ozml.commands import BlindTransfer, ExtensionCommand, Hangup, Record, Route
from flask_ozml.commands import SendSms, Speak, UserInput

SUPPORT = "1500"  # the number that customers dial
TEAM = ("101", "102", "103")  # who is rung, one after another
COLLEAGUE = "2000"
VOICEMAIL = "9997"  # the API extension that takes messages, and calls back
ACCOUNTS = {"1234": ("Anna", "12.50", "+436601234567")}  # by PIN
COUNTRY = r"(\+36|06)(1[0-9]{7}|[2-8][0-9]{7,8})"  # without premium numbers
NUMBERS = "|".join([COUNTRY, *(re.escape(row[-1]) for row in ACCOUNTS.values())])

PAGE = """<!doctype html><html lang="en"><title>Example Limited</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<style>:root { color-scheme: light dark; --back: light-dark(#eef2f1, #101615);
  --card: light-dark(#fff, #1b2423); --key: light-dark(#0b6e63, #6fd6c8) }
body { max-width: 64rem; margin: auto; padding: 1em; background: var(--back);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere } ul { padding: 0 }
header { justify-content: space-between } header, a { color: var(--key) }
header, form, li { display: flex; flex-flow: wrap; align-items: baseline; gap: 1ex 1em }
section { margin: 1em 0; padding: .5em 1.5em 1.5em; border-radius: .75em;
  background: var(--card); box-shadow: 0 1px 4px #0003 } li b { width: 6em }
input, button { font: inherit; padding: 6px 1em; border: 1px solid; border-radius: 6px }
button { color: var(--card); background: var(--key) } h1 { font-size: 1.25em }
li { padding: .4em 0; border-top: 1px solid #8886 } li p { flex: 1 20em; margin: 0 }
</style>{% set csrf %}<input type="hidden" name="csrf" value="{{ session.csrf }}">
{% endset %}<header><strong>Example Limited</strong>{% if session.user %}
<a href="{{ url_for('login') }}">Log out</a>{% endif %}</header>
<main>{% for notice in get_flashed_messages() %}<p role="status">{{ notice }}</p>
{% endfor %}{% if session.user %}<section><h1>Call a customer back</h1>
<form method="post">{{ csrf }}<label for="number">Number</label>
<input id="number" name="number" type="tel" required> <button>Call</button></form>
</section><section><h1>Log, times in UTC</h1><ul>{% for entry in log %}
<li>{{ entry.at[:16] }} <b>{{ entry.kind }}</b><p>{{ entry.text }}</p>
{% else %}<li>Nothing has happened yet.{% endfor %}</ul></section>
{% else %}<section><h1>Log in</h1><form method="post">{{ csrf }}<input hidden
name="username" value="staff" autocomplete="username"><label for="password">Password
</label> <input id="password" name="password" autocomplete="current-password" required
type="password"><button>Log in</button></form></section>{% endif %}</main>
"""
CLAIM = """INSERT OR REPLACE INTO log SELECT 'call back', ?, datetime('now'), ?
WHERE NOT EXISTS (SELECT * FROM log WHERE kind = 'call back' AND id = ?
AND at > datetime('now', '-10 minutes')) RETURNING id"""
WRONG = "SELECT * FROM log WHERE kind = 'wrong PIN' AND at > datetime('now', '-1 hour')"

Commands = Iterator[ExtensionCommand]
phone = OzML("phone", __name__)


@phone.incoming_call
def welcome(call: posted.IncomingCall) -> Commands:
    yield Speak("Welcome to Example Limited.")
    yield from menu(call.caller)


def menu(caller: str) -> Commands:
    pin = ask_pin("Please enter your four digit PIN code.", caller)
    message = take_message(caller)
    yield UserInput(
        Speak("Press 1 for your balance, 2 for a colleague, 3 to leave a message."),
        inputs={"1": pin, "2": [BlindTransfer(COLLEAGUE), *message], "3": message},
    )
    yield Speak("That is no choice. Good bye.")
    yield Hangup()


def ask_pin(prompt: str, caller: str, tries: int = 0) -> UserInput:
    url = phone.to(check_pin, caller=caller, tries=tries)
    return UserInput(Speak(prompt), digits=4, timeout=15, forward_to_url=url)


@phone.dtmf_entered
def check_pin(entered: posted.DtmfEntered, caller: str, tries: int) -> Commands:
    account = ACCOUNTS.get(entered.dtmf_digits)
    if not account:
        keep("wrong PIN", "", f"from {caller}")
    if account and len(execute(WRONG)) < 100:  # of all callers, who may be guessing
        yield Speak(f"Hello {account[0]}, your balance is {account[1]}.")
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
def keep_voicemail(voice: posted.RecordCompleted, caller: str) -> Commands:
    if voice.success:
        text = f"{caller}: {voice.duration} s, {voice.record_url}"
        keep("voicemail", voice.record_url, text)
        yield Speak("Thank you for your message. Good bye.")
    else:
        yield Speak("We could not hear you. Good bye.")
    yield Hangup()


@phone.incoming_sms
def auto_reply(sms: posted.IncomingSMS) -> SendSms | None:
    message = keep("message", sms.id, f"{sms.sender}: {sms.message}")
    if not re.fullmatch(NUMBERS, sms.sender):
        return None  # a name, or a number abroad
    url = phone.to(delivered, message=message, sender=sms.sender)
    reply = "Thank you. We will call you back today."
    return SendSms(reply, recipient=sms.sender, delivery_report_url=url)


@phone.sms_delivery_report
def delivered(report: posted.SMSDeliveryReport, message: str, sender: str) -> None:
    keep("answer", message, f"{sender}: {'' if report.delivered else 'not '}delivered")


@phone.routing_interception(original_dialed_number=SUPPORT)
def ring_the_team(call: posted.RoutingInterception) -> Route:
    rung, last = (*TEAM, VOICEMAIL), call.last_called_extension
    begins = call.last_call_state == posted.RoutingCallState.CALLING
    tried = 0 if begins or last not in rung else rung.index(last) + 1
    return Route((*rung, "")[tried], ring_time=20)  # empty: the caller is rejected


@phone.call_changed
def log_call(call: posted.CallChanged) -> None:
    keep("call", call.call_id, f"{call.caller} to {call.callee}: {call.call_state}")


@phone.call_connected
def call_back(call: posted.CallConnected) -> Commands:
    yield Speak("You asked us to call you back. Please wait for a colleague.")
    yield BlindTransfer(COLLEAGUE)
    yield Speak("Our colleague does not answer. We will call you again. Good bye.")


@phone.fallback
def sorry(notification: posted.Notification, error: Exception) -> Commands:
    if hasattr(notification, "call_leg_id"):  # somebody listens
        yield Speak("We are sorry, something went wrong. Please call again later.")
        yield Hangup()


def guard() -> Response | None:
    if request.endpoint is None or request.blueprint == "phone":
        return None  # nothing is there, or the token in the URL is the proof
    token = session.setdefault("csrf", secrets.token_urlsafe())
    given = request.form.get("csrf", "").encode()
    if request.method == "POST" and not secrets.compare_digest(given, token.encode()):
        abort(400, "This form has expired. Go back, reload the page and try again.")
    known = "user" in session or request.endpoint == "login"
    return None if known else redirect(url_for("login"))


def login() -> Response | str:
    session.pop("user", None)  # the page's link to log out leads here
    if request.method == "POST":
        given = request.form.get("password", "").encode()
        password = str(current_app.config.get("PASSWORD") or secrets.token_hex())
        if secrets.compare_digest(given, password.encode()):
            session["user"], session["csrf"] = "staff", secrets.token_urlsafe()
            return redirect(url_for("overview"))
        flash("This is not the password (FLASK_PASSWORD).")
    return render_template_string(PAGE)


def overview() -> Response | str:
    if request.method == "POST":
        flash(ring(re.sub(r"[\s()/-]", "", request.form.get("number", ""))))
        return redirect(url_for("overview"))
    log = execute("SELECT * FROM log ORDER BY rowid DESC LIMIT 50")
    return render_template_string(PAGE, log=log)


def ring(number: str) -> str:
    if not (match := re.fullmatch(NUMBERS, number)):
        return "Only customers and numbers of this country can be called."
    if not execute(CLAIM, key := match[2] or number, number, key):  # in any spelling
        return "A call to this number was asked for less than ten minutes ago."
    try:
        client = PhoneSystemClient.from_config(current_app.config)
        client.call(number, api_extension=VOICEMAIL, url=phone.to(call_back))
    except OzMLError as error:
        current_app.logger.error("Nobody was called back: %s", error)
        return "The phone system cannot call this number now."
    return "The telephone will ring in a moment."


def keep(kind: str, name: str, text: str) -> str:
    row = kind, name or secrets.token_hex(8), text  # several may have no name
    execute("INSERT OR REPLACE INTO log VALUES (?, ?, datetime('now'), ?)", *row)
    return row[1]


def execute(statement: str, *row: object) -> list[sqlite3.Row]:
    path = Path(current_app.instance_path, "telephone.sqlite")
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as database, database:
        database.row_factory = sqlite3.Row
        return database.execute(statement, row).fetchall()


def create_app(instance_path: str | None = None) -> Flask:
    app = Flask(__name__, instance_path=instance_path)
    Path(app.instance_path).mkdir(0o700, parents=True, exist_ok=True)
    app.config["OZML_ALLOWED_DESTINATIONS"] = [NUMBERS, *TEAM, COLLEAGUE, VOICEMAIL]
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.config.from_prefixed_env()
    app.register_blueprint(phone, url_prefix="/phone")
    app.before_request(guard)
    app.add_url_rule("/", view_func=overview, methods=["GET", "POST"])
    app.add_url_rule("/login", view_func=login, methods=["GET", "POST"])
    with app.app_context():
        execute("CREATE TABLE IF NOT EXISTS keys (id PRIMARY KEY, key)")  # made once
        execute("INSERT OR IGNORE INTO keys VALUES (1, ?)", secrets.token_hex())
        app.secret_key = app.secret_key or execute("SELECT key FROM keys")[0]["key"]
        execute("CREATE TABLE IF NOT EXISTS log (kind, id, at, text, UNIQUE(kind, id))")
    return app


app = create_app()
