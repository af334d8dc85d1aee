"""How alembic runs the migrations: over asyncpg, in one transaction, against every schema of ours."""

import asyncio
import os
from importlib import import_module
from importlib.util import find_spec

import sqlalchemy as sa
from alembic import context

from shared.db import engine

OWNERS = ("shared.log.tables", "services.ladder.tables", "services.notifier.tables")
TABLES: list[sa.MetaData] = [import_module(name).metadata for name in OWNERS if find_spec(name)]
SCHEMAS = {metadata.schema for metadata in TABLES}

# Programs that start together migrate one after the other.
MIGRATING = sa.text("select pg_advisory_xact_lock(hashtext('migrations'))")


def dsn() -> str:
    given: str | None = context.config.attributes.get("dsn", os.environ.get("DATABASE_URL"))
    if not given:
        raise SystemExit("alembic: set DATABASE_URL")
    return given


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "schema" or name in SCHEMAS


def migrate(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=TABLES,
        include_schemas=True,
        include_name=is_ours,
        version_table_schema="public",
        compare_server_default=True,
    )
    with context.begin_transaction():
        connection.execute(MIGRATING)
        context.run_migrations()


async def run() -> None:
    database = engine(dsn(), poolclass=sa.NullPool)
    try:
        async with database.connect() as connection:
            await connection.run_sync(migrate)
    finally:
        await database.dispose()


asyncio.run(run())
