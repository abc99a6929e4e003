"""Where an exception of the site's own code goes: to Flask, or no further."""

from flask import current_app
from werkzeug.exceptions import HTTPException

from .errors import ViewFailed


def propagate(error: Exception, what: str) -> None:
    """Raise what the site's code raised, where Flask would by default.

    :param what: the code that raised it, to be read after "from".
    :raises ViewFailed: for an HTTP error, which would become a page of HTML.
    """
    config = current_app.config
    if config["PROPAGATE_EXCEPTIONS"] is not None or not (
        current_app.testing or current_app.debug
    ):
        return
    if isinstance(error, HTTPException):
        raise ViewFailed(f"An HTTP error came from {what}: {error!r}.") from error
    raise error
