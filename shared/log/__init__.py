"""The log: keyed topics of N lanes each, kept by Kafka (`kafka.py`) or by PostgreSQL (`postgres.py`).

The code above does not know which it is. A record's place is (topic, lane, offset); offsets of a lane only grow,
without promising to be gap-free. What `append` has returned for is durable.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from msgspec import Struct

MAX_ENTRY_BYTES: Final = 1_000_000
"""Key and value of a record together; below what a Kafka broker takes unless told otherwise."""


class LogUnavailableError(Exception):
    """The log did not take or give records in time; part of an append may be in it all the same."""


class LostRecordsError(Exception):
    """A position lies outside of what the log still has: records were lost or their retention ran out."""


class TopicMismatchError(ValueError):
    """A topic exists with another number of lanes; which lane a key belongs to would change."""

    def __init__(self, topic: str, *, found: int, wanted: int) -> None:
        super().__init__(f"topic {topic} has {found} lanes, not {wanted}: the number of lanes cannot be changed")


class Entry(Struct, frozen=True, gc=False):
    """A record on its way into the log; the lane is the caller's business (`lane_of`)."""

    topic: str
    lane: int
    key: bytes | None
    value: bytes


def check_sizes(entries: Sequence[Entry]) -> None:
    """Raises ValueError when an entry is larger than MAX_ENTRY_BYTES."""
    for entry in entries:
        if (size := len(entry.value) + len(entry.key or b"")) > MAX_ENTRY_BYTES:
            raise ValueError(f"a record for {entry.topic} has {size} bytes, more than the log's {MAX_ENTRY_BYTES}")


class Record(Struct, frozen=True, gc=False):
    """A record as it was read."""

    topic: str
    lane: int
    offset: int
    key: bytes | None
    value: bytes


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it should be: `retention_days` None keeps records for ever."""

    name: str
    lanes: int
    retention_days: int | None = None


class Reader(Protocol):
    """Reads some topics of one lane, each from a position on, in the order of their offsets."""

    async def take(self, limit: int, timeout: float) -> list[Record]:
        """At most `limit` records, waiting up to `timeout` seconds for the first; [] when none came.

        Raises LostRecordsError, LogUnavailableError.
        """
        ...

    async def take_until(self, topic: str, end: int) -> list[Record]:
        """All records of that topic before offset `end`, which had been its end; others stay for `take`."""
        ...

    async def close(self) -> None:
        """Let go of what reading holds."""
        ...


class Log(Protocol):
    """Append to and read from topics."""

    async def open(self, topics: Iterable[Topic]) -> None:
        """Connect, make missing topics, check those that exist; a second call adds topics.

        Raises TopicMismatchError, LogUnavailableError.
        """
        ...

    async def close(self) -> None:
        """Disconnect; appends under way have a moment to end, then they raise LogUnavailableError."""
        ...

    async def append(self, entries: Sequence[Entry]) -> None:
        """Append in order per (topic, lane); returns when all are durable.

        Raises LogUnavailableError within 10 s, and ValueError, before anything is appended, for a topic that was not
        opened, a lane it does not have, or more than MAX_ENTRY_BYTES in an entry.
        """
        ...

    async def reader(self, lane: int, positions: Mapping[str, int]) -> Reader:
        """Read the topics of `positions` in this lane from those offsets on.

        Raises LostRecordsError when one lies before the first record that is still there or beyond the end.
        """
        ...

    async def first_positions(self, topic: str) -> dict[int, int]:
        """The lowest offset that is still there, per lane (the end position of an empty lane)."""
        ...

    async def end_positions(self, topic: str) -> dict[int, int]:
        """The offset that the next record will get, per lane."""
        ...

    async def positions_at(self, topic: str, instant: int) -> dict[int, int]:
        """The offset of the first record appended at that instant (µs, by the clock of the log) or later, per lane.

        The end position of a lane where nothing was. Good to a second or so: clocks differ, and appenders overlap.
        """
        ...

    async def show(self, group: str, positions: Mapping[tuple[str, int], int]) -> None:
        """Let dashboards see how far a group of readers has come, by (topic, lane). Nothing here ever reads it.

        Raises LogUnavailableError.
        """
        ...
