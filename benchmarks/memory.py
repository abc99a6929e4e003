"""The memory that notifications leave behind, no two of them alike.

Every second one comes to a URL with state of its own.
"""

import gc
import tracemalloc

from flask import Flask

from benchmarks import apps
from benchmarks.request import poster
from benchmarks.rounds import at_most
from benchmarks.rounds import conditions


def answer(app: Flask, entry: str, numbers: range) -> None:
    """Answer a call and then the keys of its caller, for each number."""
    for number in numbers:
        with app.app_context():
            url = apps.PHONES["welcome"].to(apps.check_pin, tries=number)
        call = f"NotificationName=IncomingCall&CallLegID={number}&Caller={number}"
        keys = f"NotificationName=DtmfEntered&CallLegID={number}&DtmfDigits={number}"
        poster(app, entry, call.encode())()
        poster(app, url, keys.encode())()


def traced_kib() -> float:
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 1024


def main(few: int = 1_000, many: int = 50_000) -> None:
    print(conditions())
    app, urls = apps.ozml_app()
    tracemalloc.start()
    answer(app, urls["welcome"], range(few // 2))
    before = traced_kib()
    answer(app, urls["welcome"], range(few // 2, many // 2))
    added = traced_kib() - before
    tracemalloc.stop()
    at_most(f"KiB more after {many} notifications than after {few}", added, 10)


if __name__ == "__main__":
    main()
