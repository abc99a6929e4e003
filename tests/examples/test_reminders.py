"""The practice's reminders, in one process: every call is played over real HTTP."""

import datetime
import re
import threading
import typing as t
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import run_wsgi_app

from examples.reminders import config
from examples.reminders import create_app
from examples.reminders import models
from examples.reminders import numbers
from examples.reminders import outcomes
from examples.reminders import work
from examples.reminders.models import Appointment
from examples.reminders.models import State
from flask_ozml import ConfigurationError
from flask_ozml.notifications import CallState
from flask_ozml.simulator import Outcome
from flask_ozml.simulator import PhoneSystem
from flask_ozml.simulator import PlacedCall
from flask_ozml.simulator.server import served

PASSWORD: t.Final = "correct horse"
SETTINGS: t.Final[dict[str, t.Any]] = {
    "SECRET_KEY": "key",
    "REMINDERS_PASSWORD": PASSWORD,
    "REMINDERS_HOURS": [0, 24],
    "REMINDERS_DAYS": list(range(7)),
    "REMINDERS_LEAD": 48,
}


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    app = create_app(str(tmp_path), **SETTINGS)
    app.testing = True
    with app.app_context():
        yield app


@pytest.fixture
def page(app: Flask) -> FlaskClient:
    """A browser that is logged in."""
    app.config["WTF_CSRF_ENABLED"] = False
    browser = app.test_client()
    browser.post("/login", data={"password": PASSWORD})
    return browser


def add(count: int = 1, number: str = "06 30 111 {}") -> None:
    """Add patients whose appointment is tomorrow, so that they are due."""
    day = models.now().astimezone(models.zone()) + datetime.timedelta(days=1)
    models.add(
        *(
            models.new(f"Patient {i}", number.format(2000 + i), f"{day:%Y-%m-%d} 09:30")
            for i in range(count)
        )
    )


def rows() -> t.Sequence[Appointment]:
    with models.transaction() as session:
        return session.scalars(sa.select(Appointment).order_by(Appointment.id)).all()


def row() -> Appointment:
    (only,) = rows()
    return only


def states() -> list[State]:
    return [row.state for row in rows()]


def set_all(**values: t.Any) -> None:
    with models.transaction() as session:
        session.execute(sa.update(Appointment).values(**values))


def let_time_pass(app: Flask) -> None:
    """Let every pause and time-out be over."""
    set_all(due=models.now())
    timeouts = dict.fromkeys(("placing", "ringing", "talking"), 0)
    app.config["REMINDERS_TIMEOUTS"] = timeouts


def ring(phone_system: PhoneSystem) -> PlacedCall:
    """Place the call that is due."""
    before = len(phone_system.calls_placed)
    work.step()
    (call,) = phone_system.calls_placed[before:]
    return call


def ring_twice(app: Flask, phone_system: PhoneSystem) -> tuple[PlacedCall, PlacedCall]:
    """Place a second call to a patient while the first one still rings."""
    app.config["REMINDERS_PAUSES"] = [0, 0]
    add()
    first = ring(phone_system)
    let_time_pass(app)
    return first, ring(phone_system)


@pytest.mark.parametrize(
    ("key", "state", "said"),
    [
        ("1", State.CONFIRMED, "Thank you. We look forward to seeing you. Good bye."),
        ("2", State.CANCELLED, "Your appointment is cancelled. Good bye."),
        ("3", State.CALL_BACK, "We will call you back. Good bye."),
    ],
)
def test_a_key_decides(
    phone_system: PhoneSystem, key: str, state: State, said: str
) -> None:
    add()
    call = ring(phone_system)
    assert (call.callee, call.api_extension) == ("+36301112000", "9997")
    assert states() == [State.RINGING]

    call.answer()
    assert states() == [State.TALKING]
    assert call.heard[0] == "Good day. This is the dental practice of Doctor Example."
    assert ", at 9:30. Press 1 to confirm it, 2 to cancel it" in call.heard[1]

    call.press(key).wait(10)
    assert call.heard[2:] == [said]
    assert call.state is CallState.COMPLETED
    assert (row().state, row().line, row().attempts) == (state, None, 1)
    work.step()
    assert len(phone_system.calls_placed) == 1


@pytest.mark.parametrize(
    ("arrives", "sms"), [(True, "delivered"), (False, "not delivered")]
)
def test_who_confirms_gets_a_text_message_and_its_report_is_kept(
    phone_system: PhoneSystem, arrives: bool, sms: str
) -> None:
    add()
    ring(phone_system).answer().press("1")
    (message,) = phone_system.sms_sent
    assert message.recipient == "+36301112000"
    assert message.message.startswith("Thank you. We expect you on ")
    assert row().sms == "sent"

    phone_system.deliver(message, arrives)
    assert row().sms == sms


@pytest.mark.parametrize(
    ("number", "key"), [("06 1 234 {}", "1"), ("06 30 111 {}", "2"), ("0630111{}", "3")]
)
def test_others_get_no_text_message(
    phone_system: PhoneSystem, number: str, key: str
) -> None:
    add(number=number)
    ring(phone_system).answer().press(key)
    assert (phone_system.sms_sent, row().sms) == ([], "")


def test_keys_without_a_meaning_are_heard_three_times(
    phone_system: PhoneSystem,
) -> None:
    add()
    call = ring(phone_system).answer().press("9").press("#")
    assert call.heard[-1].startswith("This key has no meaning. Press 1 to confirm it")
    call.press("*").wait(10)
    assert call.heard[-1] == "This key has no meaning. Good bye."
    assert (row().state, row().line) == (State.NO_CHOICE, None)


def test_silence_ends_the_call(phone_system: PhoneSystem) -> None:
    add()
    call = ring(phone_system).answer().wait(30)
    assert call.heard[-1] == "We have heard no answer. Good bye."
    assert (row().state, row().line) == (State.NO_CHOICE, None)


@pytest.mark.parametrize(
    ("key", "state"), [("", State.NO_CHOICE), ("1", State.CONFIRMED)]
)
def test_who_hangs_up_frees_the_line_after_the_time_out(
    app: Flask, phone_system: PhoneSystem, key: str, state: State
) -> None:
    add()
    outcomes.reached(row().id)
    if key:
        outcomes.chosen(row().id, state, texted=False)
    set_all(line=1)
    work.step()
    assert row().line == 1

    let_time_pass(app)
    work.step()
    assert (row().state, row().line) == (state, None)


def test_who_is_busy_or_does_not_answer_is_called_after_growing_pauses(
    app: Flask, phone_system: PhoneSystem
) -> None:
    app.config["REMINDERS_PAUSES"] = [60, 600]
    add()
    tried: list[tuple[int, Outcome]] = [(60, "busy"), (600, "no answer")]
    for pause, outcome in tried:
        phone_system.extensions["+36301112000"] = outcome
        ring(phone_system)
        assert (row().state, row().line) == (State.DUE, None)
        assert abs((row().due - row().since).total_seconds() - pause) < 1
        work.step()
        assert states() == [State.DUE]
        set_all(due=models.now())
    del phone_system.extensions["+36301112000"]
    ring(phone_system).answer().press("1")
    assert (row().state, row().attempts, row().note) == (State.CONFIRMED, 3, "")


def test_who_is_never_reached_is_given_up_after_the_last_pause(
    app: Flask, phone_system: PhoneSystem
) -> None:
    app.config["REMINDERS_PAUSES"] = [0, 0]
    add()
    for _ in range(3):
        ring(phone_system).refuse()
    work.step()
    assert (row().state, row().attempts) == (State.NOT_REACHED, 3)
    assert "Busy" in row().note


@pytest.mark.parametrize("seed", range(3))
def test_whatever_patients_do(phone_system: PhoneSystem, seed: int) -> None:
    add()

    def call_again() -> PlacedCall:
        set_all(state=State.DUE, line=None, attempts=0)
        return ring(phone_system)

    assert phone_system.random_caller(seed, 100, start=call_again) == []
    assert len(phone_system.calls_placed) > 10


def test_an_error_after_the_answer_is_no_failure_to_reach(
    phone_system: PhoneSystem,
) -> None:
    add()
    ring(phone_system).answer()
    outcomes.not_reached(row().id, 1, "Failed to connect call: Busy")
    assert states() == [State.TALKING]


def test_no_more_lines_are_used_than_there_are(
    app: Flask, phone_system: PhoneSystem
) -> None:
    app.config["REMINDERS_LINES"] = 3
    add(10)
    work.step()
    work.step()
    assert len(phone_system.calls_placed) == 3
    assert sorted(row.line or 0 for row in rows()) == [0] * 7 + [1, 2, 3]

    phone_system.calls_placed[1].answer().press("1").wait(10)
    work.step()
    assert len(phone_system.calls_placed) == 4
    assert sorted(row.line or 0 for row in rows()) == [0] * 7 + [1, 2, 3]


def test_many_workers_claim_each_row_once_and_share_the_lines(
    app: Flask, phone_system: PhoneSystem
) -> None:
    app.config["REMINDERS_LINES"] = 12
    add(30)
    orders: list[work.Order] = []
    start = threading.Barrier(8)

    def claim_all() -> None:
        with app.app_context():
            start.wait()
            for _ in range(6):
                order = work.claim()
                if order:
                    orders.append(order)

    threads = [threading.Thread(target=claim_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    while order := work.claim():
        orders.append(order)
    assert len({order.appointment for order in orders}) == len(orders) == 12
    assert {row.line for row in rows()} == {None, *range(1, 13)}


def test_two_appointments_of_one_number_are_called_one_after_the_other(
    phone_system: PhoneSystem,
) -> None:
    add(2, number="06 30 111 2222")
    call = ring(phone_system)
    work.step()
    assert len(phone_system.calls_placed) == 1
    call.answer().press("1").wait(10)
    ring(phone_system).answer().press("2").wait(10)
    assert sorted(states()) == [State.CANCELLED, State.CONFIRMED]


@pytest.mark.parametrize(
    "settings",
    [
        {"REMINDERS_HOURS": [0, 0]},
        {"REMINDERS_DAYS": []},
    ],
)
def test_nobody_is_called_outside_of_the_hours(
    app: Flask, phone_system: PhoneSystem, settings: dict[str, t.Any]
) -> None:
    add()
    app.config.update(settings)
    work.step()
    assert not phone_system.calls_placed


def test_the_reminder_is_due_on_a_day_for_calls(app: Flask) -> None:
    app.config.update(REMINDERS_LEAD=24, REMINDERS_DAYS=[0, 1, 2, 3, 4])
    monday = models.new("Anna", "06 30 111 2222", "2027-01-11 10:00")
    tuesday = models.new("Anna", "06 30 111 2222", "2027-01-12 10:00")
    assert f"{monday.due:%A %d %H:%M}" == "Friday 08 10:00"
    assert f"{tuesday.due:%A %d %H:%M}" == "Monday 11 10:00"


def test_after_the_appointment_nobody_is_called(phone_system: PhoneSystem) -> None:
    add()
    set_all(starts=models.now())
    work.step()
    assert not phone_system.calls_placed
    assert row().state is State.NOT_REACHED


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("06 30 111 2222", "+36301112222"),
        ("+36 (30) 111-2222", "+36301112222"),
        ("0036 1 234 5678", "+3612345678"),
        ("06 90 123 456", None),  # premium
        ("06 40 123 456", None),  # shared cost
        ("112", None),
        ("+44 20 7946 0123", None),
        ("+1 900 555 0123", None),
        ("06 30 111 222", None),
        ("06 30 111 2222 ext. 5", None),
        ("", None),
        ("<script>", None),
        ("06 30 UNKNOWN", None),  # not +36308656696
        ("06 30 111 2222 Anna", None),
    ],
)
def test_which_numbers_are_called(written: str, normal: str | None) -> None:
    assert numbers.normalise(written, "HU") == normal


def test_a_number_that_is_not_called_is_shown(
    phone_system: PhoneSystem, page: FlaskClient
) -> None:
    add(number="06 90 123 456<b>")
    work.step()
    assert not phone_system.calls_placed
    assert states() == [State.WRONG_NUMBER]
    assert "06 90 123 456&lt;b&gt;" in page.get("/").text


def test_a_refused_request_is_no_attempt(phone_system: PhoneSystem) -> None:
    add()
    phone_system.extensions["9997"] = "not found"
    work.step()
    assert (row().state, row().line, row().attempts) == (State.DUE, None, 0)
    assert "401 API_EXTENSION_UNAVAILABLE" in row().note
    work.step()
    assert row().due > models.now()

    del phone_system.extensions["9997"]
    set_all(due=models.now())
    ring(phone_system).answer().press("1")
    assert (row().state, row().attempts) == (State.CONFIRMED, 1)


def test_a_number_that_cannot_be_called_is_an_attempt(
    phone_system: PhoneSystem,
) -> None:
    add()
    phone_system.extensions["+36301112000"] = "not found"
    work.step()
    assert (row().state, row().line, row().attempts) == (State.DUE, None, 1)
    assert "402" in row().note


@pytest.fixture
def lost_replies(app: Flask, phone_system: PhoneSystem) -> Iterator[None]:
    """Lose the replies between the phone system and the application."""

    def gateway(environ: t.Any, start_response: t.Any) -> list[bytes]:
        run_wsgi_app(phone_system.http_api, environ)
        start_response("502 Bad Gateway", [])
        return []

    with served(gateway) as address:
        app.config["OZML_PHONE_SYSTEM_URL"] = address
        yield


def test_a_row_is_placing_before_its_request_and_an_answer_may_overtake_the_reply(
    app: Flask, phone_system: PhoneSystem
) -> None:
    seen = []

    def gateway(environ: t.Any, start_response: t.Any) -> t.Iterable[bytes]:
        with app.app_context():
            seen.extend(states())
        body, status, headers = run_wsgi_app(phone_system.http_api, environ)
        phone_system.calls_placed[0].answer().press("1").wait(10)
        start_response(status, headers.to_wsgi_list())
        return body

    add()
    with served(gateway) as address:
        app.config["OZML_PHONE_SYSTEM_URL"] = address
        work.step()
    assert seen == [State.PLACING]
    assert (row().state, row().line) == (State.CONFIRMED, None)


@pytest.mark.usefixtures("lost_replies")
def test_a_lost_reply_is_no_second_call_if_the_patient_answers(
    app: Flask, phone_system: PhoneSystem
) -> None:
    add(2)
    call = ring(phone_system)
    assert states() == [State.PLACING, State.DUE]

    call.answer().press("1").wait(10)
    set_all(number=call.callee)
    let_time_pass(app)
    outcomes.sweep()
    assert states() == [State.CONFIRMED, State.DUE]
    assert not any(row.maybe_twice for row in rows())


@pytest.mark.usefixtures("lost_replies")
def test_a_row_that_is_still_placing_may_be_called_twice_and_says_so(
    app: Flask, phone_system: PhoneSystem, page: FlaskClient
) -> None:
    app.config["REMINDERS_PAUSES"] = [0, 0]
    add()
    first = ring(phone_system)
    work.step()
    assert "twice" not in page.get("/").text

    let_time_pass(app)
    second = ring(phone_system)
    assert "may have been called twice" in page.get("/").text

    second.answer().press("2").wait(10)
    first.answer().press("1").wait(10)
    let_time_pass(app)
    work.step()
    assert len(phone_system.calls_placed) == 2
    assert (row().state, row().line) == (State.CONFIRMED, None)


@pytest.mark.usefixtures("lost_replies")
def test_who_confirms_twice_gets_one_text_message(
    app: Flask, phone_system: PhoneSystem
) -> None:
    first, second = ring_twice(app, phone_system)
    first.answer().press("1").wait(10)
    phone_system.deliver(phone_system.sms_sent[0])
    second.answer().press("1").wait(10)
    assert len(phone_system.sms_sent) == 1
    assert (row().state, row().sms) == (State.CONFIRMED, "delivered")


def test_a_patient_who_answers_late_is_not_called_again(
    app: Flask, phone_system: PhoneSystem
) -> None:
    app.config["REMINDERS_PAUSES"] = [600]
    add()
    call = ring(phone_system)
    let_time_pass(app)
    outcomes.sweep()
    assert (row().state, row().line) == (State.DUE, None)

    call.answer()
    set_all(due=models.now())
    app.config["REMINDERS_TIMEOUTS"] = config.REMINDERS_TIMEOUTS
    work.step()
    assert len(phone_system.calls_placed) == 1
    let_time_pass(app)
    work.step()
    assert states() == [State.NO_CHOICE]


def test_a_number_that_is_not_allowed_is_not_called(
    app: Flask, phone_system: PhoneSystem
) -> None:
    add()
    set_all(number="+442079460123")
    work.step()
    assert not phone_system.calls_placed
    assert (row().state, row().line, row().attempts) == (State.DUE, None, 0)
    assert "OZML_ALLOWED_DESTINATIONS" in row().note


def test_a_row_of_a_time_before_the_clock_was_set_back_is_taken_up_again(
    phone_system: PhoneSystem,
) -> None:
    add()
    ring(phone_system)
    set_all(since=models.now() + datetime.timedelta(hours=1))
    outcomes.sweep()
    assert (row().state, row().line) == (State.DUE, None)


def test_the_result_of_an_earlier_call_does_not_end_the_next_one(
    app: Flask, phone_system: PhoneSystem
) -> None:
    first, second = ring_twice(app, phone_system)
    first.refuse()
    assert (row().state, row().line, row().attempts) == (State.RINGING, 1, 2)
    second.answer().press("1")
    assert row().state is State.CONFIRMED


def test_while_the_phone_system_is_unreachable_one_row_is_tried_at_a_time(
    app: Flask, phone_system: PhoneSystem
) -> None:
    with served(phone_system.http_api) as closed:
        app.config["OZML_PHONE_SYSTEM_URL"] = closed
    add(3)
    work.step()
    assert states() == [State.PLACING, State.DUE, State.DUE]


def test_without_an_address_nothing_is_claimed(app: Flask) -> None:
    add()
    app.config["OZML_PHONE_SYSTEM_URL"] = "http://127.0.0.1:7780"
    with pytest.raises(ConfigurationError, match="OZML_PUBLIC_URL"):
        work.step()
    assert states() == [State.DUE]


def test_who_is_not_logged_in_reads_nothing(app: Flask) -> None:
    add()
    browser = app.test_client()
    for path in ("/", "/?day=2026-11-27", "/new"):
        answer = browser.get(path)
        assert (answer.status_code, answer.location) == (302, "/login")
        assert "Patient" not in answer.text
    assert "Patient" not in browser.get("/login").text


@pytest.mark.parametrize("password", ["", "x", PASSWORD + " ", "\xe9"])
def test_a_wrong_password_is_refused(app: Flask, password: str) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    browser = app.test_client()
    assert browser.post("/login", data={"password": password}).status_code == 403
    assert browser.get("/").status_code == 302


@pytest.mark.parametrize("path", ["/login", "/logout", "/new"])
def test_a_form_of_another_site_changes_nothing(
    app: Flask, page: FlaskClient, path: str
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    form = {"name": "A", "number": "1", "starts": "2026-11-27", "password": PASSWORD}
    assert page.post(path, data=form).status_code == 400
    assert not rows()
    assert page.get("/").status_code == 200


def test_after_logging_out_nothing_is_read(page: FlaskClient) -> None:
    assert page.post("/logout").location == "/login"
    assert page.get("/").status_code == 302


def test_the_page_renews_itself_and_is_kept_by_nobody(page: FlaskClient) -> None:
    answer = page.get("/")
    assert "renew.js" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_appointment_is_added_on_the_page(page: FlaskClient) -> None:
    form = {"name": "Anna <b>", "number": "06301112222", "starts": "2027-01-12T10:30"}
    for _ in range(2):
        assert page.post("/new", data=form).location == "/?day=2027-01-12"
    assert row().number == "+36301112222"
    shown = page.get("/?day=2027-01-12").text
    assert "Anna &lt;b&gt;" in shown
    assert "10:30" in shown
    assert "+36 30 111 2222" in shown
    assert "Anna" not in page.get("/?day=2027-01-13").text
    assert "Anna" in page.get("/?day=yesterday").text  # the next day that has any


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "A name and a number are needed."),
        ({"number": ""}, "A name and a number are needed."),
        ({"number": "\0"}, "A name and a number are needed."),
        ({"name": "x" * 190}, "Name and number have more than 200 characters."),
        *(
            ({"starts": starts}, "The time must look like 2026-11-27 09:30.")
            for starts in (
                "soon",
                "2027-01-12",  # not midnight
                "2027-01-12T10:30Z",  # not the local time
                "0001-01-01T00:00",
                "9999-12-31T23:59",
            )
        ),
    ],
)
def test_what_is_missing_in_the_form_is_said(
    page: FlaskClient, wrong: dict[str, str], said: str
) -> None:
    form = {"name": "Anna", "number": "06301112222", "starts": "2027-01-12T10:30"}
    answer = page.post("/new", data=form | wrong)
    assert (answer.status_code, said in answer.text) == (400, True)
    assert not rows()


def test_a_form_that_is_sent_twice_at_once_adds_one_appointment(app: Flask) -> None:
    start = threading.Barrier(8)

    def submit(_: int) -> None:
        with app.app_context():
            start.wait()
            models.add(models.new("Anna", "06301112222", "2027-01-12 10:30"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(submit, range(8)))
    assert row().name == "Anna"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2027-02-30", "\0"])
def test_a_day_that_cannot_be_shown_is_the_next_one(
    page: FlaskClient, day: str
) -> None:
    add()
    assert "Patient 0" in page.get("/", query_string={"day": day}).text


def test_the_token_of_forms_changes_with_the_login(tmp_path: Path) -> None:
    browser = create_app(str(tmp_path), **SETTINGS).test_client()
    page = browser.get("/login").text
    with browser.session_transaction() as session:
        before = session["csrf_token"]
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    form = {"csrf_token": found[1], "password": PASSWORD}
    assert browser.post("/login", data=form).location == "/"
    browser.get("/")
    with browser.session_transaction() as session:
        assert session["csrf_token"] != before


def test_a_file_is_loaded_once(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "day.csv"
    file.write_text(
        "name,number,starts\nÁgnes,06 30 111 2222,2027-01-12 10:30\n", "utf-8-sig"
    )
    for _ in range(2):
        run = app.test_cli_runner().invoke(args=["reminders", "load", str(file)])
        assert (run.exit_code, run.output) == (0, "Read 1 appointments.\n")
    assert (row().name, row().state) == ("Ágnes", State.DUE)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Anna,06301112222,soon", "The time must look like 2026-11-27 09:30."),
        ("Anna,06301112222", "The time must look like 2026-11-27 09:30."),
        (",06301112222,2027-01-12 10:30", "A name and a number are needed."),
    ],
)
def test_a_file_with_a_wrong_line_adds_nothing(
    app: Flask, tmp_path: Path, line: str, said: str
) -> None:
    file = tmp_path / "day.csv"
    file.write_text(f"name,number,starts\nB,06301112223,2027-01-12 10:30\n{line}\n")
    run = app.test_cli_runner().invoke(args=["reminders", "load", str(file)])
    assert (run.exit_code, run.stderr) == (1, f"Error: Line 3: {said}\n")
    assert not rows()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The first line must name the columns name,number,starts."),
        (
            b"name;number;starts\nB;06301112223;2027-01-12 10:30\n",
            "The first line must name the columns name,number,starts.",
        ),
        (b"name,number,starts\n\xc1gnes,1,2\n", "The file is not a CSV file in UTF-8"),
        (
            b"name,number,starts\n" + b"x" * 200_000,
            "The file is not a CSV file in UTF-8: field larger than field limit",
        ),
    ],
)
def test_another_kind_of_file_adds_nothing(
    app: Flask, tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "day.csv"
    file.write_bytes(content)
    run = app.test_cli_runner().invoke(args=["reminders", "load", str(file)])
    assert (run.exit_code, said in run.stderr) == (1, True)
    assert not rows()


def test_a_password_is_made_once_and_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLASK_SECRET_KEY", raising=False)
    first, second = (create_app(str(tmp_path)) for _ in range(2))
    made = first.config["REMINDERS_PASSWORD"]
    file = tmp_path / "reminders.password"
    assert capsys.readouterr().out == (
        f"The password of the page is {made} (kept in {file}).\n"
    )
    assert len(made) == 43
    assert file.stat().st_mode & 0o777 == 0o600
    for key in ("REMINDERS_PASSWORD", "SECRET_KEY"):
        assert first.config[key] == second.config[key]
    assert first.config["SECRET_KEY"] != made


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("REMINDERS_REGION", "Hungary"),
        ("REMINDERS_TIME_ZONE", "Budapest"),
        ("REMINDERS_LINES", 0),
        ("REMINDERS_LINES", "4"),
        ("REMINDERS_HOURS", [19, 9]),
        ("REMINDERS_HOURS", 9),
        ("REMINDERS_DAYS", []),
        ("REMINDERS_DAYS", [7]),
        ("REMINDERS_LEAD", True),
        ("REMINDERS_PAUSES", ["5"]),
        ("REMINDERS_PAUSES", None),
        ("REMINDERS_TIMEOUTS", {"placing": 60}),
        ("REMINDERS_INTERVAL", 0),
        ("REMINDERS_TIMEOUTS", {"placing": 10, "ringing": 1, "talking": 1}),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, key: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=key):
        create_app(str(tmp_path), **SETTINGS | {key: value})


def test_numbers_of_the_environment_are_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"API_EXTENSION": "9998", "CALLER_ID": "3612345678", "PASSWORD": "1234"}
    for name, value in values.items():
        monkeypatch.setenv(f"FLASK_REMINDERS_{name}", value)
    app = create_app(str(tmp_path), SECRET_KEY="key")
    assert values == {name: app.config[f"REMINDERS_{name}"] for name in values}


def test_the_loop_says_what_is_not_configured(app: Flask) -> None:
    run = app.test_cli_runner().invoke(args=["reminders", "work"])
    assert run.exit_code == 1
    assert run.stderr.startswith("Error: OZML_PHONE_SYSTEM_URL ")


def test_the_loop_survives_a_failure_of_the_database(
    app: Flask,
    phone_system: PhoneSystem,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    add()
    failing = iter([True, False])

    def sleep(seconds: float) -> None:
        if not next(failing):
            raise KeyboardInterrupt
        with models.transaction() as session:
            session.execute(sa.text("ALTER TABLE gone RENAME TO appointment"))

    with models.transaction() as session:
        session.execute(sa.text("ALTER TABLE appointment RENAME TO gone"))
    monkeypatch.setattr("time.sleep", sleep)
    app.test_cli_runner().invoke(args=["reminders", "work"])
    assert "The database failed: no such table: appointment" in caplog.text
    assert states() == [State.RINGING]
