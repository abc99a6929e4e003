"""Values that several formats share."""

import typing as t

#: How a boolean may be written, in lower case.
BOOLEANS: t.Final = {"true": True, "1": True, "false": False, "0": False}
