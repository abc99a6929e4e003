"""What views take and return; only type checkers read it."""

import typing as t
from collections.abc import AsyncIterable
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable

from werkzeug.wrappers import Response

from ..commands import Command
from ..commands import ExtensionCommand
from ..commands import RoutingCommand
from ..commands import ThirdPartyCommand
from ..notifications import CallChanged
from ..notifications import CallConnected
from ..notifications import DtmfEntered
from ..notifications import ErrorNotification
from ..notifications import GoToNotification
from ..notifications import IncomingCall
from ..notifications import IncomingSMS
from ..notifications import Notification
from ..notifications import RecordCompleted
from ..notifications import RoutingInterception
from ..notifications import SMSDeliveryReport

_C = t.TypeVar("_C", bound=Command)
_N = t.TypeVar("_N", bound=Notification)

#: What a view may return, or await.
Answer: t.TypeAlias = _C | Iterable[_C] | Response | None
AnyAnswer: t.TypeAlias = Answer[_C] | Awaitable[Answer[_C]] | AsyncIterable[_C]

#: A view of one kind; URL variables and state follow as keyword arguments.
View: t.TypeAlias = Callable[t.Concatenate[_N, ...], AnyAnswer[_C]]

# One bound for each kind, so that decorators return functions of the same type.
RoutingInterceptionView = t.TypeVar(
    "RoutingInterceptionView", bound=View[RoutingInterception, RoutingCommand]
)
CallChangedView = t.TypeVar(
    "CallChangedView", bound=View[CallChanged, ThirdPartyCommand]
)
RecordCompletedView = t.TypeVar(
    "RecordCompletedView",
    bound=View[RecordCompleted, ThirdPartyCommand | ExtensionCommand],
)
CallConnectedView = t.TypeVar(
    "CallConnectedView", bound=View[CallConnected, ExtensionCommand]
)
IncomingCallView = t.TypeVar(
    "IncomingCallView", bound=View[IncomingCall, ExtensionCommand]
)
IncomingSMSView = t.TypeVar(
    "IncomingSMSView", bound=View[IncomingSMS, ExtensionCommand]
)
SMSDeliveryReportView = t.TypeVar(
    "SMSDeliveryReportView", bound=View[SMSDeliveryReport, ExtensionCommand]
)
DtmfEnteredView = t.TypeVar(
    "DtmfEnteredView", bound=View[DtmfEntered, ExtensionCommand]
)
GoToView = t.TypeVar("GoToView", bound=View[GoToNotification, ExtensionCommand])
ErrorView = t.TypeVar(
    "ErrorView",
    bound=Callable[t.Concatenate[ErrorNotification, ...], None | Awaitable[None]],
)
FallbackView = t.TypeVar(
    "FallbackView", bound=Callable[[Notification, Exception], AnyAnswer[Command]]
)
