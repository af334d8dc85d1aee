"""Connections to PostgreSQL, and the migrations of its schemas."""

import asyncio
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import asyncpg.pool
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

ROOT = Path(__file__).parent.parent

SESSION = {
    "lock_timeout": "3s",
    "idle_in_transaction_session_timeout": "5s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "jit": "off",
}
"""Of every worker's session: it neither waits nor is waited for longer than a few seconds."""

# Generic for the type checker only: asyncpg's classes cannot be subscripted when they run.
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
# asyncpg sometimes takes the end of its session for a mistake of its own (asyncpg issue 1069): InternalClientError.
DatabaseError = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""What a call to the database may raise; after any of these in a transaction its outcome is unknown."""


class UnmigratedError(RuntimeError):
    """The schemas are not at the version this code needs."""


async def pool(dsn: str, *, size: int, name: str, **session: str) -> Pool:
    """A pool of at most `size` connections; `name` shows in pg_stat_activity."""
    settings = {**SESSION, "application_name": name, **session}
    made = asyncpg.create_pool(
        dsn, min_size=0, max_size=size, timeout=5, command_timeout=60, server_settings=settings, reset=_as_it_is
    )
    return await made


async def _as_it_is(_: Connection) -> None:
    """Nobody changes what outlasts a transaction; to reset it would be one more round trip for each use."""


def engine(dsn: str, **options: Any) -> AsyncEngine:
    """A SQLAlchemy engine for the query API and the migrations."""
    scheme, _, rest = dsn.partition("://")
    assert scheme.startswith("postgres")
    return create_async_engine(f"postgresql+asyncpg://{rest}", **options)


def migrations() -> Config:
    """Alembic's configuration, from pyproject.toml."""
    return Config(toml_file=ROOT / "pyproject.toml")


def migrate(dsn: str) -> None:
    """Bring every schema to the newest version; does nothing when it is there already."""
    config = migrations()
    config.attributes["dsn"] = dsn
    command.upgrade(config, "head")


async def check_migrated(dsn: str) -> None:
    """Refuse to run on schemas of another version. Raises UnmigratedError."""
    newest = await asyncio.to_thread(lambda: ScriptDirectory.from_config(migrations()).get_current_head())
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        found = await connection.fetchval("select version_num from alembic_version")
    except asyncpg.UndefinedTableError:
        found = None
    finally:
        await connection.close()
    if found != newest:
        raise UnmigratedError(
            f"the database's schemas are at {found or 'nothing'}, this code needs {newest}: "
            "run `python -m services.migrate`"
        )
