"""Reading some topics of one lane, woken by what is appended."""

import asyncio
from collections.abc import Mapping
from typing import Final

from shared.log import Record
from shared.log.fairness import share
from shared.log.postgres.places import Places
from shared.log.postgres.reads import Found, Reads, Want

_STEP: Final = 5_000


class PostgresReader:
    """A `Reader`. Its positions move when records are given out, never before."""

    def __init__(self, lane: int, positions: Mapping[str, int], places: Places, reads: Reads) -> None:
        self._lane = lane
        self._positions = dict(positions)
        self._at = {topic: places.find(topic, lane) for topic in positions}
        self._places = places
        self._reads = reads
        self._grown = asyncio.Event()
        places.watch(self._at.values(), self._grown)

    async def check(self) -> None:
        """Raises LostRecordsError when a position lies outside of what the lane has."""
        await self._read(dict.fromkeys(self._positions, 0))

    async def take(self, limit: int, timeout: float) -> list[Record]:
        """As `Reader.take`."""
        try:
            async with asyncio.timeout(timeout):
                wanted = await self._available(limit)
        except TimeoutError:
            return []
        return self._give(await self._read(wanted))

    async def take_until(self, topic: str, end: int) -> list[Record]:
        """As `Reader.take_until`."""
        found: list[Found] = []
        position = self._positions[topic]
        while position < end:
            want = Want(self._at[topic], position, min(end - position, _STEP))
            found += await self._reads.read([want])
            position = found[-1].offsets[-1] + 1
        return [record for part in found for record in self._give([(topic, part)])]

    async def close(self) -> None:
        """As `Reader.close`."""
        self._places.unwatch(self._at.values(), self._grown)

    async def _available(self, limit: int) -> dict[str, int]:
        """How many records to read of which topics; waits until there are some."""
        while True:
            ends = {topic: self._places.end(place) for topic, place in self._at.items()}
            backlog = {topic: end - self._positions[topic] for topic, end in ends.items()}
            if shares := share(backlog, limit):
                return shares
            self._grown.clear()
            await self._grown.wait()

    async def _read(self, counts: Mapping[str, int]) -> list[tuple[str, Found]]:
        wants = [Want(self._at[topic], self._positions[topic], count) for topic, count in counts.items()]
        return list(zip(counts, await self._reads.read(wants), strict=True))

    def _give(self, found: list[tuple[str, Found]]) -> list[Record]:
        lane = self._lane
        records: list[Record] = []
        for topic, part in found:
            records += [Record(topic, lane, *row) for row in zip(part.offsets, part.keys, part.values, strict=True)]
            if part.offsets:
                self._positions[topic] = part.offsets[-1] + 1
        return records
