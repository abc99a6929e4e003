"""Small Flask apps with OzML blueprints, and requests to them as servers make them.

Where a URL carries its token is known to the four functions about tokens only.
"""

import io
import re
import sys
import typing as t
from urllib.parse import quote
from urllib.parse import unquote_to_bytes

from flask import Flask
from flask import Request
from werkzeug.test import run_wsgi_app
from werkzeug.test import TestResponse

from flask_ozml import OzML

PUBLIC_URL: t.Final = "https://pbx.example"
FORM: t.Final = "application/x-www-form-urlencoded"


def make_app(*phones: OzML, prefix: str = "/phone", **config: t.Any) -> Flask:
    """Return an app with these blueprints below a prefix.

    :param config: configuration keys; SECRET_KEY and OZML_PUBLIC_URL have defaults.
    """
    app = Flask("site")
    app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL=PUBLIC_URL)
    app.config.update(config)
    for phone in phones:
        app.register_blueprint(phone, url_prefix=prefix)
    return app


def urls_of(app: Flask, name: str = "phone", **values: object) -> dict[str, str]:
    """Return the URLs to paste of the blueprint registered under a name."""
    with app.app_context():
        return t.cast(OzML, app.blueprints[name]).urls_as(name, **values)


def url_to(app: Flask, phone: OzML, view: t.Any, /, **state: t.Any) -> str:
    """Return a URL with state, as commands carry it."""
    with app.app_context():
        return phone.to(view, **state)


def without_token(url: str) -> str:
    return url.partition("?")[0]


def token_of(url: str) -> str:
    return url.rpartition("?token=")[2]


def with_token(url: str, token: str | bytes) -> str:
    """Return the URL with another token, escaped as far as URLs need it."""
    return f"{without_token(url)}?token={quote(token, safe='')}"


def with_slash(url: str) -> str:
    """Return the URL with a slash at the end of its path."""
    return url.replace("?", "/?")


def relative(url: str) -> str:
    """Return the path of a URL, and its query if it has one."""
    return re.sub("^https?://[^/]*", "", url)


class Stream:
    """The input of a request, as a server hands it over.

    :param piece: the number of bytes that one call of ``read`` returns at most.
    :param error: raised by ``read``.
    """

    def __init__(
        self,
        content: bytes,
        piece: int = sys.maxsize,
        error: BaseException | None = None,
    ) -> None:
        self.length = len(content)
        #: Whether anything was read.
        self.touched = False
        self._content = io.BytesIO(content)
        self._piece = piece
        self._error = error

    def read(self, size: int = -1) -> bytes:
        self.touched = True
        if self._error:
            raise self._error
        return self._content.read(size if size < 0 else min(size, self._piece))

    @property
    def given(self) -> int:
        """The number of bytes that were read."""
        return self._content.tell()


#: Changes of the environ for a body whose length is not announced.
CHUNKED: t.Final[dict[str, t.Any]] = {
    "HTTP_TRANSFER_ENCODING": "chunked",
    "wsgi.input_terminated": True,
    "CONTENT_LENGTH": None,
}


def post(
    app: t.Any, url: str, body: bytes | Stream = b"", **changes: t.Any
) -> TestResponse:
    """Post a body to a WSGI application as the phone system does.

    :param url: a URL that was given out, or a path with its query.
    :param changes: changes of the environ; None removes a key.
    """
    stream = body if isinstance(body, Stream) else Stream(body)
    match = re.fullmatch(r"(?:(https?)://([^/?]*))?([^?]*)\??(.*)", url, re.DOTALL)
    scheme, host, path, query = t.cast(re.Match[str], match).groups("")
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.encode().decode("latin-1"),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host or "localhost",
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": str(stream.length),
        "wsgi.url_scheme": scheme or "http",
        "wsgi.input": stream,
        "wsgi.errors": sys.stderr,
        **changes,
    }
    environ = {key: value for key, value in environ.items() if value is not None}
    answer = run_wsgi_app(app, environ, buffered=True)
    return TestResponse(*answer, request=Request(environ))


def document(commands: str = "") -> bytes:
    """Return the document of an answer, with its commands written by hand."""
    root = f"<Response>{commands}</Response>" if commands else "<Response/>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{root}'.encode()


def assert_answered(response: TestResponse, commands: str = "") -> None:
    assert (response.status_code, response.data) == (200, document(commands))
    assert response.content_type == "application/xml; charset=utf-8"
