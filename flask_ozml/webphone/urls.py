"""What ``flask ozml urls`` shows, as rows of a table."""

import typing as t
from collections.abc import Iterator
from collections.abc import Mapping

from flask import Flask

from ..phone_urls import ozml_blueprints
from ..phone_urls import Row
from ..phone_urls import rows

if t.TYPE_CHECKING:
    from ..blueprint.views import RegisteredView


def url_rows(app: Flask, values: Mapping[str, object]) -> list[dict[str, t.Any]]:
    """Return the kinds of notification of all OzML blueprints of an app.

    :param values: the variables of the ``url_prefix``.
    """
    with app.app_context():
        return [
            row
            for name, phone in ozml_blueprints(app).items()
            for row in _rows(name, rows(name, phone, values))
        ]


def _rows(name: str, found: list[Row]) -> Iterator[dict[str, t.Any]]:
    for row in found:
        yield {
            "blueprint": name,
            "kind": row.notification.kind,
            "setting": row.notification.url_setting,
            "pasted": row.notification.pasted,
            "url": row.url if row.notification.pasted else None,
            "views": [_view(row, view) for view in row.views],
        }


def _view(row: Row, view: "RegisteredView") -> str:
    filters = ", ".join(f"{name}={value!r}" for name, value in view.filters.items())
    state = row.state(view)
    shown = f"{view.name} ({filters})" if filters else view.name
    return f"{shown} with {state}" if state else shown
