"""How a job reaches the database: the one of DATABASE_URL, or the embedded one, which then must not be in use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.ladder.settings import LadderSettings
from shared import db
from shared.embedded import EmbeddedPostgres


@asynccontextmanager
async def database(settings: LadderSettings, name: str) -> AsyncIterator[db.Connection]:
    """A connection to the migrated schemas; `name` shows in pg_stat_activity. Raises what ends a program."""
    if settings.database_url is not None:
        dsn = settings.database_url.get_secret_value()
        await db.check_migrated(dsn)
        async with _connection(dsn, name) as connection:
            yield connection
        return
    async with EmbeddedPostgres(settings.data_dir) as dsn:
        await asyncio.to_thread(db.migrate, dsn)
        async with _connection(dsn, name) as connection:
            yield connection


@asynccontextmanager
async def _connection(dsn: str, name: str) -> AsyncIterator[db.Connection]:
    async with await db.pool(dsn, size=1, name=name) as pool, pool.acquire() as connection:
        yield connection
