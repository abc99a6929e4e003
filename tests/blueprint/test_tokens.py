"""The signed part of a URL."""

import enum
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from itsdangerous.encoding import base64_encode

from flask_ozml.blueprint.tokens import EndpointTokens
from flask_ozml.blueprint.tokens import is_state_token
from flask_ozml.blueprint.tokens import StateToken
from flask_ozml.blueprint.tokens import unchecked
from flask_ozml.errors import TokenError
from flask_ozml.errors import TokenExpired
from flask_ozml.notifications import KINDS
from tables import BASE64
from tables import edits

ENDPOINT = "phone.incoming_call"
NOW = 1_800_000_000.0
DAY = 86_400

Clock = Callable[[float], None]


@pytest.fixture
def clock(set_clock: Clock) -> Clock:
    set_clock(NOW)
    return set_clock


def made(endpoint: str = ENDPOINT, *keys: str | bytes) -> EndpointTokens:
    return EndpointTokens(endpoint, keys or ["secret"])


def is_ours(checks: EndpointTokens, token: str, path: str = "") -> bool:
    """Return whether a token is accepted, with state or without."""
    try:
        if is_state_token(token):
            checks.loads(token, DAY, path)
        else:
            checks.check_entry(token, path)
    except TokenError:
        return False
    return True


SAYS = StateToken("", "check_pin", {"tries": 1})


@pytest.mark.parametrize(
    "path, token",
    [
        # Made with openssl dgst -sha256 -mac HMAC. A release that changes one of these
        # makes everybody paste new URLs.
        ("", "mMLez-AWTE1UKjIazQ523zlk26wErDCrBNCeREh28PQ"),
        ("/acme/phone/incoming_call", "UONYf-UqqydvCAGwJWc_81THMz-HHe0wK-9wd4v3S58"),
    ],
)
def test_an_entry_token_is_the_same_forever(path: str, token: str) -> None:
    assert made().entry(path) == made(ENDPOINT, b"secret", "old").entry(path) == token
    assert made().check_entry(token, path)


def test_a_token_with_state_gives_it_back(clock: Clock) -> None:
    for says in (SAYS, StateToken("/acme/phone/goto", "gr\xfc\xdfe", {})):
        assert made().loads(made().dumps(says), DAY, says.path) == says


def test_tokens_with_and_without_state_have_different_forms() -> None:
    assert is_state_token(made().dumps(SAYS))
    assert not is_state_token(made().entry())
    assert not is_state_token("")


def test_tokens_need_no_escape_in_a_url() -> None:
    state = {"text": "?&=#/+% \xe9\u20ac\U0001f600" * 20}
    token = made().dumps(StateToken("/\xe9", "view", state))
    assert set(token) <= set(BASE64 + ".")
    assert set(made().entry("/\xe9")) <= set(BASE64)


def sources() -> Iterator[tuple[str, EndpointTokens, str, list[str]]]:
    """Yield what differs, the maker of tokens, their path, and all that is signed."""
    names = [f"phone.{kind}" for kind in KINDS] + ["other.goto", "a.phone.goto"]
    for name in names:
        yield name, made(name), "", [name, "secret", ""]
    for key in ("Secret", "secre", "secret "):
        yield key, made(ENDPOINT, key), "", [ENDPOINT, key, ""]
    for path in ("/acme/phone/incoming_call", "/acme", "/"):
        yield path, made(), path, [ENDPOINT, "secret", path]


SOURCES = list(sources())


@pytest.mark.parametrize("source", SOURCES, ids=[row[0] for row in SOURCES])
def test_a_token_is_accepted_for_one_endpoint_key_and_path(
    source: tuple[str, EndpointTokens, str, list[str]],
) -> None:
    _, makes, path, identity = source
    entry = makes.entry(path)
    state = makes.dumps(SAYS._replace(path=path))
    for _, checks, other_path, other in SOURCES:
        assert is_ours(checks, entry, other_path) == (other == identity)
        assert is_ours(checks, state, other_path) == (other == identity)


@pytest.mark.parametrize("path", ["", "/acme/phone/incoming_call"])
@pytest.mark.parametrize("with_state", [False, True])
def test_a_token_with_one_character_changed_is_refused(
    path: str, with_state: bool
) -> None:
    checks = made()
    token = (
        checks.dumps(StateToken(path, "a", {})) if with_state else checks.entry(path)
    )
    assert is_ours(checks, token, path)
    alphabet = BASE64 + ".=~+/ \0\n\xe9\u20ac\uff21"
    changed = [edit for edit in edits(token, alphabet) if is_ours(checks, edit, path)]
    assert changed == []


def same_bytes(token: str) -> list[str]:
    """Return the other spellings of a token that Base64 decodes to the same bytes."""
    value = BASE64.index(token[-1])
    return [
        token[:-1] + char
        for char in BASE64
        if char != token[-1] and BASE64.index(char) >> 2 == value >> 2
    ]


def test_another_spelling_of_a_token_is_refused() -> None:
    for token in (made().entry(), made().dumps(SAYS)):
        spellings = same_bytes(token)
        assert len(spellings) == 3
        assert not any(is_ours(made(), spelling) for spelling in spellings)
        assert not is_ours(made(), f"{token}=")


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "\xe9", ".\xe9", "\xe9.\xe9", "\u202e", "\0", "a" * 10**6]
    + ["." * 10**5, "entry:", "entry:.", "e30.e30"],
)
def test_any_other_text_is_refused_as_a_token(token: str) -> None:
    assert not is_ours(made(), token)
    with pytest.raises(TokenError):
        made().check_entry(token)
    with pytest.raises(TokenError):
        made().loads(token, DAY)


def test_a_token_of_one_form_never_passes_for_one_of_the_other() -> None:
    entry, state = made().entry(), made().dumps(SAYS)
    payload, _, signature = state.partition(".")
    for token in (entry, f".{entry}", f"{entry}.{entry}", f"{payload}.{entry}"):
        with pytest.raises(TokenError):
            made().loads(token, DAY)
    for token in (state, payload, signature):
        with pytest.raises(TokenError):
            made().check_entry(token)


def test_parts_of_two_tokens_do_not_make_a_third() -> None:
    one = made().dumps(SAYS).partition(".")
    two = made().dumps(SAYS._replace(state={"tries": 0})).partition(".")
    assert not is_ours(made(), f"{one[0]}.{two[2]}")
    assert not is_ours(made(), f"{two[0]}.{one[2]}")


def test_a_refused_token_is_in_no_message() -> None:
    for token in (f"{made().entry()}x", f"{made().dumps(SAYS)}x"):
        with pytest.raises(TokenError) as caught:
            made().check_entry(token)
        assert token[:20] not in str(caught.value)


@pytest.mark.parametrize(
    "keys, is_current",
    [
        (["new"], None),
        (["old"], True),
        (["old", "new"], True),
        (["new", "old"], False),
        (["new", "older", "old"], False),
        (["new", "old", "older"], False),
        ([b"new", b"old"], False),
        (["new", "older", "other"], None),
        ([], None),
    ],
)
def test_the_first_key_signs_and_every_key_is_accepted(
    clock: Clock, keys: list[str | bytes], is_current: bool | None
) -> None:
    makes, checks = made(ENDPOINT, "old"), EndpointTokens(ENDPOINT, keys)
    for path in ("", "/acme"):
        assert is_ours(checks, makes.entry(path), path) == (is_current is not None)
    assert is_ours(checks, makes.dumps(SAYS)) == (is_current is not None)
    if is_current is not None:
        assert checks.check_entry(makes.entry()) == is_current
        assert checks.check_entry(makes.entry("/acme"), "/acme") == is_current
    if keys:
        assert checks.entry() == made(ENDPOINT, keys[0]).entry()
        assert checks.dumps(SAYS) == made(ENDPOINT, keys[0]).dumps(SAYS)


@pytest.mark.parametrize(
    "age, accepted",
    [
        (0, True),
        (-1, True),
        (-59.999, True),
        (-60, True),
        (-60.001, False),
        (-61, False),
        (-DAY, False),
        (DAY - 0.001, True),
        (DAY, True),
        (DAY + 0.001, False),
        (DAY + 60, False),
        (10 * DAY, False),
    ],
)
def test_a_clock_that_is_up_to_60_seconds_behind_is_tolerated(
    clock: Clock, age: float, accepted: bool
) -> None:
    token = made().dumps(SAYS)
    clock(NOW + age)
    if accepted:
        assert made().loads(token, DAY) == SAYS
    else:
        with pytest.raises(TokenExpired):
            made().loads(token, DAY)


def test_the_tolerance_is_whole_whatever_the_fraction_of_the_second(
    clock: Clock,
) -> None:
    clock(NOW + 0.999)
    token = made().dumps(SAYS)
    clock(NOW + 0.999 - 60)
    assert made().loads(token, DAY) == SAYS


def test_a_forged_token_is_not_called_expired(clock: Clock) -> None:
    token = made(ENDPOINT, "other").dumps(SAYS)
    clock(NOW + 10 * DAY)
    with pytest.raises(TokenError) as caught:
        made().loads(token, DAY)
    assert not isinstance(caught.value, TokenExpired)


def test_an_entry_token_never_expires(clock: Clock) -> None:
    token = made().entry()
    for age in (-10_000 * DAY, 10_000 * DAY):
        clock(NOW + age)
        assert made().check_entry(token)


def circular() -> dict[str, t.Any]:
    state: dict[str, t.Any] = {}
    state["self"] = state
    return state


def deep(levels: int) -> list[t.Any]:
    value: list[t.Any] = []
    for _ in range(levels):
        value = [value]
    return value


class Plain(enum.Enum):
    A = 1


REFUSED: dict[str, t.Any] = {
    "tuple": (1, 2),
    "empty tuple": (),
    "nested tuple": {"a": [{"b": (1,)}]},
    "named tuple": SAYS,
    "int keys": {1: "a"},
    "nested int keys": [{"a": {1: "a"}}],
    "float keys": {1.5: "a"},
    "bool keys": {True: "a"},
    "None keys": {None: "a"},
    "tuple keys": {(1,): "a"},
    "keys that become equal": {1: "a", "1": "b"},
    "NaN": float("nan"),
    "nested NaN": [[float("nan")]],
    "set": {1},
    "frozenset": frozenset(),
    "bytes": b"1",
    "bytearray": bytearray(b"1"),
    "complex": 1j,
    "object": object(),
    "enum": Plain.A,
    "class": dict,
    "function": len,
    "generator": (i for i in "a"),
    "range": range(3),
    "dict view": {"a": 1}.keys(),
    "circular": circular(),
    "too deep": deep(100_000),
    "too long a number": 10**5_000,
}


@pytest.mark.parametrize("name", REFUSED)
def test_state_that_json_does_not_give_back_equal_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="state"):
        made().dumps(SAYS._replace(state={"value": REFUSED[name]}))


def test_the_names_of_the_state_must_be_str() -> None:
    with pytest.raises(TypeError, match="state"):
        made().dumps(SAYS._replace(state=t.cast(dict[str, t.Any], {1: "a"})))


def test_a_refused_state_is_in_no_message() -> None:
    for value in (("4711",), {4711: "4711"}, {"4711"}, b"4711"):
        with pytest.raises(TypeError) as caught:
            made().dumps(SAYS._replace(state={"pin": value}))
        assert "4711" not in str(caught.value)


def test_a_token_of_another_path_is_not_called_expired(clock: Clock) -> None:
    token = made().dumps(StateToken("/a/goto", "menu", {}))
    clock(NOW + 10 * DAY)
    with pytest.raises(TokenExpired):
        made().loads(token, DAY, "/a/goto")
    for path in ("/b/goto", ""):
        with pytest.raises(TokenError) as caught:
            made().loads(token, DAY, path)
        assert not isinstance(caught.value, TokenExpired)


class Text(enum.StrEnum):
    A = "a"


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1, 2**64, 0.1, 1e308, 5e-324, float("inf"), "", "\0", "\ud800"]
    + ["\xe9\u20ac\U0001f600\u2028", [], {}, [[], {}], {"": [None]}, Text.A],
)
def test_any_other_state_comes_back(value: t.Any) -> None:
    says = SAYS._replace(state={"value": value})
    assert made().loads(made().dumps(says), DAY) == says


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=())),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=10,
)


def kinds_of(value: t.Any) -> t.Any:
    """Return the types in a value; 1, 1.0 and True are equal."""
    if isinstance(value, dict):
        return {key: kinds_of(item) for key, item in value.items()}
    return [kinds_of(i) for i in value] if isinstance(value, list) else type(value)


@settings(max_examples=150)
@given(path=st.text(), view=st.text(), state=st.dictionaries(st.text(), JSON))
def test_state_comes_back_equal_and_of_the_same_types(
    path: str, view: str, state: dict[str, t.Any]
) -> None:
    says = StateToken(path, view, state)
    token = made().dumps(says)
    assert is_state_token(token)
    assert set(token) <= set(BASE64 + ".")
    loaded = made().loads(token, DAY, path)
    assert loaded == says
    assert kinds_of(loaded.state) == kinds_of(state)


def test_a_token_is_compact() -> None:
    # 300 characters are 400 in Base64; the endpoint is signed, but not in the token.
    assert len(made().dumps(StateToken("", "a", {"b": "c" * 300}))) < 500


def test_a_token_with_state_can_be_read_without_the_key() -> None:
    assert unchecked(made().dumps(SAYS)) == SAYS


@pytest.mark.parametrize("text", ["", "abcde", "MTIz", "e30", "WzEsMl0"])
def test_any_other_text_says_nothing(text: str) -> None:
    assert unchecked(text) is None


def test_json_that_is_too_deep_says_nothing() -> None:
    assert unchecked(base64_encode(b"[" * 99_999).decode()) is None
