"""Appending: what waits is stored together in one statement, which is one transaction."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from shared.log import Entry, check_sizes
from shared.log.postgres.news import CHANNEL, tell
from shared.log.postgres.places import Places
from shared.log.postgres.session import Session
from shared.log.together import Together

# The positions are raised in the order of (topic, lane), so that appenders never wait for each other in a circle, and
# stay locked until the commit, so that a record never becomes visible behind a higher offset that already was.
# A lane without a position makes a record without one, which the table refuses: nothing is lost in silence.
# A notification holds less than 8,000 bytes: that of eight lanes has room for thirty topics.
_APPEND: Final = """
with grown as materialized (
    select * from unnest($1::smallint[], $2::int[], $3::int[]) with ordinality as g (topic, lane, count, nth)
), locked as materialized (
    select topic, lane, count, nth
    from log.position join grown using (topic, lane)
    order by topic, lane
    for update of position
), raised as (
    update log.position p set next_offset = p.next_offset + l.count
    from locked l where p.topic = l.topic and p.lane = l.lane
    returning p.topic, p.lane, p.next_offset, p.next_offset - l.count as base, l.nth
), stored as (
    insert into log.record (topic, lane, "offset", key, value)
    select r.topic, r.lane, r.base + e.step, e.key, e.value
    from unnest($4::int[], $5::int[], $6::bytea[], $7::bytea[]) as e (nth, step, key, value)
    left join raised r on r.nth = e.nth
), told as (
    select string_agg(concat_ws(' ', topic, lane, next_offset), ',') as payload from raised group by lane / 8
)
select payload, pg_notify($8, payload) from told
"""

# A statement takes some 8 MB, or some 4,000 small records.
_GROUP: Final = 8_000_000
_OVERHEAD: Final = 2_000


class Appender:
    """Stores entries; those of one caller in their order, those of many callers together."""

    def __init__(self, session: Session, places: Places) -> None:
        self._session = session
        self._places = places
        self._together: Together[Sequence[Entry], None] = Together(self._store, _weight, _GROUP)

    async def append(self, entries: Sequence[Entry]) -> None:
        """Returns when all are durable. Raises as `Log.append`; nothing is stored behind what failed."""
        check_sizes(entries)
        for topic, lane in {(entry.topic, entry.lane) for entry in entries}:
            self._places.find(topic, lane)
        for piece in _pieces(entries):
            await self._together.do(piece)

    async def close(self) -> None:
        """Wait a moment for what is under way."""
        await self._together.close()

    async def _store(self, pieces: Sequence[Sequence[Entry]]) -> list[None]:
        rows = await self._session.fetch(_APPEND, *_columns(self._places, chain.from_iterable(pieces)), CHANNEL)
        for payload, _ in rows:
            tell(self._places, payload)
        return [None] * len(pieces)


def _weight(entries: Sequence[Entry]) -> int:
    return sum(len(entry.value) for entry in entries) + len(entries) * _OVERHEAD


def _pieces(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Cut what is too much for one statement."""
    start = weight = 0
    for index, entry in enumerate(entries):
        own = len(entry.value) + _OVERHEAD
        if weight and weight + own > _GROUP:
            yield entries[start:index]
            start, weight = index, 0
        weight += own
    if start < len(entries):
        yield entries[start:]


def _columns(places: Places, entries: Iterable[Entry]) -> tuple[Sequence[object], ...]:
    """Per lane its topic, number and count of records; per record which of those lanes, its step there, its content."""
    counts: dict[tuple[str, int], list[int]] = {}
    nths, steps, keys, values = [], [], [], []
    for entry in entries:
        place = (entry.topic, entry.lane)
        count = counts.get(place)
        if count is None:
            count = counts[place] = [len(counts) + 1, 0]
        nths.append(count[0])
        steps.append(count[1])
        keys.append(entry.key)
        values.append(entry.value)
        count[1] += 1
    at = [places.find(topic, lane) for topic, lane in counts]
    return (
        [place.topic for place in at],
        [place.lane for place in at],
        [count for _, count in counts.values()],
        nths,
        steps,
        keys,
        values,
    )
