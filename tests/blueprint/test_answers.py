"""What a view may answer."""

import itertools
import re
import typing as t
from collections import deque
from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterator

import pytest
from werkzeug.local import LocalProxy

from flask_ozml.blueprint.answers import check_answer
from flask_ozml.blueprint.answers import read_answer
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
from flask_ozml.errors import InappropriateCommand
from flask_ozml.errors import StatusCode
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import Notification
from flask_ozml.notifications import RoutingInterception
from tables import VALID_COMMANDS

URL = "http://yourapp.com/"
HI, BYE = Speak("Hi"), Hangup()


@pytest.mark.parametrize(
    "answer, commands",
    [
        (None, []),
        (HI, [HI]),
        ([], []),
        ((), []),
        ([HI, BYE], [HI, BYE]),
        ((HI, BYE), [HI, BYE]),
        ([HI, HI], [HI, HI]),
        ({HI}, [HI]),
        (frozenset([HI]), [HI]),
        (deque([HI, BYE]), [HI, BYE]),
        (iter([HI, BYE]), [HI, BYE]),
        ((command for command in (HI, BYE)), [HI, BYE]),
        (map(Speak, ["Hi"]), [HI]),
        ({1: HI}.values(), [HI]),
        (itertools.chain([HI], [BYE]), [HI, BYE]),
        (UserInput(HI, inputs={"1": BYE}), [UserInput(HI, inputs={"1": BYE})]),
        (Element("Beep", None, HI), [Element("Beep", None, HI)]),
    ],
)
def test_a_view_may_return_none_a_command_or_an_iterable_of_commands(
    answer: object, commands: list[Command]
) -> None:
    assert read_answer(answer) == commands


@pytest.mark.parametrize("answer", [None, [], (), iter(()), (i for i in "")])
def test_an_empty_answer_is_legal_everywhere(answer: object) -> None:
    commands = read_answer(answer)
    for notification, _ in VALID_COMMANDS:
        check_answer(notification, commands)


@pytest.mark.parametrize(
    "answer",
    ["", "Hi", b"Hi", bytearray(b"Hi"), {}, {"1": HI}, {HI: HI}, 0, 5, 1.5, True]
    + [False, object(), Speak, len, Ellipsis, NotImplemented, GoToNotification()]
    + [ValueError("Hi"), ["Hi"], [HI, "Hi"], ("Hi", 200), (HI, 200), [[HI]], [None]]
    + [[HI, None], [HI, [BYE]], ((HI,),), [Speak], [True], ["", HI], range(3)]
    + [(text for text in ["Hi"]), iter([[HI]]), {1: "Hi"}.values(), [HI, {"1": HI}]]
    + [[LocalProxy(lambda: HI)]],
)
def test_a_view_that_returns_anything_else_is_a_type_error(answer: object) -> None:
    with pytest.raises(TypeError) as caught:
        check_answer(IncomingCall(), read_answer(answer))
    assert not isinstance(caught.value, InappropriateCommand)
    message = str(caught.value)
    assert message.startswith("A view")
    for way in ("None", "a command", "an iterable of commands", "flask.Response"):
        assert way in message
    assert "Hi" not in message


@pytest.mark.parametrize(
    "answer, name",
    [
        ("Hi", "str"),
        ({}, "dict"),
        (5, "int"),
        ([[HI]], "list"),
        ([HI, None], "NoneType"),
    ],
)
def test_the_message_names_the_type(answer: object, name: str) -> None:
    with pytest.raises(TypeError, match=rf"\b{name}\b"):
        check_answer(IncomingCall(), read_answer(answer))


def test_the_commands_of_a_generator_that_raises_are_dropped() -> None:
    def view() -> Iterator[Command]:
        yield HI
        raise LookupError("no such account")

    with pytest.raises(LookupError, match="no such account"):
        read_answer(view())


def test_a_command_that_a_generator_returns_is_not_lost_silently() -> None:
    def view(command: Command | None) -> Generator[Command, None, Command | None]:
        yield HI
        return command

    assert read_answer(view(None)) == [HI]
    with pytest.raises(TypeError, match="returned Hangup, which would be lost. Use `y"):
        read_answer(view(BYE))


def test_at_most_1001_commands_of_an_iterable_are_read() -> None:
    given: list[int] = []

    def view() -> Iterator[Command]:
        for number in range(2_000):
            given.append(number)
            yield HI

    commands = read_answer(view())
    assert len(given) == 1_001
    with pytest.raises(InappropriateCommand, match="more than 1000 commands"):
        check_answer(IncomingCall(), commands)


def menus(total: int) -> UserInput:
    """Return one command that holds all the others, in every place there is."""
    return UserInput(
        *[HI] * 100,
        Element("Array", None, *[HI] * 100),
        inputs={"1": [HI] * 100, "2": UserInput(inputs={"1": [HI] * (total - 303)})},
    )


@pytest.mark.parametrize(
    "of",
    [
        lambda total: [HI] * total,
        lambda total: (HI for _ in range(total)),
        lambda total: menus(total),
        lambda total: [Element("Array", None, *[HI] * (total - 1))],
        lambda total: [*[HI] * (total - 500), menus(500)],
        lambda total: [menus(500), *[HI] * (total - 500)],
    ],
)
def test_an_answer_may_have_1000_commands_nested_ones_included(
    of: Callable[[int], object],
) -> None:
    check_answer(IncomingCall(), read_answer(of(1_000)))
    for total in (1_001, 1_002, 5_000):
        with pytest.raises(InappropriateCommand, match="more than 1000 commands"):
            check_answer(IncomingCall(), read_answer(of(total)))


# One of each, with every argument that it needs in any answer.
COMMANDS: dict[str, Command] = {
    "Route": Route("1000"),
    "AttendedTransfer": AttendedTransfer(target_call_id="1"),
    "BlindTransfer": BlindTransfer("1000", transferor_party="caller"),
    "Forward": Forward("1000"),
    "Hangup": Hangup(),
    "Hold": Hold(),
    "Unhold": Unhold(),
    "Play": Play("hello.wav", party="all"),
    "Record": Record(finished_url=URL, format="wav", call_id="1"),
    "SendDTMF": SendDTMF("1", party="caller"),
    "Speak": Speak("Hi", party="callee"),
    "Call": Call("1000", url=URL),
    "Delay": Delay(1),
    "GoTo": GoTo(URL),
    "Reject": Reject(),
    "SendEmail": SendEmail(recipient="a@b.example"),
    "SendSms": SendSms("Hi", recipient="1000"),
    "UserInput": UserInput(),
}


def forms(name: str) -> list[Command]:
    """Return the command, and elements with its name in any case."""
    spellings = {name, name.lower(), name.upper(), name.swapcase()}
    return [COMMANDS[name], *(Element(spelling) for spelling in sorted(spellings))]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("notification, valid", VALID_COMMANDS)
def test_the_commands_that_the_vendor_calls_valid_are_legal_and_no_others(
    notification: Notification, valid: list[str], name: str
) -> None:
    for command in forms(name):
        if name in valid:
            check_answer(notification, [command])
            continue
        with pytest.raises(InappropriateCommand) as caught:
            check_answer(notification, [command])
        assert caught.value.code is StatusCode.INAPPROPRIATE_COMMAND
        message = str(caught.value)
        spelling = command.name if isinstance(command, Element) else name
        assert message.startswith(f"{spelling} may not answer ")
        assert notification.notification_name in message
        legal = re.search(r"Legal: (.*)\.", message)
        assert legal
        assert sorted(legal[1].split(", ")) == sorted(valid) or not valid


WRAPS: dict[str, Callable[[t.Any], Command]] = {
    "initial command": lambda command: UserInput(command),
    "input": lambda command: UserInput(HI, inputs={"1": command}),
    "last input": lambda command: UserInput(HI, inputs={"1": BYE, "2": (HI, command)}),
    "menu below": lambda command: UserInput(inputs={"1": UserInput(command)}),
    "element": lambda command: Element("Array", None, "a", command),
    "element in menu": lambda command: UserInput(Element("Array", None, command)),
    "menu in element": lambda command: Element("Array", {}, UserInput(HI, command)),
    "element of its name": lambda command: Element("userinput", None, command),
}
EXTENSION = [row for row in VALID_COMMANDS if "UserInput" in row[1]]


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
@pytest.mark.parametrize("notification, valid", EXTENSION)
def test_nested_commands_must_be_legal_too(
    notification: Notification, valid: list[str], wrap: Callable[[t.Any], Command]
) -> None:
    for name in COMMANDS:
        for command in forms(name):
            if name in valid and name != "Reject":
                check_answer(notification, [HI, wrap(command)])
                continue
            with pytest.raises(InappropriateCommand):
                check_answer(notification, [wrap(command)])


def test_an_element_of_another_name_may_answer_all_but_an_error() -> None:
    for notification, valid in VALID_COMMANDS:
        for element in (Element("Beep"), Element("Array", None, Element("Item"))):
            if valid:
                check_answer(notification, [element])
            else:
                with pytest.raises(InappropriateCommand, match="nothing"):
                    check_answer(notification, [element])


def test_commands_nested_in_routing_and_third_party_answers_must_be_legal_too() -> None:
    for notification, valid in VALID_COMMANDS[:3]:
        for name, command in COMMANDS.items():
            nested = Element("If", None, command)
            if name in valid:
                check_answer(notification, [nested])
            else:
                with pytest.raises(InappropriateCommand):
                    check_answer(notification, [nested])


def test_every_command_of_an_answer_is_checked() -> None:
    for position in range(4):
        commands: list[Command] = [HI] * 4
        commands[position] = Hold()
        with pytest.raises(InappropriateCommand, match="^Hold may not answer GoTo\\."):
            check_answer(GoToNotification(), commands)


@pytest.mark.parametrize("notification", [row[0] for row in EXTENSION])
def test_reject_may_only_be_the_first_command(notification: Notification) -> None:
    for reject in (Reject(), Element("Reject"), Element("reject")):
        check_answer(notification, [reject])
        check_answer(notification, [reject, HI, BYE])
        refused: list[list[Command]] = [
            [HI, reject],
            [HI, BYE, reject],
            [reject, reject],
            [UserInput(), reject],
            *([wrap(reject)] for wrap in WRAPS.values()),
            *([reject, wrap(reject)] for wrap in WRAPS.values()),
        ]
        for commands in refused:
            with pytest.raises(InappropriateCommand, match="(?i)^reject .* first"):
                check_answer(notification, commands)


THIRD_PARTY = [row[0] for row in VALID_COMMANDS[1:3]]


@pytest.mark.parametrize(
    "command, argument",
    [
        (BlindTransfer("1000"), "transferor_party"),
        (BlindTransfer("1000", call_id="1", finished_url=URL), "transferor_party"),
        (Play("hello.wav"), "party"),
        (Play("hello.wav", call_id="1", repeat=True), "party"),
        (Speak("Hi"), "party"),
        (Speak("Hi", call_id="1", language="en-UK"), "party"),
        (Record(duration=60), "duration"),
        (Record(duration=0), "duration"),
        (Record(inactivity=5), "inactivity"),
        (Record(finish_digits="#"), "finish_digits"),
        (Record(finished_url=URL, duration=1, inactivity=1), "duration"),
    ],
)
def test_third_party_answers_need_some_arguments_and_take_no_others(
    command: Command, argument: str
) -> None:
    name = type(command).__name__
    for notification in THIRD_PARTY:
        for commands in ([command], [Hold(), command], [Element("If", None, command)]):
            with pytest.raises(InappropriateCommand, match=f"^{name} .*'{argument}'"):
                check_answer(notification, commands)
    for notification, _ in EXTENSION:
        check_answer(notification, [command])


def test_extension_answers_may_have_arguments_that_they_ignore() -> None:
    commands = [
        BlindTransfer("1", transferor_party="caller", call_id="1", finished_url=URL),
        Hangup(call_id="1"),
        Play("hello.wav", party="all", call_id="1", repeat=True),
        Record(call_id="1", duration=1, inactivity=1, finish_digits="1"),
        Speak("Hi", party="all", call_id="1", language="en-UK"),
    ]
    for notification, _ in EXTENSION:
        check_answer(notification, commands)


def test_third_party_answers_take_all_other_arguments() -> None:
    commands: list[Command] = [
        AttendedTransfer(
            target_call_id="1", transferred_call_id="2", transferor_party="caller"
        ),
        BlindTransfer("1", transferor_party="callee", call_id="1", finished_url=URL),
        Forward("1", call_id="1"),
        Hangup(call_id="1"),
        Hold(call_id="1"),
        Unhold(call_id="1"),
        Play("hello.wav", party="all", call_id="1", repeat=True),
        Record(finished_url=URL, format="mp3", call_id="1"),
        SendDTMF("1", party="all", call_id="1"),
        Speak("Hi", party="all", call_id="1", language="en-UK"),
    ]
    for notification in THIRD_PARTY:
        check_answer(notification, commands)


class Greeting(Speak):
    """A command of the application."""


class Forwarding(Forward):
    """Another one."""


class Colleague(BlindTransfer):
    """A third one."""


def test_a_subclass_obeys_the_command_that_it_extends() -> None:
    check_answer(IncomingCall(), [Greeting("Hi")])
    with pytest.raises(InappropriateCommand, match="^Speak needs 'party'"):
        check_answer(THIRD_PARTY[0], [Greeting("Hi")])
    with pytest.raises(InappropriateCommand, match="^Forward may not answer"):
        check_answer(IncomingCall(), [Forwarding("1000")])


# The command with a destination, for one of the notifications that it may answer.
DESTINATIONS: dict[str, tuple[Notification, Callable[[str], Command]]] = {
    "Call dialled": (IncomingCall(), lambda to: Call(to, url=URL)),
    "BlindTransfer target": (IncomingCall(), BlindTransfer),
    "BlindTransfer target, third party": (
        THIRD_PARTY[0],
        lambda to: BlindTransfer(to, transferor_party="caller"),
    ),
    "Forward destination": (THIRD_PARTY[0], Forward),
    "Route destination": (RoutingInterception(), Route),
    "Route dialed_number": (
        RoutingInterception(),
        lambda to: Route("1000", dialed_number=to),
    ),
    "SendSms recipient": (IncomingSMS(), lambda to: SendSms("Hi", recipient=to)),
}
ALLOWED = [re.compile("[0-9]{4}"), re.compile(r"\+36[0-9]+"), re.compile("a|abc")]


@pytest.mark.parametrize("row", DESTINATIONS)
@pytest.mark.parametrize(
    "destination, allowed",
    [
        ("1000", True),
        ("9999", True),
        ("+36301112222", True),
        ("abc", True),
        ("a", True),
        ("100", False),
        ("10000", False),
        ("x1000", False),
        ("1000x", False),
        ("00441000", False),
        ("+3", False),
        ("+441234", False),
        ("ABC", False),
        ("abcd", False),
        ("\u0661\u0660\u0660\u0660", False),
    ],
)
def test_a_destination_must_match_a_pattern_in_full(
    row: str, destination: str, allowed: bool
) -> None:
    notification, of = DESTINATIONS[row]
    name, argument = row.partition(",")[0].split()
    places: list[Callable[[Command], Command]] = [lambda command: command]
    places.append(lambda command: Element("If", None, command))
    if "UserInput" in dict(VALID_COMMANDS).get(notification, []):
        places += WRAPS.values()
    for place in places:
        commands = [place(of(destination))]
        check_answer(notification, commands)
        if allowed:
            check_answer(notification, commands, ALLOWED)
            continue
        with pytest.raises(InappropriateCommand, match=f"^{name}.*'{argument}'") as got:
            check_answer(notification, commands, ALLOWED)
        assert destination not in str(got.value)
        assert "OZML_ALLOWED_DESTINATIONS" in str(got.value)


@pytest.mark.parametrize("row", DESTINATIONS)
def test_an_empty_list_allows_no_destination(row: str) -> None:
    notification, of = DESTINATIONS[row]
    with pytest.raises(InappropriateCommand):
        check_answer(notification, [of("1000")], [])


def test_a_route_that_rejects_has_no_destination() -> None:
    for allowed in ([], ALLOWED):
        check_answer(RoutingInterception(), [Route("")], allowed)


def test_both_destinations_of_a_route_are_checked() -> None:
    check_answer(RoutingInterception(), [Route("a", dialed_number="1000")], ALLOWED)
    for route in (Route("b", dialed_number="1000"), Route("a", dialed_number="b")):
        with pytest.raises(InappropriateCommand):
            check_answer(RoutingInterception(), [route], ALLOWED)
    with pytest.raises(InappropriateCommand, match="dialed_number"):
        check_answer(RoutingInterception(), [Route("", dialed_number="b")], ALLOWED)


@pytest.mark.parametrize("row", DESTINATIONS)
def test_an_element_must_not_replace_a_command_with_a_destination(row: str) -> None:
    notification, _ = DESTINATIONS[row]
    name = row.split(maxsplit=1)[0]
    for command in forms(name)[1:]:
        check_answer(notification, [command])
        for place in (command, Element("If", None, command)):
            with pytest.raises(InappropriateCommand, match=name):
                check_answer(notification, [place], ALLOWED)


def test_commands_without_a_destination_are_not_restricted() -> None:
    extension: list[Command] = [
        Reject(),
        HI,
        BYE,
        Delay(1),
        GoTo(URL),
        Play("hello.wav"),
        Record(),
        SendEmail(recipient="a@b.example"),
        UserInput(HI),
        Element("Beep"),
        Element("Speak", None, "Hi"),
    ]
    check_answer(IncomingCall(), extension, [])
    third: list[Command] = [Hold(), Unhold(), SendDTMF("1", party="all")]
    check_answer(THIRD_PARTY[0], [*third, AttendedTransfer(target_call_id="1")], [])


def test_the_destination_of_a_subclass_is_checked_too() -> None:
    check_answer(IncomingCall(), [Colleague("1000")], ALLOWED)
    with pytest.raises(InappropriateCommand, match="^BlindTransfer"):
        check_answer(IncomingCall(), [Colleague("00441000")], ALLOWED)
    unchecked = Colleague("00441000")
    vars(unchecked)["destinations"] = ()
    with pytest.raises(InappropriateCommand, match="^BlindTransfer"):
        check_answer(IncomingCall(), [unchecked], ALLOWED)
