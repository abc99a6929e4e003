"""The routing of a call, step by step.

Source: the vendor's pages "HTTP API Notifications", "Route" and "What type of
callstates can you get in the RoutingInterception notification".
"""

import typing as t
from collections.abc import Mapping

from ..commands import Route
from ..notifications import RoutingCallState
from .session import Outcome
from .session import Transcript
from .switchboard import Switchboard

#: Seconds that a Route without RingTime rings (documented).
RING_TIME: t.Final = 90

_STATES: t.Final[Mapping[Outcome, RoutingCallState]] = {
    "busy": RoutingCallState.BUSY,
    "no answer": RoutingCallState.NO_ANSWER,
    "not found": RoutingCallState.NOT_FOUND,
}


class Routing(Transcript):
    """A call that needs a destination.

    The application is asked first with the state Calling, then with the state of the
    last step, until a destination answers, the caller is rejected, or the answer has no
    Route, so that the dial plan decides. Assumption: the first of several Routes
    counts; the "last" fields are empty before anything was called.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        caller: str,
        dialed: str,
        api_extension: str,
        caller_extension: str | None,
    ) -> None:
        super().__init__(f"Routing of a call from {caller} to {dialed}")
        self.switchboard = switchboard
        self.caller = caller
        self.dialed = dialed
        #: The destinations that were called, in their order.
        self.tried: list[str] = []
        #: How it ended: ``"answered"``, ``"rejected"`` or ``"dial plan"``.
        self.outcome: t.Literal["answered", "rejected", "dial plan"] = "dial plan"
        #: The destination that answered; None if none did.
        self.destination: str | None = None
        #: Seconds since the call began.
        self.clock = 0.0
        self._last_dialed = ""
        self._state = RoutingCallState.CALLING
        self._fixed = {"ApiExtension": api_extension}
        if caller_extension is not None:
            self._fixed["CallerExtension"] = caller_extension

    def go(self) -> t.Self:
        """Take all steps."""
        url = self.switchboard.url_of("routing_interception")
        with self.switchboard.turn(self):
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
        answer = self.switchboard.ask(self, "routing_interception", url, values) or []
        self.commands += answer
        return next((c for c in answer if isinstance(c, Route)), None)

    def _step(self, route: Route | None) -> bool:
        """Follow an answer; return True to ask the application again."""
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
        outcome = self.switchboard.outcome(destination)
        self.note("*", f"rings {destination}: {outcome}")
        if outcome == "answered":
            self.outcome, self.destination = "answered", destination
            return False
        if outcome == "no answer":
            ring_time = route.ring_time
            self.clock += RING_TIME if ring_time is None else ring_time
        self._state = _STATES[outcome]
        return True
