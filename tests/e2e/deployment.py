"""The system as a company runs it: ingest and some ladders, each a process of its own, on one database and one log."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
import msgspec

from services.ladder.lanes import rules_of
from services.ladder.settings import LadderSettings
from shared import db, events, instants
from shared.log import Log, Record
from shared.topics import topics
from tests.integration.log_stores import KafkaStore, Store
from tests.seen import Reading, Seen, Standing, by_id, counted, figured, recounted, refigured, standings
from tests.system import Client, Program, run
from tests.until import until

REPLAY: Final = {"CLOCK": "facts", "SIMULATE": "1"}
SMALL: Final = {**REPLAY, "BATCH_LIMIT": "20"}
"""Many transactions, so that there are many moments at which something can go wrong."""
JSON: Final = {"Content-Type": "application/json"}
PATIENCE: Final = 180.0
"""Seconds until everything that was posted has been processed, on a machine that does much else."""


class Deployment:
    """Running programs, and what a test wants of them."""

    def __init__(self, dsn: str, store: Store, pool: db.Pool, settings: Mapping[str, str]) -> None:
        self.store = store
        self.pool = pool
        self.environment = {"DATABASE_URL": dsn, "LANES": "4", **_log_settings(store), **settings}
        self.ingest = Program("services.ingest", self.environment)
        self.ladders: list[Program] = []
        self.client = Client("", "", "")

    @property
    def settings(self) -> LadderSettings:
        """What a ladder started now reads from its environment."""
        return LadderSettings.model_validate({name.lower(): value for name, value in self.environment.items()})

    # -- programs ------------------------------------------------------------------------------------------------

    async def start(self, ladders: int) -> None:
        """Start ingest and so many ladders."""
        await self.ingest.start()
        self.client.ingest = self.ingest.url
        for _ in range(ladders):
            await self.add_ladder()

    async def add_ladder(self) -> Program:
        """One more ladder; questions go to the newest."""
        ladder = Program("services.ladder", self.environment)
        self.ladders.append(ladder)
        await ladder.start()
        self.client.ladder = self.client.notifier = ladder.url
        return ladder

    async def end(self) -> None:
        """End whatever still runs."""
        await self.client.close()
        async with AsyncExitStack() as stack:
            for program in (self.ingest, *self.ladders):
                stack.push_async_exit(program.__aexit__)

    # -- telling -------------------------------------------------------------------------------------------------

    async def load(self, file: Path, *options: str) -> None:
        """Post a file with the project's own loader."""
        ended = await run("services.ingest", {}, "load", str(file), "--url", self.ingest.url, *options)
        assert ended.code == 0, ended

    async def post(self, facts: Sequence[events.Fact]) -> None:
        """Post facts in one request, again and again until it is answered with 202; none may be refused."""

        async def taken() -> httpx.Response | None:
            with suppress(httpx.TransportError):
                answer = await self.client.http.post(f"{self.ingest.url}/v1/events", content=body(facts), headers=JSON)
                return None if answer.status_code == 503 else answer
            return None

        answer = await until(taken, PATIENCE)
        assert answer is not None
        assert (answer.status_code, answer.json()["rejected"]) == (202, 0), answer.text

    async def replay(self, facts: Sequence[events.Fact], size: int) -> None:
        """Post facts in their order, so many at a time, one request after the other."""
        for start in range(0, len(facts), size):
            await self.post(facts[start : start + size])

    async def settled_at(self, end: int) -> None:
        """Let time be `end`, and wait until everything has been processed and published."""
        await self.client.tell(instants.text(end))
        await self.client.settled(PATIENCE)

    # -- looking on ----------------------------------------------------------------------------------------------

    async def announced(self) -> dict[str, Seen]:
        """Everything announced, by id, from the feed; AssertionError where something is announced twice."""
        return by_id(await self.client.announcements())

    async def standings(self, at: int) -> dict[str, Standing]:
        """Everybody's standing at an instant."""
        return await standings(self.pool, rules_of(self.settings), at)

    async def processed(self) -> int:
        """How many records of shop.events have been processed."""
        return int(
            await self.pool.fetchval(
                "select coalesce(sum(next_offset), 0)::bigint from ladder.checkpoint where topic = $1",
                events.SHOP_EVENTS,
            )
        )

    async def owners(self) -> list[str | None]:
        """Who holds each lane by a lease that has not run out."""
        rows = await self.pool.fetch(
            "select case when lease_until >= clock_timestamp() then owner end from ladder.lane order by lane"
        )
        return [row[0] for row in rows]

    async def shared(self, seconds: float = PATIENCE) -> None:
        """Wait until all lanes are held, by every ladder the same number or one more."""
        fair = sorted(len(range(self.settings.lanes)[part :: len(self.ladders)]) for part in range(len(self.ladders)))

        async def fairly() -> bool:
            owners = Counter(await self.owners())
            return None not in owners and sorted(owners.values()) == fair

        await until(fairly, seconds)

    async def whole(self, expected: Reading) -> None:
        """Assert that what was announced, where people stand, and what is on the log are as they should be."""
        announced = set((await self.announced()).values())
        assert announced == expected.announced, differing(announced, expected.announced)
        assert await self.standings(expected.end) == expected.standings
        await self.consistent()

    async def consistent(self) -> None:
        """Assert that sums agree with the rows, and that the log has every announcement in the outbox's order."""
        assert await counted(self.pool) == await recounted(self.pool)
        assert await figured(self.pool) == await refigured(self.pool, rules_of(self.settings))
        assert await self.published() == await self.told()

    async def told(self) -> list[list[str]]:
        """The ids of the outbox's messages for ladder.events, lane by lane in order, each where it came first."""
        rows = await self.pool.fetch(
            "select lane, id from ladder.outbox where topic = $1 order by lane, seq", events.LADDER_EVENTS
        )
        lanes = range(self.settings.lanes)
        return [list(dict.fromkeys(row["id"] for row in rows if row["lane"] == lane)) for lane in lanes]

    async def published(self) -> list[list[str]]:
        """The ids on ladder.events, lane by lane in order, each where it came first."""
        log = self.store.log()
        await log.open(topics(self.settings))
        try:
            ends = await log.end_positions(events.LADDER_EVENTS)
            records = [await _all(log, lane, ends[lane]) for lane in range(self.settings.lanes)]
        finally:
            await log.close()
        return [list(dict.fromkeys(_id_of(record.value) for record in lane)) for lane in records]


@asynccontextmanager
async def deployed(
    dsn: str, store: Store, settings: Mapping[str, str], *, ladders: int = 1
) -> AsyncIterator[Deployment]:
    """A running system until the block ends; `settings` as in the environment."""
    pool = await db.pool(dsn, size=4, name="test")
    deployment = Deployment(dsn, store, pool, settings)
    try:
        await deployment.start(ladders)
        yield deployment
    finally:
        await deployment.end()
        await pool.close()


async def refusal(environment: Mapping[str, str], module: str = "services.ladder") -> str:
    """What a program says when it refuses to start: the only line that is no log line."""
    ended = await run(module, environment)
    assert (ended.code, ended.out) == (1, ""), ended
    (line,) = [line for line in ended.err.splitlines() if not line.startswith("{")]
    return line


def body(facts: Iterable[events.Fact]) -> bytes:
    """The request that posts these facts."""
    return b"[" + b",".join(events.encode(fact) for fact in facts) + b"]"


def differing(found: Iterable[Seen], expected: Iterable[Seen]) -> str:
    """The first few announcements that are too many and too few."""
    found, expected = set(found), set(expected)
    many, few = sorted(found - expected, key=repr), sorted(expected - found, key=repr)
    return f"{len(many)} too many: {many[:3]}\n{len(few)} too few: {few[:3]}"


def _log_settings(store: Store) -> dict[str, str]:
    if isinstance(store, KafkaStore):
        return {"KAFKA_BOOTSTRAP_SERVERS": store.servers, "TOPIC_PREFIX": store.prefix}
    return {}


def _id_of(message: bytes) -> str:
    told: dict[str, object] = msgspec.json.decode(message)
    return str(told["id"])


async def _all(log: Log, lane: int, end: int) -> list[Record]:
    reader = await log.reader(lane, {events.LADDER_EVENTS: 0})
    try:
        return await reader.take_until(events.LADDER_EVENTS, end)
    finally:
        await reader.close()
