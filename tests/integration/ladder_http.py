"""The ladder's questions asked over HTTP, of lanes that are at work in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from services.ladder.app import router
from services.ladder.lanes import rules_of
from services.ladder.settings import LadderSettings
from shared import db
from shared.http import Keys, Part, application
from shared.lanes.replay import Letters
from shared.log.postgres import PostgresLog
from tests.integration.ladder_lanes import Lanes, working


def letters_of(lanes: Lanes) -> Letters:
    """The dead letters of lanes at work."""
    return Letters(lanes.pool, "ladder", lanes.log, lanes.settings.lanes)


@asynccontextmanager
async def part_of(dsn: str, settings: LadderSettings) -> AsyncIterator[Part]:
    """The ladder's HTTP side on this database."""
    engine = db.engine(dsn, pool_size=4)
    try:
        yield Part("ladder", router(engine, settings, rules_of(settings)))
    finally:
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
        part_of(dsn, lanes.settings) as part,
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
