"""The pages of the team: the calls, and the messages."""

import secrets
from datetime import datetime

from flask import Blueprint
from flask import current_app
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for
from werkzeug.wrappers import Response

from . import call_log
from . import messages
from .settings import get_settings

pages = Blueprint("pages", __name__)


@pages.before_request
def require_login() -> Response | None:
    """Redirect visitors who are not logged in."""
    if "user" in session or request.endpoint == "pages.login":
        return None
    return redirect(url_for("pages.login"))


@pages.route("/login", methods=["GET", "POST"])
def login() -> Response | str:
    """Log in with the configured password. The links to log out lead here, too."""
    session.pop("user", None)
    if request.method == "POST":
        given = request.form.get("password", "").encode()
        password = str(current_app.config["PASSWORD"] or secrets.token_hex()).encode()
        if secrets.compare_digest(given, password):
            session["user"] = "team"
            return redirect(url_for("pages.show_calls"))
        flash("This is not the password (FLASK_PASSWORD).")
    return render_template("login.html")


@pages.route("/")
def show_calls() -> str:
    """Show the last calls."""
    return render_template("calls.html", calls=call_log.last_calls())


@pages.route("/messages")
def show_messages() -> str:
    """Show the messages, which can be played in the browser."""
    return render_template("messages.html", messages=messages.older_than())


@pages.app_template_filter()
def local_time(moment: datetime | str) -> str:
    """Return a time as the office's clock shows it."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return f"{moment.astimezone(get_settings().hours.timezone):%Y-%m-%d %H:%M}"
