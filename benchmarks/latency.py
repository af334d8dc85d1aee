"""How soon: from 202 to the announcement on the log at a steady rate, and from a kill -9 until work goes on."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from statistics import quantiles

import asyncpg
import msgspec

from benchmarks.client import Connection, request
from benchmarks.ingest import environment_of
from benchmarks.machine import Machine, open_log
from benchmarks.table import print_table
from benchmarks.workload import LANES, purchase
from shared.events import LADDER_EVENTS, SHOP_EVENTS
from shared.log import Entry, Log
from shared.log.partitioner import lanes_of
from tests.system import Program
from tests.until import until

SIZE = 10
"""Facts in a request."""
CONNECTIONS = 8
WARM_SECONDS = 3


class _Subject(msgspec.Struct):
    subject: str


_subject = msgspec.json.Decoder(_Subject)


async def latency(machine: Machine, rate: int, seconds: int, workers: int, logs: Sequence[str]) -> None:
    """Print the quantiles; every fact is the first of a person, so each is announced."""
    rows = []
    for log in logs:
        environment = await environment_of(machine, log)
        async with AsyncExitStack() as stack:
            ingest = await stack.enter_async_context(Program("services.ingest", environment))
            for _ in range(workers):
                await stack.enter_async_context(Program("services.ladder", environment))
            await _owned(environment["DATABASE_URL"], workers)
            waits = await _measure(environment, ingest.url, rate, seconds)
        await machine.drop(environment["DATABASE_URL"])
        cuts = quantiles(waits, n=100)
        rows.append((log, workers, f"{rate:,}", len(waits), *(f"{1e3 * cuts[p - 1]:.0f}" for p in (50, 90, 99))))
    print_table(
        "From 202 to the announcement on the log, in ms",
        ("log", "ladders", "facts/s", "announced", "p50", "p90", "p99"),
        rows,
    )


async def takeover(machine: Machine, repeats: int, logs: Sequence[str]) -> None:
    """Print how long after a kill -9 of one of two workers a fact of each lane has been processed."""
    rows = []
    for log in logs:
        times = [await _takeover(machine, log) for _ in range(repeats)]
        rows.append((log, " ".join(f"{each:.1f}" for each in sorted(times))))
    print_table("From kill -9 of one of two workers until a fact of every lane is processed", ("log", "seconds"), rows)


async def _takeover(machine: Machine, log: str) -> float:
    environment = await environment_of(machine, log)
    admin = await asyncpg.connect(environment["DATABASE_URL"])
    opened = await open_log(environment)
    async with Program("services.ladder", environment) as killed, Program("services.ladder", environment):
        await _owned(environment["DATABASE_URL"], 2)
        await killed.kill()
        begun = time.perf_counter()
        now = time.time_ns() // 1_000
        people = [b"p%d" % number for number in range(200)]
        facts = [purchase(number, person, now, 10) for number, person in enumerate(people)]
        rows = zip(lanes_of(people, LANES), people, facts, strict=True)
        await opened.append([Entry(SHOP_EVENTS, *row) for row in rows])

        async def done() -> bool:
            sum_of = "select coalesce(sum(next_offset), 0) >= $2 from ladder.checkpoint where topic = $1"
            return bool(await admin.fetchval(sum_of, SHOP_EVENTS, len(people)))

        await until(done, 120)
        seconds = time.perf_counter() - begun
    await opened.close()
    await admin.close()
    await machine.drop(environment["DATABASE_URL"])
    return seconds


async def _owned(dsn: str, workers: int) -> None:
    """Wait until every worker holds its share of the lanes."""
    admin = await asyncpg.connect(dsn)

    async def shared() -> bool:
        counts = await admin.fetch("select count(*) from ladder.lane where owner is not null group by owner")
        return len(counts) == workers and sum(row[0] for row in counts) == LANES

    try:
        await until(shared, 60)
    finally:
        await admin.close()


async def _measure(environment: dict[str, str], url: str, rate: int, seconds: int) -> list[float]:
    log = await open_log(environment)
    announced: dict[str, float] = {}
    readers = [asyncio.create_task(_listen(log, lane, announced)) for lane in range(LANES)]
    answered = await _post(url, rate, seconds)
    await until(lambda: len(announced) >= len(answered), 60)
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    await log.close()
    warm = rate * WARM_SECONDS
    return [max(0.0, announced[f"p{number}"] - at) for number, at in answered.items() if number >= warm]


async def _listen(log: Log, lane: int, announced: dict[str, float]) -> None:
    """Note when a person is announced first."""
    reader = await log.reader(lane, {LADDER_EVENTS: 0})
    while True:
        records = await reader.take(5_000, 10.0)
        now = time.perf_counter()
        for record in records:
            announced.setdefault(_subject.decode(record.value).subject, now)


async def _post(url: str, rate: int, seconds: int) -> dict[int, float]:
    """Post at that rate, some facts at a time; when each was answered."""
    answered: dict[int, float] = {}
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    begun = time.perf_counter()

    async def post(start: int) -> None:
        connection = await idle.get()
        now = time.time_ns() // 1_000
        facts = [purchase(number, b"p%d" % number, now, 10) for number in range(start, start + SIZE)]
        await connection.send(request(url, b"[" + b",".join(facts) + b"]", "application/cloudevents-batch+json"))
        at = time.perf_counter()
        answered.update(dict.fromkeys(range(start, start + SIZE), at))
        idle.put_nowait(connection)

    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS):
            idle.put_nowait(await stack.enter_async_context(Connection(url)))
        async with asyncio.TaskGroup() as group:
            for start in range(0, rate * (seconds + WARM_SECONDS), SIZE):
                await asyncio.sleep(max(0.0, begun + start / rate - time.perf_counter()))
                group.create_task(post(start))
    return answered
