"""All SQL of experiments. Nothing here decides anything."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.notifier.experiments.trial import Aim, Goal
from shared.db import Connection


class Exposure(NamedTuple):
    """A play came to a person: from `at` on they are watched, whichever group they are in."""

    play: str
    person: str
    arm: str
    at: int
    message: str


async def expose(tx: Connection, lane: int, exposures: Iterable[Exposure]) -> None:
    """Write to whom plays came. The first time counts: somebody is watched once per play."""
    await tx.executemany(
        """
        insert into notifier.exposure (lane, play, person, arm, at, message) values ($1, $2, $3, $4, $5, $6)
        on conflict do nothing
        """,
        [(lane, *each) for each in exposures],
    )


class Milestone(NamedTuple):
    """Something that a goal is about: a rise or a lapse; `id` is the announcement's."""

    person: str
    kind: str
    id: str
    at: int


async def reach(tx: Connection, lane: int, milestones: Iterable[Milestone]) -> None:
    """Write what became of persons."""
    await tx.executemany(
        """
        insert into notifier.milestone (lane, person, kind, id, at) values ($1, $2, $3, $4, $5) on conflict do nothing
        """,
        [(lane, *each) for each in milestones],
    )


async def exposures_of(connection: Connection, lane: int, person: str) -> dict[str, tuple[str, int]]:
    """By play: the group this person was in when it came to them, and when that was."""
    rows = await connection.fetch(
        "select play, arm, at from notifier.exposure where lane = $1 and person = $2", lane, person
    )
    return {row["play"]: (row["arm"], row["at"]) for row in rows}


class Group(NamedTuple):
    """One group of a play: people watched to the end, how many reached the goal, what they brought (minor units)."""

    arm: str
    people: int
    reached: int
    money: int
    waiting: int
    """People whose window is still open; they are not counted in the others."""


_BOUGHT = """
    select count(*) as orders, coalesce(sum(p.amount - least(p.amount, coalesce(r.part, 0))), 0) as money
    from notifier.purchase p left join lateral (
        select bool_or(r.amount is null) as whole, sum(r.amount) as part from notifier.refund r
        where r.lane = p.lane and r.person = p.person and r.order_id = p.order_id
    ) r on true
    where p.lane = e.lane and p.person = e.person and p.at > e.at and p.at <= e.at + $2
        and not coalesce(r.whole, false) and p.amount - coalesce(r.part, 0) > 0
"""
_REACHED = {
    Goal.REPEAT_PURCHASE: "b.orders > 0",
    Goal.PROMOTION: "exists (select from m where kind = 'promotion')",
    Goal.NOT_LAPSED: "not exists (select from m where kind = 'lapse')",
}


async def groups(connection: Connection, play: str, aim: Aim, now: int) -> Sequence[Group]:
    """What became of the people of each group of a play, by `now`.

    An order that was given back in full is none, of one given back in part the rest counts.
    """
    reached = _REACHED[aim.goal].replace(
        "select from m where",
        "select from notifier.milestone m where m.lane = e.lane and m.person = e.person"
        " and m.at > e.at and m.at <= e.at + $2 and",
    )
    rows = await connection.fetch(
        f"""
        select arm, count(*) filter (where ended) as people, count(*) filter (where ended and reached) as reached,
            coalesce(sum(money) filter (where ended), 0)::bigint as money, count(*) filter (where not ended) as waiting
        from (
            select e.arm, e.at + $2 <= $3 as ended, b.money, {reached} as reached
            from notifier.exposure e cross join lateral ({_BOUGHT}) b where e.play = $1
        ) w group by arm
        """,
        play,
        aim.window,
        now,
    )
    return [Group(*row) for row in rows]


async def spent(connection: Connection, play: str, window: int, now: int) -> int:
    """What the vouchers of a play, or of all, took off the orders of people watched to the end, in minor units."""
    return int(
        await connection.fetchval(
            """
            select coalesce(sum(r.discount), 0) from notifier.exposure e
            join notifier.voucher v on v.lane = e.lane and v.person = e.person and e.play in ('', v.play)
            join notifier.redemption r on r.lane = v.lane and r.code = v.code and r.refunded_at is null
            where e.play = $1 and e.at + $2 <= $3 and r.at > e.at and r.at <= e.at + $2
            """,
            play,
            window,
            now,
        )
    )
