"""What a play has come to after an act, as data."""

import dataclasses
import typing as t
from collections.abc import Callable

from .identity import masked
from .identity import Value
from .states import Act
from .states import Kind


class Trouble(t.NamedTuple):
    """Something that went wrong during an act.

    :param name: the name of the finding.
    :param view: the view that had to do with it; empty if that is unknown.
    :param what: what happened.
    """

    name: str
    view: str
    what: str


@dataclasses.dataclass(frozen=True)
class Moment:
    """What a play has come to after an act."""

    kind: Kind
    heard: tuple[str, ...]
    awaits: str
    #: What the call is doing, as nested tuples.
    doing: t.Any
    #: What can be done now.
    acts: tuple[Act, ...] = ()
    views: tuple[str, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    #: The number that the call was transferred to.
    target: str = ""
    quiet: bool = False

    @property
    def key(self) -> t.Any:
        """A key that is equal for equal states."""
        heard = tuple(map(Value, self.heard))
        return self.kind, self.awaits, self.target, heard, self.doing

    def masked_key(self, mask: Callable[[str], str]) -> t.Any:
        """Return the key with texts and the values of views changed."""
        return masked(self.key, mask)
