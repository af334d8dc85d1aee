"""Vouchers: made with the message that brings them, of nothing but it and the terms."""

from typing import NamedTuple

from services.notifier.offers.book import Amount, Entitlement, FreeShipping, Offer, OwnCode, Partner, Percent
from services.notifier.offers.money import minor
from services.notifier.sealed import voucher_code


class Voucher(NamedTuple):
    """A voucher as it is kept; amounts in minor units, instants in µs. `kind` is that of the book's offer."""

    code: str
    message: str
    person: str
    percent: int | None
    minimum: int | None
    issued_at: int
    valid_until: int
    play: str = ""
    offer: str = ""
    kind: str = "percent"
    amount: int | None = None
    categories: tuple[str, ...] = ()
    single_use: bool = True
    bound: bool = False


class Wanted(NamedTuple):
    """A message that is to bring an offer: `offer` names one of the book's, or a choice; `at` is an instant."""

    message: str
    person: str
    play: str
    offer: str
    at: int
    rung: int = 0
    interests: frozenset[str] = frozenset()
    ends_at: int | None = None
    """When what it is given for ends, and it with that."""


def end_of(wanted: Wanted, offer: Offer) -> int:
    """Until when the offer is good that comes with this message."""
    end = wanted.at + offer.valid
    return end if wanted.ends_at is None else min(end, wanted.ends_at)


def voucher_for(wanted: Wanted, offer: OwnCode, secret: bytes, exponent: int) -> Voucher:
    """The voucher that comes with a message; `exponent` is the currency's number of decimals."""
    return Voucher(
        code=voucher_code(secret, wanted.message),
        message=wanted.message,
        person=wanted.person,
        percent=offer.percent if isinstance(offer, Percent) else None,
        minimum=None if offer.minimum is None else minor(offer.minimum, exponent),
        issued_at=wanted.at,
        valid_until=end_of(wanted, offer),
        play=wanted.play,
        offer=offer.key,
        kind=kind_of(offer),
        amount=minor(offer.amount, exponent) if isinstance(offer, Amount) else None,
        categories=offer.categories,
        single_use=offer.single_use,
        bound=offer.bound,
    )


def kind_of(offer: OwnCode | Partner | Entitlement) -> str:
    """The kind as it is written in the book."""
    match offer:
        case Percent():
            return "percent"
        case Amount():
            return "amount"
        case FreeShipping():
            return "free_shipping"
        case Partner():
            return "partner"
        case Entitlement():
            return "perk"
