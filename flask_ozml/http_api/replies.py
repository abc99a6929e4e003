"""What the phone system's HTTP API replies: XML to typed objects or exceptions.

Source: the vendor's pages "Response format of Ozeki Phone System HTTP API", "Status
codes of Ozeki Phone System HTTP API" and those of the single commands. Reading depends
on names only, not on the order of elements, white space or namespace declarations, in
which those pages differ from one another.
"""

import dataclasses
import datetime
import re
import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from xml.parsers import expat

import xmltodict

from ..errors import AuthenticationFailed
from ..errors import CallNotFound
from ..errors import ExtensionUnavailable
from ..errors import Forbidden
from ..errors import PhoneSystemError
from ..errors import StatusCode
from ..errors import UnexpectedReply
from ..notifications import CallState
from ..values import BOOLEANS

_T = t.TypeVar("_T")

#: The elements of a reply as xmltodict gives them.
Reply = Mapping[str, t.Any]


_CODES: t.Final[Mapping[str, StatusCode]] = {
    str(int(code)): code for code in StatusCode
}
_ERRORS: t.Final[Mapping[int, type[PhoneSystemError]]] = {
    StatusCode.CALL_NOT_FOUND: CallNotFound,
    StatusCode.AUTHENTICATION_REQUIRED: AuthenticationFailed,
    StatusCode.AUTHENTICATION_FAILED: AuthenticationFailed,
    StatusCode.FORBIDDEN_USER: Forbidden,
    StatusCode.FORBIDDEN_ADDRESS: Forbidden,
    StatusCode.API_EXTENSION_UNAVAILABLE: ExtensionUnavailable,
}


@dataclasses.dataclass(frozen=True, slots=True)
class ActiveCall:
    """A call that is going on.

    Its ``repr`` shows neither numbers nor names.

    :param call_state: the state; one that the vendor's page does not list stays a str.
    :param call_id: the id that other requests take.
    :param source: the caller's number.
    :param caller_id: the caller's id, often a name.
    :param destination: the callee's number.
    :param start_time: when it began, with the zone if the phone system gives one.
    :param ring_duration: how long it rang.
    :param talk_duration: how long they talk.
    """

    call_state: CallState | str
    call_id: str
    source: str = dataclasses.field(repr=False)
    caller_id: str = dataclasses.field(repr=False)
    destination: str = dataclasses.field(repr=False)
    start_time: datetime.datetime
    ring_duration: datetime.timedelta
    talk_duration: datetime.timedelta


@dataclasses.dataclass(frozen=True, slots=True)
class Extension:
    """An extension of the phone system.

    :param id: the id that the configuration requests take.
    :param type: its type, such as ``"SIP"``.
    """

    id: str
    type: str


@dataclasses.dataclass(frozen=True, slots=True)
class ExtensionConfig:
    """The configuration of an extension; its ``repr`` shows no credentials.

    :param id: the extension's id, which cannot be changed.
    :param user_id: the office user whom it belongs to.
    :param username: the user name. It must be sent, but the vendor's example of what is
        received has none.
    :param authorization_name: the name that the telephone logs in with.
    :param password: the password that the telephone logs in with.
    :param enabled: whether it may be used.
    :param known_type: the phone system's name for this kind of configuration.
    :param last_ip_address: where the telephone was seen; received only.
    :param user_agent_name: what telephone it is; received only.
    """

    id: str
    _: dataclasses.KW_ONLY
    user_id: str
    username: str = dataclasses.field(repr=False)
    authorization_name: str = dataclasses.field(repr=False)
    password: str = dataclasses.field(repr=False)
    enabled: bool = True
    known_type: str = "SIPExtensionInfo"
    last_ip_address: str = ""
    user_agent_name: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class CallRecord:
    """A call of the past; its ``repr`` shows no numbers.

    :param start_time: when it began, in the phone system's local time.
    :param direction: such as ``"Internal"``.
    :param source: the caller's number.
    :param destination: the callee's number.
    :param state: how it ended, such as ``"CalleeHungUp"``.
    :param dialed: the number that was dialled.
    :param caller_id: the caller's id.
    :param type: such as ``"Audio"``.
    :param call_id: the id it had.
    """

    start_time: datetime.datetime
    direction: str
    source: str = dataclasses.field(repr=False)
    destination: str = dataclasses.field(repr=False)
    state: str
    dialed: str = dataclasses.field(repr=False)
    caller_id: str = dataclasses.field(repr=False)
    type: str
    call_id: str


_MAX_DEPTH: t.Final = 32
_REPEATED: t.Final = ("CallInfo", "ExtensionSummary", "Call")


def parse(document: bytes) -> Reply:
    """The elements of a reply, whatever its code.

    :raises UnexpectedReply: if it is no XML, has a document type (and so any entity),
        or a root other than ``Response``.
    """
    try:
        _refuse_hostile(document)
        root = xmltodict.parse(document, force_list=_REPEATED)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise UnexpectedReply(
            f"The reply is not well-formed XML: {error}. Is this the address of the"
            " phone system's HTTP API?"
        ) from None
    reply = root.get("Response")
    if not isinstance(reply, dict):
        raise UnexpectedReply(
            "The reply has no element 'Response' with 'Code' in it at its root. Is this"
            " the address of the phone system's HTTP API?"
        )
    return {name: node for name, node in reply.items() if name[:6] != "@xmlns"}


def _refuse_hostile(document: bytes) -> None:
    """xmltodict lets document types pass, and depth costs it memory without limit."""
    depth = 0

    def start(name: str, attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise UnexpectedReply(
                f"The reply nests elements more than {_MAX_DEPTH} deep."
            )

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*declaration: object) -> None:
        raise UnexpectedReply("The reply has a document type; none is read.")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    parser.Parse(document, True)


def check(command: str, reply: Reply, redact: Callable[[str], str]) -> None:
    """Raise what the code of a reply stands for, unless it is 200.

    :param redact: takes out of the message what no exception may hold.
    :raises PhoneSystemError: for every other code.
    :raises UnexpectedReply: if there is no code.
    """
    digits = _text(reply, "Code")
    if not re.fullmatch("[0-9]{1,9}", digits):
        raise UnexpectedReply("The reply's 'Code' is missing or no number.")
    code = _CODES.get(digits, int(digits))
    if code != StatusCode.OK:
        error = _ERRORS.get(code, PhoneSystemError)
        raise error(command, code, redact(_text(reply, "Message")))


def nothing(reply: Reply) -> None:
    """The result of a request that has none."""


def call_id(reply: Reply) -> str:
    """The id of the call that was placed, "" when the reply tells none."""
    return _found_text(reply, "CallId")


def sms_id(reply: Reply) -> str:
    """The id of the text message that was sent, "" when the reply tells none."""
    return _found_text(reply, "SmsId")


def active_calls(reply: Reply) -> list[ActiveCall]:
    """The calls of a ListActiveCalls reply."""
    return _listed(reply, "ActiveCalls", "CallInfo", _active_call)


def extensions(reply: Reply) -> list[Extension]:
    """The extensions of a ListExtensions reply."""
    return _listed(reply, "Extensions", "ExtensionSummary", _extension)


def call_records(reply: Reply) -> list[CallRecord]:
    """The calls of a GetCallHistory reply."""
    return _listed(reply, "Calls", "Call", _call_record)


def extension_config(reply: Reply) -> ExtensionConfig:
    """The configuration of a GetConfig reply."""
    node = _node(reply.get("Config"), "Config")
    return ExtensionConfig(
        _text(node, "ID"),
        user_id=_text(node, "UserID"),
        username=_text(node, "Username"),
        authorization_name=_text(node, "AuthorizationName"),
        password=_text(node, "Password"),
        enabled=_boolean(node, "Enabled"),
        known_type=_text(node, "@knownType"),
        last_ip_address=_text(node, "LastIPAddress"),
        user_agent_name=_text(node, "UserAgentName"),
    )


def _active_call(node: Reply) -> ActiveCall:
    state = _text(node, "CallState")
    return ActiveCall(
        call_state=_CALL_STATES.get(state, state),
        call_id=_text(node, "CallId"),
        source=_text(node, "Source"),
        caller_id=_text(node, "CallerId"),
        destination=_text(node, "Destination"),
        start_time=_time(node, "StartTime"),
        ring_duration=_duration(node, "RingDuration"),
        talk_duration=_duration(node, "TalkDuration"),
    )


_CALL_STATES: t.Final[Mapping[str, CallState]] = {
    state.value: state for state in CallState
}


def _extension(node: Reply) -> Extension:
    return Extension(id=_text(node, "Id"), type=_text(node, "Type"))


def _call_record(node: Reply) -> CallRecord:
    return CallRecord(
        start_time=_time(node, "StartTime"),
        direction=_text(node, "Direction"),
        source=_text(node, "Source"),
        destination=_text(node, "Destination"),
        state=_text(node, "State"),
        dialed=_text(node, "Dialed"),
        caller_id=_text(node, "CallerId"),
        type=_text(node, "Type"),
        call_id=_text(node, "CallId"),
    )


def _listed(
    reply: Reply, container: str, child: str, read: Callable[[Reply], _T]
) -> list[_T]:
    """What an empty list looks like is not documented: the container may be absent."""
    node = reply.get(container)
    if node is None:
        return []
    children = _node(node, container).get(child, [])
    return [read(_node(found, child)) for found in children]


def _node(found: object, name: str) -> Reply:
    if not isinstance(found, dict):
        raise UnexpectedReply(f"The reply has not one {name!r} with elements in it.")
    return found


def _text(node: Reply, name: str) -> str:
    """The text of an element, "" when it is absent or empty."""
    found = node.get(name)
    if isinstance(found, dict):
        found = found.get("#text")
    if isinstance(found, list):
        raise UnexpectedReply(f"The reply has several {name!r} where one may stand.")
    return found or ""


def _found_text(node: object, name: str) -> str:
    """The text of the first element of that name, wherever it stands."""
    if isinstance(node, list):
        return next(filter(None, (_found_text(item, name) for item in node)), "")
    if not isinstance(node, dict):
        return ""
    return _text(node, name) or _found_text(list(node.values()), name)


def _boolean(node: Reply, name: str) -> bool:
    found = BOOLEANS.get(_text(node, name).lower())
    if found is None:
        raise UnexpectedReply(f"The reply's {name!r} is neither true nor false.")
    return found


def _time(node: Reply, name: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(_text(node, name))
    except ValueError:
        raise UnexpectedReply(f"The reply's {name!r} is no date with time.") from None


def _duration(node: Reply, name: str) -> datetime.timedelta:
    seconds = _text(node, name) or "0"
    if not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,7})?", seconds):
        raise UnexpectedReply(f"The reply's {name!r} is no number of seconds.")
    return datetime.timedelta(seconds=float(seconds))
