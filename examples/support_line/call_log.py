"""The log of calls: those of callers, and those of agents that follow a transfer.

Assumption: the CallLegID of a call is its CallId in CallChanged, as in the vendor's
examples. If it is not, a call has two rows.
"""

import sqlite3

from flask_ozml.notifications import CallChanged

from .blueprints import line
from .database import execute
from .database import now


@line.call_changed
def call_changed(call: CallChanged) -> None:
    """Log a call in the system, or its new state."""
    execute(
        "INSERT INTO calls (id, caller, callee, state, started, changed)"
        " VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id)"
        " DO UPDATE SET state = excluded.state, changed = excluded.changed",
        call.call_id,
        call.caller,
        call.callee,
        call.call_state,
        *[now()] * 2,
    )


def begin(call: str, caller: str, callee: str) -> None:
    """Log a call that comes in, unless CallChanged was there before."""
    execute(
        "INSERT OR IGNORE INTO calls (id, caller, callee, started, changed)"
        " VALUES (?, ?, ?, ?, ?)",
        call,
        caller,
        callee,
        *[now()] * 2,
    )


def note(call: str, text: str, language: str) -> None:
    """Log what a caller did last, and in which language."""
    execute(
        "UPDATE calls SET note = ?, language = ? WHERE id = ?", text, language, call
    )


def last_calls() -> list[sqlite3.Row]:
    """Return the last hundred calls, the newest first."""
    return execute("SELECT * FROM calls ORDER BY started DESC, rowid DESC LIMIT 100")
