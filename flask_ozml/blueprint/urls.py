"""Making URLs: the base, the path and the token."""

import typing as t
from collections.abc import Mapping
from urllib.parse import quote
from urllib.parse import unquote

from flask import Blueprint
from flask import current_app
from flask import Flask
from flask import has_request_context
from flask import Request
from flask import request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError

from ..commands import rules
from ..errors import ConfigurationError
from ..errors import TokenTooLong
from .admission import TOKEN
from .admission import VERIFIED
from .admission import VerifiedRequest
from .config import ascii_url
from .state import Endpoint
from .state import state_of
from .tokens import EndpointTokens

#: How long a URL may be; servers in front cut it off at about 4,000 characters.
MAX_URL_LENGTH: t.Final = 2_000

_SET_PUBLIC_URL: t.Final = (
    "Set OZML_PUBLIC_URL, for example to 'https://www.example.com'."
)


class UrlMaker:
    """Makes URLs of a blueprint for the current app.

    During a notification, the settings that it was verified with are used.

    :param blueprint: the blueprint.
    :param registration: the name under which it is registered, if there are several.
    :raises ValueError: if the name is wrong, or not given, but needed.
    """

    def __init__(self, blueprint: Blueprint, registration: str | None = None) -> None:
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy
        self._verified = _verified_request(self._app)
        self._owner = blueprint
        self._state = state_of(self._app)
        self._app_settings = (
            self._verified.app_settings
            if self._verified
            else self._state.app_settings(self._app)
        )
        self.settings = self._app_settings.settings
        self._registration = self._find_registration(registration)

    def _find_registration(self, wanted: str | None) -> str:
        verified = self._verified
        if wanted is None and verified and verified.endpoint.owner is self._owner:
            return verified.endpoint.registration
        names = [name for name, bp in self._app.blueprints.items() if bp is self._owner]
        if wanted in names:
            return wanted
        if not names:
            raise ValueError(
                f"Blueprint {self._owner.name!r} is not registered in this app."
            )
        if wanted is not None:
            raise ValueError(
                f"Blueprint {self._owner.name!r} is registered as {names}, not as"
                f" {wanted!r}."
            )
        if len(names) > 1:
            raise ValueError(
                f"Blueprint {self._owner.name!r} is registered as {names}, so outside"
                " of its notifications a URL is ambiguous. Use urls_as(name)."
            )
        return names[0]

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints of the registration."""
        return [
            endpoint
            for endpoint in self._state.endpoints.values()
            if endpoint.owner is self._owner
            and endpoint.registration == self._registration
        ]

    def endpoint(self, kind: str) -> Endpoint:
        """Return the endpoint of a kind of notification.

        :raises ValueError: if the kind is left out.
        """
        endpoint = self._state.endpoints.get(f"{self._registration}.{kind}")
        if endpoint is None:
            raise ValueError(f"OZML_{kind.upper()}_URL is None; the kind has no URL.")
        return endpoint

    def tokens(self, endpoint: Endpoint) -> EndpointTokens:
        """Return what signs the tokens of an endpoint."""
        return self._app_settings.tokens(endpoint)

    def split(
        self, endpoint: Endpoint, given: Mapping[str, t.Any]
    ) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
        """Separate the variables of a URL, given or carried over, from other values."""
        names = endpoint.rule.arguments
        values: dict[str, t.Any] = {}
        if self._verified and self._verified.endpoint.owner is endpoint.owner:
            values |= self._verified.request.view_args or {}
        values |= given
        values = {name: value for name, value in values.items() if name in names}
        self._app.inject_url_defaults(endpoint.name, values)
        values = {name: value for name, value in values.items() if name in names}
        return values, {name: given[name] for name in given if name not in names}

    def path(self, endpoint: Endpoint, values: Mapping[str, t.Any]) -> str:
        """Return the path of an endpoint, percent-encoded.

        :raises TypeError: if a variable is missing.
        :raises ValueError: if the path would not lead back to the endpoint and values.
        """
        rule = endpoint.rule
        defaults = rule.defaults or {}
        missing = rule.arguments - values.keys() - defaults.keys()
        if missing:
            raise TypeError(
                f"The URL of {endpoint.name!r} has the variables {sorted(missing)}."
                " Give them by name."
            )
        for name in defaults.keys() & values.keys():
            if values[name] != defaults[name]:
                raise ValueError(
                    f"The URL of {endpoint.name!r} was registered with {name!r} as"
                    f" {defaults[name]!r}; it cannot have another value."
                )
        try:
            path = endpoint.adapter.build(
                endpoint.name, values, method="POST", append_unknown=False
            )
            leads_back = not values or _leads_back(endpoint, path, values)
        except (BuildError, TypeError, ValueError):
            # Converters raise the latter two for values that they cannot write.
            leads_back = False
        if not leads_back:
            raise ValueError(
                f"The URL of {endpoint.name!r} cannot hold these values of"
                f" {sorted(values)}. Check the converters of its rule."
            )
        return path

    def url(self, endpoint: Endpoint, path: str, token: str | None) -> str:
        """Return the URL of a path of an endpoint.

        :raises TokenTooLong: if it is longer than :data:`MAX_URL_LENGTH`.
        :raises ConfigurationError: if no base is known.
        """
        query = f"?{TOKEN}={token}" if token else ""
        url = f"{self._base(endpoint)}{path}{query}"
        if len(url) > MAX_URL_LENGTH:
            raise TokenTooLong(
                f"The URL of {endpoint.name!r} has {len(url)} characters;"
                f" {MAX_URL_LENGTH} are the limit. Keep large state in a database, and"
                " its key in the URL."
            )
        return url

    def _base(self, endpoint: Endpoint) -> str:
        # The Host header of an ordinary page is not used: whoever sends it could make
        # the phone system fetch its commands from another host.
        if self.settings.public_url is not None:
            return self.settings.public_url
        if self._verified:
            posted = self._verified.request
            # root_url would be an IRI, with the host decoded.
            return _base_of(
                f"{posted.scheme}://{posted.host}",
                quote(posted.root_path),
                "the Host header of this request is missing or invalid",
            )
        config = self._app.config
        if config["SERVER_NAME"] is not None:
            subdomain = f"{endpoint.rule.subdomain}." if endpoint.rule.subdomain else ""
            return _base_of(
                f"{config['PREFERRED_URL_SCHEME']}://{subdomain}{config['SERVER_NAME']}",
                quote(config["APPLICATION_ROOT"], safe="/%"),
                "SERVER_NAME or PREFERRED_URL_SCHEME is invalid",
            )
        raise ConfigurationError(f"Cannot build an external URL. {_SET_PUBLIC_URL}")


def _leads_back(endpoint: Endpoint, path: str, values: Mapping[str, t.Any]) -> bool:
    if not {".", ".."}.isdisjoint(path.split("/")):
        return False  # HTTP clients resolve these segments.
    try:
        name, found = endpoint.adapter.match(unquote(path), method="POST")
    except HTTPException:
        return False
    return name == endpoint.name and all(
        found[name] == value or str(found[name]) == str(value)
        for name, value in values.items()
    )


def signed_path(endpoint: Endpoint, path: str) -> str:
    """Return the part of a path that is signed; empty if the rule has no variables."""
    return unquote(path) if endpoint.rule.arguments else ""


def _verified_request(app: Flask) -> VerifiedRequest | None:
    """Return the current request if it is a verified notification to an app."""
    if not has_request_context():
        return None
    current: Request = request._get_current_object()  # type: ignore[attr-defined]  # a proxy
    verified = current.environ.get(VERIFIED)
    # Another app may be current, and a copy of an environ may be dispatched again.
    if isinstance(verified, VerifiedRequest) and verified.request is current:
        return verified if verified.app is app else None
    return None


def _base_of(origin: str, root: str, problem: str) -> str:
    """Return the base of URLs, in ASCII.

    :param origin: the scheme and the host.
    :param root: the path of the app, percent-encoded.
    :raises ConfigurationError: if the origin is invalid; the message names the problem.
    """
    base = f"{origin}/{root.strip('/')}".rstrip("/")
    if not rules.rule_of(rules.Url).accepts(base):
        raise ConfigurationError(
            f"Cannot build an external URL: {problem}. {_SET_PUBLIC_URL}"
        )
    return ascii_url(base)
