"""The rules that arguments obey."""

import re
import typing as t
import unicodedata

import pytest

from flask_ozml.commands import rules
from flask_ozml.errors import InvalidParameter
from flask_ozml.errors import ParameterTypeError

# No rule mentions a character above these.
CODE_POINTS = [chr(number) for number in range(0x10000)]


def accepted_characters(annotation: object, before: str, after: str) -> set[str]:
    """Return the characters that are accepted between two texts."""
    accepted = rules.rule_of(annotation).accepts
    return {char for char in CODE_POINTS if accepted(before + char + after)}


CONTROL = {char for char in CODE_POINTS if unicodedata.category(char) == "Cc"}
WHITE_SPACE = set(filter(str.isspace, CODE_POINTS))
NEVER_IN_A_DESTINATION = CONTROL | set("<>\"'&;,/")


@pytest.mark.parametrize(
    "annotation, before, after, refused",
    [
        (rules.Header, "a", "b", {"\r", "\n"}),
        (rules.Address, "a", "b", {"\r", "\n"}),
        (rules.Sender, "a", "b", CONTROL),
        (rules.Destination, "1", "2", NEVER_IN_A_DESTINATION | WHITE_SPACE),
        (rules.RouteDestination, "1", "2", NEVER_IN_A_DESTINATION),
        (rules.RouteDestination, "", "2", NEVER_IN_A_DESTINATION | WHITE_SPACE),
        (rules.RouteDestination, "1", "", NEVER_IN_A_DESTINATION | WHITE_SPACE),
        (rules.Url, "http://host/a", "b", CONTROL | WHITE_SPACE),
    ],
)
def test_these_characters_are_refused_and_no_others(
    annotation: object, before: str, after: str, refused: set[str]
) -> None:
    accepted = accepted_characters(annotation, before, after)
    assert set(CODE_POINTS) - accepted == refused


@pytest.mark.parametrize(
    "annotation, before, after, accepted",
    [
        (rules.Keys, "1", "D", "0123456789*#ABCD"),
        (rules.Key, "", "", "0123456789*#ABCD"),
        (rules.Url, "", "ttp://h/", "hH"),
        (rules.Url, "http", "://h/", "sS"),
        (rules.Url, "http://h:8", "0/", "0123456789/?#@"),
    ],
)
def test_these_characters_are_accepted_and_no_others(
    annotation: object, before: str, after: str, accepted: str
) -> None:
    assert accepted_characters(annotation, before, after) == set(accepted)


@pytest.mark.parametrize(
    "annotation, value",
    [
        (rules.Url, "http://yourapp.com/"),
        (rules.Url, "http://yourapp.com"),
        (rules.Url, "https://yourapp.com:8443/phone/goto/token?a=1&b=2#c"),
        (rules.Url, "HTTPS://YOURAPP.COM/"),
        (rules.Url, "http://192.168.1.5:5000/phone"),
        (rules.Url, "http://[::1]:5000/phone"),
        (rules.Url, "http://[::ffff:192.168.1.5]/"),
        (rules.Url, "http://user:secret@yourapp.com/"),
        (rules.Url, "http://user@yourapp.com"),
        (rules.Url, "http://localhost?a=1"),
        (rules.Url, "http://localhost#a"),
        (rules.Url, "http://m\xfcller.example/gr\xfc\xdfe?q=\u20ac"),
        (rules.Url, "http://yourapp.com/press1.php?account=%20+"),
        (rules.Keys, "0123456789*#ABCD"),
        (rules.Keys, "1" * 1000),
        (rules.Party, "caller"),
        (rules.Party, "callee"),
        (rules.Party, "all"),
        (rules.Transferor, "caller"),
        (rules.Transferor, "callee"),
        (rules.AudioFormat, "mp3"),
        (rules.AudioFormat, "wav"),
        (rules.Destination, "1001"),
        (rules.Destination, "+36301112222"),
        (rules.Destination, "*72#"),
        (rules.Destination, "john.doe@example.com:5060"),
        (rules.RouteDestination, ""),
        (rules.RouteDestination, "voipservice1"),
        (rules.RouteDestination, "My outside line (2)"),
        (rules.Address, "john@example.com"),
        (rules.Header, ""),
        (rules.Text, ""),
    ],
)
def test_a_right_value_is_accepted(annotation: object, value: str) -> None:
    rules.rule_of(annotation).check("Command", "parameter", value)


@pytest.mark.parametrize(
    "annotation, value",
    [
        (rules.Url, ""),
        (rules.Url, "/phone/goto"),
        (rules.Url, "//yourapp.com/"),
        (rules.Url, "yourapp.com"),
        (rules.Url, "yourapp.com:80/"),
        (rules.Url, "http:"),
        (rules.Url, "http:/yourapp.com/"),
        (rules.Url, "http://"),
        (rules.Url, "http:///phone"),
        (rules.Url, "http://?a=1"),
        (rules.Url, "http://#a"),
        (rules.Url, "http://@/"),
        (rules.Url, "http://user@/"),
        (rules.Url, "http://:80/"),
        (rules.Url, "http://yourapp.com:port/"),
        (rules.Url, "http://yourapp.com:123456/"),
        (rules.Url, "http://one@two@three/"),
        (rules.Url, "http://[::1/"),
        (rules.Url, "http://::1/"),
        (rules.Url, "http://[yourapp.com]/"),
        (rules.Url, "http://yourapp.com\\@evil.example/"),
        (rules.Url, "http:\\\\yourapp.com\\"),
        (rules.Url, "http://your app.com/"),
        (rules.Url, " http://yourapp.com/"),
        (rules.Url, "http://yourapp.com/\n"),
        (rules.Url, "http://yourapp.com/a b"),
        (rules.Url, "ftp://yourapp.com/"),
        (rules.Url, "file:///etc/passwd"),
        (rules.Url, "javascript://yourapp.com/"),
        (rules.Url, "httpx://yourapp.com/"),
        (rules.Url, "SELECT text FROM table WHERE id = '1'"),
        (rules.Keys, ""),
        (rules.Keys, "1 2"),
        (rules.Keys, "1\n"),
        (rules.Keys, "a"),
        (rules.Keys, "E"),
        (rules.Key, ""),
        (rules.Key, "12"),
        (rules.Key, "*\n"),
        (rules.Party, ""),
        (rules.Party, "Caller"),
        (rules.Party, "both"),
        (rules.Party, "caller "),
        (rules.Transferor, ""),
        (rules.Transferor, "all"),
        (rules.AudioFormat, ""),
        (rules.AudioFormat, "MP3"),
        (rules.AudioFormat, "ogg"),
        (rules.Destination, ""),
        (rules.RouteDestination, " "),
        (rules.RouteDestination, " line"),
        (rules.RouteDestination, "line "),
        (rules.RouteDestination, "\xa0line"),
        (rules.RouteDestination, "two\tlines"),
        (rules.Address, ""),
        (rules.Address, "a@b.example\r\nBcc: c@d.example"),
        (rules.Header, "Hello\nBcc: c@d.example"),
    ],
)
def test_a_wrong_value_is_refused(annotation: object, value: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        rules.rule_of(annotation).check("Command", "parameter", value)
    assert not isinstance(refused.value, TypeError)


@pytest.mark.parametrize(
    "annotation, low, high", [(rules.Seconds, 0, 86_400), (rules.DigitCount, 1, 64)]
)
def test_a_number_must_be_in_its_range(annotation: object, low: int, high: int) -> None:
    check = rules.rule_of(annotation).check
    for value in (low, low + 1, high - 1, high):
        check("Command", "parameter", value)
    for value in (low - 1, high + 1, -(10**30), 10**30):
        with pytest.raises(InvalidParameter) as refused:
            check("Command", "parameter", value)
        assert not isinstance(refused.value, TypeError)


ALL = [
    rules.Text,
    rules.Flag,
    rules.Header,
    rules.Address,
    rules.Sender,
    rules.Destination,
    rules.RouteDestination,
    rules.Url,
    rules.Keys,
    rules.Key,
    rules.Party,
    rules.Transferor,
    rules.AudioFormat,
    rules.Seconds,
    rules.DigitCount,
]


@pytest.mark.parametrize("annotation", ALL)
def test_a_wrong_type_is_named_and_is_a_type_error(annotation: t.Any) -> None:
    rule = rules.rule_of(annotation)
    values = (5, 5.0, True, None, b"5", "5", ["5"], ("caller",), {"5": "5"}, object())
    for value in values:
        if type(value) is not rule.type:
            with pytest.raises(ParameterTypeError) as refused:
                rule.check("Command", "parameter", value)
            assert str(refused.value).endswith(f", got {type(value).__name__}.")
            assert refused.value.value is value


@pytest.mark.parametrize(
    "annotation, value, message",
    [
        (rules.Keys, "12x4", "a str of length 4 with 'x' at index 2"),
        (rules.Keys, "", "the keys 0-9*#A-D, got a str of length 0"),
        (rules.Key, "12", "one of the keys 0-9*#A-D, got a str of length 2"),
        (rules.Destination, "1\n0", "a str of length 3 with '\\n' at index 1"),
        (rules.RouteDestination, "1 ", "a str of length 2 with ' ' at index 1"),
        (rules.Header, "a\r\nb", "a str of length 4 with '\\r' at index 1"),
        (rules.Url, "http://a b", "a str of length 10 with ' ' at index 8"),
        (rules.Url, "/a", "an absolute http or https URL, got a str of length 2"),
        (rules.Party, "both", "'caller', 'callee' or 'all', got a str of length 4"),
        (rules.Seconds, 86_401, "an int from 0 to 86400 (seconds)"),
        (rules.DigitCount, 0, "an int from 1 to 64 (digits)"),
        (rules.Flag, "true", "must be a bool, got str"),
        (rules.Seconds, True, "an int from 0 to 86400 (seconds), got bool"),
        (rules.Text, 5, "must be a str, got int"),
    ],
)
def test_a_message_names_the_rule_and_the_offending_character(
    annotation: object, value: object, message: str
) -> None:
    with pytest.raises(InvalidParameter) as refused:
        rules.rule_of(annotation).check("Speak", "text", value)
    assert str(refused.value).startswith("Speak: 'text' must be ")
    assert str(refused.value).endswith(f"{message}.")
    assert refused.value.value is value


@pytest.mark.parametrize("annotation", ALL)
def test_a_rule_is_found_in_an_optional_annotation(annotation: t.Any) -> None:
    assert rules.rule_of(annotation | None) is rules.rule_of(annotation)


@pytest.mark.parametrize(
    "annotation", [str, str | None, t.Annotated[str, "no rule"], "Text", None]
)
def test_an_annotation_without_a_rule_is_refused(annotation: object) -> None:
    with pytest.raises(TypeError, match=f"annotation {re.escape(repr(annotation))}"):
        rules.rule_of(annotation)


def test_a_subclass_of_the_type_is_accepted() -> None:
    class Text(str):
        pass

    rules.rule_of(rules.Party).check("Speak", "party", Text("all"))


@pytest.mark.parametrize("annotation", ALL)
def test_help_shows_a_rule_by_its_name(annotation: object) -> None:
    assert re.fullmatch("[A-Za-z]+", repr(rules.rule_of(annotation)))


def test_a_destination_must_match_a_pattern_in_full() -> None:
    patterns = [re.compile("[0-9]{4}"), re.compile(r"\+36[0-9]+")]
    numbers = ("2000", "+36301112222", "20000", "0900", "x2000")
    assert [n for n in numbers if rules.is_allowed(n, patterns)] == [
        "2000",
        "+36301112222",
        "0900",
    ]
    assert not any(rules.is_allowed(number, []) for number in numbers)
    assert all(rules.is_allowed(number, None) for number in numbers)
