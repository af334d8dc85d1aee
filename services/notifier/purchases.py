"""What the notifier keeps of orders: when, how much, and what of it was given back. Known by the shop's order id."""

from collections.abc import Sequence

from shared.db import Connection
from shared.events import PurchaseCompleted, PurchaseRefunded

Facts = Sequence[PurchaseCompleted | PurchaseRefunded]


async def keep(tx: Connection, lane: int, facts: Facts, exponent: int) -> None:
    """Keep these orders and refunds, in any order of arrival; of several orders with one id the earliest counts."""
    await _keep_purchases(tx, lane, [fact for fact in facts if isinstance(fact, PurchaseCompleted)], exponent)
    await _keep_refunds(tx, lane, [fact for fact in facts if isinstance(fact, PurchaseRefunded)], exponent)


async def _keep_purchases(tx: Connection, lane: int, facts: Sequence[PurchaseCompleted], exponent: int) -> None:
    await tx.executemany(
        """
        insert into notifier.purchase as old (lane, person, order_id, at, id, amount) values ($1, $2, $3, $4, $5, $6)
        on conflict (lane, person, order_id) do update set at = excluded.at, id = excluded.id, amount = excluded.amount
        where (excluded.at, excluded.id) < (old.at, old.id)
        """,
        [
            (lane, fact.subject, fact.data.order_id, fact.at, fact.id, int(fact.data.amount.scaleb(exponent)))
            for fact in facts
        ],
    )


async def _keep_refunds(tx: Connection, lane: int, facts: Sequence[PurchaseRefunded], exponent: int) -> None:
    await tx.executemany(
        """
        insert into notifier.refund (lane, person, order_id, source, id, at, amount) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict do nothing
        """,
        [
            (
                lane,
                fact.subject,
                fact.data.order_id,
                fact.source,
                fact.id,
                fact.at,
                None if fact.data.amount is None else int(fact.data.amount.scaleb(exponent)),
            )
            for fact in facts
        ],
    )


async def refunded_in_full(tx: Connection, lane: int, orders: Sequence[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """Those of these orders, (person, order id) each, that were given back in full, and when.

    A refund without an amount is one in full, and so are several that add up to the order's amount.
    """
    rows = await tx.fetch(
        """
        select r.person, r.order_id, max(r.at) as at
        from unnest($2::text[], $3::text[]) as o (person, order_id)
        join notifier.refund r on r.lane = $1 and r.person = o.person and r.order_id = o.order_id
        left join notifier.purchase p on p.lane = r.lane and p.person = r.person and p.order_id = r.order_id
        group by r.person, r.order_id, p.amount
        having bool_or(r.amount is null) or sum(r.amount) >= p.amount
        """,
        lane,
        [person for person, _ in orders],
        [order for _, order in orders],
    )
    return [(row["person"], row["order_id"], row["at"]) for row in rows]
