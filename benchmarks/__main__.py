"""`python -m benchmarks [NAME ...]`: measure, print tables, write nothing into the tree."""

import argparse
import asyncio
import tempfile
from pathlib import Path

import psutil

from benchmarks import throughput
from benchmarks.machine import Machine
from shared.telemetry import configure_logging


async def _run(chosen: argparse.Namespace, folder: Path) -> None:
    machine = Machine(folder)
    await machine.start()
    try:
        await throughput.ladder(machine, chosen.facts, chosen.repeats, tuple(chosen.logs), tuple(chosen.processes))
    finally:
        await machine.stop()


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", default=["ladder"])
    parser.add_argument("--facts", type=int, default=200_000, help="facts in one run of the ladder")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each, in turns")
    parser.add_argument("--logs", nargs="+", choices=("embedded", "kafka"), default=["embedded", "kafka"])
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2])
    chosen = parser.parse_args()
    configure_logging("error")
    print(f"{psutil.cpu_count()} cores, load average before the start: {psutil.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        Path(name).chmod(0o755)  # where this is root, PostgreSQL runs under another account
        asyncio.run(_run(chosen, Path(name)))


if __name__ == "__main__":
    main()
