"""What the signed part of a URL says: the only module that knows itsdangerous.

The token of a URL that is pasted into the phone system is the bare signature of its
endpoint. The token of a URL with state is a payload, which holds the time of its
making, and a signature. Both are signed, not secret.
"""

import hashlib
import hmac
import json
import time
import typing as t
from collections.abc import Sequence

from itsdangerous import Signer
from itsdangerous.encoding import base64_decode
from itsdangerous.encoding import base64_encode

from ..errors import TokenError
from ..errors import TokenExpired

_NOT_OURS: t.Final = "The token of the URL is not ours, or is for another URL."

#: Seconds that the clock of one host may be behind another's.
CLOCK_TOLERANCE: t.Final = 60


class StateToken(t.NamedTuple):
    """What a URL with state says."""

    #: The path of the URL where it has variables, else empty.
    path: str
    view: str
    state: dict[str, t.Any]


class EndpointTokens:
    """Makes and checks the tokens of one endpoint.

    :param endpoint: its full name; a token of another one is not accepted.
    :param keys: the current key first, then those that are still accepted.
    """

    def __init__(self, endpoint: str, keys: Sequence[str | bytes]) -> None:
        self._keys = [_derived_key(key, endpoint) for key in keys]
        self._without_path = self._signatures(_entry_message(""))

    def _signatures(self, message: bytes) -> list[bytes]:
        return [
            base64_encode(hmac.digest(key, message, "sha256")) for key in self._keys
        ]

    def entry(self, path: str = "") -> str:
        """The token of the URL to paste; always the same.

        :param path: the path of the URL where it has variables, else empty.
        """
        return self._signatures(_entry_message(path))[0].decode()

    def check_entry(self, token: str, path: str = "") -> bool:
        """Check the token of a pasted URL.

        :returns: whether it was signed with the current key.
        :raises TokenError: if it is no token of this endpoint and path.
        """
        signatures = (
            self._signatures(_entry_message(path)) if path else self._without_path
        )
        return _position(token.encode(), signatures) == 0

    def dumps(self, token: StateToken) -> str:
        """The token of a URL with state.

        :raises TypeError: if JSON does not give the state back equal.
        """
        payload = base64_encode(_json_bytes(token))
        return b".".join((payload, self._signatures(payload)[0])).decode()

    def loads(self, token: str, max_age: float, path: str = "") -> StateToken:
        """Check the token of a URL with state and read it.

        :param max_age: how old it may be, in seconds.
        :param path: the path of the URL where it has variables, else empty.
        :raises TokenExpired: if it is ours but older, or of a time to come.
        :raises TokenError: if it is no token of this endpoint and path.
        """
        payload, _, signature = token.encode().partition(b".")
        _position(signature, self._signatures(payload))
        made, signed_path, view, state = _READ_JSON(base64_decode(payload).decode())[0]
        if signed_path != path:
            raise TokenError(_NOT_OURS)
        if not -CLOCK_TOLERANCE <= time.time() - made <= max_age:
            raise TokenExpired("The token of the URL has expired.")
        return StateToken(path, view, state)


def _derived_key(key: str | bytes, endpoint: str) -> bytes:
    """The key of an endpoint, which a Signer would derive for each signature."""
    signer = Signer(
        key,
        salt=f"flask_ozml:{endpoint}",
        key_derivation="hmac",
        digest_method=hashlib.sha256,
    )
    return signer.derive_key()


def _entry_message(path: str) -> bytes:
    # No payload has a colon, so that neither can pass for the other.
    return f"entry:{path}".encode()


def _position(signature: bytes, signatures: Sequence[bytes]) -> int:
    """Which key made a signature; compared as text, for Base64 has many spellings."""
    for index, expected in enumerate(signatures):
        if hmac.compare_digest(expected, signature):
            return index
    raise TokenError(_NOT_OURS)


def is_state_token(token: str) -> bool:
    """Whether a token has the form of one with state."""
    return "." in token


# json.loads takes twice as long, for text that nobody has signed.
_READ_JSON: t.Final = json.JSONDecoder().raw_decode


def _json_bytes(token: StateToken) -> bytes:
    try:
        text = json.dumps((int(time.time()), *token), separators=(",", ":"))
        same = json.loads(text)[-1] == token.state
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"State must be what JSON can hold: {error}") from error
    if not same:
        raise TypeError(
            "State must be what JSON gives back equal: str, int, float, bool, None,"
            " lists, and dicts with str keys; no tuples and no int keys."
        )
    return text.encode()
