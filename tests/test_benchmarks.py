"""The benchmarks run and print figures next to their bounds; no time is asserted."""

import functools
import os
import re
import shutil

import pytest

from benchmarks.__main__ import main
from benchmarks.__main__ import SUBCOMMANDS
from benchmarks.growth import unit_costs
from benchmarks.request import check_equal
from benchmarks.rounds import at_least
from benchmarks.rounds import at_most
from benchmarks.rounds import measure
from benchmarks.rounds import ratio

#: Tiny settings of each subcommand, and how many figures it prints.
TINY = {
    "request": ("--rounds 2 --calls 1", 13),
    "serializer": ("--rounds 2 --calls 1", 3),
    "sockets": ("--rounds 1 --requests 2", 1),
    "simulator": ("--rounds 1 --calls 20", 2),
    "growth": ("--rounds 1 --units 1", 7),
    "memory": ("--few 2 --many 4", 1),
    "webphone": ("--acts 2", 1),
}
FIGURE = re.compile(r"\S.* -?\d+\.\d\d  at (most|least) \d+\.\d\d +(met|missed)")


def test_each_subcommand_has_tiny_settings() -> None:
    assert TINY.keys() == SUBCOMMANDS.keys()


@pytest.mark.parametrize("subcommand", TINY)
def test_a_subcommand_prints_figures_next_to_their_bounds(
    subcommand: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if subcommand == "webphone" and not shutil.which("chromium"):
        assert os.environ.get("CI") != "true", "apt-get install chromium"
        pytest.skip("There is no Chromium.")
    options, figures = TINY[subcommand]
    main([subcommand, *options.split()])
    conditions, *lines = capsys.readouterr().out.splitlines()
    assert "flask" in conditions
    assert [line for line in lines if not FIGURE.fullmatch(line)] == []
    assert len(lines) == figures


def test_a_bound_is_met_or_missed(capsys: pytest.CaptureFixture[str]) -> None:
    for measured in (0.99, 1.004, 1.01):
        at_most("cost", measured, 1.0)
        at_least("speed", measured, 1.0)
    shown = [line.split()[-1] for line in capsys.readouterr().out.splitlines()]
    assert shown == ["met", "missed", "met", "met", "missed", "met"]


def test_a_ratio_is_the_median_of_those_of_the_rounds() -> None:
    assert ratio([2.0, 20.0, 2.0], [1.0, 10.0, 2.0]) == 2.0


def test_each_candidate_is_called_equally_often() -> None:
    called: list[str] = []
    names = ("a", "b", "c")
    candidates = {name: functools.partial(called.append, name) for name in names}
    times = measure(candidates, rounds=4, calls=2)
    assert [called.count(name) for name in names] == [10, 10, 10]
    assert {len(rounds) for rounds in times.values()} == {4}


def test_the_cost_of_a_unit_is_taken_between_two_sizes() -> None:
    assert unit_costs((10, 20, 40), (15.0, 25.0, 65.0)) == [1.0, 2.0]


def test_answers_that_differ_are_not_compared() -> None:
    same = b"<Response><Speak a='1' b='2'/></Response>"
    check_equal({"by hand": lambda: same, "other": lambda: same.replace(b"'", b'"')})
    with pytest.raises(SystemExit, match="The answers differ"):
        check_equal({"by hand": lambda: same, "other": lambda: b"<Response/>"})
