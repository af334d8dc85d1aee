"""The shop's checkout: a voucher is redeemed by one order at a time, over HTTP or by the purchase that names it."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from services.notifier import purchases
from services.notifier.offers import store
from services.notifier.offers.news import Teller
from services.notifier.offers.store import Found
from services.notifier.offers.terms import Line, Order, Refusal, judged
from services.notifier.sealed import CODE_LENGTH, typed_code
from shared.db import Connection
from shared.events import PurchaseCompleted, PurchaseRefunded
from shared.lanes import OutboxRow

_LONGEST: Final = CODE_LENGTH + CODE_LENGTH // 4


async def redeem(tx: Connection, found: Found, order: Order) -> int | Refusal:
    """Let this order use the voucher, which `store.find` has locked: what it takes off, or why it is not taken.

    Told the same again it answers the same, even after the voucher has ended.
    """
    voucher = found.voucher
    mine = await store.redemption(tx, found.lane, voucher.code, order.id)
    if mine is not None and mine.refunded_at is None:
        return mine.discount
    verdict = judged(voucher, order, store.use_of(found, mine))
    if not isinstance(verdict, Refusal):
        await store.redeem(tx, found.lane, voucher.code, order, verdict)
    return verdict


class OrderBook:
    """What the shop's facts say of orders: vouchers they name are redeemed, those of refunded orders given back."""

    def __init__(self, teller: Teller, exponent: int) -> None:
        self._teller = teller
        self._exponent = exponent

    async def enter(
        self, tx: Connection, lane: int, facts: Sequence[PurchaseCompleted | PurchaseRefunded]
    ) -> list[OutboxRow]:
        """Take these orders and refunds in; returns the news of vouchers that did not count."""
        if not facts:
            return []
        await purchases.keep(tx, lane, facts, self._exponent)
        placed = [await self._placed(tx, lane, fact) for fact in _with_voucher(facts)]
        orders = sorted({(fact.subject, fact.data.order_id) for fact in facts})
        await store.give_back(tx, await purchases.refunded_in_full(tx, lane, orders))
        return [row for row in placed if row is not None]

    async def _placed(self, tx: Connection, lane: int, fact: PurchaseCompleted) -> OutboxRow | None:
        """A code that is none of ours is the shop's own affair."""
        code = typed_code(fact.data.voucher_code or "")
        found = await store.find(tx, code, lock=True) if len(code) <= _LONGEST else None
        if found is None:
            return None
        order = self._order(fact)
        verdict = await redeem(tx, found, order)
        if not isinstance(verdict, Refusal) or verdict is Refusal.REFUNDED:
            return None
        return self._teller.refused(lane, fact.subject, code, order, verdict)

    def _order(self, fact: PurchaseCompleted) -> Order:
        """`amount` is what the person pays: before the voucher the order was worth the discount more."""
        data = fact.data
        taken = self._minor(data.discount)
        lines = [Line(item.category, self._minor(item.amount)) for item in data.items or ()]
        value = (self._minor(data.amount) or 0) + (taken or 0)
        return Order(data.order_id, fact.subject, value, fact.at, lines, discount=taken)

    def _minor(self, amount: Decimal | None) -> int | None:
        return None if amount is None or not amount.is_finite() else int(amount.scaleb(self._exponent))


def _with_voucher(facts: Iterable[PurchaseCompleted | PurchaseRefunded]) -> list[PurchaseCompleted]:
    """By code, so that lanes that meet on a voucher wait for each other in one order."""
    named = [fact for fact in facts if isinstance(fact, PurchaseCompleted) and fact.data.voucher_code]
    return sorted(named, key=lambda fact: (typed_code(fact.data.voucher_code or ""), fact.at))
