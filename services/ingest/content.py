"""What is checked of a fact's data beyond its types: money as it was sent, never as floats, and who is named."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Raw

from services.ingest.checks import ABSENT, check_amount, check_currency, check_person, check_quantity
from services.ingest.shop import Shop
from shared import events

Check = Callable[[Any, Raw, Shop], None]
"""Checks data that was read from this JSON. Raises ValueError."""

_NONE: Final = Raw()


class _ItemNumbers(msgspec.Struct, gc=False):
    amount: Raw = _NONE
    cost: Raw = _NONE
    quantity: Raw = _NONE


class _PurchaseNumbers(msgspec.Struct, gc=False):
    amount: Raw
    discount: Raw = _NONE
    items: list[_ItemNumbers] | None = None


class _RefundNumbers(msgspec.Struct, gc=False):
    amount: Raw = _NONE


class _IdentificationNumbers(msgspec.Struct, gc=False):
    acquisition_cost: Raw = _NONE


_of_purchase: Final = msgspec.json.Decoder(_PurchaseNumbers)
_of_refund: Final = msgspec.json.Decoder(_RefundNumbers)
_of_identification: Final = msgspec.json.Decoder(_IdentificationNumbers)


def _check_purchase(purchase: events.Purchase, sent: Raw, shop: Shop) -> None:
    check_currency(purchase.currency, shop)
    numbers = _of_purchase.decode(sent)
    check_amount(numbers.amount, shop)
    _check_amount(numbers.discount, shop)
    for item in numbers.items or ():
        _check_amount(item.amount, shop)
        _check_amount(item.cost, shop)
        if bytes(item.quantity) not in ABSENT:
            check_quantity(bytes(item.quantity))


def _check_refund(_: events.Refund, sent: Raw, shop: Shop) -> None:
    _check_amount(_of_refund.decode(sent).amount, shop)


def _check_identification(identification: events.Identification, sent: Raw, shop: Shop) -> None:
    if identification.acquisition_cost is not None:
        _check_amount(_of_identification.decode(sent).acquisition_cost, shop)


def _check_referral(referral: events.Referral, _: Raw, __: Shop) -> None:
    if referral.referee is not None:
        check_person(referral.referee)


def _check_amount(token: Raw, shop: Shop) -> None:
    if token is not _NONE and bytes(token) not in ABSENT:
        check_amount(token, shop)


def nothing_more(_: object, __: Raw, ___: Shop) -> None:
    """The types say it all."""


CHECKS: Final[dict[type[msgspec.Struct], Check]] = {
    events.Purchase: _check_purchase,
    events.Refund: _check_refund,
    events.Identification: _check_identification,
    events.Referral: _check_referral,
}
