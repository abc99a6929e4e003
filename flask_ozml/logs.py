"""Where the package logs: endpoint and view names, never what was posted."""

import contextlib
import logging

_logger = logging.getLogger("flask_ozml")


def log(
    level: int, message: str, *args: object, error: BaseException | None = None
) -> None:
    """Log, and live through a handler that raises: a call is worth more.

    :param error: the exception whose traceback is logged too.
    """
    with contextlib.suppress(Exception):
        _logger.log(level, message, *args, exc_info=error, stacklevel=2)
