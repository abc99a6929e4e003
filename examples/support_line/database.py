"""The SQLite database in the instance folder, which all workers share."""

import contextlib
import secrets
import sqlite3
import typing as t
from datetime import datetime
from datetime import UTC
from pathlib import Path

from flask import current_app
from flask import Flask

SCHEMA: t.Final = (
    "keys (id PRIMARY KEY, key)",
    "calls (id PRIMARY KEY, caller, callee, state, language, note, started, changed)",
    "messages (id INTEGER PRIMARY KEY AUTOINCREMENT, caller, url UNIQUE, seconds,"
    " received, heard DEFAULT 0)",
    "wrong_pins (at)",
)


def init_app(app: Flask) -> None:
    """Create the tables, and a secret key unless one is configured."""
    with app.app_context():
        for table in SCHEMA:
            execute(f"CREATE TABLE IF NOT EXISTS {table}")
        execute("INSERT OR IGNORE INTO keys VALUES (1, ?)", secrets.token_hex())
        app.secret_key = app.secret_key or execute("SELECT key FROM keys")[0]["key"]


def execute(statement: str, *row: object) -> list[sqlite3.Row]:
    """Execute a statement in a transaction of its own, and return its rows."""
    path = Path(current_app.instance_path, "support_line.sqlite")
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as database, database:
        database.row_factory = sqlite3.Row
        return database.execute(statement, row).fetchall()


def now() -> str:
    """Return the time as it is stored: UTC in ISO format."""
    return datetime.now(UTC).isoformat(timespec="seconds")
