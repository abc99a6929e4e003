"""What the client sends, and what it refuses to send."""

import datetime
import enum
import pathlib
import typing as t
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from client.fake_server import FakeServer
from flask_ozml.client import ExtensionConfig
from flask_ozml.client import PhoneSystemClient
from flask_ozml.client import PhoneSystemUnreachable
from flask_ozml.commands import rules
from flask_ozml.errors import ConfigurationError
from flask_ozml.errors import DestinationNotAllowed
from flask_ozml.errors import InvalidParameter
from flask_ozml.errors import ParameterTypeError
from flask_ozml.http_api import requests
from flask_ozml.notifications import KINDS

Ask = Callable[[PhoneSystemClient], object]

REQUESTS: list[tuple[str, Ask, str]] = [
    (
        "call without API extension, as in the vendor's appointment reminder",
        lambda c: c.call("1000", url="http://a.example/"),
        "command=Call&Dialed=1000&Url=http%3A%2F%2Fa.example%2F",
    ),
    (
        "send_sms without API extension",
        lambda c: c.send_sms("Hi", recipient="1000"),
        "command=SendSms&Recipient=1000&Message=Hi",
    ),
    (
        "call",
        lambda c: c.call(
            "1000", api_extension="9994", url="http://xyz.com/call_connected.php"
        ),
        "command=Call&Dialed=1000&ApiExtension=9994"
        "&Url=http%3A%2F%2Fxyz.com%2Fcall_connected.php",
    ),
    (
        "call with all",
        lambda c: c.call(
            "+3612345",
            api_extension="9994",
            url="https://a.example/?x=1&y=%20",
            caller_id="3000",
            caller_display_name="John Smith",
            error_url="http://a.example/e",
        ),
        "command=Call&Dialed=%2B3612345&ApiExtension=9994"
        "&Url=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y%3D%2520&CallerId=3000"
        "&CallerDisplayName=John+Smith&ErrorUrl=http%3A%2F%2Fa.example%2Fe",
    ),
    (
        "send_sms",
        lambda c: c.send_sms(
            "Hello world", recipient="+062554670", api_extension="9994"
        ),
        "command=SendSms&ApiExtension=9994&Recipient=%2B062554670&Message=Hello+world",
    ),
    (
        "send_sms with all",
        lambda c: c.send_sms(
            "Árvíz & 1=1",
            recipient="1",
            api_extension="9994",
            sender="+061554669",
            delivery_report_url="http://a.example/d",
        ),
        "command=SendSms&ApiExtension=9994&Recipient=1"
        "&Message=%C3%81rv%C3%ADz+%26+1%3D1&Sender=%2B061554669"
        "&DeliveryReportURL=http%3A%2F%2Fa.example%2Fd",
    ),
    (
        "send_email",
        lambda c: c.send_email(
            recipient="a@b.example",
            api_extension="9994",
            subject="Hi",
            message="Line 1\r\nLine 2",
            sender="c@d.example",
        ),
        "command=SendEmail&ApiExtension=9994&Recipient=a%40b.example"
        "&Sender=c%40d.example&Subject=Hi&Message=Line+1%0D%0ALine+2",
    ),
    (
        "attended_transfer",
        lambda c: c.attended_transfer(
            transferred_call_id="270Okv", target_call_id="HL1bE"
        ),
        "command=AttendedTransfer&TransferredCallId=270Okv&TargetCallId=HL1bE",
    ),
    (
        "blind_transfer",
        lambda c: c.blind_transfer("1001", call_id="H2Wwb", transferor_party="callee"),
        "command=BlindTransfer&CallId=H2Wwb&TransferorParty=callee&Target=1001",
    ),
    (
        "blind_transfer with all",
        lambda c: c.blind_transfer(
            "1001",
            call_id="H2Wwb",
            transferor_party="caller",
            finished_url="http://a.example/f",
        ),
        "command=BlindTransfer&CallId=H2Wwb&TransferorParty=caller&Target=1001"
        "&FinishedURL=http%3A%2F%2Fa.example%2Ff",
    ),
    (
        "forward",
        lambda c: c.forward("500", call_id="23Xdz7"),
        "command=Forward&CallId=23Xdz7&Destination=500",
    ),
    ("hangup", lambda c: c.hangup("23Xdz7"), "command=Hangup&CallId=23Xdz7"),
    ("hold", lambda c: c.hold("XzeOK"), "command=Hold&CallId=XzeOK"),
    ("unhold", lambda c: c.unhold("23Xdz7"), "command=Unhold&CallId=23Xdz7"),
    (
        "play",
        lambda c: c.play("moh/a b.wav", call_id="H2Wwb", party="all"),
        "command=Play&Party=all&CallId=H2Wwb&AudioFile=moh%2Fa+b.wav",
    ),
    (
        "play again",
        lambda c: c.play("a.mp3", call_id="H2Wwb", party="caller", repeat=True),
        "command=Play&Party=caller&CallId=H2Wwb&AudioFile=a.mp3&Repeat=true",
    ),
    (
        "play once",
        lambda c: c.play("a.mp3", call_id="H2Wwb", party="caller", repeat=False),
        "command=Play&Party=caller&CallId=H2Wwb&AudioFile=a.mp3&Repeat=false",
    ),
    ("record", lambda c: c.record("XzeOK"), "command=Record&CallId=XzeOK"),
    (
        "record with all",
        lambda c: c.record("XzeOK", format="wav", finished_url="http://a.example/r"),
        "command=Record&CallId=XzeOK&Format=wav&FinishedURL=http%3A%2F%2Fa.example%2Fr",
    ),
    (
        "send_dtmf",
        lambda c: c.send_dtmf("01234#", call_id="H2Wwb", party="callee"),
        "command=SendDTMF&CallId=H2Wwb&Party=callee&Keys=01234%23",
    ),
    (
        "speak",
        lambda c: c.speak("hello world", call_id="H2Wwb", party="all"),
        "command=Speak&CallId=H2Wwb&Text=hello+world&Party=all",
    ),
    ("list_active_calls", lambda c: c.list_active_calls(), "command=ListActiveCalls"),
    ("list_extensions", lambda c: c.list_extensions(), "command=ListExtensions"),
    (
        "add_config",
        lambda c: c.add_config(
            "SIP",
            ExtensionConfig(
                "100",
                user_id="user100",
                username="100",
                authorization_name="<&>",
                password="",
                last_ip_address="127.0.0.1",
            ),
        ),
        "command=AddConfig&ExtensionType=SIP"
        "&ConfigXML=%3CConfig+knownType%3D%22SIPExtensionInfo%22%3E"
        "%3CAuthorizationName%3E%26lt%3B%26amp%3B%26gt%3B%3C%2FAuthorizationName%3E"
        "%3CPassword%2F%3E%3CUsername%3E100%3C%2FUsername%3E"
        "%3CEnabled%3Etrue%3C%2FEnabled%3E%3CID%3E100%3C%2FID%3E"
        "%3CUserID%3Euser100%3C%2FUserID%3E%3C%2FConfig%3E",
    ),
    (
        "modify_config",
        lambda c: c.modify_config(
            "SIP",
            ExtensionConfig(
                "100",
                user_id="user1000",
                username="u",
                authorization_name="a",
                password="p",
                enabled=False,
                known_type="Other",
            ),
        ),
        "command=ModifyConfig&ExtensionType=SIP"
        "&ConfigXML=%3CConfig+knownType%3D%22Other%22%3E"
        "%3CAuthorizationName%3Ea%3C%2FAuthorizationName%3E"
        "%3CPassword%3Ep%3C%2FPassword%3E%3CUsername%3Eu%3C%2FUsername%3E"
        "%3CEnabled%3Efalse%3C%2FEnabled%3E%3CID%3E100%3C%2FID%3E"
        "%3CUserID%3Euser1000%3C%2FUserID%3E%3C%2FConfig%3E",
    ),
    (
        "modify_config with text, escaped as in the vendor's example",
        lambda c: c.modify_config("SIP", "&lt;Config/>"),
        "command=ModifyConfig&ExtensionType=SIP&ConfigXML=%26lt%3BConfig%2F%3E",
    ),
    (
        "get_config",
        lambda c: c.get_config("1000"),
        "command=GetConfig&ExtensionId=1000",
    ),
    (
        "remove_config",
        lambda c: c.remove_config("100"),
        "command=RemoveConfig&ExtensionId=100",
    ),
    ("get_call_history", lambda c: c.get_call_history(), "command=GetCallHistory"),
    (
        "get_call_history with all",
        lambda c: c.get_call_history(
            page_number=0,
            rows_per_page=20,
            from_time=datetime.datetime(2013, 1, 17, 13, 32, 12, 999),  # noqa: DTZ001  # local
            general="",
            direction="Internal",
            source="1",
            destination="2",
            state="CalleeHungUp",
            dialed="3",
            caller_id="4",
            call_id="5",
        ),
        "command=GetCallHistory&PageNumber=0&RowsPerPage=20"
        "&From=2013-01-17+13%3A32%3A12&General=&Direction=Internal&Source=1"
        "&Destination=2&State=CalleeHungUp&Dialed=3&CallerId=4&CallId=5",
    ),
    (
        "request",
        lambda c: c.request(
            "SendAlarmNotification",
            PhoneNumber="1000",
            account_number=1234,
            ZoneNumber=None,
            Test=True,
        ),
        "command=SendAlarmNotification&PhoneNumber=1000&AccountNumber=1234&Test=true",
    ),
    (
        "request of a known command, with a parameter of another version",
        lambda c: c.request("speak", CallId="x", text="Hi", party="all", Language="en"),
        "command=speak&CallId=x&Text=Hi&Party=all&Language=en",
    ),
]


@pytest.mark.parametrize(
    ("ask", "body"), [row[1:] for row in REQUESTS], ids=[row[0] for row in REQUESTS]
)
def test_a_request_is_a_form_that_is_posted(
    server: FakeServer, client: PhoneSystemClient, ask: Ask, body: str
) -> None:
    if body.startswith("command=GetConfig"):
        server.reply_from("config")
    ask(client)
    assert server.bodies == [body]
    assert server.paths == ["/"]
    headers = server.headers[0]
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["Accept-Encoding"] == "identity"
    assert headers["Host"] == server.url[len("http://") : -1]


def test_the_table_has_every_documented_request() -> None:
    made = {body.split("&")[0].removeprefix("command=") for _, _, body in REQUESTS}
    known = {request.command for request in requests.REQUESTS.values()}
    assert known <= made
    assert len(known) == 20


PASSWORD = "pass wörd&<7>"


def test_credentials_are_sent_in_the_body_only(server: FakeServer) -> None:
    client = PhoneSystemClient(server.url, username="user1000", password=PASSWORD)
    client.hold("XzeOK")
    assert server.bodies == [
        "command=Hold&CallId=XzeOK&Username=user1000&Password=pass+w%C3%B6rd%26%3C7%3E"
    ]
    assert server.paths == ["/"]
    assert "Authorization" not in server.headers[0]


def test_the_path_of_the_url_is_kept(server: FakeServer) -> None:
    PhoneSystemClient(server.url + "pbx/tő").hold("XzeOK")
    assert server.paths == ["/pbx/t%C5%91"]


def test_the_environment_is_ignored(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1/")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1/")
    monkeypatch.delenv("NO_PROXY", raising=False)
    PhoneSystemClient(server.url).hold("XzeOK")
    assert "Authorization" not in server.headers[0]


@settings(max_examples=60)
@example("\ud800 \udfff\x00\r\n")
@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_any_text_arrives(shared_server: FakeServer, text: str) -> None:
    PhoneSystemClient(shared_server.url).speak(text, call_id="x", party="all")
    fields = parse_qs(shared_server.bodies[-1], keep_blank_values=True)
    arrived = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    assert fields["Text"] == [arrived]


class Word(str, enum.Enum):  # noqa: UP042  # a StrEnum writes its value
    """An enumeration whose members are written as Word.CALLER."""

    CALLER = "caller"
    SECRET = "secret"


class Number(int, enum.Enum):
    FIVE = 5


def test_a_subclass_of_str_or_int_is_sent_as_its_value(server: FakeServer) -> None:
    client = PhoneSystemClient(server.url, username="u", password=Word.SECRET)
    client.speak("Hi", call_id="x", party=Word.CALLER)  # type: ignore[arg-type]  # no Literal
    client.request("Foo", word=Word.CALLER, number=Number.FIVE)
    assert server.bodies == [
        "command=Speak&CallId=x&Text=Hi&Party=caller&Username=u&Password=secret",
        "command=Foo&Word=caller&Number=5&Username=u&Password=secret",
    ]


WRONG: list[tuple[str, Callable[[t.Any], object], type[Exception], str]] = [
    (
        "a destination with white space",
        lambda c: c.call("23 10", api_extension="1", url="http://a.example"),
        InvalidParameter,
        r"^Call: 'dialed' must be .* length 5 with ' ' at index 2\.$",
    ),
    (
        "no destination",
        lambda c: c.call(None, api_extension="1", url="http://a.example"),
        ParameterTypeError,
        "^Call: 'dialed' is mandatory and must be a non-empty str",
    ),
    (
        "a URL that is not absolute",
        lambda c: c.call("2310", api_extension="1", url="/phone"),
        InvalidParameter,
        "^Call: 'url' must be an absolute http or https URL",
    ),
    (
        "a number as int",
        lambda c: c.forward(500, call_id="x"),
        ParameterTypeError,
        "^Forward: 'destination' .* got int",
    ),
    (
        "several numbers for one",
        lambda c: c.blind_transfer("1,2", call_id="x", transferor_party="caller"),
        InvalidParameter,
        "^BlindTransfer: 'target'",
    ),
    (
        "all as transferor",
        lambda c: c.blind_transfer("1", call_id="x", transferor_party="all"),
        InvalidParameter,
        "^BlindTransfer: 'transferor_party' must be 'caller' or 'callee'",
    ),
    (
        "an unknown party",
        lambda c: c.speak("Hi", call_id="x", party="both"),
        InvalidParameter,
        "^Speak: 'party' must be 'caller', 'callee' or 'all'",
    ),
    (
        "an unknown key",
        lambda c: c.send_dtmf("12x", call_id="x", party="all"),
        InvalidParameter,
        "^SendDTMF: 'keys' .* with 'x' at index 2",
    ),
    (
        "a header injected",
        lambda c: c.send_email(recipient="a@b\nBcc: c@d", api_extension="1"),
        InvalidParameter,
        "^SendEmail: 'recipient'",
    ),
    (
        "an unknown format",
        lambda c: c.record("x", format="ogg"),
        InvalidParameter,
        "^Record: 'format' must be 'mp3' or 'wav'",
    ),
    (
        "a str for a bool",
        lambda c: c.play("a", call_id="x", party="all", repeat="yes"),
        ParameterTypeError,
        "^Play: 'repeat' must be a bool, got str",
    ),
    (
        "no extension",
        lambda c: c.remove_config(""),
        InvalidParameter,
        "^RemoveConfig: 'extension_id'",
    ),
    (
        "a page before the first",
        lambda c: c.get_call_history(page_number=-1),
        InvalidParameter,
        "^GetCallHistory: 'page_number' must be an int from 0",
    ),
    (
        "a page without rows",
        lambda c: c.get_call_history(rows_per_page=0),
        InvalidParameter,
        "^GetCallHistory: 'rows_per_page' must be an int from 1",
    ),
    (
        "a time with a zone",
        lambda c: c.get_call_history(from_time=datetime.datetime.now(datetime.UTC)),
        InvalidParameter,
        "^GetCallHistory: 'from_time' must be a datetime without a zone",
    ),
    (
        "a config of another type",
        lambda c: c.add_config("SIP", {"ID": "1"}),
        ParameterTypeError,
        "^AddConfig: 'config' must be an ExtensionConfig or a str, got dict",
    ),
    (
        "a request whose name has other characters",
        lambda c: c.request("Call&x=1"),
        InvalidParameter,
        "^request: 'command' must be a name of ASCII letters",
    ),
    (
        "a parameter that the client sets",
        lambda c: c.request("Hold", PASSWORD="x"),
        ParameterTypeError,
        "^Hold: 'PASSWORD' is given twice, or is set by the client",
    ),
    (
        "a parameter twice",
        lambda c: c.request("Hold", call_id="x", CallID="y"),
        ParameterTypeError,
        "^Hold: 'CallID' is given twice",
    ),
    (
        "a parameter that cannot be written",
        lambda c: c.request("ListExtensionTypes", Type=["SIP"]),
        ParameterTypeError,
        "^ListExtensionTypes: 'Type' must be a str, an int, a bool or a datetime,"
        " got list",
    ),
    (
        "an argument of request that breaks the rule of a method",
        lambda c: c.request("Forward", CallId="x", Destination="1;2"),
        InvalidParameter,
        "^Forward: 'destination'",
    ),
]


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [row[1:] for row in WRONG],
    ids=[row[0] for row in WRONG],
)
def test_wrong_arguments_are_not_sent(
    server: FakeServer,
    client: PhoneSystemClient,
    ask: Ask,
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        ask(client)
    assert server.bodies == []


#: The parameters that are URLs, and the kind of view that each may lead to.
URLS: list[tuple[Callable[[PhoneSystemClient, str], object], str, str | None]] = [
    (lambda c, url: c.call("1", api_extension="1", url=url), "url", "call_connected"),
    (
        lambda c, url: c.call(
            "1", api_extension="1", url="http://a.example", error_url=url
        ),
        "error_url",
        "error",
    ),
    (
        lambda c, url: c.send_sms(
            "Hi", recipient="1", api_extension="1", delivery_report_url=url
        ),
        "delivery_report_url",
        "sms_delivery_report",
    ),
    (
        lambda c, url: c.record("x", finished_url=url),
        "finished_url",
        "record_completed",
    ),
    (
        lambda c, url: c.request("Record", CallId="x", FinishedUrl=url),
        "finished_url",
        "record_completed",
    ),
    (
        lambda c, url: c.blind_transfer(
            "1", call_id="x", transferor_party="caller", finished_url=url
        ),
        "finished_url",
        None,
    ),
]


@pytest.mark.parametrize(("ask", "parameter", "kind"), URLS)
@pytest.mark.parametrize("view_kind", KINDS)
def test_a_url_must_lead_to_a_view_of_the_right_kind(
    server: FakeServer,
    client: PhoneSystemClient,
    ask: Callable[[PhoneSystemClient, str], object],
    parameter: str,
    kind: str | None,
    view_kind: str,
) -> None:
    url = rules.ViewUrl("http://a.example/?token=x", view_kind, "hello")
    if view_kind == kind:
        ask(client, url)
        assert "=http%3A%2F%2Fa.example%2F%3Ftoken%3Dx" in server.bodies[0]
        return
    with pytest.raises(
        InvalidParameter, match=f"{parameter!r} must .*'hello'"
    ) as caught:
        ask(client, url)
    assert kind is None or f".{kind} " in str(caught.value)
    assert server.bodies == []


#: Requests that call a number, or send a message to it.
DESTINATIONS: list[Callable[[PhoneSystemClient, str], object]] = [
    lambda c, number: c.call(number, url="http://a.example/"),
    lambda c, number: c.send_sms("Hi", recipient=number),
    lambda c, number: c.blind_transfer(number, call_id="x", transferor_party="callee"),
    lambda c, number: c.forward(number, call_id="x"),
    lambda c, number: c.request("CALL", dialed=number),
    lambda c, number: c.request("Call", Dialled=number),
    lambda c, number: c.request("ForwardCall", CallId="x", DESTINATION=number),
    lambda c, number: c.request("SendAlarmNotification", phone_number=int(number)),
    lambda c, number: c.request("Request", DialedAddress=number),
]


def limited_client(server: FakeServer, *patterns: str) -> PhoneSystemClient:
    return PhoneSystemClient.from_config(
        {
            "OZML_PHONE_SYSTEM_URL": server.url,
            "OZML_ALLOWED_DESTINATIONS": patterns,
        }
    )


@pytest.mark.parametrize("ask", DESTINATIONS)
def test_numbers_that_the_configuration_does_not_allow_are_not_called(
    server: FakeServer, ask: Callable[[PhoneSystemClient, str], object]
) -> None:
    client = limited_client(server, "36[0-9]{8,9}", "9000000")
    with pytest.raises(DestinationNotAllowed, match="^[A-Za-z]+: ") as caught:
        ask(client, "90000001")
    assert "9000" not in str(caught.value)
    assert server.bodies == []
    ask(client, "36301112222")
    ask(client, "9000000")
    ask(PhoneSystemClient(server.url), "90000001")
    assert len(server.bodies) == 3


def test_what_is_not_called_may_be_any_number(server: FakeServer) -> None:
    client = limited_client(server)
    client.send_email(recipient="a@b.example", api_extension="1")
    client.get_call_history(destination="90000001", dialed="90000001")
    client.request("ListCallHistory", Destination="90000001")
    client.request("Call", CallerId="90000001")
    assert len(server.bodies) == 4
    with pytest.raises(DestinationNotAllowed):
        client.call("36301112222", url="http://a.example/")


def test_wrong_patterns_are_refused() -> None:
    config = {
        "OZML_PHONE_SYSTEM_URL": "http://pbx/",
        "OZML_ALLOWED_DESTINATIONS": ["("],
    }
    with pytest.raises(ConfigurationError, match="^OZML_ALLOWED_DESTINATIONS "):
        PhoneSystemClient.from_config(config)


OPTIONS: list[tuple[dict[str, t.Any], str, str]] = [
    ({"url": None}, "url", "must be an absolute http or https URL"),
    ({"url": "127.0.0.1:7780"}, "url", "must be an absolute http or https URL"),
    ({"url": "ftp://pbx/"}, "url", "must be an absolute http or https URL"),
    ({"url": "http://me:secret@pbx/"}, "url", "without user name"),
    ({"url": "http://pbx/?command=Call"}, "url", "without user name"),
    ({"url": "http://pbx:99999/"}, "url", "without user name"),
    ({"url": f"http://{'a' * 70}.example/"}, "url", "without user name"),
    ({"url": "http://pbx:0/"}, "url", "without user name"),
    ({"password": "secret"}, "username", "is missing: a user name and a password"),
    ({"username": "me"}, "password", "is missing: a user name and a password"),
    ({"username": 1, "password": "secret"}, "username", "must be a str, got int"),
    ({"username": "me", "password": 83415}, "password", "must be a str, got int"),
    ({"url": "https://pbx/", "ca": "missing.pem"}, "ca", "'missing.pem' .No such file"),
    ({"url": "https://pbx/", "ca": __file__}, "ca", "certificates in PEM format"),
    ({"url": "https://pbx/", "ca": "/"}, "ca", "PEM format, .*'/' .Is a directory"),
    ({"url": "https://pbx/", "ca": "\0"}, "ca", "certificates in PEM format"),
    ({"url": "https://pbx/", "ca": True}, "ca", "or False, got bool"),
    ({"timeout": "10"}, "timeout", "must be a number of seconds, got str"),
    ({"timeout": True}, "timeout", "must be a number of seconds, got bool"),
    ({"timeout": 0}, "timeout", "must be above 0"),
    ({"timeout": float("nan")}, "timeout", "must be above 0"),
    ({"timeout": float("inf")}, "timeout", "must be above 0"),
]


@pytest.mark.parametrize(("options", "name", "message"), OPTIONS)
def test_wrong_options_are_refused_and_named(
    options: dict[str, t.Any], name: str, message: str
) -> None:
    options = {"url": "http://pbx/", **options}
    with pytest.raises(InvalidParameter, match=message) as refused:
        PhoneSystemClient(**options)
    assert refused.value.parameter == name
    assert "secret" not in str(refused.value)
    assert refused.value.value != 83415
    config = {f"OZML_PHONE_SYSTEM_{key.upper()}": v for key, v in options.items()}
    with pytest.raises(ConfigurationError, match=message) as caught:
        PhoneSystemClient.from_config(config)
    assert str(caught.value).startswith(f"OZML_PHONE_SYSTEM_{name.upper()} ")
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_client_made_from_the_configuration_reads_the_address_again(
    server: FakeServer,
) -> None:
    config = {"OZML_PHONE_SYSTEM_URL": "http://127.0.0.1:1/"}
    client = PhoneSystemClient.from_config(config)
    config["OZML_PHONE_SYSTEM_URL"] = server.url
    client.hold("x")
    assert (client.url, len(server.bodies)) == (server.url, 1)
    config["OZML_PHONE_SYSTEM_URL"] = server.url.replace("http:", "https:")
    with pytest.raises(PhoneSystemUnreachable, match="https:"):
        client.hold("x")
    config["OZML_PHONE_SYSTEM_URL"] = "pbx"
    with pytest.raises(InvalidParameter, match="'url' must be an absolute"):
        client.hold("x")
    assert len(server.bodies) == 1


def test_a_client_can_be_made_from_the_configuration(server: FakeServer) -> None:
    config: dict[str, t.Any] = {"OZML_PHONE_SYSTEM_URL": server.url}
    client = PhoneSystemClient.from_config(config)
    client.hold("x")
    assert client.timeout == 10.0
    config["OZML_PHONE_SYSTEM_USERNAME"] = "me"
    config["OZML_PHONE_SYSTEM_PASSWORD"] = "p"
    config["OZML_PHONE_SYSTEM_TIMEOUT"] = 5
    client = PhoneSystemClient.from_config(config)
    client.hold("x")
    assert repr(client) == f"PhoneSystemClient('{server.url}', timeout=5.0)"
    assert server.bodies == [
        "command=Hold&CallId=x",
        "command=Hold&CallId=x&Username=me&Password=p",
    ]
