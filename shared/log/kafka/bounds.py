"""Where partitions begin and end."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import NoError, for_code
from aiokafka.protocol.offset import OffsetRequest

from shared.log.kafka.cluster import Cluster

FIRST: Final = -2
"""The lowest offset that is still there."""

END: Final = -1
"""The offset that the next record will get."""

_REPLICA: Final = -1
_READ_UNCOMMITTED: Final = 0


async def bounds(cluster: Cluster, partitions: Iterable[TopicPartition], which: int) -> dict[TopicPartition, int]:
    """FIRST or END of each partition, or the first offset appended at `which` (ms) or later, -1 where there is none.

    Raises KafkaError.
    """
    by_leader: dict[int, list[TopicPartition]] = defaultdict(list)
    for partition in partitions:
        by_leader[await cluster.leader(partition)].append(partition)
    found: dict[TopicPartition, int] = {}
    for node, led in by_leader.items():
        found |= await _ask(cluster, node, led, which)
    return found


async def _ask(
    cluster: Cluster, node: int, partitions: Iterable[TopicPartition], which: int
) -> dict[TopicPartition, int]:
    topics: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for topic, lane in partitions:
        topics[topic].append((lane, which))
    response = await cluster.send(node, OffsetRequest(_REPLICA, _READ_UNCOMMITTED, list(topics.items())))
    found: dict[TopicPartition, int] = {}
    for topic, lanes in response.topics:
        for lane, code, *_, offset in lanes:
            if for_code(code) is not NoError:
                await cluster.refresh()
                raise for_code(code)(f"{topic} {lane}")
            found[TopicPartition(topic, lane)] = offset
    return found
