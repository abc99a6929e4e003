"""Fuzz ``loads``: the commands it returns must be written and read again equal.

The first byte of an input says whether the rest is a document, or is used to build
well-formed markup. Of random bytes alone, expat refuses nearly all.
"""

import typing as t

import atheris

with atheris.instrument_imports(include=["flask_ozml"]):
    import ozml_tables as writing
    from flask_ozml.commands import BY_NAME
    from flask_ozml.commands import Command
    from flask_ozml.errors import InvalidParameter
    from flask_ozml.errors import ParseError
    from flask_ozml.serializer import dumps
    from flask_ozml.serializer import loads

from harness import fuzz

COMMANDS = [command.__name__ for command in BY_NAME.values()]
ELEMENTS = [*COMMANDS, "InitialCommands", "Inputs", "Input", "Beep", "userinput"]
ATTRIBUTES = sorted(
    {
        name
        for command, _ in writing.FORMS
        for name in writing.by_expat(dumps([command])).elements[0].attributes
    }
    | {"key", "enteredUrl", "Text", "Time"}
)
VALUES = ["", "1", "true", "all", "caller", "mp3", "http://a.example/", "1000", "*#"]
MARKUP = 1


def target(data: bytes) -> str:
    mode = data[:1]
    if mode and mode[0] % 2 == MARKUP:
        return f"built markup: {_check(_built(data[1:]))}"
    return f"bytes: {_check(data[1:])}"


def _check(document: bytes) -> str:
    try:
        commands = loads(document)
    except ParseError as error:
        if str(error).startswith("Not well-formed"):
            return "refused: not well-formed XML, the first check"
        return "refused: not OzML"
    except InvalidParameter:
        return "refused: an invalid argument or name"
    written = dumps(commands)
    assert loads(written) == commands, "other commands when read again"
    trees = [read(written) for read in (writing.by_expat, writing.by_libxml2)]
    assert trees[0] == trees[1], "two parsers read different trees"
    assert len(trees[0].elements) == len(commands), (
        "more or fewer elements than commands"
    )
    return "read: commands" if commands else "read: an empty answer"


def _built(data: bytes) -> bytes:
    source = atheris.FuzzedDataProvider(data)
    return f"<Response>{_content(source, 0)}</Response>".encode()


def _content(source: t.Any, depth: int) -> str:
    markup = ""
    while depth < 8 and source.remaining_bytes() and source.ConsumeIntInRange(0, 3):
        markup += _element(source, depth)
    return markup


def _element(source: t.Any, depth: int) -> str:
    name = source.PickValueInList(ELEMENTS)
    attributes = ""
    for _ in range(source.ConsumeIntInRange(0, 3)):
        attributes += f' {source.PickValueInList(ATTRIBUTES)}="{_text(source)}"'
    content = _text(source) if source.ConsumeBool() else _content(source, depth + 1)
    if name.lower() == "userinput" and source.ConsumeBool():
        key = source.PickValueInList(["1", "*", "12", "x"])
        content = (
            f"<InitialCommands>{content}</InitialCommands><Inputs>"
            f'<Input key="{key}">{_content(source, depth + 1)}</Input></Inputs>'
        )
    return f"<{name}{attributes}>{content}</{name}>"


def _text(source: t.Any) -> str:
    if source.ConsumeBool():
        return t.cast(str, source.PickValueInList(VALUES))
    text = source.ConsumeUnicode(source.ConsumeIntInRange(0, 8))
    held = writing.as_xml_holds(text)
    return "".join(f"&#{ord(c)};" if c in "<>&\"'\t\r\n" else c for c in held)


def seeds() -> list[bytes]:
    examples: list[list[Command]] = list(writing.VENDOR.values())
    documents = [dumps(commands) for commands in examples]
    documents += [writing.document(markup) for _, markup in writing.FORMS]
    built = [bytes([MARKUP]) + bytes(range(start, start + 64)) for start in range(190)]
    return [b"\0" + document for document in documents] + built


if __name__ == "__main__":
    fuzz(target, seeds(), [*ELEMENTS, *ATTRIBUTES, "<", "/>", '="', "&#", "]]>"])
