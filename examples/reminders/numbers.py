"""Which numbers are called."""

import typing as t

import phonenumbers
from phonenumbers import PhoneNumberFormat
from phonenumbers import PhoneNumberType

_MOBILE: t.Final = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
#: Premium and shared-cost numbers and the like are not called.
_CALLED: t.Final = (*_MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.VOIP)


def normalise(number: str, region: str) -> str | None:
    """Return a number in the form ``+36301112222``; None if it is not called.

    :param number: a national or international number, as people write them.
    :param region: the country whose numbers are called.
    """
    # phonenumbers reads letters as the keys that they are on.
    if any(map(str.isalpha, number)):
        return None
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number_for_region(parsed, region):
        return None
    if parsed.extension or phonenumbers.number_type(parsed) not in _CALLED:
        return None
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def takes_sms(number: str) -> bool:
    """Return whether a normalised number may be that of a mobile telephone."""
    return phonenumbers.number_type(phonenumbers.parse(number)) in _MOBILE


def readable(number: str) -> str:
    """Return a normalised number with blanks, and any other text as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
