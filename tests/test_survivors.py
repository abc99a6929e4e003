"""What mutation testing found that no other test would notice; a sentence each."""

import io
import logging
import typing as t
from urllib.parse import urlsplit

import pytest
from flask import abort
from flask import Flask
from flask import request
from itsdangerous.encoding import base64_decode
from werkzeug.test import create_environ
from werkzeug.wrappers import Response

from flask_ozml import OzML
from flask_ozml.blueprint.admission import Refused
from flask_ozml.blueprint.admission import state_of
from flask_ozml.blueprint.tokens import EndpointTokens
from flask_ozml.blueprint.tokens import StateToken
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Hangup
from flask_ozml.errors import ConfigurationError
from flask_ozml.errors import InappropriateCommand
from flask_ozml.errors import InvalidParameter
from flask_ozml.errors import NotificationError
from flask_ozml.errors import ParseError
from flask_ozml.errors import TokenError
from flask_ozml.errors import ViewFailed
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import ErrorNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import parse
from flask_ozml.notifications import RecordCompleted
from flask_ozml.serializer import loads
from samples import SAMPLES

CALL: t.Final = SAMPLES["incoming_call"].body


def make_app(
    phone: OzML | None = None, prefix: str = "/phone", **config: t.Any
) -> Flask:
    app = Flask("site")
    app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL="https://pbx.example")
    app.config.update(config)
    app.register_blueprint(phone or OzML("phone", __name__), url_prefix=prefix)
    return app


def path_of(app: Flask, kind: str = "incoming_call", **values: object) -> str:
    with app.app_context():
        urls = t.cast(OzML, app.blueprints["phone"]).urls(**values)
    return urlsplit(urls[kind]).path


def post(app: Flask, path: str, body: t.Any = CALL, **changes: t.Any) -> int:
    stream = io.BytesIO(body) if isinstance(body, bytes) else body
    content_type = "application/x-www-form-urlencoded"
    environ = create_environ(path, method="POST", content_type=content_type)
    environ |= {"wsgi.input": stream, "CONTENT_LENGTH": str(len(CALL)), **changes}
    if environ["CONTENT_LENGTH"] is None:
        del environ["CONTENT_LENGTH"]
    return Response.from_app(app, environ, buffered=True).status_code


# notifications


def test_a_number_with_an_unescaped_plus_may_begin_with_a_letter() -> None:
    call = parse(IncomingCall, b"NotificationName=IncomingCall&Caller=+X500")
    assert call.caller == "+X500"


def test_a_repr_shows_the_call_and_the_extension() -> None:
    call = IncomingCall(call_leg_id="3CiHe", api_extension="9998")
    assert repr(call).startswith(
        "IncomingCall(call_leg_id='3CiHe', api_extension='9998', digest="
    )


@pytest.mark.parametrize(
    "kind, body, message",
    [
        (ErrorNotification, b"Code=x", "'code' is not a status code; using 0."),
        (
            RecordCompleted,
            b"NotificationName=RecordCompleted&Success=x",
            "'success' is not a boolean; using False.",
        ),
        (
            RecordCompleted,
            b"NotificationName=RecordCompleted&Success=1&Duration=x",
            "'duration' is not a number of seconds; using 0.",
        ),
    ],
)
def test_a_warning_names_the_field(
    kind: t.Any, body: bytes, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    parse(kind, body)
    assert caplog.messages == [message]


@pytest.mark.parametrize(
    "body, code, messages",
    [
        (b"Code=302&ErrorCode=x", 302, []),
        (
            b"ErrorCode=x&StatusCode=303",
            0,
            ["'code' is not a status code; using 0."],
        ),
        (b"StatusCode=303&ErrorCode=302", 302, []),
        (b"Code=x&Code=302", None, []),
    ],
)
def test_only_what_is_taken_is_warned_of(
    body: bytes, code: int | None, messages: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    if code is None:
        with pytest.raises(NotificationError):
            parse(ErrorNotification, body)
    else:
        assert parse(ErrorNotification, body).code == code
    assert caplog.messages == messages


LOOK = (
    "Check this setting of the phone system: HTTP API / Notifications / add notifier"
    " / Incoming calls / Incoming call URL."
)


@pytest.mark.parametrize(
    "body, message",
    [
        (
            b"NotificationName=IncomingCall&Caller=1&CALLER=2",
            "Expected IncomingCall, got the field 'caller' twice, which is ambiguous."
            f" {LOOK}",
        ),
        (b"NotificationName=GoTo", f"Expected IncomingCall, got GoTo. {LOOK}"),
        (b"Caller=1", f"Expected IncomingCall, got no NotificationName. {LOOK}"),
        (
            b"NotificationName=1234",
            f"Expected IncomingCall, got an unknown NotificationName. {LOOK}",
        ),
    ],
)
def test_a_refusal_names_the_setting(body: bytes, message: str) -> None:
    with pytest.raises(NotificationError) as caught:
        parse(IncomingCall, body)
    assert str(caught.value) == message


# tokens


def test_a_token_has_no_blanks_that_make_it_longer() -> None:
    token = EndpointTokens("phone.goto", ["key"]).dumps(StateToken("", "a", {"b": [1]}))
    assert b" " not in base64_decode(token.partition(".")[0])


def test_a_token_that_is_not_ours_is_said_to_be_so() -> None:
    tokens = EndpointTokens("phone.goto", ["key"])
    token = tokens.dumps(StateToken("/a", "step", {}))
    for path, forged in (("/b", token), ("/a", f"{token}A")):
        with pytest.raises(TokenError) as caught:
            tokens.loads(forged, 9, path)
        assert str(caught.value) == (
            "The token of the URL is not ours, or is for another URL."
        )


# serializer


def said_of(error: InvalidParameter) -> tuple[str, str, object]:
    return error.command, error.parameter, error.value


def test_too_deep_nesting_is_said_of_the_element_that_is_too_deep() -> None:
    with pytest.raises(InvalidParameter) as caught:
        loads(f"<Response>{'<Array>' * 200}<Beep/>{'</Array>' * 200}</Response>")
    assert (caught.value.command, caught.value.parameter) == ("Array", "content")


@pytest.mark.parametrize("document", ["XX<Response/>", "<Response>XX</Response>"])
def test_letters_are_no_white_space(document: str) -> None:
    with pytest.raises(ParseError):
        loads(document)


def test_only_what_is_white_space_in_xml_may_stand_in_an_empty_command() -> None:
    assert loads("<Response><Hangup> \n</Hangup></Response>") == [Hangup()]
    with pytest.raises(InvalidParameter) as caught:
        loads("<Response><Hangup>\xa0</Hangup></Response>")
    assert said_of(caught.value) == ("Hangup", "text", "\xa0")


@pytest.mark.parametrize(
    "markup, said",
    [
        ('<Hangup CallId="1" callid="2"/>', ("Hangup", "call_id", None)),
        ("<UserInput><Inputs><Input/></Inputs></UserInput>", ("Input", "key", "")),
        (
            '<UserInput><Inputs><Input key="1"/><Input KEY="1"/></Inputs></UserInput>',
            ("Input", "key", "1"),
        ),
    ],
)
def test_a_wrong_attribute_is_said_of_where_it_stands(
    markup: str, said: tuple[str, str, object]
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        loads(f"<Response>{markup}</Response>")
    assert said_of(caught.value) == said


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_a_line_break_behind_a_document_in_utf_16_stays_whole(codec: str) -> None:
    text = (
        "\ufeff<?xml version='1.0' encoding='UTF-16'?><Response><Hangup/></Response>\n"
    )
    assert loads(text.encode(codec)) == [Hangup()]


def test_only_the_declaration_of_a_document_declares_its_encoding() -> None:
    comment = b'<!-- <?xml version="1.0" encoding="rot13"?> -->'
    assert loads(b"<Response>" + comment + b"<Hangup/></Response>") == [Hangup()]


def test_an_encoding_that_only_begins_like_one_that_is_read_is_refused() -> None:
    with pytest.raises(ParseError, match="The declared encoding is not supported"):
        loads(b'<?xml version="1.0" encoding="UTF-16LE"?><Response/>')


# admission


def test_a_refusal_says_why() -> None:
    assert str(Refused(403, "No token.")) == "No token."


def test_settings_and_keys_are_derived_once() -> None:
    app = make_app()
    state = state_of(app)
    configured = state.configured(app)
    endpoint = state.endpoints["phone.goto"]
    assert state.configured(app) is configured
    assert configured.tokens(endpoint) is configured.tokens(endpoint)


def test_each_mistake_in_the_configuration_is_logged_once_with_the_endpoint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app()
    path = path_of(app)
    mistakes: list[dict[str, t.Any]] = [
        {"SECRET_KEY": None},
        {"SECRET_KEY": "key", "OZML_TOKEN_MAX_AGE": "x"},
    ]
    for mistake in mistakes:
        app.config.update(mistake)
        assert [post(app, path), post(app, path)] == [403, 403]
    errors = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert len(errors) == 2
    assert all(error.startswith("phone.incoming_call: ") for error in errors)


def test_each_pasted_url_with_an_old_key_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app()
    paths = [path_of(app, kind) for kind in ("incoming_call", "error")]
    app.config.update(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["key"])
    for path in paths:
        assert post(app, path) == 200
    warnings = [m.partition(":")[0] for m in caplog.messages if "old key" in m]
    assert warnings == ["phone.incoming_call", "phone.error"]


def test_a_hook_finds_a_refused_body_to_be_empty_and_not_of_unknown_length() -> None:
    app = make_app()
    lengths = []
    app.before_request(lambda: lengths.append(request.environ["CONTENT_LENGTH"]))
    assert post(app, "/phone/incoming_call") == 403
    assert lengths == ["0"]


def test_what_is_signed_of_a_path_may_end_in_any_letter() -> None:
    app = make_app(prefix="/<tenant>", OZML_INCOMING_CALL_URL="/X")
    path = path_of(app, tenant="acme")
    assert path.startswith("/acme/X/")
    assert post(app, path) == 200
    assert post(app, path.replace("/X/", "/")) == 404


class Connection:
    """What comes over a connection that the server keeps alive, in small pieces."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked = 0

    def read(self, size: int) -> bytes:
        self.asked += size
        part = self.content[: min(size, 10)]
        self.content = self.content[len(part) :]
        return part


def test_the_next_request_on_a_connection_is_left_alone() -> None:
    connection = Connection(CALL + b"POST /phone HTTP/1.1")
    app = make_app()
    assert post(app, path_of(app), connection) == 200
    assert connection.content == b"POST /phone HTTP/1.1"
    waits_for_nothing = sum(range(len(CALL), 0, -10))
    assert connection.asked == waits_for_nothing


def test_nothing_is_read_of_a_body_of_unknown_length_that_does_not_end() -> None:
    connection = Connection(CALL)
    app = make_app()
    assert post(app, path_of(app), connection, CONTENT_LENGTH=None) == 400
    assert connection.asked == 0


# blueprint


def test_a_blueprint_takes_the_options_of_a_blueprint() -> None:
    phone = OzML("phone", __name__, url_prefix="/from-here")
    app = Flask("site")
    app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL="https://pbx.example")
    app.register_blueprint(phone)
    assert path_of(app).startswith("/from-here/incoming_call/")


def test_a_url_with_state_may_lie_below_a_path_that_ends_in_any_letter() -> None:
    phone = OzML("phone", __name__)
    came: list[int] = []

    @phone.dtmf_entered
    def go_on(entered: DtmfEntered, tries: int) -> None:
        came.append(tries)

    app = make_app(phone, OZML_DTMF_ENTERED_URL="/X")
    with app.app_context():
        url = phone.to(go_on, tries=1)
    body = SAMPLES["dtmf_entered"].body
    path = urlsplit(url).path
    assert path.startswith("/phone/X/")
    assert post(app, path, body, CONTENT_LENGTH=str(len(body))) == 200
    assert came == [1]


def test_a_blueprint_may_have_any_name() -> None:
    app = make_app(OzML("Xphone", __name__))
    with app.app_context():
        url = t.cast(OzML, app.blueprints["Xphone"]).urls()["incoming_call"]
    assert post(app, urlsplit(url).path) == 200


def test_a_rule_that_is_none_is_refused_when_the_blueprint_is_registered() -> None:
    with pytest.raises(ConfigurationError, match="^OZML_GOTO_URL: '/<' is no URL rule"):
        make_app(OZML_GOTO_URL="/<")


def test_nothing_but_post_is_answered() -> None:
    app = make_app()
    for path in ("/phone/incoming_call", path_of(app)):
        assert app.test_client().options(path).status_code == 405


def test_a_refusal_is_logged_with_its_status_and_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app()
    path = path_of(app)
    posted = "application/x-www-form-urlencoded"
    answer = app.test_client().post("/phone/incoming_call", data=CALL)
    reason = "The URL has no token; paste the one that 'flask ozml urls' shows."
    assert (answer.status_code, answer.text) == (403, f"{reason}\n")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert caplog.messages == [f"phone.incoming_call: refused with 403: {reason}"]
    caplog.clear()
    answer = app.test_client().post(path, data=b"", content_type=posted)
    assert answer.status_code == 400
    reason = answer.text.removesuffix("\n")
    assert caplog.messages == [f"phone.incoming_call: refused with 400: {reason}"]


def test_a_failure_is_logged_with_the_name_of_the_view(
    caplog: pytest.LogCaptureFixture,
) -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def crash(call: IncomingCall) -> None:
        raise ZeroDivisionError

    app = make_app(phone)
    assert post(app, path_of(app)) == 200
    assert "phone.incoming_call: view 'crash' failed" in caplog.messages


def test_state_that_does_not_fit_is_told_what_would() -> None:
    phone = OzML("phone", __name__)

    @phone.dtmf_entered
    def step(entered: DtmfEntered, number: int, tenant: str, more: int = 0) -> None: ...

    app = Flask("site")
    app.config.update(SECRET_KEY="key", OZML_PUBLIC_URL="https://pbx.example")
    app.register_blueprint(phone, url_prefix="/<tenant>")
    for state, wrong in (
        ({"more": 1}, "missing a required argument: 'number'"),
        ({"more": 1, "numbr": 1}, "got an unexpected keyword argument 'numbr'"),
    ):
        with app.app_context(), pytest.raises(TypeError) as caught:
            phone.to("step", tenant="a", **state)
        assert str(caught.value) == (
            f"The view 'dtmf_entered.step' cannot take this state: {wrong}; it takes"
            " ['number', 'more']."
        )


def test_each_kind_without_a_view_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app()
    for kind in ("incoming_call", "error", "incoming_call", "error"):
        assert post(app, path_of(app, kind)) == 200
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "phone.incoming_call",
        "phone.error",
    ]


def test_a_fallback_that_aborts_is_named_in_tests() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def crash(call: IncomingCall) -> None:
        abort(418)

    @phone.fallback
    def sorry(notification: object, error: Exception) -> None:
        abort(418)

    app = make_app(phone)
    state = StateToken("", "gone", {})
    with app.app_context():
        configured = state_of(app).configured(app)
        endpoint = state_of(app).endpoints["phone.incoming_call"]
        token = configured.tokens(endpoint).dumps(state)
    app.testing = True
    with pytest.raises(ViewFailed, match="^An HTTP error came from the fallback: <"):
        post(app, f"/phone/incoming_call/{token}")


def test_what_may_be_called_is_limited_for_the_views_of_a_site() -> None:
    phone = OzML("phone", __name__)
    failed: list[Exception] = []

    @phone.incoming_call
    def transfer(call: IncomingCall) -> BlindTransfer:
        return BlindTransfer(call.caller)

    @phone.fallback
    def sorry(notification: object, error: Exception) -> None:
        failed.append(error)

    app = make_app(phone, OZML_ALLOWED_DESTINATIONS=["[1-4]00"])
    assert post(app, path_of(app)) == 200
    [error] = failed
    assert isinstance(error, InappropriateCommand)
    app.config["OZML_ALLOWED_DESTINATIONS"] = ["[1-5]00"]
    assert post(app, path_of(app)) == 200
    assert failed == [error]
