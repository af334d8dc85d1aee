"""Fetching: one request per broker at a time, for all partitions that this process reads from it."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.protocol.fetch import FetchRequest

from shared.log.kafka.cluster import Cluster
from shared.log.kafka.feed import Feed
from shared.log.kafka.insist import PAUSE

# Per partition and in all, in bytes; a partition's must have room for the largest batch.
_PARTITION: Final = 1_100_000
_RESPONSE: Final = 8_000_000

# How long a broker holds a request that finds nothing, in milliseconds: long when it asks for all that this process
# reads there, short when some partitions are left out because enough of them is here.
_WAIT: Final = 250
_WAIT_FOR_SOME: Final = 5

_READ_UNCOMMITTED: Final = 0


class Fetcher:
    """Keeps the feeds supplied, each of another partition. Whatever goes wrong with a broker, it tries again."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._feeds: set[Feed] = set()
        self._changed = asyncio.Event()

    def partitions(self) -> set[TopicPartition]:
        """What it reads."""
        return {feed.partition for feed in self._feeds}

    def add(self, feed: Feed) -> None:
        """Supply this feed."""
        self._feeds.add(feed)
        self._changed.set()

    def remove(self, feed: Feed) -> None:
        """Forget it."""
        self._feeds.discard(feed)

    def resume(self) -> None:
        """Some feed may be hungry again."""
        self._changed.set()

    def fail(self, error: Exception) -> None:
        """Tell all who wait for records that none will come from here."""
        for feed in self._feeds:
            feed.fail(error)

    async def run(self) -> None:
        """Until cancelled."""
        tasks: dict[int, asyncio.Task[None]] = {}
        try:
            while True:
                self._changed.clear()
                await self._start(tasks)
                await self._something(tasks)
                for node in [node for node, task in tasks.items() if task.done()]:
                    tasks.pop(node).result()
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def _start(self, tasks: dict[int, asyncio.Task[None]]) -> None:
        """Ask every broker that has nothing to answer and something to give."""
        for node, feeds in (await self._by_leader()).items():
            hungry = [feed for feed in feeds if feed.hungry()]
            if node not in tasks and hungry:
                wait = _WAIT if len(hungry) == len(feeds) else _WAIT_FOR_SOME
                tasks[node] = asyncio.create_task(self._fetch(node, hungry, wait))

    async def _something(self, tasks: Mapping[int, asyncio.Task[None]]) -> None:
        changed = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait([changed, *tasks.values()], return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()

    async def _by_leader(self) -> dict[int, list[Feed]]:
        found: dict[int, list[Feed]] = defaultdict(list)
        for feed in list(self._feeds):
            try:
                found[await self._cluster.leader(feed.partition)].append(feed)
            except (KafkaError, OSError):
                asyncio.get_running_loop().call_later(PAUSE, self._changed.set)
        return found

    async def _fetch(self, node: int, feeds: Sequence[Feed], wait: int) -> None:
        asked = {feed.partition: (feed, feed.fetched) for feed in feeds}
        try:
            response = await self._cluster.send(node, _request(feeds, wait))
        except (KafkaError, OSError):
            with suppress(KafkaError, OSError):
                await self._cluster.refresh()
            await asyncio.sleep(PAUSE)
            return
        stale = False
        for topic, lanes in response.topics:
            for lane, code, *_, content in lanes:
                feed, position = asked[TopicPartition(topic, lane)]
                if code:
                    stale |= feed.refuse(code)
                elif content:
                    feed.feed(position, content)
                    # Taking records apart is work for the processor: let the others have their turn in between.
                    await asyncio.sleep(0)
        if stale:
            with suppress(KafkaError, OSError):
                await self._cluster.refresh()
            await asyncio.sleep(PAUSE)


def _request(feeds: Sequence[Feed], wait: int) -> FetchRequest:
    """In another order each time: a broker fills its response from the front."""
    topics: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for feed in random.sample(feeds, len(feeds)):
        topics[feed.partition.topic].append((feed.partition.partition, feed.fetched, _PARTITION))
    return FetchRequest(wait, 1, _RESPONSE, _READ_UNCOMMITTED, list(topics.items()))
