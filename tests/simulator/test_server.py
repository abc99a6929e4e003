"""Serving the HTTP API of a simulated phone system."""

import contextlib
import http.client
import io
import threading
import typing as t
from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from flask_ozml.simulator import server
from simulator_pages import Pages


@Request.application
def application(request: Request) -> Response:
    return Response("reached")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:7780", 200),
        ("127.0.0.1:7780", 200),
        ("192.168.1.5", 200),
        ("[::1]:7780", 200),
        ("pbx.example", 200),
        ("PBX.example:7780", 200),
        (None, 200),
        ("evil.example", 400),
        ("evil.example:7780", 400),
        ("localhost.evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("localhost@evil.example", 400),
        ("[evil", 400),
    ],
)
def test_a_foreign_host_header_is_refused(host: str | None, status: int) -> None:
    client = Client(server.local_only(application, "Pbx.Example"))
    environ = {} if host is None else {"HTTP_HOST": host}
    reply = client.get("/", environ_overrides=environ)
    assert reply.status_code == status
    assert (reply.text == "reached") == (status == 200)


def test_the_development_server_refuses_a_foreign_host_header() -> None:
    pages, started, statuses = Pages(), list[str](), list[int]()

    def ask() -> None:
        for host in ("localhost", "evil.example"):
            connection = http.client.HTTPConnection(urlsplit(started[0]).netloc)
            with contextlib.closing(connection):
                connection.request("GET", "/?command=Hold", headers={"Host": host})
                statuses.append(connection.getresponse().status)

    server.serve(pages.system, io.StringIO(), port=0, started=started.append, wait=ask)
    assert statuses == [200, 400]
    assert [request.title for request in pages.system.sessions] == ["Request Hold"]


def test_serving_leaves_no_thread_and_no_socket() -> None:
    before = set(threading.enumerate())
    with server.served(t.cast(t.Any, application)) as url:
        port = int(url.rpartition(":")[2].strip("/"))
        assert len(set(threading.enumerate()) - before) == 1
    assert not set(threading.enumerate()) - before
    with server.served(t.cast(t.Any, application), port=port):
        pass
