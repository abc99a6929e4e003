"""Commands: their arguments, and how they compare, copy and nest."""

import copy
import dataclasses
import enum
import inspect
import pickle
import typing as t
from collections.abc import Callable
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.local import LocalProxy

from flask_ozml.commands import AttendedTransfer
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import BY_NAME
from flask_ozml.commands import Call
from flask_ozml.commands import Command
from flask_ozml.commands import Delay
from flask_ozml.commands import Element
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import Forward
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Hold
from flask_ozml.commands import Play
from flask_ozml.commands import Record
from flask_ozml.commands import Reject
from flask_ozml.commands import Route
from flask_ozml.commands import RoutingCommand
from flask_ozml.commands import SendDTMF
from flask_ozml.commands import SendEmail
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import ThirdPartyCommand
from flask_ozml.commands import Unhold
from flask_ozml.commands import UserInput
from flask_ozml.commands.rules import ViewUrl
from flask_ozml.errors import InvalidParameter
from flask_ozml.errors import ParameterTypeError
from flask_ozml.errors import StatusCode
from flask_ozml.notifications import Notification
from flask_ozml.values import FrozenDict
from ozml_tables import FORMS
from tables import VALID_COMMANDS

URL = "http://yourapp.com/phone"


class Values(t.NamedTuple):
    """Values of an argument, and a function that makes a refused one of a secret."""

    accepted: Sequence[object]
    refused: Sequence[object]
    mistyped: Sequence[object]
    refused_secret: Callable[[str], object]


VALUES = {
    "text": Values(["", "Hi", "a\r\nb\x00<&>"], [], [5, b"Hi", ["Hi"]], str.encode),
    "header": Values(
        ["", "Hi", "a\tb"],
        ["a\rb", "a\nb", "a\r\nBcc: b@c.example"],
        [5],
        lambda secret: f"{secret}\r\n",
    ),
    "sender": Values(
        ["", "Example Limited", "+36301112222"],
        ["a\r\nb", "a\tb", "a\x00", "a\x7f", "a\x85b"],
        [5],
        lambda secret: f"{secret}\n",
    ),
    "address": Values(
        ["test.ozeki@example.com"],
        ["", "a@b.example\nBcc: b@c.example", "a@b.example\r"],
        [5],
        lambda secret: f"{secret}\r\n",
    ),
    "destination": Values(
        ["1001", "+36301112222", "*72#", "sip:john@example.com"],
        ["", " ", "10 00", "1000 ", "1\t2", "1\n", "1\x00", "1\x7f", "1\x85"]
        + [f"1{char}2" for char in "<>\"'&;,/"],
        [1001, b"1001"],
        lambda secret: f"{secret};",
    ),
    "route": Values(
        ["", "1000", "voipservice1", "My outside line", "a\xa0b"],
        [" ", " 1000", "1000 ", "1\t2", "1\n2", "1\x00", "1\x7f", "1\x85"]
        + [f"1{char}2" for char in "<>\"'&;,/"],
        [1000],
        lambda secret: f"{secret};",
    ),
    "url": Values(
        [URL, "https://user:pin@yourapp.com:8443/a?b=c&d=e#f", "HTTP://[::1]:80"],
        ["", "/phone", "yourapp.com", "ftp://yourapp.com", "http://", "http://a b/"]
        + [f"{URL}\n", f"{URL}\x00", "http:yourapp.com", "SELECT url FROM tables"],
        [5, b"http://yourapp.com/"],
        lambda secret: f"/phone/{secret}",
    ),
    "keys": Values(
        ["0", "0123456789*#ABCD"],
        ["", "x", "a", "1 2", "1,2", "1\n", "\u0661"],
        [5, ["5"]],
        lambda secret: f"{secret}x",
    ),
    "key": Values(
        ["0", "*", "#", "D"], ["", "12", "x", "a", "1\n"], [5], lambda secret: secret
    ),
    "party": Values(
        ["caller", "callee", "all"], ["", "Caller", "both"], [1], lambda secret: secret
    ),
    "transferor": Values(
        ["caller", "callee"], ["", "Caller", "all"], [1], lambda secret: secret
    ),
    "format": Values(["mp3", "wav"], ["", "MP3", "ogg"], [3], lambda secret: secret),
    "seconds": Values(
        [0, 1, 86_400], [-1, 86_401, 10**12], ["5", 5.0, True, b"5"], int
    ),
    "count": Values([1, 64], [0, -1, 65], ["5", 5.0, True], int),
    "flag": Values([True, False], [], [0, 1, "true"], lambda secret: secret),
}


class Row(t.NamedTuple):
    """The arguments of a command; a * marks those that are mandatory."""

    positional: int
    arguments: dict[str, str]
    families: str

    @property
    def mandatory(self) -> dict[str, object]:
        """The mandatory arguments, each with a value that is accepted."""
        return {
            name: VALUES[kind.strip("*")].accepted[-1]
            for name, kind in self.arguments.items()
            if "*" in kind
        }


ROWS: dict[type[Command], Row] = {
    Route: Row(
        1,
        {
            "destination": "route*",
            "ring_time": "seconds",
            "caller_id": "sender",
            "dialed_number": "destination",
        },
        "routing",
    ),
    AttendedTransfer: Row(
        0,
        {
            "target_call_id": "text*",
            "transferred_call_id": "text",
            "transferor_party": "transferor",
        },
        "third",
    ),
    BlindTransfer: Row(
        1,
        {
            "target": "destination*",
            "transferor_party": "transferor",
            "call_id": "text",
            "finished_url": "url",
        },
        "third extension",
    ),
    Forward: Row(1, {"destination": "destination*", "call_id": "text"}, "third"),
    Hangup: Row(0, {"call_id": "text"}, "third extension"),
    Hold: Row(0, {"call_id": "text"}, "third"),
    Unhold: Row(0, {"call_id": "text"}, "third"),
    Play: Row(
        1,
        {"audio_file": "text*", "party": "party", "call_id": "text", "repeat": "flag"},
        "third extension",
    ),
    Record: Row(
        0,
        {
            "finished_url": "url",
            "format": "format",
            "call_id": "text",
            "duration": "seconds",
            "inactivity": "seconds",
            "finish_digits": "keys",
        },
        "third extension",
    ),
    SendDTMF: Row(1, {"keys": "keys*", "party": "party*", "call_id": "text"}, "third"),
    Speak: Row(
        1,
        {"text": "text*", "party": "party", "call_id": "text", "language": "text"},
        "third extension",
    ),
    Call: Row(
        1,
        {
            "dialled": "destination*",
            "url": "url*",
            "api_extension": "text",
            "caller_id": "sender",
            "caller_display_name": "sender",
            "error_url": "url",
        },
        "extension",
    ),
    Delay: Row(1, {"time": "seconds*"}, "extension"),
    GoTo: Row(1, {"url": "url*"}, "extension"),
    Reject: Row(0, {}, "extension"),
    SendEmail: Row(
        0,
        {
            "recipient": "address*",
            "subject": "header",
            "message": "text",
            "sender": "sender",
            "api_extension": "text",
        },
        "extension",
    ),
    SendSms: Row(
        1,
        {
            "message": "text*",
            "recipient": "destination*",
            "sender": "sender",
            "delivery_report_url": "url",
            "api_extension": "text",
        },
        "extension",
    ),
    UserInput: Row(
        0,
        {
            "repeat": "flag",
            "timeout": "seconds",
            "back_key": "key",
            "digits": "count",
            "min_digits": "count",
            "max_digits": "count",
            "forward_to_url": "url",
        },
        "extension",
    ),
}

ARGUMENTS = [
    (command, name, kind)
    for command, row in ROWS.items()
    for name, kind in row.arguments.items()
]


def make(command: type[Command], **arguments: object) -> Command:
    """Return a command with these arguments and the mandatory ones."""
    return command(**ROWS[command].mandatory | arguments)


def test_the_table_has_every_command() -> None:
    assert {command.__name__.lower(): command for command in ROWS} == BY_NAME
    assert len(ROWS) == 18


@pytest.mark.parametrize("command, name, kind", ARGUMENTS)
def test_a_right_value_is_kept(command: type[Command], name: str, kind: str) -> None:
    for value in VALUES[kind.strip("*")].accepted:
        made = make(command, **{name: value})
        assert getattr(made, name) is value


@pytest.mark.parametrize("command, name, kind", ARGUMENTS)
def test_a_wrong_value_is_refused(command: type[Command], name: str, kind: str) -> None:
    for value in VALUES[kind.strip("*")].refused:
        with pytest.raises(InvalidParameter) as refused:
            make(command, **{name: value})
        error = refused.value
        assert isinstance(error, ValueError)
        assert not isinstance(error, TypeError)
        assert (error.command, error.parameter) == (command.__name__, name)
        assert error.value is value


@pytest.mark.parametrize("command, name, kind", ARGUMENTS)
def test_a_value_of_a_wrong_type_is_refused(
    command: type[Command], name: str, kind: str
) -> None:
    for value in VALUES[kind.strip("*")].mistyped:
        with pytest.raises(TypeError) as refused:
            make(command, **{name: value})
        error = refused.value
        assert isinstance(error, ParameterTypeError)
        assert (error.command, error.parameter) == (command.__name__, name)
        assert error.value is value
        assert f"got {type(value).__name__}" in str(error)


@pytest.mark.parametrize("command, name, kind", ARGUMENTS)
def test_an_argument_may_be_left_out_unless_it_is_mandatory(
    command: type[Command], name: str, kind: str
) -> None:
    arguments = ROWS[command].mandatory
    arguments.pop(name, None)
    if "*" in kind:
        with pytest.raises(TypeError, match=f"missing 1 required .*: {name!r}"):
            command(**arguments)
        with pytest.raises(ParameterTypeError, match=f"{command.__name__}: {name!r} "):
            command(**arguments | {name: None})
    else:
        default = 10 if name == "timeout" else None
        assert getattr(command(**arguments), name) == default
        assert command(**arguments) == command(**arguments | {name: default})


@given(st.data(), st.from_regex("[0-9]{8,20}", fullmatch=True))
@settings(max_examples=200)
def test_a_refused_secret_is_in_no_message(data: st.DataObject, secret: str) -> None:
    command, name, kind = data.draw(st.sampled_from(ARGUMENTS))
    value = VALUES[kind.strip("*")].refused_secret(f"9{secret}")
    with pytest.raises(InvalidParameter) as refused:
        make(command, **{name: value})
    assert secret not in str(refused.value)
    assert secret not in repr(refused.value)
    assert refused.value.value is value


SECRET = "47110815"


@pytest.mark.parametrize(
    "command, positional, named",
    [
        (UserInput, [SECRET], {}),
        (UserInput, [], {"inputs": SECRET}),
        (UserInput, [], {"inputs": {f"{SECRET}x": Hangup()}}),
        (UserInput, [], {"inputs": {int(SECRET): Hangup()}}),
        (UserInput, [], {"inputs": {"1": SECRET}}),
        (UserInput, [], {"inputs": {"1": [SECRET]}}),
        (UserInput, [], {"inputs": {"1": int(SECRET)}}),
        (Element, [f"{SECRET} "], {}),
        (Element, ["Beep", SECRET], {}),
        (Element, ["Beep", {f"{SECRET} ": "1"}], {}),
        (Element, ["Beep", {"Times": int(SECRET)}], {}),
        (Element, ["Beep", {}, int(SECRET)], {}),
        (Speak, ["Hi"], {"unknown": SECRET}),
        (Speak, [SECRET, SECRET], {}),
        (SendSms, [SECRET], {}),
        (Hangup, [SECRET], {}),
    ],
)
def test_a_secret_in_a_wrong_place_is_in_no_message(
    command: type[Command], positional: list[object], named: dict[str, object]
) -> None:
    with pytest.raises((TypeError, InvalidParameter)) as refused:
        command(*positional, **named)
    assert SECRET not in str(refused.value)


POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD
KEYWORD = inspect.Parameter.KEYWORD_ONLY


def shown_arguments(command: type[Command]) -> list[tuple[str, object, bool]]:
    """Return the name and kind of each argument, and whether it may be left out."""
    return [
        (parameter.name, parameter.kind, parameter.default is not parameter.empty)
        for parameter in inspect.signature(command).parameters.values()
    ]


@pytest.mark.parametrize("command", [row for row in ROWS if row is not UserInput])
def test_the_signature_shows_the_arguments(command: type[Command]) -> None:
    row = ROWS[command]
    assert shown_arguments(command) == [
        (name, POSITIONAL if index < row.positional else KEYWORD, "*" not in kind)
        for index, (name, kind) in enumerate(row.arguments.items())
    ]
    assert " at 0x" not in str(inspect.signature(command))


def test_the_signature_shows_the_arguments_of_a_menu() -> None:
    assert shown_arguments(UserInput) == [
        ("commands", inspect.Parameter.VAR_POSITIONAL, False),
        ("initial_commands", KEYWORD, True),
        ("inputs", KEYWORD, True),
        *((name, KEYWORD, True) for name in ROWS[UserInput].arguments),
    ]


def test_the_signature_shows_the_arguments_of_an_element() -> None:
    assert shown_arguments(Element) == [
        ("name", POSITIONAL, False),
        ("attributes", POSITIONAL, True),
        ("items", inspect.Parameter.VAR_POSITIONAL, False),
        ("content", KEYWORD, True),
    ]


def test_help_shows_names_types_and_defaults() -> None:
    shown = str(inspect.signature(Delay)).replace("typing.", "")
    assert shown == "(time: Annotated[int, Seconds]) -> None"
    assert t.get_type_hints(Call.__init__) == {
        "dialled": str,
        "url": str,
        "api_extension": str | None,
        "caller_id": str | None,
        "caller_display_name": str | None,
        "error_url": str | None,
        "return": type(None),
    }
    assert t.get_type_hints(UserInput.__init__)["timeout"] == int | None


@pytest.mark.parametrize("command", ROWS)
def test_at_most_one_argument_may_be_given_by_position(command: t.Any) -> None:
    row = ROWS[command]
    named = row.mandatory
    if row.positional:
        first = next(iter(row.arguments))
        rest = {name: value for name, value in named.items() if name != first}
        assert command(named[first], **rest) == command(**named)
        with pytest.raises(TypeError, match=command.__name__):
            command(named[first], **named)
        with pytest.raises(TypeError, match=command.__name__):
            command(named[first], named[first], **rest)
    else:
        with pytest.raises(TypeError, match=command.__name__):
            command("Hi", **named)


@pytest.mark.parametrize("command", ROWS)
def test_positional_arguments_match_by_position(command: type[Command]) -> None:
    names = tuple(ROWS[command].arguments)
    assert command.__match_args__ == names[: ROWS[command].positional]  # type: ignore[attr-defined]  # a dataclass


def test_commands_match_patterns() -> None:
    answer: list[Command] = [Speak("Hi", language="en-UK"), BlindTransfer("2000")]
    match answer:
        case [Speak(text, language="en-UK"), BlindTransfer(target)]:
            assert (text, target) == ("Hi", "2000")
        case _:
            pytest.fail("The commands do not match.")


@pytest.mark.parametrize("command", [*ROWS, Element])
def test_an_unknown_argument_is_a_type_error_of_python(command: t.Any) -> None:
    mandatory = ROWS[command].mandatory if command in ROWS else {"name": "Beep"}
    with pytest.raises(TypeError, match="unexpected keyword argument 'langauge'"):
        command(**mandatory, langauge="1")


#: Each command with all its arguments: the last form of each.
FULL: t.Final = list({type(command): command for command, _ in FORMS}.values())

CLONES = [
    pytest.param(copy.copy, id="copy"),
    pytest.param(copy.deepcopy, id="deepcopy"),
    *(
        pytest.param(
            lambda command, protocol=protocol: pickle.loads(
                pickle.dumps(command, protocol)
            ),
            id=f"pickle {protocol}",
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ),
]


def kind_of(command: object) -> str:
    return type(command).__name__


def test_the_full_commands_are_all_commands() -> None:
    assert [type(command) for command in FULL] == [*ROWS, Element]
    for command in FULL:
        for field in dataclasses.fields(command):  # type: ignore[arg-type]  # a dataclass
            assert getattr(command, field.name) is not None


@pytest.mark.parametrize("clone", CLONES)
@pytest.mark.parametrize("command", FULL, ids=kind_of)
def test_a_clone_is_equal(
    command: Command, clone: Callable[[Command], Command]
) -> None:
    cloned = clone(command)
    assert type(cloned) is type(command)
    assert cloned == command
    assert hash(cloned) == hash(command)
    assert repr(cloned) == repr(command)
    assert cloned.depth == command.depth
    assert cloned.children == command.children


def test_different_commands_are_different() -> None:
    assert len(set(FULL)) == len(FULL)
    assert Speak("a") != Speak("b")
    assert Speak("a") != Speak("a", language="en-UK")
    assert len({Hold(call_id="1"), Unhold(call_id="1"), Hangup(call_id="1")}) == 3
    assert Delay(1) != Delay(0)
    assert UserInput(Hangup()) != UserInput(inputs={"1": Hangup()})


@pytest.mark.parametrize("command", FULL, ids=kind_of)
def test_a_command_is_frozen(command: Command) -> None:
    before = repr(command)
    for field in dataclasses.fields(command):  # type: ignore[arg-type]  # a dataclass
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(command, field.name, "1")
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(command, field.name)
    with pytest.raises((AttributeError, TypeError)):
        command.unknown = "1"  # type: ignore[attr-defined]  # that is the test
    assert repr(command) == before


@pytest.mark.parametrize(
    "command, shown",
    [
        (Reject(), "Reject()"),
        (Speak("Hi"), "Speak(text='Hi', party=None, call_id=None, language=None)"),
        (
            UserInput(inputs={"1": Hangup()}, digits=4),
            "UserInput(initial_commands=(), inputs={'1': (Hangup(call_id=None),)},"
            " repeat=None, timeout=10, back_key=None, digits=4, min_digits=None,"
            " max_digits=None, forward_to_url=None)",
        ),
        (
            Element("Beep", {"a": "1"}, "x"),
            "Element(name='Beep', attributes={'a': '1'}, content=('x',))",
        ),
    ],
)
def test_the_repr_of_a_command_makes_it_again(command: Command, shown: str) -> None:
    assert repr(command) == shown


def test_an_answer_compares_without_http() -> None:
    assert [Speak("Hi"), Hangup()] == [Speak(text="Hi", party=None), Hangup()]


def test_replace_makes_a_checked_copy() -> None:
    assert dataclasses.replace(Speak("Hi", language="en-UK"), text="Bye") == Speak(
        "Bye", language="en-UK"
    )
    with pytest.raises(InvalidParameter):
        dataclasses.replace(Delay(5), time=-1)


@pytest.mark.parametrize("command", FULL, ids=kind_of)
def test_replace_and_asdict_keep_everything(command: t.Any) -> None:
    assert dataclasses.replace(command) == command
    fields = {field.name: field for field in dataclasses.fields(command)}
    assert dataclasses.asdict(command).keys() == fields.keys()


def test_an_argument_of_a_menu_or_an_element_can_be_replaced() -> None:
    menu = UserInput(Speak("Press 1."), inputs={"1": Hangup()}, digits=4)
    longer = UserInput(Speak("Press 1."), inputs={"1": Hangup()}, digits=4, timeout=5)
    assert dataclasses.replace(menu, timeout=5) == longer
    assert dataclasses.replace(menu, initial_commands=()).initial_commands == ()
    element = Element("Beep", {"a": "1"}, "x")
    assert dataclasses.replace(element, name="Ring") == Element("Ring", {"a": "1"}, "x")


def test_asdict_of_menus_in_menus_grows_with_their_number() -> None:
    menu = UserInput(Hangup())
    for _ in range(20):
        menu = UserInput(menu)
    assert repr(dataclasses.asdict(menu)).count("initial_commands") == 21


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (UserInput, {"initial_commands": (Hangup(),)}),
        (Element, {"name": "Beep", "attributes": {}, "content": (Hangup(),)}),
    ],
)
def test_children_are_given_by_position_or_by_name(
    command: t.Any, arguments: dict[str, t.Any]
) -> None:
    name, children = list(arguments.items())[-1]
    by_position = [*list(arguments.values())[:-1], *children]
    assert command(**arguments) == command(*by_position)
    with pytest.raises(TypeError, match="not both"):
        command(*by_position, **{name: children})
    for wrong in ("Hi", Hangup(), [Hangup()], (5,), ((),)):
        with pytest.raises(InvalidParameter, match=f"{name!r} must "):
            command(**arguments | {name: wrong})


class Greeting(Speak):
    """A user's own command."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Hello {name}!", language="en-UK")


def test_a_subclass_is_the_command_that_it_extends() -> None:
    greeting = Greeting("John")
    assert (greeting.text, greeting.language) == ("Hello John!", "en-UK")
    assert greeting.origin is Speak
    assert greeting.obeys is Speak
    assert isinstance(greeting, ExtensionCommand)


@dataclasses.dataclass(frozen=True)
class Pause(Delay):
    why: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class SlottedPause(Delay):
    why: str = ""
    checked: bool = False

    def __post_init__(self) -> None:
        Delay.__post_init__(self)
        object.__setattr__(self, "checked", True)


@dataclasses.dataclass(frozen=True)
class PinMenu(UserInput):
    account: str = ""


INJECTION = '</Delay><Call Url="http://evil.example/">0900</Call><Delay>'


@pytest.mark.parametrize("command", [Pause, SlottedPause])
def test_a_dataclass_that_extends_a_command_is_checked_like_it(command: t.Any) -> None:
    with pytest.raises(InvalidParameter, match="Delay: 'time' must be an int"):
        command(INJECTION)
    pause = command(5, why="music")
    assert (pause.time, pause.why, pause.origin) == (5, "music", Delay)
    assert dataclasses.replace(pause, time=6).why == "music"
    with pytest.raises(InvalidParameter):
        dataclasses.replace(pause, time=-1)


def test_post_init_of_a_subclass_runs_after_the_check() -> None:
    assert SlottedPause(5).checked


def test_a_dataclass_that_extends_a_menu_is_checked_like_it() -> None:
    menu = PinMenu("4711", initial_commands=(Speak("PIN?"),), inputs={"1": (Hangup(),)})
    assert menu.children == (Speak("PIN?"), Hangup())
    with pytest.raises(InvalidParameter):
        PinMenu(inputs={"x": (Hangup(),)})


def test_a_proxy_is_refused_with_the_name_of_the_command() -> None:
    text: t.Any = LocalProxy(lambda: "Hi")
    with pytest.raises(ParameterTypeError, match="Speak: 'text' must be a str, got Lo"):
        Speak(text)
    delay: t.Any = LocalProxy(lambda: 5)
    with pytest.raises(ParameterTypeError, match="Delay: 'time' must be an int"):
        Delay(delay)


class Extension(enum.StrEnum):
    SALES = "2000"

    def __str__(self) -> str:
        return self.name


def test_a_value_of_a_subclass_is_kept_as_a_plain_one() -> None:
    assert type(BlindTransfer(Extension.SALES).target) is str
    assert BlindTransfer(Extension.SALES).target == "2000"
    assert type(Delay(StatusCode.OK).time) is int


KIND_OF_URL = {
    (Call, "url"): "call_connected",
    (Call, "error_url"): "error",
    (GoTo, "url"): "goto",
    (Record, "finished_url"): "record_completed",
    (SendSms, "delivery_report_url"): "sms_delivery_report",
    (UserInput, "forward_to_url"): "dtmf_entered",
    (BlindTransfer, "finished_url"): None,
}
KINDS_OF_URLS = [kind for kind in KIND_OF_URL.values() if kind]


@pytest.mark.parametrize(("command", "name"), KIND_OF_URL)
def test_a_url_that_leads_to_a_view_of_another_kind_is_refused(
    command: type[Command], name: str
) -> None:
    wanted = KIND_OF_URL[command, name]
    for kind in KINDS_OF_URLS:
        url = ViewUrl(URL, kind, "my_view")
        if kind == wanted:
            held = getattr(make(command, **{name: url}), name)
            assert (held, type(held)) == (URL, str)
        else:
            words = f"{command.__name__}: {name!r} must .*'my_view'.*"
            with pytest.raises(InvalidParameter, match=words) as refused:
                make(command, **{name: url})
            assert wanted is None or f"decorate it with .{wanted}" in str(refused.value)
            assert (refused.value.value, type(refused.value.value)) == (URL, str)
    assert getattr(make(command, **{name: URL}), name) == URL


@pytest.mark.parametrize("clone", CLONES)
def test_a_url_that_knows_its_kind_is_copied_as_the_str_it_is(
    clone: Callable[[t.Any], t.Any],
) -> None:
    url = ViewUrl(URL, "goto", "my_view")
    assert url == URL
    assert hash(url) == hash(URL)
    assert type(clone(url)) is str
    assert clone(url) == URL


def equal_menus() -> list[UserInput]:
    return [
        UserInput(inputs={"1": Hangup()}),
        UserInput(inputs={"1": (Hangup(),)}),
        UserInput(inputs={"1": [Hangup()]}),
        UserInput(inputs=FrozenDict({"1": [Hangup()]})),
        UserInput(inputs=t.cast(t.Any, {"1": (command for command in [Hangup()])})),
    ]


@pytest.mark.parametrize("menu", equal_menus())
def test_the_commands_of_a_key_become_a_tuple(menu: UserInput) -> None:
    assert menu.inputs == {"1": (Hangup(),)}
    assert menu == equal_menus()[0]
    assert hash(menu) == hash(equal_menus()[0])


def test_menus_are_equal_whatever_the_order_of_their_keys() -> None:
    one = UserInput(inputs={"1": Hangup(), "2": Delay(1)})
    other = UserInput(inputs={"2": Delay(1), "1": Hangup()})
    assert one == other
    assert hash(one) == hash(other)


def test_menus_are_unequal_if_the_order_of_their_commands_differs() -> None:
    assert UserInput(Speak("a"), Speak("b")) != UserInput(Speak("b"), Speak("a"))


def test_a_menu_may_be_empty() -> None:
    assert UserInput() == UserInput(inputs={}) == UserInput(inputs=None)
    assert UserInput().inputs == {}
    assert UserInput().initial_commands == ()
    assert UserInput().children == ()


def test_a_menu_does_not_change_with_what_it_was_made_of() -> None:
    commands: list[ExtensionCommand] = [Hangup()]
    inputs = {"1": commands}
    menu = UserInput(inputs=inputs)
    commands.append(Delay(1))
    inputs["2"] = []
    assert menu == UserInput(inputs={"1": Hangup()})


def test_the_children_of_a_menu_are_its_initial_commands_and_those_of_all_keys() -> (
    None
):
    menu = UserInput(Speak("a"), Delay(1), inputs={"1": Hangup(), "2": [GoTo(URL)]})
    assert menu.children == (Speak("a"), Delay(1), Hangup(), GoTo(URL))


@pytest.mark.parametrize("key", VALUES["keys"].accepted)
def test_a_key_is_one_or_more_keys_of_a_telephone(key: str) -> None:
    assert UserInput(inputs={key: Hangup()}).inputs == {key: (Hangup(),)}


@pytest.mark.parametrize("key", VALUES["keys"].refused)
def test_any_other_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidParameter, match="'inputs' must map one or more keys"):
        UserInput(inputs={key: Hangup()})


@pytest.mark.parametrize(
    "inputs",
    [
        "1",
        5,
        Hangup(),
        [("1", Hangup())],
        {1: Hangup()},
        {None: Hangup()},
        {"1": None},
        {"1": 5},
        {"1": "Hi"},
        {"1": ""},
        {"1": b""},
        {"1": Hangup},
        {"1": ["Hi"]},
        {"1": [Hangup(), None]},
        {"1": [[Hangup()]]},
        {"1": LocalProxy(Hangup)},
    ],
)
def test_inputs_of_a_wrong_type_are_refused(inputs: t.Any) -> None:
    with pytest.raises(TypeError) as refused:
        UserInput(inputs=inputs)
    assert isinstance(refused.value, ParameterTypeError)
    assert (refused.value.command, refused.value.parameter) == ("UserInput", "inputs")


@pytest.mark.parametrize(
    "child", ["Hi", 5, None, Hangup, [Hangup()], LocalProxy(Hangup)]
)
def test_initial_commands_of_a_wrong_type_are_refused(child: t.Any) -> None:
    expected = f"must contain only commands, got {type(child).__name__}"
    with pytest.raises(ParameterTypeError, match=expected):
        UserInput(Speak("Hi"), child)


@pytest.mark.parametrize("low, high", [(1, 1), (1, 64), (5, None), (None, 5)])
def test_min_digits_may_be_up_to_max_digits(low: int | None, high: int | None) -> None:
    menu = UserInput(min_digits=low, max_digits=high)
    assert (menu.min_digits, menu.max_digits) == (low, high)


def test_min_digits_must_not_be_above_max_digits() -> None:
    with pytest.raises(
        InvalidParameter, match="'min_digits' must not be above max_digits"
    ):
        UserInput(min_digits=5, max_digits=4)


def nested(wrap: Callable[[t.Any], Command], levels: int) -> Command:
    command: Command = Hangup()
    for _ in range(levels):
        command = wrap(command)
    return command


WRAPS = [
    pytest.param(lambda inner: UserInput(inputs={"1": inner}), id="inputs"),
    pytest.param(lambda inner: UserInput(Speak("Hi"), inner), id="initial commands"),
    pytest.param(lambda inner: Element("ForEach", {}, inner, "x"), id="element"),
    pytest.param(
        lambda inner: (
            Element("ForEach", {}, inner)
            if isinstance(inner, UserInput)
            else UserInput(inner)
        ),
        id="both",
    ),
]


@pytest.mark.parametrize("wrap", WRAPS)
def test_menus_may_nest_50_deep(wrap: Callable[[t.Any], Command]) -> None:
    command = nested(wrap, 50)
    assert command.depth == 50
    assert command == nested(wrap, 50)
    assert hash(command) == hash(nested(wrap, 50))
    assert pickle.loads(pickle.dumps(command)) == copy.deepcopy(command)
    assert "Hangup" in repr(command)


@pytest.mark.parametrize("levels", [51, 10_000])
@pytest.mark.parametrize("wrap", WRAPS)
def test_menus_must_not_nest_deeper(
    wrap: Callable[[t.Any], Command], levels: int
) -> None:
    with pytest.raises(InvalidParameter, match="must not nest more than 50 deep"):
        nested(wrap, levels)


def test_many_menus_side_by_side_are_not_deep() -> None:
    menu = UserInput(*[UserInput(Hangup()) for _ in range(10_000)])
    assert menu.depth == 2


@pytest.mark.parametrize("name", ["Beep", "_", "a", "Send-Msg_2.0", "Response", "XML"])
def test_an_element_may_have_any_ascii_xml_name(name: str) -> None:
    assert Element(name).name == name
    assert Element("Beep", {name: "1"}).attributes == {name: "1"}


@pytest.mark.parametrize(
    "name",
    ["", " ", "1a", "-a", ".a", "a b", "a\n", "a:b", "xmlns", "a/", "a>", "a=", "a'"]
    + ["\xe9", "a\xe9", "\u212a", "a\x00", "a\ud800", "<a", "a&"],
)
def test_any_other_element_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameter, match="'name' must be an XML name") as refused:
        Element(name)
    assert (refused.value.command, refused.value.parameter) == ("Element", "name")
    with pytest.raises(InvalidParameter, match="'attributes' must have XML names"):
        Element("Beep", {name: "1"})


@pytest.mark.parametrize(
    ("parameter", "arguments"),
    [
        ("name", (5,)),
        ("name", (None,)),
        ("name", (b"Beep",)),
        ("attributes", ("Beep", "Hi")),
        ("attributes", ("Beep", 5)),
        ("attributes", ("Beep", Hangup())),
        ("attributes", ("Beep", ["Hi"])),
        ("attributes", ("Beep", {5: "1"})),
        ("attributes", ("Beep", {"a": 5})),
        ("attributes", ("Beep", {"a": None})),
        ("attributes", ("Beep", {"a": True})),
        ("content", ("Beep", {}, 5)),
        ("content", ("Beep", {}, None)),
        ("content", ("Beep", {}, b"Hi")),
        ("content", ("Beep", {}, ["Hi"])),
        ("content", ("Beep", {}, Hangup)),
        ("content", ("Beep", {}, LocalProxy(Hangup))),
    ],
)
def test_an_element_of_wrong_types_is_refused(parameter: str, arguments: t.Any) -> None:
    with pytest.raises(ParameterTypeError) as refused:
        Element(*arguments)
    assert (refused.value.command, refused.value.parameter) == ("Element", parameter)


@pytest.mark.parametrize(
    "content, merged",
    [
        ((), ()),
        (("",), ()),
        (("a",), ("a",)),
        (("a", "b", "", "c"), ("abc",)),
        (("", "a", ""), ("a",)),
        (("a", Hangup(), "", "b", "c"), ("a", Hangup(), "bc")),
        ((Hangup(), "", Hangup()), (Hangup(), Hangup())),
        ((" ", "\n"), (" \n",)),
    ],
)
def test_adjacent_texts_of_an_element_are_joined(
    content: tuple[str | Command, ...], merged: tuple[str | Command, ...]
) -> None:
    element = Element("Array", None, *content)
    assert element.content == merged
    assert element == Element("Array", {}, *merged)
    assert hash(element) == hash(Element("Array", {}, *merged))


def test_the_children_of_an_element_are_its_commands() -> None:
    element = Element("Array", {}, "a", Hangup(), Element("item", {}, Delay(1)))
    assert element.children == (Hangup(), Element("item", {}, Delay(1)))


def test_an_element_does_not_change_with_what_it_was_made_of() -> None:
    attributes = {"ID": "1"}
    element = Element("Array", attributes)
    attributes["ID"] = "2"
    assert element.attributes == {"ID": "1"}


@pytest.mark.parametrize("command", ROWS)
def test_an_element_obeys_the_command_of_its_name(command: type[Command]) -> None:
    for name in (command.__name__, command.__name__.lower(), command.__name__.upper()):
        assert Element(name).obeys is command
    assert FULL[list(ROWS).index(command)].obeys is command


@pytest.mark.parametrize("name", ["Array", "Beep", "Speaker", "Element", "Input"])
def test_any_other_element_obeys_no_command(name: str) -> None:
    assert Element(name).obeys is Element


FAMILIES = {
    "routing": RoutingCommand,
    "third": ThirdPartyCommand,
    "extension": ExtensionCommand,
}


@pytest.mark.parametrize("command", ROWS)
def test_a_command_is_of_the_families_of_its_row(command: type[Command]) -> None:
    families = ROWS[command].families.split()
    for name, family in FAMILIES.items():
        assert issubclass(command, family) == (name in families)


def test_an_element_is_of_every_family() -> None:
    assert issubclass(Element, tuple(FAMILIES.values()))
    for family in FAMILIES.values():
        assert issubclass(Element, family)


@pytest.mark.parametrize("command", ROWS)
@pytest.mark.parametrize("notification, valid", VALID_COMMANDS)
def test_the_families_are_those_that_the_vendor_calls_valid(
    notification: Notification, valid: list[str], command: type[Command]
) -> None:
    family = notification.answer_family
    answers = family is not None and issubclass(command, family)
    assert answers == (command.__name__ in valid)


class Shout(Speak):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.volume = 3


def test_a_subclass_may_have_attributes_of_its_own() -> None:
    shout = Shout("Hi")
    shout.volume += 1
    assert shout.volume == 4
    del shout.volume
    assert not hasattr(shout, "volume")
    for name in ("text", "language"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=name):
            setattr(shout, name, "x")
        with pytest.raises(dataclasses.FrozenInstanceError, match=name):
            delattr(shout, name)
    assert shout.text == "Hi"


def test_a_subclass_hides_no_argument() -> None:
    expected = r"German\.language hides an argument of Speak\. Pass the value to super"
    with pytest.raises(TypeError, match=expected):
        type("German", (Speak,), {"language": "de-DE"})
    german = type("German", (), {"language": "de-DE"})
    with pytest.raises(TypeError, match=r"Mixed\.language hides an argument of Speak"):
        type("Mixed", (german, Speak), {})
    with pytest.raises(TypeError, match=r"Menu\.inputs hides .* of UserInput"):
        type("Menu", (UserInput,), {"inputs": {}})
    with pytest.raises(TypeError, match=r"Louder\.text hides an argument of Speak"):
        type("Louder", (Shout,), {"text": property(str)})


@pytest.mark.parametrize(
    "name", ["arguments", "children", "depth", "destinations", "obeys", "origin"]
)
def test_a_subclass_hides_nothing_that_checks_need(name: str) -> None:
    expected = rf"Transfer\.{name} hides an attribute of Call that its checks need"
    with pytest.raises(TypeError, match=expected):
        type("Transfer", (Call,), {name: ()})
    with pytest.raises(TypeError, match=expected):
        dataclasses.make_dataclass("Transfer", [(name, tuple)], bases=(Call,))
    mixed = type("Mixed", (), {name: ()})
    with pytest.raises(TypeError, match=expected):
        type("Transfer", (mixed, Call), {})


def test_an_attribute_of_an_object_hides_no_check() -> None:
    class Announce(Speak):
        def __init__(self, text: t.Any, *arguments: str) -> None:
            vars(self).update(arguments=arguments)
            super().__init__(text)

    with pytest.raises(ParameterTypeError, match="Speak: 'text' must be a str"):
        Announce(5)
    assert Announce("Hi").text == "Hi"


def test_a_subclass_may_have_what_is_no_argument() -> None:
    class Keyed:
        key = ""

        def __init_subclass__(cls, key: str, **options: t.Any) -> None:
            super().__init_subclass__(**options)
            cls.key = key

    class Private(Speak, Keyed, key="k"):
        def __init__(self, text: str) -> None:
            super().__init__(text)
            self._text = "private"

    assert Private.key == "k"
    assert Private("Hi").text == "Hi"
    assert Private("Hi") != Private("Bye")
