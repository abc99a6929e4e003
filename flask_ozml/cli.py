"""``flask ozml ...``: options in, one call, text out."""

import typing as t

import click
from flask import current_app
from flask.cli import AppGroup

if t.TYPE_CHECKING:
    from .blueprint import OzML
    from .views import RegisteredView

ozml = AppGroup("ozml", help="The URLs and calls of an Ozeki Phone System.")


@ozml.command("urls")
@click.option(
    "--base-url",
    metavar="URL",
    help="What the URLs begin with, where OZML_PUBLIC_URL is not set.",
)
def urls_command(base_url: str | None) -> None:
    """Show the URLs to paste into the phone system, and who answers."""
    from .errors import ConfigurationError

    if base_url and not current_app.config.get("OZML_PUBLIC_URL"):
        current_app.config["OZML_PUBLIC_URL"] = base_url
    try:
        sections = [_section(name, phone) for name, phone in _registrations()]
    except ConfigurationError as error:
        hint = " Or give --base-url." if "OZML_PUBLIC_URL" in str(error) else ""
        raise click.ClickException(f"{error}{hint}") from error
    if not sections:
        raise click.ClickException(
            "This application has no OzML blueprint; register one with"
            " app.register_blueprint(phone)."
        )
    click.echo("\n\n".join(sections))


def _registrations() -> "list[tuple[str, OzML]]":
    from .blueprint import OzML

    return [
        (name, blueprint)
        for name, blueprint in current_app.blueprints.items()
        if isinstance(blueprint, OzML)
    ]


def _section(name: str, phone: "OzML") -> str:
    try:
        urls = phone.urls_as(name)
    except TypeError as error:
        return f"{name}\n  {error} In Python: phone.urls(name=value)."
    return "\n".join([name, *(_entry(phone, kind, url) for kind, url in urls.items())])


def _entry(phone: "OzML", kind: str, url: str) -> str:
    from .notifications import KINDS

    views = ", ".join(map(_shown, phone.views.of(kind))) or "not handled"
    return f"  {kind}: {views}\n    {KINDS[kind].url_setting}\n    {url}"


def _shown(view: "RegisteredView") -> str:
    filters = ", ".join(f"{name}={value!r}" for name, value in view.filters.items())
    return f"{view.name}({filters})" if filters else view.name
