"""The command ``flask reminders``."""

import csv
import time
import typing as t

import click
from flask import current_app
from flask.cli import AppGroup

from flask_ozml import OzMLError

from . import models
from . import work

reminders = AppGroup("reminders", help="Remind patients of their appointments.")


@reminders.command("load")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
def load_command(file: t.TextIO) -> None:
    """Add the appointments of a CSV file with the columns name, number and starts.

    starts is the local time, for example 2026-11-27 09:30. What is in the table already
    stays as it is. If a line is wrong, no appointment is added.
    """
    rows = csv.DictReader(file)
    appointments = [_appointment(rows.line_num, row) for row in rows]
    models.add(*appointments)
    click.echo(f"Read {len(appointments)} appointments.")


def _appointment(line: int, row: dict[str, str | None]) -> models.Appointment:
    try:
        return models.new(*(row.get(key) or "" for key in ("name", "number", "starts")))
    except ValueError as error:
        raise click.ClickException(f"Line {line}: {error}") from error


@reminders.command("work")
def work_command() -> None:
    """Call the patients who are due, until Ctrl-C.

    It may be ended at any time, in any way: what there is to do is in the table.
    """
    while True:
        try:
            work.step()
        except OzMLError as error:
            raise click.ClickException(str(error)) from error
        time.sleep(current_app.config["REMINDERS_INTERVAL"])  # until rows may be due
