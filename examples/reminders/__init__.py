"""Reminds the patients of a dentist's practice of their appointments, by telephone."""

import os
import secrets
import tempfile
import typing as t
from contextlib import suppress
from pathlib import Path

import click
import phonenumbers
import sqlalchemy as sa
from flask import Flask
from flask_wtf import CSRFProtect
from sqlalchemy.orm import sessionmaker
from sqlalchemy.schema import CreateTable

from . import config
from .calls import phone
from .commands import reminders
from .models import Base
from .page import page


def create_app(instance_path: str | None = None, **settings: t.Any) -> Flask:
    """Return the application.

    :param instance_path: the folder for what is made when it is missing: the database,
        the key and the password.
    :param settings: configuration keys that override the environment.
    """
    app = Flask(__name__, instance_path=instance_path)
    app.config.from_object(config)
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.config.from_prefixed_env()
    app.config.update(settings)
    config.check(app.config)
    _allow_destinations(app)
    _make_secrets(app)
    _connect(app)
    CSRFProtect(app)
    app.register_blueprint(phone, url_prefix="/phone")
    app.register_blueprint(page)
    app.cli.add_command(reminders)
    return app


def _allow_destinations(app: Flask) -> None:
    """Call numbers of the country only, whatever anybody adds to the table."""
    code = phonenumbers.country_code_for_region(app.config["REMINDERS_REGION"])
    app.config.setdefault("OZML_ALLOWED_DESTINATIONS", [rf"\+{code}[0-9]{{4,12}}"])


def _make_secrets(app: Flask) -> None:
    """Make the secrets that are not configured."""
    folder = Path(app.instance_path)
    if not app.secret_key:
        app.secret_key, _ = _made(folder / "reminders.key")
    if not app.config["REMINDERS_PASSWORD"]:
        path = folder / "reminders.password"
        app.config["REMINDERS_PASSWORD"], new = _made(path)
        if new:
            password = app.config["REMINDERS_PASSWORD"]
            click.echo(f"The password of the page is {password} (kept in {path}).")


def _made(path: Path) -> tuple[str, bool]:
    """Return a secret that is made once, and whether it is new.

    Several processes may start at once, so the file appears with its contents.
    """
    path.parent.mkdir(0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:  # its owner's only
        file.write(secrets.token_urlsafe())
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)
            return path.read_text(), True
    return path.read_text(), False


def _connect(app: Flask) -> None:
    """Make the table, if it does not exist, and the sessions."""
    url = app.config["REMINDERS_DATABASE_URL"]
    if not url:
        Path(app.instance_path).mkdir(0o700, parents=True, exist_ok=True)
        url = f"sqlite:///{app.instance_path}/reminders.sqlite"
    # No connection outlives its transaction, so that a process may fork at any time.
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:  # several processes may start at once
            connection.execute(CreateTable(table, if_not_exists=True))
    app.extensions["reminders"] = sessionmaker(engine, expire_on_commit=False)
