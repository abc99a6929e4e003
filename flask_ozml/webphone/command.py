"""Runs the phone in the browser, and plays the acts again after a change of the site.

Werkzeug's reloader starts this program again as a child process, and once more after
each change. The first process only waits for its children.
"""

import contextlib
import logging
import socket
import sys
import threading
import time
import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask import Flask
from werkzeug.debug.tbtools import DebugTraceback
from werkzeug.serving import is_running_from_reloader
from werkzeug.serving import run_simple
from werkzeug.wrappers import Response

from ..simulator import PhoneSystem
from .acts import Act
from .acts import Dial
from .acts import Press
from .server import create_app
from .session import Session
from .store import Store
from .store import stored
from .urls import url_rows

HOST: t.Final = "127.0.0.1"
#: Seconds between two looks at the files of the site.
INTERVAL: t.Final = 0.4
#: Seconds to wait for the site's own server, which restarts after the same change.
PATIENCE: t.Final = 10.0
#: Seconds to wait at the end for acts that are still being played again.
PATIENCE_AT_END: t.Final = 1.0


class Options(t.NamedTuple):
    """How the phone is run.

    :param port: the port to listen at.
    :param reload: whether to start again after a change of the site.
    :param press: groups of keys that are pressed in a call that is made at the start.
    :param values: the variables of the ``url_prefix`` of phone URLs.
    """

    port: int
    reload: bool
    press: Sequence[str]
    values: Mapping[str, str]


def run(
    load: Callable[[], Flask],
    play: Callable[[Callable[..., None]], None],
    options: Options,
) -> None:
    """Run until Ctrl-C.

    :param load: loads the site.
    :param play: calls a function with a phone system that plays the site.
    """
    # Werkzeug would show each request, and an address without the key.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with stored() as store:
        if not is_running_from_reloader():
            address = f"http://{HOST}:{options.port}/#{store.key}"
            click.echo(f"Open {address} (Ctrl-C ends the phone).")
        if options.reload and not is_running_from_reloader():
            _serve(Response(), options)
        else:
            _Child(load, play, options, store).run()


def _serve(application: t.Any, options: Options) -> None:
    run_simple(
        HOST,
        options.port,
        application,
        threaded=True,
        use_reloader=options.reload,
        reloader_interval=INTERVAL,  # type: ignore[arg-type]
    )


class _Child:
    """The process that serves the phone."""

    def __init__(
        self,
        load: Callable[[], Flask],
        play: Callable[[Callable[..., None]], None],
        options: Options,
        store: Store,
    ) -> None:
        self._load = load
        self._play = play
        self._options = options
        self._store = store
        self._started = False

    def run(self) -> None:
        """Serve the phone, or a page that says why the site cannot be loaded."""
        try:
            self._play(self._serve_phone)
        except Exception as error:
            if self._started or not self._options.reload:
                raise
            self._store.start()
            click.echo(f"The site cannot be loaded: {error}", err=True)
            about = {"name": "The site cannot be loaded"}
            app = create_app(self._store, None, about, _problem(error))
            _serve(app, self._options)

    def _serve_phone(self, system: PhoneSystem, *args: object, **rest: object) -> None:
        self._started = True
        site = self._load()
        target = system.target if isinstance(system.target, str) else None
        about = {
            "name": site.name,
            "target": target,
            "reload": self._options.reload,
            "urls": url_rows(site, self._options.values),
        }
        session = Session(system, self._store.keep_acts)
        app = create_app(self._store, session, about, values=self._options.values)
        begin = threading.Thread(
            target=self._begin, args=(session, target), daemon=True
        )
        with session.recorder.connected():
            begin.start()
            try:
                _serve(app, self._options)
            finally:
                begin.join(PATIENCE_AT_END)  # it stores acts in a folder that goes

    def _begin(self, session: Session, target: str | None) -> None:
        """Play again what was done before a restart, or what the options say."""
        before, acts = self._store.before, self._store.acts
        self._store.start()
        if before is None:
            session.play_again(_first_acts(self._options.press))
            return
        reason = _changed(before)
        if acts and self._store.play_again:
            if target:
                _wait_for_server(target)
            session.play_again(acts, reason)
        else:
            session.say(f"{reason}.", acts)


def _problem(error: Exception) -> dict[str, str]:
    if isinstance(error, click.ClickException):
        return {"title": error.format_message(), "traceback": ""}
    return {
        "title": f"{type(error).__name__}: {error}",
        "traceback": DebugTraceback(error).render_traceback_text(),
    }


def _first_acts(press: Sequence[str]) -> list[Act]:
    if not press:
        return []
    return [Dial(caller="500", to="9998"), *(Press(call=0, keys=k) for k in press)]


def _changed(since: float) -> str:
    """Return which files of the site are newer than a time, in words."""
    names = set()
    for module in tuple(sys.modules.values()):
        file = getattr(module, "__file__", None)
        with contextlib.suppress(OSError):
            if file and Path(file).stat().st_mtime > since:
                names.add(Path(file).name)
    return f"{', '.join(sorted(names))} changed" if names else "The site was started"


def _wait_for_server(url: str) -> None:
    """Wait until the server of the site takes connections."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            socket.create_connection((parts.hostname or "", port), 1).close()
            return
        time.sleep(0.1)  # a connection that is refused fails at once
