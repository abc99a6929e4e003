"""Where the phone system finds a view: base, path and what of it is signed."""

import typing as t
from collections.abc import Mapping
from urllib.parse import unquote

from flask import Flask
from flask import has_request_context
from flask import request

from .admission import ADMISSION
from .admission import Admission
from .admission import Endpoint
from .admission import state_of
from .errors import ConfigurationError


def current_admission() -> Admission | None:
    """That of the current request, if it is a notification that was let in."""
    admission = request.environ.get(ADMISSION) if has_request_context() else None
    return admission if isinstance(admission, Admission) else None


def base_url(app: Flask) -> str:
    """What comes before the path in the URLs that are given out.

    Outside of a notification the Host header is not asked: whoever sends it could make
    the phone system fetch its commands from another host.

    :raises ConfigurationError: if nothing says it.
    """
    public_url = state_of(app).configured(app).settings.public_url
    if public_url is not None:
        return public_url
    if current_admission() is not None:
        return request.root_url.rstrip("/")
    if app.config["SERVER_NAME"] is not None:
        scheme = app.config["PREFERRED_URL_SCHEME"]
        root = app.config["APPLICATION_ROOT"].rstrip("/")
        return f"{scheme}://{app.config['SERVER_NAME']}{root}"
    raise ConfigurationError(
        "Nobody knows where the phone system finds this application: set"
        " OZML_PUBLIC_URL, such as 'https://www.example.com'."
    )


def split_values(
    app: Flask, endpoint: Endpoint, given: Mapping[str, t.Any]
) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """Tell the variables of an endpoint's URL, given or carried over, from the rest."""
    names = endpoint.rule.arguments
    values: dict[str, t.Any] = {}
    app.inject_url_defaults(endpoint.name, values)
    admission = current_admission()
    if admission is not None and admission.endpoint.owner is endpoint.owner:
        values |= request.view_args or {}
    values = {n: value for n, value in {**values, **given}.items() if n in names}
    return values, {name: given[name] for name in given if name not in names}


def path_of(endpoint: Endpoint, values: Mapping[str, t.Any]) -> str:
    """The path of an endpoint without its token.

    :raises TypeError: if a variable is missing.
    """
    rule = endpoint.rule
    missing = rule.arguments - values.keys() - set(rule.defaults or ())
    if missing:
        raise TypeError(
            f"The URL of {endpoint.name!r} has the variables {sorted(missing)}; give"
            " them by name."
        )
    built = rule.build(values, append_unknown=False)
    return t.cast(tuple[str, str], built)[1]


def signed_path(endpoint: Endpoint, path: str) -> str:
    """What of a path is signed: nothing where it is always the same."""
    return unquote(path).rstrip("/") if endpoint.rule.arguments else ""
