"""The configuration keys: what they may be, and when they are read."""

import datetime
import ipaddress
import re
import threading
import typing as t
from collections.abc import Callable
from collections.abc import Mapping

import pytest
from flask import Flask

from apps import FORM
from apps import make_app as app_of
from apps import post as post_to
from apps import PUBLIC_URL
from apps import urls_of
from apps import with_token
from apps import without_token
from flask_ozml import ConfigurationError
from flask_ozml import OzML
from flask_ozml.blueprint.config import read_settings
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import KINDS
from tables import CONFIG_KEYS

SECRET = "4711-0815"


def make_app(config: Mapping[str, t.Any]) -> Flask:
    return app_of(OzML("phone", __name__), **config)


def post(app: Flask, url: str = "/phone/goto", address: str = "10.0.0.1") -> int:
    body = b"NotificationName=GoTo"
    return post_to(app, url, body, REMOTE_ADDR=address).status_code


# Functions, because some values can be read only once.
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
        lambda: "/site",
        lambda: "ftp://yourapp.com",
        lambda: "http://",
        lambda: "http:///site",
        lambda: "http://yourapp.com/?a=1",
        lambda: "http://yourapp.com?",
        lambda: "http://yourapp.com/#a",
        lambda: "http://yourapp.com/a b",
        lambda: "http://yourapp.com\n",
        lambda: b"http://yourapp.com",
        lambda: 5,
        lambda: True,
        lambda: ["http://yourapp.com"],
        lambda: "http://[::1",
    ],
    "OZML_REQUIRE_TOKEN": [
        lambda: None,
        lambda: 0,
        lambda: 1,
        lambda: "",
        lambda: "False",
        lambda: ["True"],
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
    assert {key for key in WRONG if key.startswith("OZML_")} == CONFIG_KEYS


def assert_names(key: str, error: BaseException) -> None:
    """Check that an error starts with the key and holds no secret."""
    assert re.match(rf"{key}:? ", str(error))
    cause: BaseException | None = error
    while cause is not None:
        assert "4711" not in f"{cause!r} {cause}"
        cause = cause.__cause__ or cause.__context__


NOT_COPIABLE: t.Final = (lambda: (char for char in "ab"), threading.Lock)


@pytest.mark.parametrize(
    "key, value", [*ROWS, *((key, value) for key in WRONG for value in NOT_COPIABLE)]
)
def test_a_wrong_value_is_refused_at_registration(
    key: str, value: Callable[[], object]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_app({key: value()})
    assert_names(key, caught.value)


# Flask's own sessions fail with a wrong SECRET_KEY; and 1 equals the default, True, so
# that nothing has changed.
LATER = [row for row in ROWS if row[0].startswith("OZML_") and row[1]() != 1]


@pytest.mark.parametrize("key, value", LATER)
def test_a_wrong_value_is_refused_when_the_key_has_changed(
    key: str, value: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app({})
    url = urls_of(app)["goto"]
    before = app.config.copy()
    app.config[key] = value()
    with pytest.raises(ConfigurationError) as caught:
        urls_of(app)
    assert_names(key, caught.value)
    caplog.clear()
    assert post(app, url) == 403
    assert key in caplog.text
    assert "4711" not in caplog.text
    app.config.clear()
    app.config.update(before)
    assert post(app, url) == 200


RIGHT: dict[str, list[tuple[t.Any, object]]] = {
    "public_url": [
        (None, None),
        ("http://yourapp.com", "http://yourapp.com"),
        ("http://yourapp.com/", "http://yourapp.com"),
        ("https://yourapp.com:8443/a/b/", "https://yourapp.com:8443/a/b"),
        ("http://[::1]:5000", "http://[::1]:5000"),
    ],
    "require_token": [(True, True)],
    "allowed_networks": [
        (None, None),
        ([], ()),
        (["10.0.0.1"], (ipaddress.ip_network("10.0.0.1/32"),)),
        (("10.0.0.0/8",), (ipaddress.ip_network("10.0.0.0/8"),)),
        ({"::1"}, (ipaddress.ip_network("::1/128"),)),
        (frozenset(["fd00::/8"]), (ipaddress.ip_network("fd00::/8"),)),
        (
            ["192.168.1.0/255.255.255.0", "::1"],
            (ipaddress.ip_network("192.168.1.0/24"), ipaddress.ip_network("::1/128")),
        ),
        (
            [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_network("10.0.0.0/8")],
            (ipaddress.ip_network("10.0.0.1/32"), ipaddress.ip_network("10.0.0.0/8")),
        ),
    ],
    "token_max_age": [
        (datetime.timedelta(days=7), 604_800.0),
        (datetime.timedelta(seconds=0.5), 0.5),
        (60, 60),
        (0.5, 0.5),
    ],
    "max_content_length": [(1, 1), (10**12, 10**12)],
    "fallback_charset": [
        ("cp1252", "cp1252"),
        ("latin-1", "latin-1"),
        ("ISO-8859-2", "ISO-8859-2"),
        ("cp1250", "cp1250"),
        ("utf-8", "utf-8"),
        ("ascii", "ascii"),
        ("gb18030", "gb18030"),
    ],
    "allowed_destinations": [
        (None, None),
        ([], ()),
        (["[0-9]+"], (re.compile("[0-9]+"),)),
        (("a", "b"), (re.compile("a"), re.compile("b"))),
        ({"a"}, (re.compile("a"),)),
        ([re.compile("a", re.I), "b"], (re.compile("a", re.I), re.compile("b"))),
    ],
}


@pytest.mark.parametrize(
    "setting, value, read",
    [(setting, *row) for setting, rows in RIGHT.items() for row in rows],
)
def test_a_right_value_is_read_now_and_later(
    setting: str, value: object, read: object
) -> None:
    key = f"OZML_{setting.upper()}"
    assert getattr(read_settings({key: value}), setting) == read
    app, later = make_app({key: value}), make_app({})
    later.config[key] = value
    for one in (app, later):
        one.config["OZML_PUBLIC_URL"] = PUBLIC_URL
        assert urls_of(one)


def test_the_defaults() -> None:
    settings = read_settings({})
    assert settings.keys == ()
    assert settings.public_url is None
    assert settings.require_token is True
    assert settings.allowed_networks is None
    assert settings.token_max_age == 7 * 24 * 60 * 60
    assert settings.max_content_length == 262_144
    assert settings.fallback_charset == "cp1252"
    assert settings.allowed_destinations is None


@pytest.mark.parametrize(
    "config, keys",
    [
        ({}, ()),
        ({"SECRET_KEY": None}, ()),
        ({"SECRET_KEY": ""}, ()),
        ({"SECRET_KEY": b""}, ()),
        ({"SECRET_KEY_FALLBACKS": ["old"]}, ()),
        ({"OZML_SECRET_KEY_FALLBACKS": ["old"]}, ()),
        ({"SECRET_KEY": "a"}, ("a",)),
        ({"SECRET_KEY": b"a"}, (b"a",)),
        ({"SECRET_KEY": "a", "SECRET_KEY_FALLBACKS": None}, ("a",)),
        ({"SECRET_KEY": "a", "SECRET_KEY_FALLBACKS": []}, ("a",)),
        ({"SECRET_KEY": "a", "SECRET_KEY_FALLBACKS": ["b", b"c"]}, ("a", "b", b"c")),
        ({"SECRET_KEY": "a", "SECRET_KEY_FALLBACKS": ("b",)}, ("a", "b")),
        ({"SECRET_KEY": "a", "OZML_SECRET_KEY_FALLBACKS": ["b"]}, ("a",)),
        ({"OZML_SECRET_KEY": "o"}, ("o",)),
        ({"OZML_SECRET_KEY": "o", "SECRET_KEY": "a"}, ("o",)),
        ({"OZML_SECRET_KEY": None, "SECRET_KEY": "a"}, ("a",)),
        (
            {
                "OZML_SECRET_KEY": "o",
                "OZML_SECRET_KEY_FALLBACKS": ["p", "q"],
                "SECRET_KEY": "a",
                "SECRET_KEY_FALLBACKS": ["b"],
            },
            ("o", "p", "q"),
        ),
        (
            {
                "OZML_SECRET_KEY_FALLBACKS": ["p"],
                "SECRET_KEY": "a",
                "SECRET_KEY_FALLBACKS": ["b"],
            },
            ("a", "b"),
        ),
        (
            {
                "OZML_SECRET_KEY": "o",
                "SECRET_KEY": "a",
                "SECRET_KEY_FALLBACKS": ["b"],
            },
            ("o",),
        ),
    ],
)
def test_the_keys_that_sign_and_are_accepted(
    config: dict[str, object], keys: tuple[str | bytes, ...]
) -> None:
    assert read_settings(config).keys == keys


def test_a_default_that_the_site_sets_after_registration_holds() -> None:
    app = make_app({})
    path = urls_of(app)["goto"]
    assert post(app, path) == 200
    app.config.setdefault("OZML_ALLOWED_NETWORKS", ["10.1.0.0/16"])
    assert post(app, path) == 403
    assert post(app, path, "10.1.0.1") == 200


def test_a_key_that_was_removed_has_its_default_again() -> None:
    app = make_app(
        {"OZML_REQUIRE_TOKEN": False, "OZML_ALLOWED_NETWORKS": ["10.0.0.0/8"]}
    )
    assert post(app) == 200
    del app.config["OZML_REQUIRE_TOKEN"]
    assert post(app) == 403


def test_settings_do_not_show_the_keys() -> None:
    settings = read_settings({"SECRET_KEY": SECRET, "SECRET_KEY_FALLBACKS": [SECRET]})
    assert SECRET not in repr(settings)


@pytest.mark.parametrize("networks", [[], ["10.0.0.1"]])
def test_without_tokens_there_must_be_networks(networks: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="OZML_ALLOWED_NETWORKS"):
        make_app({"OZML_REQUIRE_TOKEN": False})
    app = make_app({"OZML_REQUIRE_TOKEN": False, "OZML_ALLOWED_NETWORKS": networks})
    assert post(app) == (200 if networks else 403)
    app.config["OZML_ALLOWED_NETWORKS"] = None
    assert post(app) == 403


def test_a_list_that_changed_in_place_is_read_again() -> None:
    networks = ["10.0.0.1"]
    app = make_app({"OZML_ALLOWED_NETWORKS": networks})
    url = urls_of(app)["goto"]
    assert post(app, url) == 200
    networks[0] = "10.0.0.2"
    assert post(app, url) == 403
    networks.append("10.0.0.0/24")
    assert post(app, url) == 200
    networks.append("no network")
    assert post(app, url) == 403
    networks.pop()
    assert post(app, url) == 200


def test_keys_that_changed_are_used_at_once() -> None:
    fallbacks: list[str] = []
    app = make_app({"OZML_SECRET_KEY": "a"})
    first = urls_of(app)["goto"]
    app.config.update(OZML_SECRET_KEY="b", OZML_SECRET_KEY_FALLBACKS=fallbacks)
    second = urls_of(app)["goto"]
    assert first != second
    assert (post(app, first), post(app, second)) == (403, 200)
    fallbacks.append("a")
    assert (post(app, first), post(app, second)) == (200, 200)
    fallbacks.clear()
    assert (post(app, first), post(app, second)) == (403, 200)


def test_with_a_key_of_its_own_another_secret_key_changes_no_url() -> None:
    app = make_app({"OZML_SECRET_KEY": "a"})
    url = urls_of(app)["goto"]
    app.config["SECRET_KEY"] = "another"
    assert post(app, url) == 200


@pytest.mark.parametrize("mode", ["DEBUG", "TESTING"])
def test_debug_and_testing_switch_nothing_off(mode: str) -> None:
    app = make_app({mode: True})
    assert post(app) == 403
    assert post(app, with_token(urls_of(app)["goto"], "forged")) == 403
    with pytest.raises(ConfigurationError):
        make_app({mode: True, "OZML_REQUIRE_TOKEN": False})


def test_text_that_is_not_utf_8_is_read_with_the_fallback_charset() -> None:
    phone, messages = OzML("phone", __name__), []

    @phone.incoming_sms
    def keep(sms: IncomingSMS) -> None:
        messages.append(sms.message)

    app = app_of(phone, OZML_FALLBACK_CHARSET="iso-8859-2")
    body = b"NotificationName=IncomingSMS&Message=%E1rv%EDzt\xfbr%F5"
    for charset in ("utf-8", "iso-8859-1", "unknown"):
        content_type = f"{FORM}; charset={charset}"
        post_to(app, urls_of(app)["incoming_sms"], body, CONTENT_TYPE=content_type)
    assert messages == ["\xe1rv\xedzt\u0171r\u0151"] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_each_url_rule_is_the_kind_unless_it_is_set_or_left_out(kind: str) -> None:
    key = f"OZML_{kind.upper()}_URL"
    app = make_app({key: "/elsewhere"})
    urls = urls_of(app)
    assert without_token(urls.pop(kind)) == f"{PUBLIC_URL}/phone/elsewhere"
    for other, url in urls.items():
        assert without_token(url) == f"{PUBLIC_URL}/phone/{other}"
    assert post(app, f"/phone/{kind}") == 404
    app = make_app({key: None})
    assert urls_of(app).keys() == KINDS.keys() - {kind}
    assert post(app, f"/phone/{kind}") == 404


def test_url_rules_are_read_at_registration_only() -> None:
    app = make_app({"OZML_GOTO_URL": "/a"})
    app.config["OZML_GOTO_URL"] = 5
    assert post(app, urls_of(app)["goto"]) == 200


@pytest.mark.parametrize(
    "rule",
    [
        "/",
        "/ozml/goto.php",
        "/a/",
        "/a//b",
        "/\xe9",
        "/a b",
        "/X",
        "/<int:line>",
        "/<int:line>/X",
    ],
)
def test_a_right_rule_leads_to_the_view(rule: str) -> None:
    app = make_app({"OZML_GOTO_URL": rule})
    assert post(app, urls_of(app, line=1)["goto"]) == 200
    path = rule.replace("<int:line>", "1")
    assert post(app, f"/phone{path}") == 403


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_rule_is_named(kind: str) -> None:
    key = f"OZML_{kind.upper()}_URL"
    with pytest.raises(ConfigurationError, match=f"^{key} .*'no slash'"):
        make_app({key: "no slash"})


@pytest.mark.parametrize(
    "rule",
    ["", "goto", "http://yourapp.com/goto", 5, True, b"/goto", ["/goto"]]
    + ["/<", "/<line", "/<no_such_converter:line>", "/<line>/<line>"]
    + ["/<1>", "/a?b", "/a#b"],
)
def test_a_wrong_rule_is_refused(rule: object) -> None:
    with pytest.raises(ConfigurationError, match="^OZML_GOTO_URL"):
        make_app({"OZML_GOTO_URL": rule})


def test_a_wrong_prefix_is_named() -> None:
    words = "below the url_prefix 'tel' is not a URL rule: .* start with a slash[.]$"
    with pytest.raises(ConfigurationError, match=words):
        Flask(__name__).register_blueprint(OzML("phone", __name__), url_prefix="tel")


@pytest.mark.parametrize(
    "config",
    [
        {"OZML_GOTO_URL": "/error"},
        {"OZML_ERROR_URL": "/goto"},
        {"OZML_GOTO_URL": "/a", "OZML_ERROR_URL": "/a"},
        # strict_slashes is off, so a slash at the end makes no difference.
        {"OZML_GOTO_URL": "/a/", "OZML_ERROR_URL": "/a"},
        {"OZML_GOTO_URL": "/error/"},
    ],
)
def test_two_kinds_cannot_share_a_rule(config: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="^OZML_(GOTO|ERROR)_URL"):
        make_app(config)


def test_kinds_may_swap_their_rules() -> None:
    urls = urls_of(make_app({"OZML_GOTO_URL": "/error", "OZML_ERROR_URL": "/goto"}))
    assert without_token(urls["goto"]) == f"{PUBLIC_URL}/phone/error"


@pytest.mark.parametrize(
    "url",
    ["http://a..b", f"http://{'a' * 64}.example", "http://a:99999", "http://a/\ud800"],
)
def test_a_public_url_that_has_no_ascii_form_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Set OZML_PUBLIC_URL, for example"):
        read_settings({"OZML_PUBLIC_URL": url})


@pytest.mark.parametrize(
    "url",
    ["http://user:4711@a.example", "https://4711@a.example/b", "user:4711@a.example"]
    + ["http:/user:4711@a.example", "http:///user:4711@a", "//user:4711@a?b#c"],
)
def test_a_user_or_password_in_the_public_url_is_refused_and_not_shown(
    url: str,
) -> None:
    with pytest.raises(ConfigurationError, match="user name or password") as caught:
        make_app({"OZML_PUBLIC_URL": url})
    assert_names("OZML_PUBLIC_URL", caught.value)


def test_an_at_sign_in_the_path_of_the_public_url_is_no_user() -> None:
    assert read_settings({"OZML_PUBLIC_URL": "http://a/@b"}).public_url == "http://a/@b"


CLIENT_KEYS: t.Final = {
    f"OZML_PHONE_SYSTEM_{name}"
    for name in ("URL", "USERNAME", "PASSWORD", "TIMEOUT", "CA")
}
KNOWN: t.Final = sorted(
    CONFIG_KEYS | CLIENT_KEYS | {f"OZML_{kind.upper()}_URL" for kind in KINDS}
)


@pytest.mark.parametrize("key", KNOWN)
def test_an_unknown_key_is_refused_and_the_nearest_known_one_is_named(key: str) -> None:
    make_app(dict.fromkeys(CLIENT_KEYS, "a"))
    swapped = f"{key[:-2]}{key[-1]}{key[-2]}"
    for misspelt in (key[:-1], f"{key}S", f"{key}_", f"{key[:6]}{key[7:]}", swapped):
        with pytest.raises(ConfigurationError) as caught:
            make_app({misspelt: "4711"})
        assert str(caught.value) == (
            f"{misspelt} is not a configuration key of Flask-OzML. Did you mean {key}?"
        )


@pytest.mark.parametrize(
    "key", ["OZML_", "OZML_ALLOW_DESTINATIONS", "OZML_X", "OZML__"]
)
def test_a_key_that_resembles_none_is_refused_too(key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{key} is not .* mean OZML_[A-Z_]+"):
        make_app({key: None})


def test_the_keys_of_others_are_left_alone() -> None:
    assert make_app({"OZML": 1, "MY_OZML_X": 1, "ozml_x": 1, "OZMLX": 1})


@pytest.mark.parametrize("key", ["SECRET_KEY", "OZML_SECRET_KEY"])
def test_a_key_that_utf_8_cannot_hold_is_refused(key: str) -> None:
    # os.environ gives such a str for bytes that are not UTF-8.
    for config in (
        {key: "secret\udcff"},
        {key: "k", f"{key}_FALLBACKS": ["secret\udcff"]},
    ):
        with pytest.raises(ConfigurationError, match="UTF-8 can hold") as caught:
            read_settings(config)
        assert "secret" not in str(caught.value)
