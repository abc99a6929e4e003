"""A call flow as data: what callers hear, what they can do then, where it leads."""

import dataclasses
import typing as t
from collections.abc import Mapping

#: What a call does in a state.
Kind = t.Literal["menu", "recording", "ringing", "transfer", "held", "end"]


@dataclasses.dataclass(frozen=True)
class Act:
    """Something that a person does.

    :param verb: what is done, a key of :data:`LABELS`.
    :param what: the keys, the number or the view that it is done with.
    :param unanswered: the numbers that do not answer meanwhile; all others do.
    """

    verb: str
    what: str = ""
    unanswered: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The act in words, without what others do meanwhile."""
        return LABELS[self.verb].format(self.what)

    def __str__(self) -> str:
        others = "".join(f", {number} does not answer" for number in self.unanswered)
        return f"{self.label}{others}"


#: The acts, and how they are shown.
LABELS: t.Final[Mapping[str, str]] = {
    "call": "call {}",
    "view": "call answered by {}",
    "start": "call of {}",
    "follow": "call {} that was placed",
    "answer": "answer",
    "refuse": "busy",
    "ring out": "no answer",
    "press": "{}",
    "wrong": "{} (a wrong entry)",
    "wait": "silence",
    "speak": "speak",
    "say nothing": "silence",
    "fail": "{} does not answer",
    "hour": "silence for an hour",
}

Path = tuple[Act, ...]


@dataclasses.dataclass(frozen=True)
class Edge:
    """One act in a state.

    :param act: the act, as it is shown.
    :param to: the number of the state it leads to; None if that was left out.
    :param quiet: whether a key was pressed and the caller noticed nothing.
    """

    act: Act
    to: int | None
    quiet: bool = False


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that callers should not come across.

    :param name: its short name, for ``--skip``.
    :param where: the acts that lead there, or the view or the setting.
    :param what: what is wrong.
    :param why: why it matters.
    :param advice: what to do.
    """

    name: str
    where: str
    what: str
    why: str
    advice: str

    def __str__(self) -> str:
        return f"{self.name}: {self.where}: {self.what} {self.why} {self.advice}"


@dataclasses.dataclass(eq=False)
class State:
    """A point of a call at which somebody acts, or at which the call is over.

    :param number: its number, in the order in which states were found.
    :param kind: what the call does.
    :param heard: what was said since the last act.
    :param awaits: in words, what is awaited, or how the call ended.
    :param continues: the views, with their state, at which the call would continue.
    :param views: the views that answered since the last act.
    :param path: the acts that lead to it, as few as possible.
    """

    number: int
    kind: Kind
    heard: tuple[str, ...]
    awaits: str
    continues: tuple[str, ...]
    views: tuple[str, ...]
    path: Path
    #: The state before it on this path; None at the beginning of a call.
    parent: "State | None"
    edges: list[Edge] = dataclasses.field(default_factory=list)
    #: Why its acts were left out; empty if they were explored.
    left_out: str = ""
    #: Whether a call goes on after an hour of silence, if its acts were left out.
    held: bool = False
    findings: list[Finding] = dataclasses.field(default_factory=list)

    @property
    def where(self) -> str:
        """The acts that lead to the state, in words."""
        return where(self.path)


def where(path: Path) -> str:
    """Return acts in words."""
    return ", ".join(map(str, path))


@dataclasses.dataclass
class Flow:
    """Everything that was found out about the calls of an application."""

    states: list[State] = dataclasses.field(default_factory=list)
    #: The acts that begin calls, and the states they lead to.
    roots: list[tuple[Act, State]] = dataclasses.field(default_factory=list)
    #: What is wrong with no particular state.
    findings: list[Finding] = dataclasses.field(default_factory=list)
    #: Sentences about what was left out.
    notes: list[str] = dataclasses.field(default_factory=list)
    #: The views that ran, as names of blueprints and qualified names.
    reached: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    #: Whether views called, transferred or sent a text message to anybody.
    dials: bool = False

    @property
    def all_findings(self) -> list[Finding]:
        """All findings, in the order of the states."""
        return [*(f for state in self.states for f in state.findings), *self.findings]

    def note(self, sentence: str) -> None:
        """Add a sentence about what was left out, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)
