"""The broker killed and started again in the middle of a replay."""

import asyncio

import httpx

from shared import events
from tests.e2e.deployment import JSON, SMALL, body, deployed
from tests.integration.log_stores import KafkaStore
from tests.kafka_broker import KafkaBroker
from tests.seen import Reading


async def test_a_broker_killed_and_restarted_loses_and_doubles_nothing(
    database: str,
    own_kafka: KafkaBroker,
    topic_prefix: str,
    some: list[events.PurchaseCompleted],
    some_expected: Reading,
) -> None:
    """Without its broker ingest answers 503 in time and a ladder ends in order; with it again all is made whole."""
    store = KafkaStore(own_kafka.bootstrap_servers, topic_prefix)
    third = len(some) // 3
    async with deployed(database, store, SMALL, ladders=2) as system:
        await system.replay(some[:third], 10)
        posting = asyncio.create_task(system.replay(some[third : 2 * third], 10))
        await asyncio.to_thread(own_kafka.kill)
        await refused(system.client.http, f"{system.ingest.url}/v1/events", some[2 * third :][:100])
        assert await system.ladders.pop().stop() == 0
        await asyncio.to_thread(own_kafka.restart)
        await system.add_ladder()
        await posting
        await system.replay(some[2 * third :], 10)
        await system.settled_at(some_expected.end)
        await system.whole(some_expected)


async def refused(http: httpx.AsyncClient, url: str, facts: list[events.PurchaseCompleted]) -> None:
    """Posting is answered with 503 within ten seconds, and with when to come again."""
    answer = await http.post(url, content=body(facts), headers=JSON, timeout=10)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"
