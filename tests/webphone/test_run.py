"""How the phone in the browser is started, and what outlives a restart."""

import os
import socket
import sys
import time
import types
import typing as t
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from flask import Flask
from werkzeug.test import Client

from flask_ozml import OzML
from flask_ozml.cli import ozml
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import IncomingCall
from flask_ozml.simulator.server import served
from flask_ozml.webphone import Options
from flask_ozml.webphone import run
from flask_ozml.webphone.acts import Act
from flask_ozml.webphone.acts import Dial
from flask_ozml.webphone.store import Store

LOCAL = "http://127.0.0.1:7781"
DEADLINE = 20.0


class Server(t.NamedTuple):
    """What would be served, and how."""

    application: t.Any
    port: int
    reloads: bool
    folder: Path

    def begun(self, shown: dict[str, t.Any]) -> bool:
        """Return whether the page shows more than the beginning."""
        return bool(shown["problem"]) or shown["revision"] > 1

    def state(self) -> dict[str, t.Any]:
        """Return what a page shows once the acts have been played."""
        key = Store(self.folder / "phone.json").key
        end = time.monotonic() + DEADLINE
        while True:
            state = Client(self.application).post(
                "/state", base_url=LOCAL, json={}, headers={"X-Phone-Key": key}
            )
            assert state.json
            shown: dict[str, t.Any] = state.json
            if self.begun(shown) and not shown.get("busy"):
                return shown
            assert time.monotonic() < end
            time.sleep(0.01)  # another thread plays the acts


@pytest.fixture
def site() -> Flask:
    app = Flask("site")
    app.config["SECRET_KEY"] = "key"
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def menu(call: IncomingCall) -> UserInput:
        return UserInput(Speak("Menu."), inputs={"1": Speak("One.")})

    app.register_blueprint(phone, url_prefix="/phone")
    return app


@pytest.fixture
def start(
    site: Flask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., list[dict[str, t.Any]]]:
    """Return a function that runs the command; it returns what pages show."""

    def start(*arguments: str) -> list[dict[str, t.Any]]:
        shown = []

        def serve(host: str, port: int, application: t.Any, **options: t.Any) -> None:
            assert host == "127.0.0.1"
            folder = Path(os.environ["OZML_PHONE_FOLDER"])
            assert (folder.stat().st_mode & 0o077) == 0
            server = Server(application, port, options["use_reloader"], folder)
            if isinstance(application, Flask):
                shown.append(server.state())

        monkeypatch.setattr("flask_ozml.webphone.command.run_simple", serve)
        result = site.test_cli_runner().invoke(ozml, ["phone", *arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        shown.append({"output": result.output})
        return shown

    return start


Start = Callable[..., list[dict[str, t.Any]]]


def test_a_port_in_use_is_said_and_nothing_else(
    site: Flask, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        arguments = ["phone", "--no-reload", "--port", port]
        result = site.test_cli_runner().invoke(ozml, arguments)
    assert result.exit_code == 1
    assert f"Port {port} is in use" in result.output + capfd.readouterr().err
    assert "Traceback" not in result.output


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Let the command be a child of the reloader, after another child."""
    folder = tmp_path / "kept"
    folder.mkdir(0o700)
    store = Store(folder / "phone.json")
    store.start()
    store.keep_acts([Dial(caller="500", to="9998")])
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    monkeypatch.setenv("OZML_PHONE_FOLDER", str(folder))
    return store


def test_the_first_process_prints_the_address_and_serves_nothing(start: Start) -> None:
    (shown,) = start("--port", "7799")
    assert shown["output"].startswith("Open http://127.0.0.1:7799/#")
    assert not Path(os.environ["OZML_PHONE_FOLDER"]).exists()


def test_keys_are_pressed_in_a_call_at_the_start(start: Start) -> None:
    shown = start("--no-reload", "--press", "1", "--extension", "7=busy")[0]
    assert [line["text"] for line in shown["calls"][0]["lines"]][:3] == [
        "Menu.", "1", "One.",
    ]  # fmt: skip
    assert shown["notice"] == ""
    assert shown["extensions"] == {"7": "busy"}
    assert shown["about"]["urls"][0]["kind"] == "routing_interception"


def test_without_keys_nothing_is_called_at_the_start(start: Start) -> None:
    assert start("--no-reload")[0]["calls"] == []


def test_a_child_plays_the_acts_again(start: Start, child: Store) -> None:
    shown, printed = start()
    assert shown["notice"] == "The site was started - played 1 act again."
    assert shown["calls"][0]["awaits"] == "keys"
    assert printed == {"output": ""}


def test_a_child_names_the_files_that_changed(
    start: Start, child: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("site_that_changed")
    module.__file__ = str(tmp_path / "site_that_changed.py")
    Path(module.__file__).touch()
    os.utime(module.__file__, (time.time() + 60,) * 2)
    monkeypatch.setitem(sys.modules, "site_that_changed", module)
    assert start()[0]["notice"] == "site_that_changed.py changed - played 1 act again."


def test_a_child_may_be_told_not_to_play_again(start: Start, child: Store) -> None:
    child.set_play_again(False)
    shown = start()[0]
    assert shown["notice"] == "The site was started."
    assert (shown["before"], shown["calls"]) == (1, [])


def test_a_child_waits_for_the_server_of_the_site(
    start: Start, child: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_ozml.webphone.command.PATIENCE", 0.15)
    shown = start("--url", "http://127.0.0.1:1")[0]
    assert shown["about"]["target"] == "http://127.0.0.1:1"
    assert shown["calls"][0]["state"] == "Error"


def test_a_child_goes_on_when_the_server_takes_connections(
    start: Start, child: Store, site: Flask
) -> None:
    with served(site) as address:
        shown = start("--url", address)[0]
    assert shown["calls"][0]["awaits"] == "keys"


@pytest.mark.parametrize(
    ("error", "title", "traceback"),
    [
        (click.ClickException("No app."), "No app.", False),
        (LookupError("gone"), "LookupError: gone", True),
    ],
)
def test_a_site_that_cannot_be_loaded_is_shown_until_it_can(
    child: Store,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    title: str,
    traceback: bool,
) -> None:
    def load(*args: object) -> t.NoReturn:
        raise error

    def serve(host: str, port: int, application: t.Any, **options: t.Any) -> None:
        folder = Path(os.environ["OZML_PHONE_FOLDER"])
        shown.append(Server(application, port, True, folder).state())

    shown: list[dict[str, t.Any]] = []
    monkeypatch.setattr("flask_ozml.webphone.command.run_simple", serve)
    run(load, load, Options(7781, True, (), {}))
    assert shown[0]["problem"]["title"] == title
    assert bool(shown[0]["problem"]["traceback"]) == traceback
    with pytest.raises(type(error)):
        run(load, load, Options(7781, False, (), {}))


def test_the_file_outlives_a_process_that_ends_while_writing(tmp_path: Path) -> None:
    path = tmp_path / "phone.json"
    store = Store(path)
    acts: list[Act] = [Dial(caller="1", to="2")]
    store.keep_acts(acts)
    path.with_suffix(".new").write_text("{")
    assert Store(path).acts == acts
    assert Store(path).key == store.key
