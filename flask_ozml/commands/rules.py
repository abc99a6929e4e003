"""What an argument of a command must be: types for mypy, rules for the run time.

Source: the parameter tables of the vendor's command pages; where they only say "int" or
"string", the narrowest rule that keeps the example values and lets no caller-chosen
text become something else.
"""

import dataclasses
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator

from ..errors import InvalidParameter
from ..errors import ParameterTypeError


class ViewUrl(str):
    """A URL that leads to a view, and knows which kind of notification the view takes.

    It copies, pickles and compares as the ``str`` it is.

    :param url: the URL.
    :param kind: the kind of notification, for example ``"goto"``.
    :param view: the name of the view.
    """

    kind: str
    view: str

    def __new__(cls, url: str, kind: str, view: str) -> t.Self:
        made = super().__new__(cls, url)
        made.kind, made.view = kind, view
        return made

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


def is_allowed(destination: str, allowed: Iterable[re.Pattern[str]] | None) -> bool:
    """Return whether a number may be called, or sent a message.

    :param allowed: the patterns of OZML_ALLOWED_DESTINATIONS, one of which must match
        in full. None means no limit.
    """
    return allowed is None or any(pattern.fullmatch(destination) for pattern in allowed)


@dataclasses.dataclass(frozen=True)
class Rule:
    """What an argument must be.

    :param type: its type; a subclass is accepted, but no bool for an int.
    :param words: the rule in words, to be read after the argument's name.
    :param accepts: a function that tells whether a value of that type is right.
    :param offending: a pattern for the first character that is wrong, for the message.
    """

    type: type
    words: str
    accepts: Callable[[t.Any], object] = lambda value: True
    offending: str = r"(?!)"

    def check(self, command: str, parameter: str, value: object) -> t.Any:
        """Give back the value, without what a subclass adds to it.

        :raises InvalidParameter: unless the value keeps the rule.
        """
        if not isinstance(value, self.type) or (
            self.type is int and isinstance(value, bool)
        ):
            raise ParameterTypeError(
                command,
                parameter,
                f"{self.words}, not {type(value).__name__}",
                value,
            )
        if not self.accepts(value):
            raise InvalidParameter(
                command, parameter, f"{self.words}{self._describe(value)}", value
            )
        exact = _EXACT.get(self.type)
        return exact(value) if exact else value

    def _describe(self, value: object) -> str:
        if not isinstance(value, str):
            return "; this one is out of range"
        found = re.search(self.offending, value)
        where = f" with {found[0]!r} at index {found.start()}" if found else ""
        return f"; this is a str of length {len(value)}{where}"


# What an enumeration or markup makes of str(value) is not what it holds.
_EXACT: t.Final[dict[type, Callable[[t.Any], object]]] = {
    str: str.__str__,
    int: int.__int__,
    bool: bool,
}


def _pattern(words: str, accepted: str, offending: str) -> Rule:
    return Rule(str, words, re.compile(accepted).fullmatch, offending)


def _range(words: str, low: int, high: int) -> Rule:
    return Rule(
        int,
        f"must be {words}, an int from {low} to {high}",
        lambda value: low <= value <= high,
    )


_NOT_IN_DESTINATION = r"\x00-\x1f\x7f-\x9f<>\"'&;,/"

Text = t.Annotated[str, Rule(str, "must be a str")]
Flag = t.Annotated[bool, Rule(bool, "must be a bool")]
Header = t.Annotated[
    str, _pattern("must be a str without line breaks", r"[^\r\n]*", r"[\r\n]")
]
Address = t.Annotated[
    str,
    _pattern(
        "must be a str that is not empty and has no line breaks",
        r"[^\r\n]+",
        r"[\r\n]",
    ),
]
Destination = t.Annotated[
    str,
    _pattern(
        "must be a str that is not empty, without white space, control characters"
        " and any of <>\"'&;,/",
        rf"[^\s{_NOT_IN_DESTINATION}]+",
        rf"[\s{_NOT_IN_DESTINATION}]",
    ),
]
RouteDestination = t.Annotated[
    str,
    _pattern(
        "must be a str without white space at its ends, control characters and any"
        " of <>\"'&;,/ (empty rejects the caller)",
        rf"(?!\s)[^{_NOT_IN_DESTINATION}]*(?<!\s)",
        rf"^\s|[{_NOT_IN_DESTINATION}]|\s$",
    ),
]
Url = t.Annotated[
    str,
    _pattern(
        "must be an absolute http or https URL",
        r"(?ai:https?)://(?:[^\s\x00-\x1f\x7f-\x9f/?#@\\]*@)?"
        r"(?:\[[0-9A-Fa-f:.]+\]|[^\s\x00-\x1f\x7f-\x9f/?#@:\\\[\]]+)(?::[0-9]{1,5})?"
        r"(?:[/?#][^\s\x00-\x1f\x7f-\x9f]*)?",
        r"[\s\x00-\x1f\x7f-\x9f]",
    ),
]
Keys = t.Annotated[
    str,
    Rule(
        str,
        "must be a str of the keys 0-9*#A-D",
        lambda keys: keys and not str.strip(keys, "0123456789*#ABCD"),
        r"[^0-9*#A-D]",
    ),
]
Key = t.Annotated[
    str, _pattern("must be one of the keys 0-9*#A-D", r"[0-9*#A-D]", r"[^0-9*#A-D]")
]
Party = t.Annotated[
    t.Literal["caller", "callee", "all"],
    Rule(
        str,
        "must be 'caller', 'callee' or 'all'",
        frozenset(("caller", "callee", "all")).__contains__,
    ),
]
Transferor = t.Annotated[
    t.Literal["caller", "callee"],
    Rule(
        str,
        "must be 'caller' or 'callee'",
        frozenset(("caller", "callee")).__contains__,
    ),
]
AudioFormat = t.Annotated[
    t.Literal["mp3", "wav"],
    Rule(str, "must be 'mp3' or 'wav'", frozenset(("mp3", "wav")).__contains__),
]
Seconds = t.Annotated[int, _range("whole seconds", 0, 86_400)]
DigitCount = t.Annotated[int, _range("a number of digits", 1, 64)]


def rule_of(annotation: object) -> Rule:
    """The rule that an annotation such as ``Party | None`` carries.

    :raises TypeError: if it carries none.
    """
    for rule in _rules_in(annotation):
        return rule
    raise TypeError(f"No rule in the annotation {annotation!r}.")


def has_rule(annotation: object) -> bool:
    """Whether an annotation carries a rule."""
    return any(_rules_in(annotation))


def _rules_in(annotation: object) -> Iterator[Rule]:
    for part in (annotation, *t.get_args(annotation)):
        for item in getattr(part, "__metadata__", ()):
            if isinstance(item, Rule):
                yield item
