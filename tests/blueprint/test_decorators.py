"""The decorators, one for each kind."""

import functools
import inspect
import re
import sys
import typing as t
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Iterator

import pytest

from apps import make_app
from apps import post
from apps import urls_of
from flask_ozml import OzML
from flask_ozml.blueprint.decorators import NotificationDecorators
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import Hangup
from flask_ozml.commands import Speak
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import KINDS
from flask_ozml.notifications import Notification
from samples import SAMPLES

BODIES = {sample.notification.kind: sample.body for sample in SAMPLES.values()}
BODIES["error"] = b"NotificationName=Error&Code=302"

DECORATORS = [*KINDS, "fallback"]


@pytest.fixture
def phone() -> OzML:
    return OzML("phone", __name__)


def decorator(phone: OzML, name: str) -> Callable[..., t.Any]:
    found: Callable[..., t.Any] = getattr(phone, name)
    return found


def answered(phone: OzML, kind: str) -> str:
    """Return the markup of the commands that answer a sample of this kind."""
    app = make_app(phone)
    response = post(app, urls_of(app)[kind], BODIES[kind])
    assert response.status_code == 200
    return re.sub("^.*<Response>|</Response>$|^.*<Response/>", "", response.text)


def test_there_is_one_decorator_for_each_kind() -> None:
    public = {
        name
        for name, member in inspect.getmembers(NotificationDecorators)
        if not name.startswith("_")
    }
    assert public == KINDS.keys()


# Values of the samples.
FILTERS: dict[str, dict[str, object]] = {
    "routing_interception": {"caller_id": "1000"},
    "call_changed": {"call_state": "Ringing", "callee": "101"},
    "record_completed": {"success": True, "duration": 15},
    "call_connected": {"callee": "1100"},
    "incoming_call": {"api_extension": "9998"},
    "incoming_sms": {"sender": "06203123412"},
    "sms_delivery_report": {"delivered": True},
    "dtmf_entered": {"dtmf_digits": "14*5#3"},
    "goto": {},
    "error": {"code": 302},
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_decorator_registers_views_of_its_kind_with_filters(
    kind: str, phone: OzML
) -> None:
    seen: list[str] = []

    def general(notification: Notification) -> None:
        seen.append("general")

    def special(notification: Notification) -> None:
        seen.append("special")

    decorate = decorator(phone, kind)
    if FILTERS[kind]:
        assert decorate(general) is general
    assert decorate(**FILTERS[kind])(special) is special
    assert answered(phone, kind) == ""
    assert seen == ["special"]


def test_a_decorated_function_stays_as_it_is(phone: OzML) -> None:
    @phone.incoming_call(api_extension="9998")
    @phone.incoming_call
    @phone.goto
    def welcome(notification: IncomingCall | GoToNotification) -> Speak:
        """Greet."""
        return Speak("Hi")

    assert welcome(IncomingCall()) == Speak("Hi")
    assert inspect.isfunction(welcome)
    assert (welcome.__name__, welcome.__doc__) == ("welcome", "Greet.")
    assert not hasattr(welcome, "__wrapped__")
    assert vars(welcome) == {}


def test_one_function_serves_several_kinds() -> None:
    for kind in ("incoming_call", "goto", "dtmf_entered"):
        phone = OzML("phone", __name__)

        @phone.incoming_call
        @phone.goto
        @phone.dtmf_entered
        def menu(notification: IncomingCall | GoToNotification | DtmfEntered) -> Speak:
            return Speak(type(notification).__name__)

        name = KINDS[kind].__name__
        assert answered(phone, kind) == f"<Speak>{name}</Speak>"


def test_methods_and_wrappers_may_be_views(phone: OzML) -> None:
    class Menu:
        text = "Hi"

        def main(self, call: IncomingCall) -> Speak:
            return Speak(self.text)

    @functools.wraps(Menu().main)
    def twice(call: IncomingCall) -> list[Speak]:
        return [Menu().main(call)] * 2

    phone.incoming_call(Menu().main)
    assert answered(phone, "incoming_call") == "<Speak>Hi</Speak>"
    other = OzML("phone", __name__)
    other.incoming_call(twice)
    assert answered(other, "incoming_call") == "<Speak>Hi</Speak><Speak>Hi</Speak>"


def plain(notification: Notification) -> list[ExtensionCommand]:
    return [Speak("Hi"), Hangup()]


def generator(notification: Notification) -> Iterator[ExtensionCommand]:
    yield Speak("Hi")
    yield Hangup()


async def coroutine(notification: Notification) -> list[ExtensionCommand]:
    return [Speak("Hi"), Hangup()]


async def asynchronous_generator(
    notification: Notification,
) -> AsyncIterator[ExtensionCommand]:
    yield Speak("Hi")
    yield Hangup()


def sorry(notification: Notification, error: Exception) -> None: ...


async def coroutine_of_a_generator(
    notification: Notification,
) -> Iterator[ExtensionCommand]:
    return generator(notification)


FORMS = [plain, generator, coroutine, asynchronous_generator, coroutine_of_a_generator]


@pytest.mark.parametrize("view", FORMS)
def test_each_form_of_a_view_answers(view: Callable[..., t.Any], phone: OzML) -> None:
    assert phone.incoming_call(view) is view
    assert answered(phone, "incoming_call") == "<Speak>Hi</Speak><Hangup/>"


@pytest.mark.parametrize("view", FORMS)
def test_an_ordinary_wrapper_of_a_view_answers(
    view: Callable[..., t.Any], phone: OzML
) -> None:
    @phone.incoming_call
    @functools.wraps(view)
    def wrapper(*args: t.Any, **kwargs: t.Any) -> t.Any:
        return view(*args, **kwargs)

    assert answered(phone, "incoming_call") == "<Speak>Hi</Speak><Hangup/>"


def test_a_wrapper_without_a_signature_answers(phone: OzML) -> None:
    phone.incoming_call(functools.lru_cache(plain))
    assert answered(phone, "incoming_call") == "<Speak>Hi</Speak><Hangup/>"


@pytest.fixture
def no_asgiref(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*sys.modules, "asgiref"]:
        if name.partition(".")[0] == "asgiref":
            monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("no_asgiref")
@pytest.mark.parametrize("name", DECORATORS)
@pytest.mark.parametrize("view", [coroutine, asynchronous_generator])
def test_without_asgiref_an_async_view_is_refused_at_once(
    view: Callable[..., t.Any], name: str, phone: OzML
) -> None:
    with pytest.raises(
        RuntimeError, match=f"'{view.__name__}' is async.*'async' extra"
    ):
        decorator(phone, name)(view)
    decorator(phone, name)(sorry if name == "fallback" else plain)


@pytest.mark.usefixtures("no_asgiref")
def test_without_asgiref_other_views_answer(phone: OzML) -> None:
    phone.incoming_call(generator)
    phone.fallback(sorry)
    assert answered(phone, "incoming_call") == "<Speak>Hi</Speak><Hangup/>"


class CallableObject:
    def __call__(self, notification: Notification) -> None: ...


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "wrong",
    ["9998", 5, True, [], {}, Speak("Hi"), property(plain), functools.partial(plain)]
    + [CallableObject(), b"9998"],
)
def test_what_is_not_a_function_is_refused(
    kind: str, wrong: t.Any, phone: OzML
) -> None:
    with pytest.raises(TypeError, match=f"^@{kind} takes a function with a name"):
        decorator(phone, kind)(wrong)
    with pytest.raises(TypeError, match=f"^@{kind} takes a function with a name"):
        decorator(phone, kind)()(wrong)


def test_an_unknown_filter_is_refused(phone: OzML) -> None:
    with pytest.raises(TypeError, match="IncomingCall has no 'apiextension'; did you"):
        phone.incoming_call(apiextension="9998")(plain)


def test_conflicts_are_refused_where_they_are_decorated(phone: OzML) -> None:
    phone.incoming_call(plain)
    with pytest.raises(
        ValueError, match="'generator' and 'plain' answer incoming_call"
    ):
        phone.incoming_call(generator)
    phone.dtmf_entered(plain)
    phone.dtmf_entered(generator)

    def namesake(notification: DtmfEntered) -> None: ...

    namesake.__name__ = "plain"
    with pytest.raises(ValueError, match="There is a view 'dtmf_entered.plain'"):
        phone.dtmf_entered(namesake)


@pytest.mark.parametrize("name", DECORATORS)
def test_decorating_after_registration_is_refused(name: str, phone: OzML) -> None:
    decorate_later = decorator(phone, name)() if name != "fallback" else None
    make_app(phone)
    for decorate in filter(None, (decorator(phone, name), decorate_later)):
        with pytest.raises(AssertionError, match=f"'{name}' can no longer be called"):
            decorate(plain)


def test_a_second_fallback_is_refused(phone: OzML) -> None:
    assert phone.fallback(sorry) is sorry
    with pytest.raises(ValueError, match="a fallback already"):
        phone.fallback(sorry)


@pytest.mark.parametrize(
    "function", [lambda: None, lambda call: None, lambda *, call, error: None, 5, None]
)
def test_a_fallback_takes_the_notification_and_the_exception(
    function: t.Any, phone: OzML
) -> None:
    with pytest.raises(TypeError, match="^A fallback must take the notification"):
        phone.fallback(function)
    assert not phone.has_fallback


def test_two_blueprints_keep_their_views_apart(phone: OzML) -> None:
    other = OzML("phone", __name__)
    phone.incoming_call(lambda call: Speak("one"))
    other.incoming_call(lambda call: Speak("other"))
    assert answered(phone, "incoming_call") == "<Speak>one</Speak>"
    assert answered(other, "incoming_call") == "<Speak>other</Speak>"


def test_the_decorators_alone_register_nothing() -> None:
    with pytest.raises(NotImplementedError):
        NotificationDecorators().goto(plain)
