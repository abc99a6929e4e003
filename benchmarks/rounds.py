"""Measure candidates in turns and compare the results with bounds.

Whatever slows the machine down slows down all candidates of a round, so that the ratios
of a round say more than its times.
"""

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from importlib.metadata import version

Candidate = Callable[[], object]


def measure(
    candidates: Mapping[str, Candidate], *, rounds: int, calls: int
) -> dict[str, list[float]]:
    """Return the seconds of CPU time that a call of each candidate took, by round.

    Each round begins with another candidate, after one round that does not count.
    """
    names = list(candidates)
    times: dict[str, list[float]] = {name: [] for name in names}
    for candidate in candidates.values():
        cpu_time(candidate, calls)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            times[name].append(cpu_time(candidates[name], calls))
    return times


def cpu_time(candidate: Candidate, calls: int) -> float:
    """Return the seconds of CPU time of one call, without garbage collection."""
    gc.collect()
    gc.disable()
    start = time.process_time()
    for _ in range(calls):
        candidate()
    elapsed = time.process_time() - start
    gc.enable()
    return elapsed / calls


def ratio(times: Sequence[float], base: Sequence[float]) -> float:
    """Return the median of the ratios of the rounds."""
    return statistics.median(
        own / other for own, other in zip(times, base, strict=True)
    )


def at_most(title: str, measured: float, bound: float) -> None:
    """Print a figure next to its upper bound."""
    _print_row(title, measured, f"at most {bound:.2f}", round(measured, 2) <= bound)


def at_least(title: str, measured: float, bound: float) -> None:
    """Print a figure next to its lower bound."""
    _print_row(title, measured, f"at least {bound:.2f}", round(measured, 2) >= bound)


def _print_row(title: str, measured: float, bound: str, met: bool) -> None:
    print(f"{title:<60}{measured:>9.2f}  {bound:<18}{'met' if met else 'missed'}")


def conditions(*packages: str) -> str:
    """Return a description of the machine and the versions."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("flask", *packages))
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {versions};"
        f" {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs{load}"
    )
