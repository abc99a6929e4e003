"""Configuration, opening hours and pages of the support line."""

import json
import typing as t
from datetime import date
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask

from examples.support_line import call_log
from examples.support_line import create_app
from examples.support_line import messages
from examples.support_line.opening_hours import OpeningHours
from examples.support_line.settings import Settings
from flask_ozml.notifications import CallChanged

PASSWORD = "correct horse"
WEEK = {"monday": "09:00-17:00", "saturday": "10:00-24:00"}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app({"PASSWORD": PASSWORD, "TESTING": True}, str(tmp_path))


@pytest.mark.parametrize(
    "moment, is_open, opening",
    [
        # A Monday in winter, an hour ahead of UTC.
        ("2026-11-23T07:59:59+00:00", False, "2026-11-23T09:00:00+01:00"),
        ("2026-11-23T08:00:00+00:00", True, "2026-11-28T10:00:00+01:00"),
        ("2026-11-23T15:59:59+00:00", True, "2026-11-28T10:00:00+01:00"),
        ("2026-11-23T16:00:00+00:00", False, "2026-11-28T10:00:00+01:00"),
        # A Monday in summer, two hours ahead of UTC.
        ("2026-07-06T06:59:59+00:00", False, "2026-07-06T09:00:00+02:00"),
        ("2026-07-06T07:00:00+00:00", True, "2026-07-11T10:00:00+02:00"),
        # A Saturday, open until midnight; summer time ends in the next night.
        ("2026-10-24T21:59:59+00:00", True, "2026-10-26T09:00:00+01:00"),
        ("2026-10-24T22:00:00+00:00", False, "2026-10-26T09:00:00+01:00"),
        # A holiday on a Monday.
        ("2026-12-28T10:00:00+00:00", False, "2027-01-02T10:00:00+01:00"),
    ],
)
def test_the_opening_hours_follow_the_clock_of_the_office(
    moment: str, is_open: bool, opening: str
) -> None:
    hours = OpeningHours.parse("Europe/Berlin", WEEK, ["2026-12-28"])
    now = datetime.fromisoformat(moment)

    assert hours.is_open(now) is is_open
    following = hours.next_opening(now)
    assert following is not None
    assert following.isoformat() == opening


def test_a_line_that_never_opens_has_no_next_opening() -> None:
    never = OpeningHours.parse("UTC", {}, [])

    assert never.next_opening(datetime.fromisoformat("2026-11-23T08:00Z")) is None


def test_an_opening_in_more_than_a_week_is_not_announced_by_its_day() -> None:
    mondays = {"monday": "09:00-17:00"}
    hours = OpeningHours.parse("UTC", mondays, ["2026-12-21"])
    opening = datetime.fromisoformat("2026-12-28T09:00Z")

    assert hours.next_opening(datetime.fromisoformat("2026-12-20T09:00Z")) is None
    assert hours.next_opening(datetime.fromisoformat("2026-12-21T09:00Z")) == opening


@pytest.mark.parametrize(
    "key, value, words",
    [
        ("SUPPORT_TIMEZONE", "Europe/Atlantis", "Europe/Atlantis"),
        ("SUPPORT_HOURS", {"mon": "09:00-17:00"}, "'mon' is not a day of the week"),
        ("SUPPORT_HOURS", {"monday": "17:00-09:00"}, "must end after it begins"),
        ("SUPPORT_HOURS", {"monday": "9-17"}, "'9-17' must look like '09:00-17:00'"),
        ("SUPPORT_HOURS", {"monday": "09:00+01:00-17:00+01:00"}, "must look like"),
        ("SUPPORT_HOURS", {"monday": "09:00-24:01"}, "SUPPORT_HOURS"),
        ("SUPPORT_HOURS", "09:00-17:00", "Check SUPPORT_TIMEZONE, SUPPORT_HOURS"),
        ("SUPPORT_HOLIDAYS", ["25.12.2026"], "SUPPORT_HOLIDAYS"),
        ("SUPPORT_AGENTS", ["101"], "a list of extensions for 'en'"),
        ("SUPPORT_AGENTS", {"en": ["101"]}, "a list of extensions for 'de'"),
        ("SUPPORT_AGENTS", {"en": "101", "de": ["201"]}, "extensions for 'en'"),
        ("SUPPORT_AGENTS", {"en": ["101"], "de": [""]}, "SUPPORT_AGENTS: .* non-empty"),
        ("SUPPORT_AGENTS", {"en": ["1 01"], "de": ["2"]}, "without white space"),
        ("SUPPORT_PIN", "123", "4 to 16 digits"),
        ("SUPPORT_PIN", "12a4", "4 to 16 digits"),
    ],
)
def test_wrong_configuration_is_refused_at_the_start(
    tmp_path: Path, key: str, value: object, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        create_app({key: value}, str(tmp_path))


def test_the_configuration_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values: dict[str, t.Any] = {
        "AGENTS": json.dumps({"en": [101, "0102"], "de": [201]}),
        "HOURS": json.dumps({"monday": "09:00-17:00"}),
        "HOLIDAYS": json.dumps(["2026-12-25"]),
        "PIN": "0123",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"FLASK_SUPPORT_{name}", value)

    app = create_app(instance_path=str(tmp_path))

    settings: Settings = app.extensions["support_line"]
    assert settings.agents == {"en": ("101", "0102"), "de": ("201",)}
    assert settings.pin == "0123"
    assert settings.hours.holidays == {date(2026, 12, 25)}
    assert app.config["OZML_ALLOWED_DESTINATIONS"] == ["0102", "101", "201"]


def test_the_secret_key_is_made_once(app: Flask, tmp_path: Path) -> None:
    again = create_app(instance_path=str(tmp_path))

    assert again.secret_key == app.secret_key
    assert len(app.secret_key or "") == 64


@pytest.mark.parametrize("path", ["/", "/messages"])
def test_who_is_not_logged_in_reads_nothing(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)

    assert (answer.status_code, answer.location) == (302, "/login")


@pytest.mark.parametrize("configured", [PASSWORD, None, ""])
@pytest.mark.parametrize("given", ["", "None", "correct horsé"])
def test_another_password_does_not_log_in(
    app: Flask, configured: str | None, given: str
) -> None:
    app.config["PASSWORD"] = configured
    client = app.test_client()

    page = client.post("/login", data={"password": given})

    assert "This is not the password" in page.text
    assert client.get("/").location == "/login"


def test_the_pages_show_calls_and_messages_until_the_team_logs_out(app: Flask) -> None:
    client = app.test_client()
    page = client.post("/login", data={"password": PASSWORD}, follow_redirects=True)
    assert "Nobody has called yet." in page.text
    assert "There are no messages." in client.get("/messages").text

    with app.app_context():
        call_log.begin("1", "<b>500", "9998")
        call_log.note("1", "in the menu", "de")
        call_log.call_changed(
            CallChanged(
                call_id="1",
                caller="<b>500",
                caller_id="",
                callee="9998",
                call_state="Transferred",
            )
        )
        messages.add("<b>600", "http://pbx.example/1.mp3", 14.4)

    calls, recordings = client.get("/").text, client.get("/messages").text
    assert calls.count("&lt;b&gt;500") == 1
    assert "in the menu" in calls
    assert "Transferred" in calls
    assert "&lt;b&gt;600" in recordings
    assert "14 s" in recordings
    assert 'src="http://pbx.example/1.mp3"' in recordings

    client.get("/login")
    assert client.get("/").location == "/login"
