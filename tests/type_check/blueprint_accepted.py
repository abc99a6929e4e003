"""Code that mypy must accept; it is never run."""

import functools
import re
import typing as t
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

from flask import Flask
from flask import Response

from flask_ozml import notification_answered
from flask_ozml import OzML
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Call
from flask_ozml.commands import Command
from flask_ozml.commands import Element
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Hold
from flask_ozml.commands import Record
from flask_ozml.commands import Reject
from flask_ozml.commands import Route
from flask_ozml.commands import RoutingCommand
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import ThirdPartyCommand
from flask_ozml.commands import UserInput
from flask_ozml.notifications import CallChanged
from flask_ozml.notifications import CallConnected
from flask_ozml.notifications import CallState
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import ErrorNotification
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import Notification
from flask_ozml.notifications import RecordCompleted
from flask_ozml.notifications import RoutingInterception
from flask_ozml.notifications import SMSDeliveryReport

phone = OzML("phone", __name__, url_prefix="/phone", static_folder=None)


@phone.routing_interception
def route(call: RoutingInterception) -> Route:
    return Route("1000")


@phone.routing_interception(caller_id="1000", last_call_state="Busy")
def reroute(call: RoutingInterception) -> Iterator[RoutingCommand]:
    yield Element("Beep")
    yield Route("")


@phone.call_changed
def log_call(change: CallChanged) -> list[ThirdPartyCommand]:
    return [Hold(), Speak("Hi", party="all")]


@phone.call_changed(call_state=CallState.COMPLETED)
def log_end(change: CallChanged) -> None: ...


@phone.record_completed
def either(recording: RecordCompleted) -> list[ThirdPartyCommand | ExtensionCommand]:
    return [Hold()] if recording.call_id else [Speak("Hi"), Reject()]


@phone.record_completed(caller="100")
def one_or_the_other(
    recording: RecordCompleted,
) -> list[ThirdPartyCommand] | list[ExtensionCommand]:
    if recording.call_id:
        return [Hold(), Speak("Hi", party="all")]
    return [Speak("Hi"), Reject()]


@phone.record_completed
def mixed(
    recording: RecordCompleted,
) -> Iterator[ThirdPartyCommand | ExtensionCommand]:
    yield Hold()
    yield Reject()


@phone.record_completed(success=True)
def of_a_call(recording: RecordCompleted) -> Iterator[ThirdPartyCommand]:
    yield Hold()


@phone.record_completed(success=False)
def of_an_extension(recording: RecordCompleted, tries: int = 0) -> UserInput:
    return UserInput()


@phone.call_connected
async def connected(call: CallConnected) -> Speak:
    return Speak("Hi")


@phone.incoming_call
def welcome(call: IncomingCall) -> Iterator[ExtensionCommand]:
    yield Speak("Hi")
    yield GoTo(phone.to(main_menu, tries=0))


@phone.incoming_call(api_extension="9998")
async def welcome_later(call: IncomingCall) -> AsyncIterator[ExtensionCommand]:
    yield Speak("Hi")
    yield Hangup()


@phone.incoming_call(api_extension="9997")
def maybe(call: IncomingCall, tenant: str) -> Speak | None:
    return Speak("Hi") if tenant else None


@phone.incoming_call(api_extension="9996")
def response(call: IncomingCall) -> Response:
    return Response("<Response/>", content_type="application/xml")


@phone.incoming_call(api_extension="9995")
def response_or_not(
    call: IncomingCall,
) -> Response | Sequence[ExtensionCommand] | Speak | None:
    return (Speak("Hi"), Hangup())


@phone.incoming_call(api_extension="9994")
async def list_later(call: IncomingCall) -> list[ExtensionCommand]:
    return [Speak("Hi")]


@phone.incoming_call(api_extension="9993")
def awaitable(call: IncomingCall) -> Awaitable[Speak]:
    return connected(CallConnected())


@phone.incoming_call(api_extension="9992")
def narrow(call: IncomingCall) -> set[Speak] | tuple[Speak, Hangup]:
    return {Speak("Hi")}


@phone.incoming_call(caller=("1", re.compile("2.*")), api_extension={"9991"})
@phone.incoming_sms(message=re.compile("stop", re.I), recipient=["1", "2"])
def filtered(notification: IncomingCall | IncomingSMS) -> Speak:
    return Speak("Hi")


@phone.incoming_sms
def reply(sms: IncomingSMS) -> ExtensionCommand:
    return Speak(sms.message)


@phone.sms_delivery_report
def delivered(report: SMSDeliveryReport, order: int, *, text: str = "") -> None: ...


@phone.dtmf_entered
def check_pin(entered: DtmfEntered, tries: int) -> Iterator[ExtensionCommand]:
    t.assert_type(entered.dtmf_digits, str)
    yield UserInput(forward_to_url=phone.to(check_pin, tries=tries + 1))


@phone.incoming_call(caller="100")
@phone.goto
@phone.dtmf_entered
def main_menu(
    notification: IncomingCall | GoToNotification | DtmfEntered, tries: int = 0
) -> Iterable[ExtensionCommand]:
    return [Speak("Hi"), BlindTransfer("1000")]


@phone.incoming_call(caller="101")
@phone.goto
@phone.record_completed
@phone.call_connected
def any_notification(notification: Notification) -> Speak:
    return Speak("Hi")


@phone.error
def note_error(error: ErrorNotification) -> None: ...


@phone.error(code=303)
async def note_error_later(error: ErrorNotification, line: int = 0) -> None: ...


@phone.goto
def with_any_state(go: GoToNotification, /, **state: t.Any) -> Speak:
    return Speak(str(state))


@phone.goto
def not_annotated(go, tries):  # type: ignore[no-untyped-def]  # as many views are
    return "Hi"


class Menu:
    def main(self, go: GoToNotification, tries: int) -> Speak:
        return Speak("Hi")


menu = Menu()
phone.goto(menu.main)
phone.goto()(menu.main)

P = t.ParamSpec("P")
R = t.TypeVar("R")


def logged(view: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        return view(*args, **kwargs)

    return wrapper


@phone.goto
@logged
def inside(go: GoToNotification, tries: int) -> Speak:
    return Speak("Hi")


@logged
@phone.goto
def outside(go: GoToNotification, tries: int) -> Speak:
    return Speak("Hi")


@phone.fallback
def sorry(notification: Notification, error: Exception) -> Iterator[Command]:
    if isinstance(notification, IncomingCall):
        yield Speak("Sorry")
    elif isinstance(notification, RoutingInterception):
        yield Route("1000")


async def sorry_later(
    notification: Notification, error: Exception
) -> list[ExtensionCommand] | None:
    return None


phone.fallback(sorry_later)


@notification_answered.connect
def measure(
    sender: Flask,
    notification: Notification,
    view: str | None,
    commands: tuple[Command, ...],
    seconds: float,
) -> None: ...


t.assert_type(filtered(IncomingSMS()), Speak)
t.assert_type(route(RoutingInterception()), Route)
t.assert_type(log_end(CallChanged("Completed", "1")), None)
t.assert_type(either(RecordCompleted(True)), list[ThirdPartyCommand | ExtensionCommand])
t.assert_type(of_an_extension(RecordCompleted(True), tries=1), UserInput)
t.assert_type(welcome(IncomingCall()), Iterator[ExtensionCommand])
t.assert_type(welcome_later(IncomingCall()), AsyncIterator[ExtensionCommand])
t.assert_type(maybe(IncomingCall(), "acme"), Speak | None)
t.assert_type(check_pin(DtmfEntered("1"), 1), Iterator[ExtensionCommand])
t.assert_type(main_menu(IncomingCall(), tries=1), Iterable[ExtensionCommand])
t.assert_type(inside(GoToNotification(), tries=1), Speak)
t.assert_type(sorry(GoToNotification(), ValueError()), Iterator[Command])

t.assert_type(phone.to(main_menu), str)
t.assert_type(phone.to("main_menu"), str)
GoTo(phone.to(main_menu))
Call("1", url=phone.to(connected), error_url=phone.to(note_error))
Record(finished_url=phone.to(of_a_call))
SendSms("Hi", recipient="1", delivery_report_url=phone.to(delivered, order=1))
phone.to("goto.main_menu", tries=1, anything=[1, 2])
phone.to(main_menu, tries=1)
phone.to(check_pin, tries=1)
phone.to(check_pin, tries=True)
phone.to(delivered, order=1)
phone.to(delivered, order=1, text="a")
phone.to(of_an_extension)
phone.to(menu.main, tries=1)
phone.to(inside, tries=1)
phone.to(outside, tries=1)
phone.to(any_notification)
phone.to(note_error)
phone.to(note_error_later, line=1)
phone.to(with_any_state, a=1, b="c")
phone.to(not_annotated, tries=1)
t.assert_type(phone.urls(), dict[str, str])
t.assert_type(phone.urls(tenant="acme", line=1), dict[str, str])
t.assert_type(phone.urls_as("phone", tenant="acme"), dict[str, str])
