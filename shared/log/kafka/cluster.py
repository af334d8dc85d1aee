"""A connection to the cluster that is made when it is needed, and anew when no broker can be reached any more."""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, LeaderNotAvailableError


@dataclass(frozen=True, slots=True)
class Access:
    """How to talk to Kafka; `patience` is how long one request may take, in seconds."""

    servers: str
    security_protocol: str
    sasl_mechanism: str
    sasl_username: str | None
    sasl_password: str | None
    ca_file: Path | None
    client_id: str
    patience: float

    def options(self) -> dict[str, Any]:
        """What every client of aiokafka takes."""
        encrypted = self.security_protocol in {"SSL", "SASL_SSL"}
        return {
            "bootstrap_servers": self.servers,
            "client_id": self.client_id,
            "security_protocol": self.security_protocol,
            "ssl_context": ssl.create_default_context(cafile=self.ca_file) if encrypted else None,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": self.sasl_password,
            "request_timeout_ms": int(self.patience * 1000),
        }


class Cluster:
    """Sends requests to the leaders of partitions. Everything may raise KafkaError, TimeoutError or OSError.

    `topics` are those whose leaders it asks for; there may be more of them later.
    Each wait for aiokafka's client is limited: it forgets those who wait for news of the cluster when it is closed.
    """

    def __init__(self, access: Access, topics: set[str]) -> None:
        self._access = access
        self._topics = topics
        self._client: Any = None
        self._connecting = asyncio.Lock()

    async def leader(self, partition: TopicPartition) -> int:
        """The broker that leads the partition. Raises LeaderNotAvailableError when none does."""
        client = self._client or await self._connected()
        known = _leader(client, partition)
        if known is None:
            await self.refresh()
            known = _leader(client, partition)
        if known is None:
            raise LeaderNotAvailableError(f"nobody leads {partition}")
        return known

    async def send(self, node: int, request: Any) -> Any:
        """The broker's response."""
        client = self._client or await self._connected()
        async with asyncio.timeout(2 * self._access.patience):
            return await client.send(node, request)

    async def refresh(self) -> None:
        """Ask who leads what; if no known broker answers, start again from the bootstrap servers the next time."""
        client = self._client
        if client is None:
            return
        try:
            async with asyncio.timeout(self._access.patience):
                client.set_topics(self._topics)
                reached = await client.force_metadata_update()
        except TimeoutError:
            reached = False
        if not reached and self._client is client:
            await self.close()

    async def close(self) -> None:
        """Disconnect."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._client is None:
                self._client = await _connect(self._access, self._topics)
            return self._client


def _leader(client: Any, partition: TopicPartition) -> int | None:
    node: int | None = client.cluster.leader_for_partition(partition)
    return None if node == -1 else node


async def _connect(access: Access, topics: set[str]) -> Any:
    client = AIOKafkaClient(**access.options())
    try:
        async with asyncio.timeout(2 * access.patience):
            await client.bootstrap()
            if topics and not await client.set_topics(topics):
                raise KafkaConnectionError("no broker tells who leads what")
    except BaseException:
        await client.close()
        raise
    return client
