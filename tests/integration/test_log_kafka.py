"""The log on Kafka when its broker is killed, restarted or not there, and its topics as they should be."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import pytest
from aiokafka import TopicPartition
from confluent_kafka import ConsumerGroupTopicPartitions, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType

from shared.log import Entry, Log, LogUnavailableError, Record, Topic
from shared.log.kafka import KafkaLog
from shared.log.kafka.cluster import Access
from shared.log.kafka.fetchers import Fetchers
from shared.log.kafka.reader import KafkaReader
from tests.integration.log_stores import KafkaStore
from tests.integration.log_stores import opened as log_on
from tests.integration.test_log import numbered, taken, values
from tests.kafka_broker import KafkaBroker
from tests.until import until

FACTS = Topic("facts", lanes=2)
PROFILES = Topic("profiles", lanes=2, retention_days=7)


@pytest.fixture
async def closing() -> AsyncIterator[AsyncExitStack]:
    """What is pushed here is closed after the test."""
    async with AsyncExitStack() as stack:
        yield stack


async def opened(servers: str, closing: AsyncExitStack, deadline: float = 9) -> KafkaLog:
    """A log with the facts, closed after the test."""
    log = KafkaLog(servers, deadline=deadline)
    closing.push_async_callback(log.close)
    await log.open([FACTS])
    return log


async def test_dashboards_see_how_far_readers_have_come(kafka: str, topic_prefix: str) -> None:
    """What is shown are offsets committed under the group's name; the newest count, and several processes share it."""
    store = KafkaStore(kafka, topic_prefix)
    async with log_on(store, FACTS) as log, log_on(store, FACTS) as other:
        await log.append(numbered("facts", 0, range(5)))
        await log.show("readers", {("facts", 0): 2})
        await other.show("readers", {("facts", 1): 0})
        await log.show("readers", {("facts", 0): 3})
        await log.show("readers", {})
    group = f"{topic_prefix}readers"
    admin = AdminClient({"bootstrap.servers": kafka})
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
    found = (await asyncio.to_thread(asked[group].result, 15)).topic_partitions
    assert {(each.topic, each.partition, each.offset) for each in found} == {
        (f"{topic_prefix}facts", 0, 3),
        (f"{topic_prefix}facts", 1, 0),
    }


async def test_it_goes_on_after_the_broker_was_killed(own_kafka: KafkaBroker, closing: AsyncExitStack) -> None:
    """Down, appending raises; restarted, the same log appends and the same reader reads, in order and without a gap."""
    log = await opened(own_kafka.bootstrap_servers, closing, deadline=2)
    await log.append(numbered("facts", 0, [1]))
    reader = await log.reader(0, {"facts": 0})
    assert values(await taken(reader, 1)) == [b"1"]

    await asyncio.to_thread(own_kafka.kill)
    with pytest.raises(LogUnavailableError):
        await log.append(numbered("facts", 0, [2]))
    with pytest.raises(LogUnavailableError):
        await log.end_positions("facts")
    assert await reader.take(10, 0) == []

    await asyncio.to_thread(own_kafka.restart)
    await append_stubbornly(log, numbered("facts", 0, [3]))
    found = values(await read_until(log, b"3"))
    assert found in ([b"1", b"3"], [b"1", b"2", b"3"])
    assert values(await taken(reader, len(found) - 1)) == found[1:]


async def test_nothing_acknowledged_is_lost_when_the_broker_is_killed(
    own_kafka: KafkaBroker, closing: AsyncExitStack
) -> None:
    """A broker is killed under a stream of appends: each acknowledged one is there, and their order is kept."""
    log = await opened(own_kafka.bootstrap_servers, closing)
    done = 0

    async def append() -> None:
        nonlocal done
        for number in range(1_000):
            await append_stubbornly(log, numbered("facts", number % 2, [number]))
            done = number

    appending = asyncio.create_task(append())
    await until(lambda: done > 200)
    await asyncio.to_thread(own_kafka.kill)
    await asyncio.to_thread(own_kafka.restart)
    await appending
    for lane in range(2):
        reader = await log.reader(lane, {"facts": 0})
        end = (await log.end_positions("facts"))[lane]
        numbers = [int(value) for value in values(await taken(reader, end))]
        assert list(dict.fromkeys(numbers)) == list(range(lane, 1_000, 2))


async def append_stubbornly(log: Log, entries: list[Entry]) -> None:
    """Append again until it succeeds."""

    async def appended() -> bool:
        try:
            await log.append(entries)
        except LogUnavailableError:
            return False
        return True

    await until(appended, deadline=60)


async def read_until(log: Log, value: bytes) -> list[Record]:
    """The records of a new reader up to that value."""
    reader = await log.reader(0, {"facts": 0})
    records: list[Record] = []
    while value not in values(records):
        records += await taken(reader, 1)
    await reader.close()
    return records


async def test_a_broker_that_is_not_there_is_unavailable() -> None:
    """Opening on an address where no broker listens raises."""
    log = KafkaLog("127.0.0.1:1", deadline=0.5)
    with pytest.raises(LogUnavailableError):
        await log.open([FACTS])
    await log.close()


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_what_others_have_compressed_is_read(kafka: str, topic_prefix: str, codec: str) -> None:
    """Another producer may compress its batches with whatever Kafka knows."""
    log = KafkaLog(kafka, topic_prefix=topic_prefix)
    await log.open([FACTS])
    written = [b"%d" % number * 100 for number in range(500)]

    await asyncio.to_thread(produce, kafka, topic_prefix + "facts", written, codec)

    reader = await log.reader(0, {"facts": 0})
    assert values(await taken(reader, 500)) == written
    await log.close()


async def test_a_tombstone_does_not_stop_its_lane(kafka: str, topic_prefix: str) -> None:
    """A record without a value arrives with an empty one, and what follows it arrives too."""
    log = KafkaLog(kafka, topic_prefix=topic_prefix)
    await log.open([FACTS])

    await asyncio.to_thread(produce, kafka, topic_prefix + "facts", [b"1", None, b"3"], "none")

    reader = await log.reader(0, {"facts": 0})
    assert values(await taken(reader, 3)) == [b"1", b"", b"3"]
    await log.close()


def produce(kafka: str, topic: str, written: Sequence[bytes | None], codec: str) -> None:
    """Write to the topic's first partition as another program would."""
    producer = Producer({"bootstrap.servers": kafka, "compression.type": codec, "linger.ms": 50})
    for value in written:
        producer.produce(topic, value, b"k", partition=0)
    assert producer.flush(15) == 0


async def test_readers_hear_of_a_fetcher_that_failed(closing: AsyncExitStack) -> None:
    """What it was not made for ends a fetcher: its readers raise, and the next reader gets another."""
    nonsense = Access("127.0.0.1:1", "NONSENSE", "PLAIN", None, None, None, "test", patience=1)
    fetchers = Fetchers(nonsense, set())
    closing.push_async_callback(fetchers.close)
    partition = TopicPartition("facts", 0)
    failed = fetchers.free([partition])
    reader = KafkaReader(0, {"facts": 0}, {"facts": "facts"}, failed)

    with pytest.raises(LogUnavailableError):
        await reader.take(1, 15)

    await reader.close()
    assert fetchers.free([partition]) is not failed


async def test_topics_are_made_as_they_should_be(kafka: str, topic_prefix: str) -> None:
    """A topic keeps its records for ever or for its days, deletes them afterwards, and has room for large ones."""
    log = KafkaLog(kafka, topic_prefix=topic_prefix)
    await log.open([FACTS, PROFILES])
    facts, profiles = await asyncio.to_thread(settings_of, kafka, topic_prefix + "facts", topic_prefix + "profiles")
    assert (facts["retention.ms"], profiles["retention.ms"]) == ("-1", str(7 * 24 * 3600 * 1000))
    assert (facts["cleanup.policy"], facts["compression.type"]) == ("delete", "producer")
    assert int(facts["max.message.bytes"]) >= 1024 * 1024
    await log.close()


def settings_of(kafka: str, *topics: str) -> list[dict[str, str]]:
    """The settings of these topics."""
    admin = AdminClient({"bootstrap.servers": kafka})
    resources = [ConfigResource(ResourceType.TOPIC, topic) for topic in topics]
    found = [admin.describe_configs([resource])[resource].result(15) for resource in resources]
    return [{name: entry.value for name, entry in settings.items()} for settings in found]
