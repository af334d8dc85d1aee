"""All SQL of offers. Nothing here decides anything."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg

from services.notifier.offers.terms import Order, Use
from services.notifier.offers.voucher import Voucher, Wanted
from shared.db import Connection

_VOUCHER = ", ".join(Voucher._fields)


def _voucher(row: asyncpg.Record) -> Voucher:
    told = {name: row[name] for name in Voucher._fields}
    return Voucher(**{**told, "categories": tuple(told["categories"])})


# -- giving ------------------------------------------------------------------------------------------------------

Month = tuple[str, str]
"""A play and a calendar month, such as ("win_back", "2026-03")."""


async def lock_budgets(tx: Connection, months: Iterable[Month]) -> dict[Month, int]:
    """What these plays have given away in these months, in minor units. Locked until the transaction ends.

    In one order for everybody, so that nobody waits in a circle.
    """
    wanted = sorted(set(months))
    columns = [play for play, _ in wanted], [month for _, month in wanted]
    await tx.execute(
        """
        insert into notifier.budget (play, month, spent)
        select play, month, 0 from unnest($1::text[], $2::text[]) as w (play, month) order by play, month
        on conflict do nothing
        """,
        *columns,
    )
    rows = await tx.fetch(
        """
        select b.play, b.month, b.spent from notifier.budget b
        join unnest($1::text[], $2::text[]) as w (play, month) using (play, month)
        order by b.play, b.month for update of b
        """,
        *columns,
    )
    return {(row["play"], row["month"]): row["spent"] for row in rows}


async def set_budgets(tx: Connection, spent: Mapping[Month, int]) -> None:
    """Write what has been given away; the rows are locked by `lock_budgets`."""
    await tx.executemany(
        "update notifier.budget set spent = $3 where play = $1 and month = $2",
        [(play, month, amount) for (play, month), amount in sorted(spent.items())],
    )


async def costs(connection: Connection, offers: Iterable[str], since: int) -> dict[str, int]:
    """What was redeemed of these offers since that instant has cost, in minor units."""
    rows = await connection.fetch(
        """
        select v.offer, sum(r.discount)::bigint as cost
        from notifier.redemption r join notifier.voucher v using (lane, code)
        where r.at >= $2 and r.refunded_at is null and v.offer = any($1::text[]) group by v.offer
        """,
        sorted(offers),
        since,
    )
    return {row["offer"]: row["cost"] for row in rows}


async def add_vouchers(tx: Connection, lane: int, vouchers: Iterable[Voucher]) -> None:
    """Write vouchers."""
    await tx.copy_records_to_table(
        "voucher",
        schema_name="notifier",
        columns=("lane", *Voucher._fields),
        records=[(lane, *voucher._replace(categories=[*voucher.categories])) for voucher in vouchers],  # type: ignore[arg-type]  # a driver's array is a list
    )


async def take_code(tx: Connection, lane: int, pool: str, wanted: Wanted, offer: str, valid_until: int) -> str | None:
    """A code out of this pool for this message, which nobody else gets; None when the pool is empty.

    A code that ends before the offer would is passed over, and so is one that another lane is just taking.
    """
    return await tx.fetchval(  # type: ignore[no-any-return]
        """
        update notifier.pool_code set lane = $2, message = $3, person = $4, play = $5, offer = $6, given_at = $7,
            valid_until = coalesce(valid_until, $8)
        where (pool, number) = (
            select pool, number from notifier.pool_code
            where pool = $1 and message is null and (valid_until is null or valid_until > $7)
            order by number limit 1 for update skip locked
        )
        returning code
        """,
        pool,
        lane,
        wanted.message,
        wanted.person,
        wanted.play,
        offer,
        wanted.at,
        valid_until,
    )


class Granted(NamedTuple):
    """A perk given for a time; `id` is the message's."""

    person: str
    id: str
    perk: str
    granted_at: int
    ends_at: int


async def grant(tx: Connection, lane: int, granted: Iterable[Granted]) -> None:
    """Write perks that end by themselves."""
    await tx.executemany(
        """
        insert into notifier.perk (lane, person, id, perk, granted_at, withdrawn_at) values ($1, $2, $3, $4, $5, $6)
        on conflict do nothing
        """,
        [(lane, *each) for each in granted],
    )


class Withheld(NamedTuple):
    """A message that goes on without its offer, and why."""

    message: str
    person: str
    play: str
    offer: str
    reason: str
    at: int


async def withhold(tx: Connection, lane: int, withheld: Iterable[Withheld]) -> None:
    """Write which messages go without their offer."""
    await tx.executemany(
        """
        insert into notifier.withheld (lane, message, person, play, offer, reason, at)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        [(lane, *each) for each in withheld],
    )


# -- the checkout ------------------------------------------------------------------------------------------------


class Found(NamedTuple):
    """A voucher with its lane and what is known of its use."""

    lane: int
    voucher: Voucher
    withdrawn: bool
    used: bool


async def find(connection: Connection, code: str, *, lock: bool = False) -> Found | None:
    """A voucher by its code; with `lock` nobody else may redeem it until the transaction ends."""
    row = await connection.fetchrow(
        f"select lane, withdrawn_at, {_VOUCHER} from notifier.voucher where code = $1{' for update' if lock else ''}",
        code,
    )
    if row is None:
        return None
    more = await connection.fetchrow(
        """
        select exists (select from notifier.redemption where lane = $1 and code = $2 and not released) as used,
            exists (select from notifier.message where lane = $1 and id = $3 and state = 'held_back') as unsent
        """,
        row["lane"],
        code,
        row["message"],
    )
    assert more is not None
    return Found(row["lane"], _voucher(row), row["withdrawn_at"] is not None or more["unsent"], more["used"])


class Redemption(NamedTuple):
    """A voucher's use by an order; amounts in minor units."""

    order_id: str
    person: str | None
    at: int
    value: int
    discount: int
    refunded_at: int | None


async def redemption(tx: Connection, lane: int, code: str, order_id: str) -> Redemption | None:
    """This order's use of a voucher."""
    row = await tx.fetchrow(
        """
        select order_id, person, at, value, discount, refunded_at from notifier.redemption
        where lane = $1 and code = $2 and order_id = $3
        """,
        lane,
        code,
        order_id,
    )
    return None if row is None else Redemption(*row)


def use_of(found: Found, mine: Redemption | None) -> Use:
    """What is known of a voucher's use, seen from one order."""
    return Use(
        mine=mine is not None,
        refunded=mine is not None and mine.refunded_at is not None,
        others=found.used and mine is None,
        withdrawn=found.withdrawn,
    )


async def redeem(tx: Connection, lane: int, code: str, order: Order, discount: int) -> None:
    """Write that this order uses the voucher; it is locked by `find`."""
    await tx.execute(
        """
        insert into notifier.redemption
            (lane, code, order_id, person, at, value, discount, released, untold, return_untold)
        values ($1, $2, $3, $4, $5, $6, $7, false, true, false)
        """,
        lane,
        code,
        order.id,
        order.person,
        order.at,
        order.value,
        discount,
    )


async def withdraw(connection: Connection, code: str, at: int) -> bool:
    """Take a voucher back; False: there is none."""
    found = await connection.fetchval(
        """
        update notifier.voucher set withdrawn_at = coalesce(withdrawn_at, $2) where code = $1 returning true
        """,
        code,
        at,
    )
    return bool(found)


async def give_back(tx: Connection, orders: Sequence[tuple[str, str, int]]) -> None:
    """These orders, (person, order id, when) each, were refunded in full: their vouchers may be used again, once."""
    if not orders:
        return
    rows = await tx.fetch(
        """
        select r.lane, r.code, r.order_id, o.at from notifier.redemption r
        join unnest($1::text[], $2::text[], $3::bigint[]) as o (person, order_id, at) using (order_id)
        where r.refunded_at is null and coalesce(r.person, o.person) = o.person order by r.code, r.order_id
        """,
        *([*column] for column in zip(*orders, strict=True)),
    )
    for lane, code, order_id, at in rows:
        await _give_back(tx, lane, code, order_id, at)


async def _give_back(tx: Connection, lane: int, code: str, order_id: str, at: int) -> None:
    before = await tx.fetchval(
        "select given_back_at from notifier.voucher where lane = $1 and code = $2 for update", lane, code
    )
    first = before is None
    if first:
        await tx.execute("update notifier.voucher set given_back_at = $3 where lane = $1 and code = $2", lane, code, at)
    await tx.execute(
        """
        update notifier.redemption set refunded_at = $4, released = $5, return_untold = $5
        where lane = $1 and code = $2 and order_id = $3 and refunded_at is null
        """,
        lane,
        code,
        order_id,
        at,
        first,
    )


# -- telling -----------------------------------------------------------------------------------------------------


class News(NamedTuple):
    """A redemption that is news: `redeemed`, `returned` or both."""

    voucher: Voucher
    redemption: Redemption
    redeemed: bool
    returned: bool


async def tell(tx: Connection, lane: int) -> list[News]:
    """What has been redeemed and given back in this lane since the last time; told with this transaction.

    What somebody is just redeeming is left for the next time.
    """
    rows = await tx.fetch(
        f"""
        with news as materialized (
            select lane, code, order_id, untold, return_untold from notifier.redemption
            where lane = $1 and (untold or return_untold) for update skip locked
        ), told as (
            update notifier.redemption r set untold = false, return_untold = false from news n
            where r.lane = n.lane and r.code = n.code and r.order_id = n.order_id
            returning r.lane, r.code, r.order_id, r.at, r.value, r.discount, r.refunded_at, r.person as redeemer,
                n.untold, n.return_untold
        )
        select t.order_id, t.redeemer, t.at, t.value, t.discount, t.refunded_at, t.untold, t.return_untold,
            {", ".join(f"v.{name}" for name in Voucher._fields)}
        from told t join notifier.voucher v using (lane, code) order by t.at, v.code, t.order_id
        """,
        lane,
    )
    return [News(_voucher(row), Redemption(*row[:6]), row["untold"], row["return_untold"]) for row in rows]


# -- pools and figures -------------------------------------------------------------------------------------------


async def add_codes(tx: Connection, pool: str, codes: Sequence[tuple[str, int | None]], now: int) -> int:
    """Put codes, each with its end, into a pool; returns how many were not there yet."""
    status = await tx.execute(
        """
        insert into notifier.pool_code (pool, code, valid_until, added_at)
        select $1, code, valid_until, $4
        from unnest($2::text[], $3::bigint[]) with ordinality as c (code, valid_until, n) order by n
        on conflict (pool, code) do nothing
        """,
        pool,
        [code for code, _ in codes],
        [end for _, end in codes],
        now,
    )
    return int(status.rpartition(" ")[2])


async def pools(connection: Connection, now: int) -> list[asyncpg.Record]:
    """All pools: how many codes each was given, has left, and how many ended unused."""
    return await connection.fetch(
        """
        select pool, count(*) filter (where message is not null) as given,
            count(*) filter (where message is null and (valid_until is null or valid_until > $1)) as left,
            count(*) filter (where message is null and valid_until <= $1) as expired
        from notifier.pool_code group by pool order by pool
        """,
        now,
    )


async def figures(connection: Connection, since: int) -> dict[str, dict[str, Any]]:
    """By offer, since that instant: given, redeemed, their cost, and how often it was withheld, by reason."""
    rows = await connection.fetch(
        """
        with given as (
            select offer, count(*) as given from (
                select offer from notifier.voucher where issued_at >= $1
                union all select offer from notifier.pool_code where given_at >= $1
                union all select perk from notifier.perk where granted_at >= $1 and rung is null
            ) g group by offer
        ), redeemed as (
            select v.offer, count(*) as redeemed, sum(r.discount)::bigint as cost
            from notifier.redemption r join notifier.voucher v using (lane, code)
            where r.at >= $1 and r.refunded_at is null group by v.offer
        ), kept as (
            select offer, jsonb_object_agg(reason, n)::text as withheld
            from (select offer, reason, count(*) as n from notifier.withheld where at >= $1 group by 1, 2) w
            group by offer
        )
        select offer, coalesce(given, 0) as given, coalesce(redeemed, 0) as redeemed, coalesce(cost, 0) as cost,
            coalesce(withheld, '{}') as withheld
        from given full join redeemed using (offer) full join kept using (offer)
        """,
        since,
    )
    return {row["offer"]: dict(row) for row in rows}


async def spent(connection: Connection, month: str) -> dict[str, int]:
    """What each play with a budget has given away in that month, in minor units."""
    rows = await connection.fetch("select play, spent from notifier.budget where month = $1", month)
    return {row["play"]: row["spent"] for row in rows}


async def reason_withheld(connection: Connection, lane: int, message: str) -> str | None:
    """Why this message goes without its offer; None: it has it, or none was wanted."""
    reason: str | None = await connection.fetchval(
        "select reason from notifier.withheld where lane = $1 and message = $2", lane, message
    )
    return reason
