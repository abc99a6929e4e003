"""What cannot change: dicts and dataclasses."""

import copy
import dataclasses
import pickle
import pydoc
import typing as t
from collections.abc import Callable

import pytest

from flask_ozml.frozen import frozen
from flask_ozml.frozen import FrozenDict
from flask_ozml.frozen import initializer

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


def test_the_mutators_are_all() -> None:
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


@frozen
class Point:
    x: int
    y: int = 0


Point.__init__ = initializer(  # type: ignore[method-assign]  # as it is used
    Point,
    ["x", "*", "y=default_y"],
    "    self._ozml_x = x\n    self._ozml_y = y\n",
    {"default_y": 7},
)


def point(x: int, **more: int) -> t.Any:
    made: t.Any = Point
    return made(x, **more)


def test_an_initializer_takes_what_it_was_given() -> None:
    assert (point(1).x, point(1).y) == (1, 7)
    assert point(1, y=2) == point(1, y=2) != point(1)
    assert repr(point(1, y=2)) == "Point(x=1, y=2)"
    with pytest.raises(TypeError, match=r"Point\.__init__\(\) got an unexpected .*'z'"):
        point(1, z=3)


def test_names_of_an_initializer_are_not_changed() -> None:
    names = {"default_y": 7}
    initializer(Point, ["y=default_y"], "    self._ozml_y = y\n", names)
    assert names == {"default_y": 7}


@pytest.mark.parametrize("name", ["x", "y"])
def test_a_field_is_frozen(name: str) -> None:
    frozen_point = point(1, y=2)
    with pytest.raises(dataclasses.FrozenInstanceError, match=f"'{name}' is frozen; "):
        setattr(frozen_point, name, 3)
    with pytest.raises(dataclasses.FrozenInstanceError, match=f"'{name}' is frozen; "):
        delattr(frozen_point, name)
    with pytest.raises(dataclasses.FrozenInstanceError):
        object.__setattr__(frozen_point, name, 3)
    assert frozen_point == point(1, y=2)


def test_there_is_room_for_fields_only() -> None:
    with pytest.raises(AttributeError):
        point(1).z = 3
    assert not hasattr(point(1), "__dict__")


@pytest.mark.parametrize("clone", CLONES)
def test_a_clone_is_as_frozen(clone: Callable[[t.Any], t.Any]) -> None:
    cloned = clone(point(1, y=2))
    assert (cloned.x, cloned.y) == (1, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        cloned.x = 3


@dataclasses.dataclass(frozen=True)
class Named(Point):
    name: str = ""


def test_a_dataclass_may_extend_one() -> None:
    made: t.Any = Named
    named = made(1, 2, "here")
    assert (named.x, named.y, named.name) == (1, 2, "here")
    assert named == dataclasses.replace(named) != dataclasses.replace(named, y=3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        named.x = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        named.name = "there"


def test_help_tells_nothing_of_the_getter() -> None:
    assert "attrgetter" not in pydoc.render_doc(Point)
