"""A phone in the browser, to build a telephone application by looking at it.

It is a command of its own and never a part of the application.
"""

from .command import Options
from .command import run

__all__ = ["Options", "run"]
