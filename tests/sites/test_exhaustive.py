"""Whole sets of hostile requests and texts through a site.

The bodies and tokens are sampled; FLASK_OZML_EXHAUSTIVE=1 tries all of them.
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
from urllib.parse import urlsplit

import pytest
from flask import Flask

from blueprint.test_tokens import BASE64
from blueprint.test_tokens import edits
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
from notifications.test_notifications import body
from notifications.test_notifications import changes
from notifications.test_notifications import every_sample
from notifications.test_notifications import EXHAUSTIVE
from notifications.test_notifications import Field
from notifications.test_notifications import FIELDS
from notifications.test_notifications import fields_by_urllib
from samples import Sample
from test_serializer import as_xml_holds
from test_serializer import Node
from test_serializer import READERS

EMPTY: t.Final = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep hundreds of thousands of expected warnings out of the memory of pytest."""
    logger = logging.getLogger("flask_ozml")
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(logging.NOTSET)


class Input:
    """A body that tells whether it was asked for."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.touched = False

    def read(self, size: int = -1) -> bytes:
        self.touched = True
        end = len(self.content) if size < 0 else size
        part, self.content = self.content[:end], self.content[end:]
        return part


class Answer(t.NamedTuple):
    status: int
    content: bytes
    body_was_read: bool


def post(
    app: Flask, path: str, content: bytes, length: int | None = None, **more: t.Any
) -> Answer:
    """Post to a site as a server does that escapes nothing and hides nothing."""
    stream = Input(content)
    statuses: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": "",
        "SERVER_NAME": "pbx.example",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.168.1.5",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(content) if length is None else length),
        "wsgi.url_scheme": "http",
        "wsgi.input": stream,
        **more,
    }

    def start_response(status: str, *headers: object) -> Callable[[bytes], object]:
        statuses.append(status)
        return statuses.append  # type: ignore[return-value]  # never called

    answered = app(environ, t.cast(t.Any, start_response))
    whole = b"".join(answered)
    answered.close()  # type: ignore[attr-defined]  # an iterable of Werkzeug
    return Answer(int(statuses[0][:3]), whole, stream.touched)


class Site:
    """A site with one view of each kind, which keeps what it is called with."""

    def __init__(self, **config: object) -> None:
        self.came: list[Notification] = []
        self.phone = OzML("phone", __name__)
        self.app = Flask("site")
        self.app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL="http://pbx.example")
        self.app.config.update(config)
        for kind in KINDS:
            getattr(self.phone, kind)(self._view(kind))
        self.app.register_blueprint(self.phone, url_prefix="/phone")
        with self.app.app_context():
            self.paths = {
                kind: urlsplit(url).path for kind, url in self.phone.urls().items()
            }

    def _view(self, kind: str) -> Callable[..., None]:
        def view(notification: Notification, **state: object) -> None:
            self.came.append(notification)

        view.__name__ = f"view_of_{kind}"
        return view

    def path_to(self, kind: str) -> str:
        """The path of a URL with state, as OzML carries it."""
        with self.app.app_context():
            return urlsplit(self.phone.to(f"{kind}.view_of_{kind}", tries=1)).path

    def taken(self) -> list[Notification]:
        """What views were called with since this was last asked."""
        came, self.came = self.came, []
        return came


SITE: t.Final = Site()


def read_by_hand(field: Field, value: str) -> object:
    """What an attribute has to be, by the design's words and not by the package."""
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


def assert_answered_as_read(sample: Sample, posted: bytes, path: str) -> None:
    """A view is run with what a second reading finds, or refused and not run."""
    answer = post(SITE.app, path, posted)
    expected = fields_by_urllib(sample.notification, posted)
    came = SITE.taken()
    if expected is None:
        assert (answer.status, came) == (400, []), posted
        return
    assert (answer.status, answer.content, len(came)) == (200, EMPTY, 1), posted
    assert dict(came[0].fields) == expected, posted
    for attribute, value in attributes_by_hand(sample.notification, expected).items():
        assert getattr(came[0], attribute) == value, posted


@every_sample
def test_every_prefix_of_a_sample(sample: Sample) -> None:
    path = SITE.paths[sample.notification.kind]
    for length in range(len(sample.body) + 1):
        assert_answered_as_read(sample, sample.body[:length], path)


@every_sample
def test_every_prefix_that_is_announced_longer_is_refused(sample: Sample) -> None:
    path = SITE.paths[sample.notification.kind]
    for length in range(len(sample.body)):
        for announced in (length + 1, len(sample.body)):
            answer = post(SITE.app, path, sample.body[:length], announced)
            assert (answer.status, SITE.taken()) == (400, [])


@every_sample
def test_every_change_of_one_byte_of_a_sample(sample: Sample) -> None:
    path = SITE.paths[sample.notification.kind]
    for posted in changes(sample.body):
        assert_answered_as_read(sample, posted, path)


def body_of(kind: str) -> bytes:
    return body(KINDS[kind])


IN_COMMANDS: t.Final = [kind for kind in KINDS if KINDS[kind].url_in_commands]


def tokens_given_out() -> Iterator[tuple[str, str, str]]:
    """By whom, for which kind, and the token."""
    sites = {
        "here": SITE,
        "another key": Site(SECRET_KEY="other"),
        "another key, this one behind": Site(
            SECRET_KEY="other", SECRET_KEY_FALLBACKS=["key"]
        ),
    }
    for name, site in sites.items():
        for kind in KINDS:
            yield name, kind, site.paths[kind].rpartition("/")[2]
        for kind in IN_COMMANDS:
            yield name, kind, site.path_to(kind).rpartition("/")[2]


def test_every_token_at_every_endpoint() -> None:
    for (made_by, kind, token), endpoint in itertools.product(
        list(tokens_given_out()), KINDS
    ):
        answer = post(SITE.app, f"/phone/{endpoint}/{token}", body_of(endpoint))
        if (made_by, kind) == ("here", endpoint):
            assert (answer.status, len(SITE.taken())) == (200, 1)
        else:
            assert (answer.status, SITE.taken()) == (403, [])
            assert not answer.body_was_read


def test_no_token_is_good_under_another_name_of_the_blueprint() -> None:
    site = Site()
    other = Flask("other")
    other.config.update(SECRET_KEY="key", OZML_PUBLIC_URL="http://pbx.example")
    other.register_blueprint(site.phone, url_prefix="/phone", name="fax")
    for kind in KINDS:
        answer = post(other, site.paths[kind], body_of(kind))
        assert (answer.status, answer.body_was_read) == (403, False)
    assert site.taken() == []


ALPHABET: t.Final = BASE64 + ".=~+/ %?;\0\n\x7f\xe9\u20ac\uff21"


def paths_to_edit() -> Iterator[tuple[str, str]]:
    for kind in KINDS:
        yield kind, SITE.paths[kind]
    for kind in IN_COMMANDS:
        yield kind, SITE.path_to(kind)


def edited(path: str) -> Iterator[str]:
    """Each path whose token is one character away; sampled unless all are asked for."""
    start, _, token = path.rpartition("/")
    for number, edit in enumerate(edits(token, ALPHABET)):
        # A slash behind a token is no part of it.
        if edit.rstrip("/") != token and (EXHAUSTIVE or number % 17 == 0):
            yield f"{start}/{edit}"


@pytest.mark.parametrize("kind, path", [*paths_to_edit()])
def test_every_edit_of_a_token(kind: str, path: str) -> None:
    posted = body_of(kind)
    assert post(SITE.app, path, posted).status == 200
    assert len(SITE.taken()) == 1
    for edit in edited(path):
        answer = post(SITE.app, edit, posted)
        # No rule has a slash inside of a token.
        inside = "/" in edit.removeprefix(f"/phone/{kind}/").rstrip("/")
        assert answer.status == (404 if inside else 403)
        assert not answer.body_was_read
    assert SITE.taken() == []


NAUGHTY: t.Final[list[str]] = json.loads(
    (Path(__file__).parents[1] / "data" / "naughty" / "blns.json").read_text("utf-8")
)
#: What bytes a text may arrive as.
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
def test_naughty_strings_in_every_field(field: Field) -> None:
    # Unless all are asked for, each string in each field takes one of the ways.
    for number, text in enumerate(NAUGHTY):
        ways = list(ENCODED) if EXHAUSTIVE else [[*ENCODED][number % len(ENCODED)]]
        assert_naughty_string_comes_in(field, text, ways)


def assert_naughty_string_comes_in(field: Field, text: str, ways: list[str]) -> None:
    for way in ways:
        value = ENCODED[way](text)
        posted = body(field.notification, f"{field.wire}={value}".encode())
        answer = post(SITE.app, SITE.paths[field.notification.kind], posted)
        assert (answer.status, answer.content) == (200, EMPTY), (way, text)
        [came] = SITE.taken()
        assert getattr(came, field.attribute) == read_by_hand(field, text), way
        assert came.fields[field.wire] == text


def echo(sms: IncomingSMS) -> list[ExtensionCommand]:
    return [Speak(sms.message, language=sms.message)]


def test_naughty_strings_from_a_message_to_the_ears() -> None:
    phone = OzML("phone", __name__)
    phone.incoming_sms(echo)
    app = Flask("site")
    app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL="http://pbx.example")
    app.register_blueprint(phone)
    with app.app_context():
        path = urlsplit(phone.urls()["incoming_sms"]).path
    for text in NAUGHTY:
        posted = body(IncomingSMS, f"Message={quote(text)}".encode())
        answer = post(app, path, posted)
        assert answer.status == 200
        held = as_xml_holds(text)
        for read in READERS:
            [speak] = read(answer.content).elements
            assert (speak.text, speak.elements) == (held, [])
            assert speak.attributes == {"Language": held}


#: What the other arguments are when they have to be there.
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
    """The texts that the slot takes, each with its command."""
    found = []
    for text in texts:
        try:
            found.append((text, slot.build(text)))
        except InvalidParameter as error:
            assert len(text) < 3 or text not in str(error)
    return found


def assert_read_back(slot: Slot, built: list[tuple[str, Command]]) -> None:
    """All parsers find just these commands, with their texts in the slot."""
    held = [as_xml_holds(text) for text, _ in built]
    written = dumps([command for _, command in built])
    for read in READERS:
        nodes = read(written).elements
        assert [slot.find(node) for node in nodes] == held
        commands = {type(command).__name__ for _, command in built}
        assert {node.name for node in nodes} <= commands or "Element" in commands
    assert len(loads(written)) == len(built)


@pytest.mark.parametrize("name", SLOTS)
def test_naughty_strings_in_every_slot(name: str) -> None:
    slot = SLOTS[name]
    built = accepted(slot, NAUGHTY)
    assert_read_back(slot, built)
    for text, command in built:
        [node] = READERS[0](dumps([command])).elements
        assert slot.find(node) == as_xml_holds(text)


#: 3GPP TS 23.038, tables 6.2.1 and 6.2.1.1.
GSM: t.Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
    "\f^{}\\[~]|€"
)


def test_the_alphabet_is_whole() -> None:
    assert len(GSM) == len(set(GSM)) == 127 + 10


@pytest.mark.parametrize("way", ENCODED)
def test_every_pair_of_the_sms_alphabet_comes_in(way: str) -> None:
    for first in GSM:
        text = "".join(first + second for second in GSM)
        posted = body(IncomingSMS, f"Message={ENCODED[way](text)}".encode())
        assert post(SITE.app, SITE.paths["incoming_sms"], posted).status == 200
        [sms] = SITE.taken()
        assert isinstance(sms, IncomingSMS)
        assert sms.message == text


def test_every_pair_of_the_sms_alphabet_goes_out() -> None:
    texts = ["".join(first + second for second in GSM) for first in GSM]
    texts += [*GSM, *(f"a{char}" for char in GSM), *(f"{char}a" for char in GSM)]
    written = dumps(
        [SendSms(text, recipient="1", api_extension=text) for text in texts]
    )
    # The form feed is the only character that XML has no place for.
    held = [text.replace("\f", "\ufffd") for text in texts]
    for read in READERS:
        nodes = read(written).elements
        assert [node.text for node in nodes] == held
        assert [node.attributes["ApiExtension"] for node in nodes] == held
    assert loads(written) == [SendSms(h, recipient="1", api_extension=h) for h in held]
