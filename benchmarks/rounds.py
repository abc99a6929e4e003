"""Interleaved rounds: what slows the machine down slows every candidate down."""

import gc
import os
import platform
import statistics
import time
import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from importlib.metadata import version

Candidate = Callable[[], object]


class Figures(t.NamedTuple):
    """What one candidate costs a call, in seconds of this process's CPU time."""

    rounds: list[float]

    @property
    def best(self) -> float:
        return min(self.rounds)

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    def ratio(self, base: "Figures") -> float:
        """The median of the ratios of the rounds: both sides met the same load."""
        pairs = zip(self.rounds, base.rounds, strict=True)
        return statistics.median(own / other for own, other in pairs)


def measure(
    candidates: Mapping[str, Candidate], *, rounds: int, calls: int
) -> dict[str, Figures]:
    """Time the candidates in turns, the first one of a round another one each time."""
    names = list(candidates)
    figures = {name: Figures([]) for name in names}
    for name in names:
        _time(candidates[name], calls)
    gc.collect()
    gc.freeze()
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            figures[name].rounds.append(_time(candidates[name], calls))
    gc.unfreeze()
    return figures


def _time(candidate: Candidate, calls: int) -> float:
    gc.collect()
    gc.disable()
    start = time.process_time()
    for _ in range(calls):
        candidate()
    elapsed = time.process_time() - start
    gc.enable()
    return elapsed / calls


def conditions(*packages: str) -> str:
    """What the figures were taken with."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("flask", *packages))
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {versions};"
        f" {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs{load}"
    )


def table(figures: Mapping[str, Figures], base: str) -> str:
    """The figures in microseconds, and as ratios to the base."""
    rows = [f"{'microseconds of CPU time':<28}{'best':>10}{'median':>10}{'ratio':>8}"]
    for name, found in figures.items():
        times = "".join(f"{1e6 * value:>10.1f}" for value in (found.best, found.median))
        rows.append(f"{name:<28}{times}{found.ratio(figures[base]):>8.2f}")
    return "\n".join(rows)
