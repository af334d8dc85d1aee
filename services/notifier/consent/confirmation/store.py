"""The SQL of requests that wait for their confirmation, and of what a person prefers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import asyncpg

from services.notifier.consent.confirmation.request import Request
from services.notifier.message import Channel
from shared.db import Connection

_REQUEST = "person, source, id, at, wording, version, form, purposes, ip"


class Confirmation(NamedTuple):
    """A request whose mail was decided: where that goes, until when its link is good, and whether it was used."""

    request: Request
    address: str | None
    expires_at: int
    confirmed_at: int | None


class Asked(NamedTuple):
    """The mail that asks for a confirmation; `address` None: there is none, and it is held back."""

    request: Request
    message: str
    address: str | None
    expires_at: int


async def ask(connection: Connection, lane: int, requests: Iterable[Request]) -> None:
    """Keep these requests until their mail is decided; one that is repeated changes nothing."""
    await connection.executemany(
        f"""
        insert into notifier.confirmation (lane, {_REQUEST})
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing
        """,
        [
            (lane, r.person, r.source, r.id, r.at, r.wording, r.version, r.form, list(r.purposes), r.ip)
            for r in requests
        ],
    )


async def undecided(tx: Connection, lane: int, limit: int) -> list[Request]:
    """The oldest requests whose mail is yet to be decided."""
    rows = await tx.fetch(
        f"""
        select {_REQUEST} from notifier.confirmation
        where lane = $1 and message is null order by at, person, source, id limit $2
        """,
        lane,
        limit,
    )
    return [_request(row) for row in rows]


async def decided(tx: Connection, lane: int, asked: Sequence[Asked]) -> None:
    """The mail of these requests is decided."""
    await tx.executemany(
        """
        update notifier.confirmation set message = $5, address = $6, expires_at = $7
        where lane = $1 and person = $2 and source = $3 and id = $4
        """,
        [
            (
                lane,
                each.request.person,
                each.request.source,
                each.request.id,
                each.message,
                each.address,
                each.expires_at,
            )
            for each in asked
        ],
    )


async def earlier(tx: Connection, lane: int, persons: Sequence[str], play: str) -> Mapping[str, list[int]]:
    """When these persons were asked to confirm before, by mail that was not held back."""
    rows = await tx.fetch(
        """
        select person, array_agg(at) as instants from notifier.message
        where lane = $1 and person = any($2::text[]) and play = $3 and state <> 'held_back' group by person
        """,
        lane,
        persons,
        play,
    )
    return {row["person"]: row["instants"] for row in rows}


async def find(tx: Connection, lane: int, message: str) -> Confirmation | None:
    """The request whose mail this is, locked: of two clicks at a time one is the first."""
    row = await tx.fetchrow(
        f"""
        select {_REQUEST}, address, expires_at, confirmed_at
        from notifier.confirmation where lane = $1 and message = $2 for update
        """,
        lane,
        message,
    )
    if row is None:
        return None
    return Confirmation(_request(row), row["address"], row["expires_at"], row["confirmed_at"])


async def use(tx: Connection, lane: int, message: str, at: int) -> None:
    """The link was used; it is good for no more."""
    await tx.execute(
        "update notifier.confirmation set confirmed_at = $3 where lane = $1 and message = $2", lane, message, at
    )


def _request(row: asyncpg.Record) -> Request:
    return Request(
        person=row["person"],
        source=row["source"],
        id=row["id"],
        at=row["at"],
        wording=row["wording"],
        version=row["version"],
        form=row["form"],
        purposes=tuple(row["purposes"]),
        ip=row["ip"],
    )


async def prefer(connection: Connection, lane: int, person: str, channel: Channel | None, at: int) -> None:
    """By which channel somebody would rather be written to; None: no matter."""
    if channel is None:
        await connection.execute("delete from notifier.preference where lane = $1 and person = $2", lane, person)
        return
    await connection.execute(
        """
        insert into notifier.preference (lane, person, at, channel) values ($1, $2, $3, $4)
        on conflict (lane, person) do update set at = excluded.at, channel = excluded.channel
        """,
        lane,
        person,
        at,
        channel,
    )


async def preferred(connection: Connection, lane: int, persons: Sequence[str]) -> Mapping[str, Channel]:
    """What these persons chose on their page."""
    rows = await connection.fetch(
        "select person, channel from notifier.preference where lane = $1 and person = any($2::text[])", lane, persons
    )
    return {row["person"]: Channel(row["channel"]) for row in rows}
