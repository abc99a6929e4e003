"""Calls between two extensions, which the application watches and may act on.

Source: the vendor's pages "HTTP API Notifications" and of the call states.
"""

import typing as t

from ..notifications import CallState
from .exceptions import CallStateError
from .session import check_seconds
from .session import PhoneCall
from .switchboard import Switchboard


class ThirdPartyCall(PhoneCall):
    """A call between two extensions; each change is posted as a CallChanged.

    Everything that a party does returns the call, so that acts can be chained.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        caller: str,
        callee: str,
        caller_id: str | None = None,
    ) -> None:
        super().__init__(
            f"Call from {caller} to {callee}",
            id=f"C{switchboard.next_id()}",
            caller=caller,
            callee=callee,
            caller_id=caller_id,
        )
        self.switchboard = switchboard
        #: What each party heard.
        self.heard_by: dict[str, list[str]] = {"caller": [], "callee": []}

    def begin(self) -> None:
        """Begin to ring."""
        self.switchboard.register(self)
        self.switchboard.change(self, CallState.RINGING)

    def entered(self) -> None:
        self.note("*", self.state)

    def hear(self, sound: str, party: str | None, shown: str) -> None:
        super().hear(sound, party, f"({party}) {shown}")
        for who, heard in self.heard_by.items():
            if party in (who, "all"):
                heard.append(sound)

    def ring(self) -> t.Self:
        """Call; the callee's phone rings."""
        with self.switchboard.turn(self):
            self.switchboard.url_of("call_changed")
            self.begin()
        return self

    def answer(self) -> t.Self:
        """Pick up."""
        self._need("answer", CallState.RINGING)
        with self.switchboard.turn(self):
            self.switchboard.pick_up(self)
        return self

    def busy(self) -> t.Self:
        """Press the busy button, or do not answer in time."""
        return self._change("refuse", CallState.BUSY, CallState.RINGING)

    def cancel(self) -> t.Self:
        """Give up while it rings."""
        return self._change("cancel", CallState.CANCELLED, CallState.RINGING)

    def hold(self) -> t.Self:
        """Put the call on hold, as a party."""
        self._need("hold", CallState.IN_CALL)
        self.held_by.add("party")
        return self._change("hold", CallState.HOLD, CallState.IN_CALL)

    def unhold(self) -> t.Self:
        """Take the call back, as the party that put it on hold.

        Documented: only Unhold brings back what a Hold command put on hold.
        """
        self._need("unhold", CallState.HOLD)
        if "party" not in self.held_by:
            raise CallStateError(
                f"Only Unhold ends the hold of a Hold command.\n{self}"
            )
        self.held_by.remove("party")
        if self.held_by:
            return self
        return self._change("unhold", CallState.IN_CALL, CallState.HOLD)

    def transfer(
        self, target: str, *, transferor: t.Literal["caller", "callee"] = "callee"
    ) -> t.Self:
        """Transfer the other party, as the transferor, to a number that answers."""
        self._need("transfer", CallState.IN_CALL, CallState.HOLD)
        with self.switchboard.turn(self):
            self.switchboard.transfer(self, target, transferor)
        return self

    def hang_up(self) -> t.Self:
        """Hang up, as a party."""
        talking = CallState.IN_CALL, CallState.HOLD
        return self._change("hang up", CallState.COMPLETED, *talking)

    def wait(self, seconds: float) -> t.Self:
        """Let time pass.

        Meanwhile the phone rings, until the phone system gives up, or the parties talk,
        unless the call is on hold.
        """
        check_seconds(seconds)
        until = self.after(seconds)
        with self.switchboard.turn(self):
            if self.state is CallState.RINGING and until >= self.rings_until:
                self.switchboard.end_ringing(self, "no answer")
            self.move_clock(until)
        return self

    def _need(self, act: str, *states: CallState) -> None:
        if self.state not in states:
            raise CallStateError(f"Cannot {act}: the call is {self.state}.\n{self}")

    def _change(self, act: str, state: CallState, *allowed: CallState) -> t.Self:
        self._need(act, *allowed)
        with self.switchboard.turn(self):
            self.switchboard.change(self, state)
        return self
