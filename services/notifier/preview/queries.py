"""All SQL of a preview: who is to be looked at, and what was before its window. Reads only."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final, NamedTuple

from services.notifier.consent.store import sales_of
from services.notifier.offers import store as offers
from services.notifier.places import Place
from services.notifier.preview.rewinding import Then
from services.notifier.preview.window import Window
from services.notifier.store import known
from shared.db import Connection, Pool
from shared.lanes.store import NOW_US

_PAGE: Final = 10_000


class GivenBefore(NamedTuple):
    """Offers that came with messages of a play."""

    play: str
    offer: str
    given: int


class Stock(NamedTuple):
    """What offers there were at the beginning of a window."""

    given: list[GivenBefore]
    """In the calendar month in which it begins."""
    codes: dict[str, int]
    """Partner codes by pool."""
    costs: dict[str, int]
    """What was redeemed of offers in the last month, in minor units."""


class PlaysQueries:
    """Asks in transactions that could not write if they wanted to."""

    def __init__(self, pool: Pool, lanes: int, *, by_facts: bool) -> None:
        self._pool = pool
        self._lanes = lanes
        self._by_facts = by_facts

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Connection]:
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection

    async def now(self) -> int:
        """The notifier's time: the database's clock, or the farthest that a lane has come under `CLOCK=facts`."""
        asked = "coalesce(max(time), 0) from notifier.lane" if self._by_facts else NOW_US
        async with self._reading() as connection:
            return int(await connection.fetchval(f"select {asked}"))

    async def people(self, *, marked: bool) -> AsyncIterator[list[Place]]:
        """Those who are or were in a series, and if `marked` those with a mark; page by page, some of them twice."""
        for statement in (_IN_SERIES, _MARKED) if marked else (_IN_SERIES,):
            behind = (-1, "")
            while page := await self._page(statement, behind):
                yield page
                behind = page[-1]

    async def _page(self, statement: str, behind: Place) -> list[Place]:
        async with self._reading() as connection:
            rows = await connection.fetch(statement, *behind, _PAGE)
        return [(row["lane"], row["person"]) for row in rows]

    async def persons(self, lane: int, names: Sequence[str], window: Window, friends: Iterable[str]) -> list[Then]:
        """All that is known of these persons, with the orders of their friends, also of those in ended series."""
        async with self._reading() as connection:
            found = await known(connection, lane, names, self._lanes)
            perks = await _perks_before(connection, lane, names, window.since)
            wanted = {*friends, *(friend for each in found.values() for friend in each.friends)}
            bought = await sales_of(connection, wanted, self._lanes)
        return [Then(replace(found[name], friends=bought), frozenset(perks[name])) for name in names]

    async def stock(self, since: int, month: int, costly: Iterable[str], last_month: int) -> Stock:
        """What there was to give at `since`, in a calendar month that began at `month`.

        `costly` offers are given by what they have cost since the beginning of the window's last month.
        """
        async with self._reading() as connection:
            given = await connection.fetch(_GIVEN, month, since)
            codes = await connection.fetch(_CODES, since)
            costs = await offers.costs(connection, costly, last_month)
        return Stock([GivenBefore(*row) for row in given], {row["pool"]: row["codes"] for row in codes}, costs)


async def _perks_before(
    connection: Connection, lane: int, persons: Sequence[str], since: int
) -> Mapping[str, set[int]]:
    rows = await connection.fetch(
        """
        select person, rung from notifier.perk
        where lane = $1 and person = any($2::text[]) and rung is not null
            and granted_at < $3 and (withdrawn_at is null or withdrawn_at >= $3)
        """,
        lane,
        persons,
        since,
    )
    found: dict[str, set[int]] = defaultdict(set)
    for person, rung in rows:
        found[person].add(rung)
    return found


_IN_SERIES: Final = """
select distinct lane, person from notifier.run where (lane, person) > ($1, $2) order by lane, person limit $3
"""
_MARKED: Final = """
select distinct lane, person from notifier.occasion where (lane, person) > ($1, $2) order by lane, person limit $3
"""
_GIVEN: Final = """
select play, offer, count(*)::int as given from (
    select play, offer from notifier.voucher where issued_at >= $1 and issued_at < $2
    union all select play, offer from notifier.pool_code where given_at >= $1 and given_at < $2
) g group by play, offer
"""
_CODES: Final = """
select pool, count(*)::int as codes from notifier.pool_code
where (message is null or given_at >= $1) and (valid_until is null or valid_until > $1) group by pool
"""
