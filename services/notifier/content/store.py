"""The SQL of content: pieces, and when the feed was asked last. Nothing here decides anything."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.notifier.content.piece import Piece
from services.notifier.plays.moments import CONTENT
from shared.db import Connection
from shared.lanes.store import NOW_US


class Kept(NamedTuple):
    """A piece with where it came from, and whether it was taken out there."""

    piece: Piece
    origin: str
    withdrawn: bool


async def keep(tx: Connection, origin: str, pieces: Iterable[Piece]) -> None:
    """Keep these pieces as they are now."""
    rows = [
        (
            each.key,
            origin,
            each.title,
            each.text,
            each.link,
            sorted(each.categories),
            sorted(each.languages),
            each.at,
            each.until,
        )
        for each in sorted(pieces)
    ]
    await tx.executemany(
        """
        insert into notifier.piece as old
            (key, origin, title, text, link, categories, languages, valid_from, valid_until, withdrawn)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, false)
        on conflict (key) do update set title = excluded.title, text = excluded.text, link = excluded.link,
            categories = excluded.categories, languages = excluded.languages, valid_from = excluded.valid_from,
            valid_until = excluded.valid_until, withdrawn = false
        where (old.title, old.text, old.link, old.categories, old.languages, old.valid_from, old.valid_until,
                old.withdrawn)
            is distinct from (excluded.title, excluded.text, excluded.link, excluded.categories, excluded.languages,
                excluded.valid_from, excluded.valid_until, false)
        """,
        rows,
    )


async def withdraw_others(tx: Connection, origin: str, keys: Sequence[str]) -> None:
    """Pieces of this origin besides these are chosen no more; messages that wait still bring them."""
    await tx.execute(
        "update notifier.piece set withdrawn = true where origin = $1 and not withdrawn and key <> all($2::text[])",
        origin,
        keys,
    )


async def all_pieces(connection: Connection) -> list[Kept]:
    """Everything that is kept."""
    rows = await connection.fetch("select * from notifier.piece order by key")
    return [
        Kept(
            Piece(
                row["key"],
                row["title"],
                row["text"],
                row["link"],
                frozenset(row["categories"]),
                frozenset(row["languages"]),
                row["valid_from"],
                row["valid_until"],
            ),
            row["origin"],
            row["withdrawn"],
        )
        for row in rows
    ]


class Turn(NamedTuple):
    """That it is this process's turn to ask the feed, with what it said of its state the last time."""

    etag: str | None
    modified: str | None


async def take_turn(connection: Connection, url: str, seconds: int) -> Turn | None:
    """Ask the feed now, and nobody else does for so many seconds; None: somebody has just done so."""
    row = await connection.fetchrow(
        f"""
        insert into notifier.feed as old (url, next_at) values ($1, {NOW_US} + $2::bigint * 1000000)
        on conflict (url) do update set next_at = excluded.next_at where old.next_at <= {NOW_US}
        returning etag, modified
        """,
        url,
        seconds,
    )
    return None if row is None else Turn(*row)


async def note_state(tx: Connection, url: str, etag: str | None, modified: str | None) -> None:
    """What the feed says of its state, for the next time."""
    await tx.execute("update notifier.feed set etag = $2, modified = $3 where url = $1", url, etag, modified)


async def wake(connection: Connection, lane: int) -> None:
    """Let whoever has bought something come into the rhythm who is not in it."""
    await connection.execute(
        f"""
        insert into notifier.occasion as old (lane, person, kind, since, year, due_at)
        select distinct lane, person, $2, {NOW_US}, 0, {NOW_US} from notifier.sale where lane = $1
        on conflict (lane, person, kind) do update set since = excluded.since, due_at = excluded.due_at
        where old.due_at is null
        """,
        lane,
        CONTENT,
    )
