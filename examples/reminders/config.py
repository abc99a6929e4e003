"""The settings of the practice, and their defaults.

They are configuration keys of Flask. In the environment their names begin with
``FLASK_``, and lists are JSON: ``FLASK_REMINDERS_HOURS='[8, 20]'``.
"""

import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import MutableMapping
from zoneinfo import available_timezones

from phonenumbers import SUPPORTED_REGIONS

from flask_ozml import ConfigurationError

#: The name of the practice, as it is said at the telephone.
REMINDERS_PRACTICE = "the dental practice of Doctor Example"
#: The password of the page. If there is none, one is made and printed.
REMINDERS_PASSWORD = None
#: SQLite or PostgreSQL. Default: the file reminders.sqlite in the instance folder.
REMINDERS_DATABASE_URL = None
#: The country whose numbers are called. National numbers belong to it.
REMINDERS_REGION = "HU"
REMINDERS_TIME_ZONE = "Europe/Budapest"
#: The API extension that calls and sends text messages.
REMINDERS_API_EXTENSION = "9997"
#: The number that patients see and can call. Default: the API extension.
REMINDERS_CALLER_ID = None
#: How many calls may go on at once.
REMINDERS_LINES = 4
#: Calls are made from the first hour to the second, on these days (0 is Monday).
REMINDERS_HOURS = [9, 19]
REMINDERS_DAYS = [0, 1, 2, 3, 4]
#: How many hours before the appointment its reminder is due.
REMINDERS_LEAD = 24
#: Seconds until a patient who was busy or did not answer is called again. The call
#: after the last pause is the last one.
REMINDERS_PAUSES = [300, 1200, 3600]
#: Seconds after which a row that makes no progress is taken up again: ``placing`` must
#: be longer than OZML_PHONE_SYSTEM_TIMEOUT, ``ringing`` than the phone system lets a
#: telephone ring, and ``talking`` than the longest call, which is about 70 seconds.
REMINDERS_TIMEOUTS = {"placing": 60, "ringing": 120, "talking": 120}
#: Seconds between two looks at the table.
REMINDERS_INTERVAL = 2
#: The settings of Celery. Only tasks.py uses them.
REMINDERS_CELERY = {"broker_url": "redis://localhost:6379/0"}


#: Texts that may look like numbers, which they are in JSON.
_TEXTS: t.Final = (
    "REMINDERS_PRACTICE",
    "REMINDERS_PASSWORD",
    "REMINDERS_API_EXTENSION",
    "REMINDERS_CALLER_ID",
)


def _is_count(value: t.Any) -> bool:
    return type(value) is int and value > 0


_RULES: t.Final[Mapping[str, tuple[Callable[[t.Any], bool], str]]] = {
    "REMINDERS_REGION": (
        SUPPORTED_REGIONS.__contains__,
        "must be the code of a country, for example 'HU'",
    ),
    "REMINDERS_TIME_ZONE": (
        lambda name: name in available_timezones(),
        "must be the name of a time zone, for example 'Europe/Budapest'",
    ),
    "REMINDERS_LINES": (_is_count, "must be a number of lines above 0"),
    "REMINDERS_HOURS": (
        lambda hours: 0 <= hours[0] < hours[1] <= 24 and len(hours) == 2,
        "must be two hours, for example [9, 19]",
    ),
    "REMINDERS_DAYS": (
        lambda days: bool(days) and set(days) <= set(range(7)),
        "must be a list of days from 0 (Monday) to 6",
    ),
    "REMINDERS_LEAD": (_is_count, "must be a number of hours above 0"),
    "REMINDERS_PAUSES": (
        lambda pauses: all(pause >= 0 for pause in pauses),
        "must be a list of seconds",
    ),
    "REMINDERS_TIMEOUTS": (
        lambda timeouts: all(
            timeouts[state] >= 0 for state in ("placing", "ringing", "talking")
        ),
        "must be the seconds of 'placing', 'ringing' and 'talking'",
    ),
    "REMINDERS_INTERVAL": (lambda value: value > 0, "must be seconds above 0"),
}


def check(config: MutableMapping[str, t.Any]) -> None:
    """Check the settings, and turn numbers that are texts into texts.

    :raises ConfigurationError: if a value cannot be used.
    """
    for key in _TEXTS:
        if config[key] is not None:
            config[key] = str(config[key])
    for key, (accepts, rule) in _RULES.items():
        try:
            accepted = accepts(config[key])
        except (TypeError, LookupError):
            accepted = False
        if not accepted:
            raise ConfigurationError(f"{key} {rule}, got {config[key]!r}.")
    timeout = config.get("OZML_PHONE_SYSTEM_TIMEOUT") or 10
    if config["REMINDERS_TIMEOUTS"]["placing"] <= timeout:
        raise ConfigurationError(
            "The time-out 'placing' of REMINDERS_TIMEOUTS must be above"
            f" OZML_PHONE_SYSTEM_TIMEOUT, which is {timeout} seconds."
        )
