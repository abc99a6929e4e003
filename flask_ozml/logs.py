"""The logger of the package: records hold endpoint and view names, no posted values."""

import contextlib
import logging

_logger = logging.getLogger("flask_ozml")


def log(
    level: int, message: str, *args: object, error: BaseException | None = None
) -> None:
    """Log a message; a logging handler that raises must not end a call.

    :param error: an exception whose traceback is logged too.
    """
    with contextlib.suppress(Exception):
        _logger.log(level, message, *args, exc_info=error, stacklevel=2)
