"""Wires the ladder: rules, lanes, worker and HTTP, in whatever process it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from services.ladder import store
from services.ladder.app import router
from services.ladder.core.rules import Rules, load
from services.ladder.reading import Shop
from services.ladder.settings import LadderSettings
from services.ladder.turn import Manner
from services.ladder.worker import LadderLane
from shared import db
from shared.events import LADDER_INTERNAL, SHOP_EVENTS
from shared.http import Part
from shared.instants import HOUR
from shared.lanes.lag import lag
from shared.lanes.session import Plan
from shared.lanes.start import prepare
from shared.lanes.store import LaneStore
from shared.lanes.worker import LEASE_SECONDS, Worker
from shared.log.partitioner import lane_of
from shared.program import Runtime, background
from shared.settings import RefusedError

TOPICS = (SHOP_EVENTS, LADDER_INTERNAL)


def rules_of(settings: LadderSettings) -> Rules:
    """The rules this shop's persons are folded with. Raises RulesError."""
    return load(
        settings.rules_file.read_bytes(),
        currency=settings.currency,
        exponent=settings.exponent,
        time_zone=settings.time_zone,
    )


def manner_of(settings: LadderSettings, rules: Rules) -> Manner:
    """How batches are folded under these settings."""
    return Manner(
        rules=rules,
        lane_of=partial(lane_of, lanes=settings.lanes),
        by_facts=settings.clock == "facts",
        history=settings.historical,
        announce_within=settings.announce_within * HOUR,
    )


async def check_rules(pool: db.Pool, lanes: LaneStore, rules: Rules) -> None:
    """The standings must have been folded with these very rules. Raises RefusedError."""
    async with pool.acquire() as connection:
        folded_with = await lanes.meta(connection, "rules")
        if folded_with is None:
            await lanes.set_meta(connection, "rules", rules.digest)
        elif folded_with != rules.digest:
            raise RefusedError(
                "the rules, TIME_ZONE or CURRENCY are not those the standings were folded with: "
                "run `python -m services.ladder refold`"
            )


def handler_of(settings: LadderSettings, rules: Rules, lane: int) -> LadderLane:
    """The ladder's side of a lane."""
    shop = Shop(settings.currency, settings.exponent, settings.lanes)
    share = settings.cached_persons // settings.lanes
    return LadderLane(lane, manner_of(settings, rules), shop, share)


@asynccontextmanager
async def open_part(settings: LadderSettings, runtime: Runtime) -> AsyncIterator[Part]:
    """Work on this process's share of the lanes, and answer questions about all of them."""
    assert runtime.dsn is not None
    rules = rules_of(settings)
    lanes = LaneStore("ladder", lease_seconds=LEASE_SECONDS)
    pool = await db.pool(runtime.dsn, size=4, name="ladder")
    control = await db.pool(runtime.dsn, size=4, name="ladder-control")
    engine = db.engine(runtime.dsn, pool_size=4, max_overflow=4)
    try:
        await prepare(control, lanes, runtime.log, TOPICS, settings)
        await check_rules(control, lanes, rules)
        plan = Plan(
            "ladder",
            TOPICS,
            partial(handler_of, settings, rules),
            batch_limit=settings.batch_limit,
            retain_outbox_days=settings.retain_announcements_days,
        )
        worker = Worker(
            plan,
            runtime.log,
            pool,
            control,
            worker_id=runtime.worker_id,
            lanes=settings.lanes,
            sweeps=settings.clock == "wall",
        )

        async def behind() -> int:
            by_wall = settings.clock == "wall"
            async with control.acquire() as connection:
                now = await lanes.clock(connection) if by_wall else None
                persons = await store.count_due(connection, now)
            return persons + await lag(control, lanes, runtime.log, TOPICS)

        async def reachable() -> None:
            async with control.acquire() as connection:
                await connection.execute("select 1")

        async with background(runtime.tasks, worker.run):
            yield Part("ladder", router(engine, settings, rules), {"database": reachable}, behind)
    finally:
        await engine.dispose()
        await pool.close()
        await control.close()
