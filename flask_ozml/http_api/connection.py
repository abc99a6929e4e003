"""The connection to a phone system: its credentials, time-out and TLS."""

import functools
import html
import http.client
import os
import re
import ssl
import typing as t
import warnings
from collections.abc import Callable
from urllib.parse import quote
from urllib.parse import quote_plus
from urllib.parse import SplitResult

from ..errors import InvalidParameter
from ..errors import ParameterTypeError
from ..errors import PhoneSystemUnreachable
from ..errors import UnexpectedReply
from .exchange import MAX_REPLY
from .exchange import post
from .exchange import tls_context
from .requests import text_of
from .requests import wire_name

#: Names and values to send.
Form = list[tuple[str, str]]

_OWNER: t.Final = "PhoneSystemClient"


class Connection:
    """A connection to the HTTP API of a phone system.

    The parameters are those of the client, and errors name them so.

    :param url: the address, in ASCII.
    :raises InvalidParameter: if a parameter is wrong.
    """

    def __init__(
        self,
        url: SplitResult,
        *,
        username: str | None,
        password: str | None,
        timeout: float,
        ca: str | os.PathLike[str] | t.Literal[False] | None,
    ) -> None:
        self.timeout = _checked_timeout(timeout)
        self._credentials = _checked_credentials(username, password)
        self._ca = ca
        self._tls: ssl.SSLContext | None = None
        self._tls_for(url)

    def _tls_for(self, url: SplitResult) -> ssl.SSLContext | None:
        if url.scheme != "https":
            return None
        self._tls = self._tls or _checked_tls(self._ca)
        return self._tls

    def exchange(self, url: SplitResult, form: Form) -> bytes:
        """Post a form with the credentials, and return the body of the reply.

        :param url: the address, in ASCII.
        :raises PhoneSystemUnreachable: if no complete reply came.
        :raises UnexpectedReply: if it is not one of the HTTP API.
        """
        tls = self._tls_for(url)
        try:
            status, encoding, body = post(
                url, form + self._credentials, timeout=self.timeout, tls=tls
            )
        except (OSError, http.client.HTTPException) as error:
            message = f"No complete reply from {url.geturl()}: {self._reason(error)}."
        else:
            _check_http(status, encoding, body)
            return body
        # Outside of the except clause, since the first exception knows the password.
        raise PhoneSystemUnreachable(message)

    def _reason(self, error: Exception) -> str:
        """Say why there is no reply, without repeating anything received."""
        if isinstance(error, TimeoutError):
            return f"time was up after {self.timeout} seconds"
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"its certificate was refused ({error.verify_message}). If an authority"
                " of your own has signed it, set OZML_PHONE_SYSTEM_CA or ca= to the"
                " file of that authority's certificate"
            )
        if isinstance(error, http.client.HTTPException):
            return f"it is not HTTP, or was cut off ({type(error).__name__})"
        return getattr(error, "strerror", None) or type(error).__name__

    def redacted(self, message: str) -> str:
        """Return a message of the phone system without the password.

        The phone system may quote the request, as it was sent or decoded.
        """
        password = dict(self._credentials).get("Password")
        if not password:
            return message
        forms = sorted(
            {quoting(password) for quoting in _QUOTINGS}, key=len, reverse=True
        )
        return re.sub("|".join(map(re.escape, forms)), "***", message, flags=re.I)


_QUOTINGS: t.Final[tuple[Callable[[str], str], ...]] = (
    str,
    quote,
    functools.partial(quote, safe=""),
    quote_plus,
    html.escape,
    functools.partial(html.escape, quote=False),
)


def _checked_credentials(username: object, password: object) -> Form:
    """Return the credentials as they are sent.

    No exception contains a value, not even as the refused one.
    """
    form: Form = []
    for name, value in (("username", username), ("password", password)):
        if isinstance(value, str):
            form.append((wire_name(name), text_of(str.__str__(value))))
        elif value is not None:
            raise ParameterTypeError(
                _OWNER,
                name,
                f"must be a str, got {type(value).__name__} (in an environment"
                " variable, put digits into double quotes)",
            )
    if len(form) == 1:
        raise InvalidParameter(
            _OWNER,
            "password" if username is not None else "username",
            "is missing: a user name and a password go together",
        )
    return form


def _checked_timeout(timeout: object) -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise ParameterTypeError(
            _OWNER,
            "timeout",
            f"must be a number of seconds, got {type(timeout).__name__}",
        )
    if not 0 < timeout <= 86_400:
        raise InvalidParameter(
            _OWNER,
            "timeout",
            f"must be above 0 and at most 86400 seconds, got {timeout}",
        )
    return float(timeout)


def _checked_tls(ca: object) -> ssl.SSLContext:
    if ca is False:
        warnings.warn(
            "The certificate of the phone system is not checked, because"
            " OZML_PHONE_SYSTEM_CA or ca= is False.",
            stacklevel=5,
        )
        return tls_context(None, verify=False)
    if not isinstance(ca, str | os.PathLike | None):
        raise ParameterTypeError(
            _OWNER,
            "ca",
            f"must be the path of a file, or False, got {type(ca).__name__}",
        )
    try:
        return tls_context(ca, verify=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    raise InvalidParameter(
        _OWNER,
        "ca",
        f"must be a file with certificates in PEM format, got {str(ca)!r} ({reason})",
    )


def _check_http(status: int, encoding: str, body: bytes) -> None:
    if status != 200:
        raise UnexpectedReply(
            f"The reply has the HTTP status {status}; the phone system sends 200 even"
            " for errors. Is this the address of its HTTP API?"
        )
    if encoding != "identity":
        raise UnexpectedReply("The reply is compressed, which was not asked for.")
    if len(body) > MAX_REPLY:
        raise UnexpectedReply(f"The reply is longer than {MAX_REPLY} bytes.")
