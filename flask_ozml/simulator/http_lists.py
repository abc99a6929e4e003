"""The lists of calls in replies of the HTTP API."""

import datetime
import typing as t
from collections.abc import Iterable
from collections.abc import Mapping

from ..commands import Element
from ..http_api.requests import wire_name
from ..notifications import CallState
from .http_forms import leaf
from .http_forms import row
from .session import PhoneCall

#: When all calls started: each has its own virtual time, and none a date. Assumption:
#: the time of the vendor's example.
START: t.Final = datetime.datetime(
    2013, 7, 1, 10, 49, 7, tzinfo=datetime.timezone(datetime.timedelta(hours=2))
)


def active_calls(calls: Iterable[PhoneCall]) -> Iterable[Element]:
    """Return the list of the calls that go on.

    Assumption: durations are in whole seconds.
    """
    rows = []
    for call in calls:
        if not call.ended:
            values = {
                "CallState": call.state,
                "CallId": call.id,
                "Source": call.caller,
                "CallerId": call.caller_id,
                "Destination": call.callee,
                "StartTime": START.isoformat(),
                "RingDuration": int(call.rang),
                "TalkDuration": int(call.talked),
            }
            rows.append(row("CallInfo", **values))
    return [Element("ActiveCalls", None, *rows)]


def call_history(
    calls: Iterable[PhoneCall],
    *,
    page_number: int | None,
    rows_per_page: int | None,
    from_time: datetime.datetime | None,
    general: str | None,
    **filters: str | None,
) -> Iterable[Element]:
    """Return a page of the calls that are over.

    Assumption: the last 50 are kept; a field must be equal to its filter, and one of
    the fields to General; a page has 20 rows; NumberOfCalls counts all pages.
    """
    wanted = {wire_name(name): value for name, value in filters.items() if value}
    found = [
        values
        for values in map(_history_row, calls)
        if values["State"]
        and wanted.items() <= values.items()
        and (not general or general in values.values())
        and (from_time is None or START.replace(tzinfo=None) >= from_time)
    ]
    size = rows_per_page or 20
    first = (page_number or 0) * size
    rows = [row("Call", **values) for values in found[first : first + size]]
    return [leaf("NumberOfCalls", len(found)), Element("Calls", None, *rows)]


def _history_row(call: PhoneCall) -> dict[str, str]:
    """Return the values of a call; State is empty while it goes on.

    Assumption: all calls are Internal; the callee hangs up, as in the vendor's example;
    states that the example does not show are those of CallChanged.
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
