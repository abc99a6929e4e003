"""The signals of the package, and how they are sent; the sender is the app."""

import logging
from asyncio import CancelledError

from blinker import NamedSignal
from blinker import Namespace
from flask import Flask
from werkzeug.exceptions import HTTPException

from .errors import ViewFailed
from .logs import log

_signals = Namespace()

#: Sent with ``notification`` when a notification was verified and parsed.
notification_received = _signals.signal("notification-received")

#: Sent with ``notification`` and ``exception`` before the fallback is called.
notification_failed = _signals.signal("notification-failed")

#: Sent with ``notification``, ``view``, ``commands`` and ``seconds`` after each answer
#: that is not a refusal. ``view`` is a qualified name such as ``"goto.menu"``,
#: ``"fallback"``, or None if neither a view nor the fallback gave the answer;
#: ``commands`` is a tuple, which is empty if a Response was returned.
notification_answered = _signals.signal("notification-answered")

#: What code of the site may raise. CancelledError is no Exception, but must not drop a
#: caller either.
SITE_ERRORS = (Exception, CancelledError)


def send(signal: NamedSignal, app: Flask, **arguments: object) -> None:
    """Send a signal to every receiver, also after one of them has raised.

    :raises Exception: the first exception of a receiver, in debug and testing mode.
    """
    if signal.is_muted:
        return
    errors = []
    source = f"a receiver of {signal.name!r}"
    for receiver in signal.receivers_for(app):
        try:
            app.ensure_sync(receiver)(app, **arguments)
        except SITE_ERRORS as error:
            log(logging.ERROR, "%s failed", source, error=error)
            errors.append(error)
    if errors:
        propagate(app, errors[0], source)


def propagate(app: Flask, error: BaseException, source: str) -> None:
    """Raise an exception of the site's code where Flask would do so by default.

    :param source: the code that raised it, for the message.
    :raises ViewFailed: for an HTTPException, which Flask would answer with HTML.
    """
    if app.config["PROPAGATE_EXCEPTIONS"] is not None or not (app.testing or app.debug):
        return
    if isinstance(error, HTTPException):
        raise ViewFailed(f"An HTTP error came from {source}: {error!r}.") from error
    raise error
