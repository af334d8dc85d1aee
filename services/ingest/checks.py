"""What is checked of single values beyond their type. Each check raises ValueError, in words for who posts events."""

import re
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec import Raw

from services.ingest.shop import Shop
from shared import instants
from shared.events import LARGEST_AMOUNT

_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_ZONE: Final = re.compile(r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})\Z")
_DECIMAL_TEXT: Final = re.compile(r"[0-9]{1,13}(?:\.[0-9]+)?")
_TIDY_AMOUNT: Final = re.compile(rb'"?[0-9]{1,12}(?:\.[0-9]{1,2}0*)?"?')
"""What nearly every amount looks like; right for currencies of two or more digits without any arithmetic."""
ABSENT: Final = frozenset({b"", b"null"})
"""Of a value in JSON: not there, or null, which a CloudEvent treats alike."""
LONGEST_NUMBER: Final = 400
"""Characters of a number; beyond them it is an attack or an accident."""
TOO_LONG: Final = f"a number has at most {LONGEST_NUMBER} characters"


def instant_of(time: str, latest: int) -> int:
    """The instant of an event's time, which may not lie behind `latest` nor before 1970."""
    if not _RFC_3339.fullmatch(time):
        if len(time) >= 16 and not _ZONE.search(time):
            raise ValueError("the time has no zone; write Z or an offset such as +02:00")
        raise ValueError("must be an RFC 3339 time such as 2026-01-31T12:00:00Z")
    at = instants.parse(time)
    if at > latest:
        raise ValueError("lies more than a day in the future")
    if at < 0:
        raise ValueError("lies before 1970")
    return at


def check_person(person: str) -> None:
    """Refuse what looks like an address where a pseudonym belongs."""
    if "@" in person:
        raise ValueError(
            "looks like an e-mail address; use the person's id in the shop, and put the address into data.profile "
            "of a contact.identified"
        )


def check_currency(currency: str, shop: Shop) -> None:
    """A shop has one currency."""
    if currency != shop.currency:
        raise ValueError(f"must be the shop's currency, {shop.currency}")


def check_amount(token: Raw | bytes, shop: Shop) -> None:
    """Check an amount of money as it stands in the JSON: a number, or text with the quotes around it."""
    if shop.exponent >= 2 and _TIDY_AMOUNT.fullmatch(token):
        return
    amount = check_quantity(bytes(token))
    if _fraction_digits(amount) > shop.exponent:
        raise ValueError(f"{shop.currency} has at most {shop.exponent} decimal digits")


def check_quantity(token: bytes) -> Decimal:
    """Check a decimal number that is not negative, as it stands in the JSON, and return it."""
    number = _decimal(token)
    if number < 0:
        raise ValueError("must not be negative")
    if number > LARGEST_AMOUNT:
        raise ValueError(f"must not be above {LARGEST_AMOUNT}")
    return number


def _decimal(token: bytes) -> Decimal:
    if len(token) > LONGEST_NUMBER:
        raise ValueError(TOO_LONG)
    text = token.decode()
    if text.startswith('"') and not _DECIMAL_TEXT.fullmatch(text[1:-1]):
        raise ValueError('must be a decimal number such as "49.90", with a point and without sign or separators')
    try:
        number = Decimal(text.strip('"'))
    except InvalidOperation as error:
        raise ValueError("must be a decimal number") from error
    return number


def _fraction_digits(number: Decimal) -> int:
    """Digits behind the point that say something: 2 for 49.900."""
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    zeros = 0
    while zeros < len(digits) and digits[-1 - zeros] == 0:
        zeros += 1
    return max(0, -exponent - zeros) if any(digits) else 0
