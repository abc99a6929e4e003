"""Values that several formats share."""

import typing as t

#: How a boolean may be written, in lower case.
BOOLEANS: t.Final = {"true": True, "1": True, "false": False, "0": False}

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
