"""The models in the code and the schemas that the migrations make are the same."""

import asyncio

from alembic import command

from shared import db


async def test_the_models_are_what_the_migrations_make(database: str) -> None:
    """Alembic finds no difference in tables, columns, types, nullability, defaults, indexes, or comments."""
    config = db.migrations()
    config.attributes["dsn"] = database
    await asyncio.to_thread(command.check, config)
