"""Explores the calls of an application: a map of what callers hear, and its mistakes.

A call is played from its first prompt with the simulator, breadth first: every key of a
menu, the digits that are given and one wrong entry, silence, speaking and not speaking
into a recording, and each outcome of a transfer or a call. Each path is played from the
beginning in a fresh phone system, so the views run each time: what they store is
stored, and what they send is sent, but no request reaches a real phone system.
"""

from .explore import Bounds
from .states import Act
from .states import Edge
from .states import Finding
from .states import Flow
from .states import State
from .whole import CheckedPhoneSystem
from .whole import explore

__all__ = [
    "Act",
    "Bounds",
    "CheckedPhoneSystem",
    "Edge",
    "Finding",
    "Flow",
    "State",
    "explore",
]
