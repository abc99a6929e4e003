"""Ask the phone system: a client for its HTTP API.

It speaks the classic API, whose port is 7780. Source: the vendor's pages "... HTTP API
command of Ozeki Phone System" and "Learn the correct form of GET and POST HTTP
requests". Needs the extra ``client``: ``pip install 'Flask-OzML[client]'``.
"""

import datetime
import queue
import re
import threading
import time
import typing as t
from collections.abc import Mapping
from urllib.parse import quote
from urllib.parse import quote_plus
from urllib.parse import urlsplit

from .commands import rules
from .errors import AuthenticationFailed as AuthenticationFailed
from .errors import CallNotFound as CallNotFound
from .errors import ConfigurationError
from .errors import ExtensionUnavailable as ExtensionUnavailable
from .errors import Forbidden as Forbidden
from .errors import InvalidParameter
from .errors import ParameterTypeError
from .errors import PhoneSystemError as PhoneSystemError
from .errors import PhoneSystemUnreachable as PhoneSystemUnreachable
from .errors import UnexpectedReply as UnexpectedReply
from .http_api import replies
from .http_api import requests as queries
from .http_api.replies import ActiveCall as ActiveCall
from .http_api.replies import CallRecord as CallRecord
from .http_api.replies import Extension as Extension
from .http_api.replies import ExtensionConfig as ExtensionConfig

try:
    import requests
except ImportError as error:
    raise ImportError(
        "flask_ozml.client needs the package requests; install it by"
        " pip install 'Flask-OzML[client]'.",
        name="requests",
    ) from error
from urllib3.exceptions import HTTPError

#: The longest reply that is read, in bytes: some 12,000 calls of a history.
MAX_REPLY: t.Final = 4 * 1024 * 1024

_R = t.TypeVar("_R")


def _is_base(url: str) -> bool:
    try:
        port = urlsplit(url).port
    except ValueError:
        return False
    return port != 0 and not re.search("[@?#]", url) and bool(_is_url(url))


_is_url: t.Final = rules.rule_of(rules.Url).accepts
_BASE: t.Final = rules.Rule(
    str,
    "must be an absolute http or https URL without user name, query and fragment, such"
    " as 'http://127.0.0.1:7780/'",
    _is_base,
)
_NAME: t.Final = rules.Rule(
    str,
    "must be a name of ASCII letters",
    re.compile("[A-Za-z]+").fullmatch,
    "[^A-Za-z]",
)


def _undocumented(name: str, value: object) -> queries.Parameter:
    kinds = (bool, int, str, datetime.datetime)
    kind = next((kind for kind in kinds if isinstance(value, kind)), str)
    rule = rules.Rule(kind, "must be a str, an int, a bool or a datetime")
    return queries.Parameter(name, queries.wire_name(name), rule, mandatory=False)


def _checked_credentials(username: object, password: object) -> queries.Form:
    """No exception holds the password, not even as a refused value."""
    found = {"username": username, "password": password}
    for name, value in found.items():
        if not isinstance(value, str | None):
            raise ParameterTypeError(
                "PhoneSystemClient",
                name,
                f"must be a str, not {type(value).__name__} (digits in an environment"
                " variable need double quotes of their own)",
            )
    missing = [name for name, value in found.items() if value is None]
    if len(missing) == 1:
        raise InvalidParameter(
            "PhoneSystemClient",
            missing[0],
            "is missing: a user name and a password go together",
        )
    if missing:
        return []
    return [
        (queries.wire_name(name), queries.written(str.__str__(t.cast(str, value))))
        for name, value in found.items()
    ]


def _checked_timeout(timeout: object) -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise ParameterTypeError(
            "PhoneSystemClient",
            "timeout",
            f"must be a number of seconds, not {type(timeout).__name__}",
        )
    if not 0 < timeout <= 86_400:
        raise InvalidParameter(
            "PhoneSystemClient", "timeout", "must be above 0 and at most 86400 seconds"
        )
    return float(timeout)


class PhoneSystemClient:
    """Sends requests to the HTTP API of a phone system.

    Each method is one request, a POST that is never repeated: a repeated Call is a
    second call. Environment variables for proxies, ``.netrc`` and redirects are not
    followed, since the password is in every request. One client may serve any number
    of threads. Arguments keep the rules of the OzML commands.

    :param url: the address of the HTTP API, such as ``http://127.0.0.1:7780/``.
    :param username: of an office user, where the phone system asks for one.
    :param password: of that user. It is in no repr, log record or exception.
    :param timeout: seconds that a request may take as a whole.
    :raises InvalidParameter: by the client and every method, for a wrong argument;
        nothing was sent then.
    :raises PhoneSystemError: by every method, when the phone system refuses.
    :raises PhoneSystemUnreachable: by every method, when no whole reply comes.
    :raises UnexpectedReply: by every method, when what comes is no such reply.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        timeout: float = 10.0,
    ) -> None:
        self.url: str = _BASE.check("PhoneSystemClient", "url", url)
        self.timeout = _checked_timeout(timeout)
        self._credentials = _checked_credentials(username, password)

    @classmethod
    def from_config(cls, config: Mapping[str, t.Any]) -> t.Self:
        """The client that an app's config describes.

        Keys: ``OZML_PHONE_SYSTEM_URL``, ``OZML_PHONE_SYSTEM_USERNAME``,
        ``OZML_PHONE_SYSTEM_PASSWORD``, ``OZML_PHONE_SYSTEM_TIMEOUT``; only the first
        one is mandatory.

        :raises ConfigurationError: if one of them is missing or wrong.
        """
        keys = {
            name: f"OZML_PHONE_SYSTEM_{name.upper()}"
            for name in ("url", "username", "password", "timeout")
        }
        options = {
            name: config[key]
            for name, key in keys.items()
            if config.get(key) is not None
        }
        try:
            return cls(**{"url": None, **options})
        except InvalidParameter as error:
            message = f"{keys[error.parameter]} {error.rule}."
        raise ConfigurationError(message)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r}, timeout={self.timeout!r})"

    def call(
        self,
        dialed: str,
        *,
        api_extension: str,
        url: str,
        caller_id: str | None = None,
        caller_display_name: str | None = None,
        error_url: str | None = None,
    ) -> str:
        """Let an API extension call a number.

        :param dialed: the number to call.
        :param api_extension: the API extension that calls.
        :param url: gets the CallConnected notification; make it by ``phone.to(view)``.
            Where no OzML comes from there, the phone system hangs up.
        :param caller_id: the number that the callee sees (default: the extension's).
        :param caller_display_name: the name that the callee sees.
        :param error_url: gets the Error notification.
        :return: the id of the call. The vendor's page does not show whether the reply
            tells one: "" where it does not.
        """
        return self._run(
            queries.CALL,
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
        api_extension: str,
        sender: str | None = None,
        delivery_report_url: str | None = None,
    ) -> str:
        """Send a text message.

        :param message: the text.
        :param recipient: the number.
        :param api_extension: the API extension that sends.
        :param sender: the sender's number (default: the modem's).
        :param delivery_report_url: gets the SMSDeliveryReport notification.
        :return: the message's id, "" where the reply tells none. The vendor's page does
            not show where in the reply it stands: it is found anywhere.
        """
        return self._run(
            queries.SEND_SMS,
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
        """Send an e-mail through the phone system's provider.

        :param recipient: the address.
        :param api_extension: the API extension that sends.
        :param subject: the subject.
        :param message: the text.
        :param sender: the sender's address (default: the provider's).
        """
        self._run(
            queries.SEND_EMAIL,
            recipient=recipient,
            api_extension=api_extension,
            subject=subject,
            message=message,
            sender=sender,
        )

    def attended_transfer(
        self, *, transferred_call_id: str, target_call_id: str
    ) -> None:
        """Connect the other parties of two calls of one party, which leaves both.

        :param transferred_call_id: the call on hold, whose party is transferred.
        :param target_call_id: the call to which it is transferred.
        """
        self._run(
            queries.ATTENDED_TRANSFER,
            transferred_call_id=transferred_call_id,
            target_call_id=target_call_id,
        )

    def blind_transfer(
        self, target: str, *, call_id: str, transferor_party: rules.Transferor
    ) -> None:
        """Transfer a call.

        :param target: the number to transfer to.
        :param call_id: the call.
        :param transferor_party: who makes the transfer, and leaves.
        """
        self._run(
            queries.BLIND_TRANSFER,
            target=target,
            call_id=call_id,
            transferor_party=transferor_party,
        )

    def forward(self, destination: str, *, call_id: str) -> None:
        """Forward the caller of a call that is still ringing.

        :param destination: the number to forward to.
        :param call_id: the call.
        """
        self._run(queries.FORWARD, destination=destination, call_id=call_id)

    def hangup(self, call_id: str) -> None:
        """End a call."""
        self._run(queries.HANGUP, call_id=call_id)

    def hold(self, call_id: str) -> None:
        """Put both legs of a call on hold."""
        self._run(queries.HOLD, call_id=call_id)

    def unhold(self, call_id: str) -> None:
        """Take back a call on hold, if Hold was used on both of its legs."""
        self._run(queries.UNHOLD, call_id=call_id)

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
            ``ContentStorage/Static``. What a URL holds is cached there.
        :param call_id: the call.
        :param party: who hears it.
        :param repeat: whether to play again and again.
        """
        self._run(
            queries.PLAY,
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
        """Record a call to its end.

        :param call_id: the call.
        :param format: ``"mp3"`` (the phone system's default) or ``"wav"``.
        :param finished_url: gets the RecordCompleted notification.
        """
        self._run(
            queries.RECORD, call_id=call_id, format=format, finished_url=finished_url
        )

    def send_dtmf(self, keys: str, *, call_id: str, party: rules.Party) -> None:
        """Send keys into a call.

        :param keys: the keys, of ``0-9*#A-D``.
        :param call_id: the call.
        :param party: who gets the tones.
        """
        self._run(queries.SEND_DTMF, keys=keys, call_id=call_id, party=party)

    def speak(self, text: str, *, call_id: str, party: rules.Party) -> None:
        """Speak a text into a call.

        :param text: the text.
        :param call_id: the call.
        :param party: who hears it.
        """
        self._run(queries.SPEAK, text=text, call_id=call_id, party=party)

    def list_active_calls(self) -> list[ActiveCall]:
        """The calls that are going on.

        What an empty list looks like is not documented: an empty element, one without
        content and none at all are taken for it.
        """
        return self._run(queries.LIST_ACTIVE_CALLS)

    def list_extensions(self) -> list[Extension]:
        """The extensions of the phone system, in its order."""
        return self._run(queries.LIST_EXTENSIONS)

    def get_config(self, extension_id: str) -> ExtensionConfig:
        """The configuration of an extension; settings beyond the class are left out."""
        return self._run(queries.GET_CONFIG, extension_id=extension_id)

    def add_config(self, extension_type: str, config: ExtensionConfig | str) -> None:
        """Create an extension.

        :param extension_type: such as ``"SIP"``, the only one that the vendor shows.
        :param config: the configuration, or its XML as text, which is sent as it is.
            The vendor's example escapes the XML once more before it is URL-encoded; a
            configuration is sent without this.
        """
        self._run(
            queries.ADD_CONFIG,
            extension_type=extension_type,
            config_xml=queries.config_xml("AddConfig", config),
        )

    def modify_config(self, extension_type: str, config: ExtensionConfig | str) -> None:
        """Change an extension, whose id cannot be changed.

        :param extension_type: as in :meth:`add_config`.
        :param config: as in :meth:`add_config`.
        """
        self._run(
            queries.MODIFY_CONFIG,
            extension_type=extension_type,
            config_xml=queries.config_xml("ModifyConfig", config),
        )

    def remove_config(self, extension_id: str) -> None:
        """Delete an extension."""
        self._run(queries.REMOVE_CONFIG, extension_id=extension_id)

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
        """One page of the calls of the past; a short or empty page is the last one.

        The vendor's page shows the names of the filters only. Whether the reply's
        ``NumberOfCalls`` counts the page or all is not documented, so it is left out;
        ``request("GetCallHistory")`` has it.

        :param page_number: the page, the first is 0.
        :param rows_per_page: how many calls a page has.
        :param from_time: the earliest time, in the phone system's local time; sent as
            the newer API documents it, ``2013-01-17 13:32:12``.
        :param general: undocumented.
        :param direction: such as ``"Internal"``.
        :param source: the caller's number.
        :param destination: the callee's number.
        :param state: such as ``"CalleeHungUp"``.
        :param dialed: the number that was dialled.
        :param caller_id: the caller's id.
        :param call_id: the call.
        """
        return self._run(
            queries.GET_CALL_HISTORY,
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
        """Send any request, such as ListExtensionTypes or SendAlarmNotification.

        :param command: its name.
        :param parameters: its parameters, ``PhoneNumber=`` or ``phone_number=``: str,
            int, bool or datetime; None is left out. Those that the other methods know
            keep their rules.
        :return: the reply's elements as xmltodict gives them.
        """
        _NAME.check("request", "command", command)
        known = queries.REQUESTS.get(command.lower())
        by_name = {p.wire_name.lower(): p for p in known.parameters} if known else {}
        taken = {"command", "username", "password"}
        form: queries.Form = []
        for name, value in parameters.items():
            key = queries.wire_name(name).lower()
            if key in taken:
                raise ParameterTypeError(
                    command, name, "is given twice, or set by the client"
                )
            taken.add(key)
            parameter = by_name.get(key) or _undocumented(name, value)
            form += parameter.write(command, value)
        return dict(self._reply(command, form))

    def _run(self, request: queries.Request[_R], /, **arguments: object) -> _R:
        form: queries.Form = []
        for parameter in request.parameters:
            form += parameter.write(request.command, arguments[parameter.name])
        return request.read(self._reply(request.command, form))

    def _reply(self, command: str, form: queries.Form) -> replies.Reply:
        reply = self._exchange([("command", command), *form])
        replies.check(command, reply, self._redacted)
        return reply

    def _redacted(self, message: str) -> str:
        """The phone system may quote what it was sent; as it was sent, or decoded."""
        secrets = [secret for _, secret in self._credentials[1:] if secret]
        forms = {
            form(secret) for secret in secrets for form in (str, quote, quote_plus)
        }
        for form in sorted(forms, key=len, reverse=True):
            message = re.sub(re.escape(form), "***", message, flags=re.IGNORECASE)
        return message

    def _exchange(self, form: queries.Form) -> replies.Reply:
        """The elements of the reply.

        The time-outs of sockets hold for single reads; only another thread's work can
        be left when time is up. The exceptions of requests stay in that thread: they
        hold the request, and so the password.
        """
        outcome: queue.SimpleQueue[replies.Reply | Exception] = queue.SimpleQueue()

        def work() -> None:
            try:
                outcome.put(replies.parse(self._post(form)))
            except (requests.RequestException, HTTPError, OSError) as error:
                outcome.put(self._unreachable(error))
            except Exception as error:  # noqa: BLE001  # raised by the caller
                outcome.put(error)

        threading.Thread(target=work, daemon=True).start()
        try:
            found = outcome.get(timeout=self.timeout)
        except queue.Empty:
            found = self._unreachable(TimeoutError())
        if isinstance(found, Exception):
            raise found
        return found

    def _unreachable(self, error: BaseException) -> PhoneSystemUnreachable:
        """Tells what is at the bottom of an exception, but nothing received."""
        while deeper := error.__cause__ or error.__context__:
            error = deeper
        reason = getattr(error, "strerror", None) or type(error).__name__
        if isinstance(error, TimeoutError):
            reason = f"it did not come whole within {self.timeout} seconds"
        return PhoneSystemUnreachable(f"No reply from {self.url}: {reason}.")

    def _post(self, form: queries.Form) -> bytes:
        deadline = time.monotonic() + self.timeout
        with _Session() as session:
            session.trust_env = False
            with session.post(
                self.url,
                data=form + self._credentials,
                headers={"Accept-Encoding": "identity"},
                timeout=self.timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                _check_head(response)
                return _read_body(response, deadline)


class _Session(requests.Session):
    """Has no redirects: of one that is not followed requests reads all of the body."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def _check_head(response: requests.Response) -> None:
    if response.status_code != 200:
        raise UnexpectedReply(
            f"The reply has the HTTP status {response.status_code}, where the phone"
            " system has 200 even for errors. Is this the address of its HTTP API?"
        )
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise UnexpectedReply("The reply is compressed, which was not asked for.")


def _read_body(response: requests.Response, deadline: float) -> bytes:
    body = bytearray()
    while chunk := response.raw.read1(65_536, decode_content=False):
        body += chunk
        if len(body) > MAX_REPLY:
            raise UnexpectedReply(f"The reply has more than {MAX_REPLY} bytes.")
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(body)
