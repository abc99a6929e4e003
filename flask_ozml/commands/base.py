"""What all commands share: their families, and the check of their arguments."""

import dataclasses
import difflib
import functools
import inspect
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

from ..errors import ParameterTypeError
from ..frozen import frozen
from ..frozen import initializer
from . import rules


class Command:
    """The base of all commands."""

    __slots__ = ()

    #: The argument that OzML writes as the element's text.
    written_as_text: t.ClassVar[str | None] = None
    #: Arguments that the command cannot do without in answers of a family.
    mandatory_in: t.ClassVar[Mapping["type[Command]", tuple[str, ...]]] = {}
    #: Arguments that the phone system does not know in answers of a family.
    unknown_in: t.ClassVar[Mapping["type[Command]", tuple[str, ...]]] = {}
    #: Arguments that say where a call or a text message goes.
    destinations: t.ClassVar[tuple[str, ...]] = ()
    #: Whether the command is legal as the first one of an answer only.
    first_only: t.ClassVar[bool] = False

    #: What the command takes, in the order in which OzML writes it.
    arguments: t.ClassVar[tuple["Argument", ...]] = ()
    #: The command of OzML that a class is, for a user's subclass too.
    origin: t.ClassVar["type[Command]"]
    #: The class whose families and rules hold for a command.
    obeys: "type[Command]"
    #: The commands directly inside of a command.
    children: "tuple[Command, ...]" = ()
    #: How deep commands nest below a command.
    depth: int = 0
    # Stores what it is given, checked; the __init__ where a command has no other.
    _take_arguments: t.ClassVar[Callable[..., None]]

    def __init_subclass__(cls, **options: t.Any) -> None:
        super().__init_subclass__(**options)
        origin = getattr(cls, "origin", Command)
        for name in origin.__slots__:
            if getattr(cls, name) is not getattr(origin, name):
                raise TypeError(
                    f"{cls.__name__}.{name} hides an argument of {origin.__name__},"
                    " which would be shown but not sent; hand it to"
                    " super().__init__()."
                )


class RoutingCommand(Command):
    """May answer a RoutingInterception."""

    __slots__ = ()


class ThirdPartyCommand(Command):
    """May answer a notification about a call between two others."""

    __slots__ = ()


class ExtensionCommand(Command):
    """May answer a notification of an API extension."""

    __slots__ = ()


class Argument(t.NamedTuple):
    """What a command takes."""

    name: str
    rule: rules.Rule
    mandatory: bool
    by_position: bool


class _Mandatory:
    """The default of an argument that has none."""

    def __repr__(self) -> str:
        return "<mandatory>"


_MANDATORY: t.Final = _Mandatory()
_START: t.Final = """\
    if unknown:
        refuse_unknown(unknown)
"""
_LINES: t.Final = """\
    if {guard}(type({name}) is not type_{name}{test}):
        {name} = check_{name}({name})
    self._ozml_{name} = {name}
"""


def _init(command: type[Command]) -> Callable[..., None]:
    """An ``__init__`` that checks each argument in lines of its own.

    A loop over the arguments costs more, which commands are built too often for.
    """
    names: dict[str, t.Any] = {"MANDATORY": _MANDATORY}
    names["refuse_unknown"] = functools.partial(refuse_unknown, command)
    parameters = ["/"]
    lines = _START
    for position, (name, rule, mandatory, by_position) in enumerate(command.arguments):
        if not by_position and "*" not in parameters:
            parameters.append("*")
        parameters.append(f"{name}={'MANDATORY' if mandatory else None}")
        guard = "" if mandatory else f"{name} is not None and "
        any_value = rule.accepts is rules.Rule.accepts
        test = "" if any_value else f" or not accepts_{name}({name})"
        lines += _LINES.format(name=name, guard=guard, test=test)
        names[f"type_{name}"] = rule.type
        names[f"accepts_{name}"] = rule.accepts
        names[f"check_{name}"] = functools.partial(_check, command, position)
    return initializer(command, [*parameters, "**unknown"], lines, names)


def _check(command: type[Command], position: int, value: object) -> object:
    argument = command.arguments[position]
    if value is _MANDATORY:
        raise ParameterTypeError(
            command.__name__, argument.name, f"is mandatory and {argument.rule.words}"
        )
    return argument.rule.check(command.__name__, argument.name, value)


def refuse_unknown(command: type[Command], unknown: Iterable[str]) -> t.NoReturn:
    """Raise a ParameterTypeError for the first of these names, with the nearest one."""
    parameters = inspect.signature(command).parameters.values()
    known = [parameter.name for parameter in parameters if parameter.kind in _NAMED]
    name = next(iter(unknown))
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {known}"
    raise ParameterTypeError(command.__name__, name, f"is unknown ({hint})")


_NAMED: t.Final = (
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)
_C = t.TypeVar("_C", bound=type[Command])


@t.dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def ozml_command(cls: _C) -> _C:
    """A frozen, slotted dataclass that checks its arguments by their annotations."""
    made: type[Command] = frozen(cls)
    made.origin = made
    if not hasattr(made, "obeys"):
        made.obeys = made
    made.arguments = tuple(
        Argument(
            field.name,
            rules.rule_of(field.type),
            field.default is dataclasses.MISSING,
            not field.kw_only,
        )
        for field in dataclasses.fields(made)  # type: ignore[arg-type]  # made above
        if rules.has_rule(field.type)
    )
    made._take_arguments = _init(made)
    if "__init__" not in cls.__dict__:
        made.__init__ = made._take_arguments  # type: ignore[method-assign]  # as dataclass does
    return t.cast(_C, made)
