"""The blueprint: URL -> typed notification -> view -> OzML. Flask lives here."""

import inspect
import logging
import typing as t
from collections.abc import Callable
from collections.abc import Mapping

from flask import Blueprint
from flask import current_app
from flask import Flask
from flask import got_request_exception
from flask import Request
from flask import request
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from .. import notifications
from ..errors import ConfigurationError
from ..errors import NotificationError
from ..errors import TokenExpired
from ..errors import TokenTooLong
from ..errors import UnknownView
from ..failures import propagate
from ..logs import log
from ..notifications import KINDS
from ..notifications import Notification
from ..signals import notification_failed
from ..signals import notification_received
from ..signals import send
from .admission import ADMISSION
from .admission import Admission
from .admission import admit
from .admission import Endpoint
from .admission import hide_body
from .admission import Refused
from .admission import state_of
from .admission import TOKEN_VARIABLE
from .config import url_rules
from .decorators import NotificationDecorators
from .responses import answered
from .responses import ozml
from .responses import refusal
from .tokens import StateToken
from .urls import base_url
from .urls import current_admission
from .urls import path_of
from .urls import signed_path
from .urls import split_values
from .views import Function
from .views import RegisteredView
from .views import ViewTable

if t.TYPE_CHECKING:
    from .typing import FallbackView

#: How long a URL may be: servers in front cut at about 4,000 characters.
MAX_URL_LENGTH: t.Final = 2_000

# Each access through a proxy costs as much as all else that is done with it.
_app: t.Final[Callable[[], Flask]] = current_app._get_current_object  # type: ignore[attr-defined]  # a proxy
_request: t.Final[Callable[[], Request]] = request._get_current_object  # type: ignore[attr-defined]  # a proxy

_P = t.ParamSpec("_P")


class OzML(NotificationDecorators, Blueprint):
    """A blueprint that answers the notifications of an Ozeki Phone System.

    Its decorators, one for each kind of notification, register ordinary functions. Each
    takes filters (``api_extension="9998"``), compared with the attributes of the
    notification; of the views that match, the one with most filters answers. A view
    returns or yields commands, or returns None or a :class:`flask.Response`.

    :param name: the blueprint's name, which the endpoints begin with.
    :param import_name: the name of its package, usually ``__name__``.
    :param options: what :class:`flask.Blueprint` takes besides.
    """

    def __init__(self, name: str, import_name: str, **options: t.Any) -> None:
        super().__init__(name, import_name, **options)
        #: The registered views.
        self.views = ViewTable()
        self._fallback: Function | None = None
        self.record(self._add_rules)
        self.url_value_preprocessor(self._receive)

    def fallback(self, view: "FallbackView") -> "FallbackView":
        """Register the view that answers when another one cannot.

        It is called with the notification and the exception: what the view raised,
        :exc:`~flask_ozml.errors.TokenExpired` or
        :exc:`~flask_ozml.errors.UnknownView`. Without it the answer is empty.
        """
        self._check_setup_finished("fallback")
        if self._fallback is not None:
            raise ValueError("There is a fallback already; a blueprint has one.")
        _refuse_async_without_asgiref(view)
        self._fallback = view
        return view

    def _decorate(
        self,
        notification: type[Notification],
        view: Function | None,
        filters: Mapping[str, object],
    ) -> Function:
        def register(function: Function) -> Function:
            self._check_setup_finished(notification.kind)
            _refuse_async_without_asgiref(function)
            self.views.add(notification, function, filters)
            return function

        return register if view is None else register(view)

    @t.overload
    def to(
        self,
        view: Callable[t.Concatenate[t.Any, _P], object],
        /,
        *args: _P.args,
        **state: _P.kwargs,
    ) -> str: ...
    @t.overload
    def to(self, view: str, /, **state: t.Any) -> str: ...
    def to(self, view: t.Any, /, *args: t.Any, **state: t.Any) -> str:
        """Make the URL that continues at a view; the state comes back as its arguments.

        Anybody who reads the URL can read the state, and use it until it expires.

        :param view: the function, or its name (``"goto.main_menu"`` where it serves
            several kinds).
        :param state: what JSON gives back equal. The names of variables of the URL
            prefix are taken as those; others are carried over from this request.
        :raises TypeError: if the view does not take this state, or JSON does not.
        :raises ValueError: if there is no such view, or nobody can tell which.
        :raises TokenTooLong: if the URL is longer than :data:`MAX_URL_LENGTH`.
        :raises ConfigurationError: without a key or a base for the URL.
        """
        if args:
            raise TypeError("State is given by name, as the view's keyword arguments.")
        app = _app()
        target = self.views.target(view)
        endpoint = self._endpoint(self._registration(), target.notification.kind)
        values, state = split_values(app, endpoint, state)
        _check_state(target, values, state)
        path = path_of(endpoint, values)
        says = StateToken(signed_path(endpoint, path), target.name, state)
        token = state_of(app).configured(app).tokens(endpoint).dumps(says)
        url = f"{base_url(app, endpoint)}{path.rstrip('/')}/{token}"
        if len(url) > MAX_URL_LENGTH:
            raise TokenTooLong(
                f"The URL to {target.qualified_name!r} has {len(url)} characters;"
                f" {MAX_URL_LENGTH} are the limit. Keep large state in the site's"
                " database, and its key in the URL."
            )
        return url

    def urls(self, **values: object) -> dict[str, str]:
        """The URLs to paste into the phone system, by the kinds of notification.

        :param values: variables of the URL prefix.
        :raises ValueError: if the blueprint is registered under several names.
        :raises ConfigurationError: without a key or a base for the URLs.
        """
        return self.urls_as(self._registration(), **values)

    def urls_as(self, registration: str, /, **values: object) -> dict[str, str]:
        """As :meth:`urls`, for one of the names that the blueprint is registered by."""
        app = _app()
        configured = state_of(app).configured(app)
        found = {}
        for endpoint in state_of(app).endpoints.values():
            if endpoint.owner is self and endpoint.registration == registration:
                path = path_of(endpoint, split_values(app, endpoint, values)[0])
                if configured.settings.require_token:
                    signed = signed_path(endpoint, path)
                    token = configured.tokens(endpoint).entry(signed)
                    path = f"{path.rstrip('/')}/{token}"
                found[endpoint.notification.kind] = f"{base_url(app, endpoint)}{path}"
        return found

    def _registration(self) -> str:
        admission = current_admission()
        if admission is not None and admission.endpoint.owner is self:
            return admission.endpoint.registration
        names = [name for name, bp in _app().blueprints.items() if bp is self]
        if len(names) != 1:
            raise ValueError(
                f"Blueprint {self.name!r} is registered as {names}; outside of its"
                " notifications nobody can tell which is meant; the URLs of one of them"
                " are those of urls_as(name)."
                if names
                else f"Blueprint {self.name!r} is not registered in this app."
            )
        return names[0]

    def _endpoint(self, registration: str, kind: str) -> Endpoint:
        endpoint = state_of(_app()).endpoints.get(f"{registration}.{kind}")
        if endpoint is None:
            raise ValueError(f"OZML_{kind.upper()}_URL is None; the kind has no URL.")
        return endpoint

    def _add_rules(self, setup: BlueprintSetupState) -> None:
        if "<" in (setup.subdomain or ""):
            raise ConfigurationError(
                f"The subdomain {setup.subdomain!r} has a variable, which no token"
                " would sign; put it into the url_prefix."
            )
        app = t.cast(Flask, setup.app)
        state = state_of(app)
        state.configured(app)
        for kind, url in url_rules(app.config).items():
            try:
                self._add_rule(setup, kind, url)
            except (ValueError, LookupError, SyntaxError) as error:
                raise ConfigurationError(
                    f"OZML_{kind.upper()}_URL: {url!r} is no URL rule: {error}."
                ) from error
            name = f"{setup.name_prefix}.{setup.name}.{kind}".lstrip(".")
            rules = app.url_map.iter_rules(name)
            plain = next(rule for rule in rules if TOKEN_VARIABLE not in rule.arguments)
            state.endpoints[name] = Endpoint(name, self, KINDS[kind], plain)

    def _add_rule(self, setup: BlueprintSetupState, kind: str, rule: str) -> None:
        view = self._view_function(kind)
        for url in (rule, f"{rule.rstrip('/')}/<{TOKEN_VARIABLE}>"):
            setup.add_url_rule(
                url,
                kind,
                view,
                methods=["POST"],
                provide_automatic_options=False,
                strict_slashes=False,
                merge_slashes=False,
            )

    def _view_function(self, kind: str) -> Callable[..., Response]:
        def respond(**values: t.Any) -> Response:
            return self._respond(values)

        # Extensions name views by these, Flask-WTF its exempt ones.
        respond.__name__ = respond.__qualname__ = kind
        return respond

    def _receive(self, name: str | None, values: dict[str, t.Any] | None) -> None:
        """Read the body before any hook of the site can; raise nothing."""
        app = _app()
        state = state_of(app)
        endpoint = state.endpoints.get(name or "")
        if endpoint is None or endpoint.owner is not self or values is None:
            return
        if "csrf" in app.extensions:
            _exempt_from_csrf(app, endpoint)
        token = values.pop(TOKEN_VARIABLE, None)
        posted = _request()
        try:
            admission: object = admit(app, state, posted, endpoint, token)
        except Refused as refused:
            _log_refusal(endpoint, refused.status, refused.reason)
            hide_body(posted.environ)
            admission = refused
        posted.environ[ADMISSION] = admission

    def _respond(self, values: dict[str, t.Any]) -> Response:
        # It is back where a hook has copied the request context.
        values.pop(TOKEN_VARIABLE, None)
        admission = _request().environ[ADMISSION]
        if isinstance(admission, Refused):
            return refusal(admission.status, admission.reason)
        endpoint = admission.endpoint
        try:
            notification = notifications.parse(
                endpoint.notification,
                admission.body,
                charset=admission.settings.fallback_charset,
            )
        except NotificationError as error:
            _log_refusal(endpoint, 400, str(error))
            return refusal(400, str(error))
        send(notification_received, admission.app, notification=notification)
        return self._answer(admission, notification, values)

    def _answer(
        self, admission: Admission, notification: Notification, values: dict[str, t.Any]
    ) -> Response:
        try:
            view, state = self._choose(admission, notification, values)
        except (TokenExpired, UnknownView) as error:
            log(logging.WARNING, "%s: %s", admission.endpoint.name, error)
            return self._fall_back(admission, notification, error)
        except Exception as error:  # noqa: BLE001  # a failed answer drops a caller
            return self._fail(admission, notification, "a filter", error)
        if view is None:
            self._warn_not_handled(admission)
            return ozml(admission.app, [])
        function = view.function
        try:
            if view.is_async:
                function = current_app.ensure_sync(function)
            return answered(
                function(notification, **values, **state), admission, notification
            )
        except Exception as error:  # noqa: BLE001  # as above
            return self._fail(admission, notification, f"view {view.name!r}", error)

    def _fail(
        self,
        admission: Admission,
        notification: Notification,
        what: str,
        error: Exception,
    ) -> Response:
        propagate(error, what)
        log(logging.ERROR, "%s: %s failed", admission.endpoint.name, what, error=error)
        send(got_request_exception, admission.app, exception=error)
        return self._fall_back(admission, notification, error)

    def _choose(
        self, admission: Admission, notification: Notification, values: dict[str, t.Any]
    ) -> tuple[RegisteredView | None, dict[str, t.Any]]:
        says = admission.says
        if says is None:
            return self.views.select(notification, values), {}
        if isinstance(says, TokenExpired):
            raise says
        view = self.views.get(notification.kind, says.view)
        if view is None:
            raise UnknownView(
                f"The URL leads to the view {says.view!r}, which is gone; views that"
                " live calls may continue at must stay for OZML_TOKEN_MAX_AGE."
            )
        return view, says.state

    def _warn_not_handled(self, admission: Admission) -> None:
        endpoint = admission.endpoint
        kind = endpoint.notification.kind
        state_of(admission.app).log_once(
            (self, kind),
            logging.WARNING,
            "%s: %s; the answer is empty. Decorate one with @%s.%s",
            endpoint.name,
            "none of its views has filters and arguments that fit"
            if self.views.of(kind)
            else "no view answers this notification",
            self.name,
            kind,
        )

    def _fall_back(
        self, admission: Admission, notification: Notification, error: Exception
    ) -> Response:
        send(
            notification_failed,
            admission.app,
            notification=notification,
            exception=error,
        )
        if self._fallback is None:
            return ozml(admission.app, [])
        try:
            function = current_app.ensure_sync(self._fallback)
            return answered(function(notification, error), admission, notification)
        except Exception as failure:  # noqa: BLE001  # as above
            propagate(failure, "the fallback")
            name = admission.endpoint.name
            log(logging.ERROR, "%s: the fallback failed", name, error=failure)
            return ozml(admission.app, [])


def _refuse_async_without_asgiref(function: Function) -> None:
    if not (
        inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    ):
        return
    try:
        import asgiref.sync  # noqa: F401  # only whether it is there
    except ImportError as error:
        raise RuntimeError(
            f"The view {function.__name__!r} is async: install Flask with the 'async'"
            " extra."
        ) from error


def _check_state(
    target: RegisteredView, values: Mapping[str, t.Any], state: Mapping[str, t.Any]
) -> None:
    # The site may take variables out of the URL before they reach a view.
    parameters = target.signature.parameters
    taken = {name: value for name, value in values.items() if name in parameters}
    try:
        # A misspelt name is told before the one that is missing for it.
        target.signature.bind_partial(None, **state)
        target.signature.bind(None, **taken, **state)
    except TypeError as error:
        known = [name for name in list(parameters)[1:] if name not in taken]
        raise TypeError(
            f"The view {target.qualified_name!r} cannot take this state: {error}; it"
            f" takes {known}."
        ) from None


def _exempt_from_csrf(app: Flask, endpoint: Endpoint) -> None:
    """The token is the proof here; Flask-WTF would answer 400 to each notification."""
    exempt = getattr(app.extensions["csrf"], "exempt", None)
    if exempt is not None:
        exempt(app.view_functions[endpoint.name])


def _log_refusal(endpoint: Endpoint, status: int, reason: str) -> None:
    log(logging.WARNING, "%s: refused with %s: %s", endpoint.name, status, reason)
