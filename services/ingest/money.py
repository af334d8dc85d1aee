"""Where in a fact's data numbers of money and of pieces are; they are judged as they were sent, never as floats."""

from typing import Final

import msgspec
from msgspec import Raw

from services.ingest.checks import check_amount, check_quantity
from services.ingest.kinds import ABSENT
from services.ingest.shop import Shop
from shared import events


class _ItemNumbers(msgspec.Struct, gc=False):
    amount: Raw = Raw()
    cost: Raw = Raw()
    quantity: Raw = Raw()


class _PurchaseNumbers(msgspec.Struct, gc=False):
    amount: Raw
    discount: Raw = Raw()
    items: list[_ItemNumbers] | None = None


class _RefundNumbers(msgspec.Struct, gc=False):
    amount: Raw = Raw()


class _IdentificationNumbers(msgspec.Struct, gc=False):
    acquisition_cost: Raw = Raw()


_purchase: Final = msgspec.json.Decoder(_PurchaseNumbers)
_refund: Final = msgspec.json.Decoder(_RefundNumbers)
_identification: Final = msgspec.json.Decoder(_IdentificationNumbers)


def check_numbers(data: msgspec.Struct, sent: Raw, shop: Shop) -> None:
    """Check all numbers of `data`, which was read from `sent`. Raises ValueError."""
    match data:
        case events.Purchase():
            _check_purchase(_purchase.decode(sent), shop)
        case events.Refund():
            _check_amounts(shop, _refund.decode(sent).amount)
        case events.Identification(acquisition_cost=cost) if cost is not None:
            _check_amounts(shop, _identification.decode(sent).acquisition_cost)
        case _:
            pass


def _check_purchase(numbers: _PurchaseNumbers, shop: Shop) -> None:
    check_amount(numbers.amount, shop)
    _check_amounts(shop, numbers.discount)
    for item in numbers.items or ():
        _check_amounts(shop, item.amount, item.cost)
        if bytes(item.quantity) not in ABSENT:
            check_quantity(bytes(item.quantity))


def _check_amounts(shop: Shop, *tokens: Raw) -> None:
    for token in map(bytes, tokens):
        if token not in ABSENT:
            check_amount(token, shop)
