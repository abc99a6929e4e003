"""The same views in plain Flask, with TwiML's builder and with Flask-OzML.

All get the same bodies and answer with the same XML. The plain views check nothing: no
sender, no field and no command. All apps have the same SECRET_KEY, because Flask's
session costs more with one.
"""

from collections.abc import Callable

from flask import Flask
from flask import request
from flask import Response
from twilio.twiml.voice_response import VoiceResponse

from flask_ozml import OzML
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Hangup
from flask_ozml.commands import Play
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import IncomingCall

BASE = "http://localhost"


def xml(content: str) -> Response:
    return Response(
        f'<?xml version="1.0" encoding="UTF-8"?><Response>{content}</Response>',
        mimetype="application/xml",
    )


def welcome_by_hand() -> Response:
    return xml(
        f'<Speak Language="en-UK">Hello {request.form["Caller"]}, how are you?</Speak>'
        "<Play>hello.wav</Play><Hangup/>"
    )


def menu_by_hand() -> Response:
    return xml(
        '<UserInput Repeat="true" Timeout="10"><InitialCommands>'
        f"<Speak>Hello {request.form['Caller']}. Press 1 or 2.</Speak>"
        '</InitialCommands><Inputs><Input key="1"><Speak>It is 12.50.</Speak></Input>'
        '<Input key="2"><BlindTransfer>2000</BlindTransfer></Input></Inputs>'
        "</UserInput>"
    )


def check_pin_by_hand() -> Response:
    return xml(
        f'<Speak Language="en-UK">Try {request.args["tries"]} was'
        f" {request.form['DtmfDigits']}.</Speak><Play>hello.wav</Play><Hangup/>"
    )


def welcome_by_twiml() -> Response:
    root = VoiceResponse()
    text = f"Hello {request.form['Caller']}, how are you?"
    root.add_child("Speak", text, Language="en-UK")
    root.add_child("Play", "hello.wav")
    root.add_child("Hangup")
    return Response(root.to_xml(), mimetype="application/xml")


def menu_by_twiml() -> Response:
    root = VoiceResponse()
    menu = root.add_child("UserInput", Repeat=True, Timeout=10)
    text = f"Hello {request.form['Caller']}. Press 1 or 2."
    menu.add_child("InitialCommands").add_child("Speak", text)
    inputs = menu.add_child("Inputs")
    inputs.add_child("Input", key="1").add_child("Speak", "It is 12.50.")
    inputs.add_child("Input", key="2").add_child("BlindTransfer", "2000")
    return Response(root.to_xml(), mimetype="application/xml")


def check_pin_by_twiml() -> Response:
    root = VoiceResponse()
    text = f"Try {request.args['tries']} was {request.form['DtmfDigits']}."
    root.add_child("Speak", text, Language="en-UK")
    root.add_child("Play", "hello.wav")
    root.add_child("Hangup")
    return Response(root.to_xml(), mimetype="application/xml")


#: One blueprint for each way to answer a call, so that each has one entry URL.
PHONES = {
    name: OzML(name, __name__) for name in ("welcome", "menu", "with_to", "without_to")
}
#: About as long as the URL that ``with_to`` makes.
CONSTANT_URL = f"{BASE}/with_to/dtmf_entered?token={'x' * 100}"


@PHONES["welcome"].incoming_call
def welcome(call: IncomingCall) -> list[Speak | Play | Hangup]:
    return [
        Speak(f"Hello {call.caller}, how are you?", language="en-UK"),
        Play("hello.wav"),
        Hangup(),
    ]


@PHONES["menu"].incoming_call
def menu(call: IncomingCall) -> UserInput:
    return UserInput(
        Speak(f"Hello {call.caller}. Press 1 or 2."),
        inputs={"1": Speak("It is 12.50."), "2": BlindTransfer("2000")},
        repeat=True,
        timeout=10,
    )


@PHONES["with_to"].incoming_call
def with_to(call: IncomingCall) -> UserInput:
    return ask_pin(PHONES["with_to"].to(check_pin, tries=1))


@PHONES["without_to"].incoming_call
def without_to(call: IncomingCall) -> UserInput:
    return ask_pin(CONSTANT_URL)


def ask_pin(url: str) -> UserInput:
    return UserInput(Speak("Your PIN, please."), digits=4, forward_to_url=url)


@PHONES["welcome"].dtmf_entered
@PHONES["with_to"].dtmf_entered
def check_pin(entered: DtmfEntered, tries: int) -> list[Speak | Play | Hangup]:
    return [
        Speak(f"Try {tries} was {entered.dtmf_digits}.", language="en-UK"),
        Play("hello.wav"),
        Hangup(),
    ]


def plain_app(*views: Callable[[], Response]) -> Flask:
    """Return an app with these views, each below its own name."""
    app = Flask("plain")
    app.config.update(SECRET_KEY="benchmark")
    for view in views:
        app.add_url_rule(f"/{view.__name__}", view_func=view, methods=["POST"])
    return app


def ozml_app() -> tuple[Flask, dict[str, str]]:
    """Return an app with all blueprints, and the URLs of their views."""
    app = Flask("ozml")
    app.config.update(SECRET_KEY="benchmark", OZML_PUBLIC_URL=BASE)
    for name, phone in PHONES.items():
        app.register_blueprint(phone, url_prefix=f"/{name}")
    with app.app_context():
        urls = {name: phone.urls()["incoming_call"] for name, phone in PHONES.items()}
        urls["check_pin"] = PHONES["welcome"].to(check_pin, tries=1)
    return app, urls
