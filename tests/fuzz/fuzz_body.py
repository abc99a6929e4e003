"""Fuzz the parser of posted bodies, compared with a second one.

The first byte of an input chooses the kind that is expected, and whether its
NotificationName and required fields precede the rest of the input.
"""

import logging

import atheris

with atheris.instrument_imports(include=["flask_ozml"]):
    import tables as reading
    from flask_ozml.errors import NotificationError
    from flask_ozml.notifications import parse
    from samples import SAMPLES

from harness import fuzz

KINDS = list(reading.NAMES)
WHOLE = 0x80


def target(data: bytes) -> str:
    first, rest = data[:1] or b"\0", data[1:]
    kind = KINDS[first[0] % len(KINDS)]
    posted = reading.body(kind, b"Note=1") + b"&" + rest if first[0] & WHOLE else rest
    expected = reading.fields_by_urllib(kind, posted)
    try:
        notification = parse(kind, posted)
    except NotificationError as error:
        assert expected is None, "refused, but the second parser accepts it"
        if str(error).startswith("Expected"):
            return "refused: another NotificationName, the first check"
        return "refused: a field given twice, or a required one missing"
    assert expected == notification.fields, "the second parser finds other fields"
    repr(notification)
    hash(notification)
    assert (notification.answer_family is None) == (kind is KINDS[-1])
    return "parsed"


def seeds() -> list[bytes]:
    found = [bytes([len(KINDS) - 1]) + b"NotificationName=Error&Code=302&Message=a"]
    for sample in SAMPLES.values():
        kind = KINDS.index(sample.notification)
        found.append(bytes([kind]) + sample.body)
        whole = (byte for byte in range(WHOLE, 256) if byte % len(KINDS) == kind)
        found.append(bytes([next(whole)]) + b"&Note=%E1%20+\xe9")
    return found


if __name__ == "__main__":
    logging.getLogger("flask_ozml").setLevel(logging.CRITICAL)
    fuzz(
        target,
        seeds(),
        [*reading.WIRE_NAMES, *reading.NAMES.values(), "&", "=", "%", "+", "%26"],
    )
