"""What all commands share: their families, and the check of their arguments."""

import dataclasses
import types
import typing as t
from collections.abc import Mapping

from . import rules


class Argument(t.NamedTuple):
    """An argument of a command."""

    name: str
    rule: rules.Rule
    mandatory: bool
    by_position: bool


class Command:
    """The base of all commands."""

    #: The argument that OzML writes as the element's text.
    written_as_text: t.ClassVar[str | None] = None
    #: The arguments that are mandatory in answers of a family.
    mandatory_in: t.ClassVar[Mapping["type[Command]", tuple[str, ...]]] = {}
    #: The arguments that the phone system does not know in answers of a family.
    unknown_in: t.ClassVar[Mapping["type[Command]", tuple[str, ...]]] = {}
    #: The arguments that say where a call or a text message goes.
    destinations: t.ClassVar[tuple[str, ...]] = ()
    #: Whether the command is legal only as the first one of an answer.
    first_only: t.ClassVar[bool] = False

    #: The arguments in the order in which OzML writes them.
    arguments: t.ClassVar[tuple[Argument, ...]] = ()
    #: The command that a class stands for; subclasses inherit it.
    origin: t.ClassVar["type[Command]"]

    def __init_subclass__(cls, **options: t.Any) -> None:
        super().__init_subclass__(**options)
        for base in cls.__mro__:
            if vars(base).get("origin") is base:
                _refuse_hidden_names(cls, base)

    def __post_init__(self) -> None:
        """Check the arguments, and reduce values of subclasses to plain ones.

        :raises InvalidParameter: if a value breaks the rule of its argument.
        """
        origin = type(self).origin
        for name, rule, mandatory, _ in origin.arguments:
            value = getattr(self, name)
            if mandatory or value is not None:
                plain = rule.check(origin.__name__, name, value)
                if plain is not value:
                    object.__setattr__(self, name, plain)

    @property
    def obeys(self) -> "type[Command]":
        """The class whose families and rules apply to this command."""
        return type(self).origin

    @property
    def children(self) -> "tuple[Command, ...]":
        """The commands directly inside this command."""
        return ()

    @property
    def depth(self) -> int:
        """How deep commands nest below this command."""
        return 0


class RoutingCommand(Command):
    """A command that may answer a RoutingInterception."""


class ThirdPartyCommand(Command):
    """A command that may answer a notification about a call between two others."""


class ExtensionCommand(Command):
    """A command that may answer a notification to an API extension."""


_C = t.TypeVar("_C", bound=type[Command])


@t.dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def ozml_command(cls: _C) -> _C:
    """Make a frozen dataclass, and the table of its arguments from its annotations."""
    made: t.Any = dataclasses.dataclass(frozen=True)(cls)
    made.origin = made
    made.arguments = tuple(
        Argument(
            field.name,
            rules.rule_of(field.type),
            field.default is dataclasses.MISSING,
            not field.kw_only,
        )
        for field in dataclasses.fields(made)
        if rules.has_rule(field.type)
    )
    return t.cast(_C, made)


_RESERVED: t.Final = {
    name
    for name in vars(Command).keys() | Command.__annotations__.keys()
    if not name.startswith("_")
}


def _refuse_hidden_names(cls: type, origin: type) -> None:
    """Refuse attributes that would be shown, or checked, instead of what is sent."""
    arguments = {field.name for field in dataclasses.fields(t.cast(t.Any, origin))}
    for base in cls.__mro__[: cls.__mro__.index(origin)]:
        for name in _RESERVED & (vars(base).keys() | base.__annotations__.keys()):
            raise TypeError(
                f"{cls.__name__}.{name} hides an attribute of {origin.__name__} that"
                " its checks need. Choose another name."
            )
        for name in arguments & vars(base).keys() - base.__annotations__.keys():
            if not isinstance(vars(base)[name], types.MemberDescriptorType):
                raise TypeError(
                    f"{cls.__name__}.{name} hides an argument of {origin.__name__}."
                    " Pass the value to super().__init__(), or annotate it as a field"
                    " of a dataclass."
                )
