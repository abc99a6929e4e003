"""Transports: how notifications get to the application, and answers back.

A transport knows the application's *base*, the URL that all of its URLs begin with, and
opens nothing else: no other host, no file, no redirect.
"""

import contextlib
import http.client
import io
import socket
import ssl
import sys
import typing as t
from collections.abc import Iterable
from urllib.parse import quote
from urllib.parse import unquote
from urllib.parse import unquote_to_bytes
from urllib.parse import urlsplit

from werkzeug.test import Client
from werkzeug.test import create_environ

from .exceptions import TransportError

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: Bytes that an answer may have. Assumption: the vendor names no limit.
MAX_ANSWER: t.Final = 1 << 20
#: Seconds that a server may take for each piece of its answer. Assumption: the vendor
#: names no time-out.
TIMEOUT: t.Final = 30.0

CONTENT_TYPE: t.Final = "application/x-www-form-urlencoded"
_PORTS: t.Final = {"http": 80, "https": 443}


class Reply(t.NamedTuple):
    """An answer of the application."""

    status: int
    content_type: str
    body: bytes


class Base:
    """The URL that all URLs of an application begin with.

    :param url: an absolute http or https URL; its query and fragment are ignored.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in _PORTS or not parts.hostname or not url.isascii():
            raise ValueError(
                "The base of the application's URLs must be an absolute http or https"
                f" URL in ASCII, got {url!r}."
            )
        self.scheme = parts.scheme
        self.host = parts.hostname
        self.port = port or _PORTS[parts.scheme]
        self.host_header = parts.netloc.rpartition("@")[2]
        self.path = parts.path.rstrip("/")

    @classmethod
    def of(cls, urls: Iterable[str]) -> t.Self:
        """Return the base for URLs that share scheme and host."""
        bases = {"{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in urls}
        if len(bases) > 1:
            raise ValueError(
                f"The URLs of one application cannot be on {len(bases)} hosts:"
                f" {', '.join(sorted(bases))}. Is one of them another application's?"
            )
        return cls(bases.pop() if bases else "http://localhost")

    def relative(self, url: str) -> str | None:
        """Return the escaped path and query below the base; None for any other URL.

        Scheme, host and port must be equal, and the path must begin with the path of
        the base, up to a slash. A path with dot segments is not below the base, since
        nobody knows who resolves them.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS.get(parts.scheme)
        except ValueError:
            return None
        below = parts.path[len(self.path) :]
        if (
            (parts.scheme, parts.hostname, port) != (self.scheme, self.host, self.port)
            or "@" in parts.netloc
            or not parts.path.startswith(self.path)
            or below[:1] not in ("", "/")
            or not {".", ".."}.isdisjoint(unquote(below).replace("\\", "/").split("/"))
        ):
            return None
        query = f"?{parts.query}" if parts.query else ""
        return quote((below or "/") + query, safe="/?%:=&~+!$,;'@()*[]")


class Transport(t.Protocol):
    """Posts notifications to one application."""

    base: Base

    def post(self, path: str, body: bytes) -> Reply:
        """Post a form-encoded body.

        :param path: escaped path and query, as :meth:`Base.relative` gives them.
        :raises TransportError: if there is no complete answer.
        """
        ...


def headers(base: Base, body: bytes) -> tuple[tuple[str, str], ...]:
    """Return the headers of a notification, in the order of the vendor's examples.

    Source: the vendor's page "HTTP API Notifications".
    """
    return (
        ("Content-Type", CONTENT_TYPE),
        ("Host", base.host_header),
        ("Cache-Control", "no-store,no-cache"),
        ("Pragma", "no-cache"),
        ("Content-Length", str(len(body))),
    )


class InProcess:
    """A transport to a WSGI application, whose exceptions are raised here."""

    def __init__(self, app: "WSGIApplication", base: Base) -> None:
        self.base = base
        self._client = Client(app, use_cookies=False)
        # What all notifications have in common.
        self._environ = create_environ(
            base_url=f"{base.scheme}://{base.host_header}{base.path}",
            method="POST",
            headers=headers(base, b""),
        )

    def post(self, path: str, body: bytes) -> Reply:
        raw_path, _, query = path.partition("?")
        environ = {
            **self._environ,
            "PATH_INFO": unquote_to_bytes(raw_path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": self.base.path + path,
            "RAW_URI": self.base.path + path,
            "SERVER_PROTOCOL": "HTTP/1.0",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
        }
        chunks, status, response_headers = self._client.run_wsgi_app(environ)
        try:
            answer = _read_limited(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        return Reply(
            int(status.split()[0]), response_headers.get("Content-Type", ""), answer
        )


def _read_limited(chunks: Iterable[bytes]) -> bytes:
    answer = bytearray()
    for chunk in chunks:
        answer += chunk
        if len(answer) > MAX_ANSWER:
            raise _too_long()
    return bytes(answer)


def _too_long() -> TransportError:
    return TransportError(f"The answer is longer than {MAX_ANSWER} bytes.")


class OverNetwork:
    """A transport to a running server, in HTTP/1.0 like the vendor's examples.

    :param target: the address of the server.
    :param base: what the application's URLs begin with.
    """

    def __init__(self, target: Base, base: Base) -> None:
        self.base = base
        self._target = target

    def post(self, path: str, body: bytes) -> Reply:
        lines = [f"POST {self._target.path}{path} HTTP/1.0"]
        lines += (f"{name}: {value}" for name, value in headers(self.base, body))
        request = "\r\n".join([*lines, "", ""]).encode("ascii") + body
        try:
            with self._connect() as connection:
                connection.sendall(request)
                with contextlib.closing(
                    http.client.HTTPResponse(connection, method="POST")
                ) as response:
                    response.begin()
                    answer = response.read(MAX_ANSWER + 1)
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise TransportError(
                f"No answer from {self._target.host_header}: {type(error).__name__}."
            ) from error
        if len(answer) > MAX_ANSWER:
            raise _too_long()
        if response.length:
            raise TransportError("The answer was cut off.")
        return Reply(response.status, response.headers.get("Content-Type", ""), answer)

    def _connect(self) -> socket.socket:
        target = self._target
        connection = socket.create_connection((target.host, target.port), TIMEOUT)
        if target.scheme == "http":
            return connection
        context = ssl.create_default_context()
        return context.wrap_socket(connection, server_hostname=target.host)


def transport_to(
    target: "WSGIApplication | str", urls: Iterable[str], base: str | None
) -> Transport:
    """Return the transport to an application.

    :param target: a WSGI application, or the base URL of a running server.
    :param urls: the URLs that are pasted into the phone system.
    :param base: what all of the application's URLs begin with. Default: the target
        itself, if it is a URL; else scheme and host of the given URLs, since a WSGI
        application answers for all of its paths.
    """
    if isinstance(target, str):
        return OverNetwork(Base(target), Base(base or target))
    return InProcess(target, Base(base) if base else Base.of(urls))
