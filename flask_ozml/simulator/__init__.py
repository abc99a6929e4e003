"""A phone system without a phone system: plays OzML applications in virtual time."""

from .calls import Call as Call
from .calls import Message as Message
from .calls import PlacedCall as PlacedCall
from .exceptions import CallLoop as CallLoop
from .exceptions import CallStateError as CallStateError
from .phonesystem import PhoneSystem as PhoneSystem
from .randomcaller import Finding as Finding
from .routing import Routing as Routing
from .switchboard import Outcome as Outcome
from .thirdparty import ThirdPartyCall as ThirdPartyCall
