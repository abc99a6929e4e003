"""Where the phone system finds a view: base, path and what of it is signed."""

import typing as t
from collections.abc import Mapping
from urllib.parse import unquote

from flask import current_app
from flask import Flask
from flask import has_request_context
from flask import request

from ..errors import ConfigurationError
from .admission import ADMISSION
from .admission import Admission
from .admission import Endpoint
from .admission import state_of


def current_admission() -> Admission | None:
    """That of the current request, if it is a notification that was let in."""
    admission = request.environ.get(ADMISSION) if has_request_context() else None
    # Another app may be current, and an environ may be dispatched again.
    if (
        isinstance(admission, Admission)
        and current_app == admission.app
        and admission.endpoint.name == request.endpoint
    ):
        return admission
    return None


def base_url(app: Flask, endpoint: Endpoint) -> str:
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
        subdomain = f"{endpoint.rule.subdomain}." if endpoint.rule.subdomain else ""
        root = app.config["APPLICATION_ROOT"].rstrip("/")
        return f"{scheme}://{subdomain}{app.config['SERVER_NAME']}{root}"
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
    admission = current_admission()
    if admission is not None and admission.endpoint.owner is endpoint.owner:
        values |= request.view_args or {}
    values |= given
    values = {name: value for name, value in values.items() if name in names}
    app.inject_url_defaults(endpoint.name, values)
    values = {name: value for name, value in values.items() if name in names}
    return values, {name: given[name] for name in given if name not in names}


def path_of(endpoint: Endpoint, values: Mapping[str, t.Any]) -> str:
    """The path of an endpoint without its token.

    :raises TypeError: if a variable is missing.
    :raises ValueError: if a variable cannot have its value.
    """
    rule = endpoint.rule
    defaults = rule.defaults or {}
    missing = rule.arguments - values.keys() - defaults.keys()
    if missing:
        raise TypeError(
            f"The URL of {endpoint.name!r} has the variables {sorted(missing)}; give"
            " them by name."
        )
    for name in defaults.keys() & values.keys():
        if values[name] != defaults[name]:
            raise ValueError(
                f"The URL of {endpoint.name!r} was registered with {name!r} as"
                f" {defaults[name]!r}; it cannot be another value."
            )
    built = rule.build(values, append_unknown=False)
    if built is None:
        raise ValueError(
            f"The URL of {endpoint.name!r} cannot hold these values of"
            f" {sorted(values)}; look at the converters of its rule."
        )
    return built[1]


def signed_path(endpoint: Endpoint, path: str) -> str:
    """What of a path is signed: nothing where it is always the same."""
    return unquote(path).rstrip("/") if endpoint.rule.arguments else ""
