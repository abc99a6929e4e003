"""Notifications a second that the simulator posts, and the memory that calls leave."""

import gc
import itertools
import time

from flask import Flask

from benchmarks.apps import BASE
from benchmarks.rounds import at_least
from benchmarks.rounds import at_most
from benchmarks.rounds import conditions
from flask_ozml import OzML
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.serializer import dumps
from flask_ozml.simulator import PhoneSystem

STEPS = 10

news = OzML("news", __name__)


@news.incoming_call
@news.goto
def menu(notification: IncomingCall | GoToNotification) -> UserInput:
    again = GoTo(news.to(menu))
    return UserInput(
        Speak("Press 1 for news, 2 for the weather, 3 to leave."),
        inputs={"1": again, "2": again, "3": Hangup()},
    )


def notifications_a_second(calls: int) -> float:
    """Post one notification for each call to a plain view, which a Speak answers."""
    app = Flask("hello")
    hello = dumps([Speak("Hello.")])
    app.add_url_rule(
        "/call", view_func=lambda: hello, endpoint="call", methods=["POST"]
    )
    system = PhoneSystem(app, {"incoming_call": f"{BASE}/call"})
    start = time.process_time()
    for _ in range(calls):
        system.incoming_call()
    return calls / (time.process_time() - start)


def news_app() -> tuple[Flask, dict[str, str]]:
    """Return an app with a menu, and the URL to paste."""
    app = Flask("news")
    app.config.update(SECRET_KEY="benchmark", OZML_PUBLIC_URL=BASE)
    app.register_blueprint(news)
    with app.app_context():
        return app, {"incoming_call": news.urls()["incoming_call"]}


def objects_left(calls: int) -> int:
    """Return how many more objects there are after calls of random callers."""
    app, urls = news_app()
    seeds = itertools.count()

    def play(calls: int) -> None:
        for seed in itertools.islice(seeds, calls):
            findings = PhoneSystem(app, urls).random_caller(seed, STEPS)
            if findings:
                raise SystemExit(f"The caller with seed {seed} found {findings}.")

    play(min(calls, 100))
    gc.collect()
    before = len(gc.get_objects())
    play(calls)
    gc.collect()
    return len(gc.get_objects()) - before


def main(rounds: int = 10, calls: int = 1000) -> None:
    print(conditions())
    best = max(notifications_a_second(calls) for _ in range(rounds))
    at_least("notifications a second of CPU time", best, 4000)
    title = f"objects left by {calls} calls of {STEPS} steps"
    at_most(title, objects_left(calls), 100)


if __name__ == "__main__":
    main()
