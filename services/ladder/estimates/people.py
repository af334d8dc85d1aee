"""Everybody, read and reckoned page by page."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from services.ladder.core.rules import Rules
from services.ladder.core.standing import Standing, decode
from services.ladder.estimates import queries
from services.ladder.estimates.reckoning import Reckoned, reckon
from services.ladder.estimates.sums import Sums
from shared.db import Connection

PAGE = 1_000
"""People at a time: a few milliseconds of work."""


class Stretch(NamedTuple):
    """People of a lane behind `after` up to `last` (None: to the end)."""

    lane: int
    after: str
    last: str | None
    people: list[tuple[str, Standing]]
    rows: list[Reckoned]


async def reckoned(
    connection: Connection, lanes: int, at: int, rules: Rules, sums: Sums, page: int = PAGE
) -> AsyncIterator[Stretch]:
    """All people of all lanes, reckoned at an instant and added to the sums."""
    for lane in range(lanes):
        after: str | None = ""
        while after is not None:
            states = await queries.standings(connection, lane, after, page)
            last = states[-1].person if len(states) == page else None
            people, rows = await asyncio.to_thread(_reckon, states, at, rules, sums)
            yield Stretch(lane, after, last, people, rows)
            after = last


def _reckon(
    states: list[queries.State], at: int, rules: Rules, sums: Sums
) -> tuple[list[tuple[str, Standing]], list[Reckoned]]:
    people = [(person, decode(state)) for person, state in states]
    return people, reckon(people, at, rules, sums)
