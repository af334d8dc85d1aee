"""Writes what the folding of a batch came to."""

from services.ladder import store
from services.ladder.figures import store as figures
from services.ladder.store import Written
from services.ladder.turn import Turn
from shared.db import Connection


async def write(tx: Connection, turn: Turn) -> None:
    """Raises asyncpg.UniqueViolationError when a fact or a claim is in the journal already."""
    lane = turn.lane
    written = Written(turn.facts, turn.standings(), turn.transitions, *turn.tallies())
    if any(written):
        await store.write(tx, lane, written)
    if states := turn.friends():
        await store.save_friends(tx, lane, states)
    if turn.credits:
        await store.credit(tx, lane, turn.credits)
    if turn.waiting:
        await store.park(tx, lane, turn.now, turn.waiting)
    if rows := turn.figures.rows():
        await figures.add(tx, lane, rows)
    if rows := turn.figures.worth.rows():
        await figures.add_worth(tx, lane, rows)
