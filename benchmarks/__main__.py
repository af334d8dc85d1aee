"""`python -m benchmarks [NAME ...]`: measure, print tables, write nothing into the tree."""

import argparse
import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path

import psutil

from benchmarks import ingest, jobs, latency, memory, notifier, pages, stages, throughput
from benchmarks.machine import Machine
from shared.telemetry import configure_logging


async def _run(chosen: argparse.Namespace, folder: Path) -> None:
    machine = Machine(folder)
    await machine.start()
    logs = tuple(chosen.logs)
    benches: dict[str, Callable[[], Coroutine[None, None, None]]] = {
        "ladder": lambda: throughput.ladder(machine, chosen.facts, chosen.repeats, logs, tuple(chosen.processes)),
        "stages": lambda: stages.stages(machine, min(chosen.facts, 100_000)),
        "odd": lambda: throughput.odd(machine, chosen.facts, chosen.own, logs, max(chosen.processes)),
        "ingest": lambda: ingest.ingest(machine, chosen.facts // 4, chosen.facts // 20, chosen.repeats, logs),
        "latency": lambda: latency.latency(machine, chosen.rate, chosen.seconds, max(chosen.processes), logs),
        "memory": lambda: memory.memory(machine, chosen.people),
        "jobs": lambda: jobs.jobs(machine, chosen.jobs, folder),
        "notifier": lambda: notifier.notifier(machine, chosen.mails, chosen.repeats, logs),
        "pages": lambda: pages.pages(machine, chosen.pages),
        "takeover": lambda: latency.takeover(machine, chosen.repeats, logs),
    }
    try:
        for name in chosen.names or benches:
            await benches[name]()
            print(f"load average: {psutil.getloadavg()[0]:.1f}")
    finally:
        await machine.stop()


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = "ladder, stages, odd, ingest, latency, memory, jobs, notifier, pages, takeover"
    parser.add_argument("names", nargs="*", help=f"{names}; none: all")
    parser.add_argument("--facts", type=int, default=200_000, help="facts in one run of the ladder")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each, in turns")
    parser.add_argument("--logs", nargs="+", choices=("embedded", "kafka"), default=["embedded", "kafka"])
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--own", type=int, default=20_000, help="facts of the one person")
    parser.add_argument("--people", nargs="+", type=int, default=[10_000, 100_000], help="people for the memory")
    parser.add_argument("--mails", type=int, default=10_000, help="people who get a mail each from the notifier")
    parser.add_argument("--jobs", type=int, default=1_000_000, help="people for the jobs that read everybody")
    parser.add_argument("--pages", type=int, default=1_000_000, help="people for the page's times")
    parser.add_argument("--rate", type=int, default=1_000, help="facts a second for the latency")
    parser.add_argument("--seconds", type=int, default=10, help="length of the latency's run")
    chosen = parser.parse_args()
    configure_logging("error")
    print(f"{psutil.cpu_count()} cores, load average before the start: {psutil.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        Path(name).chmod(0o755)  # where this is root, PostgreSQL runs under another account
        asyncio.run(_run(chosen, Path(name)))


if __name__ == "__main__":
    main()
