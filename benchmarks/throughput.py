"""Facts per second of the ladder, on both logs, with one and two processes, against its limit."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import msgspec

from benchmarks.limit import Shape
from benchmarks.machine import Machine, open_log
from benchmarks.run import Figures, shape_of, work_off
from benchmarks.table import print_table
from benchmarks.workload import LANES, Workload
from shared import instants

HEADER = ("log", "processes", "what", "facts/s", "Python µs", "PostgreSQL µs", "Kafka µs", "of the limit", "runs")


@dataclass(frozen=True, slots=True)
class Filled:
    """A log that holds a workload: what programs need to know to read it, and the database to copy for each run."""

    name: str
    environment: dict[str, str]
    template: str


async def fill(machine: Machine, log: str, workload: Workload) -> Filled:
    """Append the workload to a new log: `embedded` or `kafka`."""
    template = await machine.database()
    environment = {"LANES": str(LANES), "DATABASE_URL": template}
    if log == "kafka":
        environment["KAFKA_BOOTSTRAP_SERVERS"] = await machine.kafka()
        environment["TOPIC_PREFIX"] = f"{template.rpartition('/')[2]}."
    opened = await open_log(environment)
    for entries in workload.entries(time.time_ns() // 1_000 // instants.DAY * instants.DAY):
        await opened.append(entries)
    await opened.close()
    return Filled(log, environment, template)


async def work_off_copy(
    machine: Machine, filled: Filled, module: str, workers: int, workload: Workload, **settings: str
) -> tuple[Figures, Shape]:
    """One run on a fresh copy of the database."""
    dsn = await machine.database(filled.template)
    environment = {**filled.environment, **settings, "DATABASE_URL": dsn}
    figures = await work_off(machine, module, environment, workers, workload.facts)
    shape = await shape_of(dsn, workload.facts)
    await machine.drop(dsn)
    return figures, shape


async def ladder(machine: Machine, facts: int, repeats: int, logs: tuple[str, ...], processes: tuple[int, ...]) -> None:
    """Print the ladder against its limit; runs of both alternate."""
    workload = Workload("purchases", facts, max(1, facts // 10))
    rows: list[tuple[object, ...]] = []
    for log in logs:
        filled = await fill(machine, log, workload)
        for workers in processes:
            real, limit = await _in_turns(machine, filled, workers, workload, repeats)
            rows += _rows(log, workers, real, limit)
    print_table(f"The ladder: {facts:,} purchases of {workload.people:,} people", HEADER, rows)


async def odd(machine: Machine, facts: int, own: int, logs: tuple[str, ...], workers: int) -> None:
    """Print the ladder on facts that change the past, and on one person of `own` facts."""
    rows: list[tuple[object, ...]] = []
    for workload in (
        Workload("10 % refunds, 2 % late", facts, max(1, facts // 10), refunds=0.1, late=0.02),
        Workload("one person", own, 1),
        Workload("one person, 2 % late", own, 1, late=0.02),
    ):
        for log in logs:
            filled = await fill(machine, log, workload)
            figures, _ = await work_off_copy(machine, filled, "services.ladder", workers, workload)
            await machine.drop(filled.template)
            rows.append((workload.name, f"{workload.facts:,}", log, workers, *_medians([figures])))
    header = ("facts", "number", "log", "processes", "facts/s", "Python µs", "PostgreSQL µs", "Kafka µs")
    print_table("The ladder on facts that change the past", header, rows)


async def _in_turns(
    machine: Machine, filled: Filled, workers: int, workload: Workload, repeats: int
) -> tuple[list[Figures], list[Figures]]:
    real: list[Figures] = []
    limit: list[Figures] = []
    for _ in range(repeats):
        figures, shape = await work_off_copy(machine, filled, "services.ladder", workers, workload)
        real.append(figures)
        told = msgspec.json.encode(shape).decode()
        figures, _ = await work_off_copy(machine, filled, "benchmarks.limit", workers, workload, SHAPE=told)
        limit.append(figures)
    return real, limit


def _rows(log: str, workers: int, real: list[Figures], limit: list[Figures]) -> Iterator[tuple[object, ...]]:
    ratio = median(own.rate / its.rate for own, its in zip(real, limit, strict=True))
    yield (log, workers, "ladder", *_medians(real), f"{ratio:.2f}", len(real))
    yield (log, workers, "limit", *_medians(limit), "", len(limit))


def _medians(runs: list[Figures]) -> tuple[object, ...]:
    return (
        f"{median(run.rate for run in runs):,.0f}",
        *(f"{median(used):.0f}" for used in zip(*((run.python, run.postgres, run.kafka) for run in runs), strict=True)),
    )
