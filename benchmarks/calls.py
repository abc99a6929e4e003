"""How fast the simulator is.

How many notifications it posts to an application that answers with one Speak, and how
many calls it plays: of a menu of plain Flask and of the example app, each with a random
caller who takes ten steps.
"""

import gc
import importlib
import tempfile
import time

from flask import Flask

from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.serializer import dumps
from flask_ozml.simulator import PhoneSystem

STEPS = 10
BASE = "http://localhost"


def plain_app() -> tuple[Flask, dict[str, str]]:
    """A menu that leads to itself."""
    menu = UserInput(
        Speak("Press 1 for news, 2 for the weather, 3 to go."),
        inputs={"1": GoTo(f"{BASE}/menu"), "2": GoTo(f"{BASE}/menu"), "3": Hangup()},
        timeout=10,
    )
    app = Flask("plain")
    app.add_url_rule("/menu", "menu", lambda: dumps([menu]), methods=["POST"])
    return app, {"incoming_call": f"{BASE}/menu"}


def example_app(folder: str) -> tuple[Flask, dict[str, str]]:
    """The example app, with its data in a folder."""
    module = importlib.import_module("example_app")
    app: Flask = module.create_app(folder)
    app.config["OZML_PUBLIC_URL"] = BASE
    with app.app_context():
        return app, module.phone.urls()


def play(app: Flask, urls: dict[str, str], calls: int) -> int:
    """Play that many calls; returns how many notifications went wrong."""
    wrong = 0
    for seed in range(calls):
        wrong += len(
            PhoneSystem(app, urls).random_caller(seed, STEPS, api_extension="9999")
        )
    return wrong


def post(notifications: int) -> None:
    """Print how many notifications a second of CPU time posts, at best of five."""
    app = Flask("plain")
    answer = dumps([Speak("Hello")])
    app.add_url_rule("/call", "call", lambda: answer, methods=["POST"])
    system = PhoneSystem(app, {"incoming_call": f"{BASE}/call"})
    best = 0.0
    for _ in range(5):
        start = time.process_time()
        for _ in range(notifications):
            system.incoming_call()
        best = max(best, notifications / (time.process_time() - start))
    print(f"one Speak: {best:.0f} notifications per second of CPU time")


def main(calls: int = 1000) -> None:
    """Measure and print."""
    post(calls)
    measure(*plain_app(), calls)
    with tempfile.TemporaryDirectory() as folder:
        measure(*example_app(folder), calls)


def measure(app: Flask, urls: dict[str, str], calls: int) -> None:
    """Print speed and memory for one application."""
    wrong = play(app, urls, min(calls, 100))
    gc.collect()
    before = len(gc.get_objects())
    start = time.perf_counter()
    wrong += play(app, urls, calls)
    seconds = time.perf_counter() - start
    print(f"{app.name}: {calls / seconds:.0f} calls of {STEPS} steps per second")
    gc.collect()
    grown = len(gc.get_objects()) - before
    print(f"{app.name}: {grown} more objects after {calls} calls")
    print(f"{app.name}: {wrong} findings")


if __name__ == "__main__":
    main()
