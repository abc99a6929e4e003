"""The command ``flask ozml``: parse options, call one function, print text."""

import contextlib
import functools
import io
import logging
import os
import sys
import typing as t
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from types import MappingProxyType

import click
from flask import current_app
from flask import Flask
from flask.cli import AppGroup
from flask.cli import pass_script_info
from flask.cli import ScriptInfo

if t.TYPE_CHECKING:
    from .notifications import ErrorNotification
    from .simulator import Outcome
    from .simulator import PhoneSystem
    from .simulator.phone import Screen

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
    from .phone_urls import listing
    from .phone_urls import ozml_blueprints

    if current_app.config.get("OZML_PUBLIC_URL"):
        base_url = None
    if base_url:
        current_app.config["OZML_PUBLIC_URL"] = base_url
    with _explained(functools.partial(_name_base_url, base_url)):
        phones = ozml_blueprints(current_app)
        _check_names(phones, values)
        sections = ["\n".join(listing(n, phones[n], values)) for n in phones]
    _screen().lines("\n\n".join(sections))


def _screen() -> "Screen":
    from .simulator.phone import Screen

    return Screen(sys.stdout, _colour())


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _name_base_url(base_url: str | None, message: str) -> str:
    if base_url:
        return message.replace("OZML_PUBLIC_URL", "--base-url")
    return f"{message} Or give --base-url." if "OZML_PUBLIC_URL" in message else message


def _check_names(names: Iterable[str], values: Mapping[str, str]) -> None:
    """Raise a usage error for a value that no URL has a variable for."""
    from .notifications import KINDS
    from .phone_urls import variables

    known = frozenset().union(*(variables(name, k) for name in names for k in KINDS))
    for name in sorted(values.keys() - known):
        raise click.UsageError(
            f"Invalid value for '--value': no phone URL has a variable {name!r}."
        )


@contextlib.contextmanager
def _explained(edit: t.Callable[[str], str] = str) -> Iterator[None]:
    """Turn errors of the URLs into messages that name the option that helps.

    :param edit: makes the message from that of an error of the configuration.
    """
    from .errors import OzMLError
    from .phone_urls import Ambiguous

    try:
        yield
    except Ambiguous as error:
        message = f"{error} Choose one of them with --blueprint."
    except TypeError as error:  # a variable has no value
        message = f"{error} On the command line, use --value NAME=VALUE."
    except (OzMLError, ValueError) as error:
        message = edit(str(error))
    else:
        return
    raise click.ClickException(message)


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


def _parse_extensions(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> "dict[str, Outcome]":
    from .simulator import Outcome

    outcomes = t.get_args(Outcome)
    extensions: dict[str, Outcome] = {}
    for text in given:
        number, _, outcome = text.partition("=")
        if not number or outcome not in outcomes:
            raise click.BadParameter(
                f"{text!r} must be NUMBER=STATE, where STATE is one of"
                f" {', '.join(map(repr, outcomes))}."
            )
        if number in extensions:
            raise click.BadParameter(f"{number!r} is given twice.")
        extensions[number] = t.cast(Outcome, outcome)
    return extensions


_extension_option = click.option(
    "--extension",
    "extensions",
    multiple=True,
    metavar="NUMBER=STATE",
    callback=_parse_extensions,
    help="Let an extension be busy, 'no answer' or 'not found', for example 2000=busy."
    " Repeat for each extension; all others answer.",
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


def _number_option(
    flag: str, name: str, help_text: str, **rest: t.Any
) -> t.Callable[[t.Any], t.Any]:
    return click.option(
        flag, name, metavar="NUMBER", show_default=True, help=help_text, **rest
    )


def _check_seconds(
    context: click.Context, parameter: click.Parameter, seconds: float | None
) -> float | None:
    from .simulator.session import check_seconds

    try:
        if seconds is not None:
            check_seconds(seconds)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return seconds


@_player
@_number_option("--from", "caller", "The caller's number.", default="500")
@_number_option("--to", "api_extension", "The API extension to call.", default="9998")
@_press_option("Press these keys. Repeat to press more keys at the next prompt.")
@click.option(
    "--hang-up-after",
    type=float,
    metavar="SECONDS",
    callback=_check_seconds,
    help="Hang up after this time, whatever is going on then.",
)
@_extension_option
def call_command(info: ScriptInfo, **arguments: t.Any) -> None:
    """Call an API extension and show what the application says.

    Without --press and --hang-up-after, the terminal is the phone: type keys and Enter,
    press Enter alone to let time pass, or Ctrl-D to hang up.
    """
    from .simulator import phone

    typed = sys.stdin if arguments["hang_up_after"] is None else None
    if isinstance(typed, io.TextIOWrapper):
        typed.reconfigure(errors="replace")  # bytes that are no text are no keys
    _play(info, phone.call, typed=typed, **arguments)


@_player
@_number_option("--from", "sender", "The sender's number.", required=True)
@_number_option(
    "--to",
    "recipient",
    "The number that the message was sent to.",
    default="06304645433",
)
@_number_option(
    "--extension",
    "api_extension",
    "The API extension that receives it.",
    default="9998",
)
@click.argument("message", metavar="TEXT")
def sms_command(info: ScriptInfo, **arguments: t.Any) -> None:
    """Send the text message TEXT to an API extension and show what happens."""
    from .simulator import phone

    _play(info, phone.sms, **arguments)


@_player
@_number_option("--from", "caller", "The caller's number.", required=True)
@_number_option("--to", "dialed", "The number that is dialed.", required=True)
@_extension_option
def route_command(info: ScriptInfo, **arguments: t.Any) -> None:
    """Dial a number and show where the application routes the call."""
    from .simulator import phone

    _play(info, phone.route, **arguments)


@_player
@_number_option("--from", "caller", "The extension that calls.", default="103")
@_number_option("--to", "callee", "The extension that is called.", default="101")
def third_party_command(info: ScriptInfo, **arguments: t.Any) -> None:
    """Call from one extension to another, talk and hang up.

    The application is notified of each change of the call, and may act on it.
    """
    from .simulator import phone

    def play(system: "PhoneSystem", *args: t.Any, **options: t.Any) -> int:
        if not system.find_url("call_changed"):
            raise click.ClickException(
                "No view answers call_changed. Decorate one with @phone.call_changed."
            )
        return phone.third_party(system, *args, **options)

    _play(info, play, **arguments)


@_player
@click.option(
    "--code",
    type=click.IntRange(0, 999),
    required=True,
    help="The status code, for example 402: a call could not be connected.",
)
@click.option("--message", default="", metavar="TEXT", help="The error message.")
def error_command(info: ScriptInfo, **arguments: t.Any) -> None:
    """Send an Error notification to the application."""
    from .simulator import phone

    _play(info, phone.error, **arguments)


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
@_extension_option
def serve_phone_system_command(info: ScriptInfo, **arguments: t.Any) -> None:
    """Serve the HTTP API of a simulated phone system, for development.

    After each request the simulated people act: calls that your application places are
    answered at once, the callee presses the given keys, and listens until the
    application hangs up, at most a minute. Text messages are delivered and reported.
    The transcript is printed.
    """
    from .simulator import server

    def started(address: str) -> None:
        app.config["OZML_PHONE_SYSTEM_URL"] = address

    app = info.load_app()
    _play(info, functools.partial(server.serve, started=started), **arguments)


@_player
@click.option(
    "--port",
    default=7781,
    show_default=True,
    type=click.IntRange(1, 65_535),
    help="The port to listen at.",
)
@_press_option("Call at the start and press these keys. Repeat to press more keys.")
@click.option(
    "--reload/--no-reload",
    default=True,
    help="Start again after a change of the code, and play the acts again.",
)
@_extension_option
def phone_command(
    info: ScriptInfo,
    port: int,
    press: tuple[str, ...],
    reload: bool,
    **arguments: t.Any,
) -> None:
    """Show a phone in the browser: call, listen, and see what is posted and answered.

    After a change of the code everything is played again, so that a call is where it
    was. Views then run again, and write again to the site's database.
    """
    from . import webphone

    options = webphone.Options(port, reload, press, arguments["values"])
    play = functools.partial(_play, info, **arguments)
    webphone.run(info.load_app, play, options)


def _explorer(command: t.Callable[..., None]) -> click.Command:
    """Add a subcommand that explores the calls of the application."""
    options = (
        _value_option,
        click.option(
            "--blueprint", metavar="NAME", help="Explore this blueprint only."
        ),
        click.option(
            "--to",
            multiple=True,
            metavar="NUMBER",
            help="Call this API extension. Repeat for each. Default: those that views"
            " name, and one for all others; and calls that the site places.",
        ),
        _press_option("Try this entry in menus for several digits. Repeat for each."),
        click.option(
            "--states",
            type=click.IntRange(1),
            default=500,
            show_default=True,
            help="Stop after this number of states.",
        ),
        click.option(
            "--depth",
            type=click.IntRange(1),
            default=5,
            show_default=True,
            help="Follow a counter for this number of rounds.",
        ),
        pass_script_info,
    )
    decorated: t.Any = command
    for option in options:
        decorated = option(decorated)
    name = command.__name__.removesuffix("_command")
    return ozml.command(name, with_appcontext=False)(decorated)


@_explorer
@click.option(
    "--format",
    type=click.Choice(("text", "mermaid", "dot", "json")),
    default="text",
    show_default=True,
    help="The format of the map.",
)
def map_command(info: ScriptInfo, **options: t.Any) -> None:
    """Show what callers hear, what they can do then, and where it leads.

    Each path is played from its beginning, so the views run many times: what they store
    is stored. No request reaches a real phone system.
    """
    from .callflow import commands

    _explore(info, commands.show_map, **options)


def _check_findings(
    context: click.Context, parameter: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    from .callflow.findings import ADVICE

    for name in names:
        if name not in ADVICE:
            raise click.BadParameter(
                f"{name!r} is not one of {', '.join(map(repr, ADVICE))}."
            )
    return names


@_explorer
@click.option(
    "--skip",
    multiple=True,
    metavar="FINDING",
    callback=_check_findings,
    help="Leave out findings of this name. Repeat for each.",
)
@click.option("--deploy", is_flag=True, help="Check the configuration too.")
def check_command(info: ScriptInfo, **options: t.Any) -> None:
    """Report dead ends, loops, errors and other mistakes in the call flow.

    Each path is played from its beginning, so the views run many times: what they store
    is stored. No request reaches a real phone system. The exit status is 1 if anything
    is found.
    """
    from .callflow import commands

    _explore(info, commands.show_findings, **options)


def _explore(
    info: ScriptInfo,
    show: t.Callable[..., int],
    *,
    blueprint: str | None,
    values: dict[str, str],
    **options: t.Any,
) -> t.NoReturn:
    from .phone_urls import ozml_blueprints

    app = info.load_app()
    with _explained():
        with app.app_context():
            phones = ozml_blueprints(app, blueprint)
            _check_names(phones, values)
        status = show(app, phones, _screen(), values=values, **options)
    click.get_current_context().exit(status)


def _play(
    info: ScriptInfo,
    play: t.Callable[..., int | None],
    *,
    url: str | None,
    blueprint: str | None,
    values: dict[str, str],
    extensions: "Mapping[str, Outcome]" = MappingProxyType({}),
    **arguments: t.Any,
) -> t.NoReturn:
    app = info.load_app()
    with (
        _printable_log(),
        _phone_system(app, url, blueprint, values) as system,
    ):
        system.extensions.update(extensions)
        status = play(system, sys.stdout, colour=_colour(), **arguments)
    if url:
        _advise(system.errors)
    click.get_current_context().exit(status or 0)


@contextlib.contextmanager
def _phone_system(
    app: Flask, url: str | None, blueprint: str | None, values: dict[str, str]
) -> "Iterator[PhoneSystem]":
    import secrets

    from . import playing
    from .phone_urls import ozml_blueprints
    from .phone_urls import pasted_urls
    from .simulator import PhoneSystem

    if playing.lacks_address(app):
        app.config["OZML_PUBLIC_URL"] = url or "http://localhost"
    with app.app_context(), _explained():
        phones = ozml_blueprints(app, blueprint)
        _check_names(phones, values)
        urls = pasted_urls(phones, values)
    # Sites store messages by their ids, so the ids must differ from run to run.
    first_id = secrets.randbelow(10**9)
    if url:
        yield PhoneSystem(url, urls, playing.base_of(app, urls), first_id=first_id)
        return
    with playing.playing(app, urls, first_id=first_id) as system:
        yield system


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
