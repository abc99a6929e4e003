"""Requests that gunicorn answers, compared with the same view in plain Flask.

Each application has a gunicorn with one worker, and they are asked in turns. Like the
phone system, the client speaks HTTP/1.0 and opens a connection for each request. What
counts is the worker's CPU time, so that other work on the machine matters little.
"""

import contextlib
import socket
import subprocess
import sys
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from benchmarks import apps
from benchmarks.request import CALL
from benchmarks.rounds import at_least
from benchmarks.rounds import conditions
from benchmarks.rounds import ratio

TIMEOUT = 30


def by_hand() -> Flask:
    return with_cpu_time(apps.plain_app(apps.welcome_by_hand))


def ozml() -> Flask:
    return with_cpu_time(apps.ozml_app()[0])


def with_cpu_time(app: Flask) -> Flask:
    """Add a page that shows the worker's CPU seconds so far."""
    app.add_url_rule("/cpu", view_func=lambda: str(time.process_time()), endpoint="cpu")
    return app


class Server(t.NamedTuple):
    """A running application and the target of its view."""

    port: int
    target: str

    def cpu_seconds(self, requests: int) -> float:
        """Return the CPU seconds that the worker spends on a request."""
        before = float(self.send("GET /cpu HTTP/1.0\r\n\r\n"))
        for _ in range(requests):
            self.send(
                f"POST {self.target} HTTP/1.0\r\nHost: 127.0.0.1\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n"
                f"Content-Length: {len(CALL)}\r\n\r\n{CALL.decode()}"
            )
        after = float(self.send("GET /cpu HTTP/1.0\r\n\r\n"))
        return (after - before) / requests

    def send(self, request: str) -> bytes:
        """Return the body of the answer to a request."""
        address = ("127.0.0.1", self.port)
        with socket.create_connection(address, timeout=TIMEOUT) as connection:
            connection.sendall(request.encode())
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise SystemExit(f"The server answered {answer[:40]!r}.")
        return body


@contextlib.contextmanager
def running(factory: str, target: str) -> Iterator[Server]:
    """Serve an application of this module with gunicorn."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--workers", "1"),
                *("--bind", f"fd://{listener.fileno()}", "--log-level", "warning"),
                f"benchmarks.sockets:{factory}()",
            ],
            cwd=Path(__file__).parent.parent,
            pass_fds=[listener.fileno()],
        )
        try:
            yield Server(listener.getsockname()[1], target)
        finally:
            process.terminate()
            process.wait(TIMEOUT)


def main(rounds: int = 15, requests: int = 400) -> None:
    print(f"{conditions('gunicorn')}; one worker")
    entry = apps.ozml_app()[1]["welcome"].removeprefix(apps.BASE)
    times: dict[str, list[float]] = {"by hand": [], "Flask-OzML": []}
    with running("by_hand", "/welcome_by_hand") as hand, running("ozml", entry) as own:
        hand.cpu_seconds(requests)
        own.cpu_seconds(requests)
        for _ in range(rounds):
            times["by hand"].append(hand.cpu_seconds(requests))
            times["Flask-OzML"].append(own.cpu_seconds(requests))
    measured = ratio(times["by hand"], times["Flask-OzML"])
    at_least("requests a second of CPU time, of by hand", measured, 0.90)


if __name__ == "__main__":
    main()
