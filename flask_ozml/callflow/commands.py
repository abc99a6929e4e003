"""What ``flask ozml map`` and ``flask ozml check`` do."""

import contextlib
import logging
import secrets
import sys
import typing as t
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

import click
from flask import Flask

from ..blueprint import OzML
from ..playing import lacks_address
from ..simulator.phone import Screen
from ..simulator.phone import WORST
from .drawings import as_dot
from .drawings import as_json
from .drawings import as_mermaid
from .explore import Bounds
from .explore import Progress
from .findings import deploy_findings
from .states import Flow
from .text import outline
from .whole import check
from .whole import explore

#: The formats of the map, and what writes them.
FORMATS: t.Final[Mapping[str, Callable[[Flow], Iterable[str]]]] = {
    "text": outline,
    "mermaid": as_mermaid,
    "dot": as_dot,
    "json": as_json,
}


def show_map(
    app: Flask,
    phones: Mapping[str, OzML],
    screen: Screen,
    *,
    format: str,
    **options: t.Any,
) -> int:
    """Show the map, and return the exit status."""
    flow = _explore(app, phones, **options)
    for line in FORMATS[format](flow):
        screen.lines(line, WORST if line.lstrip().startswith("!") else None)
    return 0


def show_findings(
    app: Flask,
    phones: Mapping[str, OzML],
    screen: Screen,
    *,
    skip: Collection[str],
    deploy: bool,
    **options: t.Any,
) -> int:
    """Show a line for each finding, and return the exit status."""
    config = dict(app.config)
    flow = _explore(app, phones, **options)
    if deploy:
        with app.app_context():
            flow.findings += deploy_findings(flow, config, phones, options["values"])
    lines = check(flow, skip)
    for line in lines:
        screen.line(line, WORST)
    for note in flow.notes:
        screen.line(f"Note: {note}")
    if not lines:
        screen.line(f"Nothing is wrong in {len(flow.states)} states.")
    return 1 if lines else 0


def prepare(app: Flask) -> None:
    """Give an app that is not set up yet what URLs are made of, for this process."""
    if lacks_address(app):
        app.config["OZML_PUBLIC_URL"] = "http://localhost"
    if not (app.config.get("OZML_SECRET_KEY") or app.config.get("SECRET_KEY")):
        app.config["OZML_SECRET_KEY"] = secrets.token_hex()


def _explore(
    app: Flask,
    phones: Mapping[str, OzML],
    *,
    states: int,
    depth: int,
    **options: t.Any,
) -> Flow:
    prepare(app)
    with _progress() as progress, _no_log():
        return explore(
            app, phones, bounds=Bounds(states, depth), progress=progress, **options
        )


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    """Show a progress bar if there is a terminal."""
    with click.progressbar(
        length=1, label="Exploring", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:

        def progress(done: int, found: int) -> None:
            bar.length = found
            bar.update(done - bar.pos)

        yield progress


@contextlib.contextmanager
def _no_log() -> Iterator[None]:
    """Drop the package's log records: what they report are findings."""
    logger = logging.getLogger("flask_ozml")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
