"""Whether a voucher may be redeemed for an order, and what it takes off. Pure."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from services.notifier.offers.money import share
from services.notifier.offers.voucher import Voucher


class Refusal(StrEnum):
    """Why a voucher is not taken."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    """Another order has it."""
    BELOW_MINIMUM = "below_minimum"
    WRONG_CATEGORIES = "wrong_categories"
    WITHDRAWN = "withdrawn"
    """Taken back by the shop, or its message was never sent."""
    WRONG_PERSON = "wrong_person"
    REFUNDED = "refunded"
    """This order had it, and was refunded."""


class Line(NamedTuple):
    """A line of an order, in minor units; `amount` None: not told."""

    category: str | None
    amount: int | None


class Order(NamedTuple):
    """An order as the checkout sees it: its value before the voucher, in minor units; `at` is an instant."""

    id: str
    person: str | None
    value: int
    at: int
    lines: Sequence[Line] = ()
    shipping: int = 0
    discount: int | None = None
    """What was taken off, where the shop has already done so."""


class Use(NamedTuple):
    """What is known of a voucher's use: by this order, and whether another order has it."""

    mine: bool
    refunded: bool
    """This order was refunded."""
    others: bool
    withdrawn: bool


def judged(voucher: Voucher, order: Order, use: Use) -> int | Refusal:
    """What the voucher takes off this order, in minor units, or why it is not taken."""
    refusal = _refusal(voucher, order, use)
    return discount(voucher, order) if refusal is None else refusal


def _refusal(voucher: Voucher, order: Order, use: Use) -> Refusal | None:
    checks = (
        (Refusal.REFUNDED, use.refunded),
        (Refusal.WITHDRAWN, use.withdrawn),
        (Refusal.USED, voucher.single_use and use.others),
        (Refusal.EXPIRED, order.at >= voucher.valid_until),
        (Refusal.WRONG_PERSON, voucher.bound and order.person != voucher.person),
        (Refusal.WRONG_CATEGORIES, bool(voucher.categories) and not _matching(voucher, order)),
        (Refusal.BELOW_MINIMUM, voucher.minimum is not None and eligible(voucher, order) < voucher.minimum),
    )
    return next((refusal for refusal, failed in checks if failed), None)


def eligible(voucher: Voucher, order: Order) -> int:
    """The part of the order's value that the voucher is for; lines without an amount count as the whole order."""
    if not voucher.categories:
        return order.value
    amounts = [line.amount for line in _matching(voucher, order)]
    told = [amount for amount in amounts if amount is not None]
    return order.value if len(told) < len(amounts) else min(sum(told), order.value)


def _matching(voucher: Voucher, order: Order) -> list[Line]:
    wanted = {category.strip().casefold() for category in voucher.categories}
    return [line for line in order.lines if line.category and line.category.strip().casefold() in wanted]


def discount(voucher: Voucher, order: Order) -> int:
    """What the voucher takes off; what the shop has taken off already counts as it is."""
    if order.discount is not None:
        return order.discount
    if voucher.kind == "free_shipping":
        return order.shipping
    if voucher.percent is not None:
        return share(eligible(voucher, order), voucher.percent)
    return min(voucher.amount or 0, eligible(voucher, order))
