"""Lanes: the unit of ownership, of ordering, of a transaction and of scale. PostgreSQL is the arbiter.

A `Worker` leases lanes of one service and runs a task for each. The task takes what has come for its lane and lets the
service's `LaneHandler` turn it into rows inside one transaction, fenced by the lane's epoch; then the relay publishes
the outbox. What a service has to supply is `LaneHandler`; everything else is here, once for all services.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from msgspec import Struct

from shared.db import Connection
from shared.log import Record


class FencedError(Exception):
    """The lane belongs to somebody else now, or is not as this worker left it; nothing was written."""


class TryAgainError(Exception):
    """Raised by a handler: roll back, and give me the same batch once more; my caches are still right."""


class OutboxRow(Struct, frozen=True, gc=False):
    """A message to publish once the transaction has committed; `lane` is the lane of `topic` it goes to."""

    topic: str
    lane: int
    key: str | None
    id: str
    type: str
    at: int
    value: bytes


class DeadLetter(NamedTuple):
    """A record that cannot be read, and why; `pointer` is a JSON pointer into its value."""

    record: Record
    reason: str
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction is about.

    `records` are in the log's order per topic. `now` is the database's clock when the transaction began, `time` the
    lane's own time under `CLOCK=facts` before these records (None: none yet). Everything that was in the lane's log at
    `sweep_to` has been processed, so deadlines up to there may fire (None: not known; always None under `CLOCK=facts`,
    where the handler sweeps to the lane's time itself).
    """

    lane: int
    records: Sequence[Record]
    now: int
    seq: int = 0
    """The last number the lane's outbox has given; the first row of the outcome gets the next one."""
    time: int | None = None
    sweep_to: int | None = None


@dataclass(slots=True)
class Outcome:
    """What a batch came to: rows for the outbox in order, unreadable records, the lane's time after it.

    `more_due`: the sweep stopped at its limit; the handler is to be called again at once with no records.
    """

    outbox: list[OutboxRow] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    time: int | None = None
    more_due: bool = False


class LaneHandler(Protocol):
    """A service's side of one owned lane, with its caches.

    It is thrown away, caches and all, with the lease and after any transaction that is not known to have committed.
    """

    async def process(self, tx: Connection, batch: Batch) -> Outcome:
        """Write everything the batch leads to through `tx`; change nothing that outlives a rollback."""
        ...

    def committed(self) -> None:
        """The transaction of the last `process` has committed: what it prepared may enter the caches."""
        ...

    def unfinished(self) -> bool:
        """Whether there is work that neither records nor deadlines bring: `process` is then called with no records."""
        ...

    async def due(self, connection: Connection, until: int) -> bool:
        """Whether any deadline of this lane is at or before `until`."""
        ...
