"""All SQL of a preview: people and their journals, page by page, in single statements that hold nothing up."""

from typing import Any, Final, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Integer, Text, any_, bindparam, func, select, tuple_

from services.ladder.queries import Queries
from services.ladder.tables import fact, standing

FINE: Final = 1_000_000
"""A sample is so many out of this many."""

_OF_SAMPLE: Final = func.abs(func.hashtextextended(standing.c.person, 0) % FINE) < bindparam("share", type_=BigInteger)

_COUNT: Final = select(func.count()).select_from(standing).where(_OF_SAMPLE)

_PEOPLE: Final = (
    select(standing.c.lane, standing.c.person, standing.c.state)
    .where(
        tuple_(standing.c.lane, standing.c.person)
        > tuple_(bindparam("lane", type_=Integer), bindparam("person", type_=Text)),
        _OF_SAMPLE,
    )
    .order_by(standing.c.lane, standing.c.person)
    .limit(bindparam("limit"))
)

_JOURNAL: Final = select(fact.c.person, fact.c.body).where(
    fact.c.lane == bindparam("lane"), fact.c.person == any_(bindparam("persons", type_=ARRAY(Text)))
)


class Person(NamedTuple):
    """Somebody who stands somewhere, with all that is known of them."""

    lane: int
    person: str
    state: bytes
    facts: list[bytes]


class PreviewQueries:
    """Asks for a sample of the people."""

    def __init__(self, queries: Queries, sample: float) -> None:
        """`sample`: the share of the people, up to 1; always the same ones."""
        self._queries = queries
        self._share = round(sample * FINE)

    async def count(self) -> int:
        """How many people are in the sample."""
        rows = await self._queries.ask(_COUNT, share=self._share)
        return int(rows[0][0])

    async def page(self, lane: int, person: str, limit: int) -> list[Person]:
        """Those behind (lane, person), in this order."""
        values: dict[str, Any] = {"lane": lane, "person": person, "limit": limit, "share": self._share}
        rows = await self._queries.ask(_PEOPLE, **values)
        people = {(row.lane, row.person): Person(row.lane, row.person, row.state, []) for row in rows}
        for number in sorted({row.lane for row in rows}):
            persons = [row.person for row in rows if row.lane == number]
            for told in await self._queries.ask(_JOURNAL, lane=number, persons=persons):
                people[number, told.person].facts.append(told.body)
        return list(people.values())
