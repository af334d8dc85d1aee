"""The SQL of questions about messages, vouchers and perks."""

from typing import Any, NamedTuple

import asyncpg

from services.notifier.store import MESSAGE
from shared.db import Connection


class Query(NamedTuple):
    """Which messages to list: newest first, behind (at, id) `after`."""

    lane: int | None
    person: str | None
    state: str | None
    play: str | None
    after: tuple[int, str] | None
    limit: int


async def messages(connection: Connection, query: Query) -> list[asyncpg.Record]:
    """The rows of a list of messages."""
    wheres: list[str] = []
    values: list[Any] = []

    def add(where: str, *given: Any) -> None:
        numbers = range(len(values) + 1, len(values) + 1 + len(given))
        wheres.append(where.format(*(f"${number}" for number in numbers)))
        values.extend(given)

    if query.person is not None:
        add("lane = {} and person = {}", query.lane, query.person)
    if query.state is not None:
        add("state = {}", query.state)
    if query.play is not None:
        add("play = {}", query.play)
    if query.after is not None:
        add("(at, id) < ({}, {})", *query.after)
    where = " and ".join(wheres) or "true"
    return await connection.fetch(
        f"select {MESSAGE}, lane, detail from notifier.message where {where} "
        f"order by at desc, id desc limit {query.limit}",
        *values,
    )


async def reasons(connection: Connection, play: str | None) -> list[asyncpg.Record]:
    """(play, reason, messages) of all that was held back."""
    return await connection.fetch(
        """
        select play, reason, count(*) as messages from notifier.message
        where state = 'held_back' and ($1::text is null or play = $1)
        group by play, reason order by messages desc, play, reason
        """,
        play,
    )


async def find_message(connection: Connection, lanes: int, message_id: str) -> asyncpg.Record | None:
    """A message by its id, in whichever lane it is."""
    return await connection.fetchrow(
        f"select {MESSAGE}, lane, detail from notifier.message where lane = any($1::int[]) and id = $2",
        list(range(lanes)),
        message_id,
    )


class PerkRow(NamedTuple):
    """A perk of a person; `withdrawn_at` None: they have it, without an end."""

    rung: int | None
    perk: str | None
    granted_at: int
    withdrawn_at: int | None


async def perks(connection: Connection, lane: int, person: str) -> list[PerkRow]:
    """All perks a person has or had, the oldest first."""
    rows = await connection.fetch(
        """
        select rung, perk, granted_at, withdrawn_at from notifier.perk
        where lane = $1 and person = $2 order by granted_at, rung, id
        """,
        lane,
        person,
    )
    return [PerkRow(*row) for row in rows]
