"""The SQL of tasks. Nothing here decides anything."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg

from services.notifier.message import Message, Reason, State
from services.notifier.places import Place, columns
from services.notifier.store import MESSAGE, MESSAGE_OF_M, message_of
from services.notifier.tasks.state import Outcome
from shared.db import Connection
from shared.events import Standing
from shared.lanes.store import NOW_US

_TASKS = f"""
    select m.lane, {MESSAGE_OF_M}, t.at as ended_at, t.by, t.outcome, t.note
    from notifier.message m left join notifier.task t on t.lane = m.lane and t.message = m.id
    where m.way = 'task' and
"""

# -- the lane's side ---------------------------------------------------------------------------------------------


async def any_due(connection: Connection, lane: int, until: int) -> bool:
    """Whether a task of this lane is to be opened by then, or has expired."""
    return bool(
        await connection.fetchval(
            """
            select exists (select from notifier.message where lane = $1 and state in ('pending', 'retry')
                    and way = 'task' and coalesce(due_at, at) <= $2)
                or exists (select from notifier.message where lane = $1 and state = 'open' and expires_at <= $2)
            """,
            lane,
            until,
        )
    )


async def to_open(tx: Connection, lane: int, until: int, limit: int) -> list[Message]:
    """Tasks whose time has come by then, locked."""
    rows = await tx.fetch(
        f"""
        select {MESSAGE} from notifier.message
        where lane = $1 and state in ('pending', 'retry') and way = 'task' and coalesce(due_at, at) <= $2
        order by id limit $3 for update
        """,
        lane,
        until,
        limit,
    )
    return [message_of(row) for row in rows]


async def expire(tx: Connection, lane: int, until: int, limit: int) -> list[Message]:
    """Hold open tasks back that were not done by then; returns them as they are now."""
    rows = await tx.fetch(
        f"""
        update notifier.message set state = 'held_back', reason = 'too_old'
        where lane = $1 and state = 'open' and id in (
            select id from notifier.message where lane = $1 and state = 'open' and expires_at <= $2
            order by expires_at limit $3 for update skip locked
        )
        returning {MESSAGE}
        """,
        lane,
        until,
        limit,
    )
    return [message_of(row) for row in rows]


async def open_of(tx: Connection, lane: int, persons: Iterable[str]) -> list[Message]:
    """The open tasks about these persons, locked: nobody ticks them off meanwhile."""
    rows = await tx.fetch(
        f"""
        select {MESSAGE} from notifier.message
        where lane = $1 and person = any($2::text[]) and state = 'open' order by id for update
        """,
        lane,
        [*persons],
    )
    return [message_of(row) for row in rows]


async def settle(tx: Connection, lane: int, messages: Sequence[Message]) -> None:
    """Write how these tasks stand, which are locked."""
    await tx.executemany(
        """
        update notifier.message set state = $3, reason = $4, basis = $5, basis_fact = $6
        where lane = $1 and id = $2
        """,
        [(lane, each.id, each.state, each.reason, each.basis, each.basis_fact) for each in messages],
    )


# -- the side of staff -------------------------------------------------------------------------------------------


class Query(NamedTuple):
    """Which tasks to list: the most urgent first, behind (do by, id) `after`."""

    states: tuple[State, ...]
    play: str | None
    channel: str | None
    after: tuple[int, str] | None
    limit: int


async def tasks(connection: Connection, query: Query) -> list[asyncpg.Record]:
    """The rows of a list of tasks."""
    do_by, id_ = query.after or (None, None)
    return await connection.fetch(
        f"""
        {_TASKS} m.state = any($1::text[]) and ($2::text is null or m.play = $2)
            and ($3::text is null or coalesce(m.channel, 'none') = $3)
            and ($4::bigint is null or (m.do_by, m.id) > ($4, $5::text))
        order by m.do_by, m.id limit $6
        """,
        [*query.states],
        query.play,
        query.channel,
        do_by,
        id_,
        query.limit,
    )


async def find(connection: Connection, lanes: int, task: str) -> asyncpg.Record | None:
    """A task by its id, in whichever lane it is."""
    return await connection.fetchrow(f"{_TASKS} m.lane = any($1::int[]) and m.id = $2", [*range(lanes)], task)


class End(NamedTuple):
    """How a task ends: the state of its message, and what staff said."""

    state: State
    reason: Reason | None
    at: int
    by: str
    outcome: Outcome | None
    note: str | None


async def end(tx: Connection, place: Place, end: End) -> bool:
    """End a task, once; whether it was open, or was only put aside before it was."""
    ended = await tx.fetchval(
        """
        update notifier.message
        set state = $3, reason = $4, untold = true, sent_at = case when $3 <> 'held_back' then $5::bigint end
        where lane = $1 and id = $2 and way = 'task'
            and (state = 'open' or (state in ('pending', 'retry') and $3 = 'held_back'))
        returning true
        """,
        *place,
        end.state,
        end.reason,
        end.at,
    )
    if ended:
        await tx.execute(
            "insert into notifier.task (lane, message, at, by, outcome, note) values ($1, $2, $3, $4, $5, $6)",
            *place,
            end.at,
            end.by,
            end.outcome,
            end.note,
        )
    return bool(ended)


async def standings_of(connection: Connection, persons: Iterable[Place]) -> Mapping[Place, Standing]:
    """Where these persons stand, as last announced."""
    rows = await connection.fetch(
        """
        select lane, person, rung, phase, stage
        from unnest($1::int[], $2::text[]) as w (lane, person) join notifier.standing using (lane, person)
        """,
        *columns(persons),
    )
    return {(row[0], row[1]): Standing(rung=row[2], phase=row[3], stage=row[4]) for row in rows}


async def times(connection: Connection, *, by_facts: bool) -> Mapping[int, int]:
    """The notifier's time in each lane."""
    time: Any = "coalesce(time, 0)" if by_facts else NOW_US
    return {
        row["lane"]: row["time"] for row in await connection.fetch(f"select lane, {time} as time from notifier.lane")
    }
