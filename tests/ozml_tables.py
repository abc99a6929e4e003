"""OzML as it is written by hand, by the vendor, and as three parsers read it."""

import pathlib
import typing as t
from xml.etree import ElementTree

from lxml import etree
from saxonche import PySaxonProcessor

from apps import document as document
from flask_ozml.commands import AttendedTransfer
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Call
from flask_ozml.commands import Command
from flask_ozml.commands import Delay
from flask_ozml.commands import Element
from flask_ozml.commands import Forward
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Hold
from flask_ozml.commands import Play
from flask_ozml.commands import Record
from flask_ozml.commands import Reject
from flask_ozml.commands import Route
from flask_ozml.commands import SendDTMF
from flask_ozml.commands import SendEmail
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import Unhold
from flask_ozml.commands import UserInput

DATA = pathlib.Path(__file__).parent / "data" / "ozml"
URL = "http://yourapp.com/phone?a=1&b=2"
URL_IN_XML = "http://yourapp.com/phone?a=1&amp;b=2"


class Node(t.NamedTuple):
    """An element as a parser reads it."""

    name: str
    attributes: dict[str, str]
    content: "list[str | Node]"

    @property
    def text(self) -> str:
        return "".join(item for item in self.content if isinstance(item, str))

    @property
    def elements(self) -> "list[Node]":
        return [item for item in self.content if isinstance(item, Node)]


def from_element(element: t.Any) -> Node:
    content: list[str | Node] = [element.text] if element.text else []
    for child in element:
        content.append(from_element(child))
        if child.tail:
            content.append(child.tail)
    return Node(element.tag, dict(element.attrib), content)


def by_expat(data: bytes) -> Node:
    return from_element(ElementTree.fromstring(data))


def by_libxml2(data: bytes) -> Node:
    return from_element(etree.fromstring(data, etree.XMLParser(huge_tree=True)))


SAXON = PySaxonProcessor(license=False)


def from_saxon(node: t.Any) -> Node:
    return Node(
        node.local_name,
        {attribute.local_name: attribute.string_value for attribute in node.attributes},
        [
            child.string_value if child.node_kind_str == "text" else from_saxon(child)
            for child in node.children
        ],
    )


def by_xerces(data: bytes) -> Node:
    """Read with the parser inside Saxon, the only one of the three not written in C."""
    return from_saxon(SAXON.parse_xml(xml_text=data.decode()).children[0])


READERS = [by_expat, by_libxml2, by_xerces]


#: Commands, and their markup as it is written.
FORMS: list[tuple[Command, str]] = [
    (Route(""), '<Route Destination=""/>'),
    (Route("1000"), '<Route Destination="1000"/>'),
    (
        Route("line 1", ring_time=30, caller_id="3000", dialed_number="234567"),
        '<Route Destination="line 1" RingTime="30" CallerId="3000"'
        ' DialedNumber="234567"/>',
    ),
    (
        AttendedTransfer(target_call_id="HL1bE"),
        '<AttendedTransfer TargetCallId="HL1bE"/>',
    ),
    (
        AttendedTransfer(
            target_call_id="HL1bE",
            transferred_call_id="270Okv",
            transferor_party="caller",
        ),
        '<AttendedTransfer TargetCallId="HL1bE" TransferredCallId="270Okv"'
        ' TransferorParty="caller"/>',
    ),
    (BlindTransfer("1001"), "<BlindTransfer>1001</BlindTransfer>"),
    (
        BlindTransfer(
            "1001", transferor_party="callee", call_id="H2Wwb", finished_url=URL
        ),
        '<BlindTransfer TransferorParty="callee" CallId="H2Wwb"'
        f' FinishedUrl="{URL_IN_XML}">1001</BlindTransfer>',
    ),
    (Forward("500"), '<Forward Destination="500"/>'),
    (
        Forward("500", call_id="H2Wwb"),
        '<Forward Destination="500" CallId="H2Wwb"/>',
    ),
    (Hangup(), "<Hangup/>"),
    (Hangup(call_id="23Xdz7"), '<Hangup CallId="23Xdz7"/>'),
    (Hold(), "<Hold/>"),
    (Hold(call_id="23Xdz7"), '<Hold CallId="23Xdz7"/>'),
    (Unhold(), "<Unhold/>"),
    (Unhold(call_id="23Xdz7"), '<Unhold CallId="23Xdz7"/>'),
    (Play("hello.wav"), "<Play>hello.wav</Play>"),
    (Play("hello.wav", repeat=False), '<Play Repeat="false">hello.wav</Play>'),
    (
        Play("hello.wav", party="all", call_id="23Xdz7", repeat=True),
        '<Play Party="all" CallId="23Xdz7" Repeat="true">hello.wav</Play>',
    ),
    (Record(), "<Record/>"),
    (
        Record(
            finished_url=URL,
            format="wav",
            call_id="6eg3ft",
            duration=60,
            inactivity=0,
            finish_digits="7890*#",
        ),
        f'<Record FinishedUrl="{URL_IN_XML}" Format="wav" CallId="6eg3ft"'
        ' Duration="60" Inactivity="0" FinishDigits="7890*#"/>',
    ),
    (
        SendDTMF("01234#", party="caller"),
        '<SendDTMF Keys="01234#" Party="caller"/>',
    ),
    (
        SendDTMF("A", party="callee", call_id="23Xdz7"),
        '<SendDTMF Keys="A" Party="callee" CallId="23Xdz7"/>',
    ),
    (Speak(""), "<Speak/>"),
    (Speak("Hi"), "<Speak>Hi</Speak>"),
    (Speak(" Hi\n"), "<Speak> Hi\n</Speak>"),
    (
        Speak("Hi", party="all", call_id="23Xdz7", language="en-UK"),
        '<Speak Party="all" CallId="23Xdz7" Language="en-UK">Hi</Speak>',
    ),
    (
        Call("2310", url="http://yourapp.com/"),
        '<Call Url="http://yourapp.com/">2310</Call>',
    ),
    (
        Call(
            "2310",
            url="http://yourapp.com/",
            api_extension="9994",
            caller_id="3000",
            caller_display_name="Ozeki",
            error_url=URL,
        ),
        '<Call Url="http://yourapp.com/" ApiExtension="9994" CallerId="3000"'
        f' CallerDisplayName="Ozeki" ErrorUrl="{URL_IN_XML}">2310</Call>',
    ),
    (Delay(0), "<Delay>0</Delay>"),
    (Delay(86_400), "<Delay>86400</Delay>"),
    (GoTo(URL), f"<GoTo>{URL_IN_XML}</GoTo>"),
    (Reject(), "<Reject/>"),
    (SendEmail(recipient="a@b.example"), '<SendEmail Recipient="a@b.example"/>'),
    (
        SendEmail(
            recipient="a@b.example",
            subject="Hi",
            message="Hello!\r\n\tBye.",
            sender='"C" <c@d.example>',
            api_extension="9994",
        ),
        '<SendEmail Recipient="a@b.example" Subject="Hi"'
        ' Message="Hello!&#13;&#10;&#9;Bye."'
        ' Sender="&quot;C&quot; &lt;c@d.example&gt;" ApiExtension="9994"/>',
    ),
    (
        SendSms("Hello!", recipient="+062554670"),
        '<SendSms Recipient="+062554670">Hello!</SendSms>',
    ),
    (
        SendSms(
            "Hello!",
            recipient="+062554670",
            sender="+061554669",
            delivery_report_url=URL,
            api_extension="9994",
        ),
        '<SendSms Recipient="+062554670" Sender="+061554669"'
        f' DeliveryReportURL="{URL_IN_XML}" ApiExtension="9994">Hello!</SendSms>',
    ),
    (UserInput(timeout=None), "<UserInput><InitialCommands/></UserInput>"),
    (
        UserInput(Speak("Hi"), Delay(1), timeout=None),
        "<UserInput><InitialCommands><Speak>Hi</Speak><Delay>1</Delay>"
        "</InitialCommands></UserInput>",
    ),
    (
        UserInput(inputs={"1": []}, timeout=None),
        '<UserInput><InitialCommands/><Inputs><Input key="1"/></Inputs></UserInput>',
    ),
    (
        UserInput(
            Speak("Hi"),
            inputs={
                "12": [Speak("Bye"), Hangup()],
                "*": UserInput(inputs={"#": Hangup()}, timeout=None, back_key="0"),
            },
            repeat=True,
            timeout=10,
            back_key="*",
            digits=4,
            min_digits=1,
            max_digits=4,
            forward_to_url=URL,
        ),
        '<UserInput Repeat="true" Timeout="10" BackKey="*" Digits="4" MinDigits="1"'
        f' MaxDigits="4" ForwardToUrl="{URL_IN_XML}">'
        "<InitialCommands><Speak>Hi</Speak></InitialCommands>"
        '<Inputs><Input key="12"><Speak>Bye</Speak><Hangup/></Input>'
        '<Input key="*"><UserInput BackKey="0"><InitialCommands/>'
        '<Inputs><Input key="#"><Hangup/></Input></Inputs></UserInput></Input>'
        "</Inputs></UserInput>",
    ),
    (Element("Beep"), "<Beep/>"),
    (
        Element(
            "Array",
            {"ID": "a<b", "lang": "en"},
            "x & y",
            Element("item", None, "Hello"),
            Hangup(),
            "z",
        ),
        '<Array ID="a&lt;b" lang="en">x &amp; y<item>Hello</item><Hangup/>z</Array>',
    ),
]


MENU = [
    Speak("For the silver package, press 1."),
    Speak("For the golden package, press 2."),
]
#: The documents of the vendor's pages in tests/data/ozml, as commands.
VENDOR: dict[str, list[Command]] = {
    "delay_and_speak": [Delay(1), Speak("Hello!"), Delay(2), Speak("How are you?")],
    "attended_transfer": [
        Speak("Please hold the line.", party="all"),
        AttendedTransfer(target_call_id="HL1bE", transferor_party="caller"),
    ],
    "blind_transfer_third_party": [
        Play("hello.wav", party="all"),
        Speak("Please hold the line.", party="all"),
        BlindTransfer(
            "1001", transferor_party="callee", finished_url="http://domain.com/proc.php"
        ),
    ],
    "blind_transfer_extension": [
        Speak("Please hold the line."),
        Delay(5),
        BlindTransfer("1001"),
    ],
    "call": [
        Speak("We will call your friend now."),
        Call(
            "2310",
            url="http://yourdomain.com/ozml_example/call_connected.php",
            caller_id="3000",
        ),
    ],
    "forward": [Forward("500")],
    "goto": [
        UserInput(
            Speak("To send a text message, press 1."),
            Speak("To talk to somebody, press 2."),
            inputs={
                "1": GoTo("http://yourapp.com/press1.php"),
                "2": GoTo("http://yourapp.com/press2.php"),
            },
            timeout=10,
            repeat=True,
        )
    ],
    "hangup_third_party": [Hangup(call_id="23Xdz7"), Hangup()],
    "hangup_extension": [
        UserInput(
            *MENU,
            inputs={
                "1": [Speak("You have chosen silver."), Hangup()],
                "2": [Speak("You have chosen gold."), Hangup()],
            },
            timeout=2,
            repeat=True,
        )
    ],
    "hold": [Hold()],
    "unhold": [
        Unhold(call_id="23Xdz7"),
        Unhold(),
        Speak("Thank you for waiting.", party="all"),
    ],
    "play_third_party": [Play("hello.wav", party="all")],
    "play_extension": [Play("hello.wav", repeat=True)],
    "record_third_party": [
        Record(
            finished_url="http://yourapp.com/record_finished.php",
            format="wav",
            call_id="6eg3ft",
        )
    ],
    "record_extension": [
        Record(
            finished_url="http://yourapp.com/record_finished.php",
            format="wav",
            finish_digits="12",
        )
    ],
    "reject": [Reject()],
    "route": [
        Route(""),
        Route("1000", ring_time=30),
        Route("voipservice1", ring_time=30),
        Route("voipservice1", ring_time=30, dialed_number="234567"),
    ],
    "send_dtmf": [SendDTMF("01234#", party="caller")],
    "send_sms": [
        Speak("You will get a text message."),
        SendSms("Hello! How are you?", recipient="+062554670"),
        Speak("Good bye."),
        Hangup(),
    ],
    "speak": [Speak("How are you?", language="en-UK")],
    "ivr_incoming_call": [
        UserInput(
            Speak(f"\n{16 * ' '}Please enter your PIN code.\n{12 * ' '}"),
            forward_to_url="http://yourapp.com/dtmf_received.php",
            digits=4,
            timeout=10,
            repeat=True,
        )
    ],
    "ivr_dtmf_received": [GoTo("http://yourapp.com/dtmf_received.php?accountid=1")],
    "ivr_members_area": [
        UserInput(
            Speak("For your balance, press 1."),
            inputs={
                "1": Speak("Your balance is 10 dollars."),
                "2": BlindTransfer("2000"),
            },
            timeout=5,
            repeat=True,
        )
    ],
    "reminder_call_connected": [Speak("You have an appointment tomorrow.")],
    "array_and_for_each": [
        Element(
            "array",
            {"id": "sampleArray"},
            Element("item", {}, "Hello"),
            Element("item", {}, "Welcome"),
        ),
        Element("ForEach", {"source": "sampleArray"}, Speak("$item")),
    ],
    "var": [Element("var", {"id": "exampleID"}, "Hello"), Speak("$exampleID")],
    "move_file": [
        Element(
            "MoveFile",
            {"SourceFile": "$item.message", "TargetDirectory": "$oldmessagepath"},
        ),
        Element("DeleteFile"),
    ],
    "send_msg": [
        Element(
            "SendMsg",
            {
                "ToConnection": "gmail_client_1@localhost",
                "ToAddress": "test.ozeki@gmail.com",
            },
            "Hello world!",
        )
    ],
    "forward_call": [Element("ForwardCall", {"Destination": "102"})],
    "receive_alarm_notification": [
        Element(
            "ReceiveAlarmNotification",
            {},
            Element(
                "Received",
                {},
                SendEmail(
                    recipient="recepient@mail.com",
                    message="Account $account, event $eventname",
                    subject="alarmTest",
                ),
            ),
        )
    ],
}


def as_xml_holds(text: str) -> str:
    """Replace what is not a Char of XML 1.0 (its production [2]) by U+FFFD."""
    return "".join(
        char
        if char in "\t\n\r"
        or "\x20" <= char <= "\ud7ff"
        or "\ue000" <= char <= "\ufffd"
        or char >= "\U00010000"
        else "\ufffd"
        for char in text
    )
