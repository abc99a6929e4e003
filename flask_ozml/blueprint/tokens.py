"""The signed part of a URL.

The token of a URL that is pasted into the phone system is the bare signature of its
endpoint. The token of a URL with state is a payload, which includes the time it was
made, and its signature. Both are signed, not secret.
"""

import hmac
import json
import time
import typing as t
from collections.abc import Sequence

from itsdangerous import BadData
from itsdangerous.encoding import base64_decode
from itsdangerous.encoding import base64_encode
from itsdangerous.encoding import want_bytes

from ..errors import TokenError
from ..errors import TokenExpired

#: Seconds that the clock of one host may be behind the clock of another.
CLOCK_TOLERANCE: t.Final = 60

_INVALID: t.Final = "The token of the URL is invalid, or belongs to another URL."


class StateToken(t.NamedTuple):
    """The payload of a URL with state."""

    #: The decoded path of the URL if its rule has variables, else empty.
    path: str
    #: The name of the view.
    view: str
    state: dict[str, t.Any]


class EndpointTokens:
    """Signs and checks the tokens of one endpoint.

    :param endpoint: its full name; the tokens of other endpoints are not accepted.
    :param keys: the current key, then old ones that are still accepted.
    """

    def __init__(self, endpoint: str, keys: Sequence[str | bytes]) -> None:
        salt = f"flask_ozml:{endpoint}".encode()
        self._keys = [hmac.digest(want_bytes(key), salt, "sha256") for key in keys]
        self._without_path = self._signatures(_entry_message(""))

    def _signatures(self, message: bytes) -> list[bytes]:
        return [
            base64_encode(hmac.digest(key, message, "sha256")) for key in self._keys
        ]

    def entry(self, path: str = "") -> str:
        """Return the token of a URL to paste; it is always the same.

        :param path: the decoded path of the URL if its rule has variables, else empty.
        """
        return self._signatures(_entry_message(path))[0].decode()

    def check_entry(self, token: str, path: str = "") -> bool:
        """Return whether the token of a pasted URL was signed with the current key.

        :raises TokenError: if the token does not belong to this endpoint and path.
        """
        message = _entry_message(path)
        signatures = self._signatures(message) if path else self._without_path
        return _index_of(token.encode(), signatures) == 0

    def dumps(self, token: StateToken) -> str:
        """Return the token of a URL with state.

        :raises TypeError: if JSON does not give the state back equal.
        """
        payload = base64_encode(_to_json(token))
        return b".".join((payload, self._signatures(payload)[0])).decode()

    def loads(self, token: str, max_age: float, path: str = "") -> StateToken:
        """Return what the token of a URL with state says.

        :param max_age: the age in seconds at which it expires.
        :param path: the decoded path of the URL if its rule has variables, else empty.
        :raises TokenExpired: if it is older, or from the future.
        :raises TokenError: if it does not belong to this endpoint and path.
        """
        payload, _, signature = token.encode().partition(b".")
        _index_of(signature, self._signatures(payload))
        made_at, signed_path, view, state = json.loads(base64_decode(payload))
        if signed_path != path:
            raise TokenError(_INVALID)
        if not -CLOCK_TOLERANCE <= time.time() - made_at <= max_age:
            raise TokenExpired("The token of the URL has expired.")
        return StateToken(path, view, state)


def _index_of(signature: bytes, signatures: Sequence[bytes]) -> int:
    """Return which key made a signature.

    The text is compared, because decoders accept other last characters too.

    :raises TokenError: if none did.
    """
    for index, expected in enumerate(signatures):
        if hmac.compare_digest(expected, signature):
            return index
    raise TokenError(_INVALID)


def is_state_token(token: str) -> bool:
    """Return whether a token has the form of one with state."""
    return "." in token


def unchecked(token: str) -> StateToken | None:
    """Return what a token with state says, whoever made it; None for any other text."""
    try:
        payload = json.loads(base64_decode(token.partition(".")[0]))
    except (BadData, ValueError, RecursionError):
        return None
    match payload:
        case [int(), str(path), str(view), dict(state)]:
            return StateToken(path, view, state)
    return None


def _entry_message(path: str) -> bytes:
    # A payload has no colon, so neither form of token can pass for the other.
    return f"entry:{path}".encode()


def _to_json(token: StateToken) -> bytes:
    try:
        text = json.dumps((int(time.time()), *token), separators=(",", ":"))
        same = json.loads(text)[-1] == token.state
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"The state cannot be written as JSON: {error}") from error
    if not same:
        raise TypeError(
            "JSON does not give this state back equal. Use str, int, float, bool, None,"
            " lists, and dicts with str keys; no tuples and no int keys."
        )
    return text.encode()
