"""Resident memory of the ladder with few and with many people."""

from collections.abc import Sequence

from benchmarks.machine import Machine
from benchmarks.table import print_table
from benchmarks.throughput import fill, work_off_copy
from benchmarks.workload import Workload


async def memory(machine: Machine, people: Sequence[int]) -> None:
    """Print it for each number of people, two facts each, in random order, on the embedded log."""
    rows = []
    for number in people:
        workload = Workload("two purchases each", 2 * number, number)
        filled = await fill(machine, "embedded", workload)
        figures, _ = await work_off_copy(machine, filled, "services.ladder", 1, workload)
        await machine.drop(filled.template)
        rows.append((f"{number:,}", f"{workload.facts:,}", f"{figures.resident:.0f}"))
    print_table("Resident memory of a ladder that has worked off the log", ("people", "facts", "MB"), rows)
