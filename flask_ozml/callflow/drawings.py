"""The map for other programs: JSON, and the languages of Graphviz and Mermaid."""

import dataclasses
import json
import textwrap
import typing as t
from collections.abc import Iterator
from collections.abc import Mapping

from .states import Edge
from .states import Flow
from .states import Kind
from .states import State
from .text import grouped

#: Characters in a line of a label.
_WIDTH: t.Final = 32

#: The shapes of Graphviz.
_DOT_SHAPES: t.Final[Mapping[Kind, str]] = {
    "menu": "box",
    "recording": "cds",
    "ringing": "hexagon",
    "transfer": "rarrow",
    "held": "box",
    "end": "ellipse",
}

#: What comes before and after a label in Mermaid.
_MERMAID_SHAPES: t.Final[Mapping[Kind, tuple[str, str]]] = {
    "menu": ("[", "]"),
    "recording": ("[[", "]]"),
    "ringing": ("{{", "}}"),
    "transfer": (">", "]"),
    "held": ("[", "]"),
    "end": ("([", "])"),
}


def as_json(flow: Flow) -> Iterator[str]:
    """Yield the lines of the map in JSON.

    Each state has the acts that lead to it, each edge the act itself and the number of
    a state, or null if that was left out.
    """
    yield from json.dumps(to_dict(flow), ensure_ascii=False, indent=2).splitlines()


def to_dict(flow: Flow) -> dict[str, t.Any]:
    """Return the map in the types of JSON."""
    return {
        "roots": [_edge(Edge(act, state.number)) for act, state in flow.roots],
        "states": [_state(state) for state in flow.states],
        "findings": [dataclasses.asdict(found) for found in flow.all_findings],
        "notes": flow.notes,
    }


def _state(state: State) -> dict[str, t.Any]:
    return {
        "number": state.number,
        "kind": state.kind,
        "heard": list(state.heard),
        "awaits": state.awaits,
        "continues": list(state.continues),
        "views": list(state.views),
        "acts": [dataclasses.asdict(act) | {"label": act.label} for act in state.path],
        "parent": state.parent and state.parent.number,
        "edges": [_edge(edge) for edge in state.edges],
        "findings": [found.name for found in state.findings],
        "left_out": state.left_out,
    }


def _edge(edge: Edge) -> dict[str, t.Any]:
    return {**dataclasses.asdict(edge.act), "label": edge.act.label, "to": edge.to}


def as_dot(flow: Flow) -> Iterator[str]:
    """Yield the lines of the map in the language of Graphviz."""
    yield "digraph calls {"
    yield "  rankdir=LR"
    yield '  node [shape=box, style=rounded, margin=0.2, fontname="sans-serif"]'
    yield '  edge [fontname="sans-serif", fontsize=10]'
    for number, (act, state) in enumerate(flow.roots, 1):
        yield f'  r{number} [shape=plaintext, label="{_dot(act.label)}"]'
        yield f"  r{number} -> s{state.number}"
    for state in flow.states:
        label = "\\n".join(map(_dot, _label(state)))
        shape = _DOT_SHAPES[state.kind]
        red = ", color=red, fontcolor=red" if state.findings else ""
        yield f'  s{state.number} [shape={shape}, label="{label}"{red}]'
    for state, words, to in _edges(flow):
        yield f'  s{state.number} -> s{to} [label="{_dot(words)}"]'
    yield "}"


def _dot(text: str) -> str:
    """Return a text without escapes and entities, which Graphviz would resolve."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


def as_mermaid(flow: Flow) -> Iterator[str]:
    """Yield the lines of the map in the language of Mermaid."""
    yield "flowchart LR"
    for number, (act, state) in enumerate(flow.roots, 1):
        yield f'  r{number}("{_mermaid(act.label)}") --> s{state.number}'
    for state in flow.states:
        opening, closing = _MERMAID_SHAPES[state.kind]
        label = "<br>".join(map(_mermaid, _label(state)))
        yield f'  s{state.number}{opening}"{label}"{closing}'
    for state, words, to in _edges(flow):
        yield f'  s{state.number} -->|"{_mermaid(words)}"| s{to}'
    wrong = [f"s{state.number}" for state in flow.states if state.findings]
    if wrong:
        yield "  classDef wrong stroke:red,color:red"
        yield f"  class {','.join(wrong)} wrong"


def _mermaid(text: str) -> str:
    """Return a text with the characters that mean something in Mermaid as entities."""
    return "".join(c if c.isalnum() or c in " .,:/!?" else f"#{ord(c)};" for c in text)


def _label(state: State) -> Iterator[str]:
    """Yield the lines of a label: what is heard and awaited, and what is wrong."""
    for text in state.heard:
        yield from textwrap.wrap(text, _WIDTH)
    yield f"{state.number} ({state.awaits})"
    for found in state.findings:
        yield f"! {found.name}"


def _edges(flow: Flow) -> Iterator[tuple[State, str, int]]:
    for state in flow.states:
        for words, to in grouped(state.edges):
            if to is not None:
                yield state, words, to
