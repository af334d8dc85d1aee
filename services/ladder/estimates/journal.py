"""Reads everybody's purchase days out of the journal, a page at a time."""

from collections.abc import AsyncIterator
from itertools import groupby
from operator import attrgetter
from typing import Final

from services.ladder.core.rules import Rules
from services.ladder.estimates import queries
from services.ladder.estimates.history import Days, purchase_days
from services.ladder.estimates.queries import Line
from services.ladder.reading import read_journal
from shared.db import Connection
from shared.events import PurchaseCompleted, PurchaseRefunded

PAGE: Final = 20_000
"""Lines that are held in memory at a time, besides those of one person."""
_BEFORE_ALL: Final = Line("", "", "", b"")


async def everybody(
    connection: Connection, lanes: int, rules: Rules, *, page: int = PAGE
) -> AsyncIterator[tuple[str, Days]]:
    """Each person who has facts, with their purchase days."""
    for lane in range(lanes):
        async for person, lines in _people(connection, lane, page):
            yield person, purchase_days(_orders(lines), rules)


async def _people(connection: Connection, lane: int, page: int) -> AsyncIterator[tuple[str, list[Line]]]:
    waiting: list[Line] = []
    after = _BEFORE_ALL
    while lines := await queries.journal(connection, lane, after, page):
        after = lines[-1]
        groups = [(person, list(group)) for person, group in groupby([*waiting, *lines], attrgetter("person"))]
        for person, group in groups[:-1]:
            yield person, group
        waiting = groups[-1][1]  # the next page may go on with this person
    if waiting:
        yield waiting[0].person, waiting


def _orders(lines: list[Line]) -> list[PurchaseCompleted | PurchaseRefunded]:
    facts = (read_journal(line.body) for line in lines)
    return [fact for fact in facts if isinstance(fact, PurchaseCompleted | PurchaseRefunded)]
