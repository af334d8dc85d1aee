"""Dead letters of a service: listed, and their records put on the log again as new ones."""

from typing import Any, Final, NamedTuple, Self

import msgspec

from shared.db import DatabaseError, Pool
from shared.http import Problem
from shared.log import Entry, Log, LogUnavailableError
from shared.log.partitioner import lane_of

_BEGINNING: Final = 2_000
"""Bytes of a record that are shown at most."""


class Place(NamedTuple):
    """Which record of the log it is."""

    lane: int
    topic: str
    offset: int

    def __str__(self) -> str:
        return f"{self.lane}-{self.offset}-{self.topic}"

    @classmethod
    def of(cls, text: str) -> Self:
        """The place that `str` wrote. Raises Problem 400."""
        lane, _, rest = text.partition("-")
        offset, _, topic = rest.partition("-")
        if not (lane.isdecimal() and offset.isdecimal() and topic) or "\x00" in topic:
            raise _bad_place()
        place = cls(int(lane[:20]), topic, int(offset[:20]))
        if place.lane >= 2**31 or place.offset >= 2**63:
            raise _bad_place()
        return place


FIRST: Final = Place(-1, "", -1)


class Letter(NamedTuple):
    """A record that could not be read, and why; where in it as a JSON pointer."""

    place: Place
    reason: str
    pointer: str
    recorded_at: int
    size: int
    beginning: bytes


class Letters:
    """Those of the service with this schema; the pool and the log are the caller's to close."""

    def __init__(self, pool: Pool, schema: str, log: Log, lanes: int) -> None:
        self._pool = pool
        self._schema = schema
        self._log = log
        self._lanes = lanes

    async def page(self, after: Place, limit: int) -> list[Letter]:
        """Those behind a place, in its order. Raises Problem 503."""
        rows = await self._ask(
            f"""
            select lane, topic, "offset", reason, pointer, recorded_at, length(value) as size,
                substr(value, 1, {_BEGINNING}) as beginning
            from {self._schema}.dead_letter where (lane, topic, "offset") > ($1, $2, $3)
            order by lane, topic, "offset" limit $4
            """,
            *after,
            limit,
        )
        return [Letter(Place(*row[:3]), *row[3:]) for row in rows]

    async def replay(self, place: Place) -> bool:
        """Append the record to its topic again and forget the letter; whether there was one.

        The lane's owner reads it as any other; what has been taken before is known by its id and does no harm. A crash
        between the two leaves the letter there, and to replay it again does no harm either. Raises Problem 422, 503.
        """
        rows = await self._ask(f"select value from {self._schema}.dead_letter where {_HERE}", *place)
        if not rows:
            return False
        value: bytes = rows[0]["value"]
        subject = subject_of(value)
        if subject is None:
            raise Problem(422, "names-nobody", "The record names no person, so nobody can take it")
        try:
            await self._log.append([Entry(place.topic, lane_of(subject, self._lanes), subject.encode(), value)])
        except LogUnavailableError as error:
            raise Problem(503, "log-unavailable", "The log does not answer", headers={"Retry-After": "2"}) from error
        await self._ask(f"delete from {self._schema}.dead_letter where {_HERE}", *place)
        return True

    async def _ask(self, statement: str, *values: object) -> list[Any]:
        try:
            return list(await self._pool.fetch(statement, *values))
        except DatabaseError as error:
            headers = {"Retry-After": "2"}
            raise Problem(503, "database-unavailable", "The database does not answer", headers=headers) from error


_HERE: Final = 'lane = $1 and topic = $2 and "offset" = $3'


def subject_of(value: bytes) -> str | None:
    """Whom the record is about; None when it does not say so."""
    try:
        told: Any = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return None
    subject = told.get("subject") if isinstance(told, dict) else None
    return subject if isinstance(subject, str) and subject and len(subject) <= 200 else None


def _bad_place() -> Problem:
    return Problem(400, "bad-cursor", "The place is not one that this list has given out")
