"""Real servers, and requests as the phone system makes them."""

import collections
import json
import pathlib
import re
import typing as t
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl

import pytest

from apps import token_of
from apps import with_slash
from apps import with_token
from apps import without_token
from samples import Sample
from samples import SAMPLES
from servers import Answer
from servers import COMMANDS
from servers import next_path
from servers import press
from servers import receive
from servers import request
from servers import running
from servers import Server


@pytest.fixture(scope="module", params=COMMANDS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with running(request.param, tmp_path_factory.mktemp("server")) as started:
        yield started
    log = "".join(started.lines)
    assert "flask_ozml WARNING" in log
    assert not re.search(r"Traceback|\.php|3CiHe|14\*5#3|Hi John|[\w-]{40}", log), log
    if started.name == "waitress":  # it has no access log
        return
    assert started.count("Booting worker") == 2
    # Without an endpoint, nobody takes the token out of the request.
    lines = [line for line in started.access_log() if '" 404 ' not in line]
    for request_line in ('goto.php HTTP/1.0" 200 ', 'dtmf_entered.php HTTP/1.0" 403 '):
        assert any(f'"POST /ozml_example/{request_line}' in line for line in lines)
    assert not re.search(r"token|[\w-]{40}", "\n".join(lines))


@pytest.fixture(scope="module")
def paths(server: Server) -> dict[str, str]:
    return server.paths()


samples = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


@samples
@pytest.mark.parametrize("printed", [False, True], ids=["joined", "with line breaks"])
def test_each_sample_request_is_answered(
    server: Server, paths: dict[str, str], printed: bool, sample: Sample
) -> None:
    path = paths[sample.notification.kind]
    assert without_token(path) == sample.path
    answer = server.post(path, sample.printed if printed else sample.body)
    (posted,) = answer.commands
    fields = json.loads(posted.text or "")
    expected = dict(parse_qsl(sample.body.decode(), keep_blank_values=True))
    assert {name: value.strip() for name, value in fields.items()} == expected
    assert f"Content-Length: {len(answer.body)}".lower() in answer.headers.lower()


@samples
def test_a_request_that_comes_byte_by_byte_is_answered(
    server: Server, paths: dict[str, str], sample: Sample
) -> None:
    whole = request(paths[sample.notification.kind], sample.body)
    answer = server.send(*(bytes([byte]) for byte in whole))
    assert [command.tag for command in answer.commands] == ["Posted"]


DIGITS: t.Final = b"NotificationName=DtmfEntered&DtmfDigits=1234567890"
RING: t.Final = b"NotificationName=IncomingCall&ApiExtension=ivr"


def test_a_truncated_body_runs_no_view_and_loses_no_worker(
    server: Server, paths: dict[str, str]
) -> None:
    before = server.runs()
    path = paths["dtmf_entered"]
    for cut in range(1, 11):
        truncated = request(path, DIGITS[:-cut], len(DIGITS))
        answer = server.send(truncated, shut=True)
        assert answer.status in ((0, 400) if server.name == "waitress" else (400,))
        with server.connect() as connection:
            connection.sendall(truncated)
    if server.name != "waitress":
        server.wait_for("refused with 400: The body", 20)
    for _ in range(8):
        (posted,) = server.post(path, DIGITS).commands
        assert json.loads(posted.text or "")["DtmfDigits"] == "1234567890"
    assert len(server.runs()) == len(before) + 8


def chunked(path: str, *chunks: bytes) -> list[bytes]:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    parts = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
    return [head.encode(), *parts]


def test_a_chunked_body_is_answered(server: Server, paths: dict[str, str]) -> None:
    parts = chunked(
        paths["dtmf_entered"], *(DIGITS[i : i + 7] for i in range(0, 50, 7))
    )
    (posted,) = server.send(*parts, b"0\r\n\r\n").commands
    assert json.loads(posted.text or "")["DtmfDigits"] == "1234567890"


def test_a_truncated_chunked_body_runs_no_view(
    server: Server, paths: dict[str, str]
) -> None:
    before = server.runs()
    answer = server.send(*chunked(paths["dtmf_entered"], DIGITS), shut=True)
    assert answer.status in (0, 400)
    assert server.runs() == before


@pytest.mark.parametrize("length", [10_000, 30_000])
def test_a_chunked_body_above_the_limit_is_413(
    server: Server, paths: dict[str, str], length: int
) -> None:
    if server.name == "waitress":
        length += 1  # It counts the bytes and passes a Content-Length on.
    before = server.runs()
    body = DIGITS + b"&X=" + b"a" * (length - len(DIGITS) - 3)
    answer = server.send(*chunked(paths["dtmf_entered"], body), b"0\r\n\r\n")
    assert (answer.status, server.runs()) == (413, before)


def test_without_a_content_length_there_is_no_body(
    server: Server, paths: dict[str, str]
) -> None:
    before = server.runs()
    for version in ("1.0", "1.1"):
        head = f"POST {paths['dtmf_entered']} HTTP/{version}\r\nHost: localhost\r\n"
        answer = server.send(f"{head}Connection: close\r\n\r\n".encode(), shut=True)
        assert (answer.status, b"NotificationName" in answer.body) == (400, True)
    assert server.runs() == before


@pytest.mark.parametrize(
    "change, status",
    [
        (without_token, 403),
        (lambda path: with_token(path, f"{token_of(path)}A"), 403),
        (lambda path: with_token(path, f"{token_of(path)}\xe9"), 403),
        (lambda path: path.replace("/dtmf", "//dtmf"), 404),
        (with_slash, 200),
    ],
)
def test_a_changed_url_is_refused_and_never_redirected(
    server: Server, paths: dict[str, str], change: t.Any, status: int
) -> None:
    before = server.runs()
    answer = server.post(change(paths["dtmf_entered"]), DIGITS)
    assert answer.status == status
    assert len(server.runs()) == len(before) + (status == 200)


def test_many_calls_at_once_stay_apart(server: Server, paths: dict[str, str]) -> None:
    def call(number: int) -> None:
        body = f"NotificationName=IncomingCall&CallLegID=c{number}&Caller={number}"
        (posted,) = server.post(paths["incoming_call"], body.encode()).commands
        assert json.loads(posted.text or "") == dict(parse_qsl(body))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(call, range(100)))


def test_a_dialogue_goes_on_with_its_state(
    server: Server, paths: dict[str, str]
) -> None:
    def dial(pin: str) -> list[int]:
        answer = server.post(paths["incoming_call"], RING)
        for key in pin:
            answer = server.post(next_path(answer), press(key))
        spoken, hangup = answer.commands
        pids, keys = json.loads(spoken.text or "")
        assert (keys, len(pids), hangup.tag) == (pin, 5, "Hangup")
        return t.cast(list[int], pids)

    with ThreadPoolExecutor(8) as pool:
        pids = collections.Counter(
            pid
            for found in pool.map(dial, (f"{n:04}" for n in range(20)))
            for pid in found
        )
    assert len(pids) <= (1 if server.name == "waitress" else 2)


def test_two_workers_take_turns_at_the_steps_of_one_call(
    tmp_path: pathlib.Path,
) -> None:
    """Hold a connection: it keeps one sync worker busy, so that the other answers."""
    with running("sync", tmp_path) as server:
        paths = server.paths()
        answer = server.post(paths["incoming_call"], RING)
        with server.connect() as first:
            first.sendall(b"POST ")
            answer = server.post(next_path(answer), press("1"))
            with server.connect() as second:
                second.sendall(b"POST ")
                path = next_path(answer)
                first.sendall(request(path, press("2"))[5:])
                path = next_path(receive(first))
                answer = server.post(path, press("3"))
                second.sendall(request(next_path(answer), press("4"))[5:])
                spoken, _ = receive(second).commands
        pids, keys = json.loads(spoken.text or "")
        assert keys == "1234"
        _, one, two, three, four = pids
        assert one != two
        assert three != four


def test_a_killed_worker_ends_no_other_call(tmp_path: pathlib.Path) -> None:
    with running("sync", tmp_path) as server:
        paths = server.paths()
        answer = server.post(paths["incoming_call"], RING)
        for count, key in enumerate("1234", 1):
            died = server.post(paths["die"], SAMPLES["goto"].body)
            assert died == Answer(0, "", b"")
            server.wait_for("Booting worker", 2 + count)
            answer = server.post(next_path(answer), press(key))
        spoken, _ = answer.commands
        pids, keys = json.loads(spoken.text or "")
        assert keys == "1234"
        assert len(set(pids)) > 2
