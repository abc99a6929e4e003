"""How many calls per second the simulator plays against an application.

``python benchmarks/calls.py`` plays the example app, if it can be imported, else a menu
of plain Flask; each call is an incoming call and up to nine acts of a random caller.
"""

import gc
import importlib
import time
import tracemalloc

from flask import Flask

from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.serializer import dumps
from flask_ozml.simulator import PhoneSystem

CALLS = 1000
STEPS = 10
BASE = "http://localhost"


def plain_app() -> tuple[Flask, dict[str, str]]:
    """A menu that leads to itself."""
    menu = UserInput(
        Speak("Press 1 for news, 2 for the weather, 3 to go."),
        inputs={"1": GoTo(f"{BASE}/menu"), "2": GoTo(f"{BASE}/menu"), "3": Hangup()},
        timeout=10,
        repeat=True,
    )
    app = Flask("plain")
    app.add_url_rule("/menu", "menu", lambda: dumps([menu]), methods=["POST"])
    return app, {"incoming_call": f"{BASE}/menu"}


def example_app() -> tuple[Flask, dict[str, str]]:
    """The example app, with a key and a base of its own."""
    module = importlib.import_module("example_app")
    app: Flask = module.create_app() if hasattr(module, "create_app") else module.app
    app.config.update(SECRET_KEY="benchmark", OZML_PUBLIC_URL=BASE)
    with app.app_context():
        return app, dict(module.phone.urls())


def play(app: Flask, urls: dict[str, str], calls: int) -> int:
    """Play that many calls; returns how many notifications went wrong."""
    wrong = 0
    for seed in range(calls):
        wrong += len(PhoneSystem(app, urls).random_caller(seed, STEPS))
    return wrong


def main() -> None:
    """Measure and print."""
    try:
        app, urls = example_app()
    except ModuleNotFoundError as error:
        if error.name != "example_app":
            raise
        app, urls = plain_app()
    wrong = play(app, urls, 100)
    start = time.perf_counter()
    wrong += play(app, urls, CALLS)
    seconds = time.perf_counter() - start
    tracemalloc.start()
    play(app, urls, 100)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    play(app, urls, CALLS)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    print(f"{app.name}: {CALLS / seconds:.0f} calls of {STEPS} steps per second")
    print(f"{app.name}: {grown / 1024:.0f} KiB more after {CALLS} calls")
    print(f"{app.name}: {wrong} findings")


if __name__ == "__main__":
    main()
