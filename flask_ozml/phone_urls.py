"""The phone URLs of an application: what to paste where, and which views answer."""

import typing as t
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from flask import current_app
from flask import Flask

from .blueprint import OzML
from .errors import ConfigurationError
from .notifications import KINDS
from .notifications import Notification

if t.TYPE_CHECKING:
    from .blueprint.views import RegisteredView
    from .simulator import Urls

#: The key of the URLs for all other API extensions.
ANY: t.Final = ""


class Ambiguous(ConfigurationError):
    """Several blueprints could answer the same notification."""


def ozml_blueprints(app: Flask, chosen: OzML | str | None = None) -> dict[str, OzML]:
    """Return the OzML blueprints of an app by the names they are registered under.

    :param chosen: a blueprint, or the name of one, to leave out the others.
    :raises ConfigurationError: if there are none.
    """
    found = {
        name: blueprint
        for name, blueprint in app.blueprints.items()
        if isinstance(blueprint, OzML)
    }
    if not found:
        raise ConfigurationError(
            "This application has no OzML blueprint. Register one with"
            " app.register_blueprint(phone)."
        )
    if chosen is None:
        return found
    kept = {name: phone for name, phone in found.items() if chosen in (name, phone)}
    if not kept:
        raise ConfigurationError(
            f"{chosen!r} is not an OzML blueprint of this application, which has"
            f" {list(found)}."
        )
    return kept


class Row(t.NamedTuple):
    """A kind of notification in a blueprint.

    :param url: the URL to paste; None if the kind is left out.
    :param views: the views that the blueprint has for the kind.
    :param variables: the names of the variables in the URL.
    """

    notification: type[Notification]
    url: str | None
    views: "tuple[RegisteredView, ...]"
    variables: frozenset[str]

    @property
    def pasted_views(self) -> "list[RegisteredView]":
        """The views that answer at the URL to paste."""
        if self.url and self.notification.pasted:
            return [view for view in self.views if not self.state(view)]
        return []

    def state(self, view: "RegisteredView") -> str:
        """Return the names that a view needs besides the variables of the URL."""
        return ", ".join(sorted(view.needed - self.variables))


def rows(name: str, phone: OzML, values: Mapping[str, object]) -> list[Row]:
    """Return a row for each kind of notification.

    :param name: the name that the blueprint is registered under in the current app.
    :param values: the variables of the ``url_prefix``.
    :raises TypeError: if a variable has no value.
    """
    urls = phone.urls_as(name, **values)
    return [
        Row(notification, urls.get(kind), phone.views.of(kind), variables(name, kind))
        for kind, notification in KINDS.items()
    ]


def variables(name: str, kind: str) -> frozenset[str]:
    """Return the names of the variables in the URL of a kind."""
    rules = current_app.url_map.iter_rules()
    return frozenset().union(
        *(rule.arguments for rule in rules if rule.endpoint == f"{name}.{kind}")
    )


def listing(name: str, phone: OzML, values: Mapping[str, object]) -> Iterator[str]:
    """Yield lines that tell what to paste where, and which views answer.

    The parameters are those of :func:`rows`.
    """
    found = rows(name, phone, values)
    unanswered = [row.notification.kind for row in found if row.url and not row.views]
    yield f"Blueprint {name!r}"
    yield from _listed("Paste into the phone system:", _pasted(found))
    yield from _listed(f"URLs that {phone.name}.to() makes for commands:", _made(found))
    yield from _listed("No URL leads to these views:", _unreachable(found))
    yield from _listed("No view answers:", filter(None, [", ".join(unanswered)]))


def _listed(heading: str, lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number == 0:
            yield f"  {heading}"
        yield f"    {line}"


def _pasted(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        if row.pasted_views:
            yield row.notification.url_setting
            yield f"  {row.url}"
            yield f"  answered by {', '.join(map(_with_filters, row.pasted_views))}"


def _with_filters(view: "RegisteredView") -> str:
    filters = ", ".join(f"{name}={value!r}" for name, value in view.filters.items())
    return f"{view.name} ({filters})" if filters else view.name


def _made(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        if row.url and row.notification.url_in_commands and row.views:
            views = ", ".join(f"{v.name}({row.state(v)})" for v in row.views)
            yield f"{row.notification.kind} ({row.notification.url_setting}): {views}"


def _unreachable(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        for view in row.views:
            if not row.url:
                setting = f"OZML_{row.notification.kind.upper()}_URL"
                yield f"{view.qualified_name}: {setting} is None"
            elif row.state(view) and not row.notification.url_in_commands:
                yield f"{view.qualified_name}: its URL cannot carry {row.state(view)}"


def pasted_urls(phones: Mapping[str, OzML], values: Mapping[str, object]) -> "Urls":
    """Return the URLs that would be pasted into the phone system.

    An API extension gets the URLs of the blueprint that has views for it. The URL for
    CallChanged is left out unless a view answers it.

    :param phones: blueprints by the names they are registered under.
    :param values: the variables of their URL prefixes.
    :raises TypeError: if a variable has no value.
    :raises Ambiguous: if several blueprints could answer the same notification.
    """
    found = {name: rows(name, phone, values) for name, phone in phones.items()}
    if len(found) == 1:
        (only,) = found.values()
        return {
            row.notification.kind: row.url
            for row in only
            if row.url and (row.notification.kind != "call_changed" or row.pasted_views)
        }
    claims = {claim for name in found for claim in _claims(name, found[name])}
    extensions = sorted({ANY, *(claim.extension for claim in claims)})
    urls = {extension: dict(_urls_of(extension, claims)) for extension in extensions}
    return urls if len(urls) > 1 else urls[ANY]


class _Claim(t.NamedTuple):
    """A blueprint has a view for a kind of notification of an API extension."""

    kind: str
    extension: str
    name: str
    url: str


def _claims(name: str, rows: Iterable[Row]) -> Iterator[_Claim]:
    for row in rows:
        for view in row.pasted_views:
            for extension in extensions_of(view):
                yield _Claim(row.notification.kind, extension, name, str(row.url))


def extensions_of(view: "RegisteredView") -> list[str]:
    """Return the API extensions that a view names in its filter."""
    wanted = view.filters.get("api_extension")
    items = wanted if isinstance(wanted, list | tuple | set | frozenset) else [wanted]
    return [item if isinstance(item, str) else ANY for item in items]


def _urls_of(extension: str, claims: set[_Claim]) -> Iterator[tuple[str, str]]:
    for kind in KINDS:
        own = [claim for claim in claims if claim[:2] == (kind, extension)]
        found = own or [claim for claim in claims if claim[:2] == (kind, ANY)]
        if len(found) > 1:
            names = sorted(claim.name for claim in found)
            raise Ambiguous(
                f"The blueprints {names} have views that could answer the same"
                f" notification of the kind {kind}, which has one URL."
            )
        for claim in found:
            yield kind, claim.url
