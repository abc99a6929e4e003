"""The command ``flask reminders``."""

import csv
import time
import typing as t
from collections.abc import Iterator

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.exc import OperationalError

from flask_ozml import OzMLError

from . import models
from . import work

COLUMNS: t.Final = ("name", "number", "starts")

reminders = AppGroup("reminders", help="Remind patients of their appointments.")


@reminders.command("load")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
def load_command(file: t.TextIO) -> None:
    """Add the appointments of a CSV file with the columns name, number and starts.

    starts is the local time, for example 2026-11-27 09:30. What is in the table already
    stays as it is. If a line is wrong, no appointment is added.
    """
    try:
        appointments = list(_read(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise click.ClickException(
            f"The file is not a CSV file in UTF-8: {error}."
        ) from error
    models.add(*appointments)
    click.echo(f"Read {len(appointments)} appointments.")


def _read(file: t.TextIO) -> Iterator[models.Appointment]:
    rows = csv.DictReader(file)
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise click.ClickException(
            f"The first line must name the columns {','.join(COLUMNS)}."
        )
    for row in rows:
        yield _appointment(rows.line_num, row)


def _appointment(line: int, row: dict[str, str | None]) -> models.Appointment:
    try:
        return models.new(*(row[column] or "" for column in COLUMNS))
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
        except OperationalError as error:  # the next step may find the database again
            current_app.logger.warning("The database failed: %s", error.orig)
        time.sleep(current_app.config["REMINDERS_INTERVAL"])  # until rows may be due
