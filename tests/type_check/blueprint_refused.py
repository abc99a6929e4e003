"""Code whose marked lines mypy must refuse; it is never run."""

import typing as t
from collections.abc import AsyncIterator
from collections.abc import Iterator

from flask_ozml import notification_answered
from flask_ozml import OzML
from flask_ozml.commands import Call
from flask_ozml.commands import Command
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hold
from flask_ozml.commands import Reject
from flask_ozml.commands import Route
from flask_ozml.commands import RoutingCommand
from flask_ozml.commands import SendDTMF
from flask_ozml.commands import Speak
from flask_ozml.commands import ThirdPartyCommand
from flask_ozml.commands import UserInput
from flask_ozml.notifications import CallChanged
from flask_ozml.notifications import CallConnected
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import ErrorNotification
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import Notification
from flask_ozml.notifications import RecordCompleted
from flask_ozml.notifications import RoutingInterception
from flask_ozml.notifications import SMSDeliveryReport

phone = OzML("phone", __name__)


def no_argument() -> None: ...
def of_text(text: str) -> None: ...
def routing(call: RoutingInterception) -> None: ...
def change(call: CallChanged) -> None: ...
def recording(recording: RecordCompleted) -> None: ...
def connected(call: CallConnected) -> None: ...
def incoming(call: IncomingCall) -> None: ...
def sms(sms: IncomingSMS) -> None: ...
def report(report: SMSDeliveryReport) -> None: ...
def entered(entered: DtmfEntered) -> None: ...
def goto(go: GoToNotification) -> None: ...
def error(error: ErrorNotification) -> None: ...


# Views that take the notification of another kind.
phone.routing_interception(incoming)  # error: type-var
phone.call_changed(routing)  # error: type-var
phone.record_completed(change)  # error: type-var
phone.call_connected(incoming)  # error: type-var
phone.incoming_call(connected)  # error: type-var
phone.incoming_sms(report)  # error: type-var
phone.sms_delivery_report(sms)  # error: type-var
phone.dtmf_entered(goto)  # error: type-var
phone.goto(entered)  # error: type-var
phone.error(goto)  # error: type-var
phone.routing_interception()(incoming)  # error: type-var
phone.call_changed(call_id="1")(routing)  # error: type-var
phone.record_completed()(change)  # error: type-var
phone.call_connected()(incoming)  # error: type-var
phone.incoming_call(api_extension="9998")(connected)  # error: type-var
phone.incoming_sms()(report)  # error: type-var
phone.sms_delivery_report()(sms)  # error: type-var
phone.dtmf_entered()(goto)  # error: type-var
phone.goto()(entered)  # error: type-var
phone.error()(goto)  # error: type-var
phone.incoming_call(no_argument)  # error: type-var
phone.incoming_call(of_text)  # error: type-var
phone.incoming_call("9998")  # error: call-overload
phone.incoming_call(incoming, api_extension="9998")  # error: call-overload
phone.incoming_call(caller={"1"}, api_extension=["9998"])(sms)  # error: type-var


def speak(notification: Notification) -> Speak:
    return Speak("Hi")


def menu(notification: Notification) -> UserInput:
    return UserInput()


def hold(notification: Notification) -> Hold:
    return Hold()


def route(notification: Notification) -> Route:
    return Route("1000")


# A command of another family.
phone.routing_interception(speak)  # error: type-var
phone.routing_interception(menu)  # error: type-var
phone.routing_interception(hold)  # error: type-var
phone.call_changed(menu)  # error: type-var
phone.call_changed(route)  # error: type-var
phone.record_completed(route)  # error: type-var
phone.call_connected(hold)  # error: type-var
phone.call_connected(route)  # error: type-var
phone.incoming_call(hold)  # error: type-var
phone.incoming_call(route)  # error: type-var
phone.incoming_sms(hold)  # error: type-var
phone.sms_delivery_report(hold)  # error: type-var
phone.dtmf_entered(hold)  # error: type-var
phone.goto(hold)  # error: type-var
phone.goto(route)  # error: type-var
phone.error(speak)  # error: type-var
phone.error(menu)  # error: type-var
phone.error(hold)  # error: type-var
phone.error(route)  # error: type-var
phone.goto()(hold)  # error: type-var


def text(notification: Notification) -> str:
    return "Hi"


def texts(notification: Notification) -> list[str]:
    return ["Hi"]


def number(notification: Notification) -> int:
    return 5


def pair(notification: Notification) -> tuple[str, int]:
    return "Hi", 200


def nested(notification: Notification) -> list[list[Speak]]:
    return [[Speak("Hi")]]


def commands(notification: Notification) -> list[Command]:
    return [Speak("Hi")]


def families(notification: Notification) -> list[Speak | Hold]:
    return [Speak("Hi")]


def third_or_extension(
    notification: Notification,
) -> Iterator[ThirdPartyCommand | ExtensionCommand]:
    yield Hold()


async def later(notification: Notification) -> str:
    return "Hi"


async def hold_later(notification: Notification) -> AsyncIterator[Hold]:
    yield Hold()


# Values that are not an answer.
phone.incoming_call(text)  # error: type-var
phone.incoming_call(texts)  # error: type-var
phone.incoming_call(number)  # error: type-var
phone.incoming_call(pair)  # error: type-var
phone.incoming_call(nested)  # error: type-var
phone.incoming_call(commands)  # error: type-var
phone.incoming_call(families)  # error: type-var
phone.incoming_call(third_or_extension)  # error: type-var
phone.incoming_call(later)  # error: type-var
phone.incoming_call(hold_later)  # error: type-var
phone.incoming_call()(text)  # error: type-var
phone.error(text)  # error: type-var
phone.error(later)  # error: type-var
phone.call_changed(third_or_extension)  # error: type-var
phone.fallback(speak)  # error: type-var
phone.fallback(text)  # error: type-var


@phone.incoming_call
def wrong_inside(call: IncomingCall) -> Iterator[ExtensionCommand]:
    yield Speak("Hi")
    yield Hold()  # error: misc
    yield "Hi"  # error: misc


@phone.routing_interception
def two_routes(call: RoutingInterception) -> list[RoutingCommand]:
    return [Route("1"), Call("1", url="http://yourapp.com/")]  # error: list-item


@phone.call_changed
def wrong_field(call: CallChanged) -> SendDTMF:
    return SendDTMF(call.dtmf_digits, party="all")  # error: attr-defined


@phone.record_completed
def wrong_either(
    recording: RecordCompleted,
) -> list[ThirdPartyCommand] | list[ExtensionCommand]:
    return [Hold(), Reject()]  # error: return-value


@phone.incoming_call  # error: type-var
@phone.goto
@phone.dtmf_entered
def stacked(notification: IncomingCall | GoToNotification) -> Speak:
    return Speak("Hi")


@phone.dtmf_entered
def check_pin(entered: DtmfEntered, tries: int) -> None: ...


@phone.goto
def step(go: GoToNotification, tries: int = 0, *, text: str = "") -> None: ...


class Menu:
    def main(self, go: GoToNotification, tries: int) -> None: ...


phone.to(check_pin)  # error: call-overload
phone.to(check_pin, tries="1")  # error: call-overload
phone.to(check_pin, tries=None)  # error: call-overload
phone.to(check_pin, tries=1.5)  # error: call-overload
phone.to(check_pin, tris=1)  # error: call-overload
phone.to(check_pin, tries=1, text="a")  # error: call-overload
phone.to(check_pin, tries=1, entered=1)  # error: call-overload
phone.to(step, text=1)  # error: call-overload
phone.to(step, txt="a")  # error: call-overload
phone.to(Menu().main)  # error: call-overload
phone.to(Menu().main, tries="1")  # error: call-overload
phone.to(no_argument)  # error: call-overload
phone.to()  # error: call-overload
phone.to(5)  # error: call-overload
phone.to(view=step)  # error: call-overload
phone.to("step", 1)  # error: call-overload
GoTo(phone.to(step, tries="1"))  # error: call-overload
GoTo(url=phone.urls())  # error: arg-type
notification_answered.connect()  # error: call-arg
phone.urls("phone")  # error: call-arg
phone.urls_as()  # error: call-arg
phone.incomming_call(incoming)  # error: attr-defined
url: int = phone.to(step)  # error: assignment
step(GoToNotification(), tries="1")  # error: arg-type
t.assert_type(step(GoToNotification()), Speak)  # error: assert-type
