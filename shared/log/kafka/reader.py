"""Reading some topics of one lane."""

import asyncio
from collections.abc import Mapping

from aiokafka import TopicPartition

from shared.log import Record
from shared.log.fairness import share
from shared.log.kafka.feed import Feed
from shared.log.kafka.fetcher import Fetcher


class KafkaReader:
    """A `Reader`; `positions` by topic, `names` are what the topics are called in the cluster."""

    def __init__(self, lane: int, positions: Mapping[str, int], names: Mapping[str, str], fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._arrived = asyncio.Event()
        self._feeds = {
            topic: Feed(topic, TopicPartition(names[topic], lane), position, self._arrived)
            for topic, position in positions.items()
        }
        for feed in self._feeds.values():
            fetcher.add(feed)

    async def take(self, limit: int, timeout: float) -> list[Record]:
        """As `Reader.take`."""
        try:
            async with asyncio.timeout(timeout):
                await self._some()
        except TimeoutError:
            return []
        shares = share({topic: feed.ready for topic, feed in self._feeds.items()}, limit)
        return [record for topic, count in shares.items() for record in self._give(self._feeds[topic], count)]

    async def take_until(self, topic: str, end: int) -> list[Record]:
        """As `Reader.take_until`."""
        feed = self._feeds[topic]
        feed.want(end)
        self._fetcher.resume()
        while feed.fetched < end:
            self._arrived.clear()
            feed.check()
            await self._arrived.wait()
        return self._give(feed, feed.count_before(end))

    async def close(self) -> None:
        """As `Reader.close`."""
        for feed in self._feeds.values():
            self._fetcher.remove(feed)

    async def _some(self) -> None:
        """Wait until there is something to take. Raises what a fetch has met."""
        while True:
            self._arrived.clear()
            for feed in self._feeds.values():
                feed.check()
            if any(feed.ready for feed in self._feeds.values()):
                return
            await self._arrived.wait()

    def _give(self, feed: Feed, count: int) -> list[Record]:
        was_hungry = feed.hungry()
        records = feed.take(count)
        if feed.hungry() and not was_hungry:
            self._fetcher.resume()
        return records
