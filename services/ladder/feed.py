"""The feed of announcements: pages by cursor, the vector of the lanes' outbox positions.

A lane's numbers have no gap and are committed in their order, so reading behind a position never skips anything.
"""

from collections.abc import Sequence
from typing import NamedTuple

from services.ladder import cursors
from services.ladder.cursors import FeedCursor
from services.ladder.queries import Announced, Queries, Stretch
from shared.events import ANNOUNCEMENT_TYPES, type_of
from shared.http import Problem
from shared.log.partitioner import lane_of

ALL_TYPES = [type_of(kind) for kind in ANNOUNCEMENT_TYPES]


class Page(NamedTuple):
    """Announcements, each lane's in their order; where to go on; whether there is more now."""

    items: list[Announced]
    next: FeedCursor
    more: bool


class Feed:
    """Reads what the lanes have announced."""

    def __init__(self, queries: Queries, lanes: int) -> None:
        self._queries = queries
        self._lanes = lanes

    def cursor(self, text: str) -> FeedCursor:
        """The cursor that a client brought back. Raises Problem 400."""
        cursor = cursors.decode(text, FeedCursor)
        if len(cursor.positions) != self._lanes:
            raise cursors.bad_cursor()
        return cursor

    async def oldest(self) -> FeedCursor:
        """Before the oldest announcement that is kept."""
        return FeedCursor(0, await self._queries.oldest())

    async def newest(self) -> FeedCursor:
        """Behind everything there is."""
        return FeedCursor(0, await self._queries.newest())

    async def page(self, cursor: FeedCursor, limit: int, types: Sequence[str] = ALL_TYPES) -> Page:
        """What was announced behind the cursor, at most `limit`. Raises Problem 410."""
        stretches = await self._queries.stretches(cursor.positions, types, limit)
        return assemble(cursor, stretches, limit)

    async def page_of(self, person: str, cursor: FeedCursor, limit: int, types: Sequence[str] = ALL_TYPES) -> Page:
        """The same of one person; only their lane's position moves on. Raises Problem 410."""
        lane = lane_of(person, self._lanes)
        stretches = await self._queries.stretch_of(lane, person, cursor.positions[lane], types, limit)
        return assemble(cursor, stretches, limit)


def assemble(cursor: FeedCursor, stretches: Sequence[Stretch], limit: int) -> Page:
    """A page of these stretches; whoever does not fit on it begins the next one. Raises Problem 410."""
    items: list[Announced] = []
    positions = list(cursor.positions)
    turn: int | None = None
    for stretch in sorted(stretches, key=lambda stretch: (stretch.lane < cursor.turn, stretch.lane)):
        _check_kept(stretch)
        taken = stretch.rows[: limit - len(items)]
        if len(taken) < len(stretch.rows) and turn is None:
            turn = stretch.lane
        items += taken
        positions[stretch.lane] = _reached(stretch, taken)
    more = any(positions[stretch.lane] < stretch.last for stretch in stretches)
    return Page(items, FeedCursor(turn or 0, positions), more)


def _reached(stretch: Stretch, taken: Sequence[Announced]) -> int:
    """How far a lane has been read when these of its rows are on the page."""
    if len(taken) == len(stretch.rows) < stretch.share:
        return max(stretch.position, stretch.until)
    return taken[-1].seq if taken else stretch.position


def _check_kept(stretch: Stretch) -> None:
    """Everything behind the position must still be there; a position never given out was lost, too."""
    if stretch.position == stretch.last:
        return
    if stretch.first != stretch.position + 1:
        raise gone()


def gone() -> Problem:
    """The answer to a cursor behind which something has been deleted."""
    return Problem(
        410,
        "cursor-expired",
        "The cursor is older than what is kept",
        detail="Announcements behind it are no longer there. Take the standings anew and go on from a new cursor.",
    )
