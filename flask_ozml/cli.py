"""The command ``flask ozml``: parse options, call one function, print text."""

import contextlib
import logging
import sys
import typing as t
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

import click
from flask import current_app
from flask.cli import AppGroup
from flask.cli import pass_script_info
from flask.cli import ScriptInfo

if t.TYPE_CHECKING:
    from .blueprint import OzML
    from .blueprint.views import RegisteredView
    from .notifications import ErrorNotification
    from .notifications import Notification

ozml = AppGroup("ozml", help="Show phone URLs and try calls without a phone system.")


def _parse_values(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise click.BadParameter(
                f"{text!r} must be NAME=VALUE, for example customer=acme."
            )
        if name in values:
            raise click.BadParameter(f"{name!r} is given twice.")
        values[name] = value
    return values


_value_option = click.option(
    "--value",
    "values",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_parse_values,
    help="Set a variable of the url_prefix. Repeat for each variable.",
)


@ozml.command("urls")
@click.option(
    "--base-url",
    metavar="URL",
    help="Start the URLs with this address if OZML_PUBLIC_URL is not set.",
)
@_value_option
def urls_command(base_url: str | None, values: dict[str, str]) -> None:
    """Show the URLs to paste into the phone system, and which views answer.

    Shows also which kinds of notification use URLs that phone.to() makes, and which
    kinds no view answers.
    """
    from .simulator.phone import Screen

    if current_app.config.get("OZML_PUBLIC_URL"):
        base_url = None
    if base_url:
        current_app.config["OZML_PUBLIC_URL"] = base_url
    phones = _registrations()
    _check_names(phones, values)
    try:
        sections = [
            "\n".join(_section(name, phone, _urls(name, phone, values)))
            for name, phone in phones.items()
        ]
    except click.ClickException as error:
        raise click.ClickException(_about_base_url(error.message, base_url)) from error
    Screen(sys.stdout, colour=False).lines("\n\n".join(sections))


def _about_base_url(message: str, base_url: str | None) -> str:
    if base_url:
        return message.replace("OZML_PUBLIC_URL", "--base-url")
    return f"{message} Or give --base-url." if "OZML_PUBLIC_URL" in message else message


def _registrations() -> "dict[str, OzML]":
    from .blueprint import OzML

    found = {
        name: blueprint
        for name, blueprint in current_app.blueprints.items()
        if isinstance(blueprint, OzML)
    }
    if not found:
        raise click.ClickException(
            "This application has no OzML blueprint; register one with"
            " app.register_blueprint(phone)."
        )
    return found


def _check_names(names: Iterable[str], values: Mapping[str, str]) -> None:
    """Raise a usage error for a value that no URL has a variable for."""
    from .notifications import KINDS

    known = {
        variable
        for name in names
        for kind in KINDS
        for variable in _variables(f"{name}.{kind}")
    }
    for name in sorted(values.keys() - known):
        raise click.UsageError(
            f"Invalid value for '--value': no phone URL has a variable {name!r}."
        )


def _variables(endpoint: str) -> set[str]:
    rules = current_app.url_map.iter_rules()
    return set().union(*(r.arguments for r in rules if r.endpoint == endpoint))


def _urls(name: str, phone: "OzML", values: Mapping[str, str]) -> dict[str, str]:
    from .errors import OzMLError

    try:
        return phone.urls_as(name, **values)
    except TypeError as error:  # a variable has no value
        raise click.ClickException(
            f"{error} On the command line, use --value NAME=VALUE."
        ) from error
    except (OzMLError, ValueError) as error:
        raise click.ClickException(str(error)) from error


class _Row(t.NamedTuple):
    """A kind of notification, its URL to paste, and its views."""

    notification: "type[Notification]"
    url: str | None
    views: "tuple[RegisteredView, ...]"
    variables: t.Collection[str]

    def state(self, view: "RegisteredView") -> str:
        """Return the names that the view needs besides the variables of the URL."""
        return ", ".join(sorted(view.needed.difference(self.variables)))


def _section(name: str, phone: "OzML", urls: Mapping[str, str]) -> Iterator[str]:
    from .notifications import KINDS

    rows = [
        _Row(
            notification,
            urls.get(kind),
            phone.views.of(kind),
            _variables(f"{name}.{kind}"),
        )
        for kind, notification in KINDS.items()
    ]
    unanswered = [row.notification.kind for row in rows if row.url and not row.views]
    yield f"Blueprint {name!r}"
    yield from _listed("Paste into the phone system:", _pasted(rows))
    yield from _listed(f"URLs that {phone.name}.to() makes for commands:", _made(rows))
    yield from _listed("No URL leads to these views:", _unreachable(rows))
    yield from _listed("No view answers:", filter(None, [", ".join(unanswered)]))


def _listed(heading: str, lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number == 0:
            yield f"  {heading}"
        yield f"    {line}"


def _pasted(rows: list[_Row]) -> Iterator[str]:
    for row in rows:
        views = [view for view in row.views if not row.state(view)]
        if row.url and row.notification.pasted and views:
            yield row.notification.url_setting
            yield f"  {row.url}"
            yield f"  answered by {', '.join(map(_with_filters, views))}"


def _with_filters(view: "RegisteredView") -> str:
    filters = ", ".join(f"{name}={value!r}" for name, value in view.filters.items())
    return f"{view.name} ({filters})" if filters else view.name


def _made(rows: list[_Row]) -> Iterator[str]:
    for row in rows:
        if row.url and row.notification.url_in_commands and row.views:
            views = ", ".join(
                f"{view.name} with {row.state(view)}" if row.state(view) else view.name
                for view in row.views
            )
            yield f"{row.notification.kind} ({row.notification.url_setting}): {views}"


def _unreachable(rows: list[_Row]) -> Iterator[str]:
    for row in rows:
        for view in row.views:
            if not row.url:
                setting = f"OZML_{row.notification.kind.upper()}_URL"
                yield f"{view.qualified_name}: {setting} is None"
            elif row.state(view) and not row.notification.url_in_commands:
                yield f"{view.qualified_name}: its URL cannot carry {row.state(view)}"


def _check_keys(
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


def _press_option(help_text: str) -> t.Callable[[t.Any], t.Any]:
    return click.option(
        "--press", multiple=True, metavar="KEYS", callback=_check_keys, help=help_text
    )


def _check_server(
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
    """Add a subcommand that plays the application, in this process or on a server."""
    blueprint = click.option(
        "--blueprint",
        metavar="NAME",
        help="Play this blueprint if the application has several.",
    )
    url = click.option(
        "--url",
        metavar="URL",
        callback=_check_server,
        help="Play the application on a running server. It must have the same key.",
    )
    name = command.__name__.removesuffix("_command").replace("_", "-")
    decorated: t.Any = pass_script_info(_value_option(blueprint(url(command))))
    return ozml.command(name, with_appcontext=False)(decorated)


@_player
@click.option(
    "--from",
    "caller",
    default="500",
    show_default=True,
    metavar="NUMBER",
    help="The caller's number.",
)
@click.option(
    "--to",
    "api_extension",
    default="9998",
    show_default=True,
    metavar="EXT",
    help="The API extension to call.",
)
@_press_option("Press these keys. Repeat to press more keys at the next prompt.")
def call_command(info: ScriptInfo, **arguments: t.Any) -> None:
    """Call an API extension and show what the application says.

    Without --press the terminal is the phone: type keys and Enter, press Enter alone to
    let time pass, or Ctrl-D to hang up.
    """
    from .simulator import phone

    _play(info, phone.call, typed=sys.stdin, **arguments)


@_player
@click.option(
    "--from", "sender", required=True, metavar="NUMBER", help="The sender's number."
)
@click.option(
    "--to",
    "recipient",
    default="06304645433",
    show_default=True,
    metavar="NUMBER",
    help="The number that the message was sent to.",
)
@click.option(
    "--extension",
    "api_extension",
    default="9998",
    show_default=True,
    metavar="EXT",
    help="The API extension that receives the message.",
)
@click.argument("message", metavar="TEXT")
def sms_command(info: ScriptInfo, **arguments: t.Any) -> None:
    """Send the text message TEXT to an API extension and show what happens."""
    from .simulator import phone

    _play(info, phone.sms, **arguments)


@_player
@click.option(
    "--from", "caller", required=True, metavar="NUMBER", help="The caller's number."
)
@click.option(
    "--to", "dialed", required=True, metavar="NUMBER", help="The number that is dialed."
)
def route_command(info: ScriptInfo, **arguments: t.Any) -> None:
    """Dial a number and show where the application routes the call."""
    from .simulator import phone

    _play(info, phone.route, **arguments)


@_player
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen at.",
)
@click.option(
    "--port",
    default=7780,
    show_default=True,
    type=click.IntRange(0, 65_535),
    help="The port to listen at; 0 means any free port.",
)
@_press_option("Each callee presses these keys.")
def serve_phone_system_command(info: ScriptInfo, **arguments: t.Any) -> None:
    """Serve the HTTP API of a simulated phone system, for development.

    After each request the simulated people act: calls that your application places are
    answered at once, the callee presses the given keys, waits until nothing more
    happens and hangs up. Text messages are delivered and reported. The transcript is
    printed.
    """
    from .simulator import server

    _play(info, server.serve, **arguments)


def _play(
    info: ScriptInfo,
    play: t.Callable[..., int | None],
    *,
    url: str | None,
    blueprint: str | None,
    values: dict[str, str],
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
        urls = _urls_to_play(blueprint, values)
    # Sites store messages by their ids, so the ids must differ from run to run.
    first_id = secrets.randbelow(10**9)
    system = PhoneSystem(
        url or app, urls, base_of(app.config, urls.values()), first_id=first_id
    )

    def failed(sender: object, *, exception: BaseException, **rest: object) -> None:
        system.failures.append(exception)

    with notification_failed.connected_to(failed, app), _printable_log():
        status = play(system, sys.stdout, colour=sys.stdout.isatty(), **arguments)
    if url:
        _advise(system.errors)
    click.get_current_context().exit(status or 0)


def _urls_to_play(name: str | None, values: Mapping[str, str]) -> dict[str, str]:
    phones = _registrations()
    if name is None and len(phones) == 1:
        name = next(iter(phones))
    if name is None or name not in phones:
        problem = f"There is no OzML blueprint {name!r}. " if name else ""
        raise click.ClickException(
            f"{problem}Choose one of {list(phones)} with --blueprint."
        )
    _check_names([name], values)
    return _urls(name, phones[name], values)


class _PrintableFormatter(logging.Formatter):
    """Format log records so that what a caller sent cannot control the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        from .simulator.session import printable

        lines = super().format(record).expandtabs().splitlines()
        return "\n".join(map(printable, lines))


@contextlib.contextmanager
def _printable_log() -> Iterator[None]:
    """Make the log printable where the application has not configured logging."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_PrintableFormatter())
    before, logging.lastResort = logging.lastResort, handler
    try:
        yield
    finally:
        logging.lastResort = before


#: What to check when a server's error message contains these words.
_ADVICE: t.Final = {
    "403: The token": "Start the server with the same SECRET_KEY (or OZML_SECRET_KEY)"
    " as this command.",
    "status 404": "Check that the server runs this application, and that --url is its"
    " base URL.",
    "No answer from": "Check that the server is running, and its address.",
}


def _advise(errors: "Iterable[ErrorNotification]") -> None:
    for words, advice in _ADVICE.items():
        if any(words in error.message for error in errors):
            click.echo(advice)
