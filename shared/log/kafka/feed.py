"""What has been fetched of one partition and not yet been taken."""

import asyncio
from collections import deque
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException, OffsetOutOfRangeError, for_code
from aiokafka.record.memory_records import MemoryRecords

from shared.log import LogUnavailableError, LostRecordsError, Record

# Enough for the next take, and little memory even with hundreds of partitions.
_AHEAD: Final = 1_000_000


class Feed:
    """Records of a partition from `position` on: `fetched` is where the next fetch starts, `ready` how many are here.

    `arrived` is set when there is something to take, be it an error.
    """

    def __init__(self, topic: str, partition: TopicPartition, position: int, arrived: asyncio.Event) -> None:
        self.partition = partition
        self.fetched = position
        self.ready = 0
        self._topic = topic
        self._until = position
        self._arrived = arrived
        self._chunks: deque[tuple[list[Record], int]] = deque()
        self._bytes = 0
        self._error: Exception | None = None

    def hungry(self) -> bool:
        """Whether more should be fetched."""
        return self._error is None and (self._bytes < _AHEAD or self.fetched < self._until)

    def want(self, until: int) -> None:
        """Fetch up to that offset, however much it is."""
        self._until = until

    def feed(self, position: int, content: bytes) -> None:
        """Take in what a fetch from `position` on has brought, unless it is an answer from before."""
        if position != self.fetched or self._error is not None:
            return
        try:
            records, self.fetched = self._decode(content)
        except Exception as error:  # whatever a producer has written, its lane must not stop in silence
            self.fail(LogUnavailableError(f"Kafka: {self.partition} from {position}: {error!r}"))
            return
        if records:
            self._chunks.append((records, len(content)))
            self._bytes += len(content)
            self.ready += len(records)
        if self.fetched != position:
            self._arrived.set()

    def refuse(self, code: int) -> bool:
        """Take in a fetch's error. True when it may pass by itself once it is known who leads the partition."""
        kind = for_code(code)
        if kind is OffsetOutOfRangeError:
            self.fail(LostRecordsError(f"{self.partition} has no offset {self.fetched} any more, or not yet"))
        elif not kind.retriable:
            self.fail(LogUnavailableError(f"Kafka: {self.partition}: {kind.__name__}"))
        return bool(kind.retriable)

    def fail(self, error: Exception) -> None:
        """The next take without records raises this, once."""
        self._error = error
        self._arrived.set()

    def check(self) -> None:
        """Raises what went wrong, if nothing is left to take before it."""
        if self._error is not None and not self.ready:
            error, self._error = self._error, None
            raise error

    def take(self, limit: int) -> list[Record]:
        """At most so many records."""
        taken: list[Record] = []
        while self._chunks and len(taken) < limit:
            records, size = self._chunks.popleft()
            room = limit - len(taken)
            taken += records[:room]
            if len(records) > room:
                self._chunks.appendleft((records[room:], size))
            else:
                self._bytes -= size
        self.ready -= len(taken)
        return taken

    def count_before(self, end: int) -> int:
        """How many of the records lie before that offset."""
        return sum(record.offset < end for records, _ in self._chunks for record in records)

    def _decode(self, content: bytes) -> tuple[list[Record], int]:
        """The records, and the offset behind them. A tombstone is an empty value: it cannot be read, like others."""
        topic, lane, start = self._topic, self.partition.partition, self.fetched
        found: list[Record] = []
        batches = MemoryRecords(content)
        while batches.has_next():
            batch = batches.next_batch()
            if not batch.validate_crc():
                raise CorruptRecordException("the checksum does not fit")
            if not batch.is_control_batch:
                found += [Record(topic, lane, r.offset, r.key, r.value or b"") for r in batch if r.offset >= start]
            start = batch.next_offset
        return found, start
