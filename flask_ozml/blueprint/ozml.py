"""The blueprint: a request becomes a notification, a view, an answer."""

import logging
import re
import time
import typing as t
from collections.abc import Callable
from collections.abc import Mapping

from flask import Blueprint
from flask import current_app
from flask import Flask
from flask import got_request_exception
from flask import request
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from ..commands.rules import ViewUrl
from ..errors import ConfigurationError
from ..errors import NotificationError
from ..errors import TokenExpired
from ..errors import UnknownView
from ..logs import log
from ..notifications import KINDS
from ..notifications import Notification
from ..notifications import parse
from ..signals import notification_answered
from ..signals import notification_failed
from ..signals import notification_received
from ..signals import propagate
from ..signals import send
from ..signals import SITE_ERRORS
from .admission import empty_body
from .admission import RequestRefused
from .admission import VERIFIED
from .admission import VerifiedRequest
from .admission import verify
from .answers import Answered
from .answers import refuse
from .answers import respond
from .config import refuse_unknown_keys
from .config import url_rules
from .decorators import NotificationDecorators
from .state import Endpoint
from .state import state_of
from .tokens import StateToken
from .urls import signed_path
from .urls import UrlMaker
from .views import Function
from .views import refuse_async_without_asgiref
from .views import RegisteredView
from .views import takes
from .views import ViewTable

if t.TYPE_CHECKING:
    from .typing import FallbackView

_P = t.ParamSpec("_P")


class OzML(NotificationDecorators, Blueprint):
    """A blueprint that answers the notifications of an Ozeki Phone System.

    Its decorators, one for each kind of notification, register ordinary functions. Each
    takes filters that are compared with the attributes of the notification, for example
    ``api_extension="9998"``: a value, a collection of values, or a compiled pattern
    that must match in full. Of the views that match, the one with most filters answers.
    A view returns or yields commands, or returns None or a :class:`flask.Response`.

    :param name: the name of the blueprint, which the names of endpoints begin with.
    :param import_name: the name of its package, usually ``__name__``.
    :param options: the other parameters of :class:`flask.Blueprint`.
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
        :exc:`~flask_ozml.errors.UnknownView`. Without a fallback the answer is empty.
        """
        self._check_setup_finished("fallback")
        if self._fallback is not None:
            raise ValueError("The blueprint has a fallback already.")
        refuse_async_without_asgiref(view)
        if not takes(view, 2):
            raise TypeError("A fallback must take the notification and the exception.")
        self._fallback = view
        return view

    @property
    def has_fallback(self) -> bool:
        """Whether a fallback is registered."""
        return self._fallback is not None

    def _decorate(
        self,
        notification: type[Notification],
        view: Function | None,
        filters: Mapping[str, object],
    ) -> Function:
        def register(function: Function) -> Function:
            self._check_setup_finished(notification.kind)
            refuse_async_without_asgiref(function)
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
        """Return the URL that continues at a view; the state becomes its arguments.

        Anybody who can read the URL can read the state, and use the URL until it
        expires. Commands check that the URL leads to a view of the kind they need.

        :param view: the function or its name. If it serves several kinds, the name
            says which: ``"goto.main_menu"``.
        :param state: values that JSON gives back equal. Variables of the URL prefix are
            given here too, or carried over from the current notification.
        :raises TypeError: if the view does not take this state, or JSON does not give
            it back equal.
        :raises ValueError: if the view is unknown or ambiguous, or the path cannot hold
            a value.
        :raises TokenTooLong: if the URL is too long.
        :raises ConfigurationError: without a key or a base for the URL.
        """
        if args:
            raise TypeError("Give state by name, as the view's keyword arguments.")
        urls = UrlMaker(self)
        target = self.views.target(view)
        endpoint = urls.endpoint(target.notification.kind)
        values, state = urls.split(endpoint, state)
        target.check_state(values, state)
        path = urls.path(endpoint, values)
        payload = StateToken(signed_path(endpoint, path), target.name, state)
        url = urls.url(endpoint, path, urls.tokens(endpoint).dumps(payload))
        return ViewUrl(url, kind=target.notification.kind, view=target.name)

    def urls(self, **values: object) -> dict[str, str]:
        """Return the URLs to paste into the phone system, by kind of notification.

        :param values: the variables of the URL prefix.
        :raises TypeError: if a variable is missing.
        :raises ValueError: if the blueprint is registered under several names, a path
            cannot hold a value, or a URL is too long.
        :raises ConfigurationError: without a key or a base for the URLs.
        """
        return self._pasted_urls(UrlMaker(self), values)

    def urls_as(self, registration: str, /, **values: object) -> dict[str, str]:
        """Return what :meth:`urls` returns, for one of several registrations.

        :raises ValueError: also if the blueprint is not registered under this name.
        """
        return self._pasted_urls(UrlMaker(self, registration), values)

    def _pasted_urls(
        self, urls: UrlMaker, values: Mapping[str, object]
    ) -> dict[str, str]:
        found = {}
        for endpoint in urls.endpoints():
            path = urls.path(endpoint, urls.split(endpoint, values)[0])
            token = None
            if urls.settings.require_token:
                token = urls.tokens(endpoint).entry(signed_path(endpoint, path))
            found[endpoint.notification.kind] = urls.url(endpoint, path, token)
        return found

    def _add_rules(self, setup: BlueprintSetupState) -> None:
        app = t.cast(Flask, setup.app)
        if app.url_map.host_matching:
            raise ConfigurationError(
                "Flask-OzML does not support host_matching. Use the url_prefix."
            )
        if "<" in (setup.subdomain or ""):
            raise ConfigurationError(
                f"The subdomain {setup.subdomain!r} has a variable, which tokens do not"
                " sign. Put it into the url_prefix."
            )
        refuse_unknown_keys(app.config)
        state = state_of(app)
        state.app_settings(app)
        for kind, rule in url_rules(app.config).items():
            endpoint = self._add_rule(setup, app, kind, rule)
            state.endpoints[endpoint.name] = endpoint
            self._warn_of_dead_views(endpoint)

    def _add_rule(
        self, setup: BlueprintSetupState, app: Flask, kind: str, rule: str
    ) -> Endpoint:
        key = f"OZML_{kind.upper()}_URL"
        if re.search("[?#]", re.sub("<[^>]*>", "", f"{setup.url_prefix or ''}{rule}")):
            raise ConfigurationError(
                f"{key}: a URL rule must not contain '?' or '#', and neither must the"
                " url_prefix."
            )
        try:
            setup.add_url_rule(
                rule,
                kind,
                self._view_function(kind),
                methods=["POST"],
                provide_automatic_options=False,
                strict_slashes=False,
                merge_slashes=False,
            )
        except (ValueError, LookupError, SyntaxError) as error:
            raise ConfigurationError(
                f"{key}: {rule!r} below the url_prefix {setup.url_prefix!r} is not a"
                f" URL rule: {str(error).rstrip('.')}."
            ) from error
        name = f"{setup.name_prefix}.{setup.name}.{kind}".lstrip(".")
        made = next(app.url_map.iter_rules(name))
        adapter = app.url_map.bind("localhost", subdomain=made.subdomain)
        return Endpoint(name, self, KINDS[kind], made, adapter)

    def _view_function(self, kind: str) -> Callable[..., Response]:
        def answer(**values: t.Any) -> Response:
            return self._answer(values)

        # Extensions identify views by these names, for example Flask-WTF.
        answer.__name__ = answer.__qualname__ = kind
        return answer

    def _warn_of_dead_views(self, endpoint: Endpoint) -> None:
        notification = endpoint.notification
        for view in self.views.of(notification.kind):
            missing = view.needed - endpoint.rule.arguments
            if missing and not notification.url_in_commands:
                log(
                    logging.WARNING,
                    "%s: the view %r is never called: it needs %s, and no URL in OzML"
                    " can lead to it. Add a default, or a variable to the URL rule.",
                    endpoint.name,
                    view.name,
                    sorted(missing),
                )

    def _receive(self, name: str | None, values: dict[str, t.Any] | None) -> None:
        """Verify a request before any hook of the site can read it; raise nothing."""
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy
        endpoint = state_of(app).endpoints.get(name or "")
        if endpoint is None or endpoint.owner is not self:
            return
        if "csrf" in app.extensions:
            _exempt_from_csrf(app, endpoint)
        posted = request._get_current_object()  # type: ignore[attr-defined]  # a proxy
        try:
            posted.environ[VERIFIED] = verify(app, posted, endpoint)
        except RequestRefused as refused:
            _log_refusal(endpoint, refused)
            empty_body(posted)
            posted.environ[VERIFIED] = refused

    def _answer(self, values: dict[str, t.Any]) -> Response:
        start = time.perf_counter()
        verified = request.environ[VERIFIED]
        if isinstance(verified, RequestRefused):
            return refuse(current_app, verified)
        app, endpoint = verified.app, verified.endpoint
        try:
            notification = parse(
                endpoint.notification,
                verified.body,
                charset=verified.settings.fallback_charset,
                view=verified.view,
            )
        except NotificationError as error:
            refused = RequestRefused(400, str(error))
            _log_refusal(endpoint, refused)
            return refuse(app, refused)
        send(notification_received, app, notification=notification)
        view, answered = self._call_view(verified, notification, values)
        send(
            notification_answered,
            app,
            notification=notification,
            view=view,
            commands=answered.commands,
            seconds=time.perf_counter() - start,
        )
        return answered.response

    def _call_view(
        self,
        verified: VerifiedRequest,
        notification: Notification,
        values: dict[str, t.Any],
    ) -> tuple[str | None, Answered]:
        """Return the name of the view that answered, and its answer."""
        try:
            view, state = self._choose(verified, notification, values)
            if view is None:
                self._warn_not_handled(verified, notification, values)
                return None, respond(verified, notification, None)
        except (TokenExpired, UnknownView) as error:
            log(logging.WARNING, "%s: %s", verified.endpoint.name, error)
            return self._fall_back(verified, notification, error)
        except SITE_ERRORS as error:
            return self._fail(verified, notification, "a filter", error)
        try:
            function = verified.app.ensure_sync(view.function)
            answer = function(notification, **values, **state)
            return view.qualified_name, respond(verified, notification, answer)
        except SITE_ERRORS as error:
            return self._fail(verified, notification, f"view {view.name!r}", error)

    def _choose(
        self,
        verified: VerifiedRequest,
        notification: Notification,
        values: dict[str, t.Any],
    ) -> tuple[RegisteredView | None, dict[str, t.Any]]:
        payload = verified.payload
        if payload is None:
            return self.views.select(notification, values), {}
        if isinstance(payload, TokenExpired):
            raise payload
        view = self.views.get(notification.kind, payload.view)
        if view is None:
            raise UnknownView(
                f"The URL leads to the view {payload.view!r}, which does not exist."
                " Views at which live calls may continue must stay for"
                " OZML_TOKEN_MAX_AGE."
            )
        return view, payload.state

    def _warn_not_handled(
        self,
        verified: VerifiedRequest,
        notification: Notification,
        values: dict[str, t.Any],
    ) -> None:
        kind = notification.kind
        reasons = [
            f"{view.name!r}: {view.misfit(notification, values)}"
            for view in self.views.of(kind)
        ]
        state_of(verified.app).log_once(
            (self, kind),
            logging.WARNING,
            "%s: no view answers this notification, so the answer is empty. %s.",
            verified.endpoint.name,
            "; ".join(reasons) or f"Decorate a function with @{self.name}.{kind}",
        )

    def _fail(
        self,
        verified: VerifiedRequest,
        notification: Notification,
        source: str,
        error: BaseException,
    ) -> tuple[str | None, Answered]:
        propagate(verified.app, error, source)
        name = verified.endpoint.name
        log(logging.ERROR, "%s: %s failed", name, source, error=error)
        send(got_request_exception, verified.app, exception=error)
        return self._fall_back(verified, notification, error)

    def _fall_back(
        self,
        verified: VerifiedRequest,
        notification: Notification,
        error: BaseException,
    ) -> tuple[str | None, Answered]:
        app = verified.app
        send(notification_failed, app, notification=notification, exception=error)
        if self._fallback is None:
            return None, respond(verified, notification, None)
        try:
            answer = app.ensure_sync(self._fallback)(notification, error)
            return "fallback", respond(verified, notification, answer)
        except SITE_ERRORS as failure:
            propagate(app, failure, "the fallback")
            name = verified.endpoint.name
            log(logging.ERROR, "%s: the fallback failed", name, error=failure)
            return "fallback", respond(verified, notification, None)


def _exempt_from_csrf(app: Flask, endpoint: Endpoint) -> None:
    """Exempt a view from Flask-WTF, which would answer 400; the token is the proof."""
    exempt = getattr(app.extensions["csrf"], "exempt", None)
    if exempt is not None:
        exempt(app.view_functions[endpoint.name])


def _log_refusal(endpoint: Endpoint, refused: RequestRefused) -> None:
    log(
        logging.WARNING,
        "%s: refused with %s: %s",
        endpoint.name,
        refused.status,
        refused.reason,
    )
