"""A simulated phone system, which plays OzML applications in virtual time."""

from .calls import Call
from .calls import Message
from .calls import PlacedCall
from .exceptions import CallLoop
from .exceptions import CallStateError
from .phonesystem import PhoneSystem
from .randomcaller import Finding
from .routing import Routing
from .session import Outcome
from .switchboard import Urls
from .thirdparty import ThirdPartyCall

__all__ = [
    "Call",
    "CallLoop",
    "CallStateError",
    "Finding",
    "Message",
    "Outcome",
    "PhoneSystem",
    "PlacedCall",
    "Routing",
    "ThirdPartyCall",
    "Urls",
]
