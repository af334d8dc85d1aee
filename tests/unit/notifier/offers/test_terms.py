"""Whether a voucher is taken for an order, and what it takes off."""

from typing import Any

import pytest

from services.notifier.offers import Voucher
from services.notifier.offers.terms import Line, Order, Refusal, Use, judged
from tests.make import day

UNUSED = Use(mine=False, refunded=False, others=False, withdrawn=False)


def voucher(**terms: Any) -> Voucher:
    """15 % off for c1, for a month."""
    plain = Voucher("C0DE", "m1", "c1", 15, None, day(0), day(30))
    return plain._replace(**terms)


def order(value: int = 10_000, *lines: Line, **more: Any) -> Order:
    """An order of c1's on the tenth day."""
    return Order("o1", "c1", value, day(10), lines)._replace(**more)


@pytest.mark.parametrize(
    ("terms", "placed", "taken_off"),
    [
        ({}, order(10_000), 1_500),
        ({}, order(3_333), 500),
        ({"percent": 100}, order(1), 1),
        ({"percent": None, "kind": "amount", "amount": 500}, order(10_000), 500),
        ({"percent": None, "kind": "amount", "amount": 500}, order(300), 300),
        ({"percent": None, "kind": "free_shipping"}, order(10_000, shipping=495), 495),
        ({"categories": ("Tea",)}, order(10_000, Line("tea", 2_000), Line("cups", 8_000)), 300),
        ({"categories": ("tea",)}, order(10_000, Line("tea", None), Line("cups", 8_000)), 1_500),
        ({"minimum": 10_000}, order(10_000), 1_500),
        ({}, order(10_000, discount=1_234), 1_234),
    ],
)
def test_what_a_voucher_takes_off(terms: dict[str, Any], placed: Order, taken_off: int) -> None:
    """A share of what it is for, rounded half up; never more than the order is worth; or what the shop says."""
    assert judged(voucher(**terms), placed, UNUSED) == taken_off


@pytest.mark.parametrize(
    ("terms", "placed", "use", "refusal"),
    [
        ({}, order(at=day(30)), UNUSED, Refusal.EXPIRED),
        ({}, order(), UNUSED._replace(others=True), Refusal.USED),
        ({}, order(), UNUSED._replace(withdrawn=True), Refusal.WITHDRAWN),
        ({}, order(), UNUSED._replace(mine=True, refunded=True), Refusal.REFUNDED),
        ({"minimum": 10_001}, order(10_000), UNUSED, Refusal.BELOW_MINIMUM),
        ({"categories": ("tea",)}, order(), UNUSED, Refusal.WRONG_CATEGORIES),
        ({"categories": ("tea",)}, order(10_000, Line("cups", 10_000)), UNUSED, Refusal.WRONG_CATEGORIES),
        (
            {"categories": ("tea",), "minimum": 5_000},
            order(10_000, Line("tea", 4_999), Line("cups", 5_001)),
            UNUSED,
            Refusal.BELOW_MINIMUM,
        ),
        ({"bound": True}, order(person="c2"), UNUSED, Refusal.WRONG_PERSON),
        ({"bound": True}, order(person=None), UNUSED, Refusal.WRONG_PERSON),
    ],
)
def test_why_a_voucher_is_not_taken(terms: dict[str, Any], placed: Order, use: Use, refusal: Refusal) -> None:
    """Each reason by itself."""
    assert judged(voucher(**terms), placed, use) is refusal


def test_a_voucher_for_many_orders_is_not_used_up() -> None:
    """What others did with it does not matter then."""
    assert judged(voucher(single_use=False), order(), UNUSED._replace(others=True)) == 1_500
