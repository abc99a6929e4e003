"""The exceptions of the package, and the status codes of the phone system.

* OzMLError

  * ConfigurationError
  * NotificationError
  * CommandError

    * ParseError
    * NotImplementedCommand
    * InvalidParameter

      * ParameterTypeError

    * InappropriateCommand

  * TokenError

    * TokenExpired
    * TokenTooLong

  * DestinationNotAllowed
  * UnknownView
  * ViewFailed
  * PhoneSystemError

    * CallNotFound
    * AuthenticationFailed
    * Forbidden
    * ExtensionUnavailable

  * PhoneSystemUnreachable
  * UnexpectedReply
"""

import enum
import typing as t


class StatusCode(enum.IntEnum):
    """The status codes of the HTTP API.

    An Error notification has one of the codes 300 to 307; the reply to a request may
    have any. Source: the vendor's page "Status codes of Ozeki Phone System".
    """

    OK = 200
    PARSE_ERROR = 300
    NOT_IMPLEMENTED_COMMAND = 301
    INVALID_PARAMETER = 302
    INAPPROPRIATE_COMMAND = 303
    AUTHENTICATION_REQUIRED = 304
    AUTHENTICATION_FAILED = 305
    FORBIDDEN_USER = 306
    FORBIDDEN_ADDRESS = 307
    API_EXTENSION_UNAVAILABLE = 401
    CALL_CONNECT_FAILED = 402
    SMS_DESTINATION_NOT_FOUND = 501
    CALL_NOT_FOUND = 601
    CONFIG_NOT_FOUND = 701
    INVALID_CONFIG = 702
    CONFIG_ALREADY_EXISTS = 703


class OzMLError(Exception):
    """The base of all exceptions that Flask-OzML defines."""


class ConfigurationError(OzMLError):
    """A configuration key is missing or its value cannot be used."""


class NotificationError(OzMLError):
    """A posted body is not the notification that its URL expects."""


class CommandError(OzMLError):
    """An OzML command is wrong; :attr:`code` is what the phone system calls it."""

    code: t.ClassVar[StatusCode]


class ParseError(CommandError):
    """A document is not OzML."""

    code = StatusCode.PARSE_ERROR


class NotImplementedCommand(CommandError):
    """A document holds a command that Flask-OzML has no class for."""

    code = StatusCode.NOT_IMPLEMENTED_COMMAND


class InvalidParameter(CommandError, ValueError):
    """A command was given an argument that breaks a rule of OzML.

    :param command: the command's name.
    :param parameter: the argument's name.
    :param rule: the rule in words, to be read after the argument's name.
    :param value: the refused value. It may be what a caller typed or said, so it is
        in :attr:`value` only, never in the message.
    """

    code = StatusCode.INVALID_PARAMETER

    def __init__(
        self, command: str, parameter: str, rule: str, value: object = None
    ) -> None:
        super().__init__(f"{command}: {parameter!r} {rule}.")
        self.command = command
        self.parameter = parameter
        self.rule = rule
        self.value = value

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        # The value is not in args, because repr() shows them.
        return type(self), (self.command, self.parameter, self.rule, self.value)


class ParameterTypeError(InvalidParameter, TypeError):
    """An argument has a value of the wrong type."""


class InappropriateCommand(CommandError):
    """A command may not answer this notification."""

    code = StatusCode.INAPPROPRIATE_COMMAND


class TokenError(OzMLError):
    """The token of a URL is missing, or does not belong to this URL."""


class TokenExpired(TokenError):
    """The token of a URL is older than ``OZML_TOKEN_MAX_AGE``."""


class TokenTooLong(TokenError, ValueError):
    """A URL is longer than servers in front of an application accept."""


class DestinationNotAllowed(OzMLError):
    """A number of a request is not allowed by ``OZML_ALLOWED_DESTINATIONS``."""


class UnknownView(OzMLError):
    """A URL names a view that no longer exists."""


class ViewFailed(OzMLError):
    """Code of the site raised an HTTPException, which would become an HTML page.

    The exception is the ``__cause__``.
    """


class UnexpectedReply(OzMLError):
    """The reply to a request is not one of the phone system's HTTP API."""


# The codes whose message may contain a number, or the whole request.
_PRIVATE: t.Final = (StatusCode.PARSE_ERROR, StatusCode.CALL_CONNECT_FAILED)


class PhoneSystemError(OzMLError):
    """The phone system refused a request.

    :param command: the name of the request.
    :param code: the status code; a plain int if the vendor's page does not list it.
    :param message: the phone system's message. It may contain a number or the whole
        request, so the text of the exception repeats it only for codes whose message
        names no more than a command, a parameter, a type, an API extension or a call
        id.
    """

    def __init__(self, command: str, code: StatusCode | int, message: str) -> None:
        name = f" {code.name}" if isinstance(code, StatusCode) else ""
        words = f": {message}" if name and code not in _PRIVATE else "."
        super().__init__(f"{command}: {int(code)}{name}{words}")
        self.command = command
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.command, self.code, self.message)


class CallNotFound(PhoneSystemError):
    """No call has this id (code 601)."""


class AuthenticationFailed(PhoneSystemError):
    """The user name or the password is missing or wrong (codes 304 and 305)."""


class Forbidden(PhoneSystemError):
    """This user or this address may not send requests (codes 306 and 307)."""


class ExtensionUnavailable(PhoneSystemError):
    """The API extension is not available (code 401)."""


class PhoneSystemUnreachable(OzMLError):
    """No complete reply came, because of the network or within the time-out.

    It is unknown whether the phone system received the request and acted on it.
    """
