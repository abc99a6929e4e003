from collections.abc import Iterator

import pytest

from client.fake_server import FakeServer
from client.fake_server import running
from flask_ozml.client import PhoneSystemClient


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with running() as found:
        yield found


@pytest.fixture(scope="module")
def shared_server() -> Iterator[FakeServer]:
    """A server for tests that ask it many times."""
    with running() as found:
        yield found


@pytest.fixture
def client(server: FakeServer) -> PhoneSystemClient:
    return PhoneSystemClient(server.url)
