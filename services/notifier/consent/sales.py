"""Which of a person's orders stand as a sale, and what was sold. Pure."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

import msgspec

from shared.events import PurchaseCompleted, PurchaseRefunded


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """An order as its fact told it; `amount` in major units."""

    order_id: str
    at: int
    id: str
    amount: Decimal
    categories: tuple[str, ...] = ()


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money given back for an order; without `amount` in full."""

    order_id: str
    at: int
    id: str
    amount: Decimal | None = None


Sale = Purchase | Refund


class Order(NamedTuple):
    """An order that stands: when it was made, and the categories of its goods."""

    id: str
    at: int
    categories: frozenset[str]


def sale_of(fact: PurchaseCompleted | PurchaseRefunded) -> Sale:
    """What of a fact bears on consents; of a purchase each category that its items name."""
    order, at, id_ = fact.data.order_id, fact.at, fact.id
    if isinstance(fact, PurchaseRefunded):
        return Refund(order_id=order, at=at, id=id_, amount=fact.data.amount)
    names = tuple(dict.fromkeys(each.category for each in fact.data.items or () if each.category))
    return Purchase(order_id=order, at=at, id=id_, amount=fact.data.amount, categories=names)


def standing(sales: Iterable[Sale], known_until: int | None) -> dict[str, Order]:
    """The orders that stand, by id: of several purchases of one order the earliest counts, one refunded in full never.

    `known_until` leaves out what happened later (None: nothing).
    """
    known = [each for each in sales if known_until is None or each.at <= known_until]
    purchases: dict[str, Purchase] = {}
    refunds: dict[str, list[Refund]] = {}
    for each in sorted(known, key=lambda sale: (sale.at, sale.id)):
        if isinstance(each, Purchase):
            purchases.setdefault(each.order_id, each)
        else:
            refunds.setdefault(each.order_id, []).append(each)
    return {
        order: Order(order, purchase.at, frozenset(map(category, purchase.categories)))
        for order, purchase in purchases.items()
        if not _all_back(purchase, refunds.get(order, ()))
    }


def all_given_back(sales: Iterable[Sale], known_until: int | None) -> bool:
    """Whether there were orders up to then, and none of them stands."""
    told = [each for each in sales if isinstance(each, Purchase) and (known_until is None or each.at <= known_until)]
    return bool(told) and not standing(sales, known_until)


def category(name: str) -> str:
    """A category without what makes no difference between two spellings."""
    return " ".join(name.casefold().split())


def _all_back(purchase: Purchase, refunds: Iterable[Refund]) -> bool:
    """As the ladder counts it: all of it, at once or in parts."""
    parts = [each.amount for each in refunds]
    back = sum((part for part in parts if part is not None), Decimal(0))
    return None in parts or (back >= purchase.amount and back > 0)
