"""May this sender post? Check the address, then the token; only then read the body."""

import dataclasses
import io
import ipaddress
import logging
import re
import typing as t
from collections.abc import Sequence
from urllib.parse import unquote

from flask import Flask
from flask import Request
from werkzeug.wsgi import get_content_length

from ..errors import ConfigurationError
from ..errors import TokenError
from ..errors import TokenExpired
from .config import Network
from .config import Settings
from .state import AppSettings
from .state import AppState
from .state import Endpoint
from .state import state_of
from .tokens import is_state_token
from .tokens import StateToken

#: The query parameter that holds the token.
TOKEN: t.Final = "token"
#: The key of the WSGI environ that holds the VerifiedRequest or RequestRefused.
VERIFIED: t.Final = "flask_ozml.verified_request"

# Where the environ has the URL as it was sent: by servers, IIS, nginx and Traefik.
_SENT_URLS: t.Final = (
    "RAW_URI",
    "REQUEST_URI",
    "HTTP_X_ORIGINAL_URL",
    "HTTP_X_ORIGINAL_URI",
    "HTTP_X_FORWARDED_URI",
)
_FORMS: t.Final = ("", "application/x-www-form-urlencoded")
_PROXY_HEADERS: t.Final = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")
# An address with a port, as some proxies forward it.
_WITH_PORT: t.Final = re.compile(r"\[([^]]+)\](?::[0-9]+)?|([0-9.]+):[0-9]+")
_TOO_LONG: t.Final = "The body is too long: OZML_MAX_CONTENT_LENGTH is {} bytes."
_CONSUMED: t.Final = (
    "The sender disconnected, or code of the site consumed the body; such code must"
    " use request.get_data()."
)


class RequestRefused(Exception):
    """A request is answered with a status and one line of text.

    :param status: the HTTP status.
    :param reason: the line, which is logged too and must not contain posted values.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclasses.dataclass(repr=False)
class VerifiedRequest:
    """A request that passed verification."""

    app: Flask
    request: Request
    endpoint: Endpoint
    app_settings: AppSettings
    #: The body, or the pairs of the form if other code has parsed it already.
    body: bytes | list[tuple[str, str]]
    #: What the token says; None for a pasted URL.
    payload: StateToken | TokenExpired | None

    @property
    def settings(self) -> Settings:
        return self.app_settings.settings

    @property
    def view(self) -> str | None:
        """The qualified name of the view that the token names; None if it has none."""
        if isinstance(self.payload, StateToken):
            return f"{self.endpoint.notification.kind}.{self.payload.view}"
        return None

    def __repr__(self) -> str:
        # Whatever prints the environ must not reveal what was posted.
        return f"<VerifiedRequest to {self.endpoint.name!r}>"


def verify(app: Flask, request: Request, endpoint: Endpoint) -> VerifiedRequest:
    """Check the sender of a request, then read the body.

    :raises RequestRefused: if the sender may not post, or the body is too long, has
        another type or is incomplete.
    """
    tokens = take_tokens(request)
    state = state_of(app)
    try:
        app_settings = state.app_settings(app)
        _check_address(request, app_settings.settings)
        payload = _check_token(request, endpoint, tokens, state, app_settings)
    except ConfigurationError as error:
        state.log_once(str(error), logging.ERROR, "%s: %s", endpoint.name, error)
        raise RequestRefused(
            403, "The application is not configured; see its log."
        ) from error
    body = _read_body(
        request, endpoint, state, app_settings.settings.max_content_length
    )
    return VerifiedRequest(app, request, endpoint, app_settings, body, payload)


def take_tokens(request: Request) -> list[str]:
    """Return the tokens of a URL, and remove them from the request and its environ.

    Other parameters stay as they are, byte for byte.
    """
    environ = request.environ
    tokens, query = _split_query(environ.get("QUERY_STRING", ""))
    environ["QUERY_STRING"] = query
    request.query_string = query.encode("latin-1")
    for name in ("args", "values", "url", "full_path"):
        vars(request).pop(name, None)
    for name in _SENT_URLS:
        path, mark, query = environ.get(name, "").partition("?")
        if mark:
            query = _split_query(query)[1]
            environ[name] = f"{path}?{query}" if query else path
    return tokens


def _split_query(query: str) -> tuple[list[str], str]:
    tokens = []
    others = []
    for parameter in query.split("&"):
        name, _, value = parameter.partition("=")
        if unquote(name) == TOKEN:
            tokens.append(unquote(value))
        else:
            others.append(parameter)
    return tokens, "&".join(others)


def _check_address(request: Request, settings: Settings) -> None:
    networks = settings.allowed_networks
    if networks is not None and not _is_in(request.remote_addr, networks):
        raise RequestRefused(
            403,
            f"The sender's address {request.remote_addr!r:.60} is not in"
            " OZML_ALLOWED_NETWORKS.",
        )
    if not settings.require_token and any(
        name in request.environ for name in _PROXY_HEADERS
    ):
        raise RequestRefused(
            403,
            "The request came through a proxy, so its sender is uncertain. Behind a"
            " proxy, set OZML_REQUIRE_TOKEN to True.",
        )


def _is_in(text: str | None, networks: Sequence[Network]) -> bool:
    found = _WITH_PORT.fullmatch(text or "")
    try:
        address = ipaddress.ip_address(found[1] or found[2] if found else text or "")
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)


def _check_token(
    request: Request,
    endpoint: Endpoint,
    tokens: list[str],
    state: AppState,
    app_settings: AppSettings,
) -> StateToken | TokenExpired | None:
    settings = app_settings.settings
    if not tokens and not settings.require_token:
        return None
    signer = app_settings.tokens(endpoint)
    if len(tokens) != 1:
        raise RequestRefused(
            403,
            "The URL has more than one token."
            if tokens
            else "The URL has no token. Paste the one that 'flask ozml urls' shows.",
        )
    path = request.path if endpoint.rule.arguments else ""
    try:
        if is_state_token(tokens[0]):
            return signer.loads(tokens[0], settings.token_max_age, path)
        if not signer.check_entry(tokens[0], path):
            state.log_once(
                endpoint.name,
                logging.WARNING,
                "%s: the pasted URL is signed with an old key. Paste the one that"
                " 'flask ozml urls' shows.",
                endpoint.name,
            )
    except TokenExpired as error:
        return error
    except TokenError as error:
        raise RequestRefused(403, str(error)) from error
    return None


def _read_body(
    request: Request, endpoint: Endpoint, state: AppState, limit: int
) -> bytes | list[tuple[str, str]]:
    """Return the body, also if other code has read it first."""
    length = get_content_length(request.environ)
    chunked = length is None and "HTTP_TRANSFER_ENCODING" in request.environ
    _check_headers(request, length, limit, chunked)
    # The limit of the site is meant for its own forms.
    request.max_content_length = limit
    try:
        body = request.get_data()
    except Exception as error:
        # Servers have exceptions of their own for a sender that disconnected.
        raise RequestRefused(
            400, f"The body could not be read to its end. {_CONSUMED}"
        ) from error
    # Only parsing puts `form` there; what was parsed cannot be read again.
    if not body and vars(request).get("form"):
        state.log_once(
            "form",
            logging.WARNING,
            "%s: code of the site read request.form before Flask-OzML read the body,"
            " so text that is not UTF-8 is lost. Look for request_started receivers,"
            " session interfaces and url_value_preprocessors.",
            endpoint.name,
        )
        return list(request.form.items(multi=True))
    if not body and (length or chunked):
        raise RequestRefused(400, f"The body is empty. {_CONSUMED}")
    if length is None and len(body) >= limit:
        raise RequestRefused(413, _TOO_LONG.format(limit))
    if length is not None and length != len(body):
        raise RequestRefused(
            400,
            f"The body has {len(body)} bytes, and its Content-Length is {length}.",
        )
    return body


def _check_headers(
    request: Request, length: int | None, limit: int, chunked: bool
) -> None:
    if length is not None and length > limit:
        raise RequestRefused(413, _TOO_LONG.format(limit))
    if request.mimetype not in _FORMS:
        raise RequestRefused(
            415, f"The Content-Type must be {_FORMS[1]}, or be absent."
        )
    if chunked and "wsgi.input_terminated" not in request.environ:
        raise RequestRefused(
            400,
            "The WSGI server does not pass on chunked bodies: it does not set"
            " wsgi.input_terminated. Use another server, or a proxy that buffers"
            " requests.",
        )


def empty_body(request: Request) -> None:
    """Leave an empty body, so that hooks of the site can read it without an error."""
    request.environ["wsgi.input"] = io.BytesIO()
    request.environ["CONTENT_LENGTH"] = "0"
    for name in ("stream", "content_length"):
        vars(request).pop(name, None)
