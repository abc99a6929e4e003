"""``flask ozml ...``: options in, one call, text out."""

import sys
import typing as t

import click
from flask import current_app
from flask.cli import AppGroup
from flask.cli import pass_script_info
from flask.cli import ScriptInfo

if t.TYPE_CHECKING:
    from .blueprint import OzML
    from .blueprint.views import RegisteredView

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
    click.echo("\n\n".join(sections))


def _registrations() -> "list[tuple[str, OzML]]":
    from .blueprint import OzML

    found = [
        (name, blueprint)
        for name, blueprint in current_app.blueprints.items()
        if isinstance(blueprint, OzML)
    ]
    if not found:
        raise click.ClickException(
            "This application has no OzML blueprint; register one with"
            " app.register_blueprint(phone)."
        )
    return found


def _section(name: str, phone: "OzML") -> str:
    try:
        urls = phone.urls_as(name)
    except TypeError as error:
        return f"{name}\n  {error} In Python: phone.urls(name=value)."
    entries = (_entry(name, phone, kind, url) for kind, url in urls.items())
    return "\n".join([name, *entries])


def _entry(name: str, phone: "OzML", kind: str, url: str) -> str:
    from .blueprint.admission import state_of
    from .notifications import KINDS

    variables = state_of(current_app).endpoints[f"{name}.{kind}"].rule.arguments
    views = [_shown(view, variables) for view in phone.views.of(kind)]
    answers = ", ".join(views) or "not handled"
    return f"  {kind}: {answers}\n    {KINDS[kind].url_setting}\n    {url}"


def _shown(view: "RegisteredView", variables: t.Collection[str]) -> str:
    filters = ", ".join(f"{name}={value!r}" for name, value in view.filters.items())
    shown = f"{view.name}({filters})" if filters else view.name
    state = ", ".join(sorted(view.needed.difference(variables)))
    return f"{shown} [by phone.to, with {state}]" if state else shown


def _keys(
    context: click.Context, parameter: click.Parameter, pressed: tuple[str, ...]
) -> tuple[str, ...]:
    from .commands import rules
    from .errors import InvalidParameter

    try:
        for keys in pressed:
            rules.rule_of(rules.Keys).check("ozml", "press", keys)
    except InvalidParameter as error:
        raise click.BadParameter(f"{error.rule}.") from error
    return pressed


def _press(words: str) -> t.Callable[[t.Any], t.Any]:
    return click.option(
        "--press", multiple=True, metavar="KEYS", callback=_keys, help=words
    )


def _server(
    context: click.Context, parameter: click.Parameter, url: str | None
) -> str | None:
    from .simulator.transport import Base

    try:
        if url is not None:
            Base(url)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return url


def _player(command: t.Callable[..., None]) -> click.Command:
    """A command that plays the application, in process or on a running server."""
    blueprint = click.option(
        "--blueprint", metavar="NAME", help="Which to play, if there are several."
    )
    url = click.option(
        "--url",
        metavar="URL",
        callback=_server,
        help="Play a running server, not this process.",
    )
    name = command.__name__.removesuffix("_command").replace("_", "-")
    decorated: t.Any = pass_script_info(blueprint(url(command)))
    return ozml.command(name, with_appcontext=False)(decorated)


@_player
@click.option("--from", "caller", default="500", show_default=True, metavar="NUMBER")
@click.option("--to", "api_extension", default="9998", show_default=True, metavar="EXT")
@_press("Keys, one after another.")
def call_command(
    info: ScriptInfo, url: str | None, blueprint: str | None, **arguments: t.Any
) -> None:
    """Call an API extension, and hear what the application says.

    Without --press it is a phone in the terminal: type keys and Enter; an empty line
    lets time pass, Ctrl-D hangs up.
    """
    from .simulator import phone

    _play(info, url, blueprint, phone.call, typed=sys.stdin, **arguments)


@_player
@click.option("--from", "sender", required=True, metavar="NUMBER")
@click.option("--to", "recipient", default="06304645433", metavar="NUMBER")
@click.option("--extension", "api_extension", default="9998", metavar="EXT")
@click.argument("message", metavar="TEXT")
def sms_command(
    info: ScriptInfo, url: str | None, blueprint: str | None, **arguments: t.Any
) -> None:
    """Send TEXT to an API extension."""
    from .simulator import phone

    _play(info, url, blueprint, phone.sms, **arguments)


@_player
@click.option("--from", "caller", required=True, metavar="NUMBER")
@click.option("--to", "dialed", required=True, metavar="NUMBER")
def route_command(
    info: ScriptInfo, url: str | None, blueprint: str | None, **arguments: t.Any
) -> None:
    """Dial a number, and see where the application routes the call."""
    from .simulator import phone

    _play(info, url, blueprint, phone.route, **arguments)


@_player
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=7780, show_default=True)
@_press("What each callee presses.")
def serve_phone_system_command(
    info: ScriptInfo, url: str | None, blueprint: str | None, **arguments: t.Any
) -> None:
    """Serve the HTTP API of a simulated phone system, for development.

    What happens by itself after each request: a call that was placed is answered at
    once, the given keys are pressed, time passes until nothing more is due, and the
    callee hangs up; text messages are delivered and reported. What is said and done is
    printed.
    """
    from .simulator import server

    _play(info, url, blueprint, server.serve, **arguments)


def _play(
    info: ScriptInfo,
    url: str | None,
    blueprint: str | None,
    play: t.Callable[..., int | None],
    **arguments: t.Any,
) -> t.NoReturn:
    import secrets

    from .signals import notification_failed
    from .simulator import PhoneSystem
    from .simulator.transport import base_of

    app = info.load_app()
    if not app.config.get("OZML_PUBLIC_URL") and app.config["SERVER_NAME"] is None:
        app.config["OZML_PUBLIC_URL"] = url or "http://localhost"
    with app.app_context():
        urls = _urls_to_play(blueprint)
    # A site keeps what comes in by its id, which the next command must not repeat.
    first_id = secrets.randbelow(10**9)
    system = PhoneSystem(
        url or app, urls, base_of(app.config, urls.values()), first_id=first_id
    )

    def failed(sender: object, *, exception: BaseException, **rest: object) -> None:
        system.failures.append(exception)

    with notification_failed.connected_to(failed, app):
        status = play(system, sys.stdout, colour=sys.stdout.isatty(), **arguments)
    click.get_current_context().exit(status or 0)


def _urls_to_play(name: str | None) -> dict[str, str]:
    from .errors import OzMLError

    phones = dict(_registrations())
    if name is None and len(phones) == 1:
        name = next(iter(phones))
    if name is None or name not in phones:
        raise click.ClickException(
            f"Say which blueprint to play by --blueprint; there are {list(phones)}."
        )
    try:
        return phones[name].urls_as(name)
    except (OzMLError, TypeError) as error:
        raise click.ClickException(str(error)) from error
