"""What cannot change, and yet is made often: dataclasses and dicts."""

import dataclasses
import operator
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

_T = t.TypeVar("_T")
_K = t.TypeVar("_K")
_V = t.TypeVar("_V")


class FrozenDict(dict[_K, _V]):
    """A dict that cannot change, so that what is frozen is so to the bottom."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]  # dict sets it to None
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type, tuple[dict[_K, _V]]]:
        return type(self), (dict(self),)

    def _refuse(self, *args: object, **kwargs: object) -> t.NoReturn:
        raise TypeError("It cannot be changed; make a new one.")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


class _Field(property):
    """Read-only, but where it has no value yet, as in a copy that is being made."""

    def __init__(self, name: str) -> None:
        super().__init__(operator.attrgetter(f"_ozml_{name}"), doc="")
        self._name = name

    def __set__(self, instance: object, value: object) -> None:
        if hasattr(instance, f"_ozml_{self._name}"):
            self._refuse()
        object.__setattr__(instance, f"_ozml_{self._name}", value)

    def __delete__(self, instance: object) -> None:
        self._refuse()

    def _refuse(self) -> t.NoReturn:
        raise dataclasses.FrozenInstanceError(
            f"{self._name!r} is frozen; make a new one."
        )


def frozen(cls: type[_T], *, repr: bool = True) -> type[_T]:
    """A frozen, slotted dataclass, to which :func:`initializer` gives its __init__.

    The ``__setattr__`` of a frozen dataclass makes the stores of an ``__init__`` many
    times as slow. So here the fields refuse by themselves, and ``__init__`` stores them
    by a second name of their slots, with ``_ozml_`` before it. To read a field by its
    own name costs a little more. What a user's subclass has besides can change.
    """
    make = dataclasses.dataclass(frozen=True, slots=True, init=False, repr=repr)
    made = t.cast(t.Any, make(cls))
    del made.__setattr__, made.__delattr__
    for name in made.__slots__:
        setattr(made, f"_ozml_{name}", getattr(made, name))
        setattr(made, name, _Field(name))
    return t.cast(type[_T], made)


def initializer(
    cls: type, parameters: Iterable[str], lines: str, names: Mapping[str, object]
) -> Callable[..., None]:
    """Write an ``__init__``, as dataclasses does.

    :param parameters: its parameters behind ``self``.
    :param lines: its body.
    :param names: what it refers to.
    """
    known: dict[str, t.Any] = {"__name__": cls.__module__, **names}
    exec(f"def __init__(self, {', '.join(parameters)}):\n{lines}", known)
    known["__init__"].__qualname__ = f"{cls.__name__}.__init__"
    return t.cast(Callable[..., None], known["__init__"])
