"""Ingest over real HTTP and a real log: what is answered is what is in the log."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from shared import events
from tests.integration.ingest_http import Ingest, ingest
from tests.make import posted_purchase


@pytest.fixture
async def service(database: str) -> AsyncIterator[Ingest]:
    async with ingest(database) as served:
        yield served


async def test_a_purchase_in_plain_json_is_in_the_log_when_it_is_answered(service: Ingest) -> None:
    """202 tells the id, and the log has a complete CloudEvent under the person's key in the person's lane."""
    answer = await service.client.post("/v1/events", json=posted_purchase())

    assert answer.status_code == 202, answer.text
    [record] = await service.records(events.SHOP_EVENTS)
    fact = msgspec.json.decode(record.value, type=events.Fact)
    assert isinstance(fact, events.PurchaseCompleted)
    assert answer.json() == {"accepted": 1, "rejected": 0, "results": [{"id": fact.id, "status": "accepted"}]}
    assert (record.key, fact.subject, fact.source, str(fact.data.amount)) == (b"c1", "c1", "shop", "49.90")
