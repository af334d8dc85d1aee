"""The SQL of ratings."""

from services.notifier.ratings.rating import Rating, Thumb
from services.notifier.sealed import Link
from shared.db import Connection


async def is_asked(connection: Connection, lane: int, link: Link) -> bool:
    """Whether this message was written to this person and has not been held back; a preview never was."""
    return bool(
        await connection.fetchval(
            """
            select exists (
                select from notifier.message where lane = $1 and id = $2 and person = $3 and state <> 'held_back'
            )
            """,
            lane,
            link.message,
            link.person,
        )
    )


async def answer_to(connection: Connection, lane: int, message: str) -> Thumb | None:
    """What was answered to the question of this message."""
    thumb = await connection.fetchval(
        "select thumb from notifier.rating where lane = $1 and message = $2", lane, message
    )
    return None if thumb is None else Thumb(thumb)


async def rate(connection: Connection, lane: int, rating: Rating) -> None:
    """Keep this answer, to be told to the others, unless there is one."""
    await connection.execute(
        """
        insert into notifier.rating (lane, message, person, thumb, at, untold)
        values ($1, $2, $3, $4, $5, true) on conflict do nothing
        """,
        lane,
        rating.message,
        rating.person,
        rating.thumb,
        rating.at,
    )


async def tell(tx: Connection, lane: int) -> list[Rating]:
    """Answers that are news; they are told with this transaction."""
    rows = await tx.fetch(
        """
        update notifier.rating set untold = false where lane = $1 and untold
        returning person, message, thumb, at
        """,
        lane,
    )
    return [Rating(row["person"], row["message"], Thumb(row["thumb"]), row["at"]) for row in rows]
