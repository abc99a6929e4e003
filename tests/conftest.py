"""Fixtures for every test."""

import dataclasses
import logging
import os
import re
import types
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

import pytest
from flask import has_app_context
from flask import has_request_context
from hypothesis import settings

from samples import SAMPLES

# A busy machine is not a failure, and the gate gives the same answer twice.
settings.register_profile("flask_ozml", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("flask_ozml")


@pytest.fixture(autouse=True)
def _no_context_left() -> Iterator[None]:
    """Fail a test that leaves a context of Flask pushed: the next one would find it."""
    before = has_app_context(), has_request_context()
    yield
    if (has_app_context(), has_request_context()) != before:
        pytest.fail("A context of Flask was pushed and not popped.", pytrace=False)


def _posted_values() -> set[str]:
    """Return the numbers, digits, texts, ids and URLs of the samples."""
    values = {
        getattr(sample.expected, field.name)
        for sample in SAMPLES.values()
        for field in dataclasses.fields(sample.expected)
        if field.name != "fields"
    }
    # 1000 is the limit of the commands of an answer, too.
    return {value for value in values if type(value) is str} - {"", "1000"}


_SECRET: t.Final = re.compile(
    rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(_posted_values())))})(?!\w)"
    # A token, and the path of a URL that was given out.
    r"|[\w-]{40}|forged|/phone\b"
)


def _texts(record: logging.LogRecord) -> Iterator[str]:
    """Yield the message of a record and those of the exceptions that it holds."""
    yield record.getMessage()
    error = record.exc_info[1] if record.exc_info else None
    while error:
        yield str(error)
        error = error.__cause__ or error.__context__


@pytest.fixture(autouse=True)
def _no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test when a posted value, a token or a path reaches a log at any level."""
    caplog.set_level(1, logger="flask_ozml")
    yield
    for record in caplog.get_records("call"):
        # Below a warning, servers and clients log each request.
        if record.name == "flask_ozml" or record.levelno >= logging.WARNING:
            for text in _texts(record):
                assert not _SECRET.search(text), text


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the clock that tokens are made and checked by, in seconds since 1970."""

    def set_to(now: float) -> None:
        clock = types.SimpleNamespace(time=lambda: now)
        monkeypatch.setattr("flask_ozml.blueprint.tokens.time", clock)

    return set_to
