"""How long the page takes to its first byte with so many people: standings from folded lives, written as they are."""

import random
import statistics
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import asyncpg
import httpx

from benchmarks.machine import Machine
from benchmarks.table import print_table
from benchmarks.workload import LANES, purchase
from services.ladder.core import fold
from services.ladder.core.rules import Rules
from services.ladder.core.standing import Standing, encode
from services.ladder.lanes import rules_of
from services.ladder.reading import read_journal
from services.ladder.settings import LadderSettings
from shared import instants
from shared.log.partitioner import lanes_of
from tests.system import Program
from tests.until import until

LIVES: Final = 2_000
"""Different lives; each is lived by many people."""
PIECE: Final = 50_000
POSTED: Final = 2_000
ASKED: Final = 60
"""Requests of each page."""
ESTIMATE_SECONDS: Final = 170
MOST: Final = 8
"""Orders of a life at most."""

_COLUMNS: Final = ("lane", "person", "rung", "phase", "stage", "since", "due_at", "state")


async def pages(machine: Machine, people: int) -> None:
    """Print it: median, 95th percentile and the slowest of each page, and what estimating everybody took."""
    dsn = await machine.database()
    settings = LadderSettings.model_validate({"lanes": LANES})
    await _fill(dsn, people, rules_of(settings))
    async with (
        Program("services", {"DATABASE_URL": dsn, "LANES": str(LANES)}) as program,
        httpx.AsyncClient(base_url=program.url, timeout=60) as client,
    ):
        await _post(client)
        seconds = await _estimated(client, people)
        rows = [await _timed(client, path) for path in await _paths(client)]
    print_table(f"First byte of the page, {people:,} people, ms", ("page", "median", "95 %", "slowest"), rows)
    print(f"\nestimates of everybody after {seconds:.0f} s" if seconds else "\nno estimates within the time given")
    await machine.drop(dsn)


class _Life(NamedTuple):
    """The columns of a standing behind the person's id."""

    rung: int
    phase: str
    stage: str
    since: int
    due_at: None
    """Nothing comes due while it is measured."""
    state: bytes


def _lives(rules: Rules) -> list[_Life]:
    chance, now = random.Random(1), time.time_ns() // 1_000
    return [_life(_stood(chance, now, number, rules)) for number in range(LIVES)]


def _stood(chance: random.Random, now: int, number: int, rules: Rules) -> Standing:
    """Orders in the last three years, more often recent ones."""
    ats = [now - round(chance.random() ** 2 * 1_000 * instants.DAY) for _ in range(chance.randint(1, MOST))]
    orders = [purchase(number * MOST + place, b"c", at, chance.randrange(5, 200)) for place, at in enumerate(ats)]
    standing = fold.refold([read_journal(order) for order in orders], rules)
    assert standing is not None
    swept = fold.sweep(standing, now, rules)[0]
    assert swept is not None
    return swept


def _life(standing: Standing) -> _Life:
    since = max(standing.rung_since, standing.phase_since)
    return _Life(standing.rung, standing.phase, standing.stage, since, None, encode(standing))


async def _fill(dsn: str, people: int, rules: Rules) -> None:
    lives = _lives(rules)
    admin = await asyncpg.connect(dsn)
    try:
        for start in range(0, people, PIECE):
            ids = [f"c{number}" for number in range(start, min(start + PIECE, people))]
            lanes = lanes_of([each.encode() for each in ids], LANES)
            rows = [
                (lane, each, *lives[number % LIVES]) for number, (lane, each) in enumerate(zip(lanes, ids, strict=True))
            ]
            await admin.copy_records_to_table("standing", schema_name="ladder", columns=_COLUMNS, records=rows)
        await admin.execute(
            """
            insert into ladder.tally (lane, kind, key, people, spent)
            select lane, kind, key, count(*), 0 from ladder.standing, lateral (values
                ('rung', rung::text), ('stage', phase || '/' || stage), ('place', rung || '/' || phase || '/' || stage)
            ) as counted (kind, key) group by 1, 2, 3
            """
        )
        await admin.execute("vacuum analyze")
    finally:
        await admin.close()


async def _post(client: httpx.AsyncClient) -> None:
    """Some orders of today by new people, so that there are announcements, facts and histories."""
    now = time.time_ns() // 1_000
    for start in range(0, POSTED, 500):
        numbers = range(start, start + 500)
        facts = b",".join(purchase(number, b"new%d" % (number // 4), now, 10) for number in numbers)
        body = b"[" + facts + b"]"
        answer = await client.post("/v1/events", content=body, headers={"Content-Type": "application/json"})
        answer.raise_for_status()

    async def settled() -> bool:
        return not any((await client.get("/readyz")).json()["lag"].values())

    await until(settled, 120)


async def _estimated(client: httpx.AsyncClient, people: int) -> float | None:
    """Seconds until everybody has been estimated; None where that takes too long."""
    begun = time.perf_counter()

    async def all_of_them() -> bool:
        answer = await client.get("/v1/ladder/estimates")
        return answer.status_code == 200 and answer.json()["all"]["people"] >= people

    try:
        await until(all_of_them, ESTIMATE_SECONDS)
    except AssertionError:
        return None
    return time.perf_counter() - begun


async def _paths(client: httpx.AsyncClient) -> Sequence[str]:
    """Every page, lists by what is frequent and what is rare, and a page further on."""
    further = (await client.get("/v1/customers", params={"limit": 1_000})).json()["next"]
    lists = ("/people", "/people?rung=5", "/people?rung=7", "/people?stage=lost", "/people?id=ne", "/people?id=zzz")
    fixed = ("/", "/picture", "/live", *lists, f"/people?after={further}", "/at-risk", "/worth")
    return (*fixed, "/person?id=new1", "/person?id=c77", "/plays", "/rules", "/health")


async def _timed(client: httpx.AsyncClient, path: str) -> tuple[str, ...]:
    times = [await _first_byte(client, path) for _ in range(ASKED)]
    found = (statistics.median(times), statistics.quantiles(times, n=20)[-1], max(times))
    return path.partition("after=")[0] or path, *(f"{each * 1_000:.1f}" for each in found)


async def _first_byte(client: httpx.AsyncClient, path: str) -> float:
    begun = time.perf_counter()
    async with client.stream("GET", path) as answer:
        answer.raise_for_status()
        await anext(answer.aiter_raw(1))
        return time.perf_counter() - begun
