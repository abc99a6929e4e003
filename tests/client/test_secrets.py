"""The password is in no exception, log record or repr."""

import html
import logging
import traceback

import pytest

from client.fake_server import FakeServer
from client.fake_server import http_reply
from flask_ozml.client import CallNotFound
from flask_ozml.client import PhoneSystemClient
from flask_ozml.client import PhoneSystemError
from flask_ozml.errors import OzMLError

PASSWORD = "pass wörd&<7>"


def reply(code: int, message: str) -> bytes:
    text = html.escape(message)
    return f"<Response><Code>{code}</Code><Message>{text}</Message></Response>".encode()


def all_texts(error: BaseException, *, capture_locals: bool) -> str:
    """Return what an error tracker would keep of an exception."""
    texts: list[str] = []
    chain: BaseException | None = error
    while chain:
        texts += traceback.TracebackException.from_exception(
            chain, capture_locals=capture_locals
        ).format()
        texts += [repr(chain), repr(vars(chain))]
        chain = chain.__cause__ or chain.__context__
    return "\n".join(texts)


def check_no_leak(
    url: str, caplog: pytest.LogCaptureFixture, *, capture_locals: bool
) -> None:
    client = PhoneSystemClient(url, username="user1000", password=PASSWORD)
    with caplog.at_level(logging.DEBUG), pytest.raises(OzMLError) as caught:
        client.hold("XzeOK")
    texts = all_texts(caught.value, capture_locals=capture_locals)
    texts += repr(client) + caplog.text + repr(list(map(vars, caplog.records)))
    for part in ("wörd", "w%c3", r"w\xc3", r"w\xf6"):
        assert part not in texts.lower()


LEAKS = {
    "refused": http_reply(reply(305, "Authentication failed")),
    "not XML": http_reply(b"It works!"),
    "500": http_reply(b"", b"500 Oops"),
    "closed": b"",
    "cut off": b"HTTP/1.1 200 OK\r\nContent-Length: 217\r\n\r\n<Response>",
}


@pytest.mark.parametrize("raw", LEAKS.values(), ids=LEAKS.keys())
def test_a_failure_does_not_tell_the_password(
    server: FakeServer, caplog: pytest.LogCaptureFixture, raw: bytes
) -> None:
    server.send(raw)
    check_no_leak(server.url, caplog, capture_locals=True)


def test_a_server_that_is_not_there_does_not_tell_the_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    check_no_leak("http://127.0.0.1:1/", caplog, capture_locals=True)


@pytest.mark.parametrize("body", [f"{PASSWORD}", f"<{PASSWORD}/>"])
def test_a_document_that_repeats_the_password_is_not_quoted(
    server: FakeServer, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    server.reply_with(body.encode())
    check_no_leak(server.url, caplog, capture_locals=False)


ECHOES = [
    ("pass wörd&<7>", "pass wörd&<7>"),
    ("pass wörd&<7>", "PASS+W%C3%B6RD%26%3C7%3E"),
    ("pass wörd&<7>", "pass+w%c3%b6rd%26%3c7%3e"),
    ("pass wörd&<7>", "pass%20w%C3%B6rd%26%3C7%3E"),
    ("pass wörd&<7>", "pass wörd&amp;&lt;7&gt;"),
    ("pass'word", "pass'word"),
    ("pass'word<", "pass'word&lt;"),
    ("pass'word<", "pass&#x27;word&lt;"),
    ("a b/c", "a%20b/c"),
    ("a b/c", "a%20b%2Fc"),
    ("a b/c", "a+b%2Fc"),
    # What a regular expression would read as an operator.
    ("(p[a.s*s+w$", "(p[a.s*s+w$"),
    # The shorter form is the beginning of the longer one.
    ("50%", "50%25"),
]


@pytest.mark.parametrize(("password", "echo"), ECHOES)
def test_a_password_that_is_repeated_is_blanked_out(
    server: FakeServer, password: str, echo: str
) -> None:
    server.reply_with(reply(302, f"Invalid '{echo}' for 'Hold'"))
    with pytest.raises(PhoneSystemError) as caught:
        PhoneSystemClient(server.url, username="u", password=password).hold("x")
    assert caught.value.message == "Invalid '***' for 'Hold'"


def test_a_password_is_not_read_as_a_regular_expression(
    server: FakeServer,
) -> None:
    server.reply_with(reply(302, "Invalid 'pass' and 'p.ss'"))
    with pytest.raises(PhoneSystemError) as caught:
        PhoneSystemClient(server.url, username="u", password="p.ss").hold("x")
    assert caught.value.message == "Invalid 'pass' and '***'"


def test_an_empty_password_blanks_out_nothing(server: FakeServer) -> None:
    server.reply_with(reply(601, "Call not found"))
    with pytest.raises(CallNotFound, match=r"Call not found$"):
        PhoneSystemClient(server.url, username="", password="").hold("x")
    assert server.bodies == ["command=Hold&CallId=x&Username=&Password="]
