"""What a friend buys, told to the lane of the maker who is credited: order by order, and anew when one changes."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from services.ladder.announce import SOURCE
from services.ladder.core import orders, worth
from services.ladder.core.rules import Rules
from services.ladder.friends import Friend, LaneOf, row
from shared import instants
from shared.events import Fact, FactRef, PurchaseCompleted, ReferralSold, Sale, derived_id
from shared.lanes import OutboxRow

Orders = dict[tuple[str, str], tuple[PurchaseCompleted, int]]
"""By source and id the orders that stand, each with what was paid, net of refunds."""


class Known(NamedTuple):
    """To whom a friend is credited, and the orders this maker knows of."""

    maker: str | None
    orders: Orders


NOBODY: Final = Known(None, {})


class Telling(NamedTuple):
    """What all messages of one cause share; without a cause each order is its own."""

    cause: FactRef | None
    rules: Rules
    lane_of: LaneOf


def known(friend: Friend, facts: Sequence[Fact], rules: Rules) -> Known:
    """What the maker is to know, by all facts of the friend: credited from their first order on, so all of them."""
    if friend.maker is None:
        return NOBODY
    return Known(friend.maker, {(one.source, one.id): (one, net) for one, net in orders.standing(facts, rules)})


def retold(friend: Friend, former: Known, now: Known, telling: Telling, *, anew: bool) -> list[OutboxRow]:
    """Tell the makers concerned what differs from `former`; `anew`: the version has just risen with the credit."""
    changes = [*_changes(former, now)]
    if changes and not anew:
        friend.version += 1
    return [told(maker, friend.version, order, net, telling) for maker, order, net in changes]


def _changes(former: Known, now: Known) -> Iterator[tuple[str, PurchaseCompleted, int | None]]:
    same = former.maker == now.maker
    if former.maker is not None:
        for name, (order, _) in former.orders.items():
            if not same or name not in now.orders:
                yield former.maker, order, None
    if now.maker is not None:
        for name, (order, net) in now.orders.items():
            if not same or name not in former.orders or former.orders[name][1] != net:
                yield now.maker, order, net


def told(maker: str, version: int, order: PurchaseCompleted, net: int | None, telling: Telling) -> OutboxRow:
    """The record about one order; `net` None: nothing is credited for it any more."""
    time, friend = instants.text(order.at), order.subject
    itself = FactRef(at=time, person=friend, source=order.source, id=order.id)
    costed, cost = (0, 0) if net is None else worth.goods(order.data, net, telling.rules)
    data = Sale(
        friend=friend,
        order=itself,
        paid=None if net is None else _major(net, telling.rules),
        costed=_major(costed, telling.rules),
        cost=_major(cost, telling.rules),
        cause=telling.cause or itself,
        version=version,
    )
    name = derived_id("referral.sold", maker, friend, order.source, order.id, str(version))
    return row(ReferralSold(id=name, source=SOURCE, subject=maker, time=time, data=data), telling.lane_of)


def _major(minor: int, rules: Rules) -> Decimal:
    return Decimal(minor).scaleb(-rules.exponent)
