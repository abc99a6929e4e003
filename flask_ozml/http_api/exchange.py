"""One POST over HTTP that is over by a deadline.

The time-out of a socket limits each wait, so a server that sends a byte now and then
could keep a request for ever. These sockets shorten their time-out before every wait,
and so need no second thread, which could not be interrupted, nor be started while the
interpreter exits.
"""

import contextlib
import http.client
import os
import socket
import ssl
import time
import typing as t
from urllib.parse import SplitResult
from urllib.parse import urlencode

#: The longest reply that is read, in bytes: about 12,000 calls of a call history.
MAX_REPLY: t.Final = 4 * 1024 * 1024

#: http.client adds Host, Content-Length and "Accept-Encoding: identity".
_HEADERS: t.Final = {"Content-Type": "application/x-www-form-urlencoded"}


class HttpReply(t.NamedTuple):
    """A reply to a POST.

    :param status: the HTTP status.
    :param encoding: the Content-Encoding, ``"identity"`` if there is none.
    :param body: at most one byte more than ``MAX_REPLY``; empty unless the status is
        200.
    """

    status: int
    encoding: str
    body: bytes


def post(
    url: SplitResult,
    form: list[tuple[str, str]],
    *,
    timeout: float,
    tls: ssl.SSLContext | None,
) -> HttpReply:
    """Post a form and return the reply.

    Redirects and proxies are ignored, and nothing is sent twice.

    :param url: an http or https URL in ASCII.
    :param form: the names and values to send.
    :param timeout: seconds for everything. Only looking up the host name cannot be
        interrupted.
    :param tls: for https, from :func:`tls_context`.
    :raises OSError: if the server cannot be reached; a TimeoutError if time is up.
    :raises http.client.HTTPException: if the reply is not HTTP, or is cut off.
    """
    deadline = time.monotonic() + timeout
    host = t.cast(str, url.hostname)
    connection = (
        http.client.HTTPSConnection(host, url.port, context=tls)
        if tls
        else http.client.HTTPConnection(host, url.port)
    )
    with contextlib.closing(connection):
        connection.sock = _connected(host, connection.port, deadline)
        if tls:
            connection.sock = _encrypted(connection.sock, tls, host, deadline)
        connection.request("POST", url.path or "/", urlencode(form), _HEADERS)
        with connection.getresponse() as response:
            body = _read(response) if response.status == 200 else b""
            encoding = response.headers.get("Content-Encoding", "identity")
            return HttpReply(response.status, encoding, body)


def tls_context(ca: str | os.PathLike[str] | None, *, verify: bool) -> ssl.SSLContext:
    """Return the settings of an encrypted connection.

    :param ca: a file of certificates in PEM format that are trusted; None stands for
        those that the operating system trusts.
    :param verify: whether the certificate of the server is checked at all.
    :raises OSError: if the file cannot be read, or has no certificates.
    """
    context = ssl.create_default_context(cafile=ca)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.sslsocket_class = _TlsSocket
    return context


def _read(response: http.client.HTTPResponse) -> bytes:
    body = response.read(MAX_REPLY + 1)
    # What is left of the Content-Length; None without one.
    if len(body) <= MAX_REPLY and response.length:
        raise http.client.IncompleteRead(body, response.length)
    return body


def _left(deadline: float) -> float:
    """Return the seconds until a deadline.

    :raises TimeoutError: if it has passed.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Socket(socket.socket):
    """A socket that waits until a deadline at most, however often it waits."""

    deadline: float

    def recv_into(self, *args: t.Any, **options: t.Any) -> int:
        self.settimeout(_left(self.deadline))
        return super().recv_into(*args, **options)

    def sendall(self, *args: t.Any, **options: t.Any) -> None:
        self.settimeout(_left(self.deadline))
        super().sendall(*args, **options)


class _TlsSocket(_Socket, ssl.SSLSocket):
    """An encrypted :class:`_Socket`."""


def _connected(host: str, port: int, deadline: float) -> _Socket:
    """Return a socket connected to the first address of a host that accepts it."""
    failure: OSError = socket.gaierror(socket.EAI_NONAME, "The host has no address")
    for *kind, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            return _connected_to(address, kind, deadline)
        except OSError as error:
            failure = error
    raise failure


def _connected_to(address: t.Any, kind: t.Any, deadline: float) -> _Socket:
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(_Socket(*kind))
        sock.deadline = deadline
        sock.settimeout(_left(deadline))
        sock.connect(address)
        stack.pop_all()
    return sock


def _encrypted(
    sock: socket.socket, tls: ssl.SSLContext, host: str, deadline: float
) -> _TlsSocket:
    sock.settimeout(_left(deadline))  # for all of the handshake
    encrypted = t.cast(_TlsSocket, tls.wrap_socket(sock, server_hostname=host))
    encrypted.deadline = deadline
    return encrypted
