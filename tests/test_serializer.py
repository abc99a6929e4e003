"""Commands become documents, and documents commands."""

import contextlib
import copy
import encodings
import enum
import pkgutil
import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from xml.etree import ElementTree

import pytest
from hypothesis import assume
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from apps import document
from flask_ozml.commands import AttendedTransfer
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import BY_NAME
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
from flask_ozml.commands import rules
from flask_ozml.commands import SendDTMF
from flask_ozml.commands import SendEmail
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import Unhold
from flask_ozml.commands import UserInput
from flask_ozml.errors import CommandError
from flask_ozml.errors import InvalidParameter
from flask_ozml.errors import NotImplementedCommand
from flask_ozml.errors import ParseError
from flask_ozml.serializer import dumps
from flask_ozml.serializer import loads
from ozml_tables import as_xml_holds
from ozml_tables import by_expat
from ozml_tables import DATA
from ozml_tables import FORMS
from ozml_tables import Node
from ozml_tables import READERS
from ozml_tables import URL
from ozml_tables import VENDOR


@pytest.mark.parametrize("command, written", FORMS)
def test_each_command_is_written_by_its_table_and_read_back(
    command: Command, written: str
) -> None:
    assert dumps([command]) == document(written)
    assert loads(document(written)) == [command]


def test_the_forms_hold_every_argument() -> None:
    for name, command in BY_NAME.items():
        forms = [form for form, _ in FORMS if type(form) is command]
        assert forms, name
        for argument in command.arguments:
            values = [getattr(form, argument.name) for form in forms]
            assert any(value is not None for value in values), (name, argument.name)


def test_commands_are_written_in_their_order() -> None:
    commands = [command for command, _ in FORMS]
    written = "".join(written for _, written in FORMS)
    assert dumps(commands) == document(written)
    assert loads(document(written)) == commands


def test_an_answer_may_be_empty() -> None:
    assert dumps([]) == document()
    assert loads(dumps([])) == []


@pytest.mark.parametrize("read", READERS)
def test_every_parser_reads_the_forms_alike(read: Callable[[bytes], Node]) -> None:
    data = dumps([command for command, _ in FORMS])
    root = read(data)
    assert root == by_expat(data)
    assert root.name == "Response"
    assert len(root.elements) == len(FORMS)


class Greeting(Speak):
    """A user's own command."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Hello {name}!")


def test_a_subclass_is_written_as_the_command_that_it_extends() -> None:
    assert dumps([Greeting("John")]) == document("<Speak>Hello John!</Speak>")


class Language(str, enum.Enum):  # noqa: UP042  # what Flask sites written before 3.11 have
    ENGLISH = "en-UK"


class Wait(int, enum.Enum):
    SHORT = 5


def test_members_of_enumerations_are_written_as_their_values() -> None:
    assert dumps([Speak("Hi", language=Language.ENGLISH)]) == document(
        '<Speak Language="en-UK">Hi</Speak>'
    )
    assert dumps([Speak(Language.ENGLISH)]) == document("<Speak>en-UK</Speak>")
    assert dumps([Delay(Wait.SHORT)]) == document("<Delay>5</Delay>")
    assert dumps([Route("1", ring_time=Wait.SHORT)]) == document(
        '<Route Destination="1" RingTime="5"/>'
    )


class Misleading(str):
    """A str that formats as another text, as markup classes do."""

    __slots__ = ()

    def __str__(self) -> str:
        return '"><Hangup/>'

    def __format__(self, spec: str) -> str:
        return str(self)


def test_a_subclass_of_str_is_written_as_the_text_that_it_holds() -> None:
    text = Misleading
    menu = UserInput(inputs={text("1"): Speak(text("Hi"), language=text("en"))})
    assert dumps([menu]).endswith(
        b'<Inputs><Input key="1"><Speak Language="en">Hi</Speak></Input></Inputs>'
        b"</UserInput></Response>"
    )
    beep = Element(text("Beep"), {text("Pitch"): text("high")}, text("a"), text("b"))
    assert dumps([beep]).endswith(b'<Response><Beep Pitch="high">ab</Beep></Response>')


def test_the_vendors_examples_are_all_read() -> None:
    assert {path.stem for path in DATA.iterdir()} == VENDOR.keys()


@pytest.mark.parametrize("name", VENDOR)
def test_a_document_of_the_vendor_is_read_and_written_again(name: str) -> None:
    data = (DATA / f"{name}.xml").read_bytes()
    assert loads(data) == VENDOR[name]
    assert loads(data.decode()) == VENDOR[name]
    assert loads(dumps(VENDOR[name])) == VENDOR[name]


HARD = (
    "<>&\"'\r\n\t ]\x00\x0b\x0c\x1f\x7f\x85\xa0\u2028\ufeff\ufffe\uffff"
    "\ud83d\ude00\U0001f600"
)
ANY_CHARACTER = st.characters(exclude_categories=())
ANY_TEXT = st.text(ANY_CHARACTER) | st.text(st.sampled_from(HARD))
ANY_LINE = st.text(
    st.characters(exclude_categories=(), exclude_characters="\r\n"), min_size=1
)
ANY_SENDER = st.text(st.characters(exclude_categories=["Cc"]))
ANY_DESTINATION = st.text(
    st.characters(
        exclude_categories=("Cc", "Zs", "Zl", "Zp"), exclude_characters="<>\"'&;,/"
    ),
    min_size=1,
)
ANY_URL = st.text(st.characters(exclude_categories=("Cc", "Zs", "Zl", "Zp"))).map(
    "http://yourapp.com/".__add__
)

SLOTS: list[tuple[Callable[[str], Command], str | None, st.SearchStrategy[str]]] = [
    (lambda text: Route(text), "Destination", ANY_DESTINATION),
    (lambda text: Route("1", caller_id=text), "CallerId", ANY_SENDER),
    (lambda text: Route("1", dialed_number=text), "DialedNumber", ANY_DESTINATION),
    (lambda text: AttendedTransfer(target_call_id=text), "TargetCallId", ANY_TEXT),
    (
        lambda text: AttendedTransfer(target_call_id="1", transferred_call_id=text),
        "TransferredCallId",
        ANY_TEXT,
    ),
    (lambda text: BlindTransfer(text), None, ANY_DESTINATION),
    (lambda text: BlindTransfer("1", call_id=text), "CallId", ANY_TEXT),
    (lambda text: BlindTransfer("1", finished_url=text), "FinishedUrl", ANY_URL),
    (lambda text: Forward(text), "Destination", ANY_DESTINATION),
    (lambda text: Forward("1", call_id=text), "CallId", ANY_TEXT),
    (lambda text: Hangup(call_id=text), "CallId", ANY_TEXT),
    (lambda text: Hold(call_id=text), "CallId", ANY_TEXT),
    (lambda text: Unhold(call_id=text), "CallId", ANY_TEXT),
    (lambda text: Play(text), None, ANY_TEXT),
    (lambda text: Play("", call_id=text), "CallId", ANY_TEXT),
    (lambda text: Record(finished_url=text), "FinishedUrl", ANY_URL),
    (lambda text: Record(call_id=text), "CallId", ANY_TEXT),
    (lambda text: SendDTMF("1", party="all", call_id=text), "CallId", ANY_TEXT),
    (lambda text: Speak(text), None, ANY_TEXT),
    (lambda text: Speak("", call_id=text), "CallId", ANY_TEXT),
    (lambda text: Speak("", language=text), "Language", ANY_TEXT),
    (lambda text: Call(text, url=URL), None, ANY_DESTINATION),
    (lambda text: Call("1", url=text), "Url", ANY_URL),
    (lambda text: Call("1", url=URL, api_extension=text), "ApiExtension", ANY_TEXT),
    (lambda text: Call("1", url=URL, caller_id=text), "CallerId", ANY_SENDER),
    (
        lambda text: Call("1", url=URL, caller_display_name=text),
        "CallerDisplayName",
        ANY_SENDER,
    ),
    (lambda text: Call("1", url=URL, error_url=text), "ErrorUrl", ANY_URL),
    (lambda text: GoTo(text), None, ANY_URL),
    (lambda text: SendEmail(recipient=text), "Recipient", ANY_LINE),
    (lambda text: SendEmail(recipient="1", subject=text), "Subject", ANY_LINE),
    (lambda text: SendEmail(recipient="1", message=text), "Message", ANY_TEXT),
    (lambda text: SendEmail(recipient="1", sender=text), "Sender", ANY_SENDER),
    (
        lambda text: SendEmail(recipient="1", api_extension=text),
        "ApiExtension",
        ANY_TEXT,
    ),
    (lambda text: SendSms(text, recipient="1"), None, ANY_TEXT),
    (lambda text: SendSms("", recipient=text), "Recipient", ANY_DESTINATION),
    (lambda text: SendSms("", recipient="1", sender=text), "Sender", ANY_SENDER),
    (
        lambda text: SendSms("", recipient="1", delivery_report_url=text),
        "DeliveryReportURL",
        ANY_URL,
    ),
    (
        lambda text: SendSms("", recipient="1", api_extension=text),
        "ApiExtension",
        ANY_TEXT,
    ),
    (lambda text: UserInput(forward_to_url=text), "ForwardToUrl", ANY_URL),
    (lambda text: Element("Beep", {"Text": text}), "Text", ANY_TEXT),
    (lambda text: Element("Beep", {}, text), None, ANY_TEXT),
]


@given(st.data(), st.sampled_from(SLOTS))
@settings(max_examples=600)
def test_any_text_in_any_argument_is_read_back_by_three_parsers(
    data: st.DataObject,
    slot: tuple[Callable[[str], Command], str | None, st.SearchStrategy[str]],
) -> None:
    build, attribute, texts = slot
    text = data.draw(texts)
    written = dumps([build(text)])
    for read in READERS:
        [node] = read(written).elements
        found = node.text if attribute is None else node.attributes[attribute]
        assert found == as_xml_holds(text)


HARD_TEXTS = [
    "",
    " ",
    "\n",
    "\r",
    "\t",
    "\r\n",
    "\n\r\n\r",
    " a  b ",
    "a\r\nb\tc\rd\ne",
    "\r\n \t",
    "]]>",
    "]]&gt;",
    "<![CDATA[a]]>",
    "<!-- a -->",
    "<?a b?>",
    "</Speak><Hangup/>",
    '"/><DeleteFile x="',
    "' or '1'='1",
    "&amp;",
    "&#13;",
    "&#0;",
    "&a;",
    "%00",
    "\ufeffa\ufeff",
    "\x85\u2028\u2029",
    "\x00\x0c\ufffe\uffff",
    "\ud800",
    "\udc00\ud800",
    "\ud83d\ude00",
    "\U0001f600\U0010ffff",
    "$item",
    "{0} %s ${a}",
]


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_a_text_that_looks_like_markup_is_text(text: str) -> None:
    held = as_xml_holds(text)
    commands = [Speak(text, language=text), Element("Beep", {"a": text}, text)]
    for read in READERS:
        speak, beep = read(dumps(commands)).elements
        assert (speak.name, speak.elements) == ("Speak", [])
        assert (speak.text, speak.attributes) == (held, {"Language": held})
        assert (beep.text, beep.attributes) == (held, {"a": held})
    assert loads(dumps(commands)) == [
        Speak(held, language=held),
        Element("Beep", {"a": held}, held),
    ]


@pytest.mark.parametrize(
    "text, in_text, in_attribute",
    [
        ("a\r\n\tb", "a&#13;\n\tb", "a&#13;&#10;&#9;b"),
        ("<a>&\"'", "&lt;a&gt;&amp;\"'", "&lt;a&gt;&amp;&quot;'"),
        ("a\x00\ud800\uffffb", "a\ufffd\ufffd\ufffdb", "a\ufffd\ufffd\ufffdb"),
        ("\xe9\u20ac\U0001f600", "\xe9\u20ac\U0001f600", "\xe9\u20ac\U0001f600"),
    ],
)
def test_texts_and_attributes_are_escaped(
    text: str, in_text: str, in_attribute: str
) -> None:
    assert dumps([Speak(text, language=text)]) == document(
        f'<Speak Language="{in_attribute}">{in_text}</Speak>'
    )


@pytest.mark.parametrize("printable", [True, False])
def test_every_code_point_is_written_as_text_and_as_attribute(printable: bool) -> None:
    # Printable text apart, because a writer may take longer over other characters.
    every = map(chr, range(0x110000))
    text = "".join(char for char in every if char.isprintable() is printable)
    for start in range(0, len(text), 4096):
        part = text[start : start + 4096]
        held = as_xml_holds(part)
        written = dumps([Speak(part, language=part)])
        for read in READERS:
            [speak] = read(written).elements
            assert speak.text == held
            assert speak.attributes == {"Language": held}
        assert loads(written) == [Speak(held, language=held)]


NOT_XML = "\ufffe\uffff" + "".join(set(map(chr, range(32))) - set("\t\n\r"))
XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=NOT_XML)
) | st.text(st.sampled_from("<>&\"'\r\n\t ]\x7f\x85\xa0\u2028\ufeff\U0001f600"))
XML_URL = st.text(
    st.characters(
        exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"),
        exclude_characters="\ufffe\uffff",
    )
).map("http://yourapp.com/".__add__)
XML_DESTINATION = st.text(
    st.characters(
        exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"),
        exclude_characters="<>\"'&;,/\ufffe\uffff",
    ),
    min_size=1,
)
KEYS = st.text("0123456789*#ABCD", min_size=1, max_size=5)
VALUES: dict[rules.Rule, st.SearchStrategy[t.Any]] = {
    rules.rule_of(annotation): values
    for annotation, values in (
        (rules.Text, XML_TEXT),
        (rules.Flag, st.booleans()),
        (rules.Header, XML_TEXT.filter(lambda text: not set(text) & set("\r\n"))),
        (rules.Address, XML_DESTINATION),
        (rules.Sender, XML_DESTINATION | st.just("")),
        (rules.Destination, XML_DESTINATION),
        (rules.RouteDestination, XML_DESTINATION | st.sampled_from(["", "line 1"])),
        *(
            (url, XML_URL)
            for url in (
                rules.Url,
                rules.CallConnectedUrl,
                rules.DtmfEnteredUrl,
                rules.ErrorUrl,
                rules.GoToUrl,
                rules.RecordCompletedUrl,
                rules.SMSDeliveryReportUrl,
            )
        ),
        (rules.Keys, KEYS),
        (rules.Key, st.sampled_from("0123456789*#ABCD")),
        (rules.Party, st.sampled_from(["caller", "callee", "all"])),
        (rules.Transferor, st.sampled_from(["caller", "callee"])),
        (rules.AudioFormat, st.sampled_from(["mp3", "wav"])),
        (rules.Seconds, st.integers(0, 86_400)),
        (rules.DigitCount, st.integers(1, 64)),
    )
}


def arguments_of(command: type[Command]) -> st.SearchStrategy[dict[str, t.Any]]:
    mandatory = {
        row.name: VALUES[row.rule] for row in command.arguments if row.mandatory
    }
    optional = {
        row.name: VALUES[row.rule] for row in command.arguments if not row.mandatory
    }
    return st.fixed_dictionaries(mandatory, optional=optional)


def made_of(command: type[Command]) -> st.SearchStrategy[Command]:
    return arguments_of(command).map(lambda named: command(**named))


PLAIN = st.one_of(
    [made_of(command) for command in BY_NAME.values() if command is not UserInput]
)
XML_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True).filter(
    lambda name: name != "xmlns"
)
ELEMENT_NAMES = XML_NAMES.filter(lambda name: name.lower() not in BY_NAME)


def menus(inner: st.SearchStrategy[t.Any]) -> st.SearchStrategy[Command]:
    def menu(
        initial: list[t.Any], inputs: Mapping[str, list[t.Any]], named: dict[str, t.Any]
    ) -> UserInput:
        assume(named.get("min_digits", 1) <= named.get("max_digits", 64))
        return UserInput(*initial, inputs=inputs, **named)

    return st.builds(
        menu,
        st.lists(inner, max_size=3),
        st.dictionaries(KEYS, st.lists(inner, max_size=3), max_size=3),
        arguments_of(UserInput),
    )


def elements(inner: st.SearchStrategy[t.Any]) -> st.SearchStrategy[Command]:
    def element(name: str, attributes: dict[str, str], content: list[t.Any]) -> Element:
        return Element(name, attributes, *content)

    return st.builds(
        element,
        ELEMENT_NAMES,
        st.dictionaries(XML_NAMES, XML_TEXT, max_size=3),
        st.lists(inner | XML_TEXT, max_size=3),
    )


COMMANDS = st.recursive(
    PLAIN, lambda inner: menus(inner) | elements(inner), max_leaves=6
)


@given(st.lists(COMMANDS, max_size=4))
@settings(max_examples=250)
def test_any_commands_are_read_back_equal(commands: list[Command]) -> None:
    assert loads(dumps(commands)) == commands
    assert loads(dumps(commands).decode()) == commands


@given(st.sampled_from(list(BY_NAME.values())), st.data())
@settings(max_examples=250)
def test_any_one_command_is_read_back_equal(
    command: type[Command], data: st.DataObject
) -> None:
    made = data.draw(menus(PLAIN) if command is UserInput else made_of(command))
    assert loads(dumps([made]), strict=True) == [made]


def test_ten_thousand_commands_are_written_and_read() -> None:
    commands = [Speak(str(number)) for number in range(10_000)]
    written = dumps(commands)
    assert loads(written) == commands
    for read in READERS:
        assert [node.text for node in read(written).elements] == [
            str(number) for number in range(10_000)
        ]


def test_ten_megabytes_of_text_are_written_and_read() -> None:
    text = "<&>\r\n" * 10_000 + "x" * 10_000_000
    written = dumps([Speak(text)])
    assert loads(written) == [Speak(text)]
    for read in READERS:
        assert read(written).elements[0].text == text


def test_ten_megabytes_of_white_space_are_read() -> None:
    assert (
        loads(b" " * 10_000_000 + b"<Response>" + b"\n" * 10_000_000 + b"</Response>")
        == []
    )


def menu_of(levels: int) -> str:
    start, end = "<UserInput><Inputs><Input key='1'>", "</Input></Inputs></UserInput>"
    return f"<Response>{start * levels}<Hangup/>{end * levels}</Response>"


def test_menus_may_nest_fifty_deep() -> None:
    [command] = loads(menu_of(50))
    assert command.depth == 50
    assert loads(dumps([command])) == [command]


@pytest.mark.parametrize(
    "nested",
    [
        menu_of(51),
        menu_of(10_000),
        *(
            f"<Response>{'<a>' * levels}{'</a>' * levels}</Response>"
            for levels in (52, 150, 160, 10_000)
        ),
        f"<Response>{'<InitialCommands>' * 10_000}",
        f"<Response>{'<Speak>' * 10_000}",
        "<Response>" * 10_000,
    ],
)
def test_deeper_nesting_is_refused(nested: str) -> None:
    with pytest.raises(InvalidParameter, match="must not nest more than 50 deep"):
        loads(nested)


def test_elements_may_nest_fifty_deep() -> None:
    [element] = loads(f"<Response>{'<a>' * 50}{'</a>' * 50}</Response>")
    assert element.depth == 50


@pytest.mark.parametrize(
    "text, commands",
    [
        ("<Response/>", []),
        ("<response></response>", []),
        ("<RESPONSE><HANGUP/></RESPONSE>", [Hangup()]),
        ("<OzML><Hangup/></OzML>", [Hangup()]),
        ("<ozml/>", []),
        ("<?xml version='1.0'?><Response/>", []),
        ('\n\n<?xml version="1.0"?>\n<Response/>\n', []),
        ('\r\n \t<?xml version="1.0"?><Response/>', []),
        ("\ufeff<Response/>", []),
        ('\ufeff\n<?xml version="1.0" encoding="utf-8"?><Response/>', []),
        ("<!-- a --><Response/><!-- b -->", []),
        ("<Response xmlns='urn:a' version='1'><Hangup/></Response>", [Hangup()]),
    ],
)
def test_a_document_may_deviate_from_what_is_written(
    text: str, commands: list[Command]
) -> None:
    assert loads(text) == commands
    assert loads(text.encode()) == commands


@pytest.mark.parametrize(
    "written, commands",
    [
        ("\n \t\r\n", []),
        ("<!-- a --><Hangup/><!-- b -->", [Hangup()]),
        ("<speak>Hi</speak>", [Speak("Hi")]),
        ("<sPeAK lAnGuAgE='en'>Hi</sPeAK>", [Speak("Hi", language="en")]),
        ("<Userinput/>", [UserInput(timeout=None)]),
        ("<SendSMS Recipient='1'>Hi</SendSMS>", [SendSms("Hi", recipient="1")]),
        ("<Goto>http://a/</Goto>", [GoTo("http://a/")]),
        ("<Hangup></Hangup>", [Hangup()]),
        ("<Hangup>\n</Hangup>", [Hangup()]),
        ("<Reject> </Reject>", [Reject()]),
        ("<Speak><![CDATA[a <b> & c]]></Speak>", [Speak("a <b> & c")]),
        ("<Speak>a<![CDATA[b]]>c<!-- d -->e</Speak>", [Speak("abce")]),
        ("<Speak>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;</Speak>", [Speak("<>&\"'AB")]),
        ("<Speak>\n  Hi\n  there\n</Speak>", [Speak("\n  Hi\n  there\n")]),
        ("<Speak> </Speak>", [Speak(" ")]),
        ("<Speak/>", [Speak("")]),
        ("<Speak Text='Hi'/>", [Speak("Hi")]),
        ("<Speak Text='Hi'>\n</Speak>", [Speak("Hi")]),
        ("<Speak Text=''/>", [Speak("")]),
        ("<Speak Party=''>Hi</Speak>", [Speak("Hi")]),
        ("<Speak Party=' all '>Hi</Speak>", [Speak("Hi", party="all")]),
        ("<Play AudioFile='a.wav'/>", [Play("a.wav")]),
        ("<Play Repeat='TRUE'>a</Play>", [Play("a", repeat=True)]),
        ("<Play Repeat=' 1 '>a</Play>", [Play("a", repeat=True)]),
        ("<Play Repeat='False'>a</Play>", [Play("a", repeat=False)]),
        ("<Play Repeat='0'>a</Play>", [Play("a", repeat=False)]),
        ("<Play Repeat=''>a</Play>", [Play("a")]),
        ("<Delay> 5 </Delay>", [Delay(5)]),
        ("<Delay>\n005\n</Delay>", [Delay(5)]),
        ("<Delay Time='5'/>", [Delay(5)]),
        ("<Delay time=' 5'> </Delay>", [Delay(5)]),
        ("<GoTo>\n http://a/\n</GoTo>", [GoTo("http://a/")]),
        ("<GoTo Url='http://a/'/>", [GoTo("http://a/")]),
        ("<BlindTransfer> 1001 </BlindTransfer>", [BlindTransfer("1001")]),
        ("<BlindTransfer Target='1001'/>", [BlindTransfer("1001")]),
        (
            "<BlindTransfer TranferorParty='callee'>1</BlindTransfer>",
            [BlindTransfer("1", transferor_party="callee")],
        ),
        (
            "<AttendedTransfer TargetCallId='1' TranferredCallId='2'/>",
            [AttendedTransfer(target_call_id="1", transferred_call_id="2")],
        ),
        ("<Call Dialed='2310' Url='http://a/'/>", [Call("2310", url="http://a/")]),
        (
            "<Call Dialled='2310' URL='http://a/' ErrorUrl=''/>",
            [Call("2310", url="http://a/")],
        ),
        (
            "<SendSms Recipient='1' DelivaryReportURL='http://a/'>a</SendSms>",
            [SendSms("a", recipient="1", delivery_report_url="http://a/")],
        ),
        (
            "<SendSms Message='a' Recipient='1' DeliveryReportURL=''/>",
            [SendSms("a", recipient="1")],
        ),
        (
            "<UserInput ForwardToURL='http://a/' Digits=' 4 '/>",
            [UserInput(forward_to_url="http://a/", timeout=None, digits=4)],
        ),
        (
            "<USERINPUT ENTEREDURL='http://a/'><INPUTS><INPUT KEY=' 1 '/></INPUTS>"
            "</USERINPUT>",
            [UserInput(inputs={"1": []}, timeout=None, forward_to_url="http://a/")],
        ),
        (
            "<UserInput><inputs><input key='1'/></inputs><initialcommands><hangup/>"
            "</initialcommands></UserInput>",
            [UserInput(Hangup(), inputs={"1": []}, timeout=None)],
        ),
        (
            "<UserInput><Inputs/><Inputs><Input key='1'/></Inputs><Inputs>"
            "<Input key='2'/></Inputs></UserInput>",
            [UserInput(inputs={"1": [], "2": []}, timeout=None)],
        ),
        (
            "<UserInput><InitialCommands><Hangup/></InitialCommands>"
            "<InitialCommands><Reject/></InitialCommands></UserInput>",
            [UserInput(Hangup(), Reject(), timeout=None)],
        ),
        ("<Route>1000</Route>", [Route("1000")]),
        ("<Route Destination=''/>", [Route("")]),
        ("<Route Destination='1' RingTime=''/>", [Route("1")]),
        ("<Forward>500</Forward>", [Forward("500")]),
        ("<SendDTMF Party='all'>12</SendDTMF>", [SendDTMF("12", party="all")]),
        ("<Beep/>", [Element("Beep")]),
        (
            "<Beep Times='2'> a <Hangup/> b </Beep>",
            [Element("Beep", {"Times": "2"}, " a ", Hangup(), " b ")],
        ),
    ],
)
def test_a_command_may_deviate_from_what_is_written(
    written: str, commands: list[Command]
) -> None:
    assert loads(document(written)) == commands
    assert loads(document(written).decode()) == commands


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "iso-8859-2", "cp1250"]
)
def test_bytes_are_read_in_the_declared_encoding(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    declaration = f"<?xml version='1.0' encoding='{declared}'?>"
    text = f"{declaration}<Response><Speak>\xfc</Speak></Response>"
    assert loads(text.encode(encoding)) == [Speak("\xfc")]


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16", "unknown"])
def test_a_str_is_read_whatever_encoding_it_declares(encoding: str) -> None:
    declaration = f"<?xml version='1.0' encoding='{encoding}'?>"
    text = f"{declaration}<Response><Speak>\u20ac</Speak></Response>"
    assert loads(text) == [Speak("\u20ac")]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_a_line_break_after_a_document_in_utf_16_is_read(codec: str) -> None:
    text = (
        "\ufeff<?xml version='1.0' encoding='UTF-16'?><Response><Hangup/></Response>\n"
    )
    assert loads(text.encode(codec)) == [Hangup()]


def test_only_the_declaration_of_a_document_declares_its_encoding() -> None:
    comment = b'<!-- <?xml version="1.0" encoding="rot13"?> -->'
    assert loads(b"<Response>" + comment + b"<Hangup/></Response>") == [Hangup()]


def test_the_name_of_an_encoding_is_read_in_full() -> None:
    with pytest.raises(ParseError):
        loads(b'<?xml version="1.0" encoding="UTF-16LE"?><Response/>')


CODECS = sorted(
    {module.name for module in pkgutil.iter_modules(encodings.__path__)}
    | {"unknown", "a" * 10_000}
)


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec[:20])
def test_any_declared_encoding_is_read_or_refused(codec: str) -> None:
    data = f"<?xml version='1.0' encoding='{codec}'?><Response/>".encode()
    with contextlib.suppress(ParseError):
        assert loads(data) == []


NOT_OZML = [
    "",
    " \n",
    "\ufeff",
    "Hello",
    "null",
    '{"a": 1}',
    "<Response>",
    "<Response></OzML>",
    "<Response></response>",
    "<Response/><Response/>",
    "<Response/>text",
    "text<Response/>",
    "\x0c<Response/>",
    "\x0b<Response/>",
    "<?xml version='1.0'?>",
    "<Response/><?xml version='1.0'?>",
    "<a/>",
    "<Speak>Hi</Speak>",
    "<Responses/>",
    "<o:Response xmlns:o='urn:a'/>",
    "<html><body>Internal Server Error</body></html>",
    "<!DOCTYPE html><html><body>Not Found</body></html>",
    "<!doctype html>\n<title>404 Not Found</title>",
    "<!DOCTYPE Response><Response/>",
    "<!DOCTYPE Response SYSTEM 'http://a/b.dtd'><Response/>",
    "<!DOCTYPE a [<!ENTITY a 'b'>]><Response><Speak>&a;</Speak></Response>",
    "<!DOCTYPE a [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><Response>&a;</Response>",
    "<!DOCTYPE a [<!ENTITY % a SYSTEM 'http://a/b.dtd'>%a;]><Response/>",
    "<!DOCTYPE a [<!ENTITY a 'a'><!ENTITY b '&a;&a;'>]><Response>&b;</Response>",
    "<!DOCTYPE a [<!ATTLIST Play Repeat CDATA 'true'>]><Response><Play/></Response>",
]


@pytest.mark.parametrize("text", NOT_OZML)
def test_a_document_that_is_not_ozml_is_refused(text: str) -> None:
    with pytest.raises(ParseError) as refused:
        loads(text)
    assert refused.value.code == 300
    with pytest.raises(ParseError):
        loads(text.encode())


NOT_COMMANDS = [
    "<Speak>&a;</Speak>",
    "<Speak>&nbsp;</Speak>",
    "<Speak>a & b</Speak>",
    "<Speak>&#0;</Speak>",
    "<Speak>\x00</Speak>",
    "<Speak>\x0c</Speak>",
    "<Speak>\ufffe</Speak>",
    "<Speak>\ud800</Speak>",
    "Hi",
    "Hi<Hangup/>",
    "<![CDATA[Hi]]>",
    "\xa0<Hangup/>",
    "<Speak>a<Hangup/></Speak>",
    "<Hangup><Hangup/></Hangup>",
    "<Delay>5<b/></Delay>",
    "<UserInput>Hi</UserInput>",
    "<UserInput><Speak>Hi</Speak></UserInput>",
    "<UserInput><Input key='1'/></UserInput>",
    "<UserInput><Inputs>1</Inputs></UserInput>",
    "<UserInput><Inputs><Hangup/></Inputs></UserInput>",
    "<UserInput><InitialCommands>Hi</InitialCommands></UserInput>",
    # The vendor's pages print these.
    '<Speak Party="all" CallId=23Xdz7>Hi</Speak>',
    "<SendDTMF Keys='1'><SendDTMF>",
    "<ForEach source'sampleArray'></ForEach>",
    "<UserInput repeat ='true'digits ='1'/>",
    "<Speak a='1' a='2'>Hi</Speak>",
]


@pytest.mark.parametrize("written", NOT_COMMANDS)
def test_markup_that_is_not_a_command_is_refused(written: str) -> None:
    with pytest.raises(ParseError) as refused:
        loads(f"<Response>{written}</Response>")
    assert refused.value.code == 300


WRONG_ARGUMENTS = [
    "<Speak Party='both'>Hi</Speak>",
    "<Speak Text='Hi'>Hi</Speak>",
    "<Speak Language='en' language='en'>Hi</Speak>",
    "<Hangup>Hi</Hangup>",
    "<Hangup>\xa0</Hangup>",
    "<Delay/>",
    "<Delay>soon</Delay>",
    "<Delay>-1</Delay>",
    "<Delay>+1</Delay>",
    "<Delay>1.5</Delay>",
    "<Delay>1_0</Delay>",
    "<Delay>\u0665</Delay>",
    "<Delay>86401</Delay>",
    f"<Delay>{'9' * 10_000}</Delay>",
    "<Play Repeat='yes'>a</Play>",
    "<GoTo/>",
    "<GoTo>/press1.php</GoTo>",
    "<GoTo>SELECT text FROM table WHERE id = '1'</GoTo>",
    "<BlindTransfer/>",
    "<BlindTransfer>1 2</BlindTransfer>",
    "<Call>2310</Call>",
    "<Call Url=''>2310</Call>",
    "<Call Dialed='1' Dialled='1' Url='http://a/'/>",
    "<SendSms Recipient='1;2'>a</SendSms>",
    "<SendEmail Recipient='a@b.example&#10;Bcc: c@d.example'/>",
    "<Route/>",
    "<SendDTMF Keys='1'/>",
    "<UserInput Digits='0'/>",
    "<UserInput MinDigits='2' MaxDigits='1'/>",
    "<UserInput enteredUrl='http://a/' ForwardToUrl='http://a/'/>",
    "<UserInput><Inputs><Input/></Inputs></UserInput>",
    "<UserInput><Inputs><Input key=''/></Inputs></UserInput>",
    "<UserInput><Inputs><Input key='x'/></Inputs></UserInput>",
    "<UserInput><Inputs><Input key='1' x=''/></Inputs></UserInput>",
    "<UserInput><Inputs><Input key='1' Key='2'/></Inputs></UserInput>",
    "<UserInput><Inputs><Input key='1'/><Input Key=' 1'/></Inputs></UserInput>",
    "<a:Beep xmlns:a='urn:a'/>",
    "<Beep xmlns='urn:a'/>",
    "<Beep xml:lang='en'/>",
    "<Bip\xe9/>",
]


@pytest.mark.parametrize("written", WRONG_ARGUMENTS)
def test_a_wrong_argument_is_refused(written: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        loads(document(written))
    assert refused.value.code == 302


@pytest.mark.parametrize(
    ("written", "element"),
    [
        ("<Speak Voice='Anna'>Hi</Speak>", Element("Speak", {"Voice": "Anna"}, "Hi")),
        ("<speak call_id='1'/>", Element("speak", {"call_id": "1"})),
        ("<Speak x='1' X='2'/>", Element("Speak", {"x": "1", "X": "2"})),
        ("<Reject CallId='1'/>", Element("Reject", {"CallId": "1"})),
        (
            "<UserInput depth='1'><InitialCommands><Hangup/></InitialCommands>"
            "</UserInput>",
            Element(
                "UserInput", {"depth": "1"}, Element("InitialCommands", {}, Hangup())
            ),
        ),
    ],
)
def test_a_command_with_an_unknown_attribute_is_an_element(
    written: str, element: Element
) -> None:
    assert loads(document(written)) == [element]
    with pytest.raises(InvalidParameter, match="is not a known argument") as refused:
        loads(document(written), strict=True)
    assert refused.value.code == 302


def test_every_value_is_escaped_however_it_got_into_its_command() -> None:
    commands = [Delay(5), Play("a", repeat=True), UserInput(inputs={"1": []})]
    for command, argument in zip(commands, ["time", "repeat", "inputs"], strict=True):
        value: t.Any = {'"/><Call>': ()} if argument == "inputs" else '"/><Call>'
        object.__setattr__(command, argument, value)
    assert b"<Call>" not in dumps(commands)


@pytest.mark.parametrize(
    "markup, command, parameter",
    [
        ('<Hangup CallId="1" callid="2"/>', "Hangup", "call_id"),
        ("<Hangup>Hi</Hangup>", "Hangup", "text"),
        ("<UserInput><Inputs><Input/></Inputs></UserInput>", "Input", "key"),
        (
            '<UserInput><Inputs><Input key="1"/><Input KEY="1"/></Inputs></UserInput>',
            "Input",
            "key",
        ),
        (f"{'<Array>' * 200}<Beep/>{'</Array>' * 200}", "Array", "content"),
    ],
)
def test_a_refusal_names_the_command_and_the_argument(
    markup: str, command: str, parameter: str
) -> None:
    with pytest.raises(InvalidParameter) as refused:
        loads(f"<Response>{markup}</Response>")
    assert (refused.value.command, refused.value.parameter) == (command, parameter)


SECRET = "47110815"


@pytest.mark.parametrize(
    "text",
    [
        f"{SECRET}",
        f"<Response>{SECRET}</Response>",
        f"<Response><Speak>{SECRET}</Response>",
        f"<Response><Speak>{SECRET}\ud800</Speak></Response>",
        f"<Response><Speak x='{SECRET}'/></Response>",
        f"<Response><Speak Party='{SECRET}'/></Response>",
        f"<Response><Speak Text='{SECRET}'>{SECRET}</Speak></Response>",
        f"<Response><Hangup>{SECRET}</Hangup></Response>",
        f"<Response><Delay>{SECRET}</Delay></Response>",
        f"<Response><Delay>{SECRET}{SECRET}</Delay></Response>",
        f"<Response><Play Repeat='{SECRET}'>a</Play></Response>",
        f"<Response><GoTo>{SECRET}</GoTo></Response>",
        f"<Response><BlindTransfer>{SECRET};</BlindTransfer></Response>",
        f"<Response><Beep xmlns='{SECRET}'/></Response>",
        f"<Response><UserInput inputs='{SECRET}'/></Response>",
        f"<Response><UserInput>{SECRET}</UserInput></Response>",
        f"<Response><UserInput><Inputs><Input key='{SECRET}x'/></Inputs></UserInput>"
        "</Response>",
        f"<Response><UserInput><Inputs><Input key='{SECRET}' x=''/></Inputs>"
        "</UserInput></Response>",
    ],
)
def test_no_text_of_a_document_is_in_a_message(text: str) -> None:
    with pytest.raises(CommandError) as refused:
        loads(text, strict=True)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "<Response><Beep/></Response>",
        "<Response><Hangup/><Beep/></Response>",
        "<Response><Input key='1'/></Response>",
        "<Response><UserInput><InitialCommands><Beep/></InitialCommands></UserInput>"
        "</Response>",
        "<Response><UserInput><Inputs><Input key='1'><Beep/></Input></Inputs>"
        "</UserInput></Response>",
    ],
)
def test_strict_reading_refuses_commands_without_a_class(text: str) -> None:
    assert loads(text)
    with pytest.raises(NotImplementedCommand, match="Not implemented command") as error:
        loads(text, strict=True)
    assert error.value.code == 301


def test_strict_reading_takes_every_command_that_has_a_class() -> None:
    known = [command for command, _ in FORMS if not isinstance(command, Element)]
    assert loads(dumps(known), strict=True) == known


def load_hostile(data: bytes | str) -> None:
    """Check that data is refused with a CommandError, or is written again equal."""
    try:
        commands = loads(data)
    except CommandError:
        return
    assert loads(dumps(commands)) == commands


@given(st.binary(max_size=200) | st.text(ANY_CHARACTER, max_size=200))
@settings(max_examples=200)
@example(b"\xff\xfe")
@example(b"\x00")
def test_random_data_is_read_or_refused(data: bytes | str) -> None:
    load_hostile(data)


VALID = [
    *((DATA / f"{name}.xml").read_bytes() for name in VENDOR),
    *(document(written) for _, written in FORMS),
]
PIECES = (
    b"< > / & &a; &#0; &#65; \" ' = 1 \x00 \xff \xed\xa0\x80 \xc2\xa0 <a> </a>"
    b" <![CDATA[ ]]> <!-- --> <?a?> <Hangup/> </Response>"
).split(b" ") + [b" ", b"<!DOCTYPE a>", b" x='1'", b" key='1'", b" inputs='1'"]
EDITS = st.lists(
    st.tuples(
        st.integers(0, 600),
        st.integers(0, 5),
        st.sampled_from(PIECES) | st.binary(max_size=2),
    ),
    min_size=1,
    max_size=4,
)


@given(st.sampled_from(VALID), EDITS)
@settings(max_examples=300)
def test_a_changed_document_is_read_or_refused(
    data: bytes, edits: list[tuple[int, int, bytes]]
) -> None:
    for place, removed, piece in edits:
        position = place % (len(data) + 1)
        data = data[:position] + piece + data[position + removed :]
    load_hostile(data)


NAMES = st.sampled_from(
    [command.__name__ for command in BY_NAME.values()]
    + ["InitialCommands", "Inputs", "Input", "Response", "Beep", "item"]
)
ATTRIBUTES = st.sampled_from(
    [
        name
        for command in BY_NAME.values()
        for row in command.arguments
        for name in (row.name, row.name.replace("_", ""), row.name.title())
    ]
    + ["key", "enteredUrl", "inputs", "initial_commands", "self", "xmlns", "content"]
)
ATTRIBUTE_VALUES = st.sampled_from(
    ["", " ", "1", "5 ", "true", "all", "caller", "mp3", "http://a/", "x", "12#", "-1"]
)


def in_any_case(names: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def cased(name: str, case: Callable[[str], str]) -> str:
        return case(name)

    return st.builds(cased, names, st.sampled_from([str, str.lower, str.upper]))


CHANGES = st.lists(
    st.tuples(
        st.integers(0, 50),
        st.none() | in_any_case(NAMES),
        st.dictionaries(in_any_case(ATTRIBUTES), ATTRIBUTE_VALUES, max_size=1),
        st.none() | ATTRIBUTE_VALUES,
        st.none() | st.integers(0, 50),
    ),
    min_size=1,
    max_size=3,
)


@given(st.sampled_from(VALID), CHANGES)
@settings(max_examples=600)
def test_a_changed_tree_is_read_or_refused(
    data: bytes,
    changes: list[tuple[int, str | None, dict[str, str], str | None, int | None]],
) -> None:
    root = ElementTree.fromstring(data.strip())
    for index, name, attributes, text, child in changes:
        elements = list(root.iter())
        changed = elements[index % len(elements)]
        changed.attrib.update(attributes)
        if name and not len(changed):
            changed.tag = name
        if text and not len(changed):
            changed.text = text
        if child is not None and len(changed):
            changed.append(copy.deepcopy(elements[child % len(elements)]))
    root.tag = "Response"
    load_hostile(ElementTree.tostring(root))


def vocabulary() -> list[tuple[str, str]]:
    """Return every command with every name that Python or OzML has for anything."""
    return [
        (command.__name__, attribute)
        for command in BY_NAME.values()
        for attribute in sorted(
            {row.name for other in BY_NAME.values() for row in other.arguments}
            | set(dir(command))
            | {"inputs", "initial_commands", "self", "args", "arguments", "content"}
        )
    ]


def test_no_attribute_reaches_a_name_of_python() -> None:
    for name, attribute in vocabulary():
        load_hostile(f"<Response><{name} {attribute}='1'>1</{name}></Response>")
        load_hostile(f"<Response><{name} {attribute}='1'/></Response>")
