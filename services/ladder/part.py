"""Wires the ladder: rules, lanes, worker and HTTP, in whatever process it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import uuid4

from fastapi import APIRouter

from services.ladder import store
from services.ladder.app import router
from services.ladder.estimates.refresher import Refresher
from services.ladder.lanes import TOPICS, plan_of
from services.ladder.overrides import overrides
from services.ladder.page.neighbour import neighbour_of
from services.ladder.page.routes import desk_of, pages
from services.ladder.people import Registry
from services.ladder.queries import Queries
from services.ladder.rulebook.office import Office
from services.ladder.rulebook.opening import open_book
from services.ladder.rulebook.routes import rulebook
from services.ladder.settings import LadderSettings
from shared import db, telemetry
from shared.http import Part
from shared.lanes.lag import lag, observe
from shared.lanes.replay import Letters
from shared.lanes.replay_routes import dead_letters
from shared.lanes.start import prepare
from shared.lanes.store import LaneStore
from shared.lanes.worker import LEASE_SECONDS, Worker
from shared.program import Runtime, background


@asynccontextmanager
async def open_part(settings: LadderSettings, runtime: Runtime) -> AsyncIterator[Part]:
    """Work on this process's share of the lanes, and answer questions about all of them."""
    assert runtime.dsn is not None
    by_wall = settings.clock == "wall"
    lanes = LaneStore("ladder", lease_seconds=LEASE_SECONDS)
    pool = await db.pool(runtime.dsn, size=4, name="ladder")
    control = await db.pool(runtime.dsn, size=4, name="ladder-control")
    estimates = await db.pool(runtime.dsn, size=1, name="ladder-estimates")
    engine = db.engine(runtime.dsn, pool_size=4, max_overflow=4)
    neighbour = neighbour_of(settings)

    async def behind() -> int:
        """Records, then persons, then what both led to: whatever moves on meanwhile is seen at its next place."""
        unread = await lag(control, lanes, runtime.log, TOPICS)
        async with control.acquire() as connection:
            persons = await store.count_due(connection, await lanes.clock(connection) if by_wall else None)
        return unread + persons + await lag(control, lanes, runtime.log, TOPICS)

    async def look() -> None:
        await observe(control, lanes)
        async with control.acquire() as connection:
            telemetry.PARKED.labels("ladder").set(await store.count_parked(connection))

    async def reachable() -> None:
        async with control.acquire() as connection:
            await connection.execute("select 1")

    try:
        await prepare(control, lanes, runtime.log, TOPICS, settings)
        book = await open_book(control, settings)
        worker = Worker(
            plan_of(settings, book),
            runtime.log,
            pool,
            control,
            worker_id=runtime.worker_id,
            lanes=settings.lanes,
            sweeps=by_wall,
        )
        refresher = Refresher(estimates, settings, book)
        async with background(runtime.tasks, worker.run, refresher.run, partial(book.follow, control)):
            routes = APIRouter()
            registry = Registry(Queries(engine, by_facts=not by_wall), book, settings.lanes)
            letters = Letters(control, "ladder", runtime.log, settings.lanes)
            desk = desk_of(engine, settings, book, letters, neighbour)
            routes.include_router(router(engine, settings, book, neighbour, desk.previews))
            routes.include_router(overrides(registry, runtime.log, settings.lanes, lambda: str(uuid4())))
            routes.include_router(rulebook(Office(control, lanes, book), desk.versions))
            routes.include_router(dead_letters("ladder", letters))
            routes.include_router(pages(desk))
            yield Part("ladder", routes, {"database": reachable}, behind, look)
    finally:
        await neighbour.close()
        await engine.dispose()
        await pool.close()
        await control.close()
        await estimates.close()
