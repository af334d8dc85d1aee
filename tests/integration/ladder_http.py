"""The ladder's questions asked over HTTP, of lanes that are at work in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from services.ladder.app import router
from services.ladder.queries import Queries
from services.ladder.rulebook.book import Book
from services.ladder.rulebook.office import Office
from services.ladder.rulebook.opening import filed
from services.ladder.rulebook.reading import Versions
from services.ladder.rulebook.routes import rulebook
from services.ladder.settings import LadderSettings
from shared import db
from shared.http import Keys, Part, application
from shared.lanes.replay import Letters
from shared.lanes.store import LaneStore
from shared.lanes.worker import LEASE_SECONDS
from shared.log.postgres import PostgresLog
from tests.integration.ladder_lanes import Lanes, working


def letters_of(lanes: Lanes) -> Letters:
    """The dead letters of lanes at work."""
    return Letters(lanes.pool, "ladder", lanes.log, lanes.settings.lanes)


@asynccontextmanager
async def part_of(dsn: str, settings: LadderSettings, book: Book | None = None) -> AsyncIterator[Part]:
    """The ladder's HTTP side on this database."""
    engine, pool = db.engine(dsn, pool_size=4), await db.pool(dsn, size=2, name="test-office")
    try:
        book = book or filed(settings)
        routes = router(engine, settings, book)
        office = Office(pool, LaneStore("ladder", lease_seconds=LEASE_SECONDS), book)
        routes.include_router(rulebook(office, Versions(Queries(engine, by_facts=settings.clock == "facts"), book)))
        yield Part("ladder", routes)
    finally:
        await pool.close()
        await engine.dispose()


@asynccontextmanager
async def client_of(part: Part, keys: Keys | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client that asks without a network."""
    app = application([part], keys or Keys(None), title="test", version="0")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://ladder") as client:
        yield client


@asynccontextmanager
async def ladder(dsn: str, **settings: object) -> AsyncIterator[tuple[Lanes, httpx.AsyncClient]]:
    """Lanes at work, and a client that asks about them."""
    async with (
        working(dsn, PostgresLog(dsn), **settings) as lanes,
        part_of(dsn, lanes.settings, lanes.book) as part,
        client_of(part) as client,
    ):
        yield lanes, client


async def pages(client: httpx.AsyncClient, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """All items of a list or of the feed, page after page."""
    items: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = (await client.get(path, params={**parameters, **after})).raise_for_status().json()
        items += page["items"]
        if not page.get("more", page["next"] is not None):
            return items
        after = {"after": page["next"]}
