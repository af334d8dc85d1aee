"""Appending: what waits for one broker is sent to it together, a batch for each partition."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from typing import Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, NoError, for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from shared.log import Entry
from shared.log.kafka.cluster import Cluster
from shared.log.kafka.insist import insist
from shared.log.together import Together

# Below what a broker takes as a batch unless told otherwise (1,048,588 bytes).
_BATCH: Final = 1_000_000
_OVERHEAD: Final = 100
_REQUEST: Final = 8_000_000

_ALL: Final = -1
_UNCOMPRESSED: Final = 0


class _Part(NamedTuple):
    """What one caller appends to one partition, at most some batch's worth."""

    partition: TopicPartition
    entries: Sequence[Entry]


class Appender:
    """Sends entries to the leaders of their partitions; `deadline` and `patience` (of a broker) in seconds.

    A broker has one request under way at a time. A caller's entries of one partition are sent one batch after the
    other, none behind one that failed. Until the deadline what failed is sent again, so it may be in the log twice.
    """

    def __init__(self, cluster: Cluster, *, deadline: float, patience: float) -> None:
        self._cluster = cluster
        self._deadline = deadline
        self._patience = patience
        self._nodes: dict[int, Together[_Part, Exception | None]] = {}

    async def append(self, parts: Mapping[TopicPartition, Sequence[Entry]]) -> None:
        """Returns when all are durable. Raises LogUnavailableError."""
        putting = [self._put(partition, entries) for partition, entries in parts.items()]
        for result in await asyncio.gather(*putting, return_exceptions=True):
            if result is not None:
                raise result

    async def close(self) -> None:
        """Wait a moment for what is under way."""
        for node in self._nodes.values():
            await node.close()

    async def _put(self, partition: TopicPartition, entries: Sequence[Entry]) -> None:
        for piece in _pieces(entries):
            await insist(partial(self._put_piece, _Part(partition, piece)), deadline=self._deadline)

    async def _put_piece(self, part: _Part) -> None:
        node = await self._cluster.leader(part.partition)
        if node not in self._nodes:
            self._nodes[node] = Together(partial(self._send_group, node), _weight, _REQUEST)
        error = await self._nodes[node].do(part)
        if error is not None:
            await self._cluster.refresh()
            raise error

    async def _send_group(self, node: int, group: Sequence[_Part]) -> list[Exception | None]:
        """One request after the other until every partition's batches are sent; most often one is enough."""
        queues: dict[TopicPartition, list[Entry]] = defaultdict(list)
        for part in group:
            queues[part.partition] += part.entries
        errors: dict[TopicPartition, Exception] = {}
        batches = [[(partition, batch) for batch in _batches(entries)] for partition, entries in queues.items()]
        for turn in zip_longest(*batches):
            wanted = dict(batch for batch in turn if batch is not None and batch[0] not in errors)
            errors |= await self._send(node, wanted)
        return [errors.get(part.partition) for part in group]

    async def _send(self, node: int, batches: Mapping[TopicPartition, bytearray]) -> dict[TopicPartition, Exception]:
        """What went wrong, by partition."""
        topics: dict[str, list[tuple[int, bytearray]]] = defaultdict(list)
        for (topic, lane), batch in batches.items():
            topics[topic].append((lane, batch))
        request = ProduceRequest(
            transactional_id=None, required_acks=_ALL, timeout=int(self._patience * 1000), topics=list(topics.items())
        )
        try:
            response = await self._cluster.send(node, request)
        except (KafkaError, OSError) as error:
            return dict.fromkeys(batches, error)
        return {
            TopicPartition(topic, lane): for_code(code)()
            for topic, lanes in response.topics
            for lane, code, *_ in lanes
            if for_code(code) is not NoError
        }


def _weight(part: _Part) -> int:
    return sum(len(entry.value) for entry in part.entries) + len(part.entries) * _OVERHEAD


def _pieces(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Cut what is more than a batch."""
    start = weight = 0
    for index, entry in enumerate(entries):
        own = len(entry.value) + len(entry.key or b"") + _OVERHEAD
        if weight and weight + own > _BATCH:
            yield entries[start:index]
            start, weight = index, 0
        weight += own
    yield entries[start:]


def _batches(entries: Iterable[Entry]) -> Iterator[bytearray]:
    """Record batches as Kafka keeps them, as few as will do."""
    builder, count = _builder(), 0
    for entry in entries:
        if builder.append(count, None, entry.key, entry.value, []) is None:
            yield builder.build()
            builder, count = _builder(), 0
            builder.append(0, None, entry.key, entry.value, [])
        count += 1
    yield builder.build()


def _builder() -> DefaultRecordBatchBuilder:
    return DefaultRecordBatchBuilder(
        magic=2,
        compression_type=_UNCOMPRESSED,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=0,
        batch_size=_BATCH,
    )
