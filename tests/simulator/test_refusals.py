import io
import typing as t

import pytest
from flask import Flask

from flask_ozml import OzML
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Route
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.errors import InappropriateCommand
from flask_ozml.errors import InvalidParameter
from flask_ozml.errors import ParseError
from flask_ozml.notifications import CallState
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import IncomingCall
from flask_ozml.serializer import loads
from flask_ozml.simulator import phone as terminal
from flask_ozml.simulator import PhoneSystem
from simulator_pages import Pages
from simulator_pages import url

DOCTYPE = '<!DOCTYPE a [<!ENTITY b "{}">]>'
REFUSED: list[tuple[t.Any, int, str]] = [
    ("", 300, ""),
    (" \n", 300, ""),
    ("<!doctype html><title>Oops</title>", 300, ""),
    ("<html><body><h1>It works!</h1></body></html>", 300, "'html'"),
    ("Not found", 300, ""),
    (b"\xff\xfe\x00", 300, ""),
    ('{"Response": []}', 300, ""),
    ("<Response><Speak>a</Response>", 300, ""),
    ("<Response>a</Response>", 300, ""),
    (("<Response/>", 500), 300, "status 500"),
    (("<Response/>", 404), 300, "status 404"),
    (("", 302, {"Location": "/menu"}), 300, "status 302"),
    ("<Response>" + "<Speak>a</Speak>" * 700_000 + "</Response>", 300, "longer than"),
    (DOCTYPE.format("c") + "<Response><Speak>&b;</Speak></Response>", 300, ""),
    (
        DOCTYPE.format("file:///etc/passwd") + "<Response>&b;</Response>",
        300,
        "",
    ),
    ("<Response>" * 10_000 + "</Response>" * 10_000, 302, "content"),
    ("<Response><Dance/></Response>", 301, "Not implemented command: 'Dance'"),
    ("<Response><Delay>soon</Delay></Response>", 302, "'Time' for command 'Delay'"),
    ("<Response><Speak volume='9'>a</Speak></Response>", 302, "'volume'"),
    ("<Response><GoTo>/relative</GoTo></Response>", 302, "'Url' for command 'GoTo'"),
    ("<Response><GoTo>file:///etc/passwd</GoTo></Response>", 302, "'Url'"),
    ("<Response><Speak/><Reject/></Response>", 303, "'Reject' cannot be used here"),
    ("<Response><Route Destination='1'/></Response>", 303, "'Route'"),
    (
        "<Response><UserInput><Inputs><Input key='1'><Hold/></Input></Inputs>"
        "</UserInput></Response>",
        303,
        "'Hold'",
    ),
    (
        "<Response><UserInput ExecuteSQL=''><InitialCommands><Dance/></InitialCommands>"
        "</UserInput></Response>",
        301,
        "'Dance'",
    ),
    (
        "<Response><UserInput><Inputs><Input key='x'/></Inputs></UserInput></Response>",
        302,
        "'Inputs' for command 'UserInput'",
    ),
]


@pytest.mark.parametrize(
    ("answer", "code", "message"), REFUSED, ids=map(str, range(len(REFUSED)))
)
def test_an_incoming_call_is_answered_with(
    answer: t.Any, code: int, message: str
) -> None:
    pages = Pages(incoming_call=answer, error=("ignored", 500), menu="<Response/>")
    call = pages.system.incoming_call()
    (error,) = call.errors
    assert error.code == code
    assert message in error.message
    assert (call.state, call.heard, call.commands) == (CallState.ERROR, [], [])
    assert pages.system.errors == [error]
    assert pages.asked == ["incoming_call", "error"]
    assert pages.posted[1][1].startswith(f"NotificationName=Error&Code={code}&Message=")
    assert str(call).splitlines()[1] == f"! {code} {error.message}"
    pages.pages["incoming_call"] = "<Response><Speak>a</Speak></Response>"
    assert pages.system.incoming_call().heard == ["a"]


PROMPT = f"""<Response>
    <UserInput enteredUrl="{url("pin")}" timeout="5"/><Speak>after it</Speak>
</Response>"""


@pytest.mark.parametrize(
    ("answer", "code", "message"), REFUSED, ids=map(str, range(len(REFUSED)))
)
def test_keys_are_answered_with(answer: t.Any, code: int, message: str) -> None:
    pages = Pages(incoming_call=PROMPT, pin=answer)
    call = pages.system.incoming_call().press("1")
    assert [error.code for error in call.errors] == [code]
    assert call.heard == ["after it"]
    assert call.state is CallState.COMPLETED


@pytest.mark.parametrize("parameters", ["", "Party='all'", "CallId='C1'"])
def test_p4581_third_party_commands_need_their_party(parameters: str) -> None:
    speak = f"<Response><Speak {parameters}>Hi</Speak></Response>"
    pages = Pages(call_changed=lambda: speak if pages.states[-1] == "InCall" else "")
    call = pages.system.call_between().answer()
    assert [e.message for e in call.errors if e.code == 302] == (
        []
        if "Party" in parameters
        else [
            "Missing or invalid parameter 'Party' for command 'Speak'"
            " (is mandatory here)"
        ]
    )


@pytest.mark.parametrize(
    ("command", "note", "heard"),
    [
        ("<Speak Voice='Microsoft Anna' Language='en-us'>a</Speak>", "Voice", ["a"]),
        ("<Play Timeout='9' Repeat='false'>a.wav</Play>", "Timeout", ["a.wav"]),
        ("<var id='x'>Hello</var><speak>$x</speak>", "var", ["$x"]),
        ("<array id='a'><item>Hello</item></array>", "array", []),
        ("<ForEach source='a'><Speak>$item</Speak></ForEach>", "ForEach", []),
        ("<Beep/>", "Beep", []),
        (
            "<UserInput ExecuteSQL='SELECT 1'><InitialCommands><Beep/>"
            "<Speak Voice='x'>a</Speak></InitialCommands></UserInput>",
            "ExecuteSQL",
            ["a"],
        ),
        ("<Record RecordPath='D:/' Inactivity='1'/>", "RecordPath", []),
        ("<SendEmail Attachments='a' Recipient='b'/>", "Attachments", []),
        ("<Call RingTime='120' Url='http://localhost/x'>1</Call>", "RingTime", []),
    ],
)
def test_p4698_what_the_vendor_documents_beyond_our_commands_is_noted(
    command: str, note: str, heard: list[str]
) -> None:
    document = f"<Response>{command}<Speak>after it</Speak></Response>"
    call = Pages(incoming_call=document).system.incoming_call().wait()
    assert f"* {note} is not simulated\n" in str(call)
    assert call.heard == [*heard, "after it"]
    assert not call.errors


def test_what_is_not_simulated_in_a_third_party_answer_is_noted_too() -> None:
    document = "<Response><Beep/><Speak Party='all' Voice='x'>a</Speak></Response>"
    pages = Pages(
        call_changed=lambda: document if pages.states[-1] == "InCall" else "<Response/>"
    )
    call = pages.system.call_between().answer()
    assert str(call).endswith(
        "* InCall\n* Beep is not simulated\n* Voice is not simulated\n< (all) a"
    )
    assert not call.errors


@pytest.mark.parametrize("status", [200, 201, 299])
def test_a_status_of_200_to_299_is_no_failure(status: int) -> None:
    page = ("<Response><Speak>Hi</Speak></Response>", status)
    assert Pages(incoming_call=page).system.incoming_call().heard == ["Hi"]


ELSEWHERE = "https://example.org/x"


@pytest.mark.parametrize(
    ("command", "acts", "parameter"),
    [
        (f"<GoTo>{ELSEWHERE}</GoTo>", [], "'Url' for command 'GoTo'"),
        (
            f"<UserInput ForwardToUrl='{ELSEWHERE}' Timeout='5'/>",
            ["1"],
            "'ForwardToUrl'",
        ),
        (f"<Record FinishedUrl='{ELSEWHERE}' FinishDigits='1'/>", ["1"], "'Record'"),
    ],
)
def test_a_url_of_another_host(command: str, acts: list[str], parameter: str) -> None:
    pages = Pages(incoming_call=f"<Response>{command}</Response>")
    call = pages.system.incoming_call()
    for keys in acts:
        call.press(keys)
    (error,) = call.errors
    assert error.code == 302
    assert parameter in error.message
    assert pages.system.not_opened == [ELSEWHERE]
    assert pages.asked == ["incoming_call"]


def test_other_urls_of_another_host() -> None:
    pages = Pages(
        incoming_call="<Response>"
        f"<SendSms Recipient='1' DeliveryReportURL='{ELSEWHERE}/1'>Hi</SendSms>"
        f"<Call Url='{ELSEWHERE}/2' ErrorUrl='{ELSEWHERE}/3'>2310</Call>"
        "</Response>"
    )
    system = pages.system
    system.incoming_call()
    system.deliver(system.sms_sent[0])
    system.calls_placed[0].answer()
    assert system.not_opened == [f"{ELSEWHERE}/{number}" for number in (1, 2, 3)]
    assert [error.code for error in system.errors] == [302, 302]
    assert pages.asked == ["incoming_call"]


def failing_app(answer: t.Callable[[], t.Any]) -> PhoneSystem:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: IncomingCall) -> UserInput:
        return UserInput(Speak("Press 1."), forward_to_url=phone.to(pressed))

    @phone.dtmf_entered
    def pressed(entered: DtmfEntered) -> t.Any:
        return answer()

    app = Flask(__name__)
    app.config.update(SECRET_KEY="k", OZML_PUBLIC_URL="http://a.example")
    app.register_blueprint(phone)
    app.testing = True
    with app.app_context():
        return PhoneSystem(app, phone.urls())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: Route("100"), InappropriateCommand),
        (lambda: BlindTransfer("20 00"), InvalidParameter),
        (lambda: loads("no XML"), ParseError),
    ],
)
def test_an_exception_of_the_application_is_no_refusal(
    answer: t.Callable[[], t.Any], error: type[Exception]
) -> None:
    system = failing_app(answer)
    call = system.incoming_call()
    with pytest.raises(error):
        call.press("1")
    assert (call.state, call.errors) == (CallState.ERROR, [])


def test_a_terminal_shows_where_the_application_failed() -> None:
    out = io.StringIO()
    system = failing_app(lambda: BlindTransfer("20 00"))
    typed = io.StringIO("1\n")
    status = terminal.call(system, out, caller="1", api_extension="2", typed=typed)
    assert status == 1
    assert 'BlindTransfer("20 00")' in out.getvalue()
    last = out.getvalue().splitlines()[-1]
    assert last.startswith("InvalidParameter: BlindTransfer: 'target' must be")


def test_the_line_of_a_refusal_is_repeated() -> None:
    plain = {"Content-Type": "text/plain; charset=utf-8"}
    told = {
        "Paste another URL.\n": ": Paste another URL.",
        "": "",
        "one\ntwo": "",
        "x" * 300: f": {'x' * 300}",
        "x" * 301: "",
    }
    for body, shown in told.items():
        call = Pages(incoming_call=(body, 403, plain)).system.incoming_call()
        assert f"answered with the status 403{shown}'" in call.errors[0].message
    page = Pages(incoming_call=("<h1>No</h1>", 403)).system.incoming_call()
    assert "status 403'" in page.errors[0].message


def test_a_call_that_is_over_stays_as_it_ended() -> None:
    record = f"<Response><Record FinishedUrl='{url('done')}'/></Response>"
    pages = Pages(
        incoming_call=record, done=f"<Response><GoTo>{ELSEWHERE}</GoTo></Response>"
    )
    call = pages.system.incoming_call().record(3).hang_up()
    assert [error.code for error in call.errors] == [302]
    assert call.state is CallState.COMPLETED
