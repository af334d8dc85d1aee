"""Which orders stand, and what was paid for them: purchases against doublets and refunds."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from services.ladder.core.facts import Known, key
from services.ladder.core.rules import Rules
from shared import events
from shared.events import PurchaseCompleted, PurchaseRefunded


class Paid(NamedTuple):
    """What one purchase is worth in minor units; `net` is None when it does not count."""

    net: int | None
    refunded: int


Bill = dict[tuple[str, str], Paid]
"""By (source, id) of the purchase."""


def bill(facts: Sequence[Known], rules: Rules) -> Bill:
    """What each purchase is worth when all these facts are known; `facts` are in order."""
    refunds: defaultdict[str, list[int | None]] = defaultdict(list)
    for fact in facts:
        if type(fact) is PurchaseRefunded:
            amount = fact.data.amount
            refunds[fact.data.order_id].append(None if amount is None else rules.minor(amount))
    found: Bill = {}
    seen: set[str] = set()
    for fact in facts:
        if type(fact) is PurchaseCompleted:
            order = fact.data.order_id
            again = order in seen
            seen.add(order)
            found[fact.source, fact.id] = (
                Paid(None, 0) if again else _paid(rules.minor(fact.data.amount), refunds.get(order, []))
            )
    return found


def _paid(amount: int, refunds: list[int | None]) -> Paid:
    back = sum(refund for refund in refunds if refund is not None)
    if None in refunds or (back >= amount and back > 0):
        return Paid(None, amount)
    return Paid(amount - back, back)


def first_standing(facts: Sequence[events.Fact], rules: Rules) -> PurchaseCompleted | None:
    """The earliest purchase that stands."""
    ordered = sorted(facts, key=key)
    paid = bill(ordered, rules)
    purchases = (fact for fact in ordered if type(fact) is PurchaseCompleted)
    return next((fact for fact in purchases if paid[fact.source, fact.id].net is not None), None)
