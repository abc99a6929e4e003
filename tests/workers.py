"""The example applications, served by gunicorn."""

import contextlib
import http.client
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent


@contextlib.contextmanager
def two_workers(app: str) -> Iterator[str]:
    """Serve an application with two workers, and yield its address.

    :param app: as gunicorn takes it, for example ``"example_app:app"``.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        command = [sys.executable, "-m", "gunicorn", "-w", "2"]
        command += ["-b", f"fd://{listening.fileno()}", app]
        with subprocess.Popen(
            command, cwd=ROOT, pass_fds=[listening.fileno()], stderr=subprocess.DEVNULL
        ) as process:
            port = listening.getsockname()[1]
            waiting = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                # A connection needs no worker, an answer does.
                with contextlib.closing(waiting):
                    waiting.request("HEAD", "/")
                    waiting.getresponse()
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
