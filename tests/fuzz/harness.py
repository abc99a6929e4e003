"""Run a fuzz target with atheris, and print how far its inputs got.

Pytest does not collect the targets; docs/evidence.rst says how to run them.
"""

import atexit
import sys
import tempfile
import typing as t
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable
from pathlib import Path

import atheris


def fuzz(
    target: Callable[[bytes], str], seeds: Iterable[bytes], words: Iterable[str]
) -> t.NoReturn:
    """Run a target with the options of the command line.

    :param target: a function that returns how far an input got, or raises an exception.
    :param seeds: the first inputs.
    :param words: words that inputs are likely to contain.
    """
    outcomes: Counter[str] = Counter()

    def count(data: bytes) -> None:
        outcomes[target(data)] += 1

    atexit.register(_report, outcomes)
    folder = Path(tempfile.mkdtemp(prefix="flask_ozml_fuzz_"))
    corpus = folder / "seeds"
    corpus.mkdir()
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(seed)
    dictionary = folder / "words"
    dictionary.write_text("".join(f'"{_quoted(word)}"\n' for word in words))
    program, *options = sys.argv
    atheris.Setup(
        [program, f"-dict={dictionary}", *options, str(corpus)],
        count,
    )
    atheris.Fuzz()
    sys.exit()


def _quoted(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


def _report(outcomes: Counter[str]) -> None:
    total = outcomes.total() or 1
    print(f"{outcomes.total():>10,} executions")
    for outcome, times in outcomes.most_common():
        print(f"{times:>10,} {times / total:>7.1%}  {outcome}")
    sys.stdout.flush()
