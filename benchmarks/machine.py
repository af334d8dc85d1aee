"""What measurements stand on: a PostgreSQL and a Kafka of their own, and what processes use of the machine."""

import asyncio
import contextlib
import itertools
from collections.abc import Iterable
from pathlib import Path

import asyncpg
import psutil

from shared.db import migrate
from shared.embedded import EmbeddedPostgres
from shared.log import Log
from shared.log.kafka import KafkaLog
from shared.log.postgres import PostgresLog
from shared.settings import Settings
from shared.topics import topics
from tests.kafka_broker import KafkaBroker, new_broker


class Machine:
    """A database server and, once it is asked for, a broker; both durable, both as the programs start or find them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = EmbeddedPostgres(folder / "postgres")
        self._address = ""
        self._broker: KafkaBroker | None = None
        self._numbers = itertools.count()

    async def start(self) -> None:
        """Start the database server."""
        self._address = (await self._server.start()).rpartition("/")[0]

    async def stop(self) -> None:
        """Stop everything."""
        if self._broker is not None:
            await asyncio.to_thread(self._broker.remove)
        await self._server.stop()

    async def database(self, template: str | None = None) -> str:
        """The DSN of a new, migrated database, or of a copy of `template` (a DSN that nobody is connected to)."""
        name = f"bench_{next(self._numbers)}"
        admin = await asyncpg.connect(f"{self._address}/postgres")
        try:
            copy = f"template {template.rpartition('/')[2]}" if template else ""
            await admin.execute(f"create database {name} {copy}")
            await admin.execute("checkpoint")
        finally:
            await admin.close()
        dsn = f"{self._address}/{name}"
        await asyncio.to_thread(migrate, dsn)
        return dsn

    async def drop(self, dsn: str) -> None:
        """Drop a database, whoever uses it."""
        admin = await asyncpg.connect(f"{self._address}/postgres")
        try:
            await admin.execute(f"drop database {dsn.rpartition('/')[2]} with (force)")
        finally:
            await admin.close()

    async def kafka(self) -> str:
        """The bootstrap servers of the broker. Raises NoKafkaError."""
        if self._broker is None:
            broker = new_broker(self._folder / "kafka")
            await asyncio.to_thread(broker.start)
            self._broker = broker
        return self._broker.bootstrap_servers

    def servers(self) -> list[psutil.Process]:
        """The processes of the database and the broker."""
        return [each for each in psutil.Process().children(recursive=True) if each.name() in {"postgres", "java"}]


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """What these processes have used so far, user and system."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


async def open_log(environment: dict[str, str]) -> Log:
    """The log that programs with this environment use, open."""
    settings = Settings.model_validate({name.lower(): value for name, value in environment.items()})
    log: Log = (
        KafkaLog(settings.kafka_bootstrap_servers, topic_prefix=settings.topic_prefix)
        if settings.kafka_bootstrap_servers
        else PostgresLog(environment["DATABASE_URL"])
    )
    await log.open(topics(settings))
    return log
