import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLASK_SECRET_KEY", raising=False)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.syspath_prepend(Path(__file__).parent.parent)
    from example_app import create_app

    app = create_app(str(tmp_path))
    app.config.update(OZML_PUBLIC_URL="http://localhost", PROPAGATE_EXCEPTIONS=False)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def paste(app: Flask, kind: str) -> str:
    from example_app import phone

    with app.app_context():
        return phone.urls()[kind]


def post(client: FlaskClient, url: str, body: bytes) -> str:
    answer = client.post(
        url, data=body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 200
    ElementTree.fromstring(answer.data)
    return answer.text


def attribute(name: str, xml: str) -> str:
    found = re.search(rf'{name}="([^"]+)"', xml)
    assert found is not None
    return found[1]


def enter(client: FlaskClient, menu: str, digits: str) -> str:
    body = f"NotificationName=DtmfEntered&DtmfDigits={digits}&CallLegID=3CiHe"
    return post(client, attribute("ForwardToUrl", menu), body.encode())


CALL = b"NotificationName=IncomingCall&CallLegID=3CiHe&Caller=500&ApiExtension=9990"


def test_right_pin_leads_back_to_the_menu(app: Flask, client: FlaskClient) -> None:
    menu = post(client, paste(app, "incoming_call"), CALL)
    assert "Press 1 for your balance" in menu

    answer = enter(client, menu, "1234")

    assert "Hello Anna, your balance is 12.50.</Speak><UserInput" in answer
    assert "Press 1 for your balance" in answer


def test_three_wrong_pins_end_the_call(app: Flask, client: FlaskClient) -> None:
    answer = post(client, paste(app, "incoming_call"), CALL)
    for _ in range(2):
        answer = enter(client, answer, "0000")
        assert "please try again" in answer

    answer = enter(client, answer, "' OR '1'='1")

    assert answer.endswith("Good bye.</Speak><Hangup/></Response>")


def test_voicemail_is_kept_and_shown(app: Flask, client: FlaskClient) -> None:
    call = b"NotificationName=IncomingCall&Caller=<b>500&ApiExtension=9998"
    answer = post(client, paste(app, "incoming_call"), call)
    recording = (
        b"Success=true&Duration=15&RecordURL=http://pbx/HttpRecordings/1.mp3"
        b"&Caller=103&Callee=101&NotificationName=RecordCompleted"
    )

    answer = post(client, attribute("FinishedUrl", answer), recording)

    assert "Thank you for your message." in answer
    page = client.get("/").text
    assert "&lt;b&gt;500: 15.0 s, http://pbx/HttpRecordings/1.mp3" in page


def test_silence_is_no_voicemail(app: Flask, client: FlaskClient) -> None:
    call = b"NotificationName=IncomingCall&Caller=500&ApiExtension=9998"
    answer = post(client, paste(app, "incoming_call"), call)
    silence = b"Success=false&Duration=0&RecordURL=&NotificationName=RecordCompleted"

    answer = post(client, attribute("FinishedUrl", answer), silence)

    assert "We could not hear you." in answer
    assert "500" not in client.get("/").text


def test_sms_is_answered_and_the_report_kept(app: Flask, client: FlaskClient) -> None:
    sms = b"NotificationName=IncomingSMS&Sender=06203123412&ID=1&Message=Hi+John!"
    answer = post(client, paste(app, "incoming_sms"), sms)
    assert '<SendSms Recipient="06203123412"' in answer
    url = attribute("DeliveryReportURL", answer)
    for delivered, shown in (("false", "1: not delivered"), ("true", "1: delivered")):
        report = f"NotificationName=SMSDeliveryReport&Delivered={delivered}&ID=2"

        post(client, url, report.encode())

        page = client.get("/").text
        assert "message: 06203123412: Hi John!" in page
        assert f"answer: {shown}" in page


def test_sms_of_a_name_is_kept_only(app: Flask, client: FlaskClient) -> None:
    sms = b"NotificationName=IncomingSMS&Sender=Bank&ID=1&Message='); DROP TABLE log"

    answer = post(client, paste(app, "incoming_sms"), sms)

    assert answer.endswith("<Response/>")
    assert "Bank: &#39;); DROP TABLE log" in client.get("/").text


@pytest.mark.parametrize(
    ("last", "state", "route"),
    [
        ("", "Calling", '<Route Destination="101" RingTime="20"/>'),
        ("101", "NoAnswer", '<Route Destination="102" RingTime="20"/>'),
        ("102", "Busy", '<Route Destination="103" RingTime="20"/>'),
        ("103", "NotFound", '<Route Destination="9998" RingTime="20"/>'),
    ],
)
def test_team_is_rung_one_after_another(
    app: Flask, client: FlaskClient, last: str, state: str, route: str
) -> None:
    body = (
        "NotificationName=RoutingInterception&CallerID=1000&OriginalDialedNumber=1500"
        f"&LastCalledExtension={last}&LastCallState={state}"
    )

    assert route in post(client, paste(app, "routing_interception"), body.encode())


def test_other_numbers_are_left_to_the_dial_plan(
    app: Flask, client: FlaskClient
) -> None:
    body = b"NotificationName=RoutingInterception&OriginalDialedNumber=1501"

    assert "<Response/>" in post(client, paste(app, "routing_interception"), body)


def test_calls_are_logged(app: Flask, client: FlaskClient) -> None:
    for state in ("Ringing", "InCall", "Completed"):
        body = (
            f"NotificationName=CallChanged&CallState={state}&CallId=3CiHe"
            "&Caller=103&Callee=101"
        )
        post(client, paste(app, "call_changed"), body.encode())

    page = client.get("/").text
    assert page.count("103 to 101") == 1
    assert "103 to 101: Completed" in page


def test_failure_is_an_apology(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("example_app.ACCOUNTS", None)
    app.instance_path += "/gone"

    answer = post(client, paste(app, "incoming_call"), CALL)
    assert "We are sorry" in enter(client, answer, "1234")
    sms = b"NotificationName=IncomingSMS&Sender=1&Message=x"
    assert post(client, paste(app, "incoming_sms"), sms).endswith("<Response/>")


def test_key_is_made_once(app: Flask, tmp_path: Path) -> None:
    from example_app import create_app

    assert create_app(str(tmp_path)).secret_key == app.secret_key
    assert len(app.secret_key or "") == 64
    assert [path.name for path in tmp_path.iterdir()] == ["phone.sqlite"]
