"""The replies of the phone system's HTTP API: XML to typed objects or exceptions.

Source: the vendor's pages "Response format of Ozeki Phone System HTTP API", "Status
codes of Ozeki Phone System HTTP API" and those of the single commands. Their examples
differ in the order of elements, white space and namespace declarations, so only the
names of elements count here.
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

#: The elements of a reply, as xmltodict returns them.
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


@dataclasses.dataclass(frozen=True)
class ActiveCall:
    """An active call.

    Its ``repr`` shows no numbers and no names.

    :param call_state: the state; a str if the vendor's page does not list it.
    :param call_id: the id that other requests take.
    :param source: the caller's number.
    :param caller_id: the caller's id, often a name.
    :param destination: the callee's number.
    :param start_time: the start, with a time zone if the phone system sends one.
    :param ring_duration: the time of ringing.
    :param talk_duration: the time of talking.
    """

    call_state: CallState | str
    call_id: str
    source: str = dataclasses.field(repr=False)
    caller_id: str = dataclasses.field(repr=False)
    destination: str = dataclasses.field(repr=False)
    start_time: datetime.datetime
    ring_duration: datetime.timedelta
    talk_duration: datetime.timedelta


@dataclasses.dataclass(frozen=True)
class Extension:
    """An extension of the phone system.

    :param id: the id that the configuration requests take.
    :param type: the type, for example ``"SIP"``.
    """

    id: str
    type: str


@dataclasses.dataclass(frozen=True)
class ExtensionConfig:
    """The configuration of an extension.

    Its ``repr`` shows no credentials.

    :param id: the id, which cannot be changed.
    :param user_id: the office user who owns the extension.
    :param username: the user name. It is mandatory in requests, but missing in the
        vendor's example of a reply.
    :param authorization_name: the name that the telephone logs in with.
    :param password: the password that the telephone logs in with.
    :param enabled: whether the extension may be used.
    :param known_type: the phone system's name for this kind of configuration.
    :param last_ip_address: the last address of the telephone; never sent.
    :param user_agent_name: the model of the telephone; never sent.
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


@dataclasses.dataclass(frozen=True)
class CallRecord:
    """A call in the call history.

    Its ``repr`` shows no numbers.

    :param start_time: the start, in the phone system's local time.
    :param direction: the direction, for example ``"Internal"``.
    :param source: the caller's number.
    :param destination: the callee's number.
    :param state: the final state, for example ``"CalleeHungUp"``.
    :param dialed: the number that was dialled.
    :param caller_id: the caller's id.
    :param type: the type, for example ``"Audio"``.
    :param call_id: the id of the call.
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
_ENTRIES: t.Final = ("CallInfo", "ExtensionSummary", "Call")
_HINT: t.Final = "Is this the address of the phone system's HTTP API?"


def parse(document: bytes) -> Reply:
    """Return the elements of a reply, whatever its code is.

    :raises UnexpectedReply: if the document is not XML, has a document type (entities
        need one), or has another root than ``Response``.
    """
    try:
        _refuse_hostile(document)
        root = xmltodict.parse(document, force_list=_ENTRIES)
    except expat.ExpatError as error:
        message = f"The reply is not well-formed XML ({error}). {_HINT}"
        raise UnexpectedReply(message) from None
    except (LookupError, ValueError):
        message = f"The reply is XML in an unknown encoding. {_HINT}"
        raise UnexpectedReply(message) from None
    reply = root.get("Response")
    if not isinstance(reply, dict):
        raise UnexpectedReply(
            f"The root of the reply is not a 'Response' with a 'Code'. {_HINT}"
        )
    return {name: node for name, node in reply.items() if not name.startswith("@xmlns")}


def _refuse_hostile(document: bytes) -> None:
    """Refuse a document type and deep nesting, which xmltodict accepts."""
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
        raise UnexpectedReply("The reply has a document type, which is refused.")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    parser.Parse(document, True)


def check(command: str, reply: Reply, redact: Callable[[str], str]) -> None:
    """Raise the exception for the code of a reply, unless the code is 200.

    :param command: the name of the request.
    :param redact: a function that removes secrets from the message.
    :raises PhoneSystemError: for every other code.
    :raises UnexpectedReply: if the reply has no code.
    """
    digits = _text(reply, "Code")
    if not re.fullmatch("[0-9]{1,9}", digits):
        raise UnexpectedReply("The 'Code' of the reply is missing or is not a number.")
    code = _CODES.get(digits, int(digits))
    if code != StatusCode.OK:
        error = _ERRORS.get(code, PhoneSystemError)
        raise error(command, code, redact(_text(reply, "Message")))


def nothing(reply: Reply) -> None:
    """Return None, the result of most requests."""


def call_id(reply: Reply) -> str:
    """Return the id of the call that was placed, or "" if the reply has none."""
    return _found_text(reply, "CallId")


def sms_id(reply: Reply) -> str:
    """Return the id of the text message that was sent, or "" if the reply has none."""
    return _found_text(reply, "SmsId")


def active_calls(reply: Reply) -> list[ActiveCall]:
    """Return the calls of a ListActiveCalls reply.

    The entries of the later API are called "Call".
    """
    return _listed(reply, "ActiveCalls", ("CallInfo", "Call"), _active_call)


def extensions(reply: Reply) -> list[Extension]:
    """Return the extensions of a ListExtensions reply."""
    return _listed(reply, "Extensions", ("ExtensionSummary",), _extension)


def call_records(reply: Reply) -> list[CallRecord]:
    """Return the calls of a GetCallHistory reply."""
    return _listed(reply, "Calls", ("Call",), _call_record)


def extension_config(reply: Reply) -> ExtensionConfig:
    """Return the configuration of a GetConfig reply."""
    node = _node(reply.get("Config"), "Config")
    return ExtensionConfig(
        _id(node, "ID"),
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
        call_id=_id(node, "CallId"),
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
    return Extension(id=_id(node, "Id"), type=_text(node, "Type"))


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
        call_id=_id(node, "CallId"),
    )


def _listed(
    reply: Reply, container: str, entries: tuple[str, ...], read: Callable[[Reply], _T]
) -> list[_T]:
    """Return the entries of a list.

    Assumption: an empty list is an empty element, or is left out.

    :raises UnexpectedReply: if anything else is where entries may be, so that entries
        of an unknown form are not taken for an empty list.
    """
    if container not in reply and any(map(_has_elements, reply.values())):
        raise UnexpectedReply(f"The reply has no {container!r}, but other elements.")
    node = reply.get(container)
    if node is None:
        return []
    node = _node(node, container)
    if any(name not in entries for name in node if not name.startswith("@")):
        known = " or ".join(map(repr, entries))
        raise UnexpectedReply(f"The {container!r} of the reply has more than {known}.")
    found = [entry for name in entries for entry in node.get(name, ())]
    return [read(_node(entry, entries[0])) for entry in found]


def _has_elements(node: object) -> bool:
    if isinstance(node, dict):
        return any(not name.startswith(("@", "#")) for name in node)
    return isinstance(node, list)


def _node(found: object, name: str) -> Reply:
    if not isinstance(found, dict):
        raise UnexpectedReply(f"The reply needs one {name!r} that has elements.")
    return found


def _text(node: Reply, name: str) -> str:
    """Return the text of an element, or "" if the element is missing or empty."""
    found = node.get(name)
    if isinstance(found, dict):
        found = found.get("#text")
    if isinstance(found, list):
        raise UnexpectedReply(f"The reply has several {name!r} where one is expected.")
    return found or ""


def _id(node: Reply, name: str) -> str:
    found = _text(node, name)
    if not found:
        raise UnexpectedReply(f"An entry of the reply has no {name!r}.")
    return found


def _found_text(node: object, name: str) -> str:
    """Return the text of the first element of a name, at any depth."""
    if isinstance(node, list):
        return next(filter(None, (_found_text(item, name) for item in node)), "")
    if not isinstance(node, dict):
        return ""
    return _text(node, name) or _found_text(list(node.values()), name)


def _boolean(node: Reply, name: str) -> bool:
    found = BOOLEANS.get(_text(node, name).lower())
    if found is None:
        raise UnexpectedReply(f"The {name!r} of the reply is not true or false.")
    return found


def _time(node: Reply, name: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(_text(node, name))
    except ValueError:
        raise UnexpectedReply(f"The {name!r} of the reply is not a time.") from None


def _duration(node: Reply, name: str) -> datetime.timedelta:
    seconds = _text(node, name) or "0"
    if not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,7})?", seconds):
        raise UnexpectedReply(f"The {name!r} of the reply is not a number of seconds.")
    return datetime.timedelta(seconds=float(seconds))
