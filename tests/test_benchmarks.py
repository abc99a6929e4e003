"""The benchmarks run, and a notification takes no more function calls than it did."""

import functools
import re
import sys
import types
from collections.abc import Callable

import pytest

from benchmarks.__main__ import main
from benchmarks.__main__ import SUBCOMMANDS
from benchmarks.growth import unit_costs
from benchmarks.request import candidates
from benchmarks.request import check_equal
from benchmarks.rounds import Figures
from benchmarks.rounds import measure

#: Function calls for one notification, of Flask, this package and C functions. Unlike
#: time they are the same in each run; a tenth is left for other versions of Python and
#: Flask. Where one is exceeded, look at ``python -m benchmarks request`` first.
LIMITS = {
    "entry URL, three commands": 770,
    "entry URL, a menu": 950,
    "URL with state, three commands": 800,
}

TINY = {
    "request": ["--rounds", "2", "--calls", "1"],
    "serializer": ["--rounds", "2", "--calls", "1"],
    "growth": ["--rounds", "1", "--units", "1"],
    "sockets": ["--rounds", "1", "--requests", "2"],
    "memory": ["--few", "2", "--many", "4"],
    "imports": ["--rounds", "1"],
    "calls": ["--calls", "1"],
}
# What only a line with a figure holds.
SHOWN = {
    "request": r"^Flask-OzML costs \d+\.\d\d of form \+ TwiML\.$",
    "serializer": r"^Flask-OzML is \d+\.\d times as fast as TwiML\.$",
    "growth": r"^largest / smallest: -?\d+\.\d\d$",
    "sockets": r"^Flask-OzML +\d+ +\d+ +\d+\.\d\d$",
    "memory": r"^tracemalloc +\d+ +\d+ +-?\d+$",
    "imports": r"^flask_ozml after it +\d+\.\d +\d+\.\d$",
    "calls": r"^plain: 0 findings$",
}


def function_calls(work: Callable[[], object]) -> int:
    count = 0

    def profile(frame: types.FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("title", LIMITS)
def test_a_notification_takes_few_function_calls(title: str) -> None:
    answer = candidates()[title]["Flask-OzML"]
    answer()
    counts = [function_calls(answer) for _ in range(3)]
    assert max(counts) == min(counts)
    # Less than half would mean that something else was counted.
    assert LIMITS[title] / 2 < counts[0] <= LIMITS[title]


def test_function_calls_are_counted() -> None:
    def work(times: int) -> None:
        for _ in range(times):
            abs(-1)

    ten, twenty = (functools.partial(work, times) for times in (10, 20))
    assert function_calls(twenty) - function_calls(ten) == 10


def test_each_subcommand_has_tiny_settings() -> None:
    assert TINY.keys() == SUBCOMMANDS.keys()


@pytest.mark.parametrize("subcommand", TINY)
def test_a_subcommand_runs(subcommand: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([subcommand, *TINY[subcommand]])
    lines = capsys.readouterr().out.splitlines()
    shown = [line for line in lines if re.search(SHOWN[subcommand], line)]
    assert shown, lines


def test_the_ratio_is_that_of_the_same_round() -> None:
    base, candidate = Figures([1.0, 10.0, 2.0]), Figures([2.0, 20.0, 2.0])
    assert candidate.ratio(base) == 2.0
    assert (candidate.best, candidate.median) == (2.0, 2.0)


def test_each_candidate_is_called_alike() -> None:
    called: list[str] = []
    names = ("a", "b", "c")
    candidates = {name: functools.partial(called.append, name) for name in names}
    figures = measure(candidates, rounds=4, calls=2)
    assert [called.count(name) for name in names] == [10, 10, 10]
    assert {len(found.rounds) for found in figures.values()} == {4}


def test_the_cost_of_a_unit_is_taken_between_two_sizes() -> None:
    assert unit_costs((10, 20, 40), (15.0, 25.0, 65.0)) == [1.0, 2.0]


def test_answers_that_differ_are_not_compared() -> None:
    same = b"<Response><Speak a='1' b='2'/></Response>"
    check_equal({"by hand": lambda: same, "other": lambda: same.replace(b"'", b'"')})
    with pytest.raises(SystemExit, match="other answers differently"):
        check_equal({"by hand": lambda: same, "other": lambda: b"<Response/>"})
