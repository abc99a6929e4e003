"""The requests that the phone system's HTTP API takes, as data.

Source: the vendor's pages "... HTTP API command of Ozeki Phone System". A parameter
keeps the rule that the OzML command of the same name has for it.
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

#: Names and values in the order in which they are sent.
Form = list[tuple[str, str]]


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """What a request takes.

    :param name: the argument's name.
    :param wire_name: the name that is sent.
    :param rule: what its value must be.
    :param mandatory: whether the request cannot do without it.
    """

    name: str
    wire_name: str
    rule: rules.Rule
    mandatory: bool

    def write(self, command: str, value: object) -> Form:
        """What is sent for a value, nothing for None.

        :raises InvalidParameter: if the value breaks the rule, or if it is None and
            mandatory.
        """
        if value is None and self.mandatory:
            raise ParameterTypeError(
                command, self.name, f"is mandatory and {self.rule.words}"
            )
        if value is None:
            return []
        exact = self.rule.check(command, self.name, value)
        return [(self.wire_name, written(exact))]


@dataclasses.dataclass(frozen=True, slots=True)
class Request(t.Generic[_R]):
    """A request.

    :param command: its name.
    :param read: makes the result of the reply.
    :param parameters: what it takes, in the order in which it is sent.
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

# For what no OzML command of the same name has a rule.
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
# Where it is not the name that the argument of the OzML command has.
_NAMES: t.Final = {"dialled": "dialed"}
# Where the name on the wire is not the argument's in CamelCase.
_WIRE_NAMES: t.Final = {
    "delivery_report_url": "DeliveryReportURL",
    "finished_url": "FinishedURL",
    "config_xml": "ConfigXML",
    "from_time": "From",
}
#: The requests of this module by their names in lower case.
REQUESTS: t.Final[dict[str, Request[t.Any]]] = {}


def wire_name(name: str) -> str:
    """The name on the wire; one that is in CamelCase already stays as it is."""
    return _WIRE_NAMES.get(name) or "".join(
        part[:1].upper() + part[1:] for part in name.split("_")
    )


def _request(
    command: str,
    read: Callable[[replies.Reply], _R],
    mandatory: tuple[str, ...] = (),
    optional: tuple[str, ...] = (),
) -> Request[_R]:
    """A request, whose parameters keep the rules of the OzML command of its name."""
    like = commands.BY_NAME.get(command.lower(), commands.Command)
    own = {_NAMES.get(row.name, row.name): row.rule for row in like.arguments}
    known = {**_RULES, **own}
    parameters = tuple(
        Parameter(name, wire_name(name), known[name], name in mandatory)
        for name in mandatory + optional
    )
    made = REQUESTS[command.lower()] = Request(command, read, parameters)
    return made


CALL = _request(
    "Call",
    replies.call_id,
    ("dialed", "api_extension", "url"),
    ("caller_id", "caller_display_name", "error_url"),
)
SEND_SMS = _request(
    "SendSms",
    replies.sms_id,
    ("api_extension", "recipient", "message"),
    ("sender", "delivery_report_url"),
)
SEND_EMAIL = _request(
    "SendEmail",
    replies.nothing,
    ("api_extension", "recipient"),
    ("sender", "subject", "message"),
)
ATTENDED_TRANSFER = _request(
    "AttendedTransfer", replies.nothing, ("transferred_call_id", "target_call_id")
)
BLIND_TRANSFER = _request(
    "BlindTransfer", replies.nothing, ("call_id", "transferor_party", "target")
)
FORWARD = _request("Forward", replies.nothing, ("call_id", "destination"))
HANGUP = _request("Hangup", replies.nothing, ("call_id",))
HOLD = _request("Hold", replies.nothing, ("call_id",))
UNHOLD = _request("Unhold", replies.nothing, ("call_id",))
PLAY = _request(
    "Play", replies.nothing, ("party", "call_id", "audio_file"), ("repeat",)
)
RECORD = _request("Record", replies.nothing, ("call_id",), ("format", "finished_url"))
SEND_DTMF = _request("SendDTMF", replies.nothing, ("call_id", "party", "keys"))
SPEAK = _request("Speak", replies.nothing, ("call_id", "text", "party"))
LIST_ACTIVE_CALLS = _request("ListActiveCalls", replies.active_calls)
LIST_EXTENSIONS = _request("ListExtensions", replies.extensions)
GET_CONFIG = _request("GetConfig", replies.extension_config, ("extension_id",))
ADD_CONFIG = _request("AddConfig", replies.nothing, ("extension_type", "config_xml"))
MODIFY_CONFIG = _request(
    "ModifyConfig", replies.nothing, ("extension_type", "config_xml")
)
REMOVE_CONFIG = _request("RemoveConfig", replies.nothing, ("extension_id",))
GET_CALL_HISTORY = _request(
    "GetCallHistory",
    replies.call_records,
    (),
    (
        "page_number",
        "rows_per_page",
        "from_time",
        "general",
        "direction",
        "source",
        "destination",
        "state",
        "dialed",
        "caller_id",
        "call_id",
    ),
)

_SURROGATE: t.Final = re.compile("[\ud800-\udfff]")


def written(value: object) -> str:
    """A value as it is sent; what UTF-8 cannot hold becomes U+FFFD, as in OzML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ", "seconds")
    return _SURROGATE.sub("\ufffd", str(value))


def config_xml(command: str, config: object) -> str:
    """The XML of a configuration; a text is taken for it.

    :raises ParameterTypeError: if it is neither.
    """
    if isinstance(config, str):
        return config
    if not isinstance(config, ExtensionConfig):
        raise ParameterTypeError(
            command,
            "config",
            f"must be an ExtensionConfig or a str, not {type(config).__name__}",
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
