"""The jobs on everybody: fitting the models, making the estimates, writing a file, trying out a draft of the rules."""

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import NamedTuple

import asyncpg
import msgspec
import psutil

from benchmarks.machine import Machine
from benchmarks.table import print_table
from benchmarks.workload import LANES, purchase
from services.ladder.core import fold
from services.ladder.core.rules import Rules
from services.ladder.core.standing import Standing, due_at, encode
from services.ladder.estimates.refresher import Refresher
from services.ladder.lanes import rules_of
from services.ladder.preview.queries import PreviewQueries
from services.ladder.preview.running import Preview
from services.ladder.queries import Queries
from services.ladder.reading import read_journal
from services.ladder.rulebook.opening import filed
from services.ladder.settings import LadderSettings
from shared import db, instants
from shared.log.partitioner import lanes_of
from tests.system import ROOT

DAYS = 730
PIECE = 5_000
RATE, WEEKS, LEAVES = 0.6, 8.7, (0.55, 1.0)
"""Purchases come with rates from a gamma distribution, and after each one stays or leaves: a shop like CDNOW."""


class Used(NamedTuple):
    """What a process took."""

    seconds: float
    cpu: float
    megabytes: float


async def jobs(machine: Machine, people: int, folder: Path) -> None:
    """Print what each job takes with so many people on the embedded PostgreSQL's database."""
    dsn = await machine.database()
    settings = LadderSettings(lanes=LANES)
    rules = rules_of(settings)
    facts = await _fill(dsn, people, rules)
    environment = {"DATABASE_URL": dsn, "LANES": str(LANES), "DATA_DIR": str(folder), "HOST": "127.0.0.1"}
    rows = {
        "fit": await _job(environment, "fit"),
        "estimates": await _here(_estimated(dsn, settings)),
        "export as CSV": await _job(environment, "export", str(folder / "people.csv")),
        "export as Parquet": await _job(environment, "export", str(folder / "people.parquet")),
        "a draft of the rules": (preview := await _here(_previewed(dsn, rules, people))),
    }
    await machine.drop(dsn)
    title = f"Jobs on {people:,} people with {facts:,} purchases"
    header = ("job", "seconds", "CPU seconds", "MB at most")
    print_table(title, header, [(name, *_shown(used)) for name, used in rows.items()])
    print(f"\nA draft of the rules, per million facts: {preview.seconds / facts * 1e6:.0f} s")


def _shown(used: Used) -> tuple[str, str, str]:
    return f"{used.seconds:.0f}", f"{used.cpu:.0f}", f"{used.megabytes:.0f}"


async def _job(environment: dict[str, str], *arguments: str) -> Used:
    begun, used = time.monotonic(), Used(0, 0, 0)
    command = [sys.executable, "-m", "services.ladder", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    seen = psutil.Process(process.pid)
    ending = asyncio.create_task(process.wait())
    while not (await asyncio.wait([ending], timeout=0.1))[0]:
        times = seen.cpu_times()
        used = Used(0, times.user + times.system, max(used.megabytes, seen.memory_info().rss / 1e6))
    assert ending.result() == 0, f"{arguments} ended with {ending.result()}"
    return used._replace(seconds=time.monotonic() - begun)


async def _here(work: Awaitable[None]) -> Used:
    """In this process, as in a ladder's background."""
    own = psutil.Process()
    before, begun = own.cpu_times(), time.monotonic()
    await work
    after = own.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    return Used(time.monotonic() - begun, cpu, own.memory_info().rss / 1e6)


async def _estimated(dsn: str, settings: LadderSettings) -> None:
    async with await db.pool(dsn, size=1, name="bench") as pool:
        await Refresher(pool, settings, filed(settings)).refresh(always=True)


async def _previewed(dsn: str, rules: Rules, people: int) -> None:
    """All that `/v1/rules/preview` writes for a draft, tried out on everybody."""
    engine = db.engine(dsn, pool_size=1)
    queries = PreviewQueries(Queries(engine, by_facts=False), 1.0)
    lines = [line async for line in Preview(queries, rules, rules, time.time_ns() // 1_000).result()]
    await engine.dispose()
    assert msgspec.json.decode(lines[-1])["result"]["people"] == people


# -- a shop ------------------------------------------------------------------------------------------------------


async def _fill(dsn: str, people: int, rules: Rules) -> int:
    """Put journals and standings there, as a ladder would have left them; the number of purchases."""
    chance, facts = random.Random(1), 0
    now = time.time_ns() // 1_000 // instants.DAY * instants.DAY
    connection = await asyncpg.connect(dsn)
    try:
        for start in range(0, people, PIECE):
            names = [f"c{number}" for number in range(start, min(start + PIECE, people))]
            lanes = lanes_of([name.encode() for name in names], LANES)
            lines: list[tuple[object, ...]] = []
            rows: list[tuple[object, ...]] = []
            for name, lane in zip(names, lanes, strict=True):
                standing: Standing | None = None
                for number, at in enumerate(_life(chance, now)):
                    body = purchase(number, name.encode(), at, chance.randrange(5, 200))
                    lines.append((lane, name, "shop", f"o{number}", at, f"order:o{number}", body))
                    standing = fold.step(standing, read_journal(body), rules)[0]
                assert standing is not None
                rows.append(_row(lane, name, standing))
            facts += len(lines)
            await _copy(connection, "fact", lines)
            await _copy(connection, "standing", rows)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()
    return facts


def _life(chance: random.Random, now: int) -> Iterator[int]:
    """The instants of a person's purchases."""
    at = now - chance.randrange(30 * instants.DAY, DAYS * instants.DAY)
    rate, leaves = chance.gammavariate(RATE, 1 / WEEKS), chance.betavariate(*LEAVES)
    while at < now:
        yield at
        if chance.random() < leaves:
            return
        at += round(chance.expovariate(max(rate, 1e-9)) * 7 * instants.DAY)


def _row(lane: int, name: str, standing: Standing) -> tuple[object, ...]:
    since, due = max(standing.rung_since, standing.phase_since), due_at(standing)
    return lane, name, standing.rung, standing.phase, standing.stage, since, due, encode(standing)


async def _copy(connection: db.Connection, table: str, rows: list[tuple[object, ...]]) -> None:
    await connection.copy_records_to_table(table, schema_name="ladder", records=rows)
