"""`PostgresLog`: the log in a PostgreSQL database whose schema `log` is there."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from shared.log import Entry, LogUnavailableError, Reader, Topic, TopicMismatchError
from shared.log.postgres.appender import Appender
from shared.log.postgres.news import News
from shared.log.postgres.places import Places
from shared.log.postgres.reader import PostgresReader
from shared.log.postgres.reads import Reads
from shared.log.postgres.retention import Retention
from shared.log.postgres.session import Session
from shared.log.under_way import UnderWay

# Only what is missing is inserted: a conflict would use up a number.
_MAKE: Final = """
insert into log.topic (name, lanes, retention_days)
select name, lanes, days from unnest($1::text[], $2::int[], $3::int[]) as wanted (name, lanes, days)
where name collate "C" not in (select name from log.topic)
on conflict do nothing
"""
_FIND: Final = "select name, id, lanes from log.topic where name = any($1::text[])"
_KEEP: Final = """
update log.topic t set retention_days = days
from unnest($1::text[], $2::int[]) as wanted (name, days)
where t.name = wanted.name collate "C" and t.retention_days is distinct from days
"""
_PLACE: Final = """
insert into log.position (topic, lane)
select id, lane from log.topic, generate_series(0, lanes - 1) as lane where id = any($1::smallint[])
on conflict do nothing
"""
_POSITIONS: Final = "select lane, first_offset, next_offset from log.position where topic = $1"
# Halves the span of offsets until it is empty: all before `low` are too old, those from `high` on are not.
_SINCE: Final = """
with recursive halved as (
    select lane, first_offset as low, next_offset as high from log.position where topic = $1
    union all
    select lane, case when older then middle + 1 else low end, case when older then high else middle end
    from (
        select lane, low, high, (low + high) / 2 as middle, coalesce((
            select r.appended_at < 'epoch'::timestamptz + $2::bigint * interval '1 microsecond' from log.record r
            where r.topic = $1 and r.lane = h.lane and r."offset" >= (low + high) / 2 order by r."offset" limit 1
        ), false) as older
        from halved h where low < high
    ) looked
)
select lane, low from halved where low >= high
"""


class PostgresLog:
    """A `Log` in the database at `dsn`. All times are in seconds.

    Whatever the database answers but success, an append's outcome is unknown: LogUnavailableError, after `deadline`
    at the latest. `look_every` is how soon readers find what a lost notification should have told, `forget_every`
    how often old records are deleted.
    """

    def __init__(self, dsn: str, *, deadline: float = 9.0, look_every: float = 1.0, forget_every: float = 60.0) -> None:
        self._deadline = deadline
        self._places = Places()
        self._positions = Session(dsn, name="log-positions", deadline=deadline)
        self._append_session = Session(dsn, name="log-append", deadline=deadline)
        self._read_session = Session(dsn, name="log-read", deadline=deadline)
        self._appender = Appender(self._append_session, self._places)
        self._reads = Reads(self._read_session, self._places)
        self._news = News(dsn, self._places, look_every=look_every, deadline=deadline)
        self._retention = Retention(dsn, every=forget_every, deadline=deadline)
        self._under_way = UnderWay()
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self, topics: Iterable[Topic]) -> None:
        """As `Log.open`; the retention of topics that exist is brought up to date."""
        wanted = {topic.name: topic for topic in topics}
        names, lanes = list(wanted), [topic.lanes for topic in wanted.values()]
        days = [topic.retention_days for topic in wanted.values()]
        await self._positions.fetch(_MAKE, names, lanes, days)
        found = await self._positions.fetch(_FIND, names)
        for name, _, count in found:
            if count != wanted[name].lanes:
                raise TopicMismatchError(name, found=count, wanted=wanted[name].lanes)
        await self._positions.fetch(_PLACE, [topic_id for _, topic_id, _ in found])
        await self._positions.fetch(_KEEP, names, days)
        for name, topic_id, _ in found:
            self._places.opened(wanted[name], topic_id)
        await self._start()

    async def close(self) -> None:
        """As `Log.close`."""
        await self._under_way.finish()
        await self._appender.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._reads.close()
        parts = (self._news, self._retention, self._append_session, self._read_session, self._positions)
        await asyncio.gather(*(part.close() for part in parts))

    async def append(self, entries: Sequence[Entry]) -> None:
        """As `Log.append`."""
        try:
            with self._under_way:
                async with asyncio.timeout(self._deadline):
                    await self._appender.append(entries)
        except TimeoutError:
            raise LogUnavailableError(f"PostgreSQL took no records within {self._deadline:g} s") from None

    async def reader(self, lane: int, positions: Mapping[str, int]) -> Reader:
        """As `Log.reader`."""
        reader = PostgresReader(lane, positions, self._places, self._reads)
        await reader.check()
        return reader

    async def first_positions(self, topic: str) -> dict[int, int]:
        """As `Log.first_positions`."""
        return {lane: first for lane, first, _ in await self._bounds(topic)}

    async def end_positions(self, topic: str) -> dict[int, int]:
        """As `Log.end_positions`."""
        return {lane: end for lane, _, end in await self._bounds(topic)}

    async def positions_at(self, topic: str, instant: int) -> dict[int, int]:
        """As `Log.positions_at`."""
        rows = await self._positions.fetch(_SINCE, self._places.find(topic, 0).topic, instant)
        return {row[0]: row[1] for row in rows}

    async def show(self, group: str, positions: Mapping[tuple[str, int], int]) -> None:
        """As `Log.show`; whoever looks here finds the readers' own checkpoints beside the log."""

    async def _bounds(self, topic: str) -> list[tuple[int, int, int]]:
        rows = await self._positions.fetch(_POSITIONS, self._places.find(topic, 0).topic)
        return [(lane, first, end) for lane, first, end in rows]

    async def _start(self) -> None:
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._news.run()), asyncio.create_task(self._retention.run())]
