"""Where the logs under test keep their records, so that one test can speak of both kinds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import asyncpg
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from shared.log import Log, Topic
from shared.log.kafka import KafkaLog
from shared.log.postgres import PostgresLog


class Store(Protocol):
    """A place for topics; every log on it is like another process."""

    def log(self) -> Log:
        """A log that is not open yet."""
        ...

    async def forget(self, topic: str, lane: int, before: int) -> None:
        """Let the lane's records before that offset be gone, as when their retention ran out."""
        ...


class PostgresStore:
    """The log's tables in a database."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def log(self) -> Log:
        return PostgresLog(self.dsn, deadline=3, look_every=0.2, forget_every=0.05)

    async def forget(self, topic: str, lane: int, before: int) -> None:
        """They become eight days old and the topic keeps seven."""
        await self.run("update log.topic set retention_days = 7 where name = $1", topic)
        await self.run(
            """update log.record r set appended_at = now() - interval '8 days' from log.topic t
            where t.id = r.topic and t.name = $1 and lane = $2 and "offset" < $3""",
            topic,
            lane,
            before,
        )

    async def run(self, statement: str, *arguments: object) -> None:
        """One statement as a user of the database."""
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(statement, *arguments)
        finally:
            await connection.close()


class KafkaStore:
    """Topics with a prefix of their own in a cluster."""

    def __init__(self, servers: str, prefix: str) -> None:
        self.servers = servers
        self.prefix = prefix

    def log(self) -> Log:
        return KafkaLog(self.servers, topic_prefix=self.prefix)

    async def forget(self, topic: str, lane: int, before: int) -> None:
        """Deleted as an operator would."""
        admin = AdminClient({"bootstrap.servers": self.servers})
        place = TopicPartition(self.prefix + topic, lane, before)
        await asyncio.to_thread(admin.delete_records([place])[place].result, 15)


@asynccontextmanager
async def opened(store: Store, *topics: Topic) -> AsyncIterator[Log]:
    """A log with these topics, closed at the end."""
    log = store.log()
    await log.open(topics)
    try:
        yield log
    finally:
        await log.close()
