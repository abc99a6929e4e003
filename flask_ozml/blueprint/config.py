"""The configuration keys, their defaults and their rules.

URL rules are read when a blueprint is registered, all other keys when they change.
"""

import copy
import dataclasses
import datetime
import difflib
import ipaddress
import re
import typing as t
from collections.abc import Callable
from collections.abc import Mapping

from werkzeug.urls import iri_to_uri

from ..commands import rules
from ..errors import ConfigurationError
from ..notifications import KINDS

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Key = str | bytes


class _Wrong(Exception):
    """A value breaks a rule; the message is the rule."""


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("must be True or False")
    return value


def _key(value: object) -> Key | None:
    if value is not None and not _is_key(value):
        raise _Wrong(
            "must be bytes, or a str that UTF-8 can hold (digits in an environment"
            " variable need double quotes of their own)"
        )
    return t.cast(Key, value) or None


def _keys(value: object) -> tuple[Key, ...]:
    if value is None:
        return ()
    keys = _items(value)
    if not all(_is_key(key) and key for key in keys):
        raise _Wrong("must be a list of bytes, or of str that UTF-8 can hold")
    return tuple(keys)


def _is_key(value: object) -> bool:
    if isinstance(value, str):
        try:
            value = value.encode()
        except UnicodeEncodeError:
            return False
    return isinstance(value, bytes)


def _items(value: object) -> list[t.Any]:
    if not isinstance(value, list | tuple | set | frozenset):
        raise _Wrong("must be a list")
    return list(value)


def _public_url(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and re.match("[^/?#]*/*[^/?#]*@", value):
        raise ConfigurationError(
            "OZML_PUBLIC_URL must not have a user name or password: they would be in"
            " every URL that is given out."
        )
    accepts = rules.rule_of(rules.Url).accepts
    if isinstance(value, str) and accepts(value) and not re.search("[?#]", value):
        return ascii_url(value.rstrip("/"))
    raise _Wrong("must be an absolute http or https URL without query and fragment")


def ascii_url(url: str) -> str:
    """Return a URL with its host in IDNA and its path percent-encoded.

    :raises ConfigurationError: if the host cannot be written in IDNA.
    """
    try:
        return iri_to_uri(url)
    except ValueError as error:
        raise ConfigurationError(
            f"{url!r} cannot be the base of URLs: {error}. Set OZML_PUBLIC_URL, for"
            " example to 'https://www.example.com'."
        ) from error


def _network(value: object) -> Network:
    # ip_network() would take an int for an address, and a tuple for one with a netmask.
    if isinstance(value, int | bytes | tuple):
        raise ValueError(f"{value!r} is not a str")
    network = ipaddress.ip_network(t.cast(str, value))
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    # The addresses of senders are unmapped too.
    return ipaddress.ip_network((mapped, network.prefixlen - 96)) if mapped else network


def _networks(value: object) -> tuple[Network, ...] | None:
    if value is None:
        return None
    try:
        return tuple(_network(item) for item in _items(value))
    except ValueError as error:
        raise _Wrong(
            f"must be a list of addresses and CIDR networks ({error})"
        ) from error


def _patterns(value: object) -> tuple[re.Pattern[str], ...] | None:
    if value is None:
        return None
    try:
        patterns = tuple(re.compile(item) for item in _items(value))
    except (re.error, TypeError, OverflowError, RecursionError, Warning) as error:
        raise _Wrong(f"must be a list of regular expressions ({error})") from error
    if not all(isinstance(pattern.pattern, str) for pattern in patterns):
        raise _Wrong("must be a list of regular expressions for str")
    return patterns


def _positive_seconds(value: object) -> float:
    if isinstance(value, datetime.timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise _Wrong("must be a timedelta, or seconds above 0")
    return value


def _positive_bytes(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise _Wrong("must be a number of bytes above 0")
    return value


def _charset(value: object) -> str:
    ascii_bytes = bytes(range(128))
    try:
        if ascii_bytes.decode(t.cast(str, value)) == ascii_bytes.decode("ascii"):
            bytes(range(256)).decode(t.cast(str, value), "replace")
            return t.cast(str, value)
    except (TypeError, LookupError, ValueError, Warning):
        pass
    raise _Wrong("must be the name of a text encoding that ASCII is a part of")


class _Row(t.NamedTuple):
    default: object
    read: Callable[[t.Any], t.Any]
    secret: bool = False


_ROWS: t.Final[Mapping[str, _Row]] = {
    "SECRET_KEY": _Row(None, _key, secret=True),
    "SECRET_KEY_FALLBACKS": _Row(None, _keys, secret=True),
    "OZML_SECRET_KEY": _Row(None, _key, secret=True),
    "OZML_SECRET_KEY_FALLBACKS": _Row(None, _keys, secret=True),
    "OZML_PUBLIC_URL": _Row(None, _public_url),
    "OZML_REQUIRE_TOKEN": _Row(True, _flag),
    "OZML_ALLOWED_NETWORKS": _Row(None, _networks),
    "OZML_TOKEN_MAX_AGE": _Row(datetime.timedelta(days=7), _positive_seconds),
    "OZML_MAX_CONTENT_LENGTH": _Row(256 * 1024, _positive_bytes),
    "OZML_FALLBACK_CHARSET": _Row("cp1252", _charset),
    "OZML_ALLOWED_DESTINATIONS": _Row(None, _patterns),
}


_DEFAULTS: t.Final = tuple(row.default for row in _ROWS.values())

_URL_KEYS: t.Final = {kind: f"OZML_{kind.upper()}_URL" for kind in KINDS}

#: The keys that the client reads.
_CLIENT_KEYS: t.Final = tuple(
    f"OZML_PHONE_SYSTEM_{name}"
    for name in ("URL", "USERNAME", "PASSWORD", "TIMEOUT", "CA")
)


@dataclasses.dataclass(frozen=True)
class Settings:
    """The checked configuration of an app."""

    #: The current key, then old ones; empty if there is no current key.
    keys: tuple[Key, ...] = dataclasses.field(repr=False)
    public_url: str | None
    require_token: bool
    allowed_networks: tuple[Network, ...] | None
    #: Seconds.
    token_max_age: float
    #: Bytes.
    max_content_length: int
    fallback_charset: str
    allowed_destinations: tuple[re.Pattern[str], ...] | None


def snapshot(config: Mapping[str, t.Any]) -> list[object]:
    """Return what the settings are read from, to detect changes."""
    return list(map(config.get, _ROWS, _DEFAULTS))


def frozen_snapshot(config: Mapping[str, t.Any]) -> list[object]:
    """Return a snapshot that does not change when a list in it is changed."""
    return [
        copy.copy(value) if isinstance(value, list | set | dict) else value
        for value in snapshot(config)
    ]


def read_settings(config: Mapping[str, t.Any]) -> Settings:
    """Read and check the configuration.

    :raises ConfigurationError: for a wrong value; the message names the key.
    """
    values = {key: _read(key, row, config) for key, row in _ROWS.items()}
    own = "OZML_SECRET_KEY" if values["OZML_SECRET_KEY"] else "SECRET_KEY"
    key, fallbacks = values[own], values[f"{own}_FALLBACKS"]
    if not values["OZML_REQUIRE_TOKEN"] and values["OZML_ALLOWED_NETWORKS"] is None:
        raise ConfigurationError(
            "OZML_REQUIRE_TOKEN is False, so anybody could post. Set"
            " OZML_ALLOWED_NETWORKS to the addresses of the phone system."
        )
    return Settings(
        keys=(key, *fallbacks) if key else (),
        public_url=values["OZML_PUBLIC_URL"],
        require_token=values["OZML_REQUIRE_TOKEN"],
        allowed_networks=values["OZML_ALLOWED_NETWORKS"],
        token_max_age=values["OZML_TOKEN_MAX_AGE"],
        max_content_length=values["OZML_MAX_CONTENT_LENGTH"],
        fallback_charset=values["OZML_FALLBACK_CHARSET"],
        allowed_destinations=values["OZML_ALLOWED_DESTINATIONS"],
    )


def _read(key: str, row: _Row, config: Mapping[str, t.Any]) -> t.Any:
    value = config.get(key, row.default)
    try:
        return row.read(value)
    except _Wrong as error:
        shown = type(value).__name__ if row.secret else repr(value)
        raise ConfigurationError(f"{key} {error}, not {shown}.") from error


def refuse_unknown_keys(config: Mapping[str, t.Any]) -> None:
    """Raise a ConfigurationError for a key that begins with OZML_ and is not known.

    A misspelt OZML_ALLOWED_DESTINATIONS must not mean that calls go anywhere.
    """
    known = [*_ROWS, *_URL_KEYS.values(), *_CLIENT_KEYS]
    for key in config:
        if key.startswith("OZML_") and key not in known:
            nearest = difflib.get_close_matches(key, known, n=1, cutoff=0)
            raise ConfigurationError(
                f"{key} is not a configuration key of Flask-OzML. Did you mean"
                f" {nearest[0]}?"
            )


def url_rules(config: Mapping[str, t.Any]) -> dict[str, str]:
    """Return the URL rule of each kind of notification that is not left out.

    :raises ConfigurationError: if a rule is invalid or used more than once.
    """
    found: dict[str, str] = {}
    for kind, key in _URL_KEYS.items():
        rule = config.get(key, f"/{kind}")
        if rule is None:
            continue
        if not isinstance(rule, str) or not rule.startswith("/"):
            raise ConfigurationError(
                f"{key} must be a URL rule that starts with '/', or None, not {rule!r}."
            )
        if rule.rstrip("/") in [other.rstrip("/") for other in found.values()]:
            raise ConfigurationError(f"{key}: {rule!r} is the URL of another kind too.")
        found[kind] = rule
    return found
