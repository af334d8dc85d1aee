"""Clients of another make on the system's topics."""

import asyncio
import json
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_structured_event
from confluent_kafka import Consumer, Message, Producer

from shared import events
from shared.log.partitioner import lane_of
from tests.e2e.deployment import REPLAY, Deployment, deployed
from tests.integration.log_stores import KafkaStore
from tests.make import day, purchase
from tests.seen import Reading

PEOPLE = [f"person {number}" for number in range(60)]


async def test_another_client_reads_the_announcements(
    database: str,
    on_kafka: KafkaStore,
    some: list[events.PurchaseCompleted],
    some_expected: Reading,
) -> None:
    """A group of confluent-kafka gets every announcement as a CloudEvent, keyed by its person, in the person's lane."""
    async with deployed(database, on_kafka, REPLAY) as system:
        await system.replay(some, 500)
        await system.settled_at(some_expected.end)
        expected = await system.announced()
        messages = await asyncio.to_thread(consumed, on_kafka, sum(map(len, await system.published())))
    announced = [message for message in messages if message.key() is not None]
    assert {event_of(message)["id"] for message in announced} == set(expected)
    for message in announced:
        key, told = message.key() or b"", event_of(message)
        assert key == told["subject"].encode()
        assert told["specversion"] == "1.0"
        assert message.partition() == lane_of(told["subject"], system.settings.lanes)
        event = from_structured_event(KafkaMessage({}, key, message.value() or b""))
        assert (event.get_id(), event.get_type(), event.get_subject()) == (told["id"], told["type"], told["subject"])


def event_of(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message.value() or b"")
    return found


def consumed(store: KafkaStore, count: int) -> list[Message]:
    """So many records, with different ids, of ladder.events."""
    settings = {"bootstrap.servers": store.servers, "group.id": store.prefix, "auto.offset.reset": "earliest"}
    consumer = Consumer(settings)
    consumer.subscribe([store.prefix + events.LADDER_EVENTS])
    found: dict[str, Message] = {}
    try:
        while len(found) < count:
            message = consumer.poll(30)
            assert message is not None, f"{len(found)} of {count} came"
            assert message.error() is None, message.error()
            found.setdefault(event_of(message)["id"], message)
    finally:
        consumer.close()
    return list(found.values())


@pytest.mark.parametrize("lanes", [4, 7])
async def test_another_client_finds_the_same_lanes(database: str, on_kafka: KafkaStore, lanes: int) -> None:
    """Facts that librdkafka puts where its own murmur2 says are where the ladder expects them."""
    facts = [purchase(day(number), subject=person) for number, person in enumerate(PEOPLE)]
    async with deployed(database, on_kafka, {"CLOCK": "facts", "LANES": str(lanes)}) as system:
        await asyncio.to_thread(produced, on_kafka, facts)
        await system.client.settled()
        assert await counts(system) == (len(facts), 0)


def produced(store: KafkaStore, facts: list[events.Fact]) -> None:
    producer = Producer({"bootstrap.servers": store.servers, "partitioner": "murmur2_random"})
    for fact in facts:
        producer.produce(store.prefix + events.SHOP_EVENTS, events.encode(fact), fact.subject.encode())
    assert producer.flush(30) == 0


async def counts(system: Deployment) -> tuple[int, int]:
    """(facts in the journal, dead letters)."""
    row = await system.pool.fetchrow(
        "select (select count(*) from ladder.fact), (select count(*) from ladder.dead_letter)"
    )
    assert row is not None
    return row[0], row[1]
