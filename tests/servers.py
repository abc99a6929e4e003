"""Servers in processes of their own, and requests as the phone system makes them."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import typing as t
from collections.abc import Iterator
from xml.etree import ElementTree

from apps import relative

DATA: t.Final = pathlib.Path(__file__).parent / "data"
DEADLINE: t.Final = 20.0
#: The request of the vendor's page "HTTP API Notifications".
REQUEST: t.Final = (
    "POST {path} HTTP/1.0\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n"
    "Host: localhost\r\n"
    "Cache-Control: no-store,no-cache\r\n"
    "Pragma: no-cache\r\n"
    "Content-Length: {length}\r\n"
    "\r\n"
)
WAITRESS: t.Final = (
    "import socket, sys, waitress, phone_app;"
    "waitress.serve(phone_app.app, sockets=[socket.socket(fileno=int(sys.argv[1]))])"
)
GUNICORN: t.Final = (
    "-m",
    "gunicorn",
    "-w",
    "2",
    "--no-control-socket",
    "--access-logfile",
    "access.log",
    "phone_app:app",
)
COMMANDS: t.Final[dict[str, tuple[str, ...]]] = {
    "sync": (*GUNICORN, "-k", "sync", "-b", "fd://{fd}"),
    "gthread": (*GUNICORN, "-k", "gthread", "--threads", "4", "-b", "fd://{fd}"),
    "waitress": ("-c", WAITRESS, "{fd}"),
}


class Answer(t.NamedTuple):
    status: int
    headers: str
    body: bytes

    @property
    def commands(self) -> list[ElementTree.Element]:
        assert self.status == 200
        assert "content-type: application/xml; charset=utf-8" in self.headers.lower()
        return list(ElementTree.fromstring(self.body))


class Server:
    """A server in processes of its own, and what it writes to its standard error."""

    def __init__(self, name: str, folder: pathlib.Path) -> None:
        self.name = name
        self.ran = folder / "ran"
        self.ran.touch()
        self.lines: list[str] = []
        self.more = threading.Condition()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            fd = str(listener.fileno())
            self.process = subprocess.Popen(
                [sys.executable, *(part.format(fd=fd) for part in COMMANDS[name])],
                cwd=folder,
                env={
                    **os.environ,
                    "HOME": str(folder),  # gunicorn keeps a socket there
                    "RAN": str(self.ran),
                    "KEYS": str(folder / "keys"),
                    "PYTHONPATH": os.pathsep.join([str(DATA), *sys.path]),
                },
                pass_fds=[listener.fileno()],
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        for line in t.cast(t.TextIO, self.process.stderr):
            with self.more:
                self.lines.append(line)
                self.more.notify_all()

    def wait_for(self, words: str, times: int = 1) -> None:
        with self.more:
            found = self.more.wait_for(lambda: self.count(words) >= times, DEADLINE)
        assert found, f"{words!r} not in {''.join(self.lines)}"

    def count(self, words: str) -> int:
        return sum(words in line for line in self.lines)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(DEADLINE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.reader.join(DEADLINE)
            t.cast(t.TextIO, self.process.stderr).close()

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), DEADLINE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def send(self, *pieces: bytes, shut: bool = False) -> Answer:
        with self.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
            if shut:
                connection.shutdown(socket.SHUT_WR)
            return receive(connection)

    def post(self, path: str, body: bytes) -> Answer:
        return self.send(request(path, body))

    def paths(self) -> dict[str, str]:
        answer = self.send(b"GET /urls HTTP/1.0\r\n\r\n")
        assert answer.status == 200, self.lines
        return {k: relative(url) for k, url in json.loads(answer.body).items()}

    def access_log(self) -> list[str]:
        return self.ran.with_name("access.log").read_text().splitlines()

    def runs(self) -> list[str]:
        return self.ran.read_text().splitlines()


def request(path: str, body: bytes, length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    return REQUEST.format(path=path, length=length).encode() + body


def receive(connection: socket.socket) -> Answer:
    received = b""
    while piece := connection.recv(65536):
        received += piece
    if not received:
        return Answer(0, "", b"")
    head, _, body = received.partition(b"\r\n\r\n")
    return Answer(int(head.split()[1]), head.decode(), body)


@contextlib.contextmanager
def running(name: str, folder: pathlib.Path) -> Iterator[Server]:
    server = Server(name, folder)
    try:
        yield server
    finally:
        server.stop()


def next_path(answer: Answer) -> str:
    (command,) = answer.commands
    return relative(command.get("ForwardToUrl", ""))


def press(key: str) -> bytes:
    return f"NotificationName=DtmfEntered&DtmfDigits={key}&CallLegID=1".encode()
