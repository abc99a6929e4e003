"""Values that several rooms share."""

import typing as t

_K = t.TypeVar("_K")
_V = t.TypeVar("_V")

#: The spellings of a boolean, in lower case.
BOOLEANS: t.Final = {"true": True, "1": True, "false": False, "0": False}


class FrozenDict(dict[_K, _V]):
    """A dict that cannot be changed, which makes it hashable.

    Unlike :class:`types.MappingProxyType` it can be hashed, copied and pickled.
    """

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]  # dict sets it to None
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type, tuple[dict[_K, _V]]]:
        return type(self), (dict(self),)

    def _refuse(self, *args: object, **kwargs: object) -> t.NoReturn:
        raise TypeError(f"A {type(self).__name__} cannot be changed; make a new one.")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = _refuse
    # Pyright refuses methods with overloads otherwise.
    setdefault: t.Any = _refuse
    update: t.Any = _refuse
