"""Purchases and refunds: which orders stand, and what they are worth."""

import pytest

from services.ladder.core.facts import Known
from shared.instants import DAY
from tests.make import day, fact, purchase, refund, rules
from tests.unit.core.told import stand, tell, told

COUNTED: dict[str, tuple[tuple[Known, ...], tuple[int, int, int]]] = {
    "one": ((purchase(day(0)),), (1, 1_000, 0)),
    "two orders": ((purchase(day(0)), purchase(day(1), amount="49.90")), (2, 5_990, 0)),
    "an order told twice": (
        (purchase(day(0), order="1"), purchase(day(1), order="1", amount="70")),
        (1, 1_000, 0),
    ),
    "an order told twice at one instant": (
        (purchase(day(0), order="1", id_="b", amount="70"), purchase(day(0), order="1", id_="a")),
        (1, 1_000, 0),
    ),
    "refunded in full": ((purchase(day(0), order="1"), refund(day(1), order="1")), (0, 0, 1_000)),
    "refunded in part": ((purchase(day(0), order="1"), refund(day(1), order="1", amount="3")), (1, 700, 300)),
    "refunded in parts that sum to all": (
        (purchase(day(0), order="1"), refund(day(1), order="1", amount="3"), refund(day(2), order="1", amount="7")),
        (0, 0, 1_000),
    ),
    "refunded more than was paid": (
        (purchase(day(0), order="1"), refund(day(1), order="1", amount="10.01")),
        (0, 0, 1_000),
    ),
    "refunded before it was bought": (
        (refund(day(0), order="1", amount="4"), purchase(day(1), order="1")),
        (1, 600, 400),
    ),
    "refunded in full before it was bought": ((refund(day(0), order="1"), purchase(day(1), order="1")), (0, 0, 1_000)),
    "a gift refunded": ((purchase(day(0), order="1", amount="0"), refund(day(1), order="1")), (0, 0, 0)),
    "a gift refunded by nothing": (
        (purchase(day(0), order="1", amount="0"), refund(day(1), order="1", amount="0")),
        (1, 0, 0),
    ),
    "a refund of nothing": ((purchase(day(0), order="1"), refund(day(1), order="1", amount="0")), (1, 1_000, 0)),
    "a refund of an order unknown": ((purchase(day(0)), refund(day(1), order="?")), (1, 1_000, 0)),
    "a refund of an order told twice": (
        (purchase(day(0), order="1"), purchase(day(1), order="1", amount="70"), refund(day(2), order="1")),
        (0, 0, 1_000),
    ),
}


@pytest.mark.parametrize(("facts", "totals"), COUNTED.values(), ids=COUNTED.keys())
def test_what_counts(facts: tuple[Known, ...], totals: tuple[int, int, int]) -> None:
    """Of an order the earliest purchase counts, less what went back; refunded in full it never counted."""
    standing = stand(*facts, at=day(3))
    assert (standing.purchases, standing.spent, standing.refunded) == totals


def test_a_refund_of_an_order_unknown_makes_known() -> None:
    """Somebody of whom only a refund is known stands on the first rung."""
    ladder = tell(refund(day(0), order="?"))
    assert told(ladder.changes) == [
        (0, "rung.promoted", None, 1, "purchase.refunded@2024-01-01T00:00:00Z"),
        (0, "phase.changed", None, "lead", "purchase.refunded@2024-01-01T00:00:00Z"),
    ]


def test_first_and_last_are_of_the_orders_that_stand() -> None:
    """A refund moves the first and the newest purchase, and the days between."""
    facts = [purchase(day(at), order=str(at)) for at in (0, 10, 20)]
    standing = stand(*facts, refund(day(30), order="0"), refund(day(30), order="20", id_="r"), at=day(31))
    assert (standing.first_purchase_at, standing.last_purchase_at, standing.purchase_days) == (day(10), day(10), 1)


def test_a_refund_is_the_cause_of_the_difference() -> None:
    """The person refunded falls at the refund's instant, and stands as if the order had never been."""
    ladder = tell(purchase(day(0)), purchase(day(10), order="1"), refund(day(40), order="1", id_="back"))
    assert told(ladder.changes)[-2:] == [
        (40, "rung.demoted", 4, 3, "back"),
        (40, "phase.changed", "growth", "retention", "back"),
    ]
    assert ladder.standing is not None
    assert (ladder.standing.rung_since, ladder.standing.phase_since) == (day(0), day(0))


def test_a_refund_from_the_past_is_announced_at_the_newest_step() -> None:
    """What a refund changes is announced no earlier than what was announced before it."""
    ladder = tell(purchase(day(0)), purchase(day(10), order="1"), fact("contact.objected", day(50)))
    ladder.learn(refund(day(40), order="1", id_="back"))
    assert told(ladder.changes)[-2:] == [
        (50, "rung.demoted", 4, 3, "back"),
        (50, "phase.changed", "growth", "retention", "back"),
    ]


def test_deadlines_before_a_refund_fire_as_steps_of_their_own() -> None:
    """A refund hides nothing of what became true before it."""
    ladder = tell(purchase(day(0)), purchase(day(10), order="1"))
    assert ladder.standing is not None
    risk_at = (ladder.standing.risk_at - day(0)) / DAY
    ladder.learn(refund(day(110), order="1", id_="back"))
    assert told(ladder.changes)[-3:] == [
        (risk_at, "phase.changed", "growth", "degeneration", "churn_risk"),
        (risk_at, "churn.risk_raised", "growth", "degeneration", "churn_risk"),
        (110, "rung.demoted", 4, 3, "back"),
    ]


def test_a_refund_of_the_only_purchase_leads_back_to_initiation() -> None:
    """Who bought nothing that stands is no customer, passive or at risk."""
    ladder = tell(purchase(day(0), order="1"), until=day(310))
    ladder.learn(refund(day(311), order="1", id_="back"))
    assert told(ladder.changes)[-2:] == [
        (311, "rung.demoted", 3, 1, "back"),
        (311, "phase.changed", "win_back", "lead", "back"),
    ]


def test_amounts_have_the_currency_s_decimals() -> None:
    """Money is an integer of the smallest unit, exact to the last digit."""
    standing = stand(
        purchase(day(0), amount="999999999999.99"), purchase(day(1), amount="0.01"), at=day(1), rules=rules()
    )
    assert standing.spent == 10**14
