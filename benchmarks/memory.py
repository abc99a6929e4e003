"""Memory after 1,000 and after 100,000 notifications, no two of them alike.

Every second one comes by a URL with state of its own. tracemalloc counts what Python
holds, in a pass of its own for it slows everything down; RSS is all that the process
has in memory.
"""

import gc
import os
import tracemalloc
import typing as t
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from benchmarks.request import dtmf_entered
from benchmarks.request import incoming_call
from benchmarks.request import ozml_app
from benchmarks.request import poster
from benchmarks.rounds import conditions

KIB = 1024
STATM: t.Final = Path("/proc/self/statm")


def answer(app: Flask, urls: dict[str, str], numbers: range) -> None:
    """Answer a call and then the keys of its caller, for each number."""
    phone: t.Any = app.blueprints["phone"]
    for number in numbers:
        call = f"NotificationName=IncomingCall&CallLegID={number}&Caller={number}"
        with app.app_context():
            url = phone.to(dtmf_entered, tries=number)
        keys = f"NotificationName=DtmfEntered&CallLegID={number}&DtmfDigits={number}"
        poster(app, urls["entry"], call.encode())()
        poster(app, url.removeprefix("http://localhost"), keys.encode())()


def traced() -> float:
    return tracemalloc.get_traced_memory()[0] / KIB


def resident() -> float:
    """The resident set size; Linux only."""
    page = os.sysconf("SC_PAGE_SIZE")
    return int(STATM.read_text().split()[1]) * page / KIB


def compare(name: str, size: Callable[[], float], few: int, many: int) -> None:
    """Print a size after few and after many notifications of one app."""
    app, urls = ozml_app(incoming_call)
    answer(app, urls, range(few // 2))
    gc.collect()
    before = size()
    answer(app, urls, range(few // 2, many // 2))
    gc.collect()
    after = size()
    print(f"{name:<14}{before:>14.0f}{after:>14.0f}{after - before:>8.0f}")


def main(few: int = 1_000, many: int = 100_000) -> None:
    print(conditions())
    print(f"{'KiB':<14}{f'after {few}':>14}{f'after {many}':>14}{'more':>8}")
    if STATM.exists():
        compare("RSS", resident, few, many)
    tracemalloc.start()
    compare("tracemalloc", traced, few, many)
    tracemalloc.stop()


if __name__ == "__main__":
    main()
