"""The HTTP API: the requests that an application may send to the phone system.

Source, unless another is named: the vendor's pages "... HTTP API command of Ozeki
Phone System".
"""

import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import MutableSequence
from collections.abc import Sequence

from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Request as HttpRequest
from werkzeug.wrappers import Response

from ..commands import BY_NAME
from ..commands import Call as CallCommand
from ..commands import Element
from ..commands import SendEmail
from ..commands import SendSms
from ..errors import InappropriateCommand
from ..errors import StatusCode
from ..http_api.requests import REQUESTS
from .http_forms import argument
from .http_forms import Config
from .http_forms import config_of
from .http_forms import Form
from .http_forms import form_of
from .http_forms import leaf
from .http_forms import Refusal
from .http_forms import reply
from .http_forms import row
from .http_lists import active_calls
from .http_lists import call_history
from .session import PhoneCall
from .session import Transcript
from .switchboard import Switchboard
from .thirdparty_commands import execute

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIEnvironment

#: Bytes that a request may have. Assumption: the vendor names no limit.
MAX_REQUEST: t.Final = 1 << 20
#: The API extension of a request that names none. Assumption: that of the vendor's
#: examples.
API_EXTENSION: t.Final = "9999"


class HttpApi:
    """A WSGI application that answers the requests of the HTTP API, at any path.

    When the reply comes, the request has taken effect and its notifications have been
    posted; but a request of a view that is answering a notification gets its reply
    first, and its notifications are posted after the answer (the vendor's order is
    undocumented). What an application in process raises is raised here.

    Assumptions: a number that is ``"not found"`` in :attr:`PhoneSystem.extensions` is
    no API extension (401), cannot be called (402) and gets no messages (501); the reply
    to Call comes while it rings, so that busy and no answer are posted to its ErrorUrl;
    unknown parameters are ignored, and the case of a command does not matter.
    ListExtensionTypes and SendAlarmNotification, whose pages are not known, get 301.

    :param switchboard: the phone system.
    :param calls: its calls.
    :param transcripts: the list to which requests are added.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        calls: Sequence[PhoneCall],
        transcripts: MutableSequence[Transcript],
    ) -> None:
        self.switchboard = switchboard
        self._calls = calls
        self._transcripts = transcripts
        #: Passwords by user name. If there are any, each request must have one of them
        #: (office user authentication). Assumption: this is checked first.
        self.users: dict[str, str] = {}
        #: The configurations of extensions by their ids.
        self.configs: dict[str, Config] = {}

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        http = HttpRequest(environ)
        http.max_content_length = MAX_REQUEST
        try:
            if http.method not in ("GET", "POST"):
                raise MethodNotAllowed(["GET", "POST"])
            body = self._reply(http)
        except HTTPException as error:
            return error(environ, start_response)
        answer = Response(body, content_type="application/xml")
        return answer(environ, start_response)

    def _reply(self, http: HttpRequest) -> bytes:
        request = Transcript("Request")
        self._transcripts.append(request)
        elements: Iterable[Element] = ()
        try:
            form = form_of(http)
            request.title = f"Request {form.get('command', '')}"
            self._admit(form)
            elements = self._run(request, form)
            code, message = StatusCode.OK, "Command successfully executed"
        except Refusal as refusal:
            code, message = refusal.code, str(refusal)
        request.note("*" if code == StatusCode.OK else "!", f"{code:d} {message}")
        return reply(code, message, elements)

    def _admit(self, form: Form) -> None:
        """Source: the vendor's page "How to control the user authentication"."""
        name, password = form.get("username"), form.get("password")
        if self.users and not (name and password):
            raise Refusal(StatusCode.AUTHENTICATION_REQUIRED)
        if self.users and self.users.get(str(name)) != password:
            raise Refusal(StatusCode.AUTHENTICATION_FAILED)

    def _run(self, request: Transcript, form: Form) -> Iterable[Element]:
        name = form.get("command", "")
        known = REQUESTS.get(name.lower())
        if known is None:
            raise _unknown(name)
        arguments: dict[str, t.Any] = {}
        for parameter in known.parameters:
            value = argument(known.command, parameter, form)
            # Before the next parameter: the vendor's example has no Url and gets 401.
            if parameter.name == "api_extension":
                value = value or API_EXTENSION
                if not self.finds(value):
                    raise Refusal(StatusCode.API_EXTENSION_UNAVAILABLE, str(value))
            arguments[parameter.name] = value
        handler = _HANDLERS.get(known.command)
        if handler:
            return handler(self, request, **arguments)
        with self.switchboard.turn(request, request=True):
            _control(self, known.command, arguments)
        return ()

    @property
    def calls(self) -> Sequence[PhoneCall]:
        """The calls at this moment."""
        return tuple(self._calls)

    def finds(self, number: object) -> bool:
        """Return whether anything has that number."""
        return self.switchboard.outcome(str(number)) != "not found"


# The vendor lists these in answers only.
_ANSWERS_ONLY: t.Final = (BY_NAME.keys() - REQUESTS.keys()) | {
    "array",
    "deletefile",
    "foreach",
    "movefile",
    "receivealarmnotification",
}


def _unknown(command: str) -> Refusal:
    """Assumption: 303 for a command that only OzML has, 302 for none at all."""
    if not command:
        return Refusal(StatusCode.INVALID_PARAMETER, "command", "")
    if command.lower() in _ANSWERS_ONLY:
        return Refusal(StatusCode.INAPPROPRIATE_COMMAND, command)
    return Refusal(StatusCode.NOT_IMPLEMENTED_COMMAND, command)


def _control(api: HttpApi, command: str, arguments: Mapping[str, t.Any]) -> None:
    """Run the OzML command of the same name (third-party call control)."""
    calls = [_found(api, arguments[name]) for name in _CALL_IDS if name in arguments]
    try:
        execute(api.switchboard, calls[0], BY_NAME[command.lower()](**arguments))
    except InappropriateCommand as error:
        raise Refusal(error.code, command) from None


_CALL_IDS: t.Final = ("call_id", "transferred_call_id", "target_call_id")


def _found(api: HttpApi, call_id: str) -> PhoneCall:
    for call in api.calls:
        if call.id == call_id and not call.ended:
            return call
    raise Refusal(StatusCode.CALL_NOT_FOUND, call_id)


def _call(
    api: HttpApi, request: Transcript, *, dialed: str, **others: t.Any
) -> Iterable[Element]:
    if not api.finds(dialed):
        raise Refusal(StatusCode.CALL_CONNECT_FAILED, dialed, "NotFound")
    command = CallCommand(dialed, **others)
    with api.switchboard.turn(request, request=True):
        api.switchboard.place(command, "")
    return ()


def _send_sms(
    api: HttpApi, request: Transcript, *, api_extension: str | None, **others: t.Any
) -> Iterable[Element]:
    """Assumption: SmsId comes after the message."""
    if not api.finds(others["recipient"]):
        raise Refusal(StatusCode.SMS_DESTINATION_NOT_FOUND)
    command = SendSms(api_extension=api_extension, **others)
    with api.switchboard.turn(request, request=True):
        sms_id = api.switchboard.send_sms(request, command, api_extension or "")
    return [leaf("SmsId", sms_id)]


def _send_email(
    api: HttpApi, request: Transcript, **arguments: t.Any
) -> Iterable[Element]:
    if not api.finds(arguments["recipient"]):
        raise Refusal(StatusCode.SMS_DESTINATION_NOT_FOUND)
    with api.switchboard.turn(request, request=True):
        api.switchboard.send_email(request, SendEmail(**arguments))
    return ()


def _list_extensions(api: HttpApi, request: Transcript) -> Iterable[Element]:
    """Return the extensions that have been configured."""
    rows = [
        row("ExtensionSummary", Id=config.extension_id, Type=config.extension_type)
        for config in tuple(api.configs.values())
    ]
    return [Element("Extensions", None, *rows)]


def _get_config(
    api: HttpApi, request: Transcript, *, extension_id: str
) -> Iterable[Element]:
    return [_config(api, extension_id).element]


def _add_config(
    api: HttpApi, request: Transcript, *, extension_type: str, config_xml: str
) -> Iterable[Element]:
    config = config_of(extension_type, config_xml)
    if api.configs.setdefault(config.extension_id, config) is not config:
        raise Refusal(StatusCode.CONFIG_ALREADY_EXISTS)
    return ()


def _modify_config(
    api: HttpApi, request: Transcript, *, extension_type: str, config_xml: str
) -> Iterable[Element]:
    """Assumption: 701 for an extension that does not exist."""
    config = config_of(extension_type, config_xml)
    _config(api, config.extension_id)
    api.configs[config.extension_id] = config
    return ()


def _remove_config(
    api: HttpApi, request: Transcript, *, extension_id: str
) -> Iterable[Element]:
    _config(api, extension_id)
    del api.configs[extension_id]
    return ()


def _active_calls(api: HttpApi, request: Transcript) -> Iterable[Element]:
    return active_calls(api.calls)


def _call_history(
    api: HttpApi, request: Transcript, **arguments: t.Any
) -> Iterable[Element]:
    return call_history(api.calls, **arguments)


def _config(api: HttpApi, extension_id: str) -> Config:
    """Assumption: the message names the id, since its type is undocumented."""
    try:
        return api.configs[extension_id]
    except KeyError:
        raise Refusal(StatusCode.CONFIG_NOT_FOUND, extension_id) from None


#: The requests that are not third-party call control.
_HANDLERS: t.Final[Mapping[str, Callable[..., Iterable[Element]]]] = {
    "AddConfig": _add_config,
    "Call": _call,
    "GetCallHistory": _call_history,
    "GetConfig": _get_config,
    "ListActiveCalls": _active_calls,
    "ListExtensions": _list_extensions,
    "ModifyConfig": _modify_config,
    "RemoveConfig": _remove_config,
    "SendEmail": _send_email,
    "SendSms": _send_sms,
}
