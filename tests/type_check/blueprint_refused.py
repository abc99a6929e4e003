"""What mypy must refuse, line by line. Read by mypy, never run."""

import typing as t
from collections.abc import AsyncIterator
from collections.abc import Iterator

from flask_ozml import OzML
from flask_ozml.commands import Call
from flask_ozml.commands import Command
from flask_ozml.commands import ExtensionCommand
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


# A view of each kind, where another notification comes.
phone.routing_interception(incoming)
phone.call_changed(routing)
phone.record_completed(change)
phone.call_connected(incoming)
phone.incoming_call(connected)
phone.incoming_sms(report)
phone.sms_delivery_report(sms)
phone.dtmf_entered(goto)
phone.goto(entered)
phone.error(goto)
phone.routing_interception()(incoming)
phone.call_changed(call_id="1")(routing)
phone.record_completed()(change)
phone.call_connected()(incoming)
phone.incoming_call(api_extension="9998")(connected)
phone.incoming_sms()(report)
phone.sms_delivery_report()(sms)
phone.dtmf_entered()(goto)
phone.goto()(entered)
phone.error()(goto)
phone.incoming_call(no_argument)
phone.incoming_call(of_text)
phone.incoming_call(no_argument())
phone.incoming_call("9998")
phone.incoming_call(incoming, api_extension="9998")


def speak(notification: Notification) -> Speak:
    return Speak("Hi")


def menu(notification: Notification) -> UserInput:
    return UserInput()


def hold(notification: Notification) -> Hold:
    return Hold()


def route(notification: Notification) -> Route:
    return Route("1000")


# A command of another family.
phone.routing_interception(speak)
phone.routing_interception(menu)
phone.routing_interception(hold)
phone.call_changed(menu)
phone.call_changed(route)
phone.record_completed(route)
phone.call_connected(hold)
phone.call_connected(route)
phone.incoming_call(hold)
phone.incoming_call(route)
phone.incoming_sms(hold)
phone.sms_delivery_report(hold)
phone.dtmf_entered(hold)
phone.goto(hold)
phone.goto(route)
phone.error(speak)
phone.error(menu)
phone.error(hold)
phone.error(route)
phone.goto()(hold)


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


# What is no answer.
phone.incoming_call(text)
phone.incoming_call(texts)
phone.incoming_call(number)
phone.incoming_call(pair)
phone.incoming_call(nested)
phone.incoming_call(commands)
phone.incoming_call(families)
phone.incoming_call(third_or_extension)
phone.incoming_call(later)
phone.incoming_call(hold_later)
phone.incoming_call()(text)
phone.error(text)
phone.error(later)
phone.call_changed(third_or_extension)
phone.fallback(speak)
phone.fallback(text)


@phone.incoming_call
def wrong_inside(call: IncomingCall) -> Iterator[ExtensionCommand]:
    yield Speak("Hi")
    yield Hold()
    yield "Hi"


@phone.routing_interception
def two_routes(call: RoutingInterception) -> list[RoutingCommand]:
    return [Route("1"), Call("1", url="http://yourapp.com/")]


@phone.call_changed
def wrong_field(call: CallChanged) -> SendDTMF:
    return SendDTMF(call.dtmf_digits, party="all")


@phone.record_completed
def wrong_either(
    recording: RecordCompleted,
) -> list[ThirdPartyCommand] | list[ExtensionCommand]:
    return [Hold(), Reject()]


@phone.incoming_call
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


phone.to(check_pin)
phone.to(check_pin, tries="1")
phone.to(check_pin, tries=None)
phone.to(check_pin, tries=1.5)
phone.to(check_pin, tris=1)
phone.to(check_pin, tries=1, text="a")
phone.to(check_pin, tries=1, entered=1)
phone.to(step, text=1)
phone.to(step, txt="a")
phone.to(Menu().main)
phone.to(Menu().main, tries="1")
phone.to(no_argument)
phone.to()
phone.to(5)
phone.to(view=step)
phone.to("step", 1)
phone.urls("phone")
phone.urls_as()
phone.incomming_call(incoming)
url: int = phone.to(step)
step(GoToNotification(), tries="1")
t.assert_type(step(GoToNotification()), Speak)
