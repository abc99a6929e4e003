"""Explores a call flow breadth first: every act in every state, each played once."""

import dataclasses
import math
import time
import typing as t
from collections.abc import Callable
from collections.abc import Sequence

from .identity import common_words
from .identity import continuations
from .identity import without_numbers
from .moments import Moment
from .plays import Player
from .states import Act
from .states import Edge
from .states import Flow
from .states import Path
from .states import State

#: Transfers that fail one after another in one act, at most.
MAX_TRANSFERS: t.Final = 20

_GOING_ON: t.Final = ("menu", "recording", "held")

#: Called with the number of explored states and of all states.
Progress = Callable[[int, int], object]


@dataclasses.dataclass(frozen=True)
class Bounds:
    """How far an exploration goes.

    :param states: how many states are found at most.
    :param depth: how many states of one path may differ in nothing but numbers.
    :param seconds: after how many seconds exploring ends.
    """

    states: int = 500
    depth: int = 5
    seconds: float = math.inf


DEFAULT_BOUNDS: t.Final = Bounds()


class Arrival(t.NamedTuple):
    """The moment after a path, and what follows if its transfer fails.

    :param moment: the moment, without what was heard before a transfer failed.
    :param played: the moment as it was played.
    :param failed: the arrival of the same path if the number does not answer; None if
        the path ends with no transfer.
    """

    path: Path
    moment: Moment
    played: Moment
    failed: "Arrival | None"

    @property
    def key(self) -> t.Any:
        """A key that is equal for equal states."""
        return self.moment.key, self.failed and self.failed.key


class Explorer:
    """One exploration.

    :param play: plays a path.
    :param roots: the acts that begin calls.
    """

    def __init__(self, play: Player, roots: Sequence[Act], bounds: Bounds) -> None:
        self._play = play
        self._roots = roots
        self._bounds = bounds
        self.flow = Flow()
        self._arrivals: dict[int, Arrival] = {}
        self._by_key: dict[t.Any, State] = {}
        # Whether there are as many states as there may be.
        self._full = False
        self._end = time.monotonic() + bounds.seconds
        # The states at which counters were cut.
        self._rounded: list[State] = []
        # Keys without texts and values, of states that are not the same in each play.
        self._unsteady: dict[t.Any, State] = {}
        #: What went wrong in which state, after which act.
        self.troubles: list[tuple[State, Moment, Path]] = []

    def explore(self, progress: Progress) -> Flow:
        """Explore everything; after Ctrl-C, return what was found until then."""
        try:
            self._explore(progress)
        except KeyboardInterrupt:
            self.flow.note("Interrupted: the rest was not explored.")
        self.flow.reached = self._play.reached
        self.flow.dials = self._play.dials
        return self.flow

    def _explore(self, progress: Progress) -> None:
        for root in self._roots:
            state = self._come((root,), None)
            if state:
                self.flow.roots.append((root, state))
        # The list grows meanwhile, which makes it breadth first.
        for done, state in enumerate(self.flow.states):
            progress(done, len(self.flow.states))
            if state not in self._rounded:
                self._leave(state)
        for state in self._rounded:
            state.held = not self._is_late() and self._outlasts_an_hour(state)

    def _outlasts_an_hour(self, state: State) -> bool:
        """Return whether a call goes on after an hour of silence."""
        _, after = self._play((*state.path, Act("hour")))
        looped = after and any(trouble.name == "loop" for trouble in after.troubles)
        return after is not None and (bool(looped) or after.kind in _GOING_ON)

    def _leave(self, state: State) -> None:
        """Do everything that can be done in a state."""
        arrival = self._arrivals[state.number]
        if arrival.failed:
            to = self._state(arrival.failed, state)
            self._add_edge(state, Act("fail", arrival.moment.target), to)
        for act in arrival.moment.acts:
            if self._full or self._is_late():
                state.left_out = "not explored to the end"
                return
            self._act(state, act)

    def _is_late(self) -> bool:
        late = time.monotonic() > self._end
        if late:
            self.flow.note(f"Exploring ended after {self._bounds.seconds} seconds.")
        return late

    def _act(self, state: State, act: Act) -> None:
        path = (*state.path, act)
        before, after = self._play(path)
        if before is None or after is None:
            self.flow.note(
                f"State {state.number} is not the same in each play, so that"
                f" {act.label!r} was not always possible there."
            )
            return
        self._compare(state, before)
        self._add_edge(state, act, self._state(self._arrival(path, after), state))

    def _add_edge(self, state: State, act: Act, to: State | None) -> None:
        quiet = bool(to and self._last.quiet)
        state.edges.append(Edge(act, to.number if to else None, quiet))

    def _come(self, path: Path, parent: State | None) -> State | None:
        _, after = self._play(path)
        return self._state(self._arrival(path, t.cast(Moment, after)), parent)

    def _arrival(self, path: Path, played: Moment, heard: int = 0) -> Arrival:
        """Return where a path leads to, and where to if its transfer fails.

        :param heard: how much was heard before a transfer failed.
        """
        moment = dataclasses.replace(played, heard=played.heard[heard:])
        failed: Arrival | None = None
        tried = path[-1].unanswered
        if played.kind == "transfer" and len(tried) < MAX_TRANSFERS:
            last = dataclasses.replace(path[-1], unanswered=(*tried, played.target))
            other = (*path[:-1], last)
            _, after = self._play(other)
            heard = len(played.heard)
            failed = self._arrival(other, after, heard) if after else None
        return Arrival(path, moment, played, failed)

    def _state(self, arrival: Arrival, parent: State | None) -> State | None:
        """Return the state of a moment, a new one if need be; None above the limit."""
        self._last = moment = arrival.moment
        state = self._known(arrival) or self._new(arrival, parent)
        if moment.troubles:
            found = state or t.cast(State, parent)
            self.troubles.append((found, moment, arrival.path))
        return state

    def _known(self, arrival: Arrival) -> State | None:
        state = self._unsteady.get(_outline(arrival.moment))
        return state or self._by_key.get(arrival.key)

    def _new(self, arrival: Arrival, parent: State | None) -> State | None:
        if len(self.flow.states) >= self._bounds.states:
            self.flow.note(
                f"There are more than {self._bounds.states} states; exploring ended"
                " there. --states sets the limit."
            )
            self._full = True
            return None
        moment = arrival.moment
        state = State(
            number=len(self.flow.states) + 1,
            kind=moment.kind,
            heard=moment.heard,
            awaits=moment.awaits,
            continues=tuple(map(str, dict.fromkeys(continuations(moment.doing)))),
            views=moment.views,
            path=arrival.path,
            parent=parent,
        )
        if moment.acts and self._rounds(state, moment) >= self._bounds.depth:
            self._rounded.append(state)
            state.left_out = (
                f"not explored: {self._bounds.depth} states before it differ from it in"
                " nothing but numbers"
            )
            self.flow.note(
                f"Counters were followed for {self._bounds.depth} rounds."
                " --depth sets how many."
            )
        self.flow.states.append(state)
        self._arrivals[state.number] = arrival
        self._by_key[arrival.key] = state
        return state

    def _rounds(self, state: State, moment: Moment) -> int:
        """Return how many states on the way are equal but for numbers."""
        shape, rounds, before = _shape(moment), 0, state.parent
        while before:
            rounds += _shape(self._arrivals[before.number].moment) == shape
            before = before.parent
        return rounds

    def _compare(self, state: State, moment: Moment) -> None:
        """Notice that a state is not the same as when it was found."""
        found = self._arrivals[state.number].played
        if moment.key == found.key:
            return
        outline = _outline(moment)
        if outline != _outline(found):
            self.flow.note(f"State {state.number} is not the same in each play.")
            return
        state.heard = common_words(state.heard, moment.heard)
        self._unsteady.setdefault(outline, state)
        self.flow.note(
            f"What state {state.number} says or remembers differs from play to play;"
            " states that differ in nothing else are shown as one."
        )


def _outline(moment: Moment) -> t.Any:
    """Return a key without what is said, and without the state of views."""
    key = moment.masked_key(lambda text: "")
    return (*key[:3], *key[4:])


def _shape(moment: Moment) -> t.Any:
    """Return a key without numbers, of what is heard and of what waits for keys."""
    *rest, doing = moment.masked_key(without_numbers)
    return (*rest, doing[:1])
