"""The configuration of the support line.

Every key can be set in the environment, with the prefix ``FLASK_`` and as JSON.
"""

import dataclasses
import re
import typing as t
from collections.abc import Mapping

from flask import current_app
from flask import Flask

from flask_ozml import InvalidParameter
from flask_ozml.commands import BlindTransfer

from .opening_hours import DAYS
from .opening_hours import OpeningHours
from .texts import TEXTS

DEFAULTS: t.Final[Mapping[str, t.Any]] = {
    #: The extensions that are tried for a caller who speaks a language, in this order.
    "SUPPORT_AGENTS": {"en": ["101", "102"], "de": ["201", "102"]},
    "SUPPORT_TIMEZONE": "Europe/Berlin",
    "SUPPORT_HOURS": dict.fromkeys(DAYS[:5], "09:00-17:00"),
    #: Dates such as "2026-12-25".
    "SUPPORT_HOLIDAYS": [],
    #: The digits that open the mailbox; without them it stays closed.
    "SUPPORT_PIN": None,
    #: The password of the pages; without it nobody can log in.
    "PASSWORD": None,
    "SESSION_COOKIE_SAMESITE": "Lax",
}


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the views need of the configuration, checked."""

    hours: OpeningHours
    agents: Mapping[str, tuple[str, ...]]
    pin: str


def init_app(app: Flask) -> None:
    """Check the configuration, and allow calls to nobody but the agents.

    :raises ValueError: naming the key whose value is wrong.
    """
    app.extensions["support_line"] = settings = Settings(
        _hours(app.config), _agents(app.config), _pin(app.config)
    )
    numbers = {re.escape(number) for row in settings.agents.values() for number in row}
    app.config.setdefault("OZML_ALLOWED_DESTINATIONS", sorted(numbers))


def get_settings() -> Settings:
    """Return the settings of the current application."""
    return t.cast(Settings, current_app.extensions["support_line"])


def _hours(config: Mapping[str, t.Any]) -> OpeningHours:
    keys = ("SUPPORT_TIMEZONE", "SUPPORT_HOURS", "SUPPORT_HOLIDAYS")
    try:
        return OpeningHours.parse(*(config[key] for key in keys))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"Check {', '.join(keys)}: {error}") from error


def _agents(config: Mapping[str, t.Any]) -> dict[str, tuple[str, ...]]:
    given = config["SUPPORT_AGENTS"]
    for language in TEXTS:
        agents = given.get(language) if isinstance(given, Mapping) else None
        if not agents or not isinstance(agents, list | tuple):
            raise ValueError(
                f"SUPPORT_AGENTS needs a list of extensions for {language!r}."
            )
    return {language: tuple(map(_extension, given[language])) for language in TEXTS}


def _extension(given: t.Any) -> str:
    extension = str(given)  # which is a number in JSON
    try:
        BlindTransfer(extension)
    except InvalidParameter as error:
        raise ValueError(f"SUPPORT_AGENTS: {error}") from error
    return extension


def _pin(config: Mapping[str, t.Any]) -> str:
    # A PIN without leading zeros is a number in the environment.
    pin = "" if config["SUPPORT_PIN"] is None else str(config["SUPPORT_PIN"])
    if pin and not re.fullmatch("[0-9]{4,16}", pin):
        raise ValueError("SUPPORT_PIN must have 4 to 16 digits.")
    return pin
