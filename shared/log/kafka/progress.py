"""Offsets committed under a group's name, for dashboards of lag only: nobody here ever reads them."""

from collections import defaultdict
from collections.abc import Mapping

from aiokafka import TopicPartition
from aiokafka.errors import NoError, for_code
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.coordination import FindCoordinatorRequest

from shared.log.kafka.cluster import Cluster

_GROUP = 0
"""The kind of coordinator that is asked for."""


async def commit(cluster: Cluster, group: str, positions: Mapping[TopicPartition, int]) -> None:
    """As a reader that belongs to no generation of the group. Raises KafkaError."""
    some = next(iter(positions))
    found = await cluster.send(await cluster.leader(some), FindCoordinatorRequest(group, _GROUP))
    if for_code(found.error_code) is not NoError:
        raise for_code(found.error_code)(group)
    topics: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for (topic, lane), position in positions.items():
        topics[topic].append((lane, position, ""))
    request = OffsetCommitRequest(
        group,
        OffsetCommitRequest.DEFAULT_GENERATION_ID,
        "",
        OffsetCommitRequest.DEFAULT_RETENTION_TIME,
        list(topics.items()),
    )
    response = await cluster.send(found.coordinator_id, request)
    for topic, lanes in response.topics:
        for lane, code in lanes:
            if for_code(code) is not NoError:
                raise for_code(code)(f"{group}: {topic} {lane}")
