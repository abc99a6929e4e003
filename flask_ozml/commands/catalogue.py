"""One frozen dataclass for each OzML command.

Class names are the names of the OzML elements; arguments are the attribute names in
snake_case. The one positional argument is what OzML writes as the element's text
(``Route``, ``Forward`` and ``SendDTMF`` write it as an attribute). An argument that is
None is not written.

A wrong argument raises :exc:`~flask_ozml.errors.InvalidParameter` where it is written.
The base classes :class:`RoutingCommand`, :class:`ThirdPartyCommand` and
:class:`ExtensionCommand` are the families: they say which notifications a command may
answer. Source of commands, arguments and families: the vendor's pages "OzML ...
command" and "HTTP API Notifications".
"""

import functools
import itertools
import re
import typing as t
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import KW_ONLY
from dataclasses import replace

from ..errors import InvalidParameter
from ..errors import ParameterTypeError
from ..values import FrozenDict
from . import rules
from .base import Command as Command
from .base import ExtensionCommand as ExtensionCommand
from .base import ozml_command
from .base import RoutingCommand as RoutingCommand
from .base import ThirdPartyCommand as ThirdPartyCommand

#: How deep menus, and elements with content, may nest.
MAX_DEPTH: t.Final = 50


@ozml_command
class Route(RoutingCommand):
    """Route the call to an extension, or to an outside line by its name.

    Without a Route, the dial plan decides.

    :param destination: the extension or line. An empty one rejects the caller.
    :param ring_time: seconds to ring (the phone system's default: 90).
    :param caller_id: the identity that the callee sees.
    :param dialed_number: the number to call through the outside line.
    """

    destinations = ("destination", "dialed_number")

    destination: rules.RouteDestination
    _: KW_ONLY
    ring_time: rules.Seconds | None = None
    caller_id: rules.Sender | None = None
    dialed_number: rules.Destination | None = None


@ozml_command
class AttendedTransfer(ThirdPartyCommand):
    """Join the other parties of two calls; the transferor leaves both.

    :param target_call_id: the call that the participant is moved to.
    :param transferred_call_id: the call whose participant is moved (the phone system's
        default: the call of the notification).
    :param transferor_party: only the vendor's example has it, not the vendor's table.
    """

    _: KW_ONLY
    target_call_id: rules.Text
    transferred_call_id: rules.Text | None = None
    transferor_party: rules.Transferor | None = None


@ozml_command
class BlindTransfer(ThirdPartyCommand, ExtensionCommand):
    """Transfer the other party of the call.

    After an unsuccessful transfer, the next command runs.

    :param target: the number to transfer to.
    :param transferor_party: who makes the transfer; mandatory in third-party answers.
    :param call_id: the call (the phone system's default: that of the notification).
    :param finished_url: is requested at the end of the call. What is posted is not
        documented, so it must be the URL of an ordinary route.
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
    """Forward the caller of a call that is still ringing.

    :param destination: the number to forward to.
    :param call_id: the call (the phone system's default: that of the notification).
    """

    destinations = ("destination",)

    destination: rules.Destination
    _: KW_ONLY
    call_id: rules.Text | None = None


@ozml_command
class Hangup(ThirdPartyCommand, ExtensionCommand):
    """Hang up.

    :param call_id: the call (the phone system's default: that of the notification).
    """

    _: KW_ONLY
    call_id: rules.Text | None = None


@ozml_command
class Hold(ThirdPartyCommand):
    """Put both legs of a call on hold.

    :param call_id: the call (the phone system's default: that of the notification).
    """

    _: KW_ONLY
    call_id: rules.Text | None = None


@ozml_command
class Unhold(ThirdPartyCommand):
    """Take a call off hold, if Hold was used on both of its legs.

    :param call_id: the call (the phone system's default: that of the notification).
    """

    _: KW_ONLY
    call_id: rules.Text | None = None


@ozml_command
class Play(ThirdPartyCommand, ExtensionCommand):
    """Play a WAV or MP3 file.

    :param audio_file: a URL, or a path relative to the phone system's
        ``ContentStorage/Static``. The file of a URL is cached there.
    :param party: who hears it; mandatory in third-party answers.
    :param call_id: the call (the phone system's default: that of the notification).
    :param repeat: whether to play it again and again.
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
    """Record the call.

    :param finished_url: receives the RecordCompleted notification.
    :param format: ``"mp3"`` (the phone system's default) or ``"wav"``.
    :param call_id: the call (the phone system's default: that of the notification).
    :param duration: the maximum length in seconds.
    :param inactivity: seconds of silence that end the recording.
    :param finish_digits: keys, each of which ends the recording.
    """

    unknown_in = {ThirdPartyCommand: ("duration", "inactivity", "finish_digits")}

    _: KW_ONLY
    finished_url: rules.RecordCompletedUrl | None = None
    format: rules.AudioFormat | None = None
    call_id: rules.Text | None = None
    duration: rules.Seconds | None = None
    inactivity: rules.Seconds | None = None
    finish_digits: rules.Keys | None = None


@ozml_command
class SendDTMF(ThirdPartyCommand):
    """Send DTMF tones into a call.

    :param keys: the keys, of ``0-9*#A-D``.
    :param party: who hears the tones.
    :param call_id: the call (the phone system's default: that of the notification).
    """

    keys: rules.Keys
    _: KW_ONLY
    party: rules.Party
    call_id: rules.Text | None = None


@ozml_command
class Speak(ThirdPartyCommand, ExtensionCommand):
    """Speak a text.

    :param text: the text. Characters that XML cannot hold become U+FFFD.
    :param party: who hears it; mandatory in third-party answers.
    :param call_id: the call (the phone system's default: that of the notification).
    :param language: the language of an installed text-to-speech package, for example
        ``"en-UK"``.
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
    """Start another call, which continues at ``url``.

    :param dialled: the number to call.
    :param url: receives the CallConnected notification. If it does not answer with
        OzML, the phone system hangs up.
    :param api_extension: the API extension that makes the call.
    :param caller_id: the number that the callee sees.
    :param caller_display_name: the name that the callee sees.
    :param error_url: is requested if an error occurs during the call.
    """

    written_as_text = "dialled"
    destinations = ("dialled",)

    dialled: rules.Destination
    _: KW_ONLY
    url: rules.CallConnectedUrl
    api_extension: rules.Text | None = None
    caller_id: rules.Sender | None = None
    caller_display_name: rules.Sender | None = None
    error_url: rules.ErrorUrl | None = None


@ozml_command
class Delay(ExtensionCommand):
    """Wait before the next command.

    :param time: seconds.
    """

    written_as_text = "time"

    time: rules.Seconds


@ozml_command
class GoTo(ExtensionCommand):
    """Continue with the OzML of another URL.

    :param url: receives the GoTo notification, which has no fields.
    """

    written_as_text = "url"

    url: rules.GoToUrl


@ozml_command
class Reject(ExtensionCommand):
    """Refuse an incoming call; legal only as the first command of an answer."""

    first_only = True


@ozml_command
class SendEmail(ExtensionCommand):
    """Send an e-mail through the phone system's provider.

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
    sender: rules.Sender | None = None
    api_extension: rules.Text | None = None


@ozml_command
class SendSms(ExtensionCommand):
    """Send a text message.

    :param message: the text.
    :param recipient: the number.
    :param sender: the sender's number (default: the modem's).
    :param delivery_report_url: receives the SMSDeliveryReport notification.
    :param api_extension: the API extension that sends.
    """

    written_as_text = "message"
    destinations = ("recipient",)

    message: rules.Text
    _: KW_ONLY
    recipient: rules.Destination
    sender: rules.Sender | None = None
    delivery_report_url: rules.SMSDeliveryReportUrl | None = None
    api_extension: rules.Text | None = None


def _check_depth(command: Command) -> None:
    if command.depth > MAX_DEPTH:
        raise InvalidParameter(
            command.origin.__name__,
            "content",
            f"must not nest more than {MAX_DEPTH} deep",
        )


def _depth(command: Command) -> int:
    return 1 + max((child.depth for child in command.children), default=0)


@ozml_command
class UserInput(ExtensionCommand):
    """Run the initial commands and wait for keys.

    :param initial_commands: the commands that run while keys are awaited.
    :param inputs: keys (``0-9*#A-D``, one or more), and the command or commands that
        each of them runs. A UserInput among them is a menu below this one.
    :param repeat: whether to run the initial commands again after the time-out.
    :param timeout: seconds to wait for a key after the initial commands. With None, the
        phone system's default of 0 counts only keys pressed during these commands.
    :param back_key: the key that leads back to the menu above.
    :param digits: the number of digits to wait for (the phone system's default: 1).
    :param min_digits: the minimum number of digits.
    :param max_digits: the maximum number of digits.
    :param forward_to_url: receives the DtmfEntered notification if the digits entered
        are not among the inputs.
    """

    _: KW_ONLY
    initial_commands: tuple[Command, ...] = ()
    inputs: Mapping[str, tuple[Command, ...]] = FrozenDict()
    repeat: rules.Flag | None = None
    timeout: rules.Seconds | None = 10
    back_key: rules.Key | None = None
    digits: rules.DigitCount | None = None
    min_digits: rules.DigitCount | None = None
    max_digits: rules.DigitCount | None = None
    forward_to_url: rules.DtmfEnteredUrl | None = None

    def __init__(
        self,
        *commands: ExtensionCommand,
        initial_commands: tuple[Command, ...] = (),
        inputs: Mapping[str, ExtensionCommand | Iterable[ExtensionCommand]]
        | None = None,
        repeat: bool | None = None,
        timeout: int | None = 10,
        back_key: str | None = None,
        digits: int | None = None,
        min_digits: int | None = None,
        max_digits: int | None = None,
        forward_to_url: str | None = None,
    ) -> None:
        if commands and initial_commands:
            raise TypeError(
                "UserInput takes its initial commands by position or by name, not both."
            )
        given = {
            "initial_commands": commands or initial_commands,
            "inputs": FrozenDict() if inputs is None else inputs,
            "repeat": repeat,
            "timeout": timeout,
            "back_key": back_key,
            "digits": digits,
            "min_digits": min_digits,
            "max_digits": max_digits,
            "forward_to_url": forward_to_url,
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)
        self.__post_init__()

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_commands("initial_commands", self.initial_commands)
        object.__setattr__(self, "inputs", _checked_inputs(self.inputs))
        _check_depth(self)
        low, high = self.min_digits, self.max_digits
        if low is not None and high is not None and low > high:
            raise InvalidParameter(
                "UserInput", "min_digits", "must not be above max_digits", low
            )

    @property
    def children(self) -> tuple[Command, ...]:
        return (*self.initial_commands, *itertools.chain(*self.inputs.values()))

    @functools.cached_property
    def depth(self) -> int:
        return _depth(self)


def _check_commands(parameter: str, commands: object) -> None:
    if not isinstance(commands, tuple):
        raise ParameterTypeError(
            "UserInput",
            parameter,
            f"must be a tuple of commands, got {type(commands).__name__}",
            commands,
        )
    for command in commands:
        if not _is_command(command):
            raise ParameterTypeError(
                "UserInput",
                parameter,
                f"must contain only commands, got {type(command).__name__}",
                command,
            )


def _checked_inputs(inputs: object) -> FrozenDict[str, tuple[Command, ...]]:
    if not isinstance(inputs, Mapping):
        raise ParameterTypeError(
            "UserInput",
            "inputs",
            f"must map keys to commands, got {type(inputs).__name__}",
            inputs,
        )
    found: dict[str, tuple[Command, ...]] = {}
    for key, value in inputs.items():
        several = isinstance(value, Iterable) and not isinstance(
            value, Command | str | bytes
        )
        commands: tuple[t.Any, ...] = tuple(value) if several else (value,)
        _check_commands("inputs", commands)
        found[_KEYS.check("UserInput", "inputs", key)] = commands
    return FrozenDict(found)


_KEYS: t.Final = replace(
    rules.rule_of(rules.Keys), words="must map one or more keys of 0-9*#A-D to commands"
)
_CONTENT: t.Final = rules.Rule(str, "must contain only commands and str")
# Letters outside ASCII are legal in XML names, but parsers disagree about which.
_XML_NAME_FORM: t.Final = "an ASCII letter or _, then letters, digits, _ - and ."
_XML_NAME: t.Final = rules.Rule(
    str,
    f"must be an XML name: {_XML_NAME_FORM}",
    re.compile(r"(?!xmlns\Z)[A-Za-z_][A-Za-z0-9_.-]*").fullmatch,
    r"[^A-Za-z0-9_.-]",
)
_ATTRIBUTE_NAME: t.Final = replace(
    _XML_NAME, words=f"must have XML names: {_XML_NAME_FORM}"
)
_ATTRIBUTE_VALUE: t.Final = rules.Rule(str, "must map names to str")


@ozml_command
class Element(RoutingCommand, ThirdPartyCommand, ExtensionCommand):
    """Write an element that has no class here, for example Array, Beep or ForEach.

    An element with the name of a command obeys the rules of that command's families.

    :param name: the element's name.
    :param attributes: its attributes, names and values as they are written.
    :param content: text and commands.
    """

    name: str
    attributes: Mapping[str, str] = FrozenDict()
    content: tuple[str | Command, ...] = ()

    def __init__(
        self,
        name: str,
        attributes: Mapping[str, str] | None = None,
        *items: str | Command,
        content: tuple[str | Command, ...] = (),
    ) -> None:
        if items and content:
            raise TypeError("Element takes content by position or by name, not both.")
        object.__setattr__(self, "name", name)
        object.__setattr__(
            self, "attributes", FrozenDict() if attributes is None else attributes
        )
        object.__setattr__(self, "content", items or content)
        self.__post_init__()

    def __post_init__(self) -> None:
        name = _XML_NAME.check("Element", "name", self.name)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "attributes", _checked_attributes(self.attributes))
        object.__setattr__(self, "content", _merged_content(self.content))
        _check_depth(self)

    @property
    def obeys(self) -> type[Command]:
        return BY_NAME.get(self.name.lower(), Element)

    @property
    def children(self) -> tuple[Command, ...]:
        return tuple(item for item in self.content if isinstance(item, Command))

    @functools.cached_property
    def depth(self) -> int:
        return _depth(self)


def _checked_attributes(attributes: object) -> FrozenDict[str, str]:
    if not isinstance(attributes, Mapping):
        raise ParameterTypeError(
            "Element",
            "attributes",
            f"must be a mapping, got {type(attributes).__name__}",
            attributes,
        )
    return FrozenDict(
        {
            _ATTRIBUTE_NAME.check("Element", "attributes", name): (
                _ATTRIBUTE_VALUE.check("Element", "attributes", value)
            )
            for name, value in attributes.items()
        }
    )


def _merged_content(content: object) -> tuple[str | Command, ...]:
    """Join adjacent texts and drop empty ones: XML cannot tell the difference."""
    if not isinstance(content, tuple):
        raise ParameterTypeError(
            "Element",
            "content",
            f"must be a tuple of commands and str, got {type(content).__name__}",
            content,
        )
    merged: list[str | Command] = []
    for is_command, items in itertools.groupby(content, _is_command):
        if is_command:
            merged += items
        else:
            texts = [_CONTENT.check("Element", "content", item) for item in items]
            merged.append("".join(texts))
    return tuple(item for item in merged if item)


def _is_command(item: object) -> bool:
    # isinstance() would be true for a proxy too, whose command may change later.
    return issubclass(type(item), Command)


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
