"""The SQL of sending: what is due, and the states a message goes through."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.notifier.message import WAYS, Channel, Message, Reason, State, Way
from services.notifier.places import Place
from services.notifier.store import MESSAGE_OF_M, message_of
from shared.db import Connection
from shared.lanes.store import NOW_US


class Due(NamedTuple):
    """A message that is to be sent now by the owner of that epoch, with what was tried before, and the clock."""

    lane: int
    epoch: int
    message: Message
    attempts: int
    now: int

    @property
    def place(self) -> Place:
        """The message's key."""
        return self.lane, self.message.id

    @property
    def person(self) -> Place:
        """The person's key."""
        return self.lane, self.message.person


def _carried_to(kind: Channel) -> str:
    """Which messages go there by themselves; tasks do not. In the words of the indexes."""
    way = WAYS[kind]
    return f"m.way = '{way}'" if way is not Way.WEBHOOK else f"m.way = 'webhook' and m.channel = '{kind.value}'"


async def due(
    connection: Connection, kind: Channel, owned: Mapping[int, int], limit: int, *, by_facts: bool
) -> list[Due]:
    """What is to be sent of these lanes (with their epochs), the longest waiting first.

    Under `CLOCK=facts` a message is due when the lane's time has come to it.
    """
    rows = await connection.fetch(
        f"""
        select m.lane, m.attempts, {NOW_US} as now, {MESSAGE_OF_M}
        from unnest($1::int[], $2::bigint[]) as o (lane, epoch)
        join notifier.lane l using (lane, epoch) join notifier.message m using (lane)
        where m.state in ('pending', 'retry') and {_carried_to(kind)}
            and m.next_attempt_at <= {NOW_US} and (not $4 or coalesce(m.due_at, m.at) <= l.time)
        order by m.next_attempt_at, m.at, m.id limit $3
        """,
        list(owned),
        list(owned.values()),
        limit,
        by_facts,
    )
    return [Due(row["lane"], owned[row["lane"]], message_of(row), row["attempts"], row["now"]) for row in rows]


async def take(tx: Connection, due: Sequence[Due]) -> dict[Place, Message]:
    """Say of these messages that they are being sent now; returns them as they are, without those that may not go.

    Left out is what was dropped, sent or taken meanwhile, what is of a lane with another owner, and what the lane is
    just deciding on: to wait for that with other messages locked could be to wait in a circle.
    """
    rows = await tx.fetch(
        f"""
        with free as materialized (
            select w.lane, w.id, w.epoch
            from unnest($1::int[], $2::text[], $3::bigint[]) as w (lane, id, epoch)
            join notifier.lane l using (lane, epoch) join notifier.message m using (lane, id)
            where m.state in ('pending', 'retry')
            for update of m skip locked
        )
        update notifier.message m set state = 'sending', epoch = free.epoch
        from free where m.lane = free.lane and m.id = free.id
        returning m.lane, {MESSAGE_OF_M}
        """,
        [each.lane for each in due],
        [each.message.id for each in due],
        [each.epoch for each in due],
    )
    return {(row["lane"], row["id"]): message_of(row) for row in rows}


async def let_go(connection: Connection, due: Sequence[Due]) -> None:
    """The texts were not given away: what was taken is to be sent as before."""
    await connection.execute(
        """
        update notifier.message m set state = case when attempts = 0 then 'pending' else 'retry' end
        from unnest($1::int[], $2::text[], $3::bigint[]) as w (lane, id, epoch)
        where m.lane = w.lane and m.id = w.id and m.epoch = w.epoch and m.state = 'sending'
        """,
        [each.lane for each in due],
        [each.message.id for each in due],
        [each.epoch for each in due],
    )


async def hold_back(connection: Connection, due: Due, reason: Reason) -> None:
    """Do not send a message after all."""
    await connection.execute(
        """
        update notifier.message set state = 'held_back', reason = $3, untold = true
        where lane = $1 and id = $2 and (state in ('pending', 'retry') or (state = 'sending' and epoch = $4))
        """,
        due.lane,
        due.message.id,
        reason,
        due.epoch,
    )


async def rest(connection: Connection, due: Due, message: Message) -> None:
    """Let a message that is being sent rest on the basis that it has now."""
    await connection.execute(
        """
        update notifier.message set basis = $3, basis_fact = $4
        where lane = $1 and id = $2 and state = 'sending' and epoch = $5
        """,
        due.lane,
        due.message.id,
        message.basis,
        message.basis_fact,
        due.epoch,
    )


class End(NamedTuple):
    """How sending a message ended for good."""

    due: Due
    state: State
    detail: str | None


async def finish(connection: Connection, ends: Sequence[End], *, by_facts: bool) -> None:
    """Write how sending ended. Whoever sent knows best, even if another owner has since called it ambiguous.

    Under `CLOCK=facts` a message is sent at the instant it was decided.
    """
    await connection.execute(
        f"""
        update notifier.message m
        set state = w.state, detail = w.detail, untold = true, attempts = attempts + 1,
            sent_at = case when w.state = 'sent' then case when $6 then coalesce(due_at, at) else {NOW_US} end end
        from unnest($1::int[], $2::text[], $3::bigint[], $4::text[], $5::text[]) as w (lane, id, epoch, state, detail)
        where m.lane = w.lane and m.id = w.id and (
            m.state in ('pending', 'retry') or (m.state in ('sending', 'ambiguous') and m.epoch = w.epoch)
        )
        """,
        [end.due.lane for end in ends],
        [end.due.message.id for end in ends],
        [end.due.epoch for end in ends],
        [end.state for end in ends],
        [end.detail for end in ends],
        by_facts,
    )


async def put_off(connection: Connection, due: Due, detail: str, seconds: float) -> None:
    """Try again in so many seconds."""
    await connection.execute(
        f"""
        update notifier.message
        set state = 'retry', detail = $4, attempts = attempts + 1,
            next_attempt_at = {NOW_US} + ($5::float8 * 1000000)::bigint
        where lane = $1 and id = $2 and (state in ('pending', 'retry') or (state = 'sending' and epoch = $3))
        """,
        due.lane,
        due.message.id,
        due.epoch,
        detail,
        seconds,
    )


async def take_over(
    connection: Connection, kind: Channel, owned: Mapping[int, int], state: State, *, untold: bool
) -> list[tuple[str, str]]:
    """Messages that an earlier owner left in the middle of being sent get this state; returns (play, id) of each."""
    rows = await connection.fetch(
        f"""
        update notifier.message m set state = $3, untold = $4
        from unnest($1::int[], $2::bigint[]) as o (lane, epoch)
        where m.lane = o.lane and m.state = 'sending' and m.epoch < o.epoch and {_carried_to(kind)}
        returning m.play, m.id
        """,
        list(owned),
        list(owned.values()),
        state,
        untold,
    )
    return [(row["play"], row["id"]) for row in rows]


async def waiting(connection: Connection, *, by_facts: bool, history: bool) -> int:
    """How many messages are to be sent now or being sent, and how many news are untold.

    While a history is only loaded (`history`) no yearly moment is kept.
    """
    return int(
        await connection.fetchval(
            f"""
            select (
                select count(*) from notifier.message m join notifier.lane l using (lane)
                where m.state in ('pending', 'retry') and (m.way in ('mail', 'webhook') or (m.way = 'letter' and $1))
                    and m.next_attempt_at <= {NOW_US} and (not $1 or coalesce(m.due_at, m.at) <= l.time)
            ) + (
                select count(*) from notifier.run r join notifier.lane l using (lane)
                where r.due_at <= case when $1 then coalesce(l.time, 0) else {NOW_US} end
            ) + (
                select count(*) from notifier.fact f join notifier.lane l using (lane)
                where f.open and f.at <= case when $1 then coalesce(l.time, 0) else {NOW_US} end
            ) + (
                select count(*) from notifier.occasion o join notifier.lane l using (lane)
                where o.due_at <= case when $1 then coalesce(l.time, 0) else {NOW_US} end and not $2
            ) + (
                select count(*) from notifier.message m join notifier.lane l using (lane)
                where m.way = 'task' and (
                    (m.state = 'pending' and coalesce(m.due_at, m.at) <= case when $1 then l.time else {NOW_US} end)
                    or (m.state = 'open' and m.expires_at <= case when $1 then l.time else {NOW_US} end)
                )
            )
            + (select count(*) from notifier.message where state = 'sending')
            + (select count(*) from notifier.message where untold)
            + (select count(*) from notifier.statement where untold)
            + (select count(*) from notifier.rating where untold)
            + (select count(*) from notifier.confirmation where message is null)
            """,
            by_facts,
            history,
        )
    )
