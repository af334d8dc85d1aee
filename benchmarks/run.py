"""One run: worker processes on a log that is full already, all set off at the same moment, watched until it is done."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

import asyncpg
import psutil

from benchmarks.limit import Shape
from benchmarks.machine import Machine, cpu_seconds
from benchmarks.workload import LANES
from shared.db import Connection
from shared.events import SHOP_EVENTS
from tests.system import Program
from tests.until import until

STILL_SECONDS = 2.2
"""Longer than a worker's beat, shorter than its lease: workers woken together after it lease their lanes together."""
PATIENCE = 1_800.0
"""A backlog of a million people takes minutes on a busy machine."""


class Figures(NamedTuple):
    """What a run took: seconds, and CPU time in µs per fact of Python, PostgreSQL and the broker."""

    facts: int
    seconds: float
    python: float
    postgres: float
    kafka: float
    resident: float
    """MB of the largest worker at its end."""

    @property
    def rate(self) -> float:
        """Facts per second."""
        return self.facts / self.seconds


async def work_off(machine: Machine, module: str, environment: dict[str, str], workers: int, facts: int) -> Figures:
    """Let so many processes of `module` work off the log of `environment`, announcements published and all."""
    admin = await asyncpg.connect(environment["DATABASE_URL"])
    async with AsyncExitStack() as stack:
        stack.push_async_callback(admin.close)
        await _hold_back(admin)
        programs = [Program(module, environment) for _ in range(workers)]
        await asyncio.gather(*(stack.enter_async_context(program) for program in programs))
        await until(lambda: _living(admin, workers))
        await _set_off(admin, programs)
        return await _watched(machine, admin, [psutil.Process(program.pid) for program in programs], facts)


async def _hold_back(admin: Connection) -> None:
    """Lease the lanes to nobody, so that the workers can start first."""
    held = (
        "insert into ladder.lane (lane, owner, lease_until) select n, 'bench', 'infinity' from generate_series(0, $1) n"
    )
    await admin.execute(held, LANES - 1)
    await admin.execute(
        "insert into ladder.checkpoint select lane, topic, 0 from ladder.lane, unnest($1::text[]) as topic",
        [SHOP_EVENTS, "ladder.internal"],
    )


async def _living(admin: Connection, workers: int) -> bool:
    return bool(await admin.fetchval("select count(*) = $1 from ladder.worker", workers))


async def _set_off(admin: Connection, programs: Sequence[Program]) -> None:
    for program in programs:
        program.send(signal.SIGSTOP)
    await asyncio.sleep(STILL_SECONDS)
    await admin.execute("update ladder.lane set owner = null, lease_until = null")
    for program in programs:
        program.send(signal.SIGCONT)


async def _watched(machine: Machine, admin: Connection, workers: Sequence[psutil.Process], facts: int) -> Figures:
    loop = asyncio.get_running_loop()

    def used() -> list[float]:
        servers = machine.servers()
        return [
            cpu_seconds(workers),
            cpu_seconds(server for server in servers if server.name() == "postgres"),
            cpu_seconds(server for server in servers if server.name() == "java"),
        ]

    before, begun = used(), loop.time()
    await until(lambda: _done(admin, facts), PATIENCE)
    seconds, after = loop.time() - begun, used()
    python, postgres, kafka = (1e6 * (now - was) / facts for now, was in zip(after, before, strict=True))
    return Figures(facts, seconds, python, postgres, kafka, max(each.memory_info().rss for each in workers) / 1e6)


async def _done(admin: Connection, facts: int) -> bool:
    """Whether every fact is processed and every announcement published."""
    row = await admin.fetchrow(
        """
        select (select sum(next_offset) from ladder.checkpoint where topic = $1) >= $2
            and (select sum(seq - published_seq) from ladder.lane) = 0
        """,
        SHOP_EVENTS,
        facts,
    )
    return bool(row and row[0])


async def shape_of(dsn: str, facts: int) -> Shape:
    """What the ladder wrote there."""
    connection = await asyncpg.connect(dsn)
    try:
        announced = await connection.fetchval("select count(*) from ladder.outbox")
        sizes = [
            int(await connection.fetchval(f"select avg(octet_length({column})) from ladder.{table}"))
            for column, table in (("state", "standing"), ("value", "outbox"), ("data", "transition"))
        ]
    finally:
        await connection.close()
    return Shape(announced / facts, *sizes)
