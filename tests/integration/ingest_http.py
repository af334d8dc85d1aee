"""Ingest as it is served, on a real log, with a client that speaks to it over HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import uvicorn

from services.ingest.app import ingest_part
from services.ingest.settings import IngestSettings
from shared.http import Keys, Part, application
from shared.log import Log, Record
from shared.log.postgres import PostgresLog
from shared.topics import topics
from tests.make import NOW
from tests.until import until


class Ingest:
    """A running ingest service, its log, and a client of it."""

    def __init__(self, client: httpx.AsyncClient, log: Log, lanes: int) -> None:
        self.client = client
        self.log = log
        self._lanes = lanes

    async def lanes(self, topic: str) -> list[list[Record]]:
        """All records of a topic, by lane."""
        return [await self._lane(topic, lane) for lane in range(self._lanes)]

    async def records(self, topic: str) -> list[Record]:
        """All records of a topic, lane after lane."""
        return [record for lane in await self.lanes(topic) for record in lane]

    async def _lane(self, topic: str, lane: int) -> list[Record]:
        first, end = await self.log.first_positions(topic), await self.log.end_positions(topic)
        reader = await self.log.reader(lane, {topic: first[lane]})
        try:
            return await reader.take_until(topic, end[lane])
        finally:
            await reader.close()


@asynccontextmanager
async def ingest(
    dsn: str, settings: IngestSettings | None = None, keys: Keys | None = None, log: Log | None = None
) -> AsyncIterator[Ingest]:
    """Serve ingest on a free port over the log in this database; its clock stands still at NOW."""
    settings = settings or IngestSettings(lanes=4)
    log = log or PostgresLog(dsn)
    await log.open(topics(settings))
    try:
        part = ingest_part(settings, log, lambda: NOW, lambda: str(uuid4()))
        async with serving(part, keys) as url, httpx.AsyncClient(base_url=url) as client:
            yield Ingest(client, log, settings.lanes)
    finally:
        await log.close()


@asynccontextmanager
async def serving(part: Part, keys: Keys | None = None) -> AsyncIterator[str]:
    """The address at which this part is served by a real server."""
    app = application([part], keys or Keys(None), title="test", version="0")
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        task = asyncio.create_task(server.serve([listening]))
        try:
            await until(lambda: server.started)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
