import copy
import pickle
import typing as t
from collections.abc import Callable

import pytest

from flask_ozml.values import FrozenDict

FROZEN: FrozenDict[str, t.Any] = FrozenDict({"1": ("Hi",), "2": ()})


def test_a_frozen_dict_is_a_dict() -> None:
    assert FROZEN == {"1": ("Hi",), "2": ()}
    assert list(FROZEN) == ["1", "2"]
    assert repr(FROZEN) == "{'1': ('Hi',), '2': ()}"


def test_equal_frozen_dicts_have_equal_hashes() -> None:
    assert hash(FROZEN) == hash(FrozenDict({"2": (), "1": ("Hi",)}))


@pytest.mark.parametrize(
    "clone",
    [copy.copy, copy.deepcopy, lambda frozen: pickle.loads(pickle.dumps(frozen))],
)
def test_a_clone_of_a_frozen_dict_is_equal_and_frozen(
    clone: Callable[[t.Any], t.Any],
) -> None:
    assert clone(FROZEN) == FROZEN
    assert type(clone(FROZEN)) is FrozenDict


@pytest.mark.parametrize(
    "change",
    [
        lambda frozen: frozen.__setitem__("1", "x"),
        lambda frozen: frozen.__delitem__("1"),
        lambda frozen: frozen.__ior__({"3": ""}),
        lambda frozen: frozen.clear(),
        lambda frozen: frozen.pop("1"),
        lambda frozen: frozen.popitem(),
        lambda frozen: frozen.setdefault("3"),
        lambda frozen: frozen.update({"1": "x"}),
    ],
)
def test_a_frozen_dict_cannot_be_changed(change: Callable[[t.Any], object]) -> None:
    with pytest.raises(TypeError, match="FrozenDict cannot be changed; make a new one"):
        change(FROZEN)
    assert FROZEN == {"1": ("Hi",), "2": ()}
