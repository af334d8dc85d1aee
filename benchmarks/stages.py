"""Where each microsecond goes: one lane's batches taken step by step, each step's CPU time told apart."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import asyncpg
import psutil
from msgspec.structs import replace

from benchmarks.machine import Machine, cpu_seconds, open_log
from benchmarks.table import print_table
from benchmarks.workload import Workload
from services.ladder import reading
from services.ladder.lanes import manner_of, rules_of
from services.ladder.reading import Shop
from services.ladder.settings import LadderSettings
from services.ladder.store import Stored
from services.ladder.turn import Manner, Turn, needs_journal
from services.ladder.writing import write
from shared.db import Connection
from shared.events import SHOP_EVENTS
from shared.instants import HOUR
from shared.lanes.store import Lane, LaneStore
from shared.log import Entry, Log, Record
from shared.program import calm_garbage_collector

LIMIT = 5_000
STRANGERS = Stored(None, None)


class Stages:
    """CPU seconds by step: of this process, and of the database's."""

    def __init__(self, servers: Sequence[psutil.Process]) -> None:
        self._servers = servers
        self.python: defaultdict[str, float] = defaultdict(float)
        self.postgres: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        """Count what the block takes."""
        theirs, own = cpu_seconds(self._servers), time.process_time()
        yield
        self.python[step] += time.process_time() - own
        self.postgres[step] += cpu_seconds(self._servers) - theirs


async def stages(machine: Machine, facts: int) -> None:
    """Print the steps; one lane, so that nothing overlaps."""
    calm_garbage_collector()
    workload = Workload("purchases", facts, max(1, facts // 10))
    environment = {"LANES": "1", "DATABASE_URL": await machine.database()}
    log = await open_log(environment)
    connection = await asyncpg.connect(environment["DATABASE_URL"])
    settings = LadderSettings(lanes=1)
    manner = manner_of(settings, rules_of(settings))
    for entries in workload.entries(time.time_ns() // 1_000 - HOUR):
        await log.append([replace(entry, lane=0) for entry in entries])
    reader = await log.reader(0, {SHOP_EVENTS: 0})
    steps = Stages([server for server in machine.servers() if server.name() == "postgres"])
    known: dict[str, Stored] = {}
    seq = done = 0
    while done < facts:
        with steps.of("log: read"):
            records = await reader.take(LIMIT, 5.0)
        turn = _folded(steps, manner, records, known, seq)
        await _written(steps, connection, log, turn)
        done, seq = done + len(records), seq + len(turn.outbox)
    await log.close()
    await connection.close()
    per = 1e6 / facts
    rows = [(step, f"{steps.python[step] * per:.1f}", f"{steps.postgres[step] * per:.1f}") for step in steps.python]
    sums = [f"{sum(counted.values()) * per:.1f}" for counted in (steps.python, steps.postgres)]
    title = f"Where each microsecond goes: CPU per fact, {seq / facts:.2f} announcements per fact, batches of {LIMIT:,}"
    print_table(title, ("step", "Python µs", "PostgreSQL µs"), [*rows, ("sum", *sums)])


def _folded(steps: Stages, manner: Manner, records: list[Record], known: dict[str, Stored], seq: int) -> Turn:
    turn = Turn(manner, 0, seq, time.time_ns() // 1_000)
    with steps.of("decode, check, group by person"):
        read = reading.read(records, Shop("EUR", 2, 1), 0)
    with steps.of("standings from the cache"):
        for person in read.by_person:
            turn.know(person, known.get(person, STRANGERS))
    with steps.of("is the past changed"):
        late = [person for person, told in read.by_person.items() if needs_journal(turn.people[person], told, set())]
        assert not late
    with steps.of("fold and announce"):
        for message, body, at in read.messages:
            turn.take(message, body, at)
    with steps.of("encode standings, count tallies"):
        turn.standings()
        turn.tallies()
    with steps.of("figures: add up"):
        turn.figures.rows()
    with steps.of("standings into the cache"):
        known.update(turn.stored())
    return turn


async def _written(steps: Stages, connection: Connection, log: Log, turn: Turn) -> None:
    lanes = LaneStore("ladder", lease_seconds=1)
    rows = list(enumerate(turn.outbox, turn.seq + 1))
    async with connection.transaction():
        with steps.of("journal, standings, transitions, tallies, figures"):
            await write(connection, turn)
        with steps.of("outbox, checkpoint"):
            await lanes.save(connection, Lane(0, 0, 0, rows[-1][0], 0, None, {}), turn.now, rows)
    with steps.of("relay: append to the log"):
        await log.append([Entry(row.topic, row.lane, (row.key or "").encode(), row.value) for row in turn.outbox])
