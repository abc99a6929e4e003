"""Commands to OzML and back: the only module that writes XML or reads OzML.

Structure comes from command objects only and names are constants: what a caller chose
can never become markup.
"""

import dataclasses
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from xml.parsers import expat

from .commands import BY_NAME
from .commands import Element
from .commands import MAX_DEPTH
from .commands import UserInput
from .commands.base import Argument
from .commands.base import Command
from .commands.base import refuse_unknown
from .commands.rules import Rule
from .errors import InvalidParameter
from .errors import NotImplementedCommand
from .errors import OzMLError
from .errors import ParseError
from .values import BOOLEANS

_DECLARATION: t.Final = '<?xml version="1.0" encoding="UTF-8"?>'
_EMPTY: t.Final = f"{_DECLARATION}<Response/>".encode()

_NOT_XML: t.Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

# Where the name of OzML is not the argument's in CamelCase.
_WIRE_NAMES: t.Final = {"delivery_report_url": "DeliveryReportURL"}

# Other spellings in the vendor's examples and tables, as they are looked up.
_ALIASES: t.Final = {
    "enteredurl": "forwardtourl",
    "dialed": "dialled",
    "tranferorparty": "transferorparty",
    "tranferredcallid": "transferredcallid",
    "delivaryreporturl": "deliveryreporturl",
}


def dumps(commands: Iterable[Command]) -> bytes:
    """Write commands as an OzML document, in their order, on one line.

    Text comes out byte-exact through any XML parser; characters that XML cannot hold
    become U+FFFD.
    """
    content = _written(commands)
    if not content:
        return _EMPTY
    return f"{_DECLARATION}<Response>{content}</Response>".encode()


def markup(command: Command) -> str:
    """Write one command, without a document around it."""
    return _written((command,))


def _written(commands: Iterable[Command]) -> str:
    parts: list[str] = []
    _write(commands, parts.append)
    return "".join(parts)


def _write(commands: Iterable[Command], append: "_Append") -> None:
    for command in commands:
        _WRITERS[command.origin](command, append)


def _wire_name(argument: str) -> str:
    return _WIRE_NAMES.get(argument) or "".join(
        part.capitalize() for part in argument.split("_")
    )


def _text(text: str) -> str:
    """A text as it is written; most have nothing to replace, which is told sooner."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if not text.isprintable():
        # A parser would read a CR as a LF.
        text = _NOT_XML.sub("\ufffd", text.replace("\r", "&#13;"))
    return text


def _attribute(value: str) -> str:
    text = _text(value)
    if '"' in text:
        text = text.replace('"', "&quot;")
    if not text.isprintable():
        # A parser would read white space here as blanks.
        text = text.replace("\t", "&#9;").replace("\n", "&#10;")
    return text


_Append = Callable[[str], None]
_Writer = Callable[[t.Any, _Append], None]

_WRITER: t.Final = """\
def write(command, append):
    written = content = ""
{lines}    if content:
        append(f"<{name}{{written}}>{{content}}</{name}>")
    else:
        append(f"<{name}{{written}}/>")
"""
_ATTRIBUTES: t.Final = """\
def attributes(command):
    written = ""
{lines}    return written
"""
_ATTRIBUTE: t.Final = """\
    value = command._ozml_{argument}
    if value is not None:
        written += f' {name}="{{{written}}}"'
"""
_TEXT: t.Final = """\
    value = command._ozml_{argument}
    content = {written}
"""
_WRITTEN: t.Final = {
    str: "{place}(value)",
    int: "str(value)",
    bool: "booleans[value]",
}
_NAMES: t.Final = {
    "attribute": _attribute,
    "text": _text,
    "booleans": ("false", "true"),
}


def _generated(template: str, command: type[Command]) -> t.Any:
    """Make a function that has lines of its own for each argument of a command.

    A loop over the arguments costs more.
    """
    lines = ""
    for argument, rule, _, _ in command.arguments:
        is_text = argument == command.written_as_text
        place = "text" if is_text else "attribute"
        lines += (_TEXT if is_text else _ATTRIBUTE).format(
            argument=argument,
            name=_wire_name(argument),
            written=_WRITTEN[rule.type].format(place=place),
        )
    names: dict[str, t.Any] = {}
    exec(template.format(name=command.__name__, lines=lines), {**_NAMES}, names)
    return names.popitem()[1]


def _write_part(
    name: str, attributes: str, commands: Sequence[Command], append: _Append
) -> None:
    if commands:
        append(f"<{name}{attributes}>")
        _write(commands, append)
        append(f"</{name}>")
    else:
        append(f"<{name}{attributes}/>")


def _write_user_input(menu: t.Any, append: _Append) -> None:
    append(f"<UserInput{_attributes_of_menu(menu)}>")
    _write_part("InitialCommands", "", menu._ozml_initial_commands, append)
    if menu._ozml_inputs:
        append("<Inputs>")
        for keys, commands in menu._ozml_inputs.items():
            _write_part("Input", f' key="{keys}"', commands, append)
        append("</Inputs>")
    append("</UserInput>")


def _write_element(element: t.Any, append: _Append) -> None:
    attributes = "".join(
        f' {name}="{_attribute(value)}"' for name, value in element.attributes.items()
    )
    if not element.content:
        append(f"<{element.name}{attributes}/>")
        return
    append(f"<{element.name}{attributes}>")
    for item in element.content:
        if isinstance(item, str):
            append(_text(item))
        else:
            _write((item,), append)
    append(f"</{element.name}>")


_attributes_of_menu: t.Final = _generated(_ATTRIBUTES, UserInput)
_WRITERS: t.Final[Mapping[type[Command], _Writer]] = {
    **{command: _generated(_WRITER, command) for command in BY_NAME.values()},
    UserInput: _write_user_input,
    Element: _write_element,
}


def loads(document: bytes | str, *, strict: bool = False) -> list[Command]:
    """Read an OzML document, as leniently as the vendor's own examples ask for.

    Names match in any case, white space may stand before the declaration, and where
    OzML writes an argument as text it may also stand in an attribute. A document type,
    and so any entity, is refused.

    :param document: the document; ``str`` is read whatever encoding it declares.
    :param strict: whether a command that has no class is an error, not an Element.
    :raises ParseError: if it is no OzML.
    :raises InvalidParameter: if an argument is wrong.
    :raises NotImplementedCommand: if strict, for a command that has no class.
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


# UserInput, Inputs and Input stand for one menu, behind the root and the last command.
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
        raise ParseError("OzML has no document type; none is read.")

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
# Python has codecs that are no encodings; these are, and expat can read them.
_ENCODINGS: t.Final = (
    rb"(?i)utf-?8|utf-?16|us-ascii|ascii|iso-8859-\d+|(?:windows-|cp)125\d|koi8-[ru]"
)


def _without_leading_space(document: bytes | str) -> bytes:
    data = document.encode() if isinstance(document, str) else document
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    declared = re.match(_DECLARED, data)
    readable = declared is None or re.fullmatch(_ENCODINGS, declared[1])
    if isinstance(document, bytes) and not readable:
        raise ParseError("The declared encoding is none that is read.")
    return data


def _children(node: _Node) -> Iterable[_Node]:
    for item in node.content:
        if isinstance(item, _Node):
            yield item
        elif item.strip(_XML_SPACE):
            raise ParseError(f"{node.name} holds text where only elements may stand.")


def _read_commands(node: _Node, strict: bool) -> list[Command]:
    return [_read_command(child, strict) for child in _children(node)]


def _read_command(node: _Node, strict: bool) -> Command:
    command = BY_NAME.get(node.name.lower())
    if command is None:
        return _read_element(node, strict)
    if command is UserInput:
        return _read_user_input(node, strict)
    return _read_plain(command, node)


def _read_element(node: _Node, strict: bool) -> Element:
    if strict:
        raise NotImplementedCommand(f"Not implemented command: {node.name!r}")
    content = (
        item if isinstance(item, str) else _read_command(item, strict)
        for item in node.content
    )
    return Element(node.name, node.attributes, *content)


def _read_plain(command: type[Command], node: _Node) -> Command:
    arguments = _read_attributes(command, node)
    text = "".join(item for item in node.content if isinstance(item, str))
    if any(isinstance(item, _Node) for item in node.content):
        raise ParseError(f"{node.name} holds elements where only text may stand.")
    return command(**_with_text(command, text, arguments))


def _with_text(
    command: type[Command], text: str, arguments: dict[str, object]
) -> dict[str, object]:
    """Add the text of an element to its arguments, where it is one."""
    first = next((row for row in command.arguments if row.by_position), None)
    if first and first.name not in arguments:
        if text or command.written_as_text:
            arguments[first.name] = _value(first.rule, text)
    elif text.strip(_XML_SPACE):
        raise InvalidParameter(command.__name__, "text", "has no meaning here", text)
    return arguments


def _read_attributes(command: type[Command], node: _Node) -> dict[str, object]:
    known = _READING[command]
    arguments: dict[str, object] = {}
    for name, text in node.attributes.items():
        lower = name.lower()
        argument = known.get(_ALIASES.get(lower, lower))
        if argument is None:
            refuse_unknown(command, [name])
        if argument.name in arguments:
            raise InvalidParameter(command.__name__, argument.name, "stands twice")
        arguments[argument.name] = _value(argument.rule, text)
    return arguments


_READING: t.Final[Mapping[type[Command], Mapping[str, Argument]]] = {
    command: {row.name.replace("_", ""): row for row in command.arguments}
    for command in BY_NAME.values()
}


def _value(rule: Rule, text: str) -> object:
    """What a text stands for; None for an empty one that the rule does not take."""
    if rule.type is str and rule.accepts(text):
        return text
    text = text.strip()
    if rule.type is bool:
        return BOOLEANS.get(text.lower(), text or None)
    if rule.type is int and re.fullmatch("[0-9]{1,9}", text):
        return int(text)
    return text or None


def _read_user_input(node: _Node, strict: bool) -> UserInput:
    arguments: dict[str, t.Any] = _read_attributes(UserInput, node)
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
                f"{node.name} holds {child.name!r}, not InitialCommands or Inputs."
            )
    return UserInput(*t.cast(t.Any, initial), inputs=t.cast(t.Any, inputs), **arguments)


def _read_inputs(node: _Node, inputs: dict[str, list[Command]], strict: bool) -> None:
    for child in _children(node):
        if child.name.lower() != "input":
            raise ParseError(f"{node.name} holds {child.name!r}; it takes Input.")
        attributes = {name.lower(): text for name, text in child.attributes.items()}
        keys = attributes.get("key", "").strip()
        if not keys or len(child.attributes) > 1 or keys in inputs:
            raise InvalidParameter(
                "Input", "key", "must be its only attribute, and differ", keys
            )
        inputs[keys] = _read_commands(child, strict)
