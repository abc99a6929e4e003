"""The page with the state of a day, for those who know the password."""

import collections
import datetime
import hmac

import sqlalchemy as sa
from flask import Blueprint
from flask import current_app
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for
from flask.typing import ResponseReturnValue
from flask.wrappers import Response

from . import models
from .models import Appointment
from .models import State
from .numbers import readable

page = Blueprint("page", __name__, template_folder="templates")
page.add_app_template_filter(readable)


@page.before_request
def require_login() -> ResponseReturnValue | None:
    """Show nothing to those who are not logged in."""
    if session.get("logged_in") or request.endpoint == "page.login":
        return None
    return redirect(url_for("page.login"))


@page.after_request
def protect(response: Response) -> Response:
    """Keep the page out of caches and frames, and scripts out of the page."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; img-src data:; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@page.context_processor
def template_names() -> dict[str, object]:
    """Return what every template may use."""
    practice = current_app.config["REMINDERS_PRACTICE"]
    return {"practice": practice, "zone": models.zone(), "State": State}


@page.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Ask for the password."""
    if request.method == "GET":
        return render_template("login.html")
    expected = current_app.config["REMINDERS_PASSWORD"].encode()
    if not hmac.compare_digest(request.form["password"].encode(), expected):
        return render_template("login.html", error="This is not the password."), 403
    session.clear()  # the token of forms changes, too
    session["logged_in"] = True
    return redirect(url_for("page.day"))


@page.post("/logout")
def logout() -> ResponseReturnValue:
    """Forget who is logged in."""
    session.clear()
    return redirect(url_for("page.login"))


@page.get("/")
def day() -> ResponseReturnValue:
    """Show the appointments of a day."""
    date = request.args.get("day", type=datetime.date.fromisoformat)
    if date is None or not models.has_neighbours(date):
        date = _next_day()
    step = datetime.timedelta(days=1)
    with models.transaction() as rows:
        appointments = rows.scalars(
            sa.select(Appointment)
            .where(Appointment.starts >= _midnight(date))
            .where(Appointment.starts < _midnight(date + step))
            .order_by(Appointment.starts, Appointment.name)
        ).all()
    return render_template(
        "day.html",
        appointments=appointments,
        counts=collections.Counter(row.state for row in appointments),
        day=date,
        before=date - step,
        after=date + step,
        now=models.now(),
    )


def _next_day() -> datetime.date:
    """Return the next day with appointments, whose patients are being called."""
    today = models.now().astimezone(models.zone()).date()
    tomorrow = _midnight(today + datetime.timedelta(days=1))
    first = sa.select(sa.func.min(Appointment.starts))
    with models.transaction() as rows:
        starts = rows.scalar(first.where(Appointment.starts >= tomorrow))
    return starts.astimezone(models.zone()).date() if starts else today


def _midnight(date: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(date, datetime.time(), models.zone())


@page.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """Add an appointment."""
    if request.method == "GET":
        return render_template("new.html")
    form = request.form
    try:
        appointment = models.new(form["name"], form["number"], form["starts"])
    except ValueError as error:
        return render_template("new.html", error=error), 400
    models.add(appointment)
    date = appointment.starts.astimezone(models.zone()).date()
    return redirect(url_for("page.day", day=date))
