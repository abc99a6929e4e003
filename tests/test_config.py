import datetime
import ipaddress
import re
import threading
import typing as t
import warnings
from collections.abc import Callable
from collections.abc import Mapping

import pytest
from flask import Flask

from flask_ozml import ConfigurationError
from flask_ozml import OzML
from flask_ozml.config import read_settings
from flask_ozml.config import url_rules
from flask_ozml.notifications import KINDS

SECRET = "4711-0815"

CONFIG = {"SECRET_KEY": "key", "OZML_PUBLIC_URL": "http://yourapp.com"}


def make_app(config: Mapping[str, object]) -> tuple[Flask, OzML]:
    app, phone = Flask(__name__), OzML("phone", __name__)
    app.config.update(CONFIG, **config)
    app.register_blueprint(phone, url_prefix="/phone")
    return app, phone


def post(app: Flask, path: str = "/phone/goto", address: str = "10.0.0.1") -> int:
    return (
        app.test_client()
        .post(
            path,
            data="NotificationName=GoTo",
            content_type="application/x-www-form-urlencoded",
            environ_base={"REMOTE_ADDR": address},
        )
        .status_code
    )


# Functions, for some values can be read only once.
WRONG: dict[str, list[Callable[[], object]]] = {
    "SECRET_KEY": [
        lambda: 47110815,
        lambda: [SECRET],
        lambda: {SECRET: SECRET},
        lambda: bytearray(SECRET.encode()),
        lambda: True,
    ],
    "SECRET_KEY_FALLBACKS": [
        lambda: SECRET,
        lambda: SECRET.encode(),
        lambda: 47110815,
        lambda: [47110815],
        lambda: [SECRET, None],
        lambda: [SECRET, ""],
        lambda: [[SECRET]],
        lambda: {SECRET: SECRET},
        lambda: True,
    ],
    "OZML_PUBLIC_URL": [
        lambda: "",
        lambda: "yourapp.com",
        lambda: "//yourapp.com",
        lambda: "/phone",
        lambda: "ftp://yourapp.com",
        lambda: "http://",
        lambda: "http:///phone",
        lambda: "http://yourapp.com/?a=1",
        lambda: "http://yourapp.com?",
        lambda: "http://yourapp.com/#a",
        lambda: "http://yourapp.com/a b",
        lambda: "http://yourapp.com\n",
        lambda: b"http://yourapp.com",
        lambda: 5,
        lambda: True,
        lambda: ["http://yourapp.com"],
    ],
    "OZML_REQUIRE_TOKEN": [
        lambda: None,
        lambda: 0,
        lambda: 1,
        lambda: "",
        lambda: "False",
        lambda: [],
    ],
    "OZML_ALLOWED_NETWORKS": [
        lambda: "10.0.0.1",
        lambda: b"10.0.0.1",
        lambda: 5,
        lambda: True,
        lambda: {"10.0.0.1": "phone system"},
        lambda: [""],
        lambda: ["localhost"],
        lambda: ["10.0.0.1/24"],
        lambda: ["10.0.0.0/33"],
        lambda: ["10.0.0"],
        lambda: ["10.0.0.1", "10.0.0.256"],
        lambda: ["10.0.0.1:80"],
        lambda: ["[::1]"],
        lambda: [None],
        lambda: [["10.0.0.1"]],
        lambda: [()],
        lambda: [("10.0.0.0", None)],
        lambda: [("10.0.0.0", [])],
    ],
    "OZML_TOKEN_MAX_AGE": [
        lambda: None,
        lambda: 0,
        lambda: -1,
        lambda: -0.5,
        lambda: float("nan"),
        lambda: True,
        lambda: "604800",
        lambda: 1j,
        lambda: datetime.timedelta(0),
        lambda: datetime.timedelta(seconds=-1),
        lambda: datetime.time(1),
    ],
    "OZML_MAX_CONTENT_LENGTH": [
        lambda: None,
        lambda: 0,
        lambda: -1,
        lambda: True,
        lambda: 1024.0,
        lambda: float("inf"),
        lambda: "1024",
        lambda: "256 KiB",
    ],
    "OZML_FALLBACK_CHARSET": [
        lambda: None,
        lambda: "",
        lambda: "no such encoding",
        lambda: "utf-16",
        lambda: "utf-32",
        lambda: "utf-7",
        lambda: "cp037",
        lambda: "rot13",
        lambda: "base64",
        lambda: "zlib",
        lambda: "punycode",
        lambda: "idna",
        lambda: "undefined",
        lambda: "cp1252\0",
        lambda: b"cp1252",
        lambda: 1252,
        lambda: ["cp1252"],
    ],
    "OZML_ALLOWED_DESTINATIONS": [
        lambda: "[0-9]+",
        lambda: re.compile("[0-9]+"),
        lambda: 5,
        lambda: {"[0-9]+": "all"},
        lambda: ["("],
        lambda: ["[0-9]+", "*"],
        lambda: [b"[0-9]+"],
        lambda: [re.compile(b"[0-9]+")],
        lambda: [5],
        lambda: [None],
        lambda: [["[0-9]+"]],
        lambda: ["[0-9]{1,99999999999}"],
        lambda: ["(" * 5_000 + ")" * 5_000],
    ],
}
for own in ("SECRET_KEY", "SECRET_KEY_FALLBACKS"):
    WRONG[f"OZML_{own}"] = WRONG[own]

ROWS = [(key, value) for key, values in WRONG.items() for value in values]


def test_every_key_has_wrong_values() -> None:
    assert read_settings({})
    assert {key for key in WRONG if key.startswith("OZML_")} == {
        "OZML_PUBLIC_URL",
        "OZML_SECRET_KEY",
        "OZML_SECRET_KEY_FALLBACKS",
        "OZML_REQUIRE_TOKEN",
        "OZML_ALLOWED_NETWORKS",
        "OZML_TOKEN_MAX_AGE",
        "OZML_MAX_CONTENT_LENGTH",
        "OZML_FALLBACK_CHARSET",
        "OZML_ALLOWED_DESTINATIONS",
    }


def refused(key: str, error: BaseException) -> None:
    """Check that the error names this key first, and tells no secret."""
    assert re.match(rf"{key}:? ", str(error))
    cause: BaseException | None = error
    while cause is not None:
        assert "4711" not in f"{cause!r} {cause}"
        cause = cause.__cause__ or cause.__context__


@pytest.mark.parametrize("key, value", ROWS)
def test_a_wrong_value_is_refused_at_registration(
    key: str, value: Callable[[], object]
) -> None:
    app = Flask(__name__)
    app.config.update(CONFIG)
    app.config[key] = value()
    with pytest.raises(ConfigurationError) as caught:
        app.register_blueprint(OzML("phone", __name__))
    refused(key, caught.value)


@pytest.mark.parametrize("key, value", ROWS)
def test_a_wrong_value_is_refused_later(
    key: str, value: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    app, phone = make_app({"OZML_REQUIRE_TOKEN": True})
    if app.config[key := key] == (wrong := value()):
        pytest.skip("1 is True: nothing has changed.")
    before = app.config.get(key)
    with app.app_context():
        url = phone.urls()["goto"]
        assert post(app, url) == 200
        app.config[key] = wrong
        with pytest.raises(ConfigurationError) as caught:
            phone.urls()
        refused(key, caught.value)
    app.config[key] = value()
    caplog.clear()
    assert post(app, url) == 403
    assert key in caplog.text
    assert "4711" not in caplog.text
    app.config[key] = before
