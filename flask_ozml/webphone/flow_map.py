"""The map of the site's calls, and how the phone is played up to a state of it."""

import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from flask import Flask

from ..callflow import Act as FlowAct
from ..callflow import Bounds
from ..callflow import explore
from ..callflow import Flow
from ..callflow import State
from ..callflow.awaited import awaited
from ..callflow.awaited import is_hasty
from ..callflow.awaited import is_incomplete
from ..callflow.drawings import to_dict
from ..errors import OzMLError
from ..notifications import CallState
from ..simulator import Call
from ..simulator import PlacedCall
from .acts import Act
from .acts import Answer
from .acts import Dial
from .acts import LetRing
from .acts import Press
from .acts import Refuse
from .acts import SetExtension
from .acts import Talk
from .acts import Wait
from .desk import ActRefused
from .session import Played
from .session import Session

#: No act is possible while the site is explored, so that must end, even if views hang.
BOUNDS: t.Final = Bounds(states=300, seconds=60)
CALLER: t.Final = "500"

Json = dict[str, t.Any]


class FlowMap:
    """The map, once it has been asked for.

    :param session: the live phone, which stays as it is while the site is explored.
    :param values: the variables of the ``url_prefix`` of phone URLs.
    """

    def __init__(self, session: Session, values: Mapping[str, str]) -> None:
        self._session = session
        self._values = values
        self._flow = Flow()

    def explore(self, press: Sequence[str] = ()) -> Json:
        """Explore the calls of the site in phone systems of their own.

        :param press: entries for menus that wait for several digits.
        :raises ActRefused: if the site cannot be explored, or not now.
        """
        system = self._session.system
        if not isinstance(system.target, Flask):
            raise ActRefused(
                "Only a site that the phone itself runs can be explored. Start the"
                " phone without --url."
            )
        failures = len(system.failures)
        with self._session.alone():
            try:
                self._flow = explore(
                    system.target,
                    urls=system.urls,
                    press=press,
                    values=self._values,
                    bounds=BOUNDS,
                )
            except OzMLError as error:
                raise ActRefused(str(error)) from error
            finally:
                del system.failures[failures:]
        return to_dict(self._flow)

    def play_to(self, number: object) -> int:
        """Play the phone up to a state, in a new call; return the number of the call.

        :raises ActRefused: if there is no such state, or the call went another way than
            when it was explored.
        """
        states = [state for state in self._flow.states if state.number == number]
        if not states:
            raise ActRefused("This state is not on the map. Explore the calls again.")
        walk = _Walk(self._session)
        for act in states[0].path:
            walk.go(act)
        walk.check(states[0])
        return walk.number


class _Walk:
    """The acts of the phone that do the same as those of the exploration."""

    def __init__(self, session: Session) -> None:
        self._session = session
        #: The number of the call; there is none yet.
        self.number = -1

    def go(self, act: FlowAct) -> None:
        """Do one act while some extensions do not answer."""
        before = dict(self._session.system.extensions)
        for extension in act.unanswered:
            self._do(SetExtension(number=extension, outcome="busy"))
        try:
            _STEPS[act.verb](self, act.what)
        finally:
            for extension in act.unanswered:
                outcome = before.get(extension, "answered")
                self._do(SetExtension(number=extension, outcome=outcome))

    def _do(self, act: Act) -> Played:
        return self._session.do(act)

    @property
    def _call(self) -> Call:
        return self._session.desk.call(self.number, Call)

    def check(self, state: State) -> None:
        """Check that the call does what it did when it was explored."""
        if awaited(self._call, ()).kind != state.kind:
            raise ActRefused(
                f"The call went another way than when state {state.number} was"
                " explored. What views store, and the tab Extensions, may differ."
            )

    def dial(self, extension: str) -> None:
        """Call an API extension."""
        created = self._do(Dial(caller=CALLER, to=extension)).created
        # A call whose first view fails is over, and kept as the last one.
        last = len(self._session.desk.calls) - 1
        self.number = last if created is None else created

    def follow(self, callee: str) -> None:
        """Turn to the call that the site has placed to a number."""
        for number, call in enumerate(self._session.desk.calls):
            ringing = call.state is CallState.RINGING
            if isinstance(call, PlacedCall) and call.callee == callee and ringing:
                self.number = number

    def press(self, keys: str) -> None:
        """Press keys, and wait if more of them are awaited."""
        menu = self._call.menu
        self._do(Press(call=self.number, keys=keys))
        if menu and menu is self._call.menu and is_incomplete(menu, keys):
            self._do(Wait(call=self.number))

    def wait(self, _: str) -> None:
        """Listen to the end of the prompt, and then do nothing."""
        while self._is_listening():
            self._do(Wait(call=self.number))
        self._do(Wait(call=self.number))

    def _is_listening(self) -> bool:
        menu = self._call.menu
        if menu is None or menu.deadline is not None or is_hasty(menu):
            return False
        return self._call.patience is not None

    def speak(self, _: str) -> None:
        """Speak for some seconds."""
        self._do(Talk(call=self.number, seconds=5))

    def ringing(self, kind: type[Answer | Refuse | LetRing]) -> None:
        """Take a call that rings, or do not."""
        self._do(kind(call=self.number))

    def cannot_begin(self, _: str) -> None:
        """Refuse what nobody can do at a phone."""
        raise ActRefused(
            "Only the site can place this call. Let it do so, and answer it at the"
            " phone."
        )


_STEPS: t.Final[Mapping[str, Callable[[_Walk, str], None]]] = {
    "call": _Walk.dial,
    "view": _Walk.cannot_begin,
    "follow": _Walk.follow,
    "press": _Walk.press,
    "wrong": _Walk.press,
    "wait": _Walk.wait,
    "say nothing": _Walk.wait,
    "speak": _Walk.speak,
    "answer": lambda walk, _: walk.ringing(Answer),
    "refuse": lambda walk, _: walk.ringing(Refuse),
    "ring out": lambda walk, _: walk.ringing(LetRing),
}
