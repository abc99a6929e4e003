"""Signals, sent with the app as the sender."""

from blinker import Namespace

_signals = Namespace()

#: A notification was accepted and read; sent with ``notification``.
notification_received = _signals.signal("notification-received")

#: The fallback answers a notification; sent with ``notification``, ``exception``.
notification_failed = _signals.signal("notification-failed")
