"""Parses what was posted: bytes -> fields -> notification."""

import dataclasses
import logging
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from urllib.parse import parse_qsl

from ..errors import NotificationError
from ..logs import log
from ..values import FrozenDict
from .fields import Unreadable
from .kinds import KINDS
from .kinds import Notification

_N = t.TypeVar("_N", bound=Notification)
_NAME: t.Final = "notificationname"
_BY_NAME: t.Final = {kind.notification_name: kind for kind in KINDS.values()}


class _Field(t.NamedTuple):
    attribute: str
    #: Names on the wire in lower case, the preferred one first.
    names: tuple[str, ...]
    read: Callable[[str], t.Any]
    required: bool


def parse(
    notification: type[_N],
    body: bytes | Iterable[tuple[str, str]],
    *,
    charset: str = "cp1252",
    view: str | None = None,
) -> _N:
    """Parse a posted notification.

    Names match in any case. White space around names, and around all values but
    messages, is ignored.

    :param notification: the class that is expected.
    :param body: the form-urlencoded body, or the pairs of a form that was parsed.
    :param charset: the encoding of values that are not UTF-8.
    :param view: the view that the URL leads to, for the error message; None for a URL
        that was pasted into the phone system.
    :raises NotificationError: if another notification was posted, a field that the
        notification makes no sense without is missing, or a field is given twice.
    """
    pairs = read_pairs(body, charset) if isinstance(body, bytes) else body
    posted, known = _collect(notification, pairs)
    name = known[_NAME].strip() if _NAME in known else None
    if name != notification.notification_name and not notification.any_name:
        raise NotificationError(_wrong_name(notification, name, view))
    values = {}
    for field in _FIELDS[notification]:
        text = next((known[n] for n in field.names if n in known), None)
        if text is not None:
            values[field.attribute] = _read(notification, field, text)
        elif field.required:
            raise NotificationError(
                _unexpected(notification, f"no {field.attribute!r}")
            )
    return notification(fields=FrozenDict(posted), **values)


def read_pairs(body: bytes, charset: str) -> list[tuple[str, str]]:
    """Decode a form-urlencoded body; no byte loses a field.

    :param charset: the encoding of names and values that are not UTF-8.
    """
    pairs = parse_qsl(
        body.decode("latin-1"), keep_blank_values=True, encoding="latin-1"
    )
    return [(_decode(name, charset), _decode(value, charset)) for name, value in pairs]


def _decode(text: str, charset: str) -> str:
    if text.isascii():
        return text
    raw = text.encode("latin-1")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode(charset, "replace")


def _fields_of(notification: type[Notification]) -> tuple[_Field, ...]:
    found = []
    for field in dataclasses.fields(notification):
        if field.name == "fields":
            continue
        reader = t.cast(t.Any, field.type).__metadata__[0]
        names = reader.wire_names or (field.name.replace("_", ""),)
        required = field.default is dataclasses.MISSING
        found.append(_Field(field.name, names, reader.read, required))
    return tuple(found)


_FIELDS: t.Final = {kind: _fields_of(kind) for kind in KINDS.values()}
_KNOWN_NAMES: t.Final = {
    kind: {_NAME, *(name for field in fields for name in field.names)}
    for kind, fields in _FIELDS.items()
}


def _collect(
    notification: type[Notification], pairs: Iterable[tuple[str, str]]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return all posted fields, and the known ones by their names in lower case."""
    names = _KNOWN_NAMES[notification]
    posted: dict[str, str] = {}
    known: dict[str, str] = {}
    for name, value in pairs:
        name = name.strip()  # noqa: PLW2901  # white space around names is ignored
        if name or value:
            posted[name] = value
        lower = name.lower()
        if lower in names:
            if lower in known:
                raise NotificationError(
                    _unexpected(
                        notification, f"the field {lower!r} twice, which is ambiguous"
                    )
                )
            known[lower] = value
    return posted, known


def _read(notification: type[Notification], field: _Field, text: str) -> object:
    try:
        return field.read(text)
    except Unreadable as error:
        name = notification.notification_name
        log(logging.WARNING, "%s: %r %s", name, field.attribute, error)
        return error.instead


def _wrong_name(
    notification: type[Notification], name: str | None, view: str | None
) -> str:
    posted = _BY_NAME.get(name or "")
    if posted is not None:
        came = posted.notification_name
    else:
        came = "no NotificationName" if name is None else "an unknown NotificationName"
    if view is None:
        return _unexpected(notification, came)
    elsewhere = f", not in the {posted.url_setting}" if posted else ""
    return (
        f"Expected {notification.notification_name}, got {came}. The URL of the view"
        f" {view!r} belongs in the {notification.url_setting}{elsewhere}."
    )


def _unexpected(notification: type[Notification], came: str) -> str:
    return (
        f"Expected {notification.notification_name}, got {came}. Check this setting of"
        f" the phone system: {notification.url_setting}."
    )
