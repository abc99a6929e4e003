"""The OzML commands: what a view can tell the phone system to do.

Class names are the names of OzML; arguments are its attribute names in snake_case.
The one positional argument is what OzML writes as the element's text (``Route``,
``Forward`` and ``SendDTMF`` write it as an attribute). An argument that is left out is
not written.

Wrong arguments fail where they are written, with
:exc:`~flask_ozml.errors.InvalidParameter`. Which notification a command may answer is
said by its families, the base classes :class:`RoutingCommand`,
:class:`ThirdPartyCommand` and :class:`ExtensionCommand`. Source of commands, parameters
and families: the vendor's pages "OzML ... command" and "HTTP API Notifications".
"""

import dataclasses
import itertools
import re
import typing as t
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import KW_ONLY

from ..errors import InvalidParameter
from ..errors import ParameterTypeError
from ..frozen import FrozenDict
from . import rules
from .base import Command as Command
from .base import ExtensionCommand as ExtensionCommand
from .base import ozml_command
from .base import refuse_unknown
from .base import RoutingCommand as RoutingCommand
from .base import ThirdPartyCommand as ThirdPartyCommand

#: How deep menus (and elements with content) may nest.
MAX_DEPTH: t.Final = 50


@ozml_command
class Route(RoutingCommand):
    """Routes the call to an extension, or to an outside line by its name.

    Without a Route the dial plan decides.

    :param destination: the extension or line; empty rejects the caller.
    :param ring_time: seconds to ring (the phone system's default: 90).
    :param caller_id: the identity that the callee sees.
    :param dialed_number: the number to call through the outside line.
    """

    destinations = ("destination", "dialed_number")

    destination: rules.RouteDestination
    _: KW_ONLY
    ring_time: rules.Seconds | None = None
    caller_id: rules.Text | None = None
    dialed_number: rules.Destination | None = None


@ozml_command
class AttendedTransfer(ThirdPartyCommand):
    """Joins the other parties of two calls; the transferor leaves both.

    :param target_call_id: the call to which the participant is moved.
    :param transferred_call_id: the call whose participant is moved (the phone system's
        default: the call of the notification).
    :param transferor_party: in the vendor's example, not in the vendor's table.
    """

    _: KW_ONLY
    target_call_id: rules.Text
    transferred_call_id: rules.Text | None = None
    transferor_party: rules.Transferor | None = None


@ozml_command
class BlindTransfer(ThirdPartyCommand, ExtensionCommand):
    """Transfers the other party of the call.

    After an unsuccessful transfer the next command runs.

    :param target: the number to transfer to.
    :param transferor_party: who makes the transfer; mandatory in third-party answers.
    :param call_id: the call (the phone system's default: that of the notification).
    :param finished_url: gets the call's details at its end, in undocumented fields.
    """

    written_as_text = "target"
    mandatory_in = {ThirdPartyCommand: ("transferor_party",)}
    destinations = ("target",)

    target: rules.Destination
    _: KW_ONLY
    transferor_party: rules.Transferor | None = None
    call_id: rules.Text | None = None
    finished_url: rules.Url | None = None


@ozml_command
class Forward(ThirdPartyCommand):
    """Forwards the caller of a call that is still ringing.

    :param destination: the number to forward to.
    :param call_id: the call (the phone system's default: that of the notification).
    """

    destinations = ("destination",)

    destination: rules.Destination
    _: KW_ONLY
    call_id: rules.Text | None = None


@ozml_command
class Hangup(ThirdPartyCommand, ExtensionCommand):
    """Hangs up.

    :param call_id: the call (the phone system's default: that of the notification).
    """

    _: KW_ONLY
    call_id: rules.Text | None = None


@ozml_command
class Hold(ThirdPartyCommand):
    """Puts both legs of a call on hold.

    :param call_id: the call (the phone system's default: that of the notification).
    """

    _: KW_ONLY
    call_id: rules.Text | None = None


@ozml_command
class Unhold(ThirdPartyCommand):
    """Takes back a call on hold, if Hold was used on both of its legs.

    :param call_id: the call (the phone system's default: that of the notification).
    """

    _: KW_ONLY
    call_id: rules.Text | None = None


@ozml_command
class Play(ThirdPartyCommand, ExtensionCommand):
    """Plays a WAV or MP3 file.

    :param audio_file: a URL, or a path relative to the phone system's
        ``ContentStorage/Static``. What a URL holds is cached there.
    :param party: who hears it; mandatory in third-party answers.
    :param call_id: the call (the phone system's default: that of the notification).
    :param repeat: whether to play again and again.
    """

    written_as_text = "audio_file"
    mandatory_in = {ThirdPartyCommand: ("party",)}

    audio_file: rules.Text
    _: KW_ONLY
    party: rules.Party | None = None
    call_id: rules.Text | None = None
    repeat: rules.Flag | None = None


@ozml_command
class Record(ThirdPartyCommand, ExtensionCommand):
    """Records the call.

    :param finished_url: gets the RecordCompleted notification.
    :param format: ``"mp3"`` (the phone system's default) or ``"wav"``.
    :param call_id: the call (the phone system's default: that of the notification).
    :param duration: seconds at most.
    :param inactivity: seconds of silence that end the recording.
    :param finish_digits: keys of which any one ends the recording.
    """

    unknown_in = {ThirdPartyCommand: ("duration", "inactivity", "finish_digits")}

    _: KW_ONLY
    finished_url: rules.Url | None = None
    format: rules.AudioFormat | None = None
    call_id: rules.Text | None = None
    duration: rules.Seconds | None = None
    inactivity: rules.Seconds | None = None
    finish_digits: rules.Keys | None = None


@ozml_command
class SendDTMF(ThirdPartyCommand):
    """Sends keys into a call.

    :param keys: the keys, of ``0-9*#A-D``.
    :param party: who gets the tones.
    :param call_id: the call (the phone system's default: that of the notification).
    """

    keys: rules.Keys
    _: KW_ONLY
    party: rules.Party
    call_id: rules.Text | None = None


@ozml_command
class Speak(ThirdPartyCommand, ExtensionCommand):
    """Speaks a text.

    :param text: the text; what XML cannot hold is spoken as U+FFFD.
    :param party: who hears it; mandatory in third-party answers.
    :param call_id: the call (the phone system's default: that of the notification).
    :param language: of the installed text-to-speech packages, such as ``"en-UK"``.
    """

    written_as_text = "text"
    mandatory_in = {ThirdPartyCommand: ("party",)}

    text: rules.Text
    _: KW_ONLY
    party: rules.Party | None = None
    call_id: rules.Text | None = None
    language: rules.Text | None = None


@ozml_command
class Call(ExtensionCommand):
    """Starts another call; its own answer continues at ``url``.

    :param dialled: the number to call.
    :param url: gets the CallConnected notification. Where no OzML comes from there, the
        phone system hangs up.
    :param api_extension: the API extension that calls.
    :param caller_id: the number that the callee sees.
    :param caller_display_name: the name that the callee sees.
    :param error_url: requested when an error occurs during the call.
    """

    written_as_text = "dialled"
    destinations = ("dialled",)

    dialled: rules.Destination
    _: KW_ONLY
    url: rules.Url
    api_extension: rules.Text | None = None
    caller_id: rules.Text | None = None
    caller_display_name: rules.Text | None = None
    error_url: rules.Url | None = None


@ozml_command
class Delay(ExtensionCommand):
    """Waits before the next command.

    :param time: seconds.
    """

    written_as_text = "time"

    time: rules.Seconds


@ozml_command
class GoTo(ExtensionCommand):
    """Continues with the OzML of another URL.

    :param url: gets the GoTo notification, which carries nothing but its name.
    """

    written_as_text = "url"

    url: rules.Url


@ozml_command
class Reject(ExtensionCommand):
    """Refuses an incoming call; legal as the first command of an answer only."""

    first_only = True


@ozml_command
class SendEmail(ExtensionCommand):
    """Sends an e-mail through the phone system's provider.

    :param recipient: the address.
    :param subject: the subject.
    :param message: the text.
    :param sender: the sender's address (default: the provider's).
    :param api_extension: the API extension that sends.
    """

    _: KW_ONLY
    recipient: rules.Address
    subject: rules.Header | None = None
    message: rules.Text | None = None
    sender: rules.Header | None = None
    api_extension: rules.Text | None = None


@ozml_command
class SendSms(ExtensionCommand):
    """Sends a text message.

    :param message: the text.
    :param recipient: the number.
    :param sender: the sender's number (default: the modem's).
    :param delivery_report_url: gets the SMSDeliveryReport notification.
    :param api_extension: the API extension that sends.
    """

    written_as_text = "message"
    destinations = ("recipient",)

    message: rules.Text
    _: KW_ONLY
    recipient: rules.Destination
    sender: rules.Text | None = None
    delivery_report_url: rules.Url | None = None
    api_extension: rules.Text | None = None


def _derived() -> t.Any:
    """A field that follows from the others."""
    return dataclasses.field(init=False, repr=False, compare=False)


def _checked_children(parameter: str, children: Iterable[t.Any]) -> tuple[Command, ...]:
    found = tuple(children)
    for child in found:
        if not isinstance(child, Command):
            raise ParameterTypeError(
                "UserInput",
                parameter,
                f"must be commands, not {type(child).__name__}",
                child,
            )
    return found


def _checked_depth(command: str, children: Iterable[Command]) -> int:
    depth = 0
    for child in children:
        if child.depth > depth:
            depth = child.depth
    if depth >= MAX_DEPTH:
        raise InvalidParameter(
            command, "content", f"must not nest more than {MAX_DEPTH} deep"
        )
    return depth + 1


_KEYS: t.Final = rules.rule_of(rules.Keys)
# What is mostly given stands first, for it is told sooner.
_MAPPING: t.Final = (dict, Mapping)
_ITERABLE: t.Final = (list, tuple, Iterable)
_TEXTS: t.Final = (str, bytes)


def _normalized_inputs(inputs: object) -> FrozenDict[str, tuple[Command, ...]]:
    if not isinstance(inputs, _MAPPING):
        raise ParameterTypeError(
            "UserInput",
            "inputs",
            f"must map keys to commands, not be a {type(inputs).__name__}",
            inputs,
        )
    found: dict[str, tuple[Command, ...]] = {}
    for key, value in inputs.items():
        keys = key
        if type(key) is not str or not _KEYS.accepts(key):
            keys = _KEYS.check("UserInput", "inputs", key)
        if isinstance(value, Command):
            found[keys] = (value,)
        else:
            several = isinstance(value, _ITERABLE) and not isinstance(value, _TEXTS)
            found[keys] = _checked_children("inputs", value if several else (value,))
    return FrozenDict(found)


_NO_INPUTS: t.Final = FrozenDict[str, tuple[Command, ...]]()


@ozml_command
class UserInput(ExtensionCommand):
    """Plays its initial commands and waits for keys.

    :param initial_commands: run while keys are awaited.
    :param inputs: keys (``0-9*#A-D``, one or more) and the command or commands that
        each runs. A UserInput among them is a menu below this one.
    :param repeat: whether to run the initial commands again after the time-out.
    :param timeout: seconds to wait for a key (the phone system's default: 0).
    :param back_key: the key that leads back to the menu above.
    :param digits: how many digits to wait for (the phone system's default: 1).
    :param min_digits: the least number of digits.
    :param max_digits: the greatest number of digits.
    :param forward_to_url: gets the DtmfEntered notification when the digits entered
        are none of the inputs.
    """

    _: KW_ONLY
    initial_commands: tuple[Command, ...]
    inputs: Mapping[str, tuple[Command, ...]]
    repeat: rules.Flag | None = None
    timeout: rules.Seconds | None = None
    back_key: rules.Key | None = None
    digits: rules.DigitCount | None = None
    min_digits: rules.DigitCount | None = None
    max_digits: rules.DigitCount | None = None
    forward_to_url: rules.Url | None = None
    children: tuple[Command, ...] = _derived()
    depth: int = _derived()

    def __init__(
        self,
        /,
        *initial_commands: ExtensionCommand,
        inputs: Mapping[str, ExtensionCommand | Sequence[ExtensionCommand]]
        | None = None,
        repeat: bool | None = None,
        timeout: int | None = None,
        back_key: str | None = None,
        digits: int | None = None,
        min_digits: int | None = None,
        max_digits: int | None = None,
        forward_to_url: str | None = None,
        **unknown: t.Never,
    ) -> None:
        if unknown:
            refuse_unknown(UserInput, unknown)
        self._take_arguments(
            repeat=repeat,
            timeout=timeout,
            back_key=back_key,
            digits=digits,
            min_digits=min_digits,
            max_digits=max_digits,
            forward_to_url=forward_to_url,
        )
        initial = _checked_children("initial_commands", initial_commands)
        choices = _NO_INPUTS if inputs is None else _normalized_inputs(inputs)
        slots: t.Any = self
        slots._ozml_initial_commands = initial
        slots._ozml_inputs = choices
        children = [*initial]
        for commands in choices.values():
            children += commands
        slots._ozml_children = tuple(children)
        slots._ozml_depth = _checked_depth("UserInput", children)
        low, high = self.min_digits, self.max_digits
        if low is not None and high is not None and low > high:
            raise InvalidParameter(
                "UserInput", "min_digits", "must not be above max_digits", low
            )


# Letters outside ASCII are legal in XML names, but parsers differ in which.
_XML_NAME = rules.Rule(
    str,
    "must be an XML name: an ASCII letter or _, then letters, digits, _ - and .",
    re.compile(r"(?!xmlns\Z)[A-Za-z_][A-Za-z0-9_.-]*").fullmatch,
    r"[^A-Za-z0-9_.-]",
)
_TEXT = rules.rule_of(rules.Text)


def _merged_content(content: Iterable[object]) -> tuple[str | Command, ...]:
    """XML cannot tell two texts side by side from one, nor an empty one from none."""
    merged: list[str | Command] = []
    for kind, items in itertools.groupby(content, _kind_of_content):
        if kind is str:
            texts = [_TEXT.check("Element", "content", item) for item in items]
            merged.append("".join(texts))
        else:
            merged += t.cast(Iterable[Command], items)
    return tuple(item for item in merged if item)


def _kind_of_content(item: object) -> type:
    for kind in (str, Command):
        if isinstance(item, kind):
            return kind
    raise ParameterTypeError(
        "Element",
        "content",
        f"must be commands and str, not {type(item).__name__}",
        item,
    )


@ozml_command
class Element(RoutingCommand, ThirdPartyCommand, ExtensionCommand):
    """Whatever the phone system has beyond this module: Array, Beep, ForEach...

    An element with the name of a command of this module obeys the rules of that
    command's families.

    :param name: the element's name.
    :param attributes: its attributes, both names and values as they are written.
    :param content: text and commands.
    """

    name: str
    attributes: Mapping[str, str]
    content: tuple[str | Command, ...]
    obeys: type[Command] = _derived()
    children: tuple[Command, ...] = _derived()
    depth: int = _derived()

    def __init__(
        self,
        name: str,
        attributes: Mapping[str, str] | None = None,
        *content: str | Command,
        **unknown: t.Never,
    ) -> None:
        if unknown:
            refuse_unknown(Element, unknown)
        if not isinstance(attributes, Mapping | None):
            raise ParameterTypeError(
                "Element", "attributes", "must be a mapping; content comes behind it"
            )
        written = {
            _XML_NAME.check("Element", "attributes", key): _TEXT.check(
                "Element", "attributes", value
            )
            for key, value in (attributes or {}).items()
        }
        slots: t.Any = self
        slots._ozml_name = _XML_NAME.check("Element", "name", name)
        slots._ozml_attributes = FrozenDict(written)
        slots._ozml_content = _merged_content(content)
        children = tuple(item for item in content if isinstance(item, Command))
        slots._ozml_children = children
        slots._ozml_depth = _checked_depth("Element", children)
        slots._ozml_obeys = BY_NAME.get(self.name.lower(), Element)


#: The commands of this module by their names in lower case.
BY_NAME: t.Final[Mapping[str, type[Command]]] = {
    command.__name__.lower(): command
    for command in (
        Route,
        AttendedTransfer,
        BlindTransfer,
        Forward,
        Hangup,
        Hold,
        Unhold,
        Play,
        Record,
        SendDTMF,
        Speak,
        Call,
        Delay,
        GoTo,
        Reject,
        SendEmail,
        SendSms,
        UserInput,
    )
}
