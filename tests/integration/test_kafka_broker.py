"""The broker that other tests kill: it comes back on the same port with what it had."""

import asyncio

from aiokafka import AIOKafkaProducer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.kafka_broker import KafkaBroker


async def test_a_killed_broker_comes_back_with_what_it_had(own_kafka: KafkaBroker) -> None:
    """After kill -9 and a restart the same client goes on and the acknowledged records are there."""
    admin = AdminClient({"bootstrap.servers": own_kafka.bootstrap_servers})
    await asyncio.wrap_future(admin.create_topics([NewTopic("kept", 1, 1)])["kept"])
    async with AIOKafkaProducer(bootstrap_servers=own_kafka.bootstrap_servers, acks="all") as producer:
        first = await producer.send_and_wait("kept", b"before")

        await asyncio.to_thread(own_kafka.kill)
        await asyncio.to_thread(own_kafka.restart)

        second = await producer.send_and_wait("kept", b"after")
    assert (first.offset, second.offset) == (0, 1)


async def test_nobody_makes_a_topic_by_chance(kafka: str, topic_prefix: str) -> None:
    """A topic that nobody has made stays unmade, so that a mistyped name is found."""
    admin = AdminClient({"bootstrap.servers": kafka})

    admin.list_topics(f"{topic_prefix}mistyped", timeout=10)

    assert f"{topic_prefix}mistyped" not in admin.list_topics(timeout=10).topics
