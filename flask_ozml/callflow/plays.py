"""Plays a path of acts, from the beginning, in a fresh phone system."""

import contextlib
import dataclasses
import inspect
import itertools
import secrets
import types
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from flask import Flask
from flask import request

from ..blueprint import OzML
from ..commands import Call as CallCommand
from ..commands import Command
from ..errors import StatusCode
from ..notifications import CallState
from ..notifications import KINDS
from ..notifications import Notification
from ..playing import base_of
from ..playing import reached_by
from ..signals import notification_answered
from ..signals import notification_failed
from ..simulator import Call
from ..simulator import CallLoop
from ..simulator import PhoneSystem
from ..simulator import PlacedCall
from ..simulator import Urls
from ..simulator.session import Transcript
from .awaited import Awaited
from .awaited import awaited
from .identity import IDS
from .identity import Namer
from .identity import reachable_frames
from .moments import Moment
from .moments import Trouble
from .people import ACTS
from .people import listen
from .people import Play
from .states import Act
from .states import Path

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIEnvironment

#: Starts a call in a fresh phone system, and returns it.
Start = Callable[[PhoneSystem], Call]

#: The caller's number, and the number that is called back.
_PERSON: t.Final = "500"


class Player:
    """Plays paths of an app in this process.

    CallChanged is posted while a call begins, and later only if a view has answered it
    with commands.

    :param app: the app; its views run, so that what they store is stored.
    :param urls: the URLs that would be pasted into the phone system.
    :param phones: the OzML blueprints by the names they are registered under.
    :param view_urls: the URLs of the views at which placed calls begin, by name.
    :param starts: functions that start calls, by name.
    :param press: entries for menus that wait for several digits.
    """

    def __init__(
        self,
        app: Flask,
        urls: Urls,
        phones: Mapping[str, OzML],
        *,
        view_urls: Mapping[str, str] = types.MappingProxyType({}),
        starts: Mapping[str, Start] = types.MappingProxyType({}),
        press: tuple[str, ...] = (),
    ) -> None:
        self._app = app
        self._urls = urls
        # Most sites only log CallChanged, which takes more time than all the rest.
        self._silent_urls = without_call_changed(urls)
        self._needs_call_changed = False
        self._base = base_of(app, urls)
        self._names = dict(_codes(phones))
        self._view_urls = view_urls
        self._starts = starts
        self._press = press
        # Sites keep ids, so no two plays share them, and neither do two explorations.
        self._next_id = 10**9 + secrets.randbelow(10**9) * IDS
        self._play = self._fresh(())
        #: The views that ran, as names of blueprints and qualified names.
        self.reached: set[tuple[str, str]] = set()
        #: Whether a view called, transferred or sent a text message to anybody.
        self.dials = False

    @contextlib.contextmanager
    def ready(self) -> Iterator[t.Self]:
        """Listen to the signals of the app, and answer its requests."""
        with (
            notification_failed.connected_to(self._failed, self._app),
            notification_answered.connected_to(self._answered, self._app),
            reached_by(self._app, self._http_api),
        ):
            yield self

    def _http_api(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        return self._play.system.http_api(environ, start_response)

    def _fresh(self, path: Path) -> Play:
        first_id = self._next_id
        self._next_id += IDS
        urls = self._silent_urls
        if len(path) == 1 or self._needs_call_changed:
            urls = self._urls
        system = PhoneSystem(self._app, urls, self._base, first_id=first_id)
        return Play(system, Namer(first_id))

    def __call__(self, path: Path) -> tuple[Moment | None, Moment | None]:
        """Return the moments before and after the last act.

        The one before is None for the first act. The one after is None if an act was
        not possible, because this play went another way than an earlier one.
        """
        play = self._play = self._fresh(path)
        before: Moment | None = None
        after: Moment | None = None
        for number, act in enumerate(path, 1):
            before = after
            play.reset()
            try:
                self._do(play, act)
            except _NotPossible:
                return before, None
            # Whatever an application raises; a view that exits would drop the call.
            except (Exception, SystemExit) as error:  # noqa: BLE001
                self._raised(play, error)
            if number >= len(path) - 1:
                after = self._moment(play)
        return before, after

    def _do(self, play: Play, act: Act) -> None:
        """Do one act, and listen until keys or a voice are awaited."""
        play.system.extensions.clear()
        play.system.extensions.update(dict.fromkeys(act.unanswered, "busy"))
        starts = _STARTS.get(act.verb)
        if starts:
            play.call = starts(self, play, act.what)
        elif play.call is None or not self._is_possible(play.call, act):
            raise _NotPossible
        else:
            ACTS[act.verb](play, play.call, act.what)
        listen(play.call)

    def _is_possible(self, call: Call, act: Act) -> bool:
        plain = dataclasses.replace(act, unanswered=())
        return act.verb == "hour" or plain in awaited(call, self._press).acts

    def call(self, play: Play, api_extension: str) -> Call:
        """Call an API extension."""
        return play.system.incoming_call(_PERSON, api_extension)

    def view(self, play: Play, name: str) -> Call:
        """Answer a call that begins at a view."""
        system, command = play.system, CallCommand(_PERSON, url=self._view_urls[name])
        with system.turn(Transcript(name)):
            system.place(command, "")
        return system.calls_placed[-1].answer()

    def start(self, play: Play, name: str) -> Call:
        """Start a call as a function does; one that rings is answered."""
        call = self._starts[name](play.system)
        return call.answer() if isinstance(call, PlacedCall) and _rings(call) else call

    def follow(self, play: Play, number: str) -> Call:
        """Turn to a call that was placed.

        :raises _NotPossible: if there is none to this number.
        """
        calls = play.system.calls_placed
        found = [call for call in calls if call.callee == number and _rings(call)]
        if not found:
            raise _NotPossible
        return found[0]

    def _moment(self, play: Play) -> Moment:
        call, name = play.call, play.namer.text
        placed = play.system.calls_placed[play.placed_before :]
        found = Awaited("end", "ended with an error")
        if call is not None:
            found = awaited(call, self._press)
        return Moment(
            found.kind,
            tuple(map(name, call.heard[play.heard_before :])) if call else (),
            found.words,
            self._doing(play, call) if call else (),
            (*found.acts, *(Act("follow", c.callee) for c in placed if _rings(c))),
            views=tuple(play.views),
            troubles=(*play.troubles, *_refusals(play)),
            target=(call.transferred_to or "") if call else "",
            quiet=play.quiet,
        )

    def _doing(self, play: Play, call: Call) -> t.Any:
        if isinstance(call, PlacedCall) and _rings(call):
            return play.namer.describe(call.command)
        return tuple(
            (type(frame).__name__, play.namer.describe(frame.commands))
            for frame in reachable_frames(call.stack)
        )

    def _failed(self, app: object, *, exception: BaseException, **rest: object) -> None:
        self._play.system.failures.append(exception)
        self._play.failure = exception

    def _answered(
        self,
        app: object,
        *,
        notification: Notification,
        view: str | None,
        commands: tuple[Command, ...],
        **rest: object,
    ) -> None:
        play = self._play
        failure, play.failure = play.failure, None
        if failure:
            # A fallback that fails, or says nothing, is as good as none.
            name = "fallback" if view == "fallback" and commands else "error"
            self._add(play, name, failure, notification.kind)
        if view:
            self.reached.add((request.blueprint or "", view))
        if notification.kind == "call_changed":
            self._needs_call_changed |= bool(commands)
        else:
            play.posted = True
            if view and notification.kind != "error":
                play.views.append(view)
        self.dials |= any(map(_dials, commands))

    def _raised(self, play: Play, error: BaseException) -> None:
        if isinstance(error, CallLoop):
            play.troubles.append(Trouble("loop", play.last_view, str(error)))
        else:
            self._add(play, "error", error)

    def _add(self, play: Play, name: str, error: BaseException, kind: str = "") -> None:
        view = self._view_of(error, kind)
        self.reached.add(view)
        what = play.namer.text(f"{type(error).__name__}: {error}".rstrip(": "))
        play.troubles.append(Trouble(name, view[1], what))

    def _view_of(self, error: BaseException, kind: str) -> tuple[str, str]:
        """Return the names of the blueprint and the view that has failed.

        The view is not in the traceback if its answer was refused. Then it is known
        only if the notification's kind has one view.
        """
        trace = error.__traceback__
        while trace:
            names = self._names.get(trace.tb_frame.f_code)
            if names:
                return names
            trace = trace.tb_next
        known = self._names.values()
        found = [names for names in known if names[1].startswith(f"{kind}.")]
        return found[0] if len(found) == 1 else ("", "")


def _refusals(play: Play) -> Iterator[Trouble]:
    """Yield what the phone system refused to do."""
    view = play.last_view
    outside = play.system.not_opened[play.not_opened_before :]
    for url in outside:
        yield Trouble("outside", view, play.namer.text(_bare(url)))
    for error in play.system.errors[play.errors_before :]:
        if error.code != StatusCode.CALL_CONNECT_FAILED and not outside:
            yield Trouble("refused", view, play.namer.text(error.message))


class _NotPossible(Exception):
    """An act is not possible, because a play went another way than before."""


def without_call_changed(urls: Urls) -> Urls:
    """Return the URLs without those of CallChanged."""
    kept: dict[str, t.Any] = {}
    for name, url in urls.items():
        if isinstance(url, Mapping):
            kept[name] = without_call_changed(url)
        elif name != "call_changed":
            kept[name] = url
    return kept


def _codes(
    phones: Mapping[str, OzML],
) -> Iterator[tuple[types.CodeType, tuple[str, str]]]:
    for name, phone in phones.items():
        for view in itertools.chain(*map(phone.views.of, KINDS)):
            function = t.cast(types.FunctionType, inspect.unwrap(view.function))
            yield function.__code__, (name, view.qualified_name)


_STARTS: t.Final[Mapping[str, Callable[[Player, Play, str], Call]]] = {
    "call": Player.call,
    "view": Player.view,
    "start": Player.start,
    "follow": Player.follow,
}


def _rings(call: Call) -> bool:
    return call.state is CallState.RINGING


def _bare(url: str) -> str:
    """Return a URL without its query, which may hold a token."""
    return url.partition("?")[0]


def _dials(command: Command) -> bool:
    return any(getattr(command, name) for name in command.destinations) or any(
        map(_dials, command.children)
    )
