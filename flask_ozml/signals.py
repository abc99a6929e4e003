"""Signals, sent with the app as the sender."""

import logging

from blinker import NamedSignal
from blinker import Namespace
from flask import Flask

from .failures import propagate
from .logs import log

_signals = Namespace()

#: A notification was accepted and read; sent with ``notification``.
notification_received = _signals.signal("notification-received")

#: The fallback answers a notification; sent with ``notification``, ``exception``.
notification_failed = _signals.signal("notification-failed")


def send(signal: NamedSignal, app: Flask, **arguments: object) -> None:
    """Send a signal; a receiver that raises does not end the call."""
    if not signal.receivers:
        return
    try:
        signal.send(app, _async_wrapper=app.ensure_sync, **arguments)
    except Exception as error:  # noqa: BLE001  # a failed answer drops a caller
        what = f"a receiver of {signal.name!r}"
        propagate(error, what)
        log(logging.ERROR, "%s failed", what, error=error)
