"""The decorators, one for each kind of notification."""

# Evaluating the types of views would be a tenth of the import time of the package.
from __future__ import annotations

import typing as t
from collections.abc import Callable
from collections.abc import Mapping

from .. import notifications
from ..notifications import Notification
from .views import Function

if t.TYPE_CHECKING:
    from .typing import CallChangedView
    from .typing import CallConnectedView
    from .typing import DtmfEnteredView
    from .typing import ErrorView
    from .typing import GoToView
    from .typing import IncomingCallView
    from .typing import IncomingSMSView
    from .typing import RecordCompletedView
    from .typing import RoutingInterceptionView
    from .typing import SMSDeliveryReportView


class NotificationDecorators:
    """The decorators, one for each kind of notification.

    Each takes a function, or filters by name and then a function, and returns the
    function unchanged. mypy checks what annotated views take and return.
    """

    def _decorate(
        self,
        notification: type[Notification],
        view: Function | None,
        filters: Mapping[str, object],
    ) -> Function:
        raise NotImplementedError

    @t.overload
    def routing_interception(
        self, view: RoutingInterceptionView, /
    ) -> RoutingInterceptionView: ...
    @t.overload
    def routing_interception(
        self, /, **filters: object
    ) -> Callable[[RoutingInterceptionView], RoutingInterceptionView]: ...
    def routing_interception(self, view: t.Any = None, /, **filters: object) -> t.Any:
        """Register a view for RoutingInterception."""
        return self._decorate(notifications.RoutingInterception, view, filters)

    @t.overload
    def call_changed(self, view: CallChangedView, /) -> CallChangedView: ...
    @t.overload
    def call_changed(
        self, /, **filters: object
    ) -> Callable[[CallChangedView], CallChangedView]: ...
    def call_changed(self, view: t.Any = None, /, **filters: object) -> t.Any:
        """Register a view for CallChanged."""
        return self._decorate(notifications.CallChanged, view, filters)

    @t.overload
    def record_completed(self, view: RecordCompletedView, /) -> RecordCompletedView: ...
    @t.overload
    def record_completed(
        self, /, **filters: object
    ) -> Callable[[RecordCompletedView], RecordCompletedView]: ...
    def record_completed(self, view: t.Any = None, /, **filters: object) -> t.Any:
        """Register a view for RecordCompleted."""
        return self._decorate(notifications.RecordCompleted, view, filters)

    @t.overload
    def call_connected(self, view: CallConnectedView, /) -> CallConnectedView: ...
    @t.overload
    def call_connected(
        self, /, **filters: object
    ) -> Callable[[CallConnectedView], CallConnectedView]: ...
    def call_connected(self, view: t.Any = None, /, **filters: object) -> t.Any:
        """Register a view for CallConnected."""
        return self._decorate(notifications.CallConnected, view, filters)

    @t.overload
    def incoming_call(self, view: IncomingCallView, /) -> IncomingCallView: ...
    @t.overload
    def incoming_call(
        self, /, **filters: object
    ) -> Callable[[IncomingCallView], IncomingCallView]: ...
    def incoming_call(self, view: t.Any = None, /, **filters: object) -> t.Any:
        """Register a view for IncomingCall."""
        return self._decorate(notifications.IncomingCall, view, filters)

    @t.overload
    def incoming_sms(self, view: IncomingSMSView, /) -> IncomingSMSView: ...
    @t.overload
    def incoming_sms(
        self, /, **filters: object
    ) -> Callable[[IncomingSMSView], IncomingSMSView]: ...
    def incoming_sms(self, view: t.Any = None, /, **filters: object) -> t.Any:
        """Register a view for IncomingSMS."""
        return self._decorate(notifications.IncomingSMS, view, filters)

    @t.overload
    def sms_delivery_report(
        self, view: SMSDeliveryReportView, /
    ) -> SMSDeliveryReportView: ...
    @t.overload
    def sms_delivery_report(
        self, /, **filters: object
    ) -> Callable[[SMSDeliveryReportView], SMSDeliveryReportView]: ...
    def sms_delivery_report(self, view: t.Any = None, /, **filters: object) -> t.Any:
        """Register a view for SMSDeliveryReport."""
        return self._decorate(notifications.SMSDeliveryReport, view, filters)

    @t.overload
    def dtmf_entered(self, view: DtmfEnteredView, /) -> DtmfEnteredView: ...
    @t.overload
    def dtmf_entered(
        self, /, **filters: object
    ) -> Callable[[DtmfEnteredView], DtmfEnteredView]: ...
    def dtmf_entered(self, view: t.Any = None, /, **filters: object) -> t.Any:
        """Register a view for DtmfEntered."""
        return self._decorate(notifications.DtmfEntered, view, filters)

    @t.overload
    def goto(self, view: GoToView, /) -> GoToView: ...
    @t.overload
    def goto(self, /, **filters: object) -> Callable[[GoToView], GoToView]: ...
    def goto(self, view: t.Any = None, /, **filters: object) -> t.Any:
        """Register a view for GoToNotification."""
        return self._decorate(notifications.GoToNotification, view, filters)

    @t.overload
    def error(self, view: ErrorView, /) -> ErrorView: ...
    @t.overload
    def error(self, /, **filters: object) -> Callable[[ErrorView], ErrorView]: ...
    def error(self, view: t.Any = None, /, **filters: object) -> t.Any:
        """Register a view for ErrorNotification."""
        return self._decorate(notifications.ErrorNotification, view, filters)
