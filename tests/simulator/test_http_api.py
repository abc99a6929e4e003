"""The simulator's HTTP API, asked by the client over real HTTP."""

import contextlib
import datetime
import io
import queue
import threading
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

import pytest
import requests
from werkzeug.test import Client

from flask_ozml.client import ActiveCall
from flask_ozml.client import AuthenticationFailed
from flask_ozml.client import CallNotFound
from flask_ozml.client import CallRecord
from flask_ozml.client import Extension
from flask_ozml.client import ExtensionConfig
from flask_ozml.client import ExtensionUnavailable
from flask_ozml.client import PhoneSystemClient
from flask_ozml.client import PhoneSystemError
from flask_ozml.client import UnexpectedReply
from flask_ozml.commands import Call
from flask_ozml.commands import Delay
from flask_ozml.commands import Hangup
from flask_ozml.commands import Record
from flask_ozml.commands import SendEmail
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.errors import InvalidParameter
from flask_ozml.errors import StatusCode
from flask_ozml.notifications import CallState
from flask_ozml.simulator import PhoneSystem
from flask_ozml.simulator import server
from simulator_pages import Pages
from simulator_pages import url

DIALOGUE: t.Any = {
    "call_changed": "<Response/>",
    "incoming_call": [Speak("Hello"), UserInput(timeout=5)],
    "connected": [Speak("It is me."), UserInput(timeout=5)],
    "report": "<Response/>",
    "recorded": "<Response/>",
    "failed": "<Response/>",
}
START = datetime.datetime(
    2013, 7, 1, 10, 49, 7, tzinfo=datetime.timezone(datetime.timedelta(hours=2))
)
CONFIG = ExtensionConfig(
    "100",
    user_id="user100",
    username="Thomas & <M.>",
    authorization_name="100",
    password="secret",
)


@pytest.fixture
def pages() -> Pages:
    return Pages(**DIALOGUE)


@pytest.fixture
def system(pages: Pages) -> PhoneSystem:
    return pages.system


@pytest.fixture
def address(system: PhoneSystem) -> Iterator[str]:
    with server.served(system.http_api) as address:
        yield address


@pytest.fixture
def client(address: str) -> PhoneSystemClient:
    return PhoneSystemClient(address)


def refused(code: int, act: Callable[[], object]) -> PhoneSystemError:
    with pytest.raises(PhoneSystemError) as caught:
        act()
    assert caught.value.code == code
    return caught.value


# The vendor's page "Learn the correct form of GET and POST HTTP requests": the reply
# has this text, and the Content-Length 263.
UNAVAILABLE = (
    b'<?xml version="1.0"?>\r\n'
    b'<Response xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\r\n'
    b"  <Code>401</Code>\r\n"
    b"  <Message>API extension '9986' unavailable, please check configuration or"
    b" permissions</Message>\r\n"
    b"</Response>"
)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_example_of_the_vendor(address: str, system: PhoneSystem, method: str) -> None:
    system.extensions["9986"] = "not found"
    form = "command=Call&dialed=103&apiextension=9986"
    if method == "GET":
        reply = requests.get(f"{address}?{form}", timeout=10)
    else:
        header = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = requests.post(address, form, headers=header, timeout=10)
    assert reply.status_code == 200
    assert reply.headers["Content-Length"] == "263"
    assert reply.headers["Content-Type"] == "application/xml"
    assert reply.content == UNAVAILABLE


def test_call_is_answered(client: PhoneSystemClient, pages: Pages) -> None:
    assert (
        client.call(
            "2310",
            api_extension="9999",
            url=url("connected"),
            caller_id="3000",
            caller_display_name="John Smith",
            error_url=url("failed"),
        )
        == ""
    )
    (call,) = pages.system.calls_placed
    assert call.command == Call(
        "2310",
        api_extension="9999",
        url=url("connected"),
        caller_id="3000",
        caller_display_name="John Smith",
        error_url=url("failed"),
    )
    assert call.state is CallState.RINGING
    assert call.answer().heard == ["It is me."]
    assert pages.asked == ["call_changed", "call_changed", "connected"]
    assert pages.posted[-1][1] == (
        "NotificationName=CallConnected&CallLegID=L1&Callee=2310&ApiExtension=9999"
    )


def test_the_vendors_reminder_names_no_api_extension(
    client: PhoneSystemClient, pages: Pages
) -> None:
    client.call("2310", url=url("connected"))
    pages.system.calls_placed[0].answer()
    assert pages.values("connected", "ApiExtension") == ["9999"]
    client.send_sms("Hi", recipient="1", delivery_report_url=url("report"))
    pages.system.deliver(pages.system.sms_sent[0])
    assert pages.values("report", "ApiExtension") == ["9999"]


def test_call_is_refused(client: PhoneSystemClient, pages: Pages) -> None:
    place = {"url": url("connected"), "error_url": url("failed")}
    client.call("2310", api_extension="9999", **place)
    client.call("2311", api_extension="9999", **place)
    first, second = pages.system.calls_placed
    first.refuse()
    second.let_ring()
    pages.system.extensions["2312"] = "busy"
    client.call("2312", api_extension="9999", **place)
    assert pages.values("failed", "Code") == ["402"] * 3


def test_nothing_has_this_number(
    client: PhoneSystemClient, system: PhoneSystem
) -> None:
    system.extensions.update({"1": "not found", "a@b": "not found"})
    with pytest.raises(ExtensionUnavailable, match="API extension '1' unavailable"):
        client.call("2310", api_extension="1", url=url("connected"))
    error = refused(
        402, lambda: client.call("1", api_extension="2", url=url("connected"))
    )
    assert error.message == "Call connect to '1' failed with result state 'NotFound'"
    refused(501, lambda: client.send_sms("Hi", recipient="1", api_extension="2"))
    refused(501, lambda: client.send_email(recipient="a@b", api_extension="2"))
    assert not system.calls_placed
    assert not system.sms_sent
    assert not system.emails_sent


def test_sms_and_its_report(client: PhoneSystemClient, pages: Pages) -> None:
    def send() -> str:
        return client.send_sms(
            "Hello\n+ <world>",
            recipient="+3630",
            api_extension="9999",
            delivery_report_url=url("report"),
        )

    assert [send(), send()] == ["S1", "S2"]
    first, second = pages.system.sms_sent
    assert first == second
    assert second == SendSms(
        "Hello\n+ <world>",
        recipient="+3630",
        api_extension="9999",
        delivery_report_url=url("report"),
    )
    pages.system.deliver(second)
    pages.system.deliver(first, delivered=False)
    assert [body for name, body in pages.posted] == [
        "NotificationName=SMSDeliveryReport&Delivered=true&ID=S2&ApiExtension=9999",
        "NotificationName=SMSDeliveryReport&Delivered=false&ID=S1&ApiExtension=9999",
    ]


def test_email(client: PhoneSystemClient, system: PhoneSystem) -> None:
    client.send_email(recipient="a@b.c", api_extension="9999", subject="S", message="M")
    assert system.emails_sent == [
        SendEmail(recipient="a@b.c", api_extension="9999", subject="S", message="M")
    ]


def test_third_party_controls_a_call(client: PhoneSystemClient, pages: Pages) -> None:
    call = pages.system.call_between("103", "101")
    client.forward("102", call_id=call.id)
    assert call.callee == "102"
    call.answer()
    client.hold(call.id)
    client.unhold(call.id)
    client.speak("Hello", call_id=call.id, party="caller")
    client.play("beep.wav", call_id=call.id, party="all", repeat=True)
    client.send_dtmf("01#", call_id=call.id, party="callee")
    client.record(call.id, format="wav", finished_url=url("recorded"))
    call.wait(7)
    client.hangup(call.id)
    assert call.heard_by == {"caller": ["Hello", "beep.wav"], "callee": ["beep.wav"]}
    assert "< (callee) keys 01#" in str(call)
    assert pages.states == [
        *["Ringing", "Ringing", "InCall", "Hold", "InCall", "Completed"]
    ]
    name, body = pages.posted[-1]
    assert name == "recorded"
    assert body.startswith("Success=true&Duration=7&RecordURL=http://ozekixepbx.ip")
    assert f".wav&CallId={call.id}&Caller=103&Callee=102" in body


def test_transfers(client: PhoneSystemClient, system: PhoneSystem) -> None:
    calls = [system.call_between("103", callee).answer() for callee in ("1", "2", "3")]
    client.blind_transfer("200", call_id=calls[0].id, transferor_party="caller")
    calls[1].hold()
    client.attended_transfer(
        transferred_call_id=calls[1].id, target_call_id=calls[2].id
    )
    assert calls[0].transferred_to == "200"
    assert calls[1].state is CallState.TRANSFERRED
    assert (calls[2].caller, calls[2].callee) == ("2", "3")


CONTROLS: dict[str, Callable[[PhoneSystemClient, str], None]] = {
    "Forward": lambda client, id: client.forward("1", call_id=id),
    "Hangup": lambda client, id: client.hangup(id),
    "Hold": lambda client, id: client.hold(id),
    "Unhold": lambda client, id: client.unhold(id),
    "Play": lambda client, id: client.play("a.wav", call_id=id, party="all"),
    "Record": lambda client, id: client.record(id),
    "SendDTMF": lambda client, id: client.send_dtmf("1", call_id=id, party="all"),
    "Speak": lambda client, id: client.speak("Hi", call_id=id, party="all"),
    "BlindTransfer": lambda client, id: client.blind_transfer(
        "1", call_id=id, transferor_party="caller"
    ),
    "AttendedTransfer": lambda client, id: client.attended_transfer(
        transferred_call_id=id, target_call_id=id
    ),
}


@pytest.mark.parametrize("command", CONTROLS)
def test_there_is_no_such_call(
    client: PhoneSystemClient, system: PhoneSystem, command: str
) -> None:
    over = system.call_between().busy().id
    for call_id in ("g67th7", over):
        with pytest.raises(CallNotFound) as caught:
            CONTROLS[command](client, call_id)
        assert caught.value.message == f"Call not found with ID '{call_id}'"


def test_both_calls_of_a_transfer_must_be_there(
    client: PhoneSystemClient, system: PhoneSystem
) -> None:
    talk = system.call_between().answer()
    extension = system.incoming_call()
    transfer = client.attended_transfer
    for call_id, code in (("x", 601), (extension.id, 303)):
        refused(
            code,
            lambda call_id=call_id: transfer(  # type: ignore[misc]  # mypy and defaults
                transferred_call_id=talk.id, target_call_id=call_id
            ),
        )
    assert talk.state is CallState.IN_CALL
    assert extension.live


def test_what_the_state_does_not_allow(
    client: PhoneSystemClient, system: PhoneSystem
) -> None:
    call = system.call_between().answer()
    error = refused(303, lambda: client.unhold(call.id))
    assert error.message == "Command 'Unhold' cannot be used here"
    refused(303, lambda: client.forward("1", call_id=call.id))
    assert call.state is CallState.IN_CALL
    assert not system.errors


def test_extension_calls_obey(client: PhoneSystemClient, pages: Pages) -> None:
    system = pages.system
    incoming = system.incoming_call()
    client.call("2310", api_extension="9999", url=url("connected"))
    placed = system.calls_placed[0].answer()
    for call in (incoming, placed):
        client.speak("For the caller", call_id=call.id, party="caller")
        client.play("all.wav", call_id=call.id, party="all", repeat=True)
    assert incoming.heard == ["Hello", "For the caller", "all.wav"]
    assert placed.heard == ["It is me.", "all.wav"]
    assert "* to the API extension: For the caller" in str(placed)

    client.hangup(incoming.id)
    system.extensions["300"] = "busy"
    client.blind_transfer("300", call_id=placed.id, transferor_party="caller")
    assert placed.live
    client.blind_transfer("200", call_id=placed.id, transferor_party="caller")

    assert incoming.state is CallState.COMPLETED
    assert placed.transferred_to == "200"


@pytest.mark.parametrize(
    "command",
    ["Forward", "Hold", "Unhold", "AttendedTransfer"],
)
def test_extension_calls_do_not_obey(
    client: PhoneSystemClient, system: PhoneSystem, command: str
) -> None:
    call = system.incoming_call()
    refused(303, lambda: CONTROLS[command](client, call.id))
    assert call.live


def test_hangup_while_it_rings(client: PhoneSystemClient, system: PhoneSystem) -> None:
    client.call("2310", api_extension="9999", url=url("connected"))
    (call,) = system.calls_placed
    refused(303, lambda: client.speak("Hi", call_id=call.id, party="all"))
    client.hangup(call.id)
    assert call.state is CallState.CANCELLED
    assert client.list_active_calls() == []


def test_hangup_ends_a_recording(client: PhoneSystemClient, pages: Pages) -> None:
    pages.pages["incoming_call"] = [Record(finished_url=url("recorded"))]
    call = pages.system.incoming_call()
    call.record(4)
    client.hangup(call.id)
    assert "Success=true&Duration=4" in pages.posted[-1][1]


def test_view_asks_the_phone_system(address: str, pages: Pages) -> None:
    """A request of a view must not wait for the notification that the view answers."""
    client = PhoneSystemClient(address, timeout=5)
    seen: list[list[str]] = []

    def changed() -> str:
        if pages.states[-1] == "InCall":
            (call,) = client.list_active_calls()
            client.hold(call.call_id)
            seen.append(pages.states)
        return "<Response/>"

    pages.pages["call_changed"] = changed
    call = pages.system.call_between().answer()
    assert call.state is CallState.HOLD
    assert seen == [["Ringing", "InCall"]]


def test_what_a_view_asks_for_is_posted_after_its_answer(
    address: str, pages: Pages
) -> None:
    client = PhoneSystemClient(address, timeout=5)
    order: list[str] = []

    def changed() -> str:
        state = pages.states[-1]
        order.append(f"begin {state}")
        if state == "InCall":
            client.hangup(client.list_active_calls()[0].call_id)
        order.append(f"end {state}")
        return "<Response/>"

    pages.pages["call_changed"] = changed
    assert pages.system.call_between().answer().state is CallState.COMPLETED
    assert order[-4:] == [
        "begin InCall",
        "end InCall",
        "begin Completed",
        "end Completed",
    ]


def test_view_hangs_up_before_it_answers(address: str, pages: Pages) -> None:
    client = PhoneSystemClient(address, timeout=5)

    def welcome() -> list[t.Any]:
        client.hangup(client.list_active_calls()[0].call_id)
        return [Speak("Nobody hears this.")]

    pages.pages["incoming_call"] = welcome
    call = pages.system.incoming_call()
    assert (call.state, call.heard) == (CallState.CANCELLED, [])


def test_a_request_of_a_view_in_process_takes_part_in_its_turn(pages: Pages) -> None:
    web = Client(pages.system.http_api)

    def changed() -> str:
        state = pages.states[-1]
        if state == "InCall":
            web.get(query_string={"command": "Hangup", "CallId": "C1"})
            assert pages.states[-1] == state
        return "<Response/>"

    pages.pages["call_changed"] = changed
    assert pages.system.call_between().answer().state is CallState.COMPLETED
    assert pages.states == ["Ringing", "InCall", "Completed"]


def test_failing_application_is_a_500(address: str, pages: Pages) -> None:
    def changed() -> str:
        if pages.states[-1] == "Completed" or "2310" in pages.posted[-1][1]:
            raise LookupError("in the view")
        return "<Response/>"

    pages.pages["call_changed"] = changed
    client = PhoneSystemClient(address)
    call = pages.system.call_between().answer()
    talk = pages.system.incoming_call()
    with pytest.raises(UnexpectedReply, match="500"):
        client.hangup(call.id)
    with pytest.raises(UnexpectedReply, match="500"):
        client.call("2310", api_extension="9999", url=url("connected"))
    assert call.state is CallState.COMPLETED
    assert talk.live


def test_active_calls(client: PhoneSystemClient, system: PhoneSystem) -> None:
    assert client.list_active_calls() == []
    between = system.call_between("103", "101").wait(3)
    incoming = system.incoming_call("500", "9998").wait(4)
    client.call("2310", api_extension="9999", url=url("connected"), caller_id="J. S.")
    system.call_between("7", "8").cancel()
    answered = system.call_between("1", "2").wait(5).answer().wait(6)

    def active(
        state: CallState, id: str, numbers: tuple[str, str, str], ring: int, talk: int
    ) -> ActiveCall:
        seconds = datetime.timedelta(seconds=ring), datetime.timedelta(seconds=talk)
        return ActiveCall(state, id, *numbers, START, *seconds)

    assert client.list_active_calls() == [
        active(CallState.RINGING, between.id, ("103", "103", "101"), 3, 0),
        active(CallState.IN_CALL, incoming.id, ("500", "500", "9998"), 0, 4),
        active(CallState.RINGING, "L3", ("9999", "J. S.", "2310"), 0, 0),
        active(CallState.IN_CALL, answered.id, ("1", "1", "2"), 5, 6),
    ]


def record(id: str, source: str, destination: str, state: str) -> CallRecord:
    return CallRecord(
        start_time=datetime.datetime(2013, 7, 1, 10, 49, 7),  # noqa: DTZ001  # has none
        direction="Internal",
        source=source,
        destination=destination,
        state=state,
        dialed=destination,
        caller_id=source,
        type="Audio",
        call_id=id,
    )


def test_history(client: PhoneSystemClient, system: PhoneSystem) -> None:
    assert client.get_call_history() == []
    moved: t.Any = system.call_between("1003", "50").answer().transfer("1001")
    moved.transferred_call.hang_up()
    system.call_between("1004", "1001").busy()
    system.incoming_call("500", "9998").hang_up()
    system.call_between("7", "8")
    first, second, third, _ = all_calls = [
        record("C1", "1003", "50", "TransferCompleted"),
        record("C2", "1003", "1001", "CalleeHungUp"),
        record("C3", "1004", "1001", "Busy"),
        record("L4", "500", "9998", "CalleeHungUp"),
    ]
    history = client.get_call_history
    assert history() == all_calls
    assert history(rows_per_page=3) == all_calls[:3]
    assert history(rows_per_page=3, page_number=1) == all_calls[3:]
    assert history(page_number=1) == []
    assert history(source="1003", general="1001", direction="") == [second]
    assert history(destination="1001", state="Busy") == [third]
    assert history(dialed="50", caller_id="1003", call_id="C1") == [first]
    earlier = datetime.datetime(2013, 7, 1)  # noqa: DTZ001  # has none
    assert history(from_time=earlier) == all_calls
    assert history(from_time=earlier + datetime.timedelta(days=1)) == []
    reply = client.request("GetCallHistory", RowsPerPage=1)
    assert reply["NumberOfCalls"] == "4"


def test_calls_that_are_kept(client: PhoneSystemClient, system: PhoneSystem) -> None:
    first = system.call_between("1", "2")
    ids = [system.call_between("1", "2").busy().id for _ in range(70)]
    kept = client.get_call_history(rows_per_page=100)
    assert [call.call_id for call in kept] == ids[-50:]
    assert [call.call_id for call in client.list_active_calls()] == [first.id]


def test_configurations(client: PhoneSystemClient) -> None:
    assert client.list_extensions() == []
    client.add_config("SIP", CONFIG)
    assert client.get_config("100") == CONFIG
    assert client.list_extensions() == [Extension("100", "SIP")]
    error = refused(703, lambda: client.add_config("SIP", CONFIG))
    assert error.message == "Extension configuration already exists"

    disabled = ExtensionConfig(
        "100",
        user_id="user1000",
        username="a",
        authorization_name="b",
        password="c",
        enabled=False,
    )
    client.modify_config("SIP", disabled)
    assert client.get_config("100") == disabled

    client.remove_config("100")
    for act in (
        lambda: client.get_config("100"),
        lambda: client.remove_config("100"),
        lambda: client.modify_config("SIP", CONFIG),
    ):
        assert "'100' not found" in refused(701, act).message


SETTINGS = (
    "<AuthorizationName>100</AuthorizationName><Password>100</Password>"
    "<Username>100</Username><Enabled>true</Enabled><ID>100</ID><UserID>u</UserID>"
)


@pytest.mark.parametrize(
    "xml",
    [
        f'<?xml version="1.0"?>\n<Config knownType="S">{SETTINGS}</Config>',
        # Escaped once more, as on the vendor's page.
        f'<Config knownType="S">{SETTINGS}</Config>'.replace("<", "&lt;"),
    ],
)
def test_forms_of_a_configuration(client: PhoneSystemClient, xml: str) -> None:
    client.add_config("SIP", xml)
    assert client.get_config("100") == ExtensionConfig(
        "100",
        user_id="u",
        username="100",
        authorization_name="100",
        password="100",
        known_type="S",
    )
    reply = client.request("GetConfig", ExtensionId="100")
    assert list(reply) == ["Config", "Code", "Message"]


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "100",
        "<Config",
        f"<Config>{SETTINGS}</Config><Config/>",
        f"<Settings>{SETTINGS}</Settings>",
        "<Hangup/>",
        f"<Config>{SETTINGS.replace('UserID', 'User')}</Config>",
        f"<Config>{SETTINGS.replace('<ID>100', '<ID>')}</Config>",
        f'<!DOCTYPE a [<!ENTITY b "c">]><Config>{SETTINGS}&b;</Config>',
    ],
)
def test_what_is_no_configuration(client: PhoneSystemClient, xml: str) -> None:
    error = refused(702, lambda: client.add_config("SIP", xml))
    assert error.message == "Invalid configuration for type 'SIP'"
    assert client.list_extensions() == []


def test_odd_settings_do_no_harm(client: PhoneSystemClient) -> None:
    odd = SETTINGS.replace("<Username>100", "<Username>1<UserInput/><Odd>x</Odd>")
    client.add_config("SIP", f"<Config><Hangup/>{odd}</Config>")
    assert client.get_config("100").username == "1"


def ask(system: PhoneSystem, form: dict[str, str], **more: t.Any) -> str:
    reply = Client(system.http_api).get(query_string=form, **more)
    assert reply.status_code == 200
    return reply.text


@pytest.mark.parametrize(
    ("form", "code", "message"),
    [
        ({}, 302, "Missing or invalid parameter 'command' for command ''"),
        ({"command": "Jump"}, 301, "Not implemented command: 'Jump'"),
        ({"command": "ListExtensionTypes"}, 301, "Not implemented command:"),
        ({"command": "{0}"}, 301, "Not implemented command: '{0}'"),
        ({"command": "<&\x00>"}, 301, "'&lt;&amp;\ufffd&gt;'"),
        ({"command": "UserInput"}, 303, "Command 'UserInput' cannot be used here"),
        ({"command": "Array"}, 303, "Command 'Array' cannot be used here"),
        ({"COMMAND": "hangup"}, 302, "parameter 'CallId' for command 'Hangup'"),
        ({"command": "Hangup", "CallId": ""}, 601, "Call not found with ID ''"),
        ({"command": "Play", "Party": "me"}, 302, "'Party' for command 'Play'"),
        (
            {"command": "Play", "Party": "all", "CallId": "1", "AudioFile": "a"}
            | {"Repeat": "perhaps"},
            302,
            "'Repeat' for command 'Play'",
        ),
        ({"command": "GetCallHistory", "pagenumber": "-1"}, 302, "'PageNumber'"),
        ({"command": "GetCallHistory", "from": "today"}, 302, "'From'"),
        (
            {"command": "Call", "Dialed": "1", "ApiExtension": "2"},
            302,
            "parameter 'Url' for command 'Call'",
        ),
        ({str(n): "" for n in range(1_001)}, 300, "Error occured during parsing"),
    ],
)
def test_wrong_requests(
    system: PhoneSystem, form: dict[str, str], code: int, message: str
) -> None:
    reply = ask(system, form)
    assert f"<Code>{code}</Code>" in reply
    assert message in reply


def test_example_of_the_history(system: PhoneSystem) -> None:
    """The vendor's request: names in another case, and empty ones mean nothing."""
    names = ("From", "General", "Direction", "Source", "Destination", "State")
    empty = dict.fromkeys((*names, "Dialed", "CallerId", "CallId"), "")
    form = {"Command": "GetCallHistory", "PageNumber": "0", "RowsPerPage": "20"}
    assert ask(system, form | empty | {"Unknown": "1"}) == (
        '<?xml version="1.0"?>\r\n'
        '<Response xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\r\n'
        "  <Code>200</Code>\r\n"
        "  <Message>Command successfully executed</Message>\r\n"
        "  <NumberOfCalls>0</NumberOfCalls>\r\n"
        "  <Calls/>\r\n"
        "</Response>"
    )


def test_lists_are_indented(system: PhoneSystem) -> None:
    system.call_between("1", "2").busy()
    call = ask(system, {"command": "getcallhistory"}).partition("  <Calls>")[2]
    assert call == (
        "\r\n    <Call>\r\n"
        "      <StartTime>2013-07-01 10:49:07</StartTime>\r\n"
        "      <Direction>Internal</Direction>\r\n"
        "      <Source>1</Source>\r\n"
        "      <Destination>2</Destination>\r\n"
        "      <State>Busy</State>\r\n"
        "      <Dialed>2</Dialed>\r\n"
        "      <CallerId>1</CallerId>\r\n"
        "      <Type>Audio</Type>\r\n"
        "      <CallId>C1</CallId>\r\n"
        "    </Call>\r\n"
        "  </Calls>\r\n"
        "</Response>"
    )


def test_users(address: str, system: PhoneSystem) -> None:
    system.http_api.users["user1000"] = "mypassword12"

    def client(name: str, password: str) -> PhoneSystemClient:
        return PhoneSystemClient(address, username=name, password=password)

    assert client("user1000", "mypassword12").list_active_calls() == []
    for act, code in (
        (PhoneSystemClient(address).list_active_calls, 304),
        (client("user1000", "").list_active_calls, 304),
        (client("user1000", "other").list_active_calls, 305),
        (client("user2", "mypassword12").list_active_calls, 305),
    ):
        with pytest.raises(AuthenticationFailed) as caught:
            act()
        assert caught.value.code == code
    assert "mypassword12" not in "".join(map(str, system.sessions))


def test_what_is_no_request(system: PhoneSystem) -> None:
    client = Client(system.http_api)
    assert client.put("/").status_code == 405
    assert client.post("/", data=b"a" * 1_048_577).status_code == 413
    raw = b"command=SendSms&apiextension=1&recipient=2&message=caf\xe9+%E9&message=x"
    reply = client.post("/any/path?message=&x=1", data=raw)
    assert "<SmsId>S1</SmsId>" in reply.text
    assert system.sms_sent[0].message == ""


def test_bytes_that_are_no_utf8(system: PhoneSystem) -> None:
    raw = b"command=SendSms&apiextension=1&recipient=2&message=caf\xe9+%E9"
    Client(system.http_api).post("/", data=raw)
    assert system.sms_sent[0].message == "caf\ufffd \ufffd"


def test_urls_outside_of_the_application_are_not_opened(
    client: PhoneSystemClient, system: PhoneSystem
) -> None:
    elsewhere = "http://169.254.169.254/latest"
    client.call("1", api_extension="2", url=elsewhere)
    system.calls_placed[0].answer()
    client.send_sms(
        "Hi", recipient="1", api_extension="2", delivery_report_url=elsewhere
    )
    system.deliver(system.sms_sent[0])
    assert system.not_opened == [elsewhere, elsewhere]
    assert [error.code for error in system.errors] == [302, 302]


def test_many_at_once(client: PhoneSystemClient, pages: Pages) -> None:
    call = pages.system.call_between().answer()

    def toggle() -> None:
        for _ in range(10):
            client.hold(call.id)
            with contextlib.suppress(PhoneSystemError):
                client.unhold(call.id)

    threads = [threading.Thread(target=toggle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.hangup(call.id)
    seen = pages.states[2:]
    assert seen[0] == "Hold"
    assert sorted(set(seen)) == ["Completed", "Hold", "InCall"]
    assert seen.count("Hold") - seen.count("InCall") in (0, 1)


def test_requests_are_in_the_transcripts(
    client: PhoneSystemClient, system: PhoneSystem
) -> None:
    client.send_sms("Hi", recipient="+36", api_extension="1")
    refused(601, lambda: client.hangup("x"))
    assert [str(session) for session in system.sessions] == [
        "Request SendSms\n* sends a text message to +36: Hi\n"
        "* 200 Command successfully executed",
        "Request Hangup\n! 601 Call not found with ID 'x'",
    ]


class Lines(io.StringIO):
    """Keeps the lines that were written until they are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def write(self, text: str) -> int:
        for line in text.splitlines():
            self.lines.put(line)
        return len(text)

    def up_to(self, last: str) -> list[str]:
        found = [self.lines.get(timeout=10)]
        while last not in found[-1]:
            found.append(self.lines.get(timeout=10))
        return found


@contextlib.contextmanager
def serving(
    system: PhoneSystem, **options: t.Any
) -> Iterator[tuple[PhoneSystemClient, Lines]]:
    out = Lines()
    over = threading.Event()
    options = {"out": out, "port": 0, "wait": over.wait, **options}
    thread = threading.Thread(target=server.serve, args=(system,), kwargs=options)
    thread.start()
    try:
        (line,) = out.up_to("The phone system listens at ")
        yield PhoneSystemClient(line.split()[5]), out
    finally:
        over.set()
        thread.join()


def test_development_server_plays_what_people_do(pages: Pages) -> None:
    pages.pages["connected"] = [
        UserInput(
            Speak("Press 1 to confirm."),
            inputs={
                "1": SendSms(
                    "See you",
                    recipient="2310",
                    delivery_report_url=url("report"),
                )
            },
            timeout=5,
        ),
        Speak("Good bye."),
    ]
    with serving(pages.system, press=["12"]) as (client, out):
        client.call("2310", api_extension="9999", url=url("connected"))
        assert out.up_to("delivered") == [
            "Request Call",
            "* 200 Command successfully executed",
            "Call from 9999 to 2310",
            "> (answers)",
            "< Press 1 to confirm.",
            "> 12",
            "* sends a text message to 2310: See you",
            "< Good bye.",
            "* 2 has no effect",
            "* hung up",
            "Text message to 2310: delivered",
        ]
        client.list_active_calls()
        assert out.up_to("* 200") == [
            "Request ListActiveCalls",
            "* 200 Command successfully executed",
        ]
    assert [name for name in pages.asked if name != "call_changed"] == [
        "connected",
        "report",
    ]


def test_development_server_lets_time_pass(pages: Pages) -> None:
    forever = UserInput(Speak("Well?"), timeout=20, repeat=True)
    pages.pages["connected"] = [forever]
    pages.pages["silent"] = [Record(finished_url=url("recorded"))]
    with serving(pages.system) as (client, out):
        for name, lines in {
            "connected": ["< Well?", *["> (waits)", "< Well?"] * 2, "> (waits)"],
            "silent": ["* records", "> (waits)"],
        }.items():
            client.call("1", api_extension="2", url=url(name))
            found = out.up_to("> (hangs up)")
            assert found[found.index("> (answers)") + 1 : -1] == lines
    assert {call.clock for call in pages.system.calls} == {server.PATIENCE}


def test_development_server_with_a_busy_extension(pages: Pages) -> None:
    pages.system.extensions["1"] = "busy"
    with serving(pages.system) as (client, out):
        client.call("1", api_extension="9", url=url("connected"))
        assert "state 'Busy'" in out.up_to("! 402")[-1]


def test_development_server_survives_the_application(pages: Pages) -> None:
    def fail() -> str:
        raise LookupError("in the view")

    pages.pages["connected"] = fail
    with serving(pages.system) as (client, out):
        for _ in range(2):
            client.call("1", api_extension="9", url=url("connected"))
            assert "Traceback" in " ".join(out.up_to("LookupError: in the view"))


def test_development_server_has_an_end(pages: Pages) -> None:
    pages.pages["connected"] = [Call("1", url=url("connected")), Delay(1), Hangup()]
    with serving(pages.system) as (client, out):
        client.call("1", api_extension="9", url=url("connected"))
        found = out.up_to("The rest waits")
        assert found.count("> (answers)") == 50


def test_development_server_ends_by_ctrl_c(system: PhoneSystem) -> None:
    def interrupt() -> t.NoReturn:
        raise KeyboardInterrupt

    out = io.StringIO()
    server.serve(system, out, port=0, wait=interrupt)
    assert out.getvalue().startswith("The phone system listens at http://127.0.0.1:")
    with pytest.raises(InvalidParameter):
        server.serve(system, out, port=0, press=["1", "x"], wait=interrupt)


def test_served_on_ipv6(system: PhoneSystem) -> None:
    with server.served(system.http_api, "::1") as address:
        assert address.startswith("http://[::1]:")
        assert PhoneSystemClient(address).list_active_calls() == []


def test_codes_have_messages() -> None:
    from flask_ozml.simulator.http_forms import _MESSAGES

    assert StatusCode.__members__.keys() - {code.name for code in _MESSAGES} == {
        "FORBIDDEN_USER",
        "FORBIDDEN_ADDRESS",
    }
