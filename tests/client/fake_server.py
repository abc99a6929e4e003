"""A server on this machine that replies to every POST with what a test says."""

import contextlib
import http.server
import pathlib
import select
import socket
import ssl
import threading
from collections.abc import Callable
from collections.abc import Iterator

REPLIES = pathlib.Path(__file__).parents[1] / "data" / "replies"
SUCCESS = (REPLIES / "success.xml").read_bytes()
CERTIFICATES = pathlib.Path(__file__).parent / "certificates"


def http_reply(body: bytes, head: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


class FakeServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *, tls: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        # What is not read is not buffered either.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server_port}/"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATES / "server.pem")
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.bodies: list[str] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        #: Seconds between the pieces of a request that are read.
        self.reading_pause = 0.0
        self.over = threading.Event()
        self.hung_up = threading.Event()
        self.reply_with(SUCCESS)

    def reply_with(self, body: bytes) -> None:
        self.send(http_reply(body))

    def reply_from(self, name: str) -> None:
        self.reply_with((REPLIES / f"{name}.xml").read_bytes())

    def send(self, raw: bytes) -> None:
        self.answer: Callable[[bytes], Iterator[bytes]] = lambda body: iter([raw])

    def drip(self, start: bytes, drop: bytes, end: bytes) -> None:
        """Reply so slowly that it takes five seconds."""

        def answer(body: bytes) -> Iterator[bytes]:
            yield start
            for _ in range(250):
                self.over.wait(0.02)
                yield drop
            yield end

        self.answer = answer

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: that a client hangs up is what some tests are about."""
        self.hung_up.set()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: FakeServer

    def do_POST(self) -> None:
        body = self.read()
        self.server.bodies.append(body.decode("ascii"))
        self.server.paths.append(self.path)
        self.server.headers.append(dict(self.headers))
        for part in self.server.answer(body):
            # The client sends nothing more, so only its hanging up can be read.
            if select.select([self.connection], [], [], 0)[0]:
                raise ConnectionResetError
            self.wfile.write(part)
        self.close_connection = True

    def read(self) -> bytes:
        body = b""
        while missing := int(self.headers["Content-Length"]) - len(body):
            self.server.over.wait(self.server.reading_pause)
            piece = self.rfile.read(min(missing, 65_536))
            if not piece:
                raise ConnectionResetError
            body += piece
        return body

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def running(*, tls: bool = False) -> Iterator[FakeServer]:
    with FakeServer(tls=tls) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()
