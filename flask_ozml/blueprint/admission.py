"""May this sender post? Address, then token; only then the body, up to the limit."""

import dataclasses
import functools
import io
import ipaddress
import logging
import typing as t
from collections.abc import Mapping
from collections.abc import Sequence

from flask import Flask
from flask import Request
from werkzeug.routing import Rule
from werkzeug.sansio.utils import get_content_length

from ..errors import ConfigurationError
from ..errors import TokenError
from ..errors import TokenExpired
from ..logs import log
from ..notifications import Notification
from .config import frozen_snapshot
from .config import Network
from .config import read_settings
from .config import Settings
from .config import snapshot
from .tokens import EndpointTokens
from .tokens import is_state_token
from .tokens import StateToken

#: The URL variable that holds the token.
TOKEN_VARIABLE: t.Final = "ozml_token"
#: Where the WSGI environ keeps the Admission or Refused of a request.
ADMISSION: t.Final = "flask_ozml.admission"

_EXTENSION: t.Final = "flask_ozml"
# Bodies have few lengths, and each is read by a regular expression.
_content_length: t.Final = functools.lru_cache(get_content_length)
_FORMS: t.Final = ("", "application/x-www-form-urlencoded")


class Refused(Exception):
    """A request is answered with a status and one line of text.

    :param status: the HTTP status.
    :param reason: the line; it is logged too, so it holds no posted value.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclasses.dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of a registered blueprint."""

    name: str
    owner: object
    notification: type[Notification]
    #: The URL rule without the token.
    rule: Rule

    @property
    def registration(self) -> str:
        """The name by which the blueprint is registered."""
        return self.name.rpartition(".")[0]


class Configured:
    """What is derived from one state of an app's configuration."""

    def __init__(self, config: Mapping[str, t.Any]) -> None:
        # In this order: what another thread changes in between is seen next time.
        self.seen = frozen_snapshot(config)
        self.settings: Settings = read_settings(config)
        self._tokens: dict[str, EndpointTokens] = {}

    def tokens(self, endpoint: Endpoint) -> EndpointTokens:
        """Makes and checks the tokens of an endpoint.

        :raises ConfigurationError: if there is no key.
        """
        tokens = self._tokens.get(endpoint.name)
        if tokens is None:
            if not self.settings.keys:
                raise ConfigurationError(
                    "The URLs for the phone system are signed: set OZML_SECRET_KEY (or"
                    " SECRET_KEY) to a long random value, the same in each process."
                )
            tokens = EndpointTokens(endpoint.name, self.settings.keys)
            self._tokens[endpoint.name] = tokens
        return tokens


class AppState:
    """What the package keeps with an app: nothing of any request."""

    def __init__(self, app: Flask) -> None:
        self.endpoints: dict[str, Endpoint] = {}
        self._configured = Configured(app.config)
        self._logged: set[object] = set()

    def configured(self, app: Flask) -> Configured:
        """What holds now; apps and tests change their configuration late.

        :raises ConfigurationError: for a value that has become wrong.
        """
        if snapshot(app.config) != self._configured.seen:
            self._configured = Configured(app.config)
        return self._configured

    def log_once(self, topic: object, level: int, message: str, *args: object) -> None:
        """Log what would be the same for each notification."""
        if topic not in self._logged:
            self._logged.add(topic)
            log(level, message, *args)


def state_of(app: Flask) -> AppState:
    """The state of an app; made when the first blueprint is registered."""
    state: AppState | None = app.extensions.get(_EXTENSION)
    if state is None:
        state = app.extensions[_EXTENSION] = AppState(app)
    return state


# No tuple, and with a repr of its own: whoever prints the environ or writes it as JSON
# must not tell what a caller typed.
@dataclasses.dataclass(slots=True)
class Admission:
    """A request whose sender may post."""

    app: Flask
    endpoint: Endpoint
    settings: Settings
    body: bytes
    #: What the URL says; None for a pasted one.
    says: StateToken | TokenExpired | None

    def __repr__(self) -> str:
        return f"<Admission to {self.endpoint.name!r}>"


def admit(
    app: Flask,
    state: AppState,
    request: Request,
    endpoint: Endpoint,
    token: str | None,
) -> Admission:
    """Check the sender and read the body.

    :raises Refused: if the sender may not post, or the body is too long, of another
        type, or cut off.
    """
    try:
        configured = state.configured(app)
        settings = configured.settings
        _check_address(request, settings)
        says = _check_token(request, endpoint, token, state, configured)
    except ConfigurationError as error:
        state.log_once(str(error), logging.ERROR, "%s: %s", endpoint.name, error)
        raise Refused(403, "The application is not configured; see its log.") from error
    body = _read_body(request, settings)
    # That of the site is meant for its forms.
    request.max_content_length = settings.max_content_length
    return Admission(app, endpoint, settings, body, says)


def hide_body(environ: dict[str, t.Any]) -> None:
    """Keep the body of a refused request from the site's own hooks."""
    environ["wsgi.input"] = io.BytesIO()
    environ["CONTENT_LENGTH"] = "0"


def _check_address(request: Request, settings: Settings) -> None:
    networks = settings.allowed_networks
    if networks is not None and not _is_in(request.remote_addr, networks):
        raise Refused(403, "The sender's address is not in OZML_ALLOWED_NETWORKS.")
    if (
        not settings.require_token
        and "HTTP_X_FORWARDED_FOR" in request.environ
        and "werkzeug.proxy_fix.orig" not in request.environ
    ):
        raise Refused(
            403,
            "Without tokens the sender's address must be known: there is a proxy in"
            " front, so wrap the application in werkzeug's ProxyFix.",
        )


def _is_in(text: str | None, networks: Sequence[Network]) -> bool:
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)


def _check_token(
    request: Request,
    endpoint: Endpoint,
    token: str | None,
    state: AppState,
    configured: Configured,
) -> StateToken | TokenExpired | None:
    settings = configured.settings
    if token is None:
        if settings.require_token:
            configured.tokens(endpoint)
            raise Refused(
                403, "The URL has no token; paste the one that 'flask ozml urls' shows."
            )
        return None
    tokens = configured.tokens(endpoint)
    path = _signed_path(request, token) if endpoint.rule.arguments else ""
    try:
        if is_state_token(token):
            return tokens.loads(token, settings.token_max_age, path)
        if not tokens.check_entry(token, path):
            state.log_once(
                endpoint.name,
                logging.WARNING,
                "%s: the pasted URL is signed with an old key; paste the one that"
                " 'flask ozml urls' shows.",
                endpoint.name,
            )
    except TokenExpired as error:
        return error
    except TokenError as error:
        raise Refused(403, str(error)) from error
    return None


def _signed_path(request: Request, token: str) -> str:
    """The path without the token, as it is signed where it has variables."""
    return request.path.rstrip("/").removesuffix(token).rstrip("/")


def _read_body(request: Request, settings: Settings) -> bytes:
    environ = request.environ
    length = _content_length(
        environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING")
    )
    limit = settings.max_content_length
    if length is not None and length > limit:
        raise Refused(413, f"The body is longer than {limit} bytes.")
    # The one that the phone system sends is told sooner than any is parsed.
    if environ.get("CONTENT_TYPE", "") not in _FORMS and request.mimetype not in _FORMS:
        raise Refused(
            415, "The body must be application/x-www-form-urlencoded, or say no type."
        )
    try:
        body = _read(environ, length, limit)
    except Exception as error:
        # Servers have exceptions of their own for a client that went away.
        raise Refused(400, "The body could not be read to its end.") from error
    if length is None and len(body) >= limit:
        raise Refused(413, f"The body is not shorter than {limit} bytes.")
    if length is not None and length != len(body):
        raise Refused(
            400, f"The body is not as long as its Content-Length says, {length} bytes."
        )
    return body


def _read(environ: dict[str, t.Any], length: int | None, limit: int) -> bytes:
    """Read the body, and put it back for the site's own hooks.

    ``request.get_data()`` would cost three times as much.
    """
    # Only a stream that ends by itself can be asked whether there is more.
    ends = environ.get("wsgi.input_terminated", False)
    if length is None:
        wanted = limit if ends else 0
    else:
        wanted = length + 1 if ends else length
    stream = environ["wsgi.input"]
    body: bytes = stream.read(wanted)
    while len(body) < wanted and (more := stream.read(wanted - len(body))):
        body += more
    environ["wsgi.input"] = io.BytesIO(body)
    return body
