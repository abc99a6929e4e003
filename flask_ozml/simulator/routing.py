"""The routing of a call, step by step.

Source: the vendor's pages "HTTP API Notifications", "Route" and "What type of
callstates can you get in the RoutingInterception notification".
"""

import typing as t
from collections.abc import Mapping

from ..commands import Command
from ..commands import Route
from . import not_simulated
from .session import PhoneCall
from .session import RESULTS
from .session import RING_TIME
from .session import Transcript
from .switchboard import Switchboard


class Routing(Transcript):
    """A call that needs a destination.

    The application is asked again with the state of the last step, until a destination
    answers, the caller is rejected, or the answer has no Route, so that the dial plan
    decides. Assumption: the first of several Routes counts; a destination that does not
    answer makes no call.

    :param switchboard: the phone system.
    :param caller: the number that calls.
    :param dialed: the number that it dialled.
    :param fixed: values by wire name that are the same in each step.
    :param last: values by wire name of the first step.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        caller: str,
        dialed: str,
        *,
        fixed: Mapping[str, str],
        last: Mapping[str, str],
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
        #: The call to it.
        self.call: PhoneCall | None = None
        #: Seconds since the call began.
        self.clock = 0.0
        self._fixed = {**fixed, "CallerID": caller, "OriginalDialedNumber": dialed}
        self._last = dict(last)

    def go(self) -> t.Self:
        """Take all steps."""
        url = self.switchboard.url_of("routing_interception")
        with self.switchboard.turn(self):
            while self._step(self._ask(url)):
                pass
        return self

    def _ask(self, url: str) -> Route | None:
        values = {**self._fixed, **self._last}
        answer = self.switchboard.ask(self, "routing_interception", url, values) or []
        commands = [not_simulated.plain(self, command) for command in answer]
        self.commands += t.cast(list[Command], filter(None, commands))
        return next((c for c in commands if isinstance(c, Route)), None)

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
        outcome = self.switchboard.outcome(destination)
        self.note("*", f"rings {destination}: {outcome}")
        if outcome == "answered":
            self.outcome, self.destination = "answered", destination
            caller_id = route.caller_id or self.caller
            self.call = self.switchboard.connect(self.caller, destination, caller_id)
            return False
        if outcome == "no answer":
            self.clock += RING_TIME if route.ring_time is None else route.ring_time
        self._last = {
            "LastDialedNumber": route.dialed_number or self.dialed,
            "LastCalledExtension": destination,
            "LastCallState": RESULTS[outcome].value,
        }
        return True
