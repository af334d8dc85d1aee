"""Which orders stand, and what was paid for them: purchases against doublets and refunds."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from services.ladder.core.facts import key
from services.ladder.core.rules import Rules
from shared import events
from shared.events import PurchaseCompleted, PurchaseRefunded


class Paid(NamedTuple):
    """What one purchase is worth in minor units; `net` is None when it does not count."""

    net: int | None
    refunded: int


def paid(purchase: PurchaseCompleted, refunds: Sequence[PurchaseRefunded], rules: Rules) -> Paid:
    """What an order is worth after all its refunds: nothing that counts where they are for all of it."""
    amount = rules.minor(purchase.data.amount)
    parts = [refund.data.amount for refund in refunds]
    back = sum(rules.minor(part) for part in parts if part is not None)
    if None in parts or (back >= amount and back > 0):
        return Paid(None, amount)
    return Paid(amount - back, back)


def first_standing(facts: Sequence[events.Fact], rules: Rules) -> PurchaseCompleted | None:
    """The earliest purchase that stands."""
    return min((one for one, _ in standing(facts, rules)), key=key, default=None)


def standing(facts: Sequence[events.Fact], rules: Rules) -> list[tuple[PurchaseCompleted, int]]:
    """The purchases that stand, each with what was paid net of refunds; of several of one order the earliest counts."""
    refunds: defaultdict[str, list[PurchaseRefunded]] = defaultdict(list)
    orders: dict[str, PurchaseCompleted] = {}
    for fact in sorted(facts, key=key):
        if type(fact) is PurchaseRefunded:
            refunds[fact.data.order_id].append(fact)
        elif type(fact) is PurchaseCompleted:
            orders.setdefault(fact.data.order_id, fact)
    nets = [(one, paid(one, refunds.get(order, ()), rules).net) for order, one in orders.items()]
    return [(one, net) for one, net in nets if net is not None]
