"""Explores an app as a whole: where its calls begin, and what is wrong with them."""

import typing as t
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from flask import Flask

from ..blueprint import OzML
from ..phone_urls import extensions_of
from ..phone_urls import ozml_blueprints
from ..phone_urls import pasted_urls
from ..phone_urls import rows
from ..simulator import PhoneSystem
from ..simulator import Urls
from .explore import Bounds
from .explore import DEFAULT_BOUNDS
from .explore import Explorer
from .explore import Progress
from .findings import add_findings
from .findings import view_findings
from .plays import Player
from .plays import Start
from .states import Act
from .states import Flow

#: The API extension of calls to any.
ANY_EXTENSION: t.Final = "9998"


def explore(
    app: Flask,
    phones: Mapping[str, OzML] | None = None,
    urls: Urls | None = None,
    *,
    to: Sequence[str] = (),
    press: Sequence[str] = (),
    starts: Sequence[Start] = (),
    bounds: Bounds = DEFAULT_BOUNDS,
    values: Mapping[str, object] | None = None,
    progress: Progress = lambda done, found: None,
) -> Flow:
    """Explore the calls of an app, and return the map with all findings.

    The views of the app run, many times.

    :param phones: its OzML blueprints by the names they are registered under. Default:
        all.
    :param urls: the URLs that would be pasted into the phone system.
    :param to: the API extensions that are called. Default: those that views name, and
        one for all others. Calls that the site places are answered too, as far as
        their views need no state.
    :param press: entries for menus that wait for several digits.
    :param starts: functions that start a call in a fresh phone system and return it.
        With them, only these calls are explored. One is called for each path, so it may
        reset a database.
    :param values: the variables of the URL prefixes.
    :param progress: called with the number of explored states and of all states.
    :raises ConfigurationError: if the app has no OzML blueprint, or several could
        answer the same.
    """
    given = values or {}
    with app.app_context():
        phones = phones or ozml_blueprints(app)
        urls = urls or pasted_urls(phones, given)
        view_urls = {} if starts or to else dict(_view_urls(phones, given))
    named = {start.__name__: start for start in starts}
    roots = [Act("start", name) for name in named]
    if not starts:
        roots = [Act("call", extension) for extension in to or _extensions(phones)]
        roots += [Act("view", name) for name in view_urls]
    player = Player(
        app, urls, phones, view_urls=view_urls, starts=named, press=tuple(press)
    )
    with player.ready():
        explorer = Explorer(player, roots, bounds)
        flow = explorer.explore(progress)
    if not roots:
        flow.note("No view answers a call, so there is nothing to explore.")
    add_findings(flow, explorer.troubles)
    with app.app_context():
        flow.findings += view_findings(flow, phones, given)
    return flow


def _extensions(phones: Mapping[str, OzML]) -> list[str]:
    """Return the API extensions that views name, after one for all others."""
    views = [
        view for phone in phones.values() for view in phone.views.of("incoming_call")
    ]
    named = {extension for view in views for extension in extensions_of(view)}
    others = [ANY_EXTENSION] if "" in named else []
    return list(dict.fromkeys([*others, *sorted(named - {""})]))


def _view_urls(
    phones: Mapping[str, OzML], values: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    """Yield the names and URLs of the views that answer placed calls without state."""
    for name, phone in phones.items():
        for row in rows(name, phone, values):
            if row.notification.kind == "call_connected" and row.url:
                given = {n: v for n, v in values.items() if n in row.variables}
                for view in row.views:
                    if not row.state(view):
                        yield view.name, phone.to(view.qualified_name, **given)


def check(flow: Flow, skip: Collection[str] = ()) -> list[str]:
    """Return a line for each finding, apart from those with names in ``skip``."""
    return [str(found) for found in flow.all_findings if found.name not in skip]


class CheckedPhoneSystem(PhoneSystem):
    """The phone system of the pytest fixture, which can check the whole call flow.

    :param app: the app that it plays.
    :param options: the other parameters of :class:`~flask_ozml.simulator.PhoneSystem`.
    """

    def __init__(self, app: Flask, *options: t.Any, **named: t.Any) -> None:
        super().__init__(app, *options, **named)
        self.app = app

    def check_flow(
        self,
        *,
        to: Sequence[str] = (),
        press: Sequence[str] = (),
        starts: Sequence[Start] = (),
        skip: Collection[str] = (),
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> Flow:
        """Assert that no act of a caller leads to anything wrong; return the map.

        The parameters are those of :func:`explore`. Fresh phone systems play the app,
        so this one stays as it is.

        :param skip: names of findings that are meant.
        :raises AssertionError: with a line for each finding.
        """
        options: t.Any = {"to": to, "press": press, "starts": starts, "bounds": bounds}
        flow = explore(self.app, urls=self.urls, **options)
        found = check(flow, skip)
        if found:
            raise AssertionError("\n".join(found))
        return flow
