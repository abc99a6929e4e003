"""The example applications: their maps, their pictures, and that nothing is wrong."""

import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

import example_app
from examples import reminders
from examples import support_line
from examples.reminders import models
from examples.reminders import work
from examples.support_line import messages
from examples.support_line.database import execute
from examples.support_line.opening_hours import DAYS
from flask_ozml.callflow import explore
from flask_ozml.callflow.drawings import as_dot
from flask_ozml.callflow.whole import check
from flask_ozml.simulator import Call
from flask_ozml.simulator import PhoneSystem

PICTURE = Path(__file__).parents[2] / "docs" / "example_app.dot"


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    app = example_app.create_app(str(tmp_path))
    app.config["OZML_PUBLIC_URL"] = "http://localhost"
    return app


def test_nothing_is_wrong_with_the_example_application(app: Flask) -> None:
    assert check(explore(app, press=["1234"])) == []


def test_the_picture_of_the_example_application_is_current(app: Flask) -> None:
    """Write it with ``flask ozml map --press 1234 --format dot``."""
    drawn = "\n".join(as_dot(explore(app, press=["1234"]))) + "\n"
    assert PICTURE.read_text(encoding="utf-8") == drawn
    assert PICTURE.with_suffix(".svg").read_text(encoding="utf-8").count("<svg") == 1


def test_nothing_is_wrong_with_the_support_line(tmp_path: Path) -> None:
    hours = dict.fromkeys(DAYS, "00:00-24:00")
    config = {"SUPPORT_HOURS": hours, "SUPPORT_PIN": "258046", "SECRET_KEY": "key"}
    config["OZML_PUBLIC_URL"] = "http://localhost"
    app = support_line.create_app(config, str(tmp_path))

    def reset() -> None:
        with app.app_context():
            execute("DELETE FROM wrong_pins")
            execute("DELETE FROM messages")
            messages.add("+36301112222", "http://localhost/1.mp3", 5)

    def line(system: PhoneSystem) -> Call:
        reset()
        return system.incoming_call()

    def mailbox(system: PhoneSystem) -> Call:
        reset()
        return system.incoming_call(api_extension="9997")

    flow = explore(app, starts=[line, mailbox], press=["258046"])
    assert check(flow) == []
    assert ("mailbox", "goto.delete_message") in flow.reached


def test_nothing_is_wrong_with_the_reminders(tmp_path: Path) -> None:
    app = reminders.create_app(
        str(tmp_path),
        SECRET_KEY="key",
        REMINDERS_PASSWORD="correct horse",
        REMINDERS_HOURS=[0, 24],
        REMINDERS_DAYS=list(range(7)),
        REMINDERS_LEAD=48,
        OZML_PUBLIC_URL="http://localhost",
    )

    def reminder(system: PhoneSystem) -> Call:
        with app.app_context():
            with models.transaction() as session:
                session.execute(sa.delete(models.Appointment))
            day = models.now().astimezone(models.zone()) + datetime.timedelta(days=1)
            models.add(models.new("Anna", "06 30 111 2000", f"{day:%Y-%m-%d} 09:30"))
            work.step()
        return system.calls_placed[-1]

    flow = explore(app, starts=[reminder])
    assert check(flow) == []
    assert ("phone", "dtmf_entered.choose") in flow.reached
