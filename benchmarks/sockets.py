"""Requests a second and CPU time of a server, with gunicorn on 127.0.0.1.

Each application has a gunicorn with one worker of its own, and they are asked in turns.
Like the phone system, the clients speak HTTP/1.0 and open a connection for each
request. The CPU time is the worker's own, which a route of the application tells.
"""

import contextlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
import urllib.request
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from flask import Flask
from flask import Response

from benchmarks.request import CALL
from benchmarks.request import dtmf_entered_by_hand
from benchmarks.request import incoming_call
from benchmarks.request import incoming_call_by_hand
from benchmarks.request import menu_by_hand
from benchmarks.request import ozml_app
from benchmarks.request import plain_app
from benchmarks.rounds import conditions

CLIENTS = 4
TIMEOUT = 30


def bare() -> Flask:
    """Flask alone: a constant answer, and the body unread."""

    def view() -> Response:
        return Response("<Response/>", mimetype="application/xml")

    return _with_cpu(plain_app(view, view, view))


def by_hand() -> Flask:
    return _with_cpu(
        plain_app(incoming_call_by_hand, menu_by_hand, dtmf_entered_by_hand)
    )


def ozml() -> Flask:
    return _with_cpu(ozml_app(incoming_call)[0])


def _with_cpu(app: Flask) -> Flask:
    app.add_url_rule("/cpu", "cpu", lambda: str(time.process_time()))
    return app


class Server(t.NamedTuple):
    """A running application."""

    port: int
    path: str

    def cpu(self) -> float:
        """CPU seconds of the worker so far."""
        url = f"http://127.0.0.1:{self.port}/cpu"
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            return float(answer.read())

    def post(self, number: int = 0) -> None:
        head = (
            f"POST {self.path} HTTP/1.0\r\nHost: 127.0.0.1\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(CALL)}\r\n\r\n"
        )
        address = ("127.0.0.1", self.port)
        with socket.create_connection(address, timeout=TIMEOUT) as connection:
            connection.sendall(head.encode() + CALL)
            answer = b""
            while part := connection.recv(65_536):
                answer += part
        if not answer.startswith((b"HTTP/1.0 200", b"HTTP/1.1 200")):
            raise SystemExit(f"{self.path} answered {answer[:40]!r}.")


@contextlib.contextmanager
def running(factory: Callable[[], Flask], path: str) -> Iterator[Server]:
    """Serve an application of this module with gunicorn."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--workers", "1"),
                *("--bind", f"fd://{listener.fileno()}", "--log-level", "warning"),
                f"benchmarks.sockets:{factory.__name__}()",
            ],
            cwd=Path(__file__).parent.parent,
            pass_fds=[listener.fileno()],
        )
        try:
            server = Server(listener.getsockname()[1], path)
            server.cpu()
            yield server
        finally:
            process.terminate()
            process.wait(TIMEOUT)


def load(server: Server, requests: int) -> tuple[float, float]:
    """Requests a second, and the worker's CPU seconds for each."""
    before, start = server.cpu(), time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(server.post, range(requests)))
    seconds = time.perf_counter() - start
    return requests / seconds, (server.cpu() - before) / requests


def show(servers: dict[str, Server], rounds: int, requests: int) -> None:
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
    for name, server in servers.items():
        load(server, requests)
        results[name].clear()
    for _ in range(rounds):
        for name, server in servers.items():
            results[name].append(load(server, requests))
    print(f"{'medians':<20}{'requests/s':>12}{'CPU us/request':>16}{'ratio':>8}")
    base = [cpu for _, cpu in results["by hand"]]
    for name, rows in results.items():
        rates, cpus = zip(*rows, strict=True)
        ratio = statistics.median(a / b for a, b in zip(cpus, base, strict=True))
        print(
            f"{name:<20}{statistics.median(rates):>12.0f}"
            f"{1e6 * statistics.median(cpus):>16.0f}{ratio:>8.2f}"
        )


def show_ab(servers: dict[str, Server], requests: int) -> None:
    """The same by ApacheBench, where it is installed."""
    ab = shutil.which("ab")
    if ab is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder, "body")
        body.write_bytes(CALL)
        for name, server in servers.items():
            done = subprocess.run(
                [
                    *(ab, "-q", "-n", str(requests), "-c", str(CLIENTS)),
                    *("-p", body, "-T", "application/x-www-form-urlencoded"),
                    f"http://127.0.0.1:{server.port}{server.path}",
                ],
                check=True,
                capture_output=True,
                text=True,
            )
            lines = done.stdout.splitlines()
            rate = next(line for line in lines if line.startswith("Requests per"))
            print(f"ab, {name}: {rate}")


def main(rounds: int = 15, requests: int = 400) -> None:
    print(f"{conditions('gunicorn')}; {CLIENTS} clients at a time, one worker")
    entry = ozml_app(incoming_call)[1]["entry"]
    plain = "/ozml_example/incoming_call"
    with contextlib.ExitStack() as stack:
        servers = {
            name: stack.enter_context(running(factory, path))
            for name, factory, path in (
                ("bare Flask", bare, plain),
                ("by hand", by_hand, plain),
                ("Flask-OzML", ozml, entry),
            )
        }
        show(servers, rounds, requests)
        show_ab(servers, rounds * requests)


if __name__ == "__main__":
    main()
