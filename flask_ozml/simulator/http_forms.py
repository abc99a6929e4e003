"""The requests and replies of the HTTP API, as they are on the wire.

Source: the vendor's pages "Learn the correct form of GET and POST HTTP requests",
"Response format of Ozeki Phone System HTTP API" and "Status codes of Ozeki Phone System
HTTP API".
"""

import datetime
import html
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request as HttpRequest

from ..commands import Element
from ..errors import OzMLError
from ..errors import StatusCode
from ..http_api.requests import Parameter
from ..serializer import loads
from ..serializer import markup
from ..values import BOOLEANS

#: Names in lower case, and values.
Form = Mapping[str, str]

_MESSAGES: t.Final[Mapping[StatusCode, str]] = {
    StatusCode.OK: "Command successfully executed",
    StatusCode.PARSE_ERROR: "Error occured during parsing message: '{}'",
    StatusCode.NOT_IMPLEMENTED_COMMAND: "Not implemented command: '{}'",
    StatusCode.INVALID_PARAMETER: (
        "Missing or invalid parameter '{}' for command '{}'"
    ),
    StatusCode.INAPPROPRIATE_COMMAND: "Command '{}' cannot be used here",
    StatusCode.AUTHENTICATION_REQUIRED: "Authentication required",
    StatusCode.AUTHENTICATION_FAILED: (
        "Authentication failed, bad username or password"
    ),
    StatusCode.API_EXTENSION_UNAVAILABLE: (
        "API extension '{}' unavailable, please check configuration or permissions"
    ),
    StatusCode.CALL_CONNECT_FAILED: (
        "Call connect to '{}' failed with result state '{}'"
    ),
    StatusCode.SMS_DESTINATION_NOT_FOUND: "Destination of the SMS is not found",
    StatusCode.CALL_NOT_FOUND: "Call not found with ID '{}'",
    StatusCode.CONFIG_NOT_FOUND: "Configuration for type '{}' not found",
    StatusCode.INVALID_CONFIG: "Invalid configuration for type '{}'",
    StatusCode.CONFIG_ALREADY_EXISTS: "Extension configuration already exists",
}


class Refusal(OzMLError):
    """A request was refused.

    :param code: the status code of the reply.
    :param details: what the message of that code names.
    """

    def __init__(self, code: StatusCode, *details: str) -> None:
        super().__init__(_MESSAGES[code].format(*details))
        self.code = code


def form_of(request: HttpRequest) -> Form:
    """Return the parameters of a request.

    Documented: they are in the query of a GET and in the body of a POST, and names are
    written in several cases. Assumption: bytes are UTF-8, query and body are both read,
    and the first value counts if a name is given twice.

    :raises Refusal: if there are too many.
    """
    form: dict[str, str] = {}
    for part in (request.query_string, request.get_data(cache=False)):
        text = part.decode("utf-8", "replace")
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=1_000)
        except ValueError:
            raise Refusal(StatusCode.PARSE_ERROR, "too many parameters") from None
        for name, value in pairs:
            form.setdefault(name.lower(), value)
    return form


_READERS: t.Final[Mapping[type, Callable[[str], object]]] = {
    bool: lambda text: BOOLEANS.get(text.lower()),
    int: lambda text: int(text) if re.fullmatch("[0-9]{1,9}", text) else None,
    datetime.datetime: datetime.datetime.fromisoformat,
    str: str,
}


def argument(command: str, parameter: Parameter, form: Form) -> object:
    """Return the value of a parameter; None if it was left out.

    Documented for GetCallHistory: an empty parameter counts as left out.

    :raises Refusal: if it is mandatory and missing, or breaks its rule.
    """
    text = form.get(parameter.wire_name.lower())
    if not parameter.mandatory and not text:
        return None
    try:
        value = None if text is None else _READERS[parameter.rule.type](text)
        return parameter.rule.check(command, parameter.name, value)
    except ValueError:
        raise Refusal(
            StatusCode.INVALID_PARAMETER, parameter.wire_name, command
        ) from None


def leaf(name: str, value: object) -> Element:
    """Return an element with a text."""
    return Element(name, None, str(value))


def row(name: str, /, **values: object) -> Element:
    """Return an element that holds elements with a text."""
    return Element(name, None, *(leaf(*item) for item in values.items()))


# With these namespaces and this layout the Content-Length is that of the vendor's page.
_START: t.Final = (
    '<?xml version="1.0"?>',
    '<Response xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">',
)


def reply(code: StatusCode, message: str, elements: Iterable[Element] = ()) -> bytes:
    """Return the body of a reply.

    Documented: a Config comes before the code, other elements come after the message.
    Assumption: a list without entries is an empty element.
    """
    verdict = [leaf("Code", int(code)), leaf("Message", message)]
    for element in elements:
        verdict.insert(0 if element.name == "Config" else len(verdict), element)
    lines = [line for element in verdict for line in _lines(element, "  ")]
    return "\r\n".join([*_START, *lines, "</Response>"]).encode()


def _lines(element: Element, indent: str) -> Iterator[str]:
    if not element.children:
        yield indent + markup(element)
        return
    shell = markup(Element(element.name, element.attributes, "\n"))
    start, _, end = shell.partition("\n")
    yield indent + start
    for child in element.children:
        yield from _lines(t.cast(Element, child), indent + "  ")
    yield indent + end


class Config(t.NamedTuple):
    """The configuration of an extension."""

    extension_id: str
    extension_type: str
    element: Element


# Source: the vendor's page of AddConfig.
_MANDATORY: t.Final = frozenset(
    ("AuthorizationName", "Password", "Username", "Enabled", "ID", "UserID")
)


def config_of(extension_type: str, xml: str) -> Config:
    """Parse a ConfigXML.

    In the vendor's example it is escaped as HTML before it is URL-encoded; the text
    says "URL-encoded" only. Both are accepted.

    :raises Refusal: if it is not XML, or a mandatory element is missing.
    """
    text = html.unescape(xml) if xml.lstrip().startswith("&lt;") else xml
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    try:
        found = loads(f"<Response>{text}</Response>")
    except (OzMLError, UnicodeError):
        found = []
    config = found[0] if len(found) == 1 else None
    if isinstance(config, Element) and config.name == "Config":
        values = {
            child.name: "".join(text for text in child.content if isinstance(text, str))
            for child in config.children
            if isinstance(child, Element)
        }
        if values.keys() >= _MANDATORY and values["ID"]:
            settings = (leaf(*item) for item in values.items())
            element = Element("Config", config.attributes, *settings)
            return Config(values["ID"], extension_type, element)
    raise Refusal(StatusCode.INVALID_CONFIG, extension_type)
