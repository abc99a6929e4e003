"""What is kept per app: endpoints and settings, but nothing of any request."""

import dataclasses
import typing as t
from collections.abc import Mapping

from flask import Flask
from werkzeug.routing import MapAdapter
from werkzeug.routing import Rule

from ..errors import ConfigurationError
from ..logs import log
from ..notifications import Notification
from .config import frozen_snapshot
from .config import read_settings
from .config import snapshot
from .tokens import EndpointTokens

_EXTENSION: t.Final = "flask_ozml"


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """An endpoint of a registered blueprint."""

    #: The full name, for example ``"phone.goto"``.
    name: str
    #: The blueprint.
    owner: object
    notification: type[Notification]
    rule: Rule
    #: Builds and matches paths below the subdomain of the rule.
    adapter: MapAdapter

    @property
    def registration(self) -> str:
        """The name under which the blueprint is registered."""
        return self.name.rpartition(".")[0]


class AppSettings:
    """The settings of an app, and what is derived from them, until they change."""

    def __init__(self, config: Mapping[str, t.Any]) -> None:
        # In this order, a change by another thread in between is detected later.
        self.seen = frozen_snapshot(config)
        self.settings = read_settings(config)
        self._tokens: dict[str, EndpointTokens] = {}

    def tokens(self, endpoint: Endpoint) -> EndpointTokens:
        """Return what signs and checks the tokens of an endpoint.

        :raises ConfigurationError: if there is no key.
        """
        if not self.settings.keys:
            raise ConfigurationError(
                "URLs for the phone system are signed, and there is no key. Set"
                " OZML_SECRET_KEY or SECRET_KEY to a long random value that is the same"
                " in every process."
            )
        if endpoint.name not in self._tokens:
            self._tokens[endpoint.name] = EndpointTokens(
                endpoint.name, self.settings.keys
            )
        return self._tokens[endpoint.name]


class AppState:
    """What the package keeps with an app."""

    def __init__(self, app: Flask) -> None:
        self.endpoints: dict[str, Endpoint] = {}
        self._app_settings = AppSettings(app.config)
        self._logged: set[object] = set()

    def app_settings(self, app: Flask) -> AppSettings:
        """Return the current settings; re-read them if app.config changed.

        :raises ConfigurationError: for a value that has become wrong.
        """
        if snapshot(app.config) != self._app_settings.seen:
            self._app_settings = AppSettings(app.config)
        return self._app_settings

    def log_once(self, topic: object, level: int, message: str, *args: object) -> None:
        """Log a message unless there was one with the same topic."""
        if topic not in self._logged:
            self._logged.add(topic)
            log(level, message, *args)


def state_of(app: Flask) -> AppState:
    """Return the state of an app; create it for the first blueprint."""
    state: AppState | None = app.extensions.get(_EXTENSION)
    if state is None:
        state = app.extensions[_EXTENSION] = AppState(app)
    return state
