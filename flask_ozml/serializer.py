"""Commands to OzML and back: the only module that writes or reads OzML.

Structure comes from command objects only, and every value is escaped as it is written,
so that text chosen by a caller can never become markup.
"""

import dataclasses
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from xml.parsers import expat

from .commands.base import Argument
from .commands.base import Command
from .commands.catalogue import BY_NAME
from .commands.catalogue import Element
from .commands.catalogue import MAX_DEPTH
from .commands.catalogue import UserInput
from .commands.rules import Rule
from .errors import InvalidParameter
from .errors import NotImplementedCommand
from .errors import OzMLError
from .errors import ParseError
from .values import BOOLEANS

__all__ = ["dumps", "loads", "markup", "wire_name"]

_DECLARATION: t.Final = '<?xml version="1.0" encoding="UTF-8"?>'

# The name of OzML, where it is not the argument's in CamelCase.
_WIRE_NAMES: t.Final = {"delivery_report_url": "DeliveryReportURL"}

# Other spellings in the vendor's examples and tables, in lower case.
_ALIASES: t.Final = {
    "enteredurl": "forwardtourl",
    "dialed": "dialled",
    "tranferorparty": "transferorparty",
    "tranferredcallid": "transferredcallid",
    "delivaryreporturl": "deliveryreporturl",
}


def dumps(commands: Iterable[Command]) -> bytes:
    """Write commands as an OzML document, in their order, on one line.

    Any XML parser reads the same text back; characters that XML cannot hold become
    U+FFFD.
    """
    document = _element("Response", (), "".join(map(markup, commands)))
    return f"{_DECLARATION}{document}".encode()


def markup(command: Command) -> str:
    """Write one command, without a document around it."""
    if isinstance(command, Element):
        parts = [_text(i) if isinstance(i, str) else markup(i) for i in command.content]
        return _element(command.name, command.attributes.items(), "".join(parts))
    attributes = [
        (name, getattr(command, argument))
        for argument, name in _ATTRIBUTES[command.origin]
    ]
    return _element(command.origin.__name__, attributes, _content(command))


def _content(command: Command) -> str:
    if isinstance(command, UserInput):
        return _menu(command)
    argument = command.written_as_text
    return _text(getattr(command, argument)) if argument else ""


def _menu(menu: UserInput) -> str:
    initial = "".join(map(markup, menu.initial_commands))
    inputs = [
        _element("Input", [("key", keys)], "".join(map(markup, commands)))
        for keys, commands in menu.inputs.items()
    ]
    choices = _element("Inputs", (), "".join(inputs)) if inputs else ""
    return _element("InitialCommands", (), initial) + choices


def _element(name: str, attributes: Iterable[tuple[str, object]], content: str) -> str:
    tag = name
    for attribute, value in attributes:
        if value is not None:
            tag += f' {attribute}="{_attribute(value)}"'
    return f"<{tag}>{content}</{name}>" if content else f"<{tag}/>"


def _escaper(escapes: Mapping[str, str]) -> Callable[[object], str]:
    """Make a function that escapes a value.

    :param escapes: special characters and what to write for them. Characters that XML
        cannot hold become U+FFFD.
    """
    not_xml = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
    special = re.compile(f"[{''.join(escapes)}{not_xml}]")

    def replacement(found: re.Match[str]) -> str:
        return escapes.get(found[0], "\ufffd")

    def escape(value: object) -> str:
        text = value if isinstance(value, str) else str(value).lower()
        return special.sub(replacement, text)

    return escape


# A parser would read a carriage return as a line feed, and in attributes, all white
# space as blanks.
_IN_TEXT: t.Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_IN_ATTRIBUTES: t.Final = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;"}
_text: t.Final = _escaper(_IN_TEXT)
_attribute: t.Final = _escaper({**_IN_TEXT, **_IN_ATTRIBUTES})


def wire_name(argument: str) -> str:
    """Return the name of OzML for an argument, for example ``FinishedUrl``."""
    return _WIRE_NAMES.get(argument) or argument.title().replace("_", "")


_ATTRIBUTES: t.Final = {
    command: [
        (argument.name, wire_name(argument.name))
        for argument in command.arguments
        if argument.name != command.written_as_text
    ]
    for command in BY_NAME.values()
}


def loads(document: bytes | str, *, strict: bool = False) -> list[Command]:
    """Read an OzML document, as leniently as the vendor's own examples need.

    Names match in any case, white space may precede the declaration, and an argument
    that OzML writes as text may be an attribute. What has no class or no argument
    becomes an :class:`Element`. A document type, and so any entity, is refused.

    :param document: the document; the declared encoding of a ``str`` is ignored.
    :param strict: whether to raise instead of making an Element.
    :raises ParseError: if the document is not OzML.
    :raises InvalidParameter: if an argument is wrong or, if strict, unknown.
    :raises NotImplementedCommand: if strict, for an unknown command.
    """
    root = _parse(document)
    if root.name.lower() not in ("response", "ozml"):
        raise ParseError(f"The root element is {root.name!r}, not 'Response'.")
    return _read_commands(root, strict)


@dataclasses.dataclass(slots=True)
class _Node:
    name: str
    attributes: Mapping[str, str]
    content: "list[str | _Node]" = dataclasses.field(default_factory=list)


# A menu is UserInput, Inputs and Input; the root and the innermost command add two.
_MAX_XML_DEPTH: t.Final = 3 * MAX_DEPTH + 3


def _parse(document: bytes | str) -> _Node:
    encoding = "utf-8" if isinstance(document, str) else None
    top = _Node("", {})
    open_nodes = [top]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(open_nodes) > _MAX_XML_DEPTH:
            raise InvalidParameter(
                name, "content", f"must not nest more than {MAX_DEPTH} deep"
            )
        node = _Node(name, attributes)
        open_nodes[-1].content.append(node)
        open_nodes.append(node)

    def doctype(*declaration: object) -> None:
        raise ParseError("A document type is not allowed in OzML.")

    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: open_nodes.pop()
    parser.CharacterDataHandler = lambda text: open_nodes[-1].content.append(text)
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(_without_leading_space(document), True)
    except OzMLError:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise ParseError(f"Not well-formed XML: {error}.") from error
    return t.cast(_Node, top.content[0])


_XML_SPACE: t.Final = " \t\r\n"
_DECLARED: t.Final = rb"<\?xml[^>]*\sencoding\s*=\s*['\"]([^'\"]*)"
# The encodings that expat reads; some of Python's codecs are not encodings at all.
_ENCODINGS: t.Final = (
    rb"(?i)utf-?8|utf-?16|us-ascii|ascii|iso-8859-\d+|(?:windows-|cp)125\d|koi8-[ru]"
)


def _without_leading_space(document: bytes | str) -> bytes:
    data = document.encode() if isinstance(document, str) else document
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    declared = re.match(_DECLARED, data)
    readable = declared is None or re.fullmatch(_ENCODINGS, declared[1])
    if isinstance(document, bytes) and not readable:
        raise ParseError("The declared encoding is not supported.")
    return data


def _children(node: _Node) -> Iterable[_Node]:
    for item in node.content:
        if isinstance(item, _Node):
            yield item
        elif item.strip(_XML_SPACE):
            raise ParseError(f"{node.name} contains text; only elements are allowed.")


def _read_commands(node: _Node, strict: bool) -> list[Command]:
    return [_read_command(child, strict) for child in _children(node)]


def _read_command(node: _Node, strict: bool) -> Command:
    command = BY_NAME.get(node.name.lower())
    if command is None:
        if strict:
            raise NotImplementedCommand(f"Not implemented command: {node.name!r}")
        return _read_element(node)
    unknown = [name for name in node.attributes if _argument(command, name) is None]
    if unknown and strict:
        raise InvalidParameter(command.__name__, unknown[0], "is not a known argument")
    if unknown:
        return _read_element(node)
    arguments = _read_attributes(command, node)
    if command is UserInput:
        return _read_user_input(node, arguments, strict)
    _read_text(command, node, arguments)
    return command(**arguments)


def _read_element(node: _Node) -> Element:
    content = (
        item if isinstance(item, str) else _read_command(item, strict=False)
        for item in node.content
    )
    return Element(node.name, node.attributes, *content)


def _argument(command: type[Command], name: str) -> Argument | None:
    lower = name.lower()
    return _READING[command].get(_ALIASES.get(lower, lower))


_READING: t.Final[Mapping[type[Command], Mapping[str, Argument]]] = {
    command: {row.name.replace("_", ""): row for row in command.arguments}
    for command in BY_NAME.values()
}


def _read_attributes(command: type[Command], node: _Node) -> dict[str, t.Any]:
    """Return the arguments in attributes, and None for optional ones without any."""
    arguments = {row.name: None for row in command.arguments if not row.mandatory}
    found: dict[str, t.Any] = {}
    for name, text in node.attributes.items():
        argument = t.cast(Argument, _argument(command, name))
        if argument.name in found:
            raise InvalidParameter(command.__name__, argument.name, "is given twice")
        found[argument.name] = _value(argument.rule, text)
    return arguments | found


def _read_text(
    command: type[Command], node: _Node, arguments: dict[str, t.Any]
) -> None:
    """Add the text of an element to its arguments.

    :raises InvalidParameter: if a mandatory argument is still missing.
    """
    if any(isinstance(item, _Node) for item in node.content):
        raise ParseError(f"{node.name} contains elements; only text is allowed.")
    text = "".join(item for item in node.content if isinstance(item, str))
    first = next((row for row in command.arguments if row.by_position), None)
    if first and first.name not in arguments and (text or command.written_as_text):
        arguments[first.name] = _value(first.rule, text)
    elif text.strip(_XML_SPACE):
        raise InvalidParameter(command.__name__, "text", "is not allowed here", text)
    for row in command.arguments:
        if row.name not in arguments:
            raise InvalidParameter(command.__name__, row.name, "is missing")


def _value(rule: Rule, text: str) -> object:
    """Return the value of a text; None for an empty one that the rule refuses."""
    if rule.type is str and rule.accepts(text):
        return text
    text = text.strip()
    if rule.type is bool:
        return BOOLEANS.get(text.lower(), text or None)
    if rule.type is int and re.fullmatch("[0-9]{1,9}", text):
        return int(text)
    return text or None


def _read_user_input(
    node: _Node, arguments: dict[str, t.Any], strict: bool
) -> UserInput:
    initial: list[Command] = []
    inputs: dict[str, list[Command]] = {}
    for child in _children(node):
        part = child.name.lower()
        if part == "initialcommands":
            initial += _read_commands(child, strict)
        elif part == "inputs":
            _read_inputs(child, inputs, strict)
        else:
            raise ParseError(
                f"{node.name} contains {child.name!r}; only InitialCommands and Inputs"
                " are allowed."
            )
    return UserInput(
        initial_commands=tuple(initial), inputs=t.cast(t.Any, inputs), **arguments
    )


def _read_inputs(node: _Node, inputs: dict[str, list[Command]], strict: bool) -> None:
    for child in _children(node):
        if child.name.lower() != "input":
            raise ParseError(
                f"{node.name} contains {child.name!r}; only Input is allowed."
            )
        attributes = {name.lower(): text for name, text in child.attributes.items()}
        keys = attributes.get("key", "").strip()
        if not keys or len(child.attributes) > 1 or keys in inputs:
            raise InvalidParameter(
                "Input", "key", "must be the only attribute, and unique", keys
            )
        inputs[keys] = _read_commands(child, strict)
