"""The requests of the phone system's HTTP API, as data.

Source: the vendor's pages "... HTTP API command of Ozeki Phone System". An argument
obeys the rule that it has in the OzML command of the same name.
"""

import dataclasses
import datetime
import re
import typing as t
from collections.abc import Callable
from collections.abc import Mapping

from .. import commands
from ..commands import rules
from ..errors import ParameterTypeError
from ..serializer import markup
from . import replies
from .replies import ExtensionConfig

_R = t.TypeVar("_R")


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter of a request.

    :param name: the name of the argument.
    :param wire_name: the name that is sent.
    :param rule: what a value must be.
    :param mandatory: whether the request needs a value.
    :param is_destination: whether the value is a number that will be called, or sent a
        message.
    """

    name: str
    wire_name: str
    rule: rules.Rule
    mandatory: bool = False
    is_destination: bool = False

    def text(self, command: str, value: object) -> str | None:
        """Return the text to send for a value, or None if nothing is sent.

        :raises InvalidParameter: if the value breaks the rule, or if it is None and
            mandatory.
        """
        if value is None and self.mandatory:
            raise ParameterTypeError(
                command, self.name, f"is mandatory and {self.rule.words}"
            )
        if value is None:
            return None
        return text_of(self.rule.check(command, self.name, value))


@dataclasses.dataclass(frozen=True)
class Request(t.Generic[_R]):
    """A request.

    :param command: the name of the request.
    :param read: a function that reads the result from a reply.
    :param parameters: the parameters in the order in which they are sent.
    """

    command: str
    read: Callable[[replies.Reply], _R]
    parameters: tuple[Parameter, ...]


def _count(low: int) -> rules.Rule:
    return rules.Rule(
        int, f"must be an int from {low} to 1000000", lambda n: low <= n <= 1_000_000
    )


_TEXT: t.Final = rules.rule_of(rules.Text)
_ID: t.Final = rules.rule_of(rules.Address)

# The rules of arguments that no OzML command of the same name has.
_RULES: t.Final[Mapping[str, rules.Rule]] = {
    "extension_type": _ID,
    "extension_id": _ID,
    "config_xml": _TEXT,
    "page_number": _count(0),
    "rows_per_page": _count(1),
    "from_time": rules.Rule(
        datetime.datetime,
        "must be a datetime without a zone, in the phone system's local time",
        lambda value: value.tzinfo is None,
    ),
    "general": _TEXT,
    "direction": _TEXT,
    "source": _TEXT,
    "destination": _TEXT,
    "state": _TEXT,
    "dialed": _TEXT,
    "caller_id": _TEXT,
    "call_id": _TEXT,
}
# The names of arguments that the OzML command spells differently.
_OZML_NAMES: t.Final = {"dialed": "dialled"}
# The names on the wire that are not the argument's name in CamelCase.
_WIRE_NAMES: t.Final = {
    "delivery_report_url": "DeliveryReportURL",
    "finished_url": "FinishedURL",
    "config_xml": "ConfigXML",
    "from_time": "From",
}
#: The requests of this module by their names in lower case.
REQUESTS: t.Final[dict[str, Request[t.Any]]] = {}

_MANDATORY: t.Final = True
_OPTIONAL: t.Final = False


def wire_name(name: str) -> str:
    """Return the name on the wire for the name of an argument.

    A name that already is in CamelCase is returned as it is.
    """
    return _WIRE_NAMES.get(name) or "".join(
        part[:1].upper() + part[1:] for part in name.split("_")
    )


def _request(
    command: str, read: Callable[[replies.Reply], _R], /, **parameters: bool
) -> Request[_R]:
    """Add a request, with its parameters in the order of the vendor's page."""
    like = commands.BY_NAME.get(command.lower(), commands.Command)
    known = {row.name: row.rule for row in like.arguments}
    rows = []
    for name, mandatory in parameters.items():
        ozml_name = _OZML_NAMES.get(name, name)
        rule = known[ozml_name] if ozml_name in known else _RULES[name]
        is_destination = ozml_name in like.destinations
        rows.append(Parameter(name, wire_name(name), rule, mandatory, is_destination))
    made = REQUESTS[command.lower()] = Request(command, read, tuple(rows))
    return made


# The vendor's page says that ApiExtension is mandatory, but the vendor's appointment
# reminder leaves it out.
CALL = _request(
    "Call",
    replies.call_id,
    dialed=_MANDATORY,
    api_extension=_OPTIONAL,
    url=_MANDATORY,
    caller_id=_OPTIONAL,
    caller_display_name=_OPTIONAL,
    error_url=_OPTIONAL,
)
SEND_SMS = _request(
    "SendSms",
    replies.sms_id,
    api_extension=_OPTIONAL,
    recipient=_MANDATORY,
    message=_MANDATORY,
    sender=_OPTIONAL,
    delivery_report_url=_OPTIONAL,
)
SEND_EMAIL = _request(
    "SendEmail",
    replies.nothing,
    api_extension=_MANDATORY,
    recipient=_MANDATORY,
    sender=_OPTIONAL,
    subject=_OPTIONAL,
    message=_OPTIONAL,
)
ATTENDED_TRANSFER = _request(
    "AttendedTransfer",
    replies.nothing,
    transferred_call_id=_MANDATORY,
    target_call_id=_MANDATORY,
)
# Only the OzML command and the later API are documented with a FinishedUrl.
BLIND_TRANSFER = _request(
    "BlindTransfer",
    replies.nothing,
    call_id=_MANDATORY,
    transferor_party=_MANDATORY,
    target=_MANDATORY,
    finished_url=_OPTIONAL,
)
FORWARD = _request(
    "Forward", replies.nothing, call_id=_MANDATORY, destination=_MANDATORY
)
HANGUP = _request("Hangup", replies.nothing, call_id=_MANDATORY)
HOLD = _request("Hold", replies.nothing, call_id=_MANDATORY)
UNHOLD = _request("Unhold", replies.nothing, call_id=_MANDATORY)
PLAY = _request(
    "Play",
    replies.nothing,
    party=_MANDATORY,
    call_id=_MANDATORY,
    audio_file=_MANDATORY,
    repeat=_OPTIONAL,
)
RECORD = _request(
    "Record",
    replies.nothing,
    call_id=_MANDATORY,
    format=_OPTIONAL,
    finished_url=_OPTIONAL,
)
SEND_DTMF = _request(
    "SendDTMF",
    replies.nothing,
    call_id=_MANDATORY,
    party=_MANDATORY,
    keys=_MANDATORY,
)
SPEAK = _request(
    "Speak",
    replies.nothing,
    call_id=_MANDATORY,
    text=_MANDATORY,
    party=_MANDATORY,
)
LIST_ACTIVE_CALLS = _request("ListActiveCalls", replies.active_calls)
LIST_EXTENSIONS = _request("ListExtensions", replies.extensions)
GET_CONFIG = _request("GetConfig", replies.extension_config, extension_id=_MANDATORY)
ADD_CONFIG = _request(
    "AddConfig", replies.nothing, extension_type=_MANDATORY, config_xml=_MANDATORY
)
MODIFY_CONFIG = _request(
    "ModifyConfig", replies.nothing, extension_type=_MANDATORY, config_xml=_MANDATORY
)
REMOVE_CONFIG = _request("RemoveConfig", replies.nothing, extension_id=_MANDATORY)
GET_CALL_HISTORY = _request(
    "GetCallHistory",
    replies.call_records,
    page_number=_OPTIONAL,
    rows_per_page=_OPTIONAL,
    from_time=_OPTIONAL,
    general=_OPTIONAL,
    direction=_OPTIONAL,
    source=_OPTIONAL,
    destination=_OPTIONAL,
    state=_OPTIONAL,
    dialed=_OPTIONAL,
    caller_id=_OPTIONAL,
    call_id=_OPTIONAL,
)


# The names, in lower case, that a number to call or to send a message to has on the
# vendor's pages of all versions.
_DESTINATIONS: t.Final = (
    "destination",
    "dialed",
    "dialedaddress",
    "dialled",
    "phonenumber",
    "recipient",
    "target",
)


def undocumented(command: str, name: str, value: object) -> Parameter:
    """Return a parameter that this module has no row for.

    :param command: the name of the request. In one that begins with "List", numbers
        only filter what is listed.
    :param name: the name of the argument.
    :param value: its value, which may be of any type that can be sent.
    """
    types = (bool, int, str, datetime.datetime)
    found = next((type_ for type_ in types if isinstance(value, type_)), str)
    rule = rules.Rule(found, "must be a str, an int, a bool or a datetime")
    sent = wire_name(name)
    lists = command.lower().startswith("list")
    is_destination = not lists and sent.lower() in _DESTINATIONS
    return Parameter(name, sent, rule, is_destination=is_destination)


_SURROGATE: t.Final = re.compile("[\ud800-\udfff]")


def text_of(value: object) -> str:
    """Return a value as it is sent.

    What UTF-8 cannot hold becomes U+FFFD, as in OzML.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ", "seconds")
    return _SURROGATE.sub("\ufffd", str(value))


def config_xml(command: str, config: object) -> str:
    """Return the XML of a configuration; a str is returned as it is.

    :raises ParameterTypeError: if it is neither an ExtensionConfig nor a str.
    """
    if isinstance(config, str):
        return config
    if not isinstance(config, ExtensionConfig):
        raise ParameterTypeError(
            command,
            "config",
            f"must be an ExtensionConfig or a str, got {type(config).__name__}",
        )
    settings = (
        ("AuthorizationName", config.authorization_name),
        ("Password", config.password),
        ("Username", config.username),
        ("Enabled", "true" if config.enabled else "false"),
        ("ID", config.id),
        ("UserID", config.user_id),
    )
    content = (commands.Element(name, None, text) for name, text in settings)
    known_type = {"knownType": config.known_type}
    return markup(commands.Element("Config", known_type, *content))
