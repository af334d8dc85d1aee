"""Several readers of one partition in one process."""

import asyncio
from collections.abc import Iterable

import structlog
from aiokafka import TopicPartition

from shared.log import LogUnavailableError
from shared.log.kafka.cluster import Access, Cluster
from shared.log.kafka.fetcher import Fetcher

_log = structlog.get_logger("log")


class Fetchers:
    """As many fetchers as there are readers of the same partition, most often one per service.

    A request names a partition once. Fetches wait at the brokers and hold up what comes behind them, so each fetcher
    has connections of its own.
    """

    def __init__(self, access: Access, topics: set[str]) -> None:
        self._access = access
        self._topics = topics
        self._running: dict[Fetcher, asyncio.Task[None]] = {}

    def free(self, partitions: Iterable[TopicPartition]) -> Fetcher:
        """A fetcher that reads none of these partitions yet."""
        wanted = set(partitions)
        for fetcher in self._running:
            if fetcher.partitions().isdisjoint(wanted):
                return fetcher
        cluster = Cluster(self._access, self._topics)
        fetcher = Fetcher(cluster)
        self._running[fetcher] = asyncio.create_task(_run(fetcher, cluster))
        self._running[fetcher].add_done_callback(lambda task: self._ended(fetcher, task))
        return fetcher

    async def close(self) -> None:
        """Stop fetching and disconnect."""
        tasks = [*self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, fetcher: Fetcher, task: asyncio.Task[None]) -> None:
        """One that ends by itself met what it was not made for: its readers hear of it, nobody gets it again."""
        del self._running[fetcher]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("kafka.fetcher_failed", reason=repr(error))
            fetcher.fail(LogUnavailableError(f"Kafka: fetching has failed: {error!r}"))


async def _run(fetcher: Fetcher, cluster: Cluster) -> None:
    try:
        await fetcher.run()
    finally:
        await cluster.close()
