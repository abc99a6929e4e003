"""Faults of servers: calls survive them, and lost requests are counted."""

import json
import os
import pathlib
import re
import signal
import threading
import typing as t
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from servers import Answer
from servers import next_path
from servers import press
from servers import running
from servers import Server

RING: t.Final = b"NotificationName=IncomingCall&CallLegID=1&Caller=500&ApiExtension=ivr"
CALLERS: t.Final = 8
CALLS: t.Final = 60


class Load:
    """Concurrent calls, each of which presses four keys of its own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.url = server.paths()["incoming_call"]
        self.answered = 0
        self.lost = 0
        self.progress = threading.Condition()

    def dial(self, number: int) -> None:
        keys = f"{number:04}"
        answer = self._post(self.url, RING)
        for key in keys:
            if not self._count(answer.status):
                return
            answer = self._post(next_path(answer), press(key))
        if self._count(answer.status):
            spoken, hangup = answer.commands
            assert json.loads(spoken.text or "")[1] == keys

    def _post(self, path: str, body: bytes) -> Answer:
        """Post, and count an answer that was cut off as a lost one."""
        try:
            answer = self.server.post(path, body)
        except ConnectionError:
            return Answer(0, "", b"")
        length = re.search(r"(?i)content-length: (\d+)", answer.headers)
        whole = length is not None and int(length[1]) == len(answer.body)
        return answer if whole else Answer(0, "", b"")

    def _count(self, status: int) -> bool:
        assert status in (0, 200)
        with self.progress:
            self.answered += status == 200
            self.lost += status == 0
            self.progress.notify_all()
        return status == 200

    def wait_for(self, answered: int) -> None:
        with self.progress:
            assert self.progress.wait_for(lambda: self.answered >= answered, 30)

    def play(self, disturb: Callable[[], None]) -> None:
        """Play the calls, and disturb the server five times while they go on."""
        with ThreadPoolExecutor(CALLERS) as pool:
            calls = [pool.submit(self.dial, number) for number in range(CALLS)]
            for turn in range(1, 6):
                self.wait_for(turn * CALLS // 2)
                disturb()
            for call in calls:
                call.result()


@pytest.mark.parametrize("name", ["sync", "gthread"])
def test_a_reload_under_load_loses_nothing(name: str, tmp_path: pathlib.Path) -> None:
    with running(name, tmp_path) as server:
        load = Load(server)
        load.play(lambda: server.process.send_signal(signal.SIGHUP))

        assert (load.lost, load.answered) == (0, 5 * CALLS)


def test_a_killed_worker_loses_only_what_it_held(
    tmp_path: pathlib.Path,
) -> None:
    with running("gthread", tmp_path) as server:
        load = Load(server)
        killed: set[int] = set()

        def kill() -> None:
            pids = {int(line.split()[1]) for line in server.runs()} - killed
            pid = max(pids, default=0)
            if pid:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)

        load.play(kill)

        assert killed
        assert load.lost <= len(killed) * CALLERS
        assert load.answered >= 5 * CALLS - 5 * load.lost


def test_rotating_the_key_ends_no_call(tmp_path: pathlib.Path) -> None:
    with running("sync", tmp_path) as server:
        pasted = server.paths()["incoming_call"]
        answer = server.post(pasted, RING)
        keys = ["key", "second key", "third key", "fourth key"]
        for count, digit in enumerate("1234", 1):
            current = [key.replace(" ", "-") for key in reversed(keys[:count])]
            (tmp_path / "keys").write_text(" ".join(current))
            server.process.send_signal(signal.SIGHUP)
            server.wait_for("Booting worker", 2 + 2 * count)
            server.wait_for("Worker exiting", 2 * count)
            answer = server.post(next_path(answer), press(digit))

        spoken, _ = answer.commands
        assert json.loads(spoken.text or "")[1] == "1234"
        assert server.post(pasted, RING).status == 200
        server.wait_for("is signed with an old key")
        (tmp_path / "keys").write_text("another")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("Worker exiting", 10)
        assert server.post(pasted, RING).status == 403
