"""The map as an indented outline for the terminal."""

from collections.abc import Iterator

from .states import Edge
from .states import Flow
from .states import State


def outline(flow: Flow) -> Iterator[str]:
    """Yield the lines of the outline; those that begin with ``!`` are findings.

    A state is shown once, where it is reached with the fewest acts; elsewhere, the line
    says where to look.
    """
    shown: set[int] = set()
    for act, root in flow.roots:
        # States are below one another, so that a stack takes the place of recursion.
        waiting: list[tuple[str, State, bool]] = [
            (act.label, root, root.path == (act,))
        ]
        depths = [0]
        while waiting:
            label, state, own = waiting.pop()
            depth = depths.pop()
            indent = "  " * depth
            if not own or state.number in shown:
                yield f"{indent}{label} -> see {state.number}"
                continue
            shown.add(state.number)
            yield f"{indent}{label}: {title(state)}"
            for line in _details(state):
                yield f"{indent}    {line}"
            for label, to, own in reversed(list(_next(flow, state))):
                waiting.append((label, to, own))
                depths.append(depth + 1)
    for finding in flow.findings:
        yield f"! {finding}"
    for note in flow.notes:
        yield f"Note: {note}"


def title(state: State) -> str:
    """Return the number of a state, and what is heard and awaited there."""
    return f"{state.number} {said(state)}({state.awaits})"


def said(state: State) -> str:
    """Return what is heard in a state, in quotation marks."""
    return f'"{" / ".join(state.heard)}" ' if state.heard else ""


def _details(state: State) -> Iterator[str]:
    if state.left_out:
        yield f"({state.left_out})"
    for finding in state.findings:
        yield f"! {finding.name}: {finding.what}"


def _next(flow: Flow, state: State) -> Iterator[tuple[str, State, bool]]:
    """Yield the labels of acts, the states they lead to, and if these come first."""
    for label, number in grouped(state.edges):
        if number is not None:
            to = flow.states[number - 1]
            yield label, to, to.parent is state


def grouped(edges: list[Edge]) -> list[tuple[str, int | None]]:
    """Return the labels of acts that lead to the same state together."""
    labels: dict[int | None, list[str]] = {}
    for edge in edges:
        labels.setdefault(edge.to, []).append(edge.act.label)
    return [(", ".join(words), to) for to, words in labels.items()]
