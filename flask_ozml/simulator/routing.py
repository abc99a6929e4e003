"""The way of a call to an extension, step by step.

Source: the vendor's pages "HTTP API Notifications", "Route" and "What type of
callstates can you get in the RoutingInterception notification".
"""

import typing as t
from collections.abc import Mapping

from ..commands import Route
from ..notifications import RoutingCallState
from .switchboard import Outcome
from .switchboard import Session
from .switchboard import Switchboard

#: Seconds that a Route without RingTime rings (documented).
RING_TIME: t.Final = 90

_STATES: t.Final[Mapping[Outcome, RoutingCallState]] = {
    "busy": RoutingCallState.BUSY,
    "no answer": RoutingCallState.NO_ANSWER,
    "not found": RoutingCallState.NOT_FOUND,
}


class Routing(Session):
    """A call that is looking for its destination.

    The application is asked first with the state Calling, then with that of the last
    step, until a destination answers, the caller is rejected or the dial plan decides,
    because the answer has no Route. Assumed: of several Routes the first one counts;
    the "last" fields are empty when nothing has been called yet.
    """

    def __init__(
        self,
        board: Switchboard,
        caller: str,
        dialed: str,
        api_extension: str,
        caller_extension: str | None,
    ) -> None:
        super().__init__(board, f"Routing of a call from {caller} to {dialed}")
        self.caller = caller
        self.dialed = dialed
        #: The destinations that were tried, in their order.
        self.tried: list[str] = []
        #: How it ended: ``"answered"``, ``"rejected"`` or ``"dial plan"``.
        self.outcome: t.Literal["answered", "rejected", "dial plan"] = "dial plan"
        #: Who answered; None if nobody did.
        self.destination: str | None = None
        #: Seconds since the call began.
        self.clock = 0.0
        self._last_dialed = ""
        self._state = RoutingCallState.CALLING
        self._fixed = {"ApiExtension": api_extension}
        if caller_extension is not None:
            self._fixed["CallerExtension"] = caller_extension

    def go(self) -> t.Self:
        """Take all the steps."""
        url = self.board.url_of("routing_interception")
        with self.board.turn(self):
            while self._step(self._ask(url)):
                pass
        return self

    def _ask(self, url: str) -> Route | None:
        values = {
            **self._fixed,
            "CallerID": self.caller,
            "OriginalDialedNumber": self.dialed,
            "LastDialedNumber": self._last_dialed,
            "LastCalledExtension": self.tried[-1] if self.tried else "",
            "LastCallState": self._state.value,
        }
        answer = self.board.ask(self, "routing_interception", url, values) or []
        self.commands += answer
        return next((c for c in answer if isinstance(c, Route)), None)

    def _step(self, route: Route | None) -> bool:
        """Follow an answer; True if the application has to be asked again."""
        if route is None:
            self.note("*", "the dial plan decides")
            return False
        if not route.destination:
            self.outcome = "rejected"
            self.note("*", "rejected")
            return False
        return self._call(route)

    def _call(self, route: Route) -> bool:
        destination = route.destination
        self.tried.append(destination)
        self._last_dialed = route.dialed_number or self.dialed
        outcome = self.board.outcome(destination)
        self.note("*", f"rings {destination}: {outcome}")
        if outcome == "answered":
            self.outcome, self.destination = "answered", destination
            return False
        if outcome == "no answer":
            ring_time = route.ring_time
            self.clock += RING_TIME if ring_time is None else ring_time
        self._state = _STATES[outcome]
        return True
