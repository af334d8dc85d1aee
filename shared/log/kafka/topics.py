"""Making the topics that are missing and checking those that are there."""

from collections.abc import Mapping
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import LeaderNotAvailableError, NoError, TopicAlreadyExistsError, for_code

from shared.log import Topic, TopicMismatchError
from shared.log.kafka.cluster import Access

_DAY: Final = 86_400_000
_LARGEST_BATCH: Final = 2 * 1024 * 1024


async def make_topics(access: Access, topics: Mapping[str, Topic]) -> None:
    """`topics` by their names in the cluster. Raises TopicMismatchError, KafkaError."""
    admin = AIOKafkaAdminClient(**access.options())
    try:
        await admin.start()
        found = await _lanes(admin)
        if missing := [name for name in topics if name not in found]:
            await _create(admin, {name: topics[name] for name in missing})
            found = await _lanes(admin)
        for name, topic in topics.items():
            _check(topic, found.get(name, 0))
    finally:
        await admin.close()


def _check(topic: Topic, lanes: int) -> None:
    if not lanes:
        raise LeaderNotAvailableError(f"{topic.name} is not there yet")
    if lanes != topic.lanes:
        raise TopicMismatchError(topic.name, found=lanes, wanted=topic.lanes)


async def _lanes(admin: AIOKafkaAdminClient) -> dict[str, int]:
    # All topics: asked for by name, a missing one would be made by a broker that makes topics by itself.
    return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}


async def _create(admin: AIOKafkaAdminClient, topics: Mapping[str, Topic]) -> None:
    brokers = len((await _cluster(admin))["brokers"])
    response = await admin.create_topics([_new(name, topic, min(3, brokers)) for name, topic in topics.items()])
    for name, code, *message in response.topic_errors:
        if for_code(code) not in {NoError, TopicAlreadyExistsError}:
            raise for_code(code)(f"{name}: {message}")


async def _cluster(admin: AIOKafkaAdminClient) -> dict[str, Any]:
    described: dict[str, Any] = await admin.describe_cluster()
    return described


def _new(name: str, topic: Topic, replicas: int) -> NewTopic:
    retention = -1 if topic.retention_days is None else topic.retention_days * _DAY
    settings = {
        "cleanup.policy": "delete",
        "compression.type": "producer",
        "retention.ms": str(retention),
        "retention.bytes": "-1",
        "max.message.bytes": str(_LARGEST_BATCH),
        "min.insync.replicas": "2" if replicas == 3 else "1",
    }
    return NewTopic(name, topic.lanes, replicas, topic_configs=settings)
