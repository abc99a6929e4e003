"""Serves the HTTP API of a simulated phone system.

:func:`served` is for tests, where the test says what people do. :func:`serve` is for
development, where people act by themselves.
"""

import contextlib
import ipaddress
import selectors
import socket
import threading
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from urllib.parse import urlsplit

from werkzeug.exceptions import BadRequest
from werkzeug.serving import BaseWSGIServer
from werkzeug.serving import make_server
from werkzeug.serving import WSGIRequestHandler
from werkzeug.wsgi import ClosingIterator

from ..commands.rules import Keys
from ..commands.rules import rule_of
from ..notifications import CallState
from .calls import PlacedCall
from .phone import press_or_say
from .phone import Screen
from .phonesystem import PhoneSystem

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIApplication
    from _typeshed.wsgi import WSGIEnvironment

#: Seconds after which a callee hangs up.
PATIENCE: t.Final = 60
#: Calls and text messages that one request may lead to.
MAX_ACTS: t.Final = 50


class _Quiet(WSGIRequestHandler):
    """A request handler that logs nothing, since a query may hold a password."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextlib.contextmanager
def served(
    application: "WSGIApplication", host: str = "127.0.0.1", port: int = 0
) -> Iterator[str]:
    """Serve a WSGI application in threads, and yield its URL.

    :param application: for example :attr:`PhoneSystem.http_api`.
    :param port: 0 means a free one.
    """
    server = make_server(host, port, application, threaded=True, request_handler=_Quiet)
    stop, stopped = socket.socketpair()
    thread = threading.Thread(target=_serve, args=(server, stopped), daemon=True)
    thread.start()
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{server.server_port}/"
    finally:
        stop.close()
        thread.join()


def _serve(server: BaseWSGIServer, stopped: socket.socket) -> None:
    """Serve until the other end of a socket pair is closed.

    ``serve_forever`` would notice ``shutdown`` only when its poll interval is over.
    """
    server.timeout = 0
    with server, stopped, selectors.DefaultSelector() as selector:
        selector.register(server, selectors.EVENT_READ)
        selector.register(stopped, selectors.EVENT_READ)
        while stopped not in [key.fileobj for key, events in selector.select()]:
            server.handle_request()


def local_only(application: "WSGIApplication", host: str = "") -> "WSGIApplication":
    """Return an application that answers requests for other hosts with 400.

    A page in the developer's browser could otherwise reach it by a name of its own that
    leads here (DNS rebinding).

    :param host: a name by which it may be reached, besides localhost and IP addresses.
    """

    def guarded(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if _is_local(environ.get("HTTP_HOST", "localhost"), host):
            return application(environ, start_response)
        error = BadRequest(
            "The Host header must be localhost, an IP address, or the name of the host"
            " that this server listens at."
        )
        return error(environ, start_response)

    return guarded


def _is_local(header: str, host: str) -> bool:
    try:
        name = urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in ("localhost", host.lower())
    return True


def serve(
    system: PhoneSystem,
    out: t.TextIO,
    *,
    host: str = "127.0.0.1",
    port: int = 7780,
    press: Sequence[str] = (),
    colour: bool = False,
    started: Callable[[str], object] | None = None,
    wait: Callable[[], object] | None = None,
) -> None:
    """Serve the HTTP API of a phone system until Ctrl-C.

    After each request people act: a call that was placed is answered at once (unless
    the extension is busy or does not answer), the given keys are pressed, and the
    callee listens until the application hangs up, at most for a minute; text messages
    are delivered and reported. Time is virtual, so nothing waits for it.

    :param system: the phone system; it may call an application in process or a running
        one.
    :param out: the stream to which transcripts are written.
    :param press: groups of keys that each callee presses.
    :param colour: whether ``out`` is a terminal that shows colours.
    :param started: a function that is called with the URL of the HTTP API.
    :param wait: a function that returns when serving is to end. Default: never.
    :raises InvalidParameter: if ``press`` holds other keys than ``0-9*#A-D``.
    """
    for keys in press:
        rule_of(Keys).check("serve", "press", keys)
    screen = Screen(out, colour)
    people = _People(system, screen, press)
    with served(local_only(people.application, host), host, port) as url:
        if started:
            started(url)
        screen.line(f"The phone system listens at {url} (Ctrl-C ends it).")
        with contextlib.suppress(KeyboardInterrupt):
            (wait or threading.Event().wait)()


class _People:
    """People who act after the reply to each request."""

    def __init__(
        self, system: PhoneSystem, screen: Screen, press: Sequence[str]
    ) -> None:
        self._system = system
        self._screen = screen
        self._press = press
        self._reported = 0
        self._alone = threading.Lock()

    def application(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request of the HTTP API, and let people act after the reply."""
        reply = self._system.http_api(environ, start_response)
        return ClosingIterator(reply, self._act)

    def _act(self) -> None:
        with self._alone:
            self._screen.show(self._system.sessions)
            for _ in range(MAX_ACTS):
                act = self._next()
                if act is None:
                    break
                self._try(act)
            else:
                self._screen.line(f"The rest waits: {MAX_ACTS} calls and messages.")

    def _next(self) -> Callable[[], object] | None:
        for call in self._system.calls_placed:
            if call.state is CallState.RINGING:
                return lambda: self._take(call)
        if self._reported < len(self._system.sms_sent):
            sms = self._system.sms_sent[self._reported]
            self._reported += 1
            return lambda: self._system.deliver(sms)
        return None

    def _try(self, act: Callable[[], object]) -> None:
        failed: Exception | None = None
        try:
            act()
        except Exception as error:  # noqa: BLE001  # anything the application raises
            failed = error
        self._screen.show(self._system.sessions)
        if failed:
            self._screen.traceback(failed)

    def _take(self, call: PlacedCall) -> None:
        call.answer(hang_up_after=PATIENCE)
        for keys in self._press:
            press_or_say(call, keys)
        while call.continued.live:
            call.continued.wait()
