"""The views of a blueprint: which functions there are, and which one answers."""

import dataclasses
import difflib
import inspect
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

from ..notifications import KINDS
from ..notifications import Notification

Function = Callable[..., t.Any]


@dataclasses.dataclass(frozen=True, slots=True)
class RegisteredView:
    """A function that answers one kind of notification."""

    notification: type[Notification]
    function: Function
    name: str
    filters: Mapping[str, object]
    signature: inspect.Signature
    #: Parameters behind the notification that have no default.
    needed: frozenset[str]
    is_async: bool

    @property
    def qualified_name(self) -> str:
        return f"{self.notification.kind}.{self.name}"

    def answers(self, notification: Notification, values: Mapping[str, object]) -> bool:
        """Whether it answers a notification that came with these URL variables."""
        if self.needed and not self.needed <= values.keys():
            return False
        for name, value in self.filters.items():
            # With ==, for a filter may have an __eq__ of its own.
            if not (getattr(notification, name) == value):  # noqa: SIM201
                return False
        return True


class ViewTable:
    """The views of a blueprint by their kinds."""

    def __init__(self) -> None:
        self._by_kind: dict[str, list[RegisteredView]] = {kind: [] for kind in KINDS}
        self._by_name: dict[tuple[str, str], RegisteredView] = {}

    def of(self, kind: str) -> tuple[RegisteredView, ...]:
        """The views of a kind, the most specific ones first."""
        return tuple(self._by_kind[kind])

    def add(
        self,
        notification: type[Notification],
        function: Function,
        filters: Mapping[str, object],
    ) -> None:
        """Register a function for a kind of notification.

        :raises TypeError: for a filter that the notification does not have.
        :raises ValueError: for a second function of the kind with this name, or with
            these filters where only the filters can tell which one is meant.
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
        """The most specific view that matches; of equals the first registered."""
        for view in self._by_kind[notification.kind]:
            if view.answers(notification, values):
                return view
        return None

    def get(self, kind: str, name: str) -> RegisteredView | None:
        """The view of a kind by its name."""
        return self._by_name.get((kind, name))

    def target(self, view: Function | str) -> RegisteredView:
        """The view that a URL in OzML shall lead to.

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
        kinds = ", ".join(n.kind for n in KINDS.values() if n.url_in_commands)
        if found:
            return (
                f"{found[0]!r} cannot be reached by a URL in OzML; decorate the view"
                f" for one of these kinds too: {kinds}."
            )
        known = {v.name: v for views in self._by_kind.values() for v in views}
        nearest = difflib.get_close_matches(shown.rpartition(".")[2], known, n=1)
        hint = f"did you mean {nearest[0]!r}" if nearest else "is it decorated"
        return f"There is no view {shown!r}; {hint}?"

    def _named(self, name: str) -> list[RegisteredView]:
        kind, _, short = name.rpartition(".")
        return [
            view
            for views in self._by_kind.values()
            for view in views
            if view.name == short and kind in ("", view.notification.kind)
        ]

    def _wrapped(self, function: Function | None) -> list[RegisteredView]:
        while function is not None:
            found = [
                view
                for views in self._by_kind.values()
                for view in views
                if view.function == function
            ]
            if found:
                return found
            function = getattr(function, "__wrapped__", None)
        return []


def _name_of(function: object) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _registered_view(
    notification: type[Notification], function: Function, filters: Mapping[str, object]
) -> RegisteredView:
    if not callable(function) or not hasattr(function, "__name__"):
        raise TypeError(
            f"@{notification.kind} takes a function with a name, not"
            f" {type(function).__name__}; filters are given by name."
        )
    known = [f.name for f in dataclasses.fields(notification) if f.name != "fields"]
    for name in filters.keys() - set(known):
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {known}."
        raise TypeError(f"{notification.__name__} has no {name!r}; {hint}")
    signature = inspect.signature(function)
    return RegisteredView(
        notification,
        function,
        function.__name__,
        dict(filters),
        signature,
        _needed(signature),
        inspect.iscoroutinefunction(function),
    )


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
        if view.notification.pasted and other.filters == view.filters:
            raise ValueError(
                f"{view.name!r} and {other.name!r} answer {view.notification.kind} with"
                f" equal filters {sorted(view.filters)}; only one of them can."
            )
