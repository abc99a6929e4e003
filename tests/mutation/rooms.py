"""Make a sample of small mistakes in every room of the package, and run its tests.

    PYTHONPATH=. python tests/mutation/rooms.py [ROOM...]

Prints what run.py prints for each module, then the sum. Takes hours on two cores if no
rooms are given.
"""

import re
import subprocess
import sys
import typing as t
from pathlib import Path

RUN: t.Final = str(Path(__file__).with_name("run.py"))

#: How many mistakes are made in each module of a room, the modules, and their tests.
ROOMS: t.Final[dict[str, tuple[int, list[str], list[str]]]] = {
    "blueprint": (
        25,
        [
            "blueprint.views",
            "blueprint.urls",
            "blueprint.config",
            "blueprint.admission",
        ],
        ["tests/blueprint"],
    ),
    "commands": (
        20,
        ["commands.base", "commands.rules", "commands.catalogue"],
        ["tests/commands", "tests/blueprint"],
    ),
    "client": (
        20,
        [
            "client",
            "http_api.connection",
            "http_api.exchange",
            "http_api.replies",
            "http_api.requests",
        ],
        ["tests/client"],
    ),
    "cli": (
        25,
        ["cli"],
        ["tests/test_cli.py", "tests/callflow/test_shown.py", "tests/docs"],
    ),
    "plugin": (
        20,
        ["pytest_plugin", "phone_urls", "playing"],
        ["tests/test_pytest_plugin.py", "tests/test_cli.py", "tests/test_playing.py"],
    ),
    "simulator": (
        10,
        [
            "simulator.answers",
            "simulator.calls",
            "simulator.frames",
            "simulator.http_api",
            "simulator.legs",
            "simulator.phonesystem",
            "simulator.switchboard",
            "simulator.transport",
            "simulator.turns",
        ],
        ["tests/simulator", "tests/client", "tests/test_example_app.py"],
    ),
    # The tests of webphone.command start processes, in which no mistake can be made.
    "webphone": (
        10,
        [
            "webphone.acts",
            "webphone.desk",
            "webphone.flow_map",
            "webphone.recorder",
            "webphone.server",
            "webphone.session",
            "webphone.shown",
        ],
        ["tests/webphone"],
    ),
    "callflow": (
        10,
        [
            "callflow.awaited",
            "callflow.drawings",
            "callflow.explore",
            "callflow.findings",
            "callflow.identity",
            "callflow.people",
            "callflow.plays",
            "callflow.states",
            "callflow.whole",
        ],
        ["tests/callflow"],
    ),
}


def main(rooms: list[str]) -> None:
    made = killed = 0
    for room in rooms or ROOMS:
        sample, modules, tests = ROOMS[room]
        for module in modules:
            command = [sys.executable, RUN, "--sample", str(sample), module, *tests]
            run = subprocess.run(
                command, stdout=subprocess.PIPE, text=True, check=False
            )
            printed = run.stdout
            print(printed, end="", flush=True)
            if found := re.search(r"(\d+) mutants, (\d+) killed", printed):
                made += int(found[1])
                killed += int(found[2])
    print(f"{made} mutants, {killed} killed ({killed / made:.1%})")


if __name__ == "__main__":
    main(sys.argv[1:])
