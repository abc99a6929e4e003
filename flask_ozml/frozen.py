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
    """Frozen: stored once, in a slot with an underscore before its name."""

    def __init__(self, name: str) -> None:
        self._slot = f"_{name}"
        super().__init__(operator.attrgetter(self._slot), doc="")

    def __set__(self, instance: object, value: object) -> None:
        if hasattr(instance, self._slot):
            self.__delete__(instance)
        object.__setattr__(instance, self._slot, value)

    def __delete__(self, instance: object) -> t.NoReturn:
        raise dataclasses.FrozenInstanceError(
            f"{self._slot[1:]!r} is frozen; make a new one."
        )


def frozen(cls: type[_T], *, repr: bool = True) -> type[_T]:
    """A frozen, slotted dataclass, to which :func:`initializer` gives its __init__.

    Fields are read-only by themselves, for a ``__setattr__`` that refuses, as that of
    dataclasses, makes the stores of an ``__init__`` many times as slow. Attributes that
    a user's subclass has besides can change.
    """
    make = dataclasses.dataclass(frozen=True, slots=True, init=False, repr=repr)
    made = t.cast(t.Any, make(cls))
    del made.__setattr__, made.__delattr__
    for name in made.__slots__:
        setattr(made, f"_{name}", getattr(made, name))
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
    known: dict[str, t.Any] = {**names}
    exec(f"def __init__(self, {', '.join(parameters)}):\n{lines}", known)
    known["__init__"].__qualname__ = f"{cls.__name__}.__init__"
    return t.cast(Callable[..., None], known["__init__"])
