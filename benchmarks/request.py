"""One notification, from the WSGI environ to the answer, against the same by hand.

The same bodies are answered with the same XML. The hand-written views check nothing: no
sender, no field, no command. All apps have a SECRET_KEY, for Flask's session costs more
with one, and the hand-written URLs are those of the vendor's samples.
"""

import functools
import inspect
import io
import typing as t
import xml.etree.ElementTree as ET
from collections.abc import Callable
from collections.abc import Mapping

from flask import Flask
from flask import request
from flask import Response
from twilio.twiml.voice_response import VoiceResponse

from benchmarks.rounds import conditions
from benchmarks.rounds import measure
from benchmarks.rounds import table
from flask_ozml import OzML
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Hangup
from flask_ozml.commands import Play
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import IncomingCall

CALL = b"NotificationName=IncomingCall&CallLegID=3CiHe&Caller=500&ApiExtension=9998"
DIGITS = (
    b"NotificationName=DtmfEntered&DtmfDigits=1234&CallLegID=3CiHe&ApiExtension=9998"
)


def incoming_call_by_hand() -> Response:
    caller = request.form["Caller"]
    return Response(
        '<?xml version="1.0" encoding="UTF-8"?><Response>'
        f'<Speak Language="en-UK">Hello {caller}, how are you?</Speak>'
        "<Play>hello.wav</Play><Hangup/></Response>",
        mimetype="application/xml",
    )


def menu_by_hand() -> Response:
    caller = request.form["Caller"]
    return Response(
        '<?xml version="1.0" encoding="UTF-8"?><Response>'
        '<UserInput Repeat="true" Timeout="10"><InitialCommands>'
        f"<Speak>Hello {caller}. Press 1 for the balance, 2 for a colleague.</Speak>"
        '</InitialCommands><Inputs><Input key="1"><Speak>It is 12.50.</Speak></Input>'
        '<Input key="2"><BlindTransfer>2000</BlindTransfer></Input></Inputs>'
        "</UserInput></Response>",
        mimetype="application/xml",
    )


def dtmf_entered_by_hand() -> Response:
    digits = request.form["DtmfDigits"]
    tries = request.args["tries"]
    return Response(
        '<?xml version="1.0" encoding="UTF-8"?><Response>'
        f'<Speak Language="en-UK">Try {tries} was {digits}.</Speak>'
        "<Play>hello.wav</Play><Hangup/></Response>",
        mimetype="application/xml",
    )


def incoming_call_twiml() -> Response:
    root = VoiceResponse()
    caller = request.form["Caller"]
    root.add_child("Speak", f"Hello {caller}, how are you?", Language="en-UK")
    root.add_child("Play", "hello.wav")
    root.add_child("Hangup")
    return Response(root.to_xml(), mimetype="application/xml")


def menu_twiml() -> Response:
    caller = request.form["Caller"]
    text = f"Hello {caller}. Press 1 for the balance, 2 for a colleague."
    root = VoiceResponse()
    user_input = root.add_child("UserInput", Repeat=True, Timeout=10)
    user_input.add_child("InitialCommands").add_child("Speak", text)
    inputs = user_input.add_child("Inputs")
    inputs.add_child("Input", key="1").add_child("Speak", "It is 12.50.")
    inputs.add_child("Input", key="2").add_child("BlindTransfer", "2000")
    return Response(root.to_xml(), mimetype="application/xml")


def dtmf_entered_twiml() -> Response:
    root = VoiceResponse()
    digits, tries = request.form["DtmfDigits"], request.args["tries"]
    root.add_child("Speak", f"Try {tries} was {digits}.", Language="en-UK")
    root.add_child("Play", "hello.wav")
    root.add_child("Hangup")
    return Response(root.to_xml(), mimetype="application/xml")


def incoming_call(call: IncomingCall) -> list[Speak | Play | Hangup]:
    return [
        Speak(f"Hello {call.caller}, how are you?", language="en-UK"),
        Play("hello.wav"),
        Hangup(),
    ]


def menu(call: IncomingCall) -> UserInput:
    return UserInput(
        Speak(f"Hello {call.caller}. Press 1 for the balance, 2 for a colleague."),
        inputs={"1": Speak("It is 12.50."), "2": BlindTransfer("2000")},
        repeat=True,
        timeout=10,
    )


def dtmf_entered(entered: DtmfEntered, tries: int) -> list[Speak | Play | Hangup]:
    return [
        Speak(f"Try {tries} was {entered.dtmf_digits}.", language="en-UK"),
        Play("hello.wav"),
        Hangup(),
    ]


def plain_app(
    incoming_call: Callable[[], Response],
    menu: Callable[[], Response],
    dtmf_entered: Callable[[], Response],
) -> Flask:
    """An app with hand-written views."""
    app = Flask("by_hand")
    app.config.update(SECRET_KEY="benchmark")
    post = functools.partial(app.add_url_rule, methods=["POST"])
    post("/ozml_example/incoming_call", view_func=incoming_call)
    post("/ozml_example/menu", view_func=menu)
    post("/ozml_example/dtmf_entered", view_func=dtmf_entered)
    return app


def ozml_app(view: Callable[[IncomingCall], t.Any]) -> tuple[Flask, dict[str, str]]:
    """An app with two views, and the URLs that lead to them."""
    phone = OzML("phone", __name__)
    phone.incoming_call(view)
    phone.dtmf_entered(dtmf_entered)
    app = Flask("with_ozml")
    app.config.update(SECRET_KEY="benchmark", OZML_PUBLIC_URL="http://localhost")
    app.register_blueprint(phone, url_prefix="/phone")
    with app.app_context():
        urls = {
            "entry": phone.urls()["incoming_call"],
            "state": phone.to(dtmf_entered, tries=1),
        }
    return app, {
        name: url.removeprefix("http://localhost") for name, url in urls.items()
    }


def poster(app: Flask, url: str, body: bytes) -> Callable[[], bytes]:
    """A call that posts the body as the phone system does, and returns the answer."""
    path, _, query = url.partition("?")
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.0",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "HTTP_CACHE_CONTROL": "no-store,no-cache",
        "HTTP_PRAGMA": "no-cache",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
    }

    def start_response(*args: object) -> t.Any:
        return None

    def post() -> bytes:
        fresh = {
            **environ,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
        }
        answer = app.wsgi_app(fresh, start_response)
        content = b"".join(answer)
        answer.close()  # type: ignore[attr-defined]  # werkzeug's ClosingIterator
        return content

    return post


def candidates() -> dict[str, dict[str, Callable[[], bytes]]]:
    """Three notifications, each answered in three ways."""
    hand = plain_app(incoming_call_by_hand, menu_by_hand, dtmf_entered_by_hand)
    twiml = plain_app(incoming_call_twiml, menu_twiml, dtmf_entered_twiml)
    app, urls = ozml_app(incoming_call)
    menu_app, menu_urls = ozml_app(menu)
    rows = (
        ("entry URL, three commands", "incoming_call", CALL, app, urls["entry"]),
        ("entry URL, a menu", "menu", CALL, menu_app, menu_urls["entry"]),
        (
            "URL with state, three commands",
            "dtmf_entered?tries=1",
            DIGITS,
            app,
            urls["state"],
        ),
    )
    return {
        title: {
            "by hand": poster(hand, f"/ozml_example/{plain_url}", body),
            "Flask-OzML": poster(ozml, url, body),
            "form + TwiML": poster(twiml, f"/ozml_example/{plain_url}", body),
        }
        for title, plain_url, body, ozml, url in rows
    }


def check_equal(answers: Mapping[str, Callable[[], bytes]]) -> None:
    """Stop unless all answer with the same document."""
    documents = {name: ET.canonicalize(answer()) for name, answer in answers.items()}
    for name, document in documents.items():
        if document != documents["by hand"]:
            raise SystemExit(f"{name} answers differently:\n{document}")


def main(rounds: int = 120, calls: int = 100) -> None:
    for view in (incoming_call_by_hand, incoming_call_twiml, incoming_call):
        print(inspect.getsource(view))
    print(conditions("werkzeug", "twilio"))
    for title, answers in candidates().items():
        check_equal(answers)
        print(f"\n{title}")
        figures = measure(answers, rounds=rounds, calls=calls)
        print(table(figures, "by hand"))
        ratio = figures["Flask-OzML"].ratio(figures["form + TwiML"])
        print(f"Flask-OzML costs {ratio:.2f} of form + TwiML.")


if __name__ == "__main__":
    main()
