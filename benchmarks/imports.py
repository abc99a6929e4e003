"""What ``import flask_ozml`` adds to ``import flask``, each in new processes.

Their bytecode is kept in a folder of its own, which a first process fills.
"""

import os
import statistics
import subprocess
import sys
import tempfile

from benchmarks.rounds import conditions

PROGRAM = """\
import time
start = time.process_time()
import flask
between = time.process_time()
import flask_ozml
print(between - start, time.process_time() - between)
"""


def import_times(cache: str) -> tuple[float, float]:
    """CPU seconds for flask, and for flask_ozml after it."""
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-X", f"pycache_prefix={cache}", "-c", PROGRAM],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": ""},
    )
    flask, ozml = map(float, done.stdout.split())
    return flask, ozml


def main(rounds: int = 20) -> None:
    with tempfile.TemporaryDirectory() as cache:
        import_times(cache)
        rows = [import_times(cache) for _ in range(rounds)]
    print(conditions())
    print(f"{'milliseconds of CPU time':<28}{'best':>10}{'median':>10}")
    names = ("import flask", "flask_ozml after it")
    for name, times in zip(names, zip(*rows, strict=True), strict=True):
        best, median = 1e3 * min(times), 1e3 * statistics.median(times)
        print(f"{name:<28}{best:>10.1f}{median:>10.1f}")


if __name__ == "__main__":
    main()
