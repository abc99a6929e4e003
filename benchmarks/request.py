"""One notification, from the WSGI environ to the answer, against the same by hand.

``python -m benchmarks.request`` answers the same bodies with the same XML in both ways.
The hand-written views check nothing: no sender, no field, no command.
"""

import inspect
import io
import typing as t
from collections.abc import Callable

from flask import Flask
from flask import request
from flask import Response

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


def plain_app() -> Flask:
    app = Flask("by_hand")
    app.config.update(SECRET_KEY="benchmark")
    app.add_url_rule("/call", view_func=incoming_call_by_hand, methods=["POST"])
    app.add_url_rule("/menu", view_func=menu_by_hand, methods=["POST"])
    app.add_url_rule("/digits", view_func=dtmf_entered_by_hand, methods=["POST"])
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


def compare(
    title: str, by_hand: Callable[[], bytes], ozml: Callable[[], bytes]
) -> None:
    if by_hand() != ozml():
        raise SystemExit(f"{title}: the answers differ:\n{by_hand()!r}\n{ozml()!r}")
    print(f"\n{title}")
    print(table(measure({"by hand": by_hand, "Flask-OzML": ozml}), "by hand"))


def main() -> None:
    by_hand = plain_app()
    app, urls = ozml_app(incoming_call)
    menu_app, menu_urls = ozml_app(menu)
    for view in (incoming_call_by_hand, menu_by_hand, dtmf_entered_by_hand):
        print(inspect.getsource(view))
    print(
        f"{conditions()}; microseconds a notification, quartiles of interleaved rounds"
    )
    compare(
        "entry URL, three commands",
        poster(by_hand, "/call", CALL),
        poster(app, urls["entry"], CALL),
    )
    compare(
        "entry URL, a menu",
        poster(by_hand, "/menu", CALL),
        poster(menu_app, menu_urls["entry"], CALL),
    )
    compare(
        "URL with state, three commands",
        poster(by_hand, "/digits?tries=1", DIGITS),
        poster(app, urls["state"], DIGITS),
    )


if __name__ == "__main__":
    main()
