"""A dict that cannot change."""

import copy
import pickle
import typing as t
from collections.abc import Callable

import pytest

from flask_ozml.frozen import FrozenDict

CLONES = [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))]


MUTATORS: dict[str, tuple[object, ...]] = {
    "__setitem__": ("1", 2),
    "__delitem__": ("1",),
    "__ior__": ({"1": 2},),
    "clear": (),
    "pop": ("1",),
    "popitem": (),
    "setdefault": ("2", 2),
    "update": ({"1": 2},),
}
HARMLESS = {"copy", "fromkeys", "get", "items", "keys", "values"}


def test_every_method_of_dict_is_harmless_or_refused() -> None:
    public = {name for name in vars(dict) if not name.startswith("_")}
    assert public == HARMLESS | {name for name in MUTATORS if name[0] != "_"}


@pytest.mark.parametrize("name", MUTATORS)
def test_a_frozen_dict_refuses_to_change(name: str) -> None:
    mapping = FrozenDict({"1": 1})
    with pytest.raises(TypeError, match="cannot be changed; make a new one"):
        getattr(mapping, name)(*MUTATORS[name])
    assert mapping == {"1": 1}


def test_a_frozen_dict_is_hashed_as_it_compares() -> None:
    one = FrozenDict({"1": 1, "2": 2})
    other = FrozenDict({"2": 2, "1": 1})
    assert one == other == {"1": 1, "2": 2}
    assert hash(one) == hash(other)
    assert len({one, other, FrozenDict({"1": 1})}) == 2
    assert hash(one) != hash(FrozenDict({"1": 1}))


@pytest.mark.parametrize("clone", CLONES)
def test_a_clone_of_a_frozen_dict_is_frozen(clone: Callable[[t.Any], t.Any]) -> None:
    cloned = clone(FrozenDict({"1": 1}))
    assert type(cloned) is FrozenDict
    assert cloned == {"1": 1}
