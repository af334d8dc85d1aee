"""Several readers of one partition in one process."""

import asyncio
from collections.abc import Iterable

from aiokafka import TopicPartition

from shared.log.kafka.cluster import Access, Cluster
from shared.log.kafka.fetcher import Fetcher


class Fetchers:
    """As many fetchers as there are readers of the same partition, most often one per service.

    A request names a partition once. Fetches wait at the brokers and hold up what comes behind them, so each fetcher
    has connections of its own.
    """

    def __init__(self, access: Access, topics: set[str]) -> None:
        self._access = access
        self._topics = topics
        self._running: list[tuple[Fetcher, Cluster, asyncio.Task[None]]] = []

    def free(self, partitions: Iterable[TopicPartition]) -> Fetcher:
        """A fetcher that reads none of these partitions yet."""
        wanted = set(partitions)
        for fetcher, _, _ in self._running:
            if fetcher.partitions().isdisjoint(wanted):
                return fetcher
        cluster = Cluster(self._access, self._topics)
        fetcher = Fetcher(cluster)
        self._running.append((fetcher, cluster, asyncio.create_task(fetcher.run())))
        return fetcher

    async def close(self) -> None:
        """Stop fetching and disconnect."""
        tasks = [task for _, _, task in self._running]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _, cluster, _ in self._running:
            await cluster.close()
        self._running.clear()
