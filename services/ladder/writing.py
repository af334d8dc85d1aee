"""Writes what the folding of a batch came to; one statement for each table concerned."""

from services.ladder import store
from services.ladder.turn import Turn
from shared.db import Connection


async def write(tx: Connection, turn: Turn) -> None:
    """Raises asyncpg.UniqueViolationError when a fact or a claim is in the journal already."""
    lane = turn.lane
    if turn.facts:
        await store.journal(tx, turn.facts)
    if rows := turn.standings():
        await store.save(tx, lane, rows)
    if states := turn.friends():
        await store.save_friends(tx, lane, states)
    if turn.credits:
        await store.credit(tx, lane, turn.credits)
    if turn.transitions:
        await store.keep(tx, turn.transitions)
    if turn.waiting:
        await store.park(tx, lane, turn.now, turn.waiting)
    people, spent = turn.tallies()
    if any(people.values()) or any(spent.values()):
        await store.count(tx, lane, people, spent)
