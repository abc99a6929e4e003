"""Interleaved rounds: what slows the machine down slows every candidate down."""

import gc
import itertools
import platform
import statistics
import time
import typing as t
from collections.abc import Callable
from collections.abc import Mapping

Candidate = Callable[[], object]


class Figures(t.NamedTuple):
    """CPU seconds a call: the median and the quartiles of the rounds."""

    low: float
    median: float
    high: float


def measure(
    candidates: Mapping[str, Candidate], *, rounds: int = 60, calls: int = 200
) -> dict[str, Figures]:
    """Time the candidates in turns, the first one of a round another one each time."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    orders = itertools.cycle(
        [
            names[i:] + names[:i]
            for names in [list(candidates)]
            for i in range(len(names))
        ]
    )
    for candidate in candidates.values():
        _time(candidate, calls)
    for order in itertools.islice(orders, rounds):
        for name in order:
            seconds[name].append(_time(candidates[name], calls))
    return {name: Figures(*statistics.quantiles(s, n=4)) for name, s in seconds.items()}


def _time(candidate: Candidate, calls: int) -> float:
    gc.collect()
    gc.disable()
    start = time.process_time()
    for _ in range(calls):
        candidate()
    elapsed = time.process_time() - start
    gc.enable()
    return elapsed / calls


def conditions() -> str:
    """The Python that the figures were taken with."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def table(figures: Mapping[str, Figures], base: str) -> str:
    """The figures in microseconds, and as ratios to the base."""
    rows = [f"{'':<28}{'quartile':>10}{'median':>10}{'quartile':>10}{'ratio':>8}"]
    for name, (low, median, high) in figures.items():
        ratio = median / figures[base].median
        times = "".join(f"{1e6 * value:>10.1f}" for value in (low, median, high))
        rows.append(f"{name:<28}{times}{ratio:>8.2f}")
    return "\n".join(rows)
