"""The rules that arguments of commands obey: types for mypy, checks for the run time.

Source: the parameter tables of the vendor's command pages. Where they only say "int" or
"string", the rule is as narrow as the vendor's examples allow, so that text chosen by a
caller cannot become something else.
"""

import dataclasses
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

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


@dataclasses.dataclass(frozen=True, repr=False)
class Rule:
    """A rule for the value of an argument.

    :param type: the type of the value. Values of a subclass are accepted, but no bool
        is accepted as an int.
    :param words: the rule in words, to be read after the argument's name.
    :param accepts: a function that returns whether a value of that type is accepted.
    :param offending: a pattern that finds the first wrong character, for the message.
    :param name: the name that ``help()`` shows.
    """

    type: type
    words: str
    accepts: Callable[[t.Any], object] = lambda value: True
    offending: str = r"(?!)"
    name: str = ""

    def __repr__(self) -> str:
        return self.name or self.words

    def check(self, command: str, parameter: str, value: object) -> t.Any:
        """Return the value, reduced to the rule's type if it is of a subclass.

        :raises InvalidParameter: if the value breaks the rule.
        """
        if type(value) is not self.type:
            value = self._reduced(command, parameter, value)
        if not self.accepts(value):
            raise InvalidParameter(
                command, parameter, f"{self.words}{self._describe(value)}", value
            )
        return value

    def _reduced(self, command: str, parameter: str, value: object) -> object:
        """Return a value of a subclass as a value of the rule's type.

        A subclass, such as an enumeration, may have another ``str()`` than its value.
        """
        # isinstance() would be true for a proxy too.
        if not issubclass(type(value), self.type) or type(value) is bool:
            raise ParameterTypeError(
                command, parameter, f"{self.words}, got {type(value).__name__}", value
            )
        return _EXACT[self.type](value) if self.type in _EXACT else value

    def _describe(self, value: object) -> str:
        if not isinstance(value, str):
            return ""
        found = re.search(self.offending, value)
        where = f" with {found[0]!r} at index {found.start()}" if found else ""
        return f", got a str of length {len(value)}{where}"


@dataclasses.dataclass(frozen=True, repr=False)
class UrlRule(Rule):
    """A rule for a URL that the phone system posts to.

    :param kind: the kind of notification that is posted to the URL; None if that is not
        documented, so that no view can answer it.
    """

    kind: str | None = None

    def check(self, command: str, parameter: str, value: object) -> t.Any:
        if isinstance(value, ViewUrl) and value.kind != self.kind:
            raise InvalidParameter(
                command, parameter, self._wrong_view(value), str(value)
            )
        return super().check(command, parameter, value)

    def _wrong_view(self, url: ViewUrl) -> str:
        if self.kind is None:
            return (
                f"must not lead to a view ({url.view!r}), because what is posted there"
                " is not documented; use the URL of an ordinary route"
            )
        return (
            f"must lead to a view for {self.kind}, but {url.view!r} is a view for"
            f" {url.kind}; decorate it with .{self.kind} of its blueprint as well"
        )


_EXACT: t.Final[Mapping[type, Callable[[t.Any], object]]] = {
    str: str.__str__,
    int: int.__int__,
}

_CONTROL: t.Final = r"\x00-\x1f\x7f-\x9f"
_NOT_IN_DESTINATION: t.Final = rf"{_CONTROL}<>\"'&;,/"
_URL: t.Final = re.compile(
    rf"(?ai:https?)://(?:[^\s{_CONTROL}/?#@\\]*@)?"
    rf"(?:\[[0-9A-Fa-f:.]+\]|[^\s{_CONTROL}/?#@:\\\[\]]+)(?::[0-9]{{1,5}})?"
    rf"(?:[/?#][^\s{_CONTROL}]*)?"
)


def _pattern(name: str, words: str, accepted: str, offending: str) -> Rule:
    return Rule(str, words, re.compile(accepted).fullmatch, offending, name)


def _choice(name: str, *values: str) -> Rule:
    words = " or ".join((", ".join(map(repr, values[:-1])), repr(values[-1])))
    return Rule(str, f"must be {words}", frozenset(values).__contains__, name=name)


def _range(name: str, low: int, high: int, unit: str) -> Rule:
    return Rule(
        int,
        f"must be an int from {low} to {high} ({unit})",
        lambda value: low <= value <= high,
        name=name,
    )


def _url(kind: str | None = None) -> UrlRule:
    return UrlRule(
        str,
        "must be an absolute http or https URL",
        _URL.fullmatch,
        rf"[\s{_CONTROL}]",
        "Url",
        kind,
    )


Text = t.Annotated[str, Rule(str, "must be a str", name="Text")]
Flag = t.Annotated[bool, Rule(bool, "must be a bool", name="Flag")]
Header = t.Annotated[
    str, _pattern("Header", "must be a str without line breaks", r"[^\r\n]*", r"[\r\n]")
]
Address = t.Annotated[
    str,
    _pattern(
        "Address",
        "must be a non-empty str without line breaks",
        r"[^\r\n]+",
        r"[\r\n]",
    ),
]
#: What ends up in the headers of the telephone protocol SIP.
Sender = t.Annotated[
    str,
    _pattern(
        "Sender",
        "must be a str without control characters",
        rf"[^{_CONTROL}]*",
        rf"[{_CONTROL}]",
    ),
]
Destination = t.Annotated[
    str,
    _pattern(
        "Destination",
        "must be a non-empty str without white space, control characters and <>\"'&;,/",
        rf"[^\s{_NOT_IN_DESTINATION}]+",
        rf"[\s{_NOT_IN_DESTINATION}]",
    ),
]
RouteDestination = t.Annotated[
    str,
    _pattern(
        "RouteDestination",
        "must be a str (empty rejects the caller) without white space at its ends,"
        " control characters and <>\"'&;,/",
        rf"(?!\s)[^{_NOT_IN_DESTINATION}]*(?<!\s)",
        rf"^\s|[{_NOT_IN_DESTINATION}]|\s$",
    ),
]
Url = t.Annotated[str, _url()]
CallConnectedUrl = t.Annotated[str, _url("call_connected")]
DtmfEnteredUrl = t.Annotated[str, _url("dtmf_entered")]
ErrorUrl = t.Annotated[str, _url("error")]
GoToUrl = t.Annotated[str, _url("goto")]
RecordCompletedUrl = t.Annotated[str, _url("record_completed")]
SMSDeliveryReportUrl = t.Annotated[str, _url("sms_delivery_report")]
Keys = t.Annotated[
    str,
    _pattern(
        "Keys",
        "must be a non-empty str of the keys 0-9*#A-D",
        r"[0-9*#A-D]+",
        r"[^0-9*#A-D]",
    ),
]
Key = t.Annotated[
    str,
    _pattern("Key", "must be one of the keys 0-9*#A-D", r"[0-9*#A-D]", r"[^0-9*#A-D]"),
]
Party = t.Annotated[
    t.Literal["caller", "callee", "all"], _choice("Party", "caller", "callee", "all")
]
Transferor = t.Annotated[
    t.Literal["caller", "callee"], _choice("Transferor", "caller", "callee")
]
AudioFormat = t.Annotated[t.Literal["mp3", "wav"], _choice("AudioFormat", "mp3", "wav")]
Seconds = t.Annotated[int, _range("Seconds", 0, 86_400, "seconds")]
DigitCount = t.Annotated[int, _range("DigitCount", 1, 64, "digits")]


def rule_of(annotation: object) -> Rule:
    """Return the rule that an annotation such as ``Party | None`` carries.

    :raises TypeError: if it carries none.
    """
    for rule in _rules_in(annotation):
        return rule
    raise TypeError(f"The annotation {annotation!r} carries no rule.")


def has_rule(annotation: object) -> bool:
    """Return whether an annotation carries a rule."""
    return any(_rules_in(annotation))


def _rules_in(annotation: object) -> Iterator[Rule]:
    for part in (annotation, *t.get_args(annotation)):
        for item in getattr(part, "__metadata__", ()):
            if isinstance(item, Rule):
                yield item
