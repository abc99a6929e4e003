"""Complete sets of hostile requests and texts sent to a site.

Bodies and tokens are sampled; with FLASK_OZML_EXHAUSTIVE=1 all of them are tried.
"""

import itertools
import json
import logging
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from urllib.parse import quote_plus

import pytest

from apps import document
from apps import make_app
from apps import post
from apps import Stream
from apps import token_of
from apps import url_to
from apps import urls_of
from apps import with_token
from flask_ozml import OzML
from flask_ozml.commands import BY_NAME
from flask_ozml.commands import Command
from flask_ozml.commands import Element
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.errors import InvalidParameter
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import KINDS
from flask_ozml.notifications import Notification
from flask_ozml.serializer import dumps
from flask_ozml.serializer import loads
from ozml_tables import as_xml_holds
from ozml_tables import Node
from ozml_tables import READERS
from samples import Sample
from tables import BASE64
from tables import body
from tables import changes
from tables import edits
from tables import every_sample
from tables import EXHAUSTIVE
from tables import Field
from tables import FIELDS
from tables import fields_by_urllib
from tables import GSM
from tables import IN_COMMANDS


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep pytest from collecting hundreds of thousands of expected warnings."""
    logger = logging.getLogger("flask_ozml")
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(logging.NOTSET)


class Site:
    """A site with a view for each kind, and the notifications that views were given."""

    def __init__(self, **config: t.Any) -> None:
        self.came: list[Notification] = []
        self.phone = OzML("phone", __name__)
        for kind in KINDS:
            getattr(self.phone, kind)(self._view(kind))
        self.app = make_app(self.phone, **config)
        self.urls = urls_of(self.app)

    def _view(self, kind: str) -> Callable[..., None]:
        def view(notification: Notification, **state: object) -> None:
            self.came.append(notification)

        view.__name__ = f"view_of_{kind}"
        return view

    def url_to(self, kind: str) -> str:
        return url_to(self.app, self.phone, f"{kind}.view_of_{kind}", tries=1)

    def taken(self) -> list[Notification]:
        """Return the notifications that came since the last call."""
        came, self.came = self.came, []
        return came


SITE: t.Final = Site()


def read_by_hand(field: Field, value: str) -> object:
    """Read a value as an attribute has to be, in another way than the package."""
    stripped = value.strip()
    match field.sort:
        case "message":
            return value
        case "number":
            plus = re.match(" [^ +]", value) and stripped
            return f"+{stripped}" if plus else stripped
        case "bool":
            return stripped.lower() in ("true", "1")
        case "seconds":
            number = re.fullmatch(r"([0-9]{1,15})(?:[.,]([0-9]{0,15}))?", stripped)
            return float(f"{number[1]}.{number[2] or 0}") if number else 0.0
        case "code":
            return int(stripped) if re.fullmatch("[0-9]{1,9}", stripped) else 0
    return stripped


def attributes_by_hand(
    kind: type[Notification], fields: dict[str, str]
) -> dict[str, object]:
    lower = {name.lower(): value for name, value in fields.items()}
    attributes: dict[str, object] = {}
    for field in FIELDS:
        if field.notification is kind and field.wire.lower() in lower:
            value = read_by_hand(field, lower[field.wire.lower()])
            attributes.setdefault(field.attribute, value)
    return attributes


def assert_answered_as_read(sample: Sample, posted: bytes, url: str) -> None:
    """Check that a view is given what a second reading finds, or that nothing runs."""
    answer = post(SITE.app, url, posted)
    expected = fields_by_urllib(sample.notification, posted)
    came = SITE.taken()
    if expected is None:
        assert (answer.status_code, came) == (400, []), posted
        return
    assert (answer.status_code, answer.data, len(came)) == (200, document(), 1), posted
    assert dict(came[0].fields) == expected, posted
    for attribute, value in attributes_by_hand(sample.notification, expected).items():
        assert getattr(came[0], attribute) == value, posted


@every_sample
def test_every_prefix_of_a_sample_is_read_as_urllib_reads_it(sample: Sample) -> None:
    url = SITE.urls[sample.notification.kind]
    for length in range(len(sample.body) + 1):
        assert_answered_as_read(sample, sample.body[:length], url)


@every_sample
def test_every_prefix_of_a_sample_that_is_announced_longer_is_refused(
    sample: Sample,
) -> None:
    url = SITE.urls[sample.notification.kind]
    for length in range(len(sample.body)):
        for announced in (length + 1, len(sample.body)):
            cut_off = sample.body[:length]
            answer = post(SITE.app, url, cut_off, CONTENT_LENGTH=str(announced))
            assert (answer.status_code, SITE.taken()) == (400, [])


@every_sample
def test_every_changed_byte_of_a_sample_is_read_as_urllib_reads_it(
    sample: Sample,
) -> None:
    url = SITE.urls[sample.notification.kind]
    for posted in changes(sample.body):
        assert_answered_as_read(sample, posted, url)


def body_of(kind: str) -> bytes:
    return body(KINDS[kind])


def tokens_given_out() -> Iterator[tuple[str, str, str]]:
    """Yield the maker of a token, its kind, and the token."""
    sites = {
        "here": SITE,
        "another key": Site(SECRET_KEY="other"),
        "another key, this one behind": Site(
            SECRET_KEY="other", SECRET_KEY_FALLBACKS=["key"]
        ),
    }
    for name, site in sites.items():
        for kind in KINDS:
            yield name, kind, token_of(site.urls[kind])
        for kind in IN_COMMANDS:
            yield name, kind, token_of(site.url_to(kind))


def test_a_token_is_accepted_at_its_own_endpoint_only() -> None:
    for (made_by, kind, token), endpoint in itertools.product(
        list(tokens_given_out()), KINDS
    ):
        stream = Stream(body_of(endpoint))
        answer = post(SITE.app, with_token(SITE.urls[endpoint], token), stream)
        if (made_by, kind) == ("here", endpoint):
            assert (answer.status_code, len(SITE.taken())) == (200, 1)
        else:
            assert (answer.status_code, SITE.taken()) == (403, [])
            assert not stream.touched


def test_no_token_is_accepted_under_another_name_of_the_blueprint() -> None:
    site = Site()
    other = make_app()
    other.register_blueprint(site.phone, url_prefix="/phone", name="fax")
    for kind in KINDS:
        stream = Stream(body_of(kind))
        assert post(other, site.urls[kind], stream).status_code == 403
        assert not stream.touched
    assert site.taken() == []


ALPHABET: t.Final = BASE64 + ".=~+/ %?;\0\n\x7f\xe9\u20ac\uff21"


@pytest.mark.parametrize(
    "kind, url",
    [*SITE.urls.items(), *((kind, SITE.url_to(kind)) for kind in sorted(IN_COMMANDS))],
)
def test_every_edit_of_a_token_is_refused(kind: str, url: str) -> None:
    """Try edits of one character; all of them only if they are asked for."""
    token = token_of(url)
    assert post(SITE.app, url, body_of(kind)).status_code == 200
    assert len(SITE.taken()) == 1
    stream = Stream(body_of(kind))
    for number, edit in enumerate(edits(token, ALPHABET)):
        # A slash after the token would be the end of the path.
        if edit.rstrip("/") != token and (EXHAUSTIVE or number % 17 == 0):
            status = post(SITE.app, with_token(url, edit), stream).status_code
            assert status in ((403, 404) if "/" in edit else (403,))
    assert not stream.touched
    assert SITE.taken() == []


NAUGHTY: t.Final[list[str]] = json.loads(
    (Path(__file__).parents[1] / "data" / "naughty" / "blns.json").read_text("utf-8")
)
#: The ways in which a text may be encoded.
ENCODED: t.Final[dict[str, Callable[[str], str]]] = {
    "all escaped": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "as a browser does": quote_plus,
    "as little as can be": lambda text: re.sub("[%&+]", lambda m: quote(m[0]), text),
}


def test_there_are_485_naughty_strings() -> None:
    assert len(NAUGHTY) == 485


@pytest.mark.parametrize(
    "field", FIELDS, ids=[f"{f.notification.__name__}-{f.wire}" for f in FIELDS]
)
def test_naughty_strings_are_read_in_every_field(field: Field) -> None:
    # Unless all are asked for, each string in each field is encoded in one way.
    for number, text in enumerate(NAUGHTY):
        ways = list(ENCODED) if EXHAUSTIVE else [[*ENCODED][number % len(ENCODED)]]
        assert_naughty_string_comes_in(field, text, ways)


def assert_naughty_string_comes_in(field: Field, text: str, ways: list[str]) -> None:
    for way in ways:
        value = ENCODED[way](text)
        posted = body(field.notification, f"{field.wire}={value}".encode())
        answer = post(SITE.app, SITE.urls[field.notification.kind], posted)
        assert (answer.status_code, answer.data) == (200, document()), (way, text)
        [came] = SITE.taken()
        assert getattr(came, field.attribute) == read_by_hand(field, text), way
        assert came.fields[field.wire] == text


def echo(sms: IncomingSMS) -> list[ExtensionCommand]:
    return [Speak(sms.message, language=sms.message)]


def test_naughty_strings_go_from_a_message_to_a_prompt() -> None:
    phone = OzML("phone", __name__)
    phone.incoming_sms(echo)
    app = make_app(phone)
    url = urls_of(app)["incoming_sms"]
    for text in NAUGHTY:
        posted = body(IncomingSMS, f"Message={quote(text)}".encode())
        answer = post(app, url, posted)
        assert answer.status_code == 200
        held = as_xml_holds(text)
        for read in READERS:
            [speak] = read(answer.data).elements
            assert (speak.text, speak.elements) == (held, [])
            assert speak.attributes == {"Language": held}


#: Values of mandatory arguments; others are "1".
OTHERS: t.Final[dict[str, str]] = {
    "Call.url": "http://pbx.example/",
    "Call.dialled": "1",
    "SendDTMF.party": "all",
}


class Slot(t.NamedTuple):
    """A place for a text in a command."""

    build: Callable[[str], Command]
    find: Callable[[Node], str]


def slots() -> Iterator[tuple[str, Slot]]:
    for command in BY_NAME.values():
        for argument in command.arguments:
            if argument.rule.type is str:
                yield f"{command.__name__}.{argument.name}", _slot(command, argument)
    yield (
        "UserInput.inputs",
        Slot(
            lambda text: UserInput(inputs={text: []}),
            lambda node: node.elements[1].elements[0].attributes["key"],
        ),
    )
    yield "Element.name", Slot(Element, lambda node: node.name)
    yield (
        "Element.attributes",
        Slot(lambda text: Element("a", {text: ""}), lambda node: [*node.attributes][0]),
    )
    yield (
        "Element.attributes, a value",
        Slot(lambda text: Element("a", {"b": text}), lambda n: n.attributes["b"]),
    )
    yield "Element.content", Slot(lambda text: Element("a", None, text), _text)


def _text(node: Node) -> str:
    return node.text


def _slot(command: type[Command], argument: t.Any) -> Slot:
    others = {
        row.name: OTHERS.get(f"{command.__name__}.{row.name}", "1")
        for row in command.arguments
        if row.mandatory
    }
    wire = argument.name.replace("_", "")
    written_as_attribute = ("Route", "Forward", "SendDTMF")
    if argument.by_position and command.__name__ not in written_as_attribute:
        find = _text
    else:

        def find(node: Node) -> str:
            lower = {name.lower(): value for name, value in node.attributes.items()}
            return lower[wire]

    return Slot(lambda text: command(**{**others, argument.name: text}), find)


SLOTS: t.Final = dict(slots())


def accepted(slot: Slot, texts: Iterable[str]) -> list[tuple[str, Command]]:
    """Return the texts that the slot accepts, each with its command."""
    found = []
    for text in texts:
        try:
            found.append((text, slot.build(text)))
        except InvalidParameter as error:
            assert len(text) < 3 or text not in str(error)
    return found


def assert_read_back(slot: Slot, built: list[tuple[str, Command]]) -> None:
    """Check that all parsers find these commands only, with their texts in the slot."""
    held = [as_xml_holds(text) for text, _ in built]
    written = dumps([command for _, command in built])
    for read in READERS:
        nodes = read(written).elements
        assert [slot.find(node) for node in nodes] == held
        commands = {type(command).__name__ for _, command in built}
        assert {node.name for node in nodes} <= commands or "Element" in commands
    assert len(loads(written)) == len(built)


@pytest.mark.parametrize("name", SLOTS)
def test_naughty_strings_are_written_in_every_argument(name: str) -> None:
    slot = SLOTS[name]
    built = accepted(slot, NAUGHTY)
    assert_read_back(slot, built)
    for text, command in built:
        [node] = READERS[0](dumps([command])).elements
        assert slot.find(node) == as_xml_holds(text)


def test_the_sms_alphabet_is_complete() -> None:
    assert len(GSM) == len(set(GSM)) == 127 + 10


@pytest.mark.parametrize("way", ENCODED)
def test_every_pair_of_the_sms_alphabet_is_read(way: str) -> None:
    for first in GSM:
        text = "".join(first + second for second in GSM)
        posted = body(IncomingSMS, f"Message={ENCODED[way](text)}".encode())
        assert post(SITE.app, SITE.urls["incoming_sms"], posted).status_code == 200
        [sms] = SITE.taken()
        assert isinstance(sms, IncomingSMS)
        assert sms.message == text


def test_every_pair_of_the_sms_alphabet_is_written() -> None:
    texts = ["".join(first + second for second in GSM) for first in GSM]
    texts += [*GSM, *(f"a{char}" for char in GSM), *(f"{char}a" for char in GSM)]
    written = dumps(
        [SendSms(text, recipient="1", api_extension=text) for text in texts]
    )
    # The form feed is the only character that XML cannot hold.
    held = [text.replace("\f", "\ufffd") for text in texts]
    for read in READERS:
        nodes = read(written).elements
        assert [node.text for node in nodes] == held
        assert [node.attributes["ApiExtension"] for node in nodes] == held
    assert loads(written) == [SendSms(h, recipient="1", api_extension=h) for h in held]
