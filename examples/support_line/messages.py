"""The messages of the mailbox. The recordings themselves stay in the phone system."""

import dataclasses
import typing as t
from datetime import datetime

from .database import execute
from .database import now

#: Above the number of every message.
NEWEST: t.Final = 2**63 - 1


@dataclasses.dataclass(frozen=True)
class Message:
    """A message that a caller left.

    :param id: its number; a later message has a greater one.
    :param url: where the phone system keeps the recording.
    """

    id: int
    caller: str
    url: str
    seconds: float
    received: datetime
    heard: bool


def add(caller: str, url: str, seconds: float) -> None:
    """Keep a message."""
    execute(
        "INSERT OR IGNORE INTO messages (caller, url, seconds, received)"
        " VALUES (?, ?, ?, ?)",
        caller,
        url,
        seconds,
        now(),
    )


def older_than(number: int = NEWEST) -> list[Message]:
    """Return the messages before this number, the newest first."""
    rows = execute("SELECT * FROM messages WHERE id < ? ORDER BY id DESC", number)
    return [
        Message(
            row["id"],
            row["caller"],
            row["url"],
            row["seconds"],
            datetime.fromisoformat(row["received"]),
            bool(row["heard"]),
        )
        for row in rows
    ]


def mark_heard(number: int) -> None:
    """Remember that somebody heard a message."""
    execute("UPDATE messages SET heard = 1 WHERE id = ?", number)


def delete(number: int) -> None:
    """Forget a message."""
    execute("DELETE FROM messages WHERE id = ?", number)
