"""`KafkaLog`: the log on Kafka."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from aiokafka import TopicPartition

from shared.log import Entry, LogUnavailableError, LostRecordsError, Reader, Topic, check_sizes
from shared.log.kafka.appender import Appender
from shared.log.kafka.bounds import END, FIRST, bounds
from shared.log.kafka.cluster import Access, Cluster
from shared.log.kafka.fetchers import Fetchers
from shared.log.kafka.insist import insist
from shared.log.kafka.progress import commit
from shared.log.kafka.reader import KafkaReader
from shared.log.kafka.topics import make_topics
from shared.log.under_way import UnderWay


class KafkaLog:
    """A `Log` on the Kafka whose bootstrap servers (host:port, separated by commas) are given.

    Topics are called `topic_prefix` and their name there. Whatever goes wrong, an append raises LogUnavailableError
    after `deadline` seconds at the latest; until then it is tried again.
    """

    def __init__(
        self,
        servers: str,
        *,
        security_protocol: str = "PLAINTEXT",
        sasl_mechanism: str = "PLAIN",
        sasl_username: str | None = None,
        sasl_password: str | None = None,
        ca_file: Path | None = None,
        topic_prefix: str = "",
        client_id: str = "loyalty-ladder",
        deadline: float = 9.0,
    ) -> None:
        patience = deadline / 2
        self._access = Access(
            servers, security_protocol, sasl_mechanism, sasl_username, sasl_password, ca_file, client_id, patience
        )
        self._prefix = topic_prefix
        self._deadline = deadline
        self._lanes: dict[str, int] = {}
        self._topics: set[str] = set()
        self._cluster = Cluster(self._access, self._topics)
        self._appender = Appender(self._cluster, deadline=deadline, patience=patience)
        self._fetchers = Fetchers(self._access, self._topics)
        self._under_way = UnderWay()

    async def open(self, topics: Iterable[Topic]) -> None:
        """As `Log.open`. The retention of a topic that exists is its operator's business."""
        wanted = {self._prefix + topic.name: topic for topic in topics}
        await insist(partial(make_topics, self._access, wanted), deadline=self._deadline)
        self._topics |= wanted.keys()
        self._lanes |= {topic.name: topic.lanes for topic in wanted.values()}

    async def close(self) -> None:
        """As `Log.close`."""
        await self._under_way.finish()
        await self._appender.close()
        await self._fetchers.close()
        await self._cluster.close()

    async def append(self, entries: Sequence[Entry]) -> None:
        """As `Log.append`."""
        check_sizes(entries)
        parts: dict[TopicPartition, list[Entry]] = defaultdict(list)
        for entry in entries:
            parts[self._partition(entry.topic, entry.lane)].append(entry)
        try:
            with self._under_way:
                async with asyncio.timeout(self._deadline):
                    await self._appender.append(parts)
        except TimeoutError:
            raise LogUnavailableError(f"Kafka took no records within {self._deadline:g} s") from None

    async def reader(self, lane: int, positions: Mapping[str, int]) -> Reader:
        """As `Log.reader`."""
        partitions = {self._partition(topic, lane): position for topic, position in positions.items()}
        firsts, ends = await self._bounds(partitions, FIRST), await self._bounds(partitions, END)
        for partition, position in partitions.items():
            if not firsts[partition] <= position <= ends[partition]:
                raise LostRecordsError(f"{partition} has no offset {position} any more, or not yet")
        names = {topic: self._prefix + topic for topic in positions}
        return KafkaReader(lane, positions, names, self._fetchers.free(partitions))

    async def first_positions(self, topic: str) -> dict[int, int]:
        """As `Log.first_positions`."""
        return await self._positions(topic, FIRST)

    async def end_positions(self, topic: str) -> dict[int, int]:
        """As `Log.end_positions`."""
        return await self._positions(topic, END)

    async def positions_at(self, topic: str, instant: int) -> dict[int, int]:
        """As `Log.positions_at`; Kafka's clock has milliseconds."""
        found, ends = await self._positions(topic, max(instant // 1_000, 0)), await self.end_positions(topic)
        return {lane: offset if offset >= 0 else ends[lane] for lane, offset in found.items()}

    async def show(self, group: str, positions: Mapping[tuple[str, int], int]) -> None:
        """As `Log.show`; the group's name has the prefix of the topics."""
        found = {self._partition(*place): position for place, position in positions.items()}
        if found:
            await insist(partial(commit, self._cluster, self._prefix + group, found), deadline=self._deadline)

    async def _positions(self, topic: str, which: int) -> dict[int, int]:
        partitions = [self._partition(topic, lane) for lane in range(self._lanes.get(topic, 1))]
        return {found.partition: offset for found, offset in (await self._bounds(partitions, which)).items()}

    async def _bounds(self, partitions: Iterable[TopicPartition], which: int) -> dict[TopicPartition, int]:
        return await insist(partial(bounds, self._cluster, list(partitions), which), deadline=self._deadline)

    def _partition(self, topic: str, lane: int) -> TopicPartition:
        if not 0 <= lane < self._lanes.get(topic, 0):
            raise ValueError(f"topic {topic} was not opened with a lane {lane}")
        return TopicPartition(self._prefix + topic, lane)
