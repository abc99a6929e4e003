"""The same work as a task of Celery, for a practice with more than one machine.

All machines share one PostgreSQL database and one SECRET_KEY.
"""

from celery import Celery

from . import create_app
from . import work

site = create_app()
celery = Celery("reminders")
celery.conf.update(site.config["REMINDERS_CELERY"])


def step() -> None:
    """Place the calls that are due."""
    with site.app_context():
        work.step()


celery.task(step, name="reminders.step", ignore_result=True)
celery.conf.beat_schedule = {
    "step": {
        "task": "reminders.step",
        "schedule": site.config["REMINDERS_INTERVAL"],
        # What a worker did not start in time is not made up for.
        "options": {"expires": site.config["REMINDERS_INTERVAL"]},
    }
}
