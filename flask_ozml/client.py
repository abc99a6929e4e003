"""A client for the HTTP API of the phone system.

It speaks the classic API, which listens on port 7780. Source: the vendor's pages "...
HTTP API command of Ozeki Phone System" and "Learn the correct form of GET and POST HTTP
requests".
"""

import datetime
import os
import re
import typing as t
from collections.abc import Mapping
from urllib.parse import SplitResult
from urllib.parse import urlsplit

from werkzeug.urls import iri_to_uri

from .blueprint.config import read_settings
from .commands import rules
from .errors import AuthenticationFailed
from .errors import CallNotFound
from .errors import ConfigurationError
from .errors import DestinationNotAllowed
from .errors import ExtensionUnavailable
from .errors import Forbidden
from .errors import InvalidParameter
from .errors import ParameterTypeError
from .errors import PhoneSystemError
from .errors import PhoneSystemUnreachable
from .errors import UnexpectedReply
from .http_api import replies
from .http_api import requests
from .http_api.connection import Connection
from .http_api.exchange import MAX_REPLY
from .http_api.replies import ActiveCall
from .http_api.replies import CallRecord
from .http_api.replies import Extension
from .http_api.replies import ExtensionConfig

__all__ = [
    "MAX_REPLY",
    "ActiveCall",
    "AuthenticationFailed",
    "CallNotFound",
    "CallRecord",
    "DestinationNotAllowed",
    "Extension",
    "ExtensionConfig",
    "ExtensionUnavailable",
    "Forbidden",
    "PhoneSystemClient",
    "PhoneSystemError",
    "PhoneSystemUnreachable",
    "UnexpectedReply",
]

_R = t.TypeVar("_R")


class PhoneSystemClient:
    """A client for the HTTP API of a phone system.

    Each method sends one request. Nothing is ever sent again by itself, since a
    repeated Call is a second call. Redirects, proxies and ``.netrc`` are ignored, since
    each request contains the password. One client may be used by several threads at
    once. Arguments obey the rules of the OzML commands.

    :param url: the address of the HTTP API, for example ``http://127.0.0.1:7780/``.
    :param username: the name of an office user, if the phone system requires one.
    :param password: the password of that user. No repr, log record or exception
        contains it.
    :param timeout: seconds that an exchange may take in all, up to the last byte of the
        reply. Only looking up the host name cannot be interrupted: the operating system
        limits that.
    :param ca: for an https URL, a file with the certificate of the authority that
        signed the phone system's certificate, in PEM format. Default: the authorities
        that the operating system trusts. False accepts any certificate, with a warning:
        whoever is between you and the phone system can then read the password.
    :raises InvalidParameter: by the client and by every method, if an argument is
        wrong. Nothing was sent.
    :raises DestinationNotAllowed: by every method of a client made by
        :meth:`from_config`, if a number is not allowed. Nothing was sent.
    :raises PhoneSystemError: by every method, if the phone system refuses the request.
    :raises PhoneSystemUnreachable: by every method, if no complete reply came.
    :raises UnexpectedReply: by every method, if the reply is not one of the HTTP API.
    """

    _allowed_destinations: tuple[re.Pattern[str], ...] | None = None
    # The configuration that the address is read from.
    _config: Mapping[str, t.Any] | None = None

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        timeout: float = 10.0,
        ca: str | os.PathLike[str] | t.Literal[False] | None = None,
    ) -> None:
        self._url = _checked_url(url)
        self._connection = Connection(
            _split(self._url),
            username=username,
            password=password,
            timeout=timeout,
            ca=ca,
        )

    @classmethod
    def from_config(cls, config: Mapping[str, t.Any]) -> t.Self:
        """Return a client made from the configuration of an app.

        The keys are ``OZML_PHONE_SYSTEM_URL``, which is mandatory,
        ``OZML_PHONE_SYSTEM_USERNAME``, ``OZML_PHONE_SYSTEM_PASSWORD``,
        ``OZML_PHONE_SYSTEM_TIMEOUT``, ``OZML_PHONE_SYSTEM_CA`` and
        ``OZML_ALLOWED_DESTINATIONS``, which limits the numbers of all requests. In a
        request that this class has no method for, every parameter whose name stands for
        a number in the vendor's documentation is checked, unless the name of the
        request begins with "List".

        The address is read again for each request. So whatever plays the app in a test
        or a terminal can lead all requests to a simulated phone system, also those of a
        client that was made before.

        :raises ConfigurationError: if a key is missing or wrong.
        """
        keys = {
            name: f"OZML_PHONE_SYSTEM_{name.upper()}"
            for name in ("url", "username", "password", "timeout", "ca")
        }
        options = {
            name: config[key]
            for name, key in keys.items()
            if config.get(key) is not None
        }
        allowed = read_settings(config).allowed_destinations
        try:
            client = cls(**{"url": None, **options})
            client._allowed_destinations = allowed
            client._config = config
            return client
        except InvalidParameter as error:
            message = f"{keys[error.parameter]} {error.rule}."
        raise ConfigurationError(message)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r}, timeout={self.timeout!r})"

    @property
    def url(self) -> str:
        """The address of the HTTP API."""
        if self._config is None:
            return self._url
        return _checked_url(self._config.get("OZML_PHONE_SYSTEM_URL"))

    @property
    def timeout(self) -> float:
        """Seconds that an exchange may take in all."""
        return self._connection.timeout

    def call(
        self,
        dialed: str,
        *,
        url: str,
        api_extension: str | None = None,
        caller_id: str | None = None,
        caller_display_name: str | None = None,
        error_url: str | None = None,
    ) -> str:
        """Call a number from an API extension.

        The reply comes before the callee answers. Two views together tell whether
        somebody was reached; give both the same state::

            @phone.call_connected
            def reached(call, appointment, tries):
                mark_as_reached(appointment)
                return Speak("You have an appointment tomorrow.")

            @phone.error
            def not_reached(error, appointment, tries):
                if tries < 3 and not is_reached(appointment):
                    remind_later(appointment, tries + 1)

            def remind(client, number, appointment, tries=1):
                client.call(
                    number,
                    url=phone.to(reached, appointment=appointment, tries=tries),
                    error_url=phone.to(
                        not_reached, appointment=appointment, tries=tries
                    ),
                )

        The error view is called for a later error of an answered call, too. A call that
        cannot be placed raises a :exc:`PhoneSystemError`, and no view is called. After
        a :exc:`PhoneSystemUnreachable` the call may have been placed.

        Assumption: the phone system posts busy and no answer to ``error_url``.

        :param dialed: the number to call.
        :param url: the URL of a ``call_connected`` view, made by ``phone.to(view)``. It
            is requested when the callee answers; without OzML in the answer, the phone
            system hangs up.
        :param api_extension: the API extension that calls. The vendor's page calls it
            mandatory, but the vendor's own sample leaves it out.
        :param caller_id: the number that the callee sees (default: the API extension).
        :param caller_display_name: the name that the callee sees (default: the API
            extension).
        :param error_url: the URL of an ``error`` view. It is requested when an error
            occurs during the call.
        :return: the id of the call, or "" if the reply has none: the vendor's page does
            not show whether it has.
        """
        return self._run(
            requests.CALL,
            dialed=dialed,
            api_extension=api_extension,
            url=url,
            caller_id=caller_id,
            caller_display_name=caller_display_name,
            error_url=error_url,
        )

    def send_sms(
        self,
        message: str,
        *,
        recipient: str,
        api_extension: str | None = None,
        sender: str | None = None,
        delivery_report_url: str | None = None,
    ) -> str:
        """Send a text message.

        :param message: the text.
        :param recipient: the number.
        :param api_extension: the API extension that sends; optional as in :meth:`call`.
        :param sender: the sender's number (default: the modem's).
        :param delivery_report_url: the URL of an ``sms_delivery_report`` view.
        :return: the id of the message, or "" if the reply has none. The vendor's page
            does not show its place in the reply, so it is found at any depth.
        """
        return self._run(
            requests.SEND_SMS,
            message=message,
            recipient=recipient,
            api_extension=api_extension,
            sender=sender,
            delivery_report_url=delivery_report_url,
        )

    def send_email(
        self,
        *,
        recipient: str,
        api_extension: str,
        subject: str | None = None,
        message: str | None = None,
        sender: str | None = None,
    ) -> None:
        """Send an e-mail through the phone system's e-mail provider.

        :param recipient: the address.
        :param api_extension: the API extension that sends.
        :param subject: the subject.
        :param message: the text.
        :param sender: the sender's address (default: the provider's).
        """
        self._run(
            requests.SEND_EMAIL,
            recipient=recipient,
            api_extension=api_extension,
            subject=subject,
            message=message,
            sender=sender,
        )

    def attended_transfer(
        self, *, transferred_call_id: str, target_call_id: str
    ) -> None:
        """Connect the other parties of two calls, and take out the party they share.

        :param transferred_call_id: the call on hold, whose other party is transferred.
        :param target_call_id: the call whose other party it is transferred to.
        """
        self._run(
            requests.ATTENDED_TRANSFER,
            transferred_call_id=transferred_call_id,
            target_call_id=target_call_id,
        )

    def blind_transfer(
        self,
        target: str,
        *,
        call_id: str,
        transferor_party: rules.Transferor,
        finished_url: str | None = None,
    ) -> None:
        """Transfer the other party of a call.

        :param target: the number to transfer to.
        :param call_id: the call.
        :param transferor_party: the party that makes the transfer, and leaves.
        :param finished_url: the URL of an ordinary route of your site. The details of
            the call are posted there in undocumented fields, so no view of the
            blueprint can read them. Only the OzML command and the later API are
            documented with this parameter.
        """
        self._run(
            requests.BLIND_TRANSFER,
            target=target,
            call_id=call_id,
            transferor_party=transferor_party,
            finished_url=finished_url,
        )

    def forward(self, destination: str, *, call_id: str) -> None:
        """Forward the caller of a call that is ringing.

        :param destination: the number to forward to.
        :param call_id: the call.
        """
        self._run(requests.FORWARD, destination=destination, call_id=call_id)

    def hangup(self, call_id: str) -> None:
        """End a call."""
        self._run(requests.HANGUP, call_id=call_id)

    def hold(self, call_id: str) -> None:
        """Put both legs of a call on hold."""
        self._run(requests.HOLD, call_id=call_id)

    def unhold(self, call_id: str) -> None:
        """Resume a call, if both of its legs are on hold."""
        self._run(requests.UNHOLD, call_id=call_id)

    def play(
        self,
        audio_file: str,
        *,
        call_id: str,
        party: rules.Party,
        repeat: bool | None = None,
    ) -> None:
        """Play a WAV or MP3 file into a call.

        :param audio_file: a URL, or a path relative to the phone system's
            ``ContentStorage/Static``. The phone system keeps a copy of the file of a
            URL.
        :param call_id: the call.
        :param party: the party that hears it.
        :param repeat: whether to repeat it.
        """
        self._run(
            requests.PLAY,
            audio_file=audio_file,
            call_id=call_id,
            party=party,
            repeat=repeat,
        )

    def record(
        self,
        call_id: str,
        *,
        format: rules.AudioFormat | None = None,
        finished_url: str | None = None,
    ) -> None:
        """Record a call until it ends.

        :param call_id: the call.
        :param format: ``"mp3"`` (the phone system's default) or ``"wav"``.
        :param finished_url: the URL of a ``record_completed`` view.
        """
        self._run(
            requests.RECORD, call_id=call_id, format=format, finished_url=finished_url
        )

    def send_dtmf(self, keys: str, *, call_id: str, party: rules.Party) -> None:
        """Send the tones of keys into a call.

        :param keys: one or more of ``0-9*#A-D``.
        :param call_id: the call.
        :param party: the party that hears them.
        """
        self._run(requests.SEND_DTMF, keys=keys, call_id=call_id, party=party)

    def speak(self, text: str, *, call_id: str, party: rules.Party) -> None:
        """Speak a text into a call.

        :param text: the text.
        :param call_id: the call.
        :param party: the party that hears it.
        """
        self._run(requests.SPEAK, text=text, call_id=call_id, party=party)

    def list_active_calls(self) -> list[ActiveCall]:
        """Return the active calls.

        Assumption: if there are none, the list is an empty element or is left out.
        """
        return self._run(requests.LIST_ACTIVE_CALLS)

    def list_extensions(self) -> list[Extension]:
        """Return the extensions, in the order of the phone system."""
        return self._run(requests.LIST_EXTENSIONS)

    def get_config(self, extension_id: str) -> ExtensionConfig:
        """Return the configuration of an extension.

        Settings that :class:`ExtensionConfig` has no attribute for are left out.
        """
        return self._run(requests.GET_CONFIG, extension_id=extension_id)

    def add_config(self, extension_type: str, config: ExtensionConfig | str) -> None:
        """Create an extension.

        :param extension_type: the type; the vendor's pages show ``"SIP"`` only.
        :param config: the configuration, or its XML as a str, which is sent as it is.
            The vendor's example escapes the XML before it is URL-encoded; the XML of an
            :class:`ExtensionConfig` is only URL-encoded.
        """
        self._run(
            requests.ADD_CONFIG,
            extension_type=extension_type,
            config_xml=requests.config_xml("AddConfig", config),
        )

    def modify_config(self, extension_type: str, config: ExtensionConfig | str) -> None:
        """Change an extension. Its id cannot be changed.

        :param extension_type: as in :meth:`add_config`.
        :param config: as in :meth:`add_config`.
        """
        self._run(
            requests.MODIFY_CONFIG,
            extension_type=extension_type,
            config_xml=requests.config_xml("ModifyConfig", config),
        )

    def remove_config(self, extension_id: str) -> None:
        """Delete an extension."""
        self._run(requests.REMOVE_CONFIG, extension_id=extension_id)

    def get_call_history(
        self,
        *,
        page_number: int | None = None,
        rows_per_page: int | None = None,
        from_time: datetime.datetime | None = None,
        general: str | None = None,
        direction: str | None = None,
        source: str | None = None,
        destination: str | None = None,
        state: str | None = None,
        dialed: str | None = None,
        caller_id: str | None = None,
        call_id: str | None = None,
    ) -> list[CallRecord]:
        """Return one page of the call history.

        A page that is not full is the last one. The vendor's page does not say whether
        ``NumberOfCalls`` counts the calls of the page or all calls;
        ``request("GetCallHistory")`` returns it. It does not explain the filters
        either.

        :param page_number: the page, starting with 0.
        :param rows_per_page: the number of calls on a page.
        :param from_time: the earliest time, in the phone system's local time. It is
            sent in the format of the later API, ``2013-01-17 13:32:12``.
        :param general: undocumented.
        :param direction: the direction, for example ``"Internal"``.
        :param source: the caller's number.
        :param destination: the callee's number.
        :param state: the final state, for example ``"CalleeHungUp"``.
        :param dialed: the number that was dialled.
        :param caller_id: the caller's id.
        :param call_id: the id of the call.
        """
        return self._run(
            requests.GET_CALL_HISTORY,
            page_number=page_number,
            rows_per_page=rows_per_page,
            from_time=from_time,
            general=general,
            direction=direction,
            source=source,
            destination=destination,
            state=state,
            dialed=dialed,
            caller_id=caller_id,
            call_id=call_id,
        )

    def request(self, command: str, /, **parameters: t.Any) -> dict[str, t.Any]:
        """Send any request, for example ListExtensionTypes or SendAlarmNotification.

        :param command: the name of the request.
        :param parameters: its parameters, as ``PhoneNumber=`` or as ``phone_number=``.
            Values are str, int, bool or datetime; None is left out. Parameters that
            another method has an argument for obey the rules of that argument.
        :return: the elements of the reply, as xmltodict returns them.
        """
        _NAME.check("request", "command", command)
        known = requests.REQUESTS.get(command.lower())
        by_name = {p.wire_name.lower(): p for p in known.parameters} if known else {}
        given = {"command", "username", "password"}
        rows = []
        for name, value in parameters.items():
            key = requests.wire_name(name).lower()
            if key in given:
                raise ParameterTypeError(
                    command, name, "is given twice, or is set by the client"
                )
            given.add(key)
            rows.append(
                (by_name.get(key) or requests.undocumented(command, name, value), value)
            )
        return dict(self._send(command, rows))

    def _run(self, request: requests.Request[_R], /, **arguments: object) -> _R:
        rows = [(row, arguments[row.name]) for row in request.parameters]
        return request.read(self._send(request.command, rows))

    def _send(
        self, command: str, rows: list[tuple[requests.Parameter, object]]
    ) -> replies.Reply:
        form = [("command", command)]
        for parameter, value in rows:
            text = parameter.text(command, value)
            if text is not None:
                self._check_destination(command, parameter, text)
                form.append((parameter.wire_name, text))
        reply = replies.parse(self._connection.exchange(_split(self.url), form))
        replies.check(command, reply, self._connection.redacted)
        return reply

    def _check_destination(
        self, command: str, parameter: requests.Parameter, number: str
    ) -> None:
        allowed = self._allowed_destinations
        if parameter.is_destination and not rules.is_allowed(number, allowed):
            raise DestinationNotAllowed(
                f"{command}: {parameter.name!r} is a number that"
                " OZML_ALLOWED_DESTINATIONS does not allow. Nothing was sent."
            )


def _split(url: str) -> SplitResult:
    return urlsplit(iri_to_uri(url))


def _is_base(url: str) -> bool:
    try:
        port = _split(url).port
    except ValueError:
        return False
    return port != 0 and not re.search("[@?#]", url) and bool(_is_url(url))


def _checked_url(url: object) -> str:
    return t.cast(str, _BASE.check("PhoneSystemClient", "url", url))


_is_url: t.Final = rules.rule_of(rules.Url).accepts
_BASE: t.Final = rules.Rule(
    str,
    "must be an absolute http or https URL without user name, query and fragment, for"
    " example 'http://127.0.0.1:7780/'",
    _is_base,
)
_NAME: t.Final = rules.Rule(
    str,
    "must be a name of ASCII letters",
    re.compile("[A-Za-z]+").fullmatch,
    "[^A-Za-z]",
)
