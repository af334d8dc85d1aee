"""Events per second of ingest, in batches of 100 and one by one, against a bare endpoint."""

import asyncio
import time
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import psutil

from benchmarks.client import Connection, request
from benchmarks.machine import Machine, cpu_seconds
from benchmarks.table import print_table
from benchmarks.workload import LANES, Workload
from tests.system import Program

BATCH = 100
CONNECTIONS = 16
HEADER = ("log", "posted", "what", "events/s", "Python µs", "of the limit", "resident MB", "runs")


class _Run(NamedTuple):
    rate: float
    python: float
    resident: float


async def ingest(machine: Machine, batched: int, single: int, repeats: int, logs: Sequence[str]) -> None:
    """Print ingest against its limit; runs of both alternate."""
    rows = []
    for log in logs:
        for size, count in ((BATCH, batched), (1, single)):
            runs: dict[str, list[_Run]] = {"services.ingest": [], "benchmarks.bare": []}
            for _ in range(repeats):
                for module, found in runs.items():
                    found.append(await _run(machine, log, module, count, size))
            rates = [[run.rate for run in found] for found in runs.values()]
            ratio = median(own / its for own, its in zip(*rates, strict=True))
            for module, found in runs.items():
                told = f"{ratio:.2f}" if module == "services.ingest" else ""
                rate, python, resident = (median(figure) for figure in zip(*found, strict=True))
                what = "in 100s" if size > 1 else "singly"
                rows.append((log, what, module, f"{rate:,.0f}", f"{python:.0f}", told, f"{resident:.0f}", repeats))
    print_table(f"Ingest: {CONNECTIONS} connections", HEADER, rows)


async def _run(machine: Machine, log: str, module: str, count: int, size: int) -> _Run:
    environment = await environment_of(machine, log)
    async with Program(module, environment) as program:
        requests = _requests(program.url, count, size)
        process = psutil.Process(program.pid)
        await _send(program.url, requests[: CONNECTIONS * 2])
        before, begun = cpu_seconds([process]), time.perf_counter()
        await _send(program.url, requests)
        seconds = time.perf_counter() - begun
        used, resident = cpu_seconds([process]) - before, process.memory_info().rss / 1e6
    await machine.drop(environment["DATABASE_URL"])
    return _Run(count / seconds, used / count * 1e6, resident)


async def environment_of(machine: Machine, log: str) -> dict[str, str]:
    """What programs need to know to work on a new, empty log and database."""
    environment = {"LANES": str(LANES), "DATABASE_URL": await machine.database()}
    if log == "kafka":
        environment["KAFKA_BOOTSTRAP_SERVERS"] = await machine.kafka()
        environment["TOPIC_PREFIX"] = f"{environment['DATABASE_URL'].rpartition('/')[2]}."
    return environment


def _requests(url: str, count: int, size: int) -> list[bytes]:
    workload = Workload("posted", count, max(1, count // 10))
    values = [entry.value for entries in workload.entries(time.time_ns() // 1_000) for entry in entries]
    if size == 1:
        return [request(url, value, "application/cloudevents+json") for value in values]
    batches = [values[start : start + size] for start in range(0, count, size)]
    return [request(url, b"[" + b",".join(batch) + b"]", "application/cloudevents-batch+json") for batch in batches]


async def _send(url: str, requests: Sequence[bytes]) -> None:
    waiting = iter(requests)

    async def work() -> None:
        async with Connection(url) as connection:
            for each in waiting:
                await connection.send(each)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(work())
