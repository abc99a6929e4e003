"""What every test needs."""

import os
import typing as t

import pytest
from flask import has_app_context
from flask import has_request_context
from hypothesis import settings

# A busy machine is no failure, and a gate gives the same answer twice.
settings.register_profile("flask_ozml", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("flask_ozml")


@pytest.fixture(autouse=True)
def _no_context_left() -> t.Iterator[None]:
    """Fail a test that leaves a context of Flask pushed: the next one would find it."""
    before = has_app_context(), has_request_context()
    yield
    if (has_app_context(), has_request_context()) != before:
        pytest.fail("A context of Flask was pushed and not popped.", pytrace=False)
