"""The calls that the HTTP API lists: those that go on, and those of the past."""

import datetime
import typing as t
from collections.abc import Iterable
from collections.abc import Mapping

from ..commands import Element
from ..http_api.requests import wire_name
from ..notifications import CallState
from .http_forms import leaf
from .http_forms import row
from .switchboard import Session

if t.TYPE_CHECKING:
    from .calls import Call
    from .http_api import HttpApi
    from .thirdparty import ThirdPartyCall

#: When all calls started: each has its own virtual time, and none a date (assumed; it
#: is the time of the vendor's example).
START: t.Final = datetime.datetime(
    2013, 7, 1, 10, 49, 7, tzinfo=datetime.timezone(datetime.timedelta(hours=2))
)


def active_calls(api: "HttpApi", request: Session) -> Iterable[Element]:
    """Assumed: times are whole seconds, and a call that rings has not been talked."""
    rows = []
    for call in tuple(api.board.calls):
        rings = call.state is CallState.RINGING
        if not call.ended:
            values = {
                "CallState": call.state,
                "CallId": call.id,
                "Source": call.caller,
                "CallerId": call.caller_id,
                "Destination": call.callee,
                "StartTime": START.isoformat(),
                "RingDuration": int(call.clock) if rings else 0,
                "TalkDuration": 0 if rings else int(call.clock),
            }
            rows.append(row("CallInfo", **values))
    return [Element("ActiveCalls", None, *rows)]


def call_history(
    api: "HttpApi",
    request: Session,
    *,
    page_number: int | None,
    rows_per_page: int | None,
    from_time: datetime.datetime | None,
    general: str | None,
    **filters: str | None,
) -> Iterable[Element]:
    """Assumed: calls that are over, the last 50 at most; a filter is what a field is
    equal to, General what one of the fields is equal to; pages have 20 rows;
    NumberOfCalls counts all pages.
    """
    wanted = {wire_name(name): value for name, value in filters.items() if value}
    found = [
        values
        for values in map(_history_row, tuple(api.board.calls))
        if values["State"]
        and wanted.items() <= values.items()
        and (not general or general in values.values())
        and (from_time is None or START.replace(tzinfo=None) >= from_time)
    ]
    size = rows_per_page or 20
    first = (page_number or 0) * size
    rows = [row("Call", **values) for values in found[first : first + size]]
    return [leaf("NumberOfCalls", len(found)), Element("Calls", None, *rows)]


def _history_row(call: "Call | ThirdPartyCall") -> dict[str, str]:
    """Assumed: all calls are Internal; who hung up is not known, so it is the callee,
    as in the vendor's example. States that it does not show are those of CallChanged.
    """
    return {
        "StartTime": f"{START:%Y-%m-%d %H:%M:%S}",
        "Direction": "Internal",
        "Source": call.caller,
        "Destination": call.callee,
        "State": _HISTORY_STATES.get(call.state, str(call.state)) if call.ended else "",
        "Dialed": call.dialed,
        "CallerId": call.caller_id,
        "Type": "Audio",
        "CallId": call.id,
    }


_HISTORY_STATES: t.Final[Mapping[CallState, str]] = {
    CallState.COMPLETED: "CalleeHungUp",
    CallState.TRANSFERRED: "TransferCompleted",
}
