"""The passing of time: deadlines that have come, each fired at its own instant, whenever the sweep runs."""

from services.ladder import store
from services.ladder.turn import Turn
from shared.db import Connection

LIMIT = 2_000
"""Persons in one transaction."""


async def sweep(tx: Connection, turn: Turn, until: int) -> bool:
    """Fire what is due by `until` for those in the batch and those who are stored; whether there may be more."""
    for person in list(turn.people):
        turn.sweep(person, until)
    stored = await store.due(tx, turn.lane, until, list(turn.people), LIMIT)
    for person, found in stored.items():
        turn.know(person, found)
        turn.sweep(person, until)
    return len(stored) == LIMIT
