"""The SQL of letters. What is closed is kept as it was printed; nothing here decides anything."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import asyncpg

from services.notifier.letters.letter import Letter
from services.notifier.message import Message
from services.notifier.places import Place, columns
from services.notifier.store import MESSAGE_OF_M, message_of
from shared.db import Connection
from shared.lanes.store import NOW_US

_WAITING = "m.state = 'pending'"
"""In the words of the index."""
_WITH_SENT = "m.state in ('pending', 'sent')"


class Waiting(NamedTuple):
    """A letter that is yet to go, or of which it is only recorded that it went."""

    lane: int
    message: Message

    @property
    def place(self) -> Place:
        """The message's key."""
        return self.lane, self.message.id

    @property
    def person(self) -> Place:
        """The person's key."""
        return self.lane, self.message.person


async def closed_days(connection: Connection) -> dict[date, int]:
    """The days that are closed, and when they were."""
    rows = await connection.fetch("select day, closed_at from notifier.letter_day order by day")
    return {row["day"]: row["closed_at"] for row in rows}


async def close_day(tx: Connection, day: date) -> bool:
    """Close this day, unless it is; whoever closes it meanwhile is waited for."""
    return (
        await tx.fetchval(
            f"""
            insert into notifier.letter_day (day, closed_at) values ($1, {NOW_US})
            on conflict do nothing returning day
            """,
            day,
        )
        is not None
    )


async def waiting(connection: Connection, *, gone: bool = False, lock: Sequence[Place] = ()) -> list[Waiting]:
    """Letters that may go by now and are of no closed day; `gone`: also those sent, `lock`: only these, locked."""
    lanes, ids = columns(lock)
    rows = await connection.fetch(
        f"""
        select m.lane, {MESSAGE_OF_M} from notifier.message m
        where m.way = 'letter' and {_WITH_SENT if gone else _WAITING} and coalesce(m.due_at, m.at) <= {NOW_US}
            and not exists (select from notifier.letter k where k.lane = m.lane and k.message = m.id)
            and (not $3 or (m.lane, m.id) in (select * from unnest($1::int[], $2::text[])))
        order by m.lane, m.id {"for update of m" if lock else ""}
        """,
        lanes,
        ids,
        bool(lock),
    )
    return [Waiting(row["lane"], message_of(row)) for row in rows]


async def settle(tx: Connection, letters: Sequence[Waiting]) -> None:
    """Write what became of these letters, which are locked: sent now, or held back."""
    await tx.executemany(
        f"""
        update notifier.message set state = $3, reason = $4, basis = $5, basis_fact = $6, untold = true,
            sent_at = case when $3 = 'sent' then {NOW_US} end
        where lane = $1 and id = $2
        """,
        [(lane, each.id, each.state, each.reason, each.basis, each.basis_fact) for lane, each in letters],
    )


async def note_fault(connection: Connection, place: Place, detail: str) -> None:
    """Why a letter could not be written."""
    await connection.execute("update notifier.message set detail = $3 where lane = $1 and id = $2", *place, detail)


async def keep(tx: Connection, day: date, letters: Sequence[tuple[int, Letter]]) -> None:
    """Keep these letters, with their lanes, as they are printed with this day."""
    await tx.executemany(
        """
        insert into notifier.letter (lane, message, day, address, language, subject, body, notice)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (lane, each.message, day, [*each.address], each.language, each.subject, each.body, each.notice)
            for lane, each in letters
        ],
    )


async def kept(connection: Connection, day: date) -> list[Letter]:
    """The letters of a closed day, always in the same order."""
    rows = await connection.fetch(
        """
        select message, address, language, subject, body, notice, day
        from notifier.letter where day = $1 order by message
        """,
        day,
    )
    return [_letter(row) for row in rows]


async def counts(connection: Connection) -> dict[date, int]:
    """How many letters went with each closed day."""
    rows = await connection.fetch("select day, count(*) as letters from notifier.letter group by day")
    return {row["day"]: row["letters"] for row in rows}


def _letter(row: asyncpg.Record) -> Letter:
    return Letter(
        row["message"],
        tuple(row["address"]),
        row["language"],
        row["subject"],
        row["body"],
        row["notice"],
        row["day"].isoformat(),
    )
