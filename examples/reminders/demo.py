"""Show it all with made-up patients and a simulated phone system: no telephone rings.

Run it by ``python -m examples.reminders.demo``.
"""

import contextlib
import datetime
import logging
import random
import tempfile
import threading
import time
import typing as t
from collections.abc import Iterator

import click
from werkzeug.serving import make_server

from flask_ozml.simulator import PhoneSystem
from flask_ozml.simulator import PlacedCall

from . import create_app
from . import models
from . import work

FIRST: t.Final = [
    "Anna",
    "Béla",
    "Csilla",
    "Dániel",
    "Emese",
    "Ferenc",
    "Gabriella",
    "Henrik",
]
LAST: t.Final = ["Kovács", "Nagy", "Szabó", "Tóth", "Varga"]
SETTINGS: t.Final = {
    "OZML_PUBLIC_URL": "http://localhost",
    "REMINDERS_HOURS": [0, 24],
    "REMINDERS_DAYS": list(range(7)),
    "REMINDERS_LEAD": 48,
    "REMINDERS_PAUSES": [10, 20],
    "REMINDERS_TIMEOUTS": {"placing": 60, "ringing": 60, "talking": 20},
}


def patients() -> Iterator[models.Appointment]:
    """Make forty appointments of tomorrow, and one with a premium number."""
    today = models.now().astimezone(models.zone()).replace(hour=8, minute=0)
    starts = today + datetime.timedelta(days=1)
    for count in range(40):
        name = f"{FIRST[count % 8]} {LAST[count % 5]}"
        number = f"06 30 111 {2000 + count}"
        yield models.new(name, number, f"{starts:%Y-%m-%d %H:%M}")
        starts += datetime.timedelta(minutes=15)
    yield models.new("Ilona Horváth", "06 90 123 456", f"{starts:%Y-%m-%d %H:%M}")


def answer_calls(system: PhoneSystem) -> None:
    """Let a person act in each call that is placed."""
    met = 0
    while True:
        for call in system.calls_placed[met:]:
            threading.Thread(target=answer, args=(system, call), daemon=True).start()
            met += 1
        time.sleep(0.1)  # the phone system does not tell of new calls


def answer(system: PhoneSystem, call: PlacedCall) -> None:
    """Do what a patient might do."""
    time.sleep(random.uniform(1, 4))  # ringing
    act = random.choice(["1"] * 8 + ["2", "3", "9", "listen", "hang up", "busy"])
    if act == "busy":
        call.refuse()
    else:
        call.answer()
        time.sleep(random.uniform(2, 5))  # listening
        if act.isdigit():
            call.press(act)
        if act != "hang up":
            call.wait(15)
        call.hang_up()
    for sms in system.sms_sent:
        if sms.recipient == call.callee:
            system.deliver(sms)


@click.command()
@click.option("--port", default=5000, show_default=True, help="The port of the page.")
def main(port: int) -> None:
    """Call made-up patients through a simulated phone system until Ctrl-C."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/demo.sqlite"
        app = create_app(folder, REMINDERS_DATABASE_URL=url, **SETTINGS)
        with app.app_context():
            models.add(*patients())
            system = PhoneSystem(app, {}, app.config["OZML_PUBLIC_URL"])
            page = make_server("127.0.0.1", port, app, threaded=True)
            http_api = make_server("127.0.0.1", 0, system.http_api, threaded=True)
            address = f"http://127.0.0.1:{http_api.server_port}"
            app.config["OZML_PHONE_SYSTEM_URL"] = address
            for server in (page, http_api):
                threading.Thread(target=server.serve_forever, daemon=True).start()
            threading.Thread(target=answer_calls, args=(system,), daemon=True).start()
            click.echo(
                f"The page is http://127.0.0.1:{page.server_port} (Ctrl-C ends)."
            )
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    work.step()
                    time.sleep(1)  # until rows may be due


if __name__ == "__main__":
    main()
