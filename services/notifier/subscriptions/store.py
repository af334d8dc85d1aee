"""The SQL of subscriptions: who listens, what is to be delivered, and how that went.

A claimed delivery is due again when its lease is over; so whoever is killed in the middle of one loses nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import asyncpg
import msgspec

from services.notifier.subscriptions.judging import Said, Verdict
from services.notifier.subscriptions.subscription import DeliveryState, OffReason, Subscription
from shared.db import Connection
from shared.lanes.store import NOW_US

LEASE_SECONDS: Final = 60
"""Longer than an attempt takes with all that belongs to it."""
_SUBSCRIPTION: Final = ", ".join(Subscription.__struct_fields__)


def subscription_of(row: asyncpg.Record) -> Subscription:
    """The subscription of a row with its columns."""
    return msgspec.convert(
        {name: list(row[name]) if name in {"types", "rungs"} else row[name] for name in Subscription.__struct_fields__},
        Subscription,
    )


# -- the lane's side ---------------------------------------------------------------------------------------------


class Announced(NamedTuple):
    """Something that was announced, as subscribers get it; `rung` None: it tells of nobody's rung."""

    person: str
    id: str
    type: str
    rung: int | None
    historical: bool
    at: int
    sequence: int
    body: bytes


async def listening(connection: Connection) -> list[Subscription]:
    """All subscriptions, also those that are off."""
    rows = await connection.fetch(f"select {_SUBSCRIPTION} from notifier.subscription order by created_at, id")
    return [subscription_of(row) for row in rows]


async def known(tx: Connection, lane: int, ids: Sequence[str]) -> set[str]:
    """Which of these announcements have been kept already."""
    rows = await tx.fetch("select id from notifier.announced where lane = $1 and id = any($2::text[])", lane, ids)
    return {row["id"] for row in rows}


async def count_on(tx: Connection, lane: int, more: Mapping[str, int]) -> dict[str, int]:
    """Raise the counters of persons by so many each; returns where they had been."""
    rows = await tx.fetch(
        """
        insert into notifier.sequence as old (lane, person, last)
        select $1, * from unnest($2::text[], $3::bigint[])
        on conflict (lane, person) do update set last = old.last + excluded.last returning person, last
        """,
        lane,
        list(more),
        list(more.values()),
    )
    return {row["person"]: row["last"] - more[row["person"]] for row in rows}


async def keep(tx: Connection, lane: int, now: int, announced: Sequence[Announced]) -> None:
    """Keep what was announced, for replays."""
    await tx.copy_records_to_table(
        "announced",
        schema_name="notifier",
        columns=("lane", "recorded_at", *Announced._fields),
        records=[(lane, now, *each) for each in announced],
    )


async def queue(tx: Connection, lane: int, now: int, pairs: Sequence[tuple[str, str]], state: DeliveryState) -> None:
    """Let these (subscription, announcement) be delivered, or have been recorded."""
    await tx.copy_records_to_table(
        "delivery",
        schema_name="notifier",
        columns=("lane", "subscription", "id", "state", "attempts", "created_at", "next_at"),
        records=[(lane, subscription, id_, state, 0, now, now) for subscription, id_ in pairs],
    )


async def any_untold(connection: Connection, lane: int) -> bool:
    """Whether a subscription of this lane was switched off and nobody has been told."""
    query = "select exists (select from notifier.subscription where lane = $1 and untold)"
    return bool(await connection.fetchval(query, lane))


async def tell(tx: Connection, lane: int) -> list[Subscription]:
    """The subscriptions of this lane that were switched off; that is told with this transaction."""
    rows = await tx.fetch(
        f"""
        update notifier.subscription set untold = false where lane = $1 and untold
        returning {_SUBSCRIPTION}
        """,
        lane,
    )
    return [subscription_of(row) for row in rows]


# -- the courier's side ------------------------------------------------------------------------------------------


class Called(NamedTuple):
    """A subscription that may be called now, with the secrets that sign: the new one first."""

    id: str
    url: str
    secrets: tuple[bytes, ...]
    failing_since: int | None
    slowed: int


async def callable_now(connection: Connection) -> list[Called]:
    """Subscriptions that are on, not paused, and have something due."""
    rows = await connection.fetch(
        f"""
        select s.id, url, secret, case when old_until > {NOW_US} then old_secret end as old, failing_since, slowed
        from notifier.subscription s
        where state = 'on' and paused_until <= {NOW_US} and exists (
            select from notifier.delivery d
            where d.subscription = s.id and d.state = 'waiting' and d.next_at <= {NOW_US}
        )
        """
    )
    return [_called(row) for row in rows]


async def called(connection: Connection, subscription: str) -> Called | None:
    """A subscription as it would be called, whether or not it is on."""
    row = await connection.fetchrow(
        f"""
        select id, url, secret, case when old_until > {NOW_US} then old_secret end as old, failing_since, slowed
        from notifier.subscription where id = $1
        """,
        subscription,
    )
    return None if row is None else _called(row)


def _called(row: asyncpg.Record) -> Called:
    secrets = (row["secret"],) if row["old"] is None else (row["secret"], row["old"])
    return Called(row["id"], row["url"], secrets, row["failing_since"], row["slowed"])


class Claim(NamedTuple):
    """A delivery that this process attempts now; `attempts` counts this attempt."""

    lane: int
    subscription: str
    id: str
    attempts: int
    body: bytes


async def claim(connection: Connection, slots: Mapping[str, int]) -> list[Claim]:
    """Claim what is due, at most so many of each subscription, the longest waiting first."""
    rows = await connection.fetch(
        f"""
        update notifier.delivery d
        set attempts = d.attempts + 1, next_at = {NOW_US} + {LEASE_SECONDS} * 1000000::bigint
        from (
            select due.* from unnest($1::text[], $2::int[]) as free (subscription, slots)
            cross join lateral (
                select lane, subscription, id from notifier.delivery w
                where w.subscription = free.subscription and w.state = 'waiting' and w.next_at <= {NOW_US}
                order by next_at limit free.slots for update skip locked
            ) due
        ) mine
        join notifier.announced a using (lane, id)
        where (d.lane, d.subscription, d.id) = (mine.lane, mine.subscription, mine.id)
        returning d.lane, d.subscription, d.id, d.attempts, a.body
        """,
        list(slots),
        list(slots.values()),
    )
    return [Claim(*row) for row in rows]


async def give_back(connection: Connection, claims: Sequence[Claim]) -> None:
    """What was claimed and not begun is due again at once."""
    await connection.executemany(
        f"""
        update notifier.delivery set attempts = attempts - 1, next_at = {NOW_US}
        where lane = $1 and subscription = $2 and id = $3 and attempts = $4 and state = 'waiting'
        """,
        [each[:4] for each in claims],
    )


class End(NamedTuple):
    """How an attempt ended; `seconds` it took."""

    claim: Claim
    said: Said
    verdict: Verdict
    at: int
    seconds: float


_STATE_OF: Final = {
    "delivered": DeliveryState.DELIVERED,
    "later": DeliveryState.WAITING,
    "failed": DeliveryState.FAILED,
}


async def finish(tx: Connection, ends: Sequence[End]) -> None:
    """Write down how attempts ended. What somebody else has attempted meanwhile stays as they left it."""
    await tx.executemany(
        """
        insert into notifier.attempt (lane, subscription, id, number, at, seconds, status, detail)
        values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing
        """,
        [(*each.claim[:4], each.at, each.seconds, each.said.status, each.said.detail) for each in ends],
    )
    await tx.executemany(
        """
        update notifier.delivery set state = $5, next_at = coalesce($6, next_at),
            ended_at = case when $5 <> 'waiting' then $7::bigint end
        where lane = $1 and subscription = $2 and id = $3 and attempts = $4 and state = 'waiting'
        """,
        [(*each.claim[:4], _STATE_OF[each.verdict.outcome], each.verdict.next_at, each.at) for each in ends],
    )


async def succeeded(tx: Connection, subscriptions: Iterable[str]) -> None:
    """These were reached: their failures are forgotten."""
    await tx.execute(
        """
        update notifier.subscription set failing_since = null, slowed = 0
        where id = any($1::text[]) and (failing_since is not null or slowed > 0)
        """,
        sorted(set(subscriptions)),
    )


async def failed(tx: Connection, subscription: str, at: int, paused_until: int | None) -> None:
    """This one was not reached, or wants to be left alone for a while."""
    await tx.execute(
        """
        update notifier.subscription
        set failing_since = coalesce(failing_since, $2), paused_until = greatest(paused_until, $3),
            slowed = case when $3::bigint is null then slowed else least(slowed + 1, 1000) end
        where id = $1
        """,
        subscription,
        at,
        paused_until,
    )


async def switch_off(tx: Connection, subscription: str, reason: OffReason) -> None:
    """Call it no more, and drop what waits; unless somebody asked for it, that is news."""
    await tx.execute(
        """
        update notifier.subscription set state = 'off', off_reason = $2, untold = ($2 <> 'asked')
        where id = $1 and state = 'on'
        """,
        subscription,
        reason,
    )
    await tx.execute(
        f"""
        update notifier.delivery set state = 'dropped', ended_at = {NOW_US}
        where subscription = $1 and state = 'waiting'
        """,
        subscription,
    )


async def forget(connection: Connection, days: int, limit: int) -> None:
    """Delete the oldest of what was announced longer ago, with its deliveries, and what belongs to nobody."""
    before = f"{NOW_US} - $1 * 86400000000::bigint"
    await connection.execute(
        f"""
        with old as (
            delete from notifier.announced where (lane, id) in (
                select lane, id from notifier.announced where recorded_at < {before} order by recorded_at limit $2
            ) returning lane, id
        ), ended as (
            delete from notifier.delivery d using old where (d.lane, d.id) = (old.lane, old.id)
        )
        delete from notifier.attempt a using old where (a.lane, a.id) = (old.lane, old.id)
        """,
        days,
        limit,
    )


# -- the side of those who ask -----------------------------------------------------------------------------------


async def count(connection: Connection) -> int:
    """How many subscriptions there are."""
    return int(await connection.fetchval("select count(*) from notifier.subscription"))


async def add(connection: Connection, subscription: Subscription, lane: int, secret: bytes) -> None:
    """Write a new subscription."""
    columns = {**{name: getattr(subscription, name) for name in Subscription.__struct_fields__}, "lane": lane}
    columns["types"], columns["rungs"] = list(subscription.types), list(subscription.rungs)
    columns["secret"] = secret
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await connection.execute(
        f"insert into notifier.subscription ({', '.join(columns)}) values ({places})", *columns.values()
    )


async def find(connection: Connection, subscription: str) -> Subscription | None:
    """One subscription."""
    row = await connection.fetchrow(f"select {_SUBSCRIPTION} from notifier.subscription where id = $1", subscription)
    return None if row is None else subscription_of(row)


async def change(connection: Connection, subscription: str, changes: Mapping[str, Any]) -> None:
    """Write these columns."""
    if not changes:
        return
    sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(changes, 2))
    await connection.execute(f"update notifier.subscription set {sets} where id = $1", subscription, *changes.values())


async def switch_on(connection: Connection, subscription: str) -> None:
    """Call it again, as if nothing had happened."""
    await connection.execute(
        """
        update notifier.subscription
        set state = 'on', off_reason = null, untold = false, failing_since = null, paused_until = 0, slowed = 0
        where id = $1
        """,
        subscription,
    )


async def rotate(connection: Connection, subscription: str, secret: bytes, old_until: int) -> bool:
    """Sign with this secret, and with the one before it until then; whether there is such a subscription."""
    done = await connection.execute(
        """
        update notifier.subscription set old_secret = secret, old_until = $3, secret = $2 where id = $1
        """,
        subscription,
        secret,
        old_until,
    )
    return done == "UPDATE 1"


async def remove(connection: Connection, subscription: str) -> bool:
    """Delete a subscription with all its deliveries; whether there was one."""
    async with connection.transaction():
        done = await connection.execute("delete from notifier.subscription where id = $1", subscription)
        await connection.execute("delete from notifier.delivery where subscription = $1", subscription)
        await connection.execute("delete from notifier.attempt where subscription = $1", subscription)
    return done == "DELETE 1"


async def replay(connection: Connection, subscription: str, places: Sequence[tuple[int, str]]) -> None:
    """Deliver these announcements (lane, id) once more, or for the first time."""
    await connection.execute(
        f"""
        insert into notifier.delivery as old (lane, subscription, id, state, attempts, created_at, next_at)
        select lane, $1, id, 'waiting', 0, {NOW_US}, {NOW_US} from unnest($2::int[], $3::text[]) as w (lane, id)
        on conflict (lane, subscription, id) do update
        set state = 'waiting', attempts = 0, next_at = excluded.next_at, ended_at = null
        where old.state <> 'waiting'
        """,
        subscription,
        [lane for lane, _ in places],
        [id_ for _, id_ in places],
    )


async def one_announced(connection: Connection, id_: str) -> tuple[int, str] | None:
    """The place (lane, id) of an announcement that is still kept."""
    row = await connection.fetchrow("select lane, id from notifier.announced where id = $1", id_)
    return None if row is None else (row["lane"], row["id"])


async def announced_between(
    connection: Connection, since: int, until: int | None, after: tuple[int, str], limit: int
) -> list[asyncpg.Record]:
    """What was recorded from `since` on and before `until`, behind (recorded at, id) `after`."""
    return await connection.fetch(
        """
        select lane, id, type, rung, historical, recorded_at from notifier.announced
        where recorded_at >= $1 and recorded_at < coalesce($2, 9223372036854775807) and (recorded_at, id) > ($3, $4)
        order by recorded_at, id limit $5
        """,
        since,
        until,
        *after,
        limit,
    )


_DELIVERY: Final = "d.id, a.type, a.person, a.sequence, d.state, d.attempts, d.created_at, d.next_at, d.ended_at"


async def deliveries(
    connection: Connection, subscription: str, state: str | None, after: tuple[int, str] | None, limit: int
) -> list[asyncpg.Record]:
    """Deliveries of a subscription, newest first, behind (created at, id) `after`."""
    return await connection.fetch(
        f"""
        select {_DELIVERY} from notifier.delivery d join notifier.announced a using (lane, id)
        where d.subscription = $1 and ($2::text is null or d.state = $2)
            and ($3::bigint is null or (d.created_at, d.id) < ($3, $4::text))
        order by d.created_at desc, d.id desc limit $5
        """,
        subscription,
        state,
        *(after or (None, None)),
        limit,
    )


async def delivery(connection: Connection, subscription: str, id_: str) -> asyncpg.Record | None:
    """One delivery, with its body."""
    return await connection.fetchrow(
        f"""
        select {_DELIVERY}, a.body from notifier.delivery d join notifier.announced a using (lane, id)
        where d.subscription = $1 and d.id = $2
        """,
        subscription,
        id_,
    )


async def attempts(connection: Connection, subscription: str, id_: str) -> list[asyncpg.Record]:
    """All attempts of a delivery, in their order."""
    return await connection.fetch(
        """
        select number, at, seconds, status, detail from notifier.attempt where subscription = $1 and id = $2 order by at
        """,
        subscription,
        id_,
    )


async def waiting(connection: Connection) -> int:
    """How many deliveries wait."""
    return int(await connection.fetchval("select count(*) from notifier.delivery where state = 'waiting'"))
