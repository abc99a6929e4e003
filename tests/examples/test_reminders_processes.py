"""The practice's reminders in processes of their own: killed, served and shown."""

import contextlib
import datetime
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import typing as t
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import build_opener
from urllib.request import HTTPCookieProcessor

import pytest
import sqlalchemy as sa
from flask import current_app
from flask import Flask

from examples.reminders import create_app
from examples.reminders import models
from examples.reminders import work
from examples.reminders.models import Appointment
from examples.reminders.models import ON_THE_WAY
from examples.reminders.models import State
from flask_ozml.simulator import PhoneSystem
from flask_ozml.simulator.server import served
from workers import two_workers

FLASK: t.Final = (sys.executable, "-m", "flask", "--app", "examples.reminders")
ROOT: t.Final = Path(__file__).parents[2]
DEADLINE: t.Final = 60.0
PATIENTS: t.Final = 40
SETTINGS: t.Final = {
    "SECRET_KEY": '"key"',
    "REMINDERS_PASSWORD": "password",
    "REMINDERS_HOURS": "[0, 24]",
    "REMINDERS_DAYS": "[0, 1, 2, 3, 4, 5, 6]",
    "REMINDERS_LEAD": "48",
    "REMINDERS_PAUSES": "[1, 1, 1, 1, 1, 1]",
    "REMINDERS_TIMEOUTS": '{"placing": 6, "ringing": 30, "talking": 30}',
    "REMINDERS_INTERVAL": "0.2",
    "OZML_PHONE_SYSTEM_TIMEOUT": "5",
}


class Machine:
    """The processes of a practice's machine, and their environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, *command: str | Path) -> Path:
        """Start a program; return the file that it writes to."""
        output = self.folder / f"{name}.log"
        with output.open("ab") as file:
            process = subprocess.Popen(
                command, cwd=ROOT, stdout=file, stderr=file, start_new_session=True
            )
        self._processes.append(process)
        return output

    def kill(self) -> None:
        """Kill the program that was started last, and its children."""
        process = self._processes.pop()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def wait_for(self, condition: Callable[[], t.Any], what: str) -> t.Any:
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end and self._all_run():
            if found := condition():
                return found
            time.sleep(0.005)  # other processes are watched
        written = "\n".join(
            log.read_text()[-2000:] for log in self.folder.glob("*.log")
        )
        return pytest.fail(f"{what} was waited for in vain.\n{written}")

    def _all_run(self) -> bool:
        return all(process.poll() is None for process in self._processes)

    def interrupt(self) -> int:
        """Press Ctrl-C in the process that was started last; return its exit status."""
        process = self._processes[-1]
        process.send_signal(signal.SIGINT)
        return process.wait(DEADLINE)

    def stop(self) -> None:
        while self._processes:
            self.kill()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    for key, value in SETTINGS.items():
        monkeypatch.setenv(f"FLASK_{key}", value)
    url = f"sqlite:///{tmp_path}/reminders.sqlite"
    monkeypatch.setenv("FLASK_REMINDERS_DATABASE_URL", url)
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    machine = Machine(tmp_path)
    # A shell starts programs in the background with Ctrl-C ignored, which is inherited.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield machine
    signal.signal(signal.SIGINT, handler)
    machine.stop()


@pytest.fixture
def app(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The site, which is served in this process and has forty patients to call."""
    app = create_app(str(machine.folder))
    with served(app) as site, app.app_context():
        app.config["OZML_PUBLIC_URL"] = site
        monkeypatch.setenv("FLASK_OZML_PUBLIC_URL", site)
        day = models.now().astimezone(models.zone()) + datetime.timedelta(days=1)
        models.add(
            *(
                models.new(
                    f"Patient {i}", f"+3630111{2000 + i}", f"{day:%Y-%m-%d} 09:30"
                )
                for i in range(PATIENTS)
            )
        )
        yield app


@pytest.fixture
def transcript(app: Flask, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Serve a simulated phone system whose people confirm; return what it prints."""
    site = app.config["OZML_PUBLIC_URL"]
    arguments = "--url", site, "--port", "0", "--press", "1"
    output = machine.start("phones", *FLASK, "ozml", "serve-phone-system", *arguments)
    pattern = re.compile(r"listens at (\S+)")
    found = machine.wait_for(lambda: pattern.search(output.read_text()), "Listening")
    monkeypatch.setenv("FLASK_OZML_PHONE_SYSTEM_URL", found[1])
    return output


def rows() -> t.Sequence[Appointment]:
    with models.transaction() as session:
        return session.scalars(sa.select(Appointment)).all()


def in_state(*states: State) -> set[str]:
    return {row.number for row in rows() if row.state in states}


def start_loop(machine: Machine) -> None:
    machine.start("loop", *FLASK, "reminders", "work")


def start_celery(machine: Machine) -> None:
    """Start a worker of two processes, and beat in the same program."""
    program = sys.executable, "-m", "celery", "-A", "examples.reminders.tasks"
    options = (
        "--concurrency",
        "2",
        "--without-mingle",
        "--schedule",
        machine.folder / "beat",
    )
    machine.start("celery", *program, "worker", "--beat", *options)


@pytest.fixture(params=["loop", "celery"])
def start_work(
    request: pytest.FixtureRequest, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Machine], None]:
    """Return a function that starts the work."""
    if request.param == "loop":
        return start_loop
    redis = shutil.which("redis-server")
    if redis is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs redis-server.")
        pytest.skip("redis-server is not installed.")
    path = machine.folder / "redis"
    machine.start("redis", redis, "--port", "0", "--unixsocket", path, "--save", "")
    settings = f'{{"broker_url": "redis+socket://{path}"}}'
    monkeypatch.setenv("FLASK_REMINDERS_CELERY", settings)
    return start_celery


def test_whatever_is_killed_every_reminder_has_an_outcome(
    app: Flask,
    machine: Machine,
    transcript: Path,
    start_work: Callable[[Machine], None],
) -> None:
    everybody = in_state(State.DUE)
    assert len(everybody) == PATIENTS

    start_work(machine)
    machine.wait_for(in_the_middle, "The middle of the work")
    machine.kill()
    assert in_state(State.DUE)

    start_work(machine)
    machine.wait_for(lambda: not in_state(*ON_THE_WAY), "The end of the work")

    calls = re.findall(r"^Call from 9997 to (\S+)$", transcript.read_text(), re.M)
    twice = {number for number, count in Counter(calls).items() if count > 1}
    shown = {row.number for row in rows() if row.maybe_twice}
    assert in_state(State.CONFIRMED) == everybody == set(calls)
    assert twice <= shown


def in_the_middle() -> bool:
    """Return whether enough is done; best, while a call is being placed."""
    done = len(in_state(State.CONFIRMED))
    return done >= 30 or (done >= 10 and bool(in_state(State.PLACING)))


def test_calls_are_the_same_in_process_and_with_two_workers_of_gunicorn(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLASK_OZML_PUBLIC_URL")
    with two_workers("examples.reminders:create_app()") as site:
        app.config["OZML_PUBLIC_URL"] = site
        assert play(app, site) == play(site, site)


def play(target: Flask | str, site: str) -> list[tuple[list[str], str]]:
    """Call four patients; return what each of them heard, and how the call ended."""
    system = PhoneSystem(target, {}, site)
    with served(system.http_api) as address:
        current_app.config["OZML_PHONE_SYSTEM_URL"] = address
        work.step()
    confirms, cancels, listens, refuses = system.calls_placed
    confirms.answer().press("1").wait(30)
    cancels.answer().press("9").press("2").wait(30)
    listens.answer().wait(30)
    refuses.refuse()
    return [(call.heard, call.state) for call in system.calls_placed]


def test_the_demonstration_shows_outcomes(machine: Machine) -> None:
    program = sys.executable, "-m", "examples.reminders.demo", "--port", "0"
    output = machine.start("demo", *program)
    pattern = re.compile(r"page is (http\S+) ")
    site = machine.wait_for(lambda: pattern.search(output.read_text()), "The page")[1]
    browser = build_opener(HTTPCookieProcessor())

    def read(path: str, **form: str) -> str:
        data = urlencode(form).encode() if form else None
        with browser.open(site + path, data, timeout=DEADLINE) as answer:
            return t.cast(bytes, answer.read()).decode()

    found = re.search(r'name="csrf_token" value="([^"]+)', read("/login"))
    assert found
    read("/login", csrf_token=found[1], password="password")
    machine.wait_for(lambda: "</b> confirmed" in read("/"), "A confirmation")
    assert "</b> wrong number" in read("/")
    assert machine.interrupt() == 0
