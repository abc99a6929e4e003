"""``python -m benchmarks SUBCOMMAND`` measures what docs/performance.rst claims."""

import argparse
import inspect
from collections.abc import Callable

from benchmarks import growth
from benchmarks import memory
from benchmarks import request
from benchmarks import serializer
from benchmarks import simulator
from benchmarks import sockets
from benchmarks import webphone

SUBCOMMANDS: dict[str, Callable[..., None]] = {
    "request": request.main,
    "serializer": serializer.main,
    "sockets": sockets.main,
    "simulator": simulator.main,
    "growth": growth.main,
    "memory": memory.main,
    "webphone": webphone.main,
}


def main(arguments: list[str] | None = None) -> None:
    """Run a subcommand; its options are the parameters of its function."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    subparsers = parser.add_subparsers(dest="subcommand", required=True)
    for name, run in SUBCOMMANDS.items():
        purpose = (inspect.getmodule(run).__doc__ or "").partition("\n")[0]
        subparser = subparsers.add_parser(name, help=purpose)
        for option, parameter in inspect.signature(run).parameters.items():
            subparser.add_argument(
                f"--{option}",
                type=int,
                default=parameter.default,
                help="default: %(default)s",
            )
    options = vars(parser.parse_args(arguments))
    SUBCOMMANDS[options.pop("subcommand")](**options)


if __name__ == "__main__":
    main()
