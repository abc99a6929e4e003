"""The views of a blueprint, and which one answers a notification."""

import contextlib
import dataclasses
import difflib
import inspect
import numbers
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

from ..notifications import KINDS
from ..notifications import Notification

Function = Callable[..., t.Any]

_COLLECTIONS: t.Final = (tuple, list, set, frozenset)


@dataclasses.dataclass(frozen=True)
class RegisteredView:
    """A function that answers one kind of notification."""

    notification: type[Notification]
    function: Function
    name: str
    filters: Mapping[str, object]
    signature: inspect.Signature
    #: Parameters after the notification that have no default.
    needed: frozenset[str]

    @property
    def qualified_name(self) -> str:
        return f"{self.notification.kind}.{self.name}"

    def misfit(
        self, notification: Notification, values: Mapping[str, object]
    ) -> str | None:
        """Return why the view does not answer; None if it does.

        :param values: the URL variables that came with the notification.
        """
        missing = self.needed - values.keys()
        if missing:
            return f"needs {sorted(missing)} from the URL"
        for name, wanted in self.filters.items():
            if not _matches(getattr(notification, name), wanted):
                return f"the filter {name!r} does not match"
        return None

    def check_state(
        self, values: Mapping[str, t.Any], state: Mapping[str, t.Any]
    ) -> None:
        """Check that the view can be called with this state.

        :param values: the URL variables; the site may take them out of the URL before
            they reach a view.
        :raises TypeError: if it cannot.
        """
        parameters = self.signature.parameters
        taken = {name: value for name, value in values.items() if name in parameters}
        try:
            self.signature.bind(None, **taken, **state)
        except TypeError as error:
            known = [name for name in list(parameters)[1:] if name not in taken]
            raise TypeError(
                f"The view {self.qualified_name!r} cannot take the state"
                f" {list(state)}: {error}; it takes {known}."
            ) from None


def _matches(value: object, wanted: object) -> bool:
    if isinstance(wanted, _COLLECTIONS):
        return any(_matches(value, item) for item in wanted)
    if isinstance(wanted, re.Pattern):
        return wanted.fullmatch(t.cast(str, value)) is not None
    # A filter may have an __eq__ of its own.
    return bool(value == wanted)


class ViewTable:
    """The views of a blueprint by their kinds."""

    def __init__(self) -> None:
        self._by_kind: dict[str, list[RegisteredView]] = {kind: [] for kind in KINDS}
        self._by_name: dict[tuple[str, str], RegisteredView] = {}

    def of(self, kind: str) -> tuple[RegisteredView, ...]:
        """Return the views of a kind, the most specific ones first."""
        return tuple(self._by_kind[kind])

    def add(
        self,
        notification: type[Notification],
        function: Function,
        filters: Mapping[str, object],
    ) -> None:
        """Register a function for a kind of notification.

        :raises TypeError: for a filter that the notification does not have, or that
            can never match.
        :raises ValueError: for a second function of the kind with this name, or with
            these filters if only filters can distinguish them.
        """
        view = _registered_view(notification, function, filters)
        views = self._by_kind[notification.kind]
        _refuse_conflict(view, views)
        views.append(view)
        views.sort(key=lambda view: -len(view.filters))
        self._by_name[notification.kind, view.name] = view

    def select(
        self, notification: Notification, values: Mapping[str, object]
    ) -> RegisteredView | None:
        """Return the most specific view that matches, the first one of equals."""
        for view in self._by_kind[notification.kind]:
            if view.misfit(notification, values) is None:
                return view
        return None

    def get(self, kind: str, name: str) -> RegisteredView | None:
        """Return a view by its kind and name."""
        return self._by_name.get((kind, name))

    def target(self, view: Function | str) -> RegisteredView:
        """Return the view that a URL in OzML should lead to.

        :param view: the function, a wrapper of it, or its name or qualified name.
        :raises ValueError: if there is no such view, or more than one.
        """
        matches = self._named(view) if isinstance(view, str) else self._wrapped(view)
        shown = view if isinstance(view, str) else _name_of(view)
        found = {match.qualified_name: match for match in matches}
        reachable = [m for m in found.values() if m.notification.url_in_commands]
        if len(reachable) == 1:
            return reachable[0]
        if reachable:
            names = " or ".join(repr(match.qualified_name) for match in reachable)
            raise ValueError(f"{shown!r} serves several kinds; say which: {names}.")
        raise ValueError(self._unreachable(shown, list(found)))

    def _unreachable(self, shown: str, found: list[str]) -> str:
        if found:
            kinds = ", ".join(n.kind for n in KINDS.values() if n.url_in_commands)
            return (
                f"{found[0]!r} cannot be reached by a URL in OzML; decorate the view"
                f" for one of these kinds too: {kinds}."
            )
        known = {view.name: view for view in self._all()}
        nearest = difflib.get_close_matches(shown.rpartition(".")[2], known, n=1)
        hint = f"did you mean {nearest[0]!r}" if nearest else "is it decorated"
        return f"There is no view {shown!r}; {hint}?"

    def _all(self) -> list[RegisteredView]:
        return [view for views in self._by_kind.values() for view in views]

    def _named(self, name: str) -> list[RegisteredView]:
        kind, _, short = name.rpartition(".")
        return [
            view
            for view in self._all()
            if view.name == short and kind in ("", view.notification.kind)
        ]

    def _wrapped(self, function: Function | None) -> list[RegisteredView]:
        while function is not None:
            found = [view for view in self._all() if view.function == function]
            if found:
                return found
            function = getattr(function, "__wrapped__", None)
        return []


def refuse_async_without_asgiref(function: Function) -> None:
    """Raise a RuntimeError for an async view that Flask would not be able to run."""
    if not (
        inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    ):
        return
    try:
        import asgiref.sync  # noqa: F401  # checks that it is installed
    except ImportError as error:
        raise RuntimeError(
            f"The view {function.__name__!r} is async: install Flask with the 'async'"
            " extra."
        ) from error


def takes(function: Function, count: int) -> bool:
    """Return whether a function takes this many arguments by position."""
    try:
        # A wrapper may take other arguments than the function that it wraps.
        inspect.signature(function, follow_wrapped=False).bind_partial(*[None] * count)
    except TypeError:
        return False
    except ValueError:
        pass  # Functions in C may have no signature.
    return True


def _signature_of(function: Function) -> inspect.Signature:
    """Return what a view takes.

    A wrapper that takes any argument by name hands it on to what it wraps; another one
    may supply arguments of its own.
    """
    with contextlib.suppress(ValueError):  # Functions in C may have no signature.
        own = inspect.signature(function, follow_wrapped=False)
        if all(p.kind is not p.VAR_KEYWORD for p in own.parameters.values()):
            return own
    return inspect.signature(function)


def _name_of(function: object) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _registered_view(
    notification: type[Notification], function: Function, filters: Mapping[str, object]
) -> RegisteredView:
    if not callable(function) or not hasattr(function, "__name__"):
        raise TypeError(
            f"@{notification.kind} takes a function with a name, not"
            f" {type(function).__name__}; give filters by name."
        )
    if not takes(function, 1):
        raise TypeError(
            f"The view {function.__name__!r} must take the notification as its first"
            " argument."
        )
    for name, wanted in filters.items():
        _check_filter(notification, name, wanted)
    signature = _signature_of(function)
    return RegisteredView(
        notification,
        function,
        function.__name__,
        dict(filters),
        signature,
        _needed(signature),
    )


def _check_filter(notification: type[Notification], name: str, wanted: object) -> None:
    known = [f.name for f in dataclasses.fields(notification) if f.name != "fields"]
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"it has {known}."
        raise TypeError(f"{notification.__name__} has no {name!r}; {hint}")
    hints = t.get_type_hints(notification, include_extras=True)
    annotation, reader = t.get_args(hints[name])
    types = t.get_args(annotation) or (annotation,)
    if isinstance(wanted, _COLLECTIONS) and not wanted:
        raise TypeError(
            f"{notification.__name__}: the filter {name!r} is an empty"
            f" {type(wanted).__name__}, which never matches."
        )
    for item in wanted if isinstance(wanted, _COLLECTIONS) else (wanted,):
        if not _can_match(types, item):
            raise TypeError(
                f"{notification.__name__}: {name!r} is"
                f" {' or '.join(cls.__name__ for cls in types)}, which never matches a"
                f" filter of type {type(item).__name__}."
            )
        if type(item) is str and reader.read(item) != item:
            raise TypeError(
                f"{notification.__name__}: {name!r} has no white space at its ends, so"
                " the filter never matches."
            )


def _can_match(types: Iterable[type], wanted: object) -> bool:
    is_text = any(issubclass(cls, str) for cls in types)
    if isinstance(wanted, re.Pattern):
        return is_text and isinstance(wanted.pattern, str)
    if type(wanted).__module__ != "builtins":
        return True
    return isinstance(wanted, str if is_text else numbers.Number)


_BY_POSITION: t.Final = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)
_VARIADIC: t.Final = (
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.VAR_KEYWORD,
)


def _needed(signature: inspect.Signature) -> frozenset[str]:
    parameters = list(signature.parameters.values())
    if parameters and parameters[0].kind in _BY_POSITION:
        del parameters[0]
    return frozenset(
        p.name for p in parameters if p.default is p.empty and p.kind not in _VARIADIC
    )


def _refuse_conflict(view: RegisteredView, others: Iterable[RegisteredView]) -> None:
    for other in others:
        if other.name == view.name and other.function != view.function:
            raise ValueError(
                f"There is a view {view.qualified_name!r} already; rename this one."
            )
        if not view.notification.url_in_commands and other.filters == view.filters:
            names = sorted(view.filters)
            raise ValueError(
                f"{view.name!r} and {other.name!r} answer {view.notification.kind}"
                f" {f'with equal filters {names}' if names else 'without filters'};"
                " only one of them can."
            )
