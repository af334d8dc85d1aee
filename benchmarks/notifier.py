"""Decisions per second of the notifier, and mails per second into a local sink, against one that only fills it."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from statistics import median
from typing import NamedTuple

import asyncpg
import psutil

from benchmarks.ingest import environment_of
from benchmarks.machine import Machine, cpu_seconds, open_log
from benchmarks.sink import Sink, sink
from benchmarks.table import print_table
from benchmarks.workload import LANES
from shared import events, instants
from shared.db import Connection
from shared.events import LADDER_EVENTS, SHOP_PROFILES
from shared.log import Entry
from shared.log.partitioner import lane_of
from tests.make import DOUBLE_OPT_IN, fact, promoted
from tests.system import Program
from tests.until import until

CONNECTIONS = 4
PIECE = 2_000
PATIENCE = 300.0
HEADER = ("log", "what", "per second", "Python µs", "PostgreSQL µs", "of the sink", "runs")
REAL_MAIL = {
    "MAIL_FROM": "shop@example.org",
    "SENDER_NAME": "Example Shop",
    "IMPRINT": "Example Shop, 1 Example Street, Example Town",
    "PUBLIC_URL": "https://shop.example",
    "SMTP_CONNECTIONS": str(CONNECTIONS),
}


class _Run(NamedTuple):
    """Per second, and CPU time in µs each, of Python and of PostgreSQL."""

    rate: float
    python: float = 0.0
    postgres: float = 0.0


async def notifier(machine: Machine, people: int, repeats: int, logs: tuple[str, ...]) -> None:
    """Print how fast promotions become decisions, decisions mails, and how fast the sink can be filled at all."""
    rows = []
    for log in logs:
        runs = [await _run(machine, log, people) for _ in range(repeats)]
        decided, sent, bare = ([run[place] for run in runs] for place in range(3))
        ratio = median(own.rate / its.rate for own, its in zip(sent, bare, strict=True))
        rows.append((log, "decisions", *_medians(decided), "", repeats))
        rows.append((log, "mails", *_medians(sent), f"{ratio:.2f}", repeats))
        rows.append((log, "the bare sink", f"{median(run.rate for run in bare):,.0f}", "", "", "", repeats))
    print_table(f"The notifier: {people:,} people promoted, {CONNECTIONS} connections", HEADER, rows)


def _medians(runs: list[_Run]) -> tuple[str, ...]:
    rate, python, postgres = (median(figure) for figure in zip(*runs, strict=True))
    return f"{rate:,.0f}", f"{python:.0f}", f"{postgres:.0f}"


async def _run(machine: Machine, log: str, people: int) -> tuple[_Run, _Run, _Run]:
    environment = {**await environment_of(machine, log), **REAL_MAIL, "TIME_ZONE": noon()}
    await _fill(environment, people)
    connection = await asyncpg.connect(environment["DATABASE_URL"])
    async with sink() as server:
        environment["SMTP_URL"] = f"smtp://127.0.0.1:{server.port}"
        program = Program("services.notifier", environment)
        await program.launch()
        try:
            await until(lambda: _decided(connection, 1), PATIENCE)
            worker = psutil.Process(program.pid)
            rest = people - int(await connection.fetchval("select count(*) from notifier.message"))
            decided = await _timed(machine, worker, rest, lambda: _decided(connection, people))
            server.open.set()
            sent = await _timed(machine, worker, people, lambda: _taken(server, people))
        finally:
            await program.stop()
        bare = await _bare(server, people)
    await connection.close()
    await machine.drop(environment["DATABASE_URL"])
    return decided, sent, bare


def noon() -> str:
    """A zone in which it is about noon, so that no quiet hour delays a mail."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


async def _fill(environment: dict[str, str], people: int) -> None:
    """Everybody has an address, has agreed, and is promoted."""
    log = await open_log(environment)
    now = time.time_ns() // 1_000
    for start in range(0, people, PIECE):
        await log.append([*_entries(range(start, min(start + PIECE, people)), now)])
    await log.close()


def _entries(numbers: range, now: int) -> Iterator[Entry]:
    since = now - instants.HOUR
    for number in numbers:
        who = f"c{number}"
        lane, key = lane_of(who, LANES), who.encode()
        profile = {"email": f"{who}@example.org", "name": f"Anna {number}", "language": "en"}
        for told in (
            fact("contact.identified", since, subject=who, profile=profile),
            fact("contact.consented", since, subject=who, **DOUBLE_OPT_IN),
        ):
            yield Entry(SHOP_PROFILES, lane, key, events.encode(told))
        yield Entry(LADDER_EVENTS, lane, key, events.encode(promoted(now, 4, subject=who)))


async def _timed(machine: Machine, worker: psutil.Process, people: int, done: Callable[[], Awaitable[bool]]) -> _Run:
    def used() -> tuple[float, float]:
        servers = [each for each in machine.servers() if each.name() == "postgres"]
        return cpu_seconds([worker]), cpu_seconds(servers)

    before, begun = used(), time.perf_counter()
    await until(done, PATIENCE)
    seconds, after = time.perf_counter() - begun, used()
    python, postgres = (1e6 * (now - was) / people for now, was in zip(after, before, strict=True))
    return _Run(people / seconds, python, postgres)


async def _decided(connection: Connection, people: int) -> bool:
    return bool(await connection.fetchval("select count(*) >= $1 from notifier.message", people))


async def _taken(server: Sink, people: int) -> bool:
    return server.taken >= people


async def _bare(server: Sink, people: int) -> _Run:
    """By a process of its own, as the notifier is one."""
    arguments = (str(each) for each in (server.port, people, CONNECTIONS, server.size))
    filling = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.sink", *arguments, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await filling.communicate()
    return _Run(people / float(told))
